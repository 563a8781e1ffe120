package text_test

import (
	"slices"
	"testing"
	"unicode/utf8"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/text"
)

// FuzzTokenize holds what every document must give: tokens that cover code
// points of the document, in order; pieces that do not overlap; and the same
// features from the corpus as from a single reading.
func FuzzTokenize(f *testing.F) {
	for _, doc := range sample() {
		f.Add(doc)
	}
	f.Add("a\u0301\u0301\u0301 \xff e\u200d 🇫🇷🇩 ㎏½ ｶﾞ\u3099 \ufdfa 1\ufe0f\u20e3")
	f.Fuzz(func(t *testing.T, doc string) {
		recipe := every(0, 1, 2, 3)
		length := utf8.RuneCountInString(doc)
		c := count(t, []string{doc}, recipe)
		v := c.Vocabulary(rows(1), recipe)
		var s text.Scratch
		features, _, found := v.Locate(&s, doc)
		for _, o := range found {
			checkExtents(t, o.Covers, length)
			if len(o.Covers) == 0 {
				_, term := v.Term(features[o.Place])
				t.Fatalf("%q covers nothing of %q", term, doc)
			}
		}
		checkExtents(t, s.Pieces(), length)
		index, value := v.Vectorize(&s, doc)
		wantIndex, wantValue := c.Matrix(v, rows(1)).Row(0)
		if !slices.Equal(index, wantIndex) || !slices.Equal(value, wantValue) {
			t.Fatalf("Vectorize(%q) = %v %v, want %v %v", doc, index, value, wantIndex, wantValue)
		}
	})
}

// checkExtents verifies extents that are ascending, disjoint and in range.
func checkExtents(t *testing.T, extents []text.Extent, length int) {
	t.Helper()
	last := 0
	for _, e := range extents {
		if e.Start < last || e.End <= e.Start || e.End > length {
			t.Fatalf("extents %v of %d code points", extents, length)
		}
		last = e.End
	}
}

func FuzzCorpusOf(f *testing.F) {
	f.Add(encoded(f, count(f, []string{"a b", "你好"}, text.Word()).Tensors()))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := artifact.Decode(data, artifact.Limits{Bytes: 1 << 20})
		if err != nil {
			return
		}
		c, err := text.CorpusOf(file)
		if err != nil {
			return
		}
		// What was accepted must be safe to use.
		v := c.Vocabulary(rows(c.Docs()), text.Word())
		if err := c.Matrix(v, rows(c.Docs())).Check(); err != nil {
			t.Errorf("matrix of an accepted corpus: %v", err)
		}
	})
}
