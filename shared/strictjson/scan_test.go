package strictjson_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"godwit/shared/fault"
	"godwit/shared/strictjson"
)

// skip reads all of data as one value.
func skip(data string) *fault.Error {
	s := strictjson.Scanner{Data: []byte(data)}
	if err := s.Skip(); err != nil {
		return err
	}
	return s.End()
}

func TestScanner_Skip(t *testing.T) {
	for _, tc := range []struct{ data, want string }{
		{`null`, ""}, {` [true, false , null ] `, ""}, {`{"a":{"a":[-0, 0.5, 1e+2, 1E-2]}}`, ""}, {`"\ud83d\ude00\u0000\/\""`, ""}, {strings.Repeat("[", 32) + strings.Repeat("]", 32), ""},
		{``, "ends too early"}, {`[`, "ends too early"}, {`[1,]`, "a value was expected"}, {`[1 2]`, "comma or bracket"}, {`{"a":1,}`, "a key was expected"}, {`{"a" 1}`, "colon"},
		{`{"a":1 "b":2}`, "comma or brace"}, {`{a:1}`, "a key was expected"}, {`nul`, "a value was expected"}, {`tru`, "a value was expected"}, {`fals`, "a value was expected"}, {`1 2`, "follows the value"},
		{`01`, "follows the value"}, {`-`, "a digit"}, {`1.`, "a digit"}, {`1e`, "a digit"}, {`.5`, "a value was expected"}, {`+1`, "a value was expected"}, {`1e999`, "out of range"}, {`NaN`, "a value was expected"},
		{`"a`, "does not end"}, {"\"\x01\"", "control character"}, {"\"\xff\"", "not UTF-8"}, {"\"\\n\xff\"", "not UTF-8"}, {`"\x"`, "unknown escape"}, {`"\`, "does not end"}, {`"\u12"`, `broken \u`},
		{`"\ud83d"`, `broken \u`}, {`"\ude00"`, `broken \u`}, {`"\ud83d\ud83d"`, `broken \u`}, {"\"\\n\x01\"", "control character"}, {`"\n`, "does not end"},
		{`{"a":1,"a":2}`, "/a: the field is there twice"}, {`[{"b":{"c/d~":[0,{"a":1,"\u0061":2}]}}]`, "/0/b/c~1d~0/1/a: the field is there twice"},
		{`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"a":1}`, "/a: the field is there twice"},
		{strings.Repeat("[", 33) + strings.Repeat("]", 33), "nested too deep"}, {strings.Repeat(`{"a":`, 40), "nested too deep"},
	} {
		err := skip(tc.data)
		if tc.want == "" {
			if err != nil {
				t.Errorf("Skip(%q) = %v, want it to be JSON", tc.data, err)
			}
			continue
		}
		if err == nil || err.Code != fault.Malformed || !strings.Contains(err.Msg, tc.want) {
			t.Errorf("Skip(%q) = %v, want malformed, with %q", tc.data, err, tc.want)
		}
	}
}

func TestScanner_values(t *testing.T) {
	s := strictjson.Scanner{Data: []byte(` [ -1.5e1 , "a\u00e9\n" , null ]`)}
	var got []any
	err := s.Array(func(i int) *fault.Error {
		switch s.Kind() {
		case '-':
			from := s.At()
			n, err := s.Number()
			got = append(got, n, string(s.Since(from)))
			return err
		case '"':
			text, err := s.Text()
			got = append(got, text)
			return err
		}
		got = append(got, i)
		return s.Word("null")
	})
	if err != nil || s.End() != nil || fmt.Sprint(got) != "[-15 -1.5e1 aé\n 2]" {
		t.Errorf("Array = %v, %v", got, err)
	}
	for name, read := range map[string]func(*strictjson.Scanner) *fault.Error{
		"Text":   func(s *strictjson.Scanner) *fault.Error { _, err := s.Text(); return err },
		"Number": func(s *strictjson.Scanner) *fault.Error { _, err := s.Number(); return err },
		"Word":   func(s *strictjson.Scanner) *fault.Error { return s.Word("null") },
		"Object": func(s *strictjson.Scanner) *fault.Error { return s.Object(nil) },
		"Array":  func(s *strictjson.Scanner) *fault.Error { return s.Array(nil) },
	} {
		if err := read(&strictjson.Scanner{Data: []byte(`true`)}); err == nil || err.Code != fault.Malformed {
			t.Errorf("%s of true = %v, want malformed", name, err)
		}
	}
}

func TestComplain(t *testing.T) {
	s := strictjson.Scanner{Data: []byte(`{"a":[0,{"b/c":1}]}`)}
	err := s.Object(func(string) *fault.Error {
		return s.Array(func(int) *fault.Error {
			if s.Kind() != '{' {
				return s.Skip()
			}
			return s.Object(func(string) *fault.Error { return strictjson.Complain(fault.Invalid, "wrong", "must be a text") })
		})
	})
	if err == nil || err.Msg != "/a/1/b~1c: must be a text" || err.Code != fault.Invalid || err.Reason != "wrong" || err.Details[0].Pointer != "/a/1/b~1c" || err.Details[0].Text != "must be a text" {
		t.Errorf("error = %+v, want one that names /a/1/b~1c", err)
	}
	if got := strictjson.Worst([]byte(`{"a":1}`), err); got != err {
		t.Errorf("Worst of JSON = %v, want the error itself", got)
	}
	for _, data := range []string{`{"a":1`, `{"a":1}}`} {
		if got := strictjson.Worst([]byte(data), err); got == err || got.Code != fault.Malformed {
			t.Errorf("Worst of %s = %v, want that it is not JSON", data, got)
		}
	}
}

func TestAppendText(t *testing.T) {
	for _, s := range []string{"", "plain", "<b>\"\\\u2028\u2029</b> & caf\u00e9 \U0001F600\ttab\x00", "a\xffb\xc3", "\u00e9<"} {
		got := strictjson.AppendText([]byte("x"), s)
		var back string
		if err := json.Unmarshal(got[1:], &back); err != nil || back != strings.ToValidUTF8(s, "\uFFFD") || got[0] != 'x' {
			t.Errorf("AppendText(%q) = %s, which reads as %q, %v", s, got, back, err)
		}
		if strings.ContainsAny(string(got), "<>&\u2028\u2029") {
			t.Errorf("AppendText(%q) = %s holds characters that are not safe in HTML or JavaScript", s, got)
		}
	}
}

func ExampleScanner() {
	s := strictjson.Scanner{Data: []byte(`{"name":"intents","tags":{},"top_k":"three"}`)}
	name := ""
	err := s.Object(func(key string) *fault.Error {
		switch key {
		case "name":
			var err *fault.Error
			name, err = s.Text()
			return err
		case "top_k":
			if s.Kind() != '0' {
				return strictjson.Complain(fault.Invalid, "wrong_type", "must be a number")
			}
		}
		return s.Skip()
	})
	fmt.Println(name)
	fmt.Println(err)
	// Output:
	// intents
	// invalid: /top_k: must be a number
}

// FuzzScanner holds that what the scanner takes encoding/json takes too, and
// that it refuses nothing else but what the package says.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e3,"\ud83d\ude00",true,null]}`, `[{"a":1,"a":2}]`, "\"\xff\"", `1e999`, ` "x" `, strings.Repeat("[", 40)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		err := skip(string(data))
		switch {
		case err == nil && (!json.Valid(data) || !utf8.Valid(data)):
			t.Fatalf("Skip(%q) took what is not JSON", data)
		case err == nil || !json.Valid(data):
			return
		}
		for _, stricter := range []string{"twice", "UTF-8", "broken \\u", "too deep", "out of range"} {
			if strings.Contains(err.Msg, stricter) {
				return
			}
		}
		t.Fatalf("Skip(%q) = %v, but it is JSON", data, err)
	})
}
