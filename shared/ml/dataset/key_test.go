package dataset

import (
	"bytes"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// The vectors are published ones of XXH64 with seed 0; the last one passes
// through the four lanes.
func TestHash64(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want uint64
	}{
		{"", 0xef46db3751d8e999},
		{"a", 0xd24ec4f1a98c6e5b},
		{"as", 0x1c330fb2d66be179},
		{"asd", 0x631c37ce72a97393},
		{"asdf", 0x415872f599cea71e},
		{"Call me Ishmael. Some years ago--never mind how long precisely-", 0x02a2e85470d6fd96},
	} {
		if got := hash64([]byte(tc.in), 0); got != tc.want {
			t.Errorf("hash64(%q) = %#x, want %#x", tc.in, got, tc.want)
		}
	}
}

func TestGroupKey(t *testing.T) {
	base := Row{Text: "Where is my card?"}
	for _, tc := range []struct {
		name string
		row  Row
		same bool
	}{
		{"case", Row{Text: "WHERE is my card?"}, true},
		{"white space", Row{Text: "  Where\tis\r\n my \u00a0card? "}, true},
		{"full width", Row{Text: "Ｗｈｅｒｅ　ｉｓ　ｍｙ　ｃａｒｄ？"}, true},
		{"other fields", Row{Text: base.Text, Label: "x", ID: "7", Line: 9}, true},
		{"another text", Row{Text: "Where is my card"}, false},
		{"a group", Row{Text: base.Text, Group: "g"}, false},
		{"a group of the text's name", Row{Group: "where is my card?"}, false},
	} {
		if got := GroupKey(tc.row) == GroupKey(base); got != tc.same {
			t.Errorf("%s: same key = %v, want %v", tc.name, got, tc.same)
		}
	}
	if GroupKey(Row{Text: "a", Group: "g"}) != GroupKey(Row{Text: "b", Group: "g"}) {
		t.Error("two rows of one group have different keys")
	}
}

// The short way through ASCII and Chinese agrees with the definition.
func TestAppendNormal(t *testing.T) {
	letters := []rune("aAzZ \t\n\u00a0\u3000ｆＦ，。！？、“”中国店\u0301éßſKΣσςﬁ…①½가\u1100\u1161")
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.StringOf(rapid.SampledFrom(letters)), rapid.String()).Draw(t, "s")
		got, want := AppendNormal(nil, s), appendFolded(nil, norm.NFKC.String(s))
		if !bytes.Equal(got, want) {
			t.Fatalf("AppendNormal(%q) = %q, want %q", s, got, want)
		}
	})
}
