package text_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/sparse"
	"godwit/shared/ml/text"
)

// censusDocs share terms in other orders, so that a shard numbers them otherwise.
func censusDocs() []string {
	var docs []string
	for i := range 60 {
		docs = append(docs, fmt.Sprintf("pay bill %d with card %d, 忘记密码 %d 了 and wait %d", i, 60-i, i%7, i*i%13))
	}
	return append(docs, "", "only once", "wait wait card 忘 ✈️")
}

func counted(t *testing.T, docs []string, r text.Recipe) *text.Corpus {
	t.Helper()
	c, err := text.Count(t.Context(), docs, []text.Recipe{r}, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func rowsUpTo(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

// through writes a census and reads it back.
func through(t *testing.T, s *text.Census) *text.Census {
	t.Helper()
	data, err := artifact.Encode(nil, s.Tensors())
	if err != nil {
		t.Fatal(err)
	}
	again, err := openCensus(data)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func openCensus(data []byte) (*text.Census, error) {
	f, err := artifact.Decode(data, artifact.Limits{})
	if err != nil {
		return nil, err
	}
	return text.CensusOf(f)
}

// tensorsOf is everything a vocabulary holds, for comparison to the bit.
func tensorsOf(t *testing.T, v *text.Vocabulary) []byte {
	t.Helper()
	data, err := artifact.Encode(nil, v.Tensors())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestMerge_equalsCounting holds counting by map and reduce to counting at one
// go: vocabulary and matrix are the same to the bit, however documents are cut.
func TestMerge_equalsCounting(t *testing.T) {
	docs := censusDocs()
	recipe := text.Union()
	recipe.MinDocs[text.FamilyPair] = 2
	whole := counted(t, docs, recipe)
	all := rowsUpTo(len(docs))
	vocabulary := whole.Vocabulary(all, recipe)
	want := whole.Matrix(vocabulary, all)
	for _, at := range [][]int{{len(docs)}, {1, len(docs)}, {20, 40, len(docs)}, {3, 4, 50, 62, len(docs)}} {
		var shards []*text.Corpus
		var parts []*text.Census
		from := 0
		for _, to := range at {
			c := counted(t, docs[from:to], recipe)
			shards, parts, from = append(shards, c), append(parts, through(t, c.Census(rowsUpTo(to-from)))), to
		}
		sum, err := text.Merge(parts)
		if err != nil {
			t.Fatal(err)
		}
		if sum.Docs() != len(docs) || sum.Terms() != whole.Terms() {
			t.Fatalf("cut at %v: %d documents, %d terms, want %d and %d", at, sum.Docs(), sum.Terms(), len(docs), whole.Terms())
		}
		v := through(t, sum).Vocabulary(recipe)
		if !reflect.DeepEqual(tensorsOf(t, v), tensorsOf(t, vocabulary)) {
			t.Errorf("cut at %v: another vocabulary", at)
		}
		got := &sparse.Matrix{Cols: v.Len(), Start: []int64{0}}
		for _, c := range shards {
			aligned, err := c.Align(sum)
			if err != nil {
				t.Fatal(err)
			}
			m := aligned.Matrix(v, rowsUpTo(c.Docs()))
			for _, end := range m.Start[1:] {
				got.Start = append(got.Start, int64(len(got.Index))+end)
			}
			got.Index, got.Value, got.Rows = append(got.Index, m.Index...), append(got.Value, m.Value...), got.Rows+m.Rows
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("cut at %v: another matrix of %d non-zeros, want %d", at, got.NonZeros(), want.NonZeros())
		}
	}
}

// TestMerge_refuses what does not belong together.
func TestMerge_refuses(t *testing.T) {
	words, union := counted(t, censusDocs(), text.Word()), counted(t, censusDocs(), text.Union())
	other := counted(t, []string{"nothing of it"}, text.Word())
	if _, err := text.Merge(nil); err == nil {
		t.Error("Merge() of nothing = nil, want an error")
	}
	if _, err := text.Merge([]*text.Census{words.Census(rowsUpTo(3)), union.Census(rowsUpTo(3))}); err == nil {
		t.Error("Merge() of two recipes = nil, want an error")
	}
	_, err := words.Align(other.Census(rowsUpTo(1)))
	if _, ok := errors.AsType[*text.FormatError](err); !ok {
		t.Errorf("Align() to a census of other documents = %v, want a *FormatError", err)
	}
}

// FuzzCensusOf gives the reader files that were tampered with.
func FuzzCensusOf(f *testing.F) {
	c, err := text.Count(f.Context(), []string{"pay the bill", "忘记密码"}, []text.Recipe{text.Word()}, 1, nil)
	if err != nil {
		f.Fatal(err)
	}
	data, err := artifact.Encode(nil, c.Census([]int32{0, 1}).Tensors())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)-3])
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := openCensus(data)
		if err != nil {
			return
		}
		if sum, err := text.Merge([]*text.Census{s}); err != nil || sum.Terms() != s.Terms() {
			t.Errorf("a census that was read cannot be merged: %v", err)
		}
	})
}
