package text_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/text"
)

func TestVectorize_equalsMatrix(t *testing.T) {
	docs := sample()
	for _, recipe := range []text.Recipe{text.Word(), text.Union(), every(0, 1, 2, 3)} {
		t.Run(recipe.Name, func(t *testing.T) {
			c := count(t, docs, recipe)
			// Some documents are new to the vocabulary.
			v := c.Vocabulary(rows(len(docs)-20), recipe)
			m := c.Matrix(v, rows(len(docs)))
			if err := m.Check(); err != nil {
				t.Fatalf("matrix: %v", err)
			}
			var s text.Scratch
			for i, doc := range docs {
				index, value := v.Vectorize(&s, doc)
				wantIndex, wantValue := m.Row(i)
				if !slices.Equal(index, wantIndex) || !slices.Equal(value, wantValue) {
					t.Errorf("Vectorize(%q) = %v %v, want %v %v", doc, index, value, wantIndex, wantValue)
				}
			}
		})
	}
}

// Features gives what Vectorize gives, in another order.
func TestFeatures_samePairs(t *testing.T) {
	c := count(t, sample(), text.Union())
	v := c.Vocabulary(rows(c.Docs()), text.Union())
	var s text.Scratch
	for _, doc := range sample() {
		want := make(map[int32]float32)
		index, value := v.Vectorize(&s, doc)
		for k, f := range index {
			want[f] = value[k]
		}
		index, value = v.Features(&s, doc)
		if len(index) != len(want) {
			t.Errorf("Features(%q) has %d features, want %d", doc, len(index), len(want))
		}
		for k, f := range index {
			if math.Abs(float64(value[k]-want[f])) > 1e-7 {
				t.Errorf("Features(%q): feature %d = %v, want %v", doc, f, value[k], want[f])
			}
		}
	}
}

func TestVectorize_allocatesNothingWarm(t *testing.T) {
	c := count(t, sample(), text.Union())
	v := c.Vocabulary(rows(c.Docs()), text.Union())
	var s text.Scratch
	docs := append(sample(), strings.Repeat("a longer text with ﬁ and 世界 ", 50))
	for _, doc := range docs {
		v.Vectorize(&s, doc)
	}
	got := testing.AllocsPerRun(20, func() {
		for _, doc := range docs {
			v.Vectorize(&s, doc)
		}
	})
	if got != 0 {
		t.Errorf("Vectorize allocates %v times when warm, want 0", got)
	}
}

func TestCompact(t *testing.T) {
	c := count(t, sample(), text.Union())
	v := c.Vocabulary(rows(c.Docs()), text.Union())
	keep := make([]bool, v.Len())
	kept := 0
	for i := range keep {
		if keep[i] = i%3 != 0; keep[i] {
			kept++
		}
	}
	compact, order := v.Compact(keep)
	if compact.Len() != kept || len(order) != kept {
		t.Fatalf("Compact kept %d of %d, want %d", compact.Len(), v.Len(), kept)
	}
	for now, old := range order {
		family, term := compact.Term(int32(now))
		wantFamily, want := v.Term(old)
		if family != wantFamily || term != want || !keep[old] {
			t.Errorf("feature %d is %q, want %q (kept: %v)", now, term, want, keep[old])
		}
	}
	if compact.Bytes() <= 0 {
		t.Errorf("Bytes() = %d", compact.Bytes())
	}
}

func TestVocabulary_roundTrip(t *testing.T) {
	c := count(t, sample(), text.Union())
	v := c.Vocabulary(rows(c.Docs()), text.Union())
	f, err := artifact.Decode(encoded(t, v.Tensors()), artifact.Limits{})
	if err != nil {
		t.Fatalf("Decode = %v", err)
	}
	again, err := text.VocabularyOf(f, v.Recipe())
	if err != nil {
		t.Fatalf("VocabularyOf = %v", err)
	}
	var s, z text.Scratch
	for _, doc := range sample() {
		index, value := again.Vectorize(&s, doc)
		wantIndex, wantValue := v.Vectorize(&z, doc)
		if !slices.Equal(index, wantIndex) || !slices.Equal(value, wantValue) {
			t.Errorf("Vectorize(%q) after a round trip = %v %v, want %v %v", doc, index, value, wantIndex, wantValue)
		}
	}
}

func TestVocabularyOf_refuses(t *testing.T) {
	nan := float32(math.NaN())
	tests := []struct {
		name string
		put  artifact.Tensor
	}{
		{"frequency not a number", artifact.FromFloat32s("terms.idf", nil, []float32{1, nan, 1})},
		{"frequency of nothing", artifact.FromFloat32s("terms.idf", nil, []float32{1, 0, 1})},
		{"frequency too large", artifact.FromFloat32s("terms.idf", nil, []float32{1, 1e30, 1})},
		{"frequencies missing", artifact.FromFloat32s("terms.idf", nil, []float32{1})},
		{"a term twice", artifact.FromBytes("terms.bytes", nil, []byte("aaa b"))},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			c := count(t, []string{"a b"}, text.Word())
			tensors := c.Vocabulary(rows(1), text.Word()).Tensors()
			for i := range tensors {
				if tensors[i].Name == tc.put.Name {
					tensors[i] = tc.put
				}
			}
			f, err := artifact.Decode(encoded(t, tensors), artifact.Limits{})
			if err != nil {
				t.Fatalf("Decode = %v", err)
			}
			_, err = text.VocabularyOf(f, text.Word())
			if _, ok := errors.AsType[*text.FormatError](err); !ok {
				t.Errorf("VocabularyOf = %v, want a FormatError", err)
			}
		})
	}
}

func TestRecipeNamed(t *testing.T) {
	for _, name := range []string{"word", "union"} {
		r, ok := text.RecipeNamed(name)
		if !ok || r.Name != name || r.Check() != nil {
			t.Errorf("RecipeNamed(%q) = %+v, %v", name, r, ok)
		}
	}
	if _, ok := text.RecipeNamed("stew"); ok {
		t.Error("RecipeNamed(stew) = true, want false")
	}
}
