package record_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/dataset/record"
)

var objects = []struct{ name, line, want string }{
	{"strings", `{"text":"a","label":"b"}`, `text="a" label="b"`},
	{"white space", " { \"a\" :\t\"b\" , \"c\":\"\" } \r", `a="b" c=""`},
	{"empty", `{}`, ``},
	{"scalars as written", `{"a":1.50,"b":-0e+1,"c":true,"d":false}`, `a="1.50" b="-0e+1" c="true" d="false"`},
	{"null is absent", `{"a":null}`, `a=null`},
	{"escapes", `{"a\u0062":"\"\\\/\b\f\n\r\t\u4e2d\ud83d\ude00"}`, `ab="\"\\/\b\f\n\r\t中😀"`},
	{"repeated name", `{"a":1,"a":2}`, `error: "a" appears twice at byte 7`},
	{"repeated name, escaped", `{"a":1,"\u0061":2}`, `error: "a" appears twice at byte 7`},
	{"nested object", `{"a":{"b":1,"b":{}},"c":"d"}`, `a=nested c="d"`},
	{"nested array", `{"a":[ ] , "b":[1,"]",{"c":[null]}]}`, `a=nested b=nested`},
	{"nested, a bracket that does not fit", `{"a":[1}}`, `error: a comma or the closing bracket is missing at byte 7`},
	{"nested, trailing comma", `{"a":[1,]}`, `error: not a JSON value at byte 8`},
	{"nested, no name", `{"a":{1:2}}`, `error: a name in double quotes is missing at byte 6`},
	{"nested, no colon", `{"a":{"b"}}`, `error: the colon after a name is missing at byte 9`},
	{"nested, cut short", `{"a":[{"b":`, `error: the value after a name is missing at byte 11`},
	{"nested as deep as may be", `{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, `a=nested`},
	{"nested too deep", `{"a":` + strings.Repeat("[", 65), `error: values are nested too deep at byte 69`},
	{"array", `["a"]`, `error: not a JSON object at byte 0`},
	{"cut short", `{"a":"b`, `error: the closing quote of a text is missing at byte 7`},
	{"no value", `{"a":`, `error: the value after a name is missing at byte 5`},
	{"no colon", `{"a"}`, `error: the colon after a name is missing at byte 4`},
	{"single quotes", `{'a':1}`, `error: a name in double quotes is missing at byte 1`},
	{"trailing comma", `{"a":1,}`, `error: a name in double quotes is missing at byte 7`},
	{"no comma", `{"a":1 "b":2}`, `error: a comma or the closing brace is missing at byte 7`},
	{"two objects", `{"a":1}{"b":2}`, `error: something follows the object at byte 7`},
	{"leading zero", `{"a":01}`, `error: not a JSON value at byte 5`},
	{"bare word", `{"a":nan}`, `error: not a JSON value at byte 5`},
	{"fraction without digits", `{"a":1.}`, `error: not a JSON value at byte 5`},
	{"exponent without digits", `{"a":1e}`, `error: not a JSON value at byte 5`},
	{"control character", "{\"a\":\"\x01\"}", `error: a control character in a text must be escaped at byte 6`},
	{"half a surrogate pair", `{"a":"\ud83d"}`, `error: half a surrogate pair at byte 6`},
	{"unknown escape", `{"a":"\x"}`, `error: unknown escape at byte 6`},
	{"short escape", `{"a":"\u12"}`, `error: unknown escape at byte 6`},
	{"unfinished escape", `{"a":"\`, `error: unfinished escape at byte 6`},
}

// members writes an object as name="value" pairs, or its error.
func members(o *record.Object, line string) string {
	if err := o.Parse([]byte(line)); err != nil {
		return "error: " + err.Error()
	}
	var parts []string
	for i, name := range o.Names {
		value := "null"
		switch {
		case slices.Contains(o.Nested, i):
			value = "nested"
		case o.Values[i] != nil:
			value = fmt.Sprintf("%q", o.Values[i])
		}
		parts = append(parts, fmt.Sprintf("%s=%s", name, value))
	}
	return strings.Join(parts, " ")
}

func TestObject_Parse(t *testing.T) {
	var o record.Object // one for all: nothing may be left of the line before
	for _, tc := range objects {
		t.Run(tc.name, func(t *testing.T) {
			if got := members(&o, tc.line); got != tc.want {
				t.Errorf("Parse(%s) = %s, want %s", tc.line, got, tc.want)
			}
		})
	}
}

func TestObject_Parse_manyNames(t *testing.T) {
	line := func(n int, last string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"k%d":1,`, i)
		}
		return "{" + b.String() + `"` + last + `":1}`
	}
	var o record.Object
	if err := o.Parse([]byte(line(1000, "z"))); err != nil || len(o.Names) != 1001 {
		t.Errorf("1,001 names: %d, %v, want all", len(o.Names), err)
	}
	for _, tc := range []struct{ line, want string }{
		{line(1000, "k3"), `"k3" appears twice`},
		{line(1000, "k900"), `"k900" appears twice`},
		{line(record.MaxFields, "z"), "too many names"},
	} {
		err := o.Parse([]byte(tc.line))
		if syntax, ok := errors.AsType[*record.SyntaxError](err); !ok || syntax.Message != tc.want {
			t.Errorf("error = %v, want %s", err, tc.want)
		}
	}
}

// FuzzObject holds Parse to encoding/json: whatever Parse takes is JSON with
// the same strings, and it refuses flat JSON only for the reasons it documents.
// standard reads a line with encoding/json. Numbers stay as they are written, as
// they do in an Object: 1e700 is JSON, and a cell, though it fits no float64.
func standard(line string, into *map[string]any) error {
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one value")
	}
	return nil
}

func FuzzObject(f *testing.F) {
	for _, tc := range objects {
		f.Add(tc.line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var o record.Object
		err := o.Parse([]byte(line))
		want := map[string]any{}
		if err != nil {
			syntax, ok := errors.AsType[*record.SyntaxError](err)
			if !ok || syntax.Offset > len(line) {
				t.Fatalf("Parse(%q) error = %#v, want a SyntaxError inside the line", line, err)
			}
			documented := strings.Contains(syntax.Message, "twice") || strings.Contains(syntax.Message, "nested") ||
				strings.Contains(syntax.Message, "surrogate") || strings.Contains(syntax.Message, "too many")
			if !documented && standard(line, &want) == nil && strings.HasPrefix(strings.TrimSpace(line), "{") {
				t.Fatalf("Parse(%q) error = %v, but it is JSON", line, err)
			}
			return
		}
		if err := standard(line, &want); err != nil {
			t.Fatalf("Parse(%q) = nil, but json says %v", line, err)
		}
		for i, name := range o.Names {
			value, ok := want[strings.ToValidUTF8(string(name), "\ufffd")].(string)
			if ok && len(o.Names) == len(want) && strings.ToValidUTF8(string(o.Values[i]), "") != strings.ReplaceAll(strings.ToValidUTF8(value, ""), "\ufffd", "") &&
				!strings.Contains(string(o.Values[i]), "\ufffd") {
				t.Fatalf("Parse(%q) %q = %q, want %q", line, name, o.Values[i], value)
			}
		}
	})
}
