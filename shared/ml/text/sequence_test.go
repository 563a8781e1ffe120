package text_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/text"
)

func TestScratch_Sequence(t *testing.T) {
	tests := []struct {
		name, doc string
		want      []string // parts and the code points they stand for
	}{
		{"words and signs", "Where is it?", []string{"where 0-5", "is 6-8", "it 9-11", "? 11-12"}},
		{"han", "你好 吗。", []string{"你 0-1", "好 1-2", "吗 3-4", "。 4-5"}},
		{"latin inside han", "用iPhone手机", []string{"用 0-1", "iphone 1-7", "手 7-8", "机 8-9"}},
		{"hangul", "한국어 좋아!", []string{"한국어 0-3", "좋아 4-6", "! 6-7"}},
		{"one code point, several parts", "12½", []string{"121 0-3", "⁄ 2-3", "2 2-3"}},
		{"emoji of several", "ok👩\u200d🔬🇫🇷", []string{"ok 0-2", "👩\u200d🔬 2-5", "🇫🇷 5-7"}},
		{"soft hyphen", "co\u00adop!", []string{"coop 0-5", "! 5-6"}},
		{"spaces", " \t\n", nil},
		{"empty", "", nil},
	}
	var s text.Scratch
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			s.Sequence(tc.doc, func(token []byte, at text.Extent) {
				got = append(got, fmt.Sprintf("%s %d-%d", token, at.Start, at.End))
			})
			if !slices.Equal(got, tc.want) {
				t.Errorf("Sequence(%q) = %q, want %q", tc.doc, got, tc.want)
			}
		})
	}
}

func TestScratch_Sequence_allocation(t *testing.T) {
	var s text.Scratch
	doc, bytes := strings.Repeat("Word 字, ", 50), 0
	if got := testing.AllocsPerRun(10, func() {
		s.Sequence(doc, func(token []byte, _ text.Extent) { bytes += len(token) })
	}); got > 0 {
		t.Errorf("Sequence allocates %v times, want 0", got)
	}
}

// FuzzScratch_Sequence wants parts that are not empty and stand for something.
func FuzzScratch_Sequence(f *testing.F) {
	for _, doc := range []string{"12½ a", "co\u00adop 한국어", "👩\u200d🔬🇫🇷x", "用iPhone手机", "\xff\xfe", "e\u0301㎏"} {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		var s text.Scratch
		length := len([]rune(doc))
		s.Sequence(doc, func(token []byte, at text.Extent) {
			if len(token) == 0 || at.Start < 0 || at.End <= at.Start || at.End > length {
				t.Errorf("Sequence(%q) tells %q at %v", doc, token, at)
			}
		})
	})
}
