package text_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/text"
)

// every is a recipe that keeps each term, for looking at tokens.
func every(families ...text.Family) text.Recipe {
	r := text.Recipe{Name: "every", CJK: text.Range{Min: 1, Max: 2}, Char: text.Range{Min: 3, Max: 3}}
	for _, f := range families {
		r.MinDocs[f] = 1
	}
	return r
}

// count is Count for tests that cannot fail.
func count(t testing.TB, docs []string, recipes ...text.Recipe) *text.Corpus {
	t.Helper()
	c, err := text.Count(context.Background(), docs, recipes, 1, nil)
	if err != nil {
		t.Fatalf("Count = %v", err)
	}
	return c
}

// rows returns the numbers 0 to n-1.
func rows(n int) []int32 {
	all := make([]int32, n)
	for i := range all {
		all[i] = int32(i)
	}
	return all
}

// tokens lists the tokens of doc that the recipe makes, each with the code
// points it covers.
func tokens(t testing.TB, doc string, r text.Recipe) []string {
	t.Helper()
	v := count(t, []string{doc}, r).Vocabulary(rows(1), r)
	var s text.Scratch
	var out []string
	for _, o := range v.Occurrences(&s, doc) {
		_, term := v.Term(o.Feature)
		item := strings.ReplaceAll(term, " ", "_")
		for _, e := range o.Covers {
			item += fmt.Sprintf(" %d-%d", e.Start, e.End)
		}
		out = append(out, item)
	}
	return out
}

func TestTokens_words(t *testing.T) {
	tests := []struct {
		name, doc string
		want      []string // terms and the code points they cover
	}{
		{"plain", "Where is it?", []string{"where 0-5", "is 6-8", "it 9-11"}},
		{"single letters and digits", "a 7 b", []string{"a 0-1", "7 2-3", "b 4-5"}},
		{"underscore", "snake_case", []string{"snake_case 0-10"}},
		{"ligature", "ﬁne", []string{"fine 0-3"}},
		{"unit sign", "5㎏", []string{"5kg 0-2"}},
		{"sharp s", "Straße STRASSE ẞ", []string{"strasse 0-6", "strasse 7-14", "ss 15-16"}},
		// İ folds to i and a dot above, which stays a mark of the i.
		{"dotted capital i", "İz", []string{"i̇z 0-2"}},
		{"combining accent", "Cafe\u0301 x", []string{"café 0-5", "x 6-7"}},
		{"accent of its own", "café", []string{"café 0-4"}},
		{"final sigma", "ΟΔΟΣ ὁδός", []string{"οδοσ 0-4", "ὁδόσ 5-9"}},
		{"full width", "ＡＢＣ１２３", []string{"abc123 0-6"}},
		{"cyrillic", "Привет, Мир", []string{"привет 0-6", "мир 8-11"}},
		{"arabic with marks", "السَّلام", []string{"السَّلام 0-8"}},
		{"devanagari", "नमस्ते", []string{"नमस्ते 0-6"}},
		{"hangul", "한국어 좋아", []string{"한국어 0-3", "좋아 4-6"}},
		{"hangul in parts", "\u1112\u1161\u11ab", []string{"한 0-3"}},
		{"latin inside han", "用iPhone手机", []string{"iphone 1-7"}},
		{"soft hyphen", "co\u00adop", []string{"coop 0-2 3-5"}},
		{"byte order mark", "\ufeffhi", []string{"hi 1-3"}},
		{"controls part words", "a\u0085b\x00c", []string{"a 0-1", "b 2-3", "c 4-5"}},
		{"bytes that are not UTF-8", "a\xff\xfeb", []string{"a 0-1", "b 3-4"}},
		{"key cap", "1\ufe0f\u20e3", []string{"1\u20e3 0-1 2-3"}},
		{"han only", "你好", nil},
		{"empty", "", nil},
		{"spaces", " \t\n", nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := tokens(t, tc.doc, every(text.FamilyWord)); !slices.Equal(got, tc.want) {
				t.Errorf("words of %q = %q, want %q", tc.doc, got, tc.want)
			}
		})
	}
}

func TestTokens_pairs(t *testing.T) {
	got := tokens(t, "New  York, now", every(text.FamilyPair))
	want := []string{"new_york 0-3 5-9", "york_now 5-9 11-14"}
	if !slices.Equal(got, want) {
		t.Errorf("pairs = %q, want %q", got, want)
	}
}

func TestTokens_stream(t *testing.T) {
	tests := []struct {
		name, doc string
		want      []string
	}{
		{"han", "你好吗", []string{"你 0-1", "好 1-2", "吗 2-3", "你好 0-2", "好吗 1-3"}},
		{"half width kana", "ｶﾞｷ", []string{"ガ 0-2", "キ 2-3", "ガキ 0-3"}},
		{"kana with its long mark", "ーあ", []string{"ー 0-1", "あ 1-2", "ーあ 0-2"}},
		{"thai", "ไทย", []string{"ไ 0-1", "ท 1-2", "ย 2-3", "ไท 0-2", "ทย 1-3"}},
		{"digits inside", "第3天", []string{"第 0-1", "3 1-2", "天 2-3", "第3 0-2", "3天 1-3"}},
		{"latin that touches", "A股", []string{"a 0-1", "股 1-2", "a股 0-2"}},
		{"latin between, with spaces", "看 a 股", []string{
			"看 0-1", "_ 1-2", "a 2-3", "_ 3-4", "股 4-5", "看_ 0-2", "_a 1-3", "a_ 2-4", "_股 3-5"}},
		{"latin far from any", "go 好", []string{"好 3-4"}},
		{"long latin stays out", "好abcdefghijklmnopq好", []string{"好 0-1", "好 18-19"}},
		{"hangul", "한국", []string{"한 0-1", "국 1-2", "한국 0-2"}},
		{"punctuation", "hi!? ok.", []string{"! 2-3", "? 3-4", "!? 2-4", ". 7-8"}},
		{"one segment, many characters", "㍿", []string{
			"株 0-1", "式 0-1", "会 0-1", "社 0-1", "株式 0-1", "式会 0-1", "会社 0-1"}},
		{"joined emoji", "👨\u200d👩\u200d👧!", []string{
			"👨\u200d👩\u200d👧 0-5", "! 5-6", "👨\u200d👩\u200d👧! 0-6"}},
		{"skin tone", "👍🏽", []string{"👍🏽 0-2"}},
		{"flags", "🇫🇷🇩🇪", []string{"🇫🇷 0-2", "🇩🇪 2-4", "🇫🇷🇩🇪 0-4"}},
		{"heart with and without its colour", "❤\ufe0f❤", []string{"❤ 0-1", "❤ 2-3", "❤❤ 0-1 2-3"}},
		{"joiner at the end", "😀\u200d", []string{"😀 0-1"}},
		{"money", "5€", []string{"€ 1-2"}},
		{"words only", "no signs here", nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := tokens(t, tc.doc, every(text.FamilyCJK)); !slices.Equal(got, tc.want) {
				t.Errorf("stream of %q = %q, want %q", tc.doc, got, tc.want)
			}
		})
	}
}

func TestTokens_inner(t *testing.T) {
	tests := []struct {
		name, doc string
		want      []string
	}{
		{"word", "card", []string{"_ca 0-2", "car 0-3", "ard 1-4", "rd_ 2-4"}},
		{"with punctuation", "(a)", []string{"_(a 0-2", "(a) 0-3", "a)_ 1-3"}},
		{"between spaces", "a b", []string{"_a_ 0-2", "_b_ 1-3"}},
		{"sign alone", "- !", nil},
		{"unspaced script beside it", "a股 b", []string{"_b_ 2-4"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := tokens(t, tc.doc, every(text.FamilyChar)); !slices.Equal(got, tc.want) {
				t.Errorf("inner n-grams of %q = %q, want %q", tc.doc, got, tc.want)
			}
		})
	}
}

func TestPieces(t *testing.T) {
	tests := []struct {
		name, doc string
		want      []string
	}{
		{"words and signs", "Hi, you!", []string{"Hi", ",", "you", "!"}},
		{"mixed", "用iPhone 4吧", []string{"用", "iPhone", "4", "吧"}},
		{"hangul words", "한국어 좋아", []string{"한국어", "좋아"}},
		{"segments stay whole", "5㎏ ㍿", []string{"5㎏", "㍿"}},
		{"a fraction is three tokens in one", "1½x", []string{"1½x"}},
		{"emoji", "ok👨\u200d👩\u200d👧🇫🇷", []string{"ok", "👨\u200d👩\u200d👧", "🇫🇷"}},
		{"empty", "", nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var s text.Scratch
			var got []string
			for _, e := range s.Pieces(tc.doc) {
				got = append(got, string([]rune(tc.doc)[e.Start:e.End]))
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("Pieces(%q) = %q, want %q", tc.doc, got, tc.want)
			}
		})
	}
}

// What lies beyond MaxDocument counts for nothing, and the character on the
// line is not torn apart.
func TestTokens_ofAnEndlessDocument(t *testing.T) {
	doc := strings.Repeat("x", text.MaxDocument-7) + " last €uro"
	got := tokens(t, doc, every(text.FamilyCJK))
	if len(got) != 0 {
		t.Errorf("stream of a document cut inside its sign = %q, want none", got)
	}
	got = tokens(t, doc[2:], every(text.FamilyCJK))
	if want := fmt.Sprintf("€ %d-%d", text.MaxDocument-3, text.MaxDocument-2); !slices.Equal(got, []string{want}) {
		t.Errorf("stream of a document cut behind its sign = %q, want %q", got, want)
	}
}
