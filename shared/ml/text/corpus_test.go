package text_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/text"
)

// sample is a handful of documents in several scripts, with repeats.
func sample() []string {
	docs := []string{
		"The cat sat. The cat!", "a dog sat", "dogs and the cat", "",
		"你好，世界", "世界 2024 你好 iPhone手机", "한국어 좋아", "สวัสดี ไทย",
		"👍🏽 great 👨\u200d👩\u200d👧", "İstanbul Straße ﬁne", "?!",
	}
	for i := range 60 {
		docs = append(docs, fmt.Sprintf("row %d of the sample, 第%d行", i%17, i%5))
	}
	return docs
}

// encoded returns the corpus as a file.
func encoded(t testing.TB, tensors []artifact.Tensor) []byte {
	t.Helper()
	data, err := artifact.Encode(nil, tensors)
	if err != nil {
		t.Fatalf("Encode = %v", err)
	}
	return data
}

func TestCount_doesNotDependOnWorkers(t *testing.T) {
	docs := sample()
	want := encoded(t, count(t, docs, text.Word(), text.Union()).Tensors())
	for workers := range 6 {
		c, err := text.Count(context.Background(), docs, []text.Recipe{text.Union(), text.Word()}, workers, nil)
		if err != nil {
			t.Fatalf("Count with %d workers = %v", workers, err)
		}
		if !bytes.Equal(encoded(t, c.Tensors()), want) {
			t.Errorf("Count with %d workers gave another corpus", workers)
		}
	}
}

func TestCount_progressAndEnd(t *testing.T) {
	docs := make([]string, 1000)
	for workers := 1; workers <= 3; workers++ {
		last := 0
		_, err := text.Count(t.Context(), docs, []text.Recipe{text.Word()}, workers, func(done int) {
			if done < last {
				t.Errorf("progress fell from %d to %d", last, done)
			}
			last = done
		})
		if err != nil || last != len(docs) {
			t.Errorf("Count = %v after %d of %d documents", err, last, len(docs))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := text.Count(ctx, docs, []text.Recipe{text.Word()}, 2, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Count under an ended context = %v, want context.Canceled", err)
	}
}

func TestCount_refusesRecipes(t *testing.T) {
	other := text.Union()
	other.Char = text.Range{Min: 3, Max: 4}
	negative := text.Word()
	negative.MinDocs[text.FamilyWord] = -1
	tests := []struct {
		name    string
		recipes []text.Recipe
	}{
		{"two lengths of one family", []text.Recipe{text.Union(), other}},
		{"negative floor", []text.Recipe{negative}},
		{"no lengths", []text.Recipe{{MinDocs: [text.Families]int{text.FamilyCJK: 1}}}},
		{"endless lengths", []text.Recipe{{MinDocs: [text.Families]int{text.FamilyChar: 1}, Char: text.Range{Min: 1, Max: 1 << 40}}}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := text.Count(t.Context(), nil, tc.recipes, 1, nil); err == nil {
				t.Error("Count = nil error")
			}
		})
	}
}

func TestCorpus_nothing(t *testing.T) {
	c := count(t, nil, text.Union())
	v := c.Vocabulary(nil, text.Union())
	if c.Docs() != 0 || c.NonZeros() != 0 || v.Len() != 0 {
		t.Errorf("empty corpus: %d documents, %d pairs, %d features", c.Docs(), c.NonZeros(), v.Len())
	}
	var s text.Scratch
	if index, value := v.Vectorize(&s, "anything at all"); len(index)+len(value) != 0 {
		t.Errorf("Vectorize over no vocabulary = %v %v", index, value)
	}
	if err := c.Matrix(v, nil).Check(); err != nil {
		t.Errorf("empty matrix: %v", err)
	}
}

// The numbers are those of scikit-learn 1.2.1 on the same documents:
// TfidfVectorizer(token_pattern=r'\w+', ngram_range=(1,2), sublinear_tf=True)
// and TfidfVectorizer(analyzer='char_wb', ngram_range=(2,5), min_df=2,
// sublinear_tf=True), each scaled apart. Its words know no punctuation, so the
// recipe leaves the stream out.
func TestMatrix_agreesWithScikitLearn(t *testing.T) {
	docs := []string{"The cat sat. The cat!", "a dog sat", "dogs and the cat"}
	recipe := text.Union()
	recipe.MinDocs[text.FamilyCJK] = 0
	c := count(t, docs, recipe)
	v := c.Vocabulary(rows(3), recipe)
	m := c.Matrix(v, rows(3))
	tests := []struct {
		row    int
		family text.Family
		term   string
		want   float64
	}{
		{0, text.FamilyWord, "cat", 0.4685494},
		{0, text.FamilyPair, "cat sat", 0.3638704},
		{0, text.FamilyWord, "sat", 0.2767328},
		{1, text.FamilyWord, "a", 0.467351},
		{1, text.FamilyWord, "sat", 0.3554325},
		{2, text.FamilyPair, "dogs and", 0.4175666},
		{2, text.FamilyPair, "the cat", 0.3175702},
		{0, text.FamilyChar, " cat ", 0.1362551},
		{0, text.FamilyChar, "at", 0.222063},
		{0, text.FamilyChar, "t ", 0.1058142},
		{1, text.FamilyChar, "dog", 0.2691006},
		{1, text.FamilyChar, "at ", 0.2089806},
		{2, text.FamilyChar, " a", 0.1968394},
		{2, text.FamilyChar, "at", 0.1528634},
	}
	for _, tc := range tests {
		got := math.NaN()
		index, value := m.Row(tc.row)
		for k, f := range index {
			if family, term := v.Term(f); family == tc.family && term == tc.term {
				got = float64(value[k])
			}
		}
		if !(math.Abs(got-tc.want) < 1e-6) {
			t.Errorf("row %d, %q = %v, want %v", tc.row, tc.term, got, tc.want)
		}
	}
}

func TestVocabulary_countsOnlyItsRows(t *testing.T) {
	c := count(t, []string{"a b", "a c", "d"}, text.Word())
	recipe := text.Word()
	v := c.Vocabulary([]int32{0, 1}, recipe)
	var got []string
	for f := range int32(v.Len()) {
		_, term := v.Term(f)
		got = append(got, term)
	}
	if want := []string{"a", "b", "c", "a b", "a c"}; !slices.Equal(got, want) {
		t.Errorf("vocabulary of rows 0 and 1 = %q, want %q", got, want)
	}
	recipe.MinDocs[text.FamilyWord] = 2
	if v := c.Vocabulary([]int32{0, 1}, recipe); v.Len() != 3 {
		t.Errorf("words from two rows on leave %d features, want a and the two pairs", v.Len())
	}
	// A held-out row is weighed by the frequencies of the others.
	m := c.Matrix(v, []int32{2})
	if m.NonZeros() != 0 {
		t.Errorf("a row of unseen terms has %d features, want none", m.NonZeros())
	}
}

func TestCorpus_roundTrip(t *testing.T) {
	c := count(t, sample(), text.Union())
	data := encoded(t, c.Tensors())
	f, err := artifact.Decode(data, artifact.Limits{})
	if err != nil {
		t.Fatalf("Decode = %v", err)
	}
	again, err := text.CorpusOf(f)
	if err != nil {
		t.Fatalf("CorpusOf = %v", err)
	}
	if !bytes.Equal(encoded(t, again.Tensors()), data) {
		t.Error("a corpus read from a file writes another file")
	}
	if again.Docs() != c.Docs() || again.Terms() != c.Terms() || again.NonZeros() != c.NonZeros() {
		t.Errorf("corpus of %d documents came back as %d", c.Docs(), again.Docs())
	}
}

func TestCorpusOf_refuses(t *testing.T) {
	u32 := func(name string, v ...uint32) artifact.Tensor { return artifact.FromUint32s(name, nil, v) }
	tests := []struct {
		name string
		put  artifact.Tensor
	}{
		{"family out of range", artifact.FromBytes("terms.family", nil, []byte{0, 9, 1})},
		{"term offsets that fall", u32("terms.start", 0, 2, 1, 5)},
		{"term offsets too far", u32("terms.start", 0, 1, 2, 500)},
		{"term offsets of another length", u32("terms.start", 0, 5)},
		{"term offsets of another type", artifact.FromInt64s("terms.start", nil, []int64{0, 1, 2, 5})},
		{"no offsets", u32("terms.start")},
		{"recipe not JSON", artifact.FromBytes("corpus.recipe", nil, []byte("{"))},
		{"recipe not usable", artifact.FromBytes("corpus.recipe", nil, []byte(`{"min_docs":[0,0,1,0]}`))},
		{"rows that fall", artifact.FromInt64s("corpus.rows", nil, []int64{0, 3, 1})},
		{"rows beyond the end", artifact.FromInt64s("corpus.rows", nil, []int64{0, 4})},
		{"rows missing", artifact.FromInt64s("corpus.rows", nil, nil)},
		{"term out of range", artifact.FromInt32s("corpus.term", nil, []int32{0, 1, 3})},
		{"term negative", artifact.FromInt32s("corpus.term", nil, []int32{-1, 1, 2})},
		{"terms not ascending", artifact.FromInt32s("corpus.term", nil, []int32{1, 1, 2})},
		{"count of nothing", artifact.FromUint16s("corpus.count", nil, []uint16{1, 0, 1})},
		{"counts missing", artifact.FromUint16s("corpus.count", nil, []uint16{1, 1})},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			tensors := count(t, []string{"a b"}, text.Word()).Tensors()
			for i := range tensors {
				if tensors[i].Name == tc.put.Name {
					tensors[i] = tc.put
				}
			}
			f, err := artifact.Decode(encoded(t, tensors), artifact.Limits{})
			if err != nil {
				t.Fatalf("Decode = %v", err)
			}
			_, err = text.CorpusOf(f)
			_, format := errors.AsType[*text.FormatError](err)
			if !format && !errors.Is(err, artifact.ErrCorrupt) {
				t.Errorf("CorpusOf = %v, want a FormatError or artifact.ErrCorrupt", err)
			}
		})
	}
	t.Run("tensor missing", func(t *testing.T) {
		f, err := artifact.Decode(encoded(t, nil), artifact.Limits{})
		if err != nil {
			t.Fatalf("Decode = %v", err)
		}
		if _, err := text.CorpusOf(f); err == nil {
			t.Error("CorpusOf of nothing = nil error")
		}
	})
}
