package attr_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"godwit/functions/local/dynamodb/attr"
)

func decode(t testing.TB, src string) (attr.Item, error) {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(src), &v); err != nil {
		t.Fatal(err)
	}
	return attr.ItemFromJSON(v)
}

func TestItemFromJSON(t *testing.T) {
	nested := func(n int) string { return strings.Repeat(`{"L":[`, n) + `{"S":""}` + strings.Repeat(`]}`, n) }
	tests := []struct{ name, in, want, wantErr string }{
		{"scalars", `{"s":{"S":"a\"\u0001é"},"n":{"N":"1e2"},"b":{"B":"AAE="},"t":{"BOOL":true},"z":{"NULL":true}}`,
			`{"b":{"B":"AAE="},"n":{"N":"100"},"s":{"S":"a\"\u0001é"},"t":{"BOOL":true},"z":{"NULL":true}}`, ""},
		{"sets are sorted", `{"s":{"SS":["b","a"]},"n":{"NS":["10","9.0"]},"b":{"BS":["Ag==","AQ=="]}}`,
			`{"b":{"BS":["AQ==","Ag=="]},"n":{"NS":["9","10"]},"s":{"SS":["a","b"]}}`, ""},
		{"documents", `{"m":{"M":{"b":{"L":[{"N":"1"},{"M":{}}]},"a":{"S":""}}}}`, `{"m":{"M":{"a":{"S":""},"b":{"L":[{"N":"1"},{"M":{}}]}}}}`, ""},
		{"as deep as allowed", `{"a":` + nested(32) + `}`, `{"a":` + nested(32) + `}`, ""},
		{"too deep", `{"a":` + nested(33) + `}`, "", "Nesting Levels"},
		{"empty set", `{"a":{"SS":[]}}`, "", "may not be empty"},
		{"duplicates", `{"a":{"SS":["a","a"]}}`, "", "contains duplicates"},
		{"equal numbers", `{"a":{"NS":["1","1.0"]}}`, "", "contains duplicates"},
		{"false null", `{"a":{"NULL":false}}`, "", "must have the value of true"},
		{"unknown type", `{"a":{"X":"a"}}`, "", "is empty"},
		{"no value", `{"a":"a"}`, "", "want an attribute value"},
		{"no object", `[]`, "", "want an object"},
		{"number as number", `{"a":{"N":1}}`, "", "N must be a string"},
		{"not base64", `{"a":{"B":"=="}}`, "", "not base64"},
		{"no list", `{"a":{"L":{}}}`, "", "L must be a list"},
		{"no flag", `{"a":{"BOOL":"true"}}`, "", "must be true or false"},
		{"bad set element", `{"a":{"NS":["x"]}}`, "", "cannot be converted"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			item, err := decode(t, tc.in)
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Errorf("ItemFromJSON(%s) error = %v, want ...%s...", tc.in, err, tc.wantErr)
				}
				return
			}
			if got := string(attr.AppendItem(nil, item)); err != nil || got != tc.want {
				t.Errorf("ItemFromJSON(%s) = %s, %v; want %s", tc.in, got, err, tc.want)
			}
		})
	}
}

// Sizes by hand from the rules of the documentation.
func TestItem_Size(t *testing.T) {
	tests := []struct {
		in   string
		want int
	}{
		{`{}`, 0},
		{`{"é":{"S":"世"}}`, 2 + 3},
		{`{"n":{"N":"123"}}`, 1 + 3},
		{`{"n":{"N":"-123"}}`, 1 + 4},
		{`{"n":{"N":"1000000"}}`, 1 + 2},
		{`{"b":{"B":"AAEC"}}`, 1 + 3},
		{`{"t":{"BOOL":false},"z":{"NULL":true}}`, 2 + 2},
		{`{"l":{"L":[{"S":"ab"},{"S":"c"}]}}`, 1 + 3 + 2 + 3},
		{`{"m":{"M":{"k":{"S":"v"}}}}`, 1 + 3 + 1 + 2},
		{`{"s":{"SS":["ab","c"]},"n":{"NS":["1","2"]}}`, 1 + 3 + 1 + 4},
	}
	for _, tc := range tests {
		item, err := decode(t, tc.in)
		if err != nil {
			t.Fatal(err)
		}
		if got := item.Size(); got != tc.want {
			t.Errorf("Size of %s = %d, want %d", tc.in, got, tc.want)
		}
	}
}

// Keys sort as their values do, and no key is the start of another.
func FuzzKey(f *testing.F) {
	f.Add("a", "a\x00")
	f.Add("a\x00\xff", "a\x00\x01")
	f.Add("", "\x00\x00")
	f.Fuzz(func(t *testing.T, a, b string) {
		v, w := attr.Value{Kind: attr.Binary, Text: a}, attr.Value{Kind: attr.Binary, Text: b}
		x, y := attr.AppendKey(nil, v), attr.AppendKey(nil, w)
		if got, want := bytes.Compare(x, y), strings.Compare(a, b); got != want {
			t.Errorf("order of the keys of %q and %q = %d, want %d", a, b, got, want)
		}
		if a != b && bytes.HasPrefix(x, y) {
			t.Errorf("key of %q begins with the key of %q", a, b)
		}
		prefix := attr.AppendKeyPrefix(nil, w)
		if got, want := bytes.HasPrefix(x, prefix), strings.HasPrefix(a, b); got && !want {
			t.Errorf("key of %q begins with the prefix of %q", a, b)
		} else if want && !got {
			t.Errorf("key of %q does not begin with the prefix of %q", a, b)
		}
	})
}

// What is decoded and written is decoded to the same again.
func FuzzItemFromJSON(f *testing.F) {
	for _, s := range []string{`{"a":{"S":"x"}}`, `{"a":{"NS":["1","2e3"]},"b":{"M":{"c":{"L":[{"NULL":true}]}}}}`, `{"a":{"B":"AAE="}}`, `{"a":{"S":"\ud800"}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		item, err := attr.DecodeItem(data)
		if err != nil {
			return
		}
		written := attr.AppendItem(nil, item)
		again, err := attr.DecodeItem(written)
		if err != nil || !bytes.Equal(attr.AppendItem(nil, again), written) {
			t.Errorf("%s written as %s, read back as %s, %v", data, written, attr.AppendItem(nil, again), err)
		}
	})
}
