package dataset

import (
	"bytes"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

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
