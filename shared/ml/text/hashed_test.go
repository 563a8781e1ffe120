package text_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/text"
	"godwit/shared/ml/xxh64"
)

func TestHashed_vectorizeEqualsMatrix(t *testing.T) {
	docs := append(sample(), strings.Repeat("again ", 1<<16), strings.Repeat("of one bucket ", 40))
	for _, recipe := range []text.Recipe{text.Word(), text.Union(), every(0, 1, 2, 3)} {
		c := count(t, docs, recipe)
		for _, bits := range []int{text.MinHashBits, 14, text.MaxHashBits} {
			t.Run(fmt.Sprintf("%s/%d", recipe.Name, bits), func(t *testing.T) {
				// The last documents are new to the vocabulary.
				v := c.Hashed(rows(len(docs)-20), recipe, bits)
				m := c.Matrix(v, rows(len(docs)))
				if err := m.Check(); err != nil {
					t.Fatalf("matrix: %v", err)
				}
				var s text.Scratch
				for i, doc := range docs {
					index, value := v.Vectorize(&s, doc)
					wantIndex, wantValue := m.Row(i)
					if !slices.Equal(index, wantIndex) || !slices.Equal(value, wantValue) {
						t.Errorf("Vectorize(%.50q) = %v %v, want %v %v", doc, index, value, wantIndex, wantValue)
					}
				}
			})
		}
	}
}

// Where no two terms share a bucket, hashing changes the order of the features
// and nothing else.
func TestHashed_withoutCollisions(t *testing.T) {
	c := count(t, sample(), text.Union())
	plain, hashed := c.Vocabulary(rows(c.Docs()), text.Union()), c.Hashed(rows(c.Docs()), text.Union(), text.MaxHashBits)
	if hashed.Len() != plain.Len() {
		t.Fatalf("%d buckets for %d terms: the sample has collisions", hashed.Len(), plain.Len())
	}
	var s, z text.Scratch
	for _, doc := range append(sample(), "a cat of the row 👍🏽") {
		_, got := hashed.Features(&s, doc)
		_, want := plain.Features(&z, doc)
		if !slices.Equal(got, want) {
			t.Errorf("Features(%q) = %v, want %v", doc, got, want)
		}
	}
}

// colliding returns two words of one bucket and one of another.
func colliding(t *testing.T, bits int) (a, b, other string) {
	t.Helper()
	first := map[uint64]string{}
	for i := range 1 << 14 {
		word := fmt.Sprintf("w%d", i)
		// The family of words is 0.
		bucket := xxh64.Sum(append([]byte{0}, word...), 0) & (1<<bits - 1)
		if was := first[bucket]; was != "" {
			return was, word, other
		}
		first[bucket], other = word, word
	}
	t.Fatal("no two words collide")
	return "", "", ""
}

// Terms that share a bucket are one feature: their counts add up, and a
// document that has either has the feature.
func TestHashed_sumsCollisions(t *testing.T) {
	const bits = 12
	a, b, other := colliding(t, bits)
	recipe := every(text.FamilyWord)
	docs := []string{a + " " + other, b + " " + other, other, a + " " + a + " " + b + " " + other}
	c := count(t, docs, recipe)
	v := c.Hashed(rows(3), recipe, bits)
	if v.Len() != 2 {
		t.Fatalf("Len() = %d, want 2", v.Len())
	}
	// Of three rows two have the shared bucket, one by either word.
	shared, common := math.Log(4./3)+1, math.Log(4./4)+1
	tf := 1 + math.Log(3)
	norm := math.Hypot(tf*shared, common)
	want := []float64{tf * shared / norm, common / norm}
	var s text.Scratch
	_, value := v.Features(&s, docs[3])
	for i, w := range want {
		if len(value) != 2 || math.Abs(float64(value[i])-w) > 1e-6 {
			t.Fatalf("Features = %v, want %v", value, want)
		}
	}
	if _, value := c.Hashed(rows(1), recipe, bits).Features(&s, b); len(value) != 1 {
		t.Errorf("a word in a known bucket, itself never seen, has %d features, want 1", len(value))
	}
	if _, _, found := v.Locate(&s, docs[3]); len(found) != 4 {
		t.Errorf("%d occurrences, want 4", len(found))
	}
}

// The floor of document frequency is one of buckets, and the least of the
// families found in it.
func TestHashed_floorByBucket(t *testing.T) {
	const bits = 12
	a, b, other := colliding(t, bits)
	recipe := every(text.FamilyWord)
	recipe.MinDocs[text.FamilyWord] = 2
	c := count(t, []string{a, b, other}, recipe)
	v := c.Hashed(rows(3), recipe, bits)
	var s text.Scratch
	for doc, want := range map[string]int{a: 1, b: 1, other: 0} {
		if index, _ := v.Features(&s, doc); len(index) != want {
			t.Errorf("Features(%q) has %d features, want %d", doc, len(index), want)
		}
	}
}

func TestHashed_allocatesNothingWarm(t *testing.T) {
	c := count(t, sample(), text.Union())
	v := c.Hashed(rows(c.Docs()), text.Union(), 16)
	var s text.Scratch
	docs := append(sample(), strings.Repeat("a longer text with ﬁ and 世界 ", 50))
	read := func() {
		for _, doc := range docs {
			v.Vectorize(&s, doc)
		}
	}
	read()
	if got := testing.AllocsPerRun(20, read); got != 0 {
		t.Errorf("Vectorize allocates %v times when warm, want 0", got)
	}
}

func TestHashed_roundTrip(t *testing.T) {
	c := count(t, sample(), text.Union())
	whole := c.Hashed(rows(c.Docs()), text.Union(), 12)
	keep := make([]bool, whole.Len())
	for i := range keep {
		keep[i] = i%3 != 0
	}
	v, order := whole.Compact(keep)
	data := encoded(t, v.Tensors())
	f, err := artifact.Decode(data, artifact.Limits{})
	if err != nil {
		t.Fatalf("Decode = %v", err)
	}
	again, err := text.HashedOf(f, v.Recipe(), 12)
	if err != nil {
		t.Fatalf("HashedOf = %v", err)
	}
	if len(order) != again.Len() || again.Bytes() != v.Bytes() || !slices.Equal(encoded(t, again.Tensors()), data) {
		t.Errorf("%d features of %d bytes after a round trip, want %d of %d", again.Len(), again.Bytes(), len(order), v.Bytes())
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

// Nothing of a document stands in what is stored, nor can it be told.
func TestHashed_keepsNoTerms(t *testing.T) {
	c := count(t, []string{"confidential moltke", "moltke secrets"}, text.Union())
	v := c.Hashed(rows(2), text.Union(), 18)
	data := string(encoded(t, v.Tensors()))
	for _, word := range []string{"confidential", "moltke", "secrets", "terms."} {
		if strings.Contains(data, word) {
			t.Errorf("%q is in the file", word)
		}
	}
	for f := range int32(v.Len()) {
		if _, term := v.Term(f); term != "" {
			t.Errorf("Term(%d) = %q", f, term)
		}
	}
}

// hashedFile is a hashed vocabulary of two features as a file.
func hashedFile(t testing.TB, bucket []uint32, idf []float32) *artifact.File {
	t.Helper()
	f, err := artifact.Decode(encoded(t, []artifact.Tensor{
		artifact.FromUint32s("hashed.bucket", nil, bucket), artifact.FromFloat32s("hashed.idf", nil, idf),
	}), artifact.Limits{})
	if err != nil {
		t.Fatalf("Decode = %v", err)
	}
	return f
}

func TestHashedOf_refuses(t *testing.T) {
	nan := float32(math.NaN())
	for _, tc := range []struct {
		name   string
		bucket []uint32
		idf    []float32
		bits   int
	}{
		{"bucket out of range", []uint32{1, 2 << 10}, []float32{1, 1}, 10},
		{"a bucket twice", []uint32{7, 7}, []float32{1, 1}, 10},
		{"frequencies missing", []uint32{1, 2}, []float32{1}, 10},
		{"frequency not a number", []uint32{1, 2}, []float32{1, nan}, 10},
		{"too few bits", []uint32{1, 2}, []float32{1, 1}, 9},
		{"too many bits", []uint32{1, 2}, []float32{1, 1}, 23},
	} {
		if _, err := text.HashedOf(hashedFile(t, tc.bucket, tc.idf), text.Word(), tc.bits); err == nil {
			t.Errorf("%s: HashedOf accepts it", tc.name)
		}
	}
	good := hashedFile(t, []uint32{1, 2}, []float32{1, 1})
	if _, err := text.HashedOf(good, text.Word(), 10); err != nil {
		t.Errorf("HashedOf = %v", err)
	}
	if _, err := text.HashedOf(good, text.Recipe{MinDocs: [text.Families]int{-1}}, 10); err == nil {
		t.Error("HashedOf accepts a recipe that cannot be")
	}
	_, err := text.VocabularyOf(good, text.Word())
	if _, ok := errors.AsType[*text.FormatError](err); !ok {
		t.Errorf("VocabularyOf of a hashed file = %v, want a FormatError", err)
	}
}

func FuzzHashedOf(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 2, 4, 0, 0}, []byte{0, 0, 128, 63, 0, 0, 128, 63}, 10)
	f.Fuzz(func(t *testing.T, bucket, idf []byte, bits int) {
		b, x := make([]uint32, len(bucket)/4), make([]float32, len(idf)/4)
		for i := range b {
			b[i] = binary.LittleEndian.Uint32(bucket[4*i:])
		}
		for i := range x {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(idf[4*i:]))
		}
		v, err := text.HashedOf(hashedFile(t, b, x), text.Union(), bits)
		if err != nil {
			return
		}
		// What was accepted must be safe to use.
		var s text.Scratch
		for _, doc := range sample() {
			v.Vectorize(&s, doc)
			v.Locate(&s, doc)
		}
		v.Compact(make([]bool, v.Len()))
	})
}
