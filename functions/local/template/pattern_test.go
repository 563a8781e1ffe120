package template_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"godwit/functions/local/template"
)

func TestPattern_Match(t *testing.T) {
	tests := []struct {
		name, pattern, event string
		want                 bool
	}{
		{"an equal string", `{"a":["x","y"]}`, `{"a":"y","b":1}`, true},
		{"another string", `{"a":["x"]}`, `{"a":"X"}`, false},
		{"absent", `{"a":["x"]}`, `{}`, false},
		{"all members must match", `{"a":["x"],"b":["y"]}`, `{"a":"x","b":"z"}`, false},
		{"nested", `{"a":{"b":{"c":[1]}}}`, `{"a":{"b":{"c":1}}}`, true},
		{"nested, but a value", `{"a":{"b":["x"]}}`, `{"a":"x"}`, false},
		{"a value, but nested", `{"a":["x"]}`, `{"a":{"x":1}}`, false},
		{"a prefix", `{"a":[{"prefix":"in/"}]}`, `{"a":"in/b"}`, true},
		{"not a prefix", `{"a":[{"prefix":"in/"}]}`, `{"a":"x/in/b"}`, false},
		{"a prefix of a number", `{"a":[{"prefix":"1"}]}`, `{"a":12}`, false},
		{"a prefix or a value", `{"a":[{"prefix":"in/"},"x"]}`, `{"a":"x"}`, true},
		{"null", `{"a":[null]}`, `{"a":null}`, true},
		{"null is not absent", `{"a":[null]}`, `{}`, false},
		{"a boolean", `{"a":[true]}`, `{"a":true}`, true},
		{"a boolean is not a string", `{"a":[true]}`, `{"a":"true"}`, false},
		{"a number is not a string", `{"a":["1"]}`, `{"a":1}`, false},
		{"numbers by their digits", `{"a":[300]}`, `{"a":3.0e2}`, false},
		{"any element of a list", `{"a":["x"]}`, `{"a":["w","x"]}`, true},
		{"an object in a list", `{"a":{"b":["x"]}}`, `{"a":[{"b":"w"},{"b":"x"}]}`, true},
		{"not JSON", `{"a":["x"]}`, `{"a":"x"`, false},
		{"more than JSON", `{"a":["x"]}`, `{"a":"x"} {}`, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p, err := template.ParsePattern([]byte(tc.pattern))
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Match([]byte(tc.event)); got != tc.want {
				t.Errorf("%s matches %s = %v, want %v", tc.pattern, tc.event, got, tc.want)
			}
			if again, err := json.Marshal(p); err != nil || string(again) != tc.pattern {
				t.Errorf("Marshal = %s, %v, want %s", again, err, tc.pattern)
			}
		})
	}
}

func TestParsePattern_Refusals(t *testing.T) {
	tests := []struct{ pattern, wantIn string }{
		{`{"a":[{"suffix":"x"}]}`, ".a: the operator suffix"},
		{`{"a":[{"anything-but":["x"]}]}`, "anything-but"},
		{`{"a":{"b":[{"exists":true}]}}`, ".a.b: the operator exists"},
		{`{"a":[{"prefix":{"equals-ignore-case":"x"}}]}`, "prefix"},
		{`{"$or":[{"a":["x"]}]}`, "$or"},
		{`{"a":"x"}`, "expected an object or a list"},
		{`{"a":[]}`, "empty list"},
		{`{}`, "empty object"},
		{`{"a":[["x"]]}`, "a list in a list"},
		{`["x"]`, "must be an object"},
		{`{"a":["x"]`, "event pattern"},
		{`{"a":["x"]} 1`, "more than one value"},
	}
	for _, tc := range tests {
		if _, err := template.ParsePattern([]byte(tc.pattern)); err == nil || !strings.Contains(err.Error(), tc.wantIn) {
			t.Errorf("ParsePattern(%s) = %v, want an error with %q", tc.pattern, err, tc.wantIn)
		}
	}
}

func ExampleParsePattern() {
	p, err := template.ParsePattern([]byte(`{"detail":{"object":{"key":[{"prefix":"inbox/"}]}}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Match([]byte(`{"detail":{"object":{"key":"inbox/acme/intents/train.csv"}}}`)))
	fmt.Println(p.Match([]byte(`{"detail":{"object":{"key":"reports/1.json"}}}`)))
	// Output:
	// true
	// false
}

func FuzzPattern(f *testing.F) {
	f.Add(`{"a":[{"prefix":"x"},null,true,1.0]}`, `{"a":["xy"]}`)
	f.Add(`{"a":{"b":["x"]}}`, `{"a":[{"b":"x"}]}`)
	f.Fuzz(func(t *testing.T, pattern, event string) {
		p, err := template.ParsePattern([]byte(pattern))
		if err != nil {
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := template.ParsePattern(again)
		if err != nil {
			t.Fatalf("ParsePattern(%s) = %v", again, err)
		}
		if got, want := q.Match([]byte(event)), p.Match([]byte(event)); got != want {
			t.Errorf("%s and %s differ on %s", pattern, again, event)
		}
	})
}
