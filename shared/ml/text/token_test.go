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
	features, _, found := v.Locate(&s, doc)
	for _, o := range found {
		_, term := v.Term(features[o.Place])
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

// A chunk that holds a character of an unspaced script or Hangul gives all its
// n-grams with the spaces around it, which cover nothing; any other gives those
// of its signs.
func TestTokens_stream(t *testing.T) {
	tests := []struct {
		name, doc string
		want      []string
	}{
		{"han", "你好吗", []string{
			"你 0-1", "好 1-2", "吗 2-3", "_你 0-1", "你好 0-2", "好吗 1-3", "吗_ 2-3"}},
		{"half width kana", "ｶﾞｷ", []string{"ガ 0-2", "キ 2-3", "_ガ 0-2", "ガキ 0-3", "キ_ 2-3"}},
		{"kana with its long mark", "ーあ", []string{"ー 0-1", "あ 1-2", "_ー 0-1", "ーあ 0-2", "あ_ 1-2"}},
		{"thai", "ไทย", []string{
			"ไ 0-1", "ท 1-2", "ย 2-3", "_ไ 0-1", "ไท 0-2", "ทย 1-3", "ย_ 2-3"}},
		{"digits inside", "第3天", []string{
			"第 0-1", "3 1-2", "天 2-3", "_第 0-1", "第3 0-2", "3天 1-3", "天_ 2-3"}},
		{"latin that touches", "A股", []string{"a 0-1", "股 1-2", "_a 0-1", "a股 0-2", "股_ 1-2"}},
		// A word between spaces is of the families of words, whatever is near.
		{"latin between, with spaces", "看 a 股", []string{
			"看 0-1", "_看 0-1", "看_ 0-1", "股 4-5", "_股 4-5", "股_ 4-5"}},
		// A word inside a chunk takes part, however long.
		{"long latin", "好abcdefghijklmnopqr", []string{
			"好 0-1", "a 1-2", "b 2-3", "c 3-4", "d 4-5", "e 5-6", "f 6-7", "g 7-8", "h 8-9", "i 9-10", "j 10-11",
			"k 11-12", "l 12-13", "m 13-14", "n 14-15", "o 15-16", "p 16-17", "q 17-18", "r 18-19",
			"_好 0-1", "好a 0-2", "ab 1-3", "bc 2-4", "cd 3-5", "de 4-6", "ef 5-7", "fg 6-8", "gh 7-9", "hi 8-10", "ij 9-11",
			"jk 10-12", "kl 11-13", "lm 12-14", "mn 13-15", "no 14-16", "op 15-17", "pq 16-18", "qr 17-19", "r_ 18-19"}},
		{"signs beside unspaced script", "好!", []string{"好 0-1", "! 1-2", "_好 0-1", "好! 0-2", "!_ 1-2"}},
		{"hangul", "한국", []string{"한 0-1", "국 1-2", "_한 0-1", "한국 0-2", "국_ 1-2"}},
		{"punctuation", "hi!? ok.", []string{"! 2-3", "? 3-4", "!? 2-4", ". 7-8"}},
		{"signs apart", "! a?b ?", []string{"! 0-1", "? 3-4", "? 6-7"}},
		{"one segment, many characters", "㍿", []string{
			"株 0-1", "式 0-1", "会 0-1", "社 0-1", "_株 0-1", "株式 0-1", "式会 0-1", "会社 0-1", "社_ 0-1"}},
		{"joined emoji", "👨\u200d👩\u200d👧!", []string{
			"👨\u200d👩\u200d👧 0-5", "! 5-6", "👨\u200d👩\u200d👧! 0-6"}},
		// Whatever follows, which decides whether they come by the fast path.
		{"joiner before a sign of ASCII", "!\u200d? !\u200d?\u200d😀", []string{
			"! 0-1", "? 2-3", "!? 0-1 2-3", "! 4-5", "?\u200d😀 6-9", "!?\u200d😀 4-5 6-9"}},
		{"joiner before a sign and an accent", "😀\u200d!\u0301", []string{"😀 0-1", "! 2-4", "😀! 0-1 2-4"}},
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

// The spaces around a chunk cover nothing, so that an explanation leaves the
// word before it alone.
func TestTokens_inner(t *testing.T) {
	tests := []struct {
		name, doc string
		want      []string
	}{
		{"word", "card", []string{"_ca 0-2", "car 0-3", "ard 1-4", "rd_ 2-4"}},
		{"with punctuation", "(a)", []string{"_(a 0-2", "(a) 0-3", "a)_ 1-3"}},
		{"between spaces", "a b", []string{"_a_ 0-1", "_b_ 2-3"}},
		{"sign alone", "- !", nil},
		{"unspaced script beside it", "a股 b", []string{"_b_ 3-4"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := tokens(t, tc.doc, every(text.FamilyChar)); !slices.Equal(got, tc.want) {
				t.Errorf("inner n-grams of %q = %q, want %q", tc.doc, got, tc.want)
			}
		})
	}
}

// A space alone is no term, of no family.
func TestTokens_ofLengthOne(t *testing.T) {
	recipe := every(text.FamilyCJK, text.FamilyChar)
	recipe.CJK, recipe.Char = text.Range{Min: 1, Max: 1}, text.Range{Min: 1, Max: 1}
	got := tokens(t, "ab 好 !", recipe)
	if want := []string{"好 3-4", "! 5-6", "a 0-1", "b 1-2"}; !slices.Equal(got, want) {
		t.Errorf("n-grams of length 1 = %q, want %q", got, want)
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
			if got := s.Pieces(); len(got) != 0 {
				t.Errorf("Pieces before a document was read = %v", got)
			}
			count(t, []string{tc.doc}, text.Word()).Vocabulary(rows(1), text.Word()).Locate(&s, tc.doc)
			var got []string
			for _, e := range s.Pieces() {
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
