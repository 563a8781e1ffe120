package text

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"godwit/shared/ml/artifact"
)

// FormatError says why stored terms or counts cannot be used.
type FormatError struct {
	Tensor string // the tensor at fault
	Msg    string // what is wrong with it
}

// Error names the tensor and the fault.
func (e *FormatError) Error() string { return "text: tensor " + e.Tensor + ": " + e.Msg }

// The tensors of a corpus, of a vocabulary, and of a hashed one.
const (
	tensorRecipe = "corpus.recipe"
	tensorRows   = "corpus.rows"
	tensorTerm   = "corpus.term"
	tensorCount  = "corpus.count"

	tensorFamily = "terms.family"
	tensorStart  = "terms.start"
	tensorBlob   = "terms.bytes"
	tensorIDF    = "terms.idf"

	tensorBucket    = "hashed.bucket"
	tensorBucketIDF = "hashed.idf"
)

// tensors returns the list of terms as tensors that alias it.
func (t *terms) tensors() []artifact.Tensor {
	families := make([]byte, len(t.family))
	for i, f := range t.family {
		families[i] = byte(f)
	}
	return []artifact.Tensor{
		artifact.FromBytes(tensorFamily, nil, families),
		artifact.FromUint32s(tensorStart, nil, t.start),
		artifact.FromBytes(tensorBlob, nil, t.blob),
	}
}

// termsOf reads and checks a list of terms. The result aliases the file.
func termsOf(f *artifact.File) (terms, error) {
	family, err := column(f, tensorFamily, artifact.Bytes)
	if err != nil {
		return terms{}, err
	}
	start, err := column(f, tensorStart, artifact.Uint32s)
	if err != nil {
		return terms{}, err
	}
	blob, err := column(f, tensorBlob, artifact.Bytes)
	if err != nil {
		return terms{}, err
	}
	if err := checkOffsets(tensorStart, start, len(family), uint32(len(blob))); err != nil {
		return terms{}, err
	}
	t := terms{family: make([]Family, len(family)), start: start, blob: blob}
	for i, b := range family {
		if b >= Families {
			return terms{}, &FormatError{tensorFamily, fmt.Sprintf("term %d of family %d", i, b)}
		}
		t.family[i] = Family(b)
	}
	return t, nil
}

// column returns a tensor's elements in the type they are stored in.
func column[T any](f *artifact.File, name string, view func(artifact.Tensor) ([]T, error)) ([]T, error) {
	t, ok := f.Tensor(name)
	if !ok {
		return nil, &FormatError{name, "is missing"}
	}
	v, err := view(t)
	if err != nil {
		return nil, fmt.Errorf("text: read %s: %w", name, err)
	}
	return v, nil
}

// checkOffsets verifies n+1 offsets that rise from 0 to end.
func checkOffsets[T uint32 | int64](name string, start []T, n int, end T) error {
	if len(start) != n+1 || start[0] != 0 || start[n] != end {
		return &FormatError{name, fmt.Sprintf("%d offsets for %d items that end at %d", len(start), n, end)}
	}
	for i := range n {
		if start[i] > start[i+1] {
			return &FormatError{name, fmt.Sprintf("offsets fall after item %d", i)}
		}
	}
	return nil
}

// Tensors returns the corpus as tensors for a work file; they alias it.
func (c *Corpus) Tensors() []artifact.Tensor {
	recipe, _ := json.Marshal(c.recipe) // numbers and a string: cannot fail
	return append(c.terms.tensors(),
		artifact.FromBytes(tensorRecipe, nil, recipe),
		artifact.FromInt64s(tensorRows, nil, c.start),
		artifact.FromInt32s(tensorTerm, nil, c.term),
		artifact.FromUint16s(tensorCount, nil, c.count),
	)
}

// CorpusOf reads a corpus from the tensors of a file, which it aliases. It
// checks everything that later reads rely on and fails with a *FormatError or
// an *artifact.Error.
func CorpusOf(f *artifact.File) (*Corpus, error) {
	var c Corpus
	var err error
	if c.recipe, err = recipeOf(f); err != nil {
		return nil, err
	}
	if c.terms, err = termsOf(f); err != nil {
		return nil, err
	}
	if c.start, err = column(f, tensorRows, artifact.Int64s); err != nil {
		return nil, err
	}
	if c.term, err = column(f, tensorTerm, artifact.Int32s); err != nil {
		return nil, err
	}
	if c.count, err = column(f, tensorCount, artifact.Uint16s); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return &c, nil
}

// recipeOf reads and checks what was counted.
func recipeOf(f *artifact.File) (r Recipe, err error) {
	raw, err := column(f, tensorRecipe, artifact.Bytes)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, &FormatError{tensorRecipe, err.Error()}
	}
	if err := r.Check(); err != nil {
		return r, &FormatError{tensorRecipe, err.Error()}
	}
	return r, nil
}

// check verifies the rows of a corpus that was read.
func (c *Corpus) check() error {
	if len(c.start) == 0 {
		return &FormatError{tensorRows, "no offsets"}
	}
	if err := checkOffsets(tensorRows, c.start, len(c.start)-1, int64(len(c.term))); err != nil {
		return err
	}
	if len(c.count) != len(c.term) {
		return &FormatError{tensorCount, fmt.Sprintf("%d counts for %d terms", len(c.count), len(c.term))}
	}
	for i := range c.Docs() {
		last := int32(-1)
		term, count := c.row(int32(i))
		for k, t := range term {
			if t <= last || int(t) >= c.terms.len() || count[k] == 0 {
				return &FormatError{tensorTerm, fmt.Sprintf("document %d: term %d, %d times, after %d", i, t, count[k], last)}
			}
			last = t
		}
	}
	return nil
}

// Tensors returns the vocabulary as tensors of an artifact; they alias it. Those
// of a hashed vocabulary hold no terms.
func (v *Vocabulary) Tensors() []artifact.Tensor {
	if v.hashBits > 0 {
		return []artifact.Tensor{
			artifact.FromUint32s(tensorBucket, nil, v.bucket),
			artifact.FromFloat32s(tensorBucketIDF, nil, v.idf),
		}
	}
	return append(v.terms.tensors(), artifact.FromFloat32s(tensorIDF, nil, v.idf))
}

// VocabularyOf reads a vocabulary from the tensors of a file, which it
// aliases, builds its index, and checks everything: it fails with a
// *FormatError or an *artifact.Error.
func VocabularyOf(f *artifact.File, r Recipe) (*Vocabulary, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	t, err := termsOf(f)
	if err != nil {
		return nil, err
	}
	idf, err := frequencies(f, tensorIDF, t.len())
	if err != nil {
		return nil, err
	}
	v := &Vocabulary{recipe: r, terms: t, idf: idf}
	twice := int32(0)
	if v.index, twice = v.newIndex(); twice >= 0 {
		return nil, &FormatError{tensorBlob, fmt.Sprintf("term %d is there twice", twice)}
	}
	return v, nil
}

// frequencies reads and checks the inverse document frequencies of n features.
func frequencies(f *artifact.File, name string, n int) ([]float32, error) {
	idf, err := column(f, name, artifact.Float32s)
	if err != nil {
		return nil, err
	}
	if len(idf) != n {
		return nil, &FormatError{name, fmt.Sprintf("%d numbers for %d features", len(idf), n)}
	}
	for i, x := range idf {
		// Rows below 2^31 keep the largest possible value under 23.
		if !(x > 0) || x > math.MaxInt8 {
			return nil, &FormatError{name, fmt.Sprintf("feature %d has %v", i, x)}
		}
	}
	return idf, nil
}

// Compact returns the vocabulary of the features that are kept; order gives
// the old number of each. The most frequent come first: what most documents
// need then lies together in memory, here and in whatever is stored by
// feature. keep must have Len elements.
func (v *Vocabulary) Compact(keep []bool) (compact *Vocabulary, order []int32) {
	for id := range int32(v.Len()) {
		if keep[id] {
			order = append(order, id)
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(v.idf[a], v.idf[b]) })
	compact = &Vocabulary{recipe: v.recipe, hashBits: v.hashBits, idf: make([]float32, 0, len(order))}
	for _, id := range order {
		compact.idf = append(compact.idf, v.idf[id])
	}
	if v.hashBits > 0 {
		compact.bucket = make([]uint32, 0, len(order))
		for _, id := range order {
			compact.bucket = append(compact.bucket, v.bucket[id])
		}
		compact.family = familiesOf(compact.bucket, v.hashBits)
	} else {
		compact.terms = v.terms.pick(order)
	}
	compact.index, _ = compact.newIndex()
	return compact, order
}

// pick returns the terms of these numbers, in this order.
func (t *terms) pick(order []int32) terms {
	size := 0
	for _, id := range order {
		size += len(t.bytes(id))
	}
	picked := terms{
		family: make([]Family, 0, len(order)),
		start:  append(make([]uint32, 0, len(order)+1), 0),
		blob:   make([]byte, 0, size),
	}
	for _, id := range order {
		picked.add(t.family[id], t.bytes(id))
	}
	return picked
}

// Bytes returns the memory the vocabulary holds, its index included.
func (v *Vocabulary) Bytes() int64 {
	return int64(len(v.family)) + 4*int64(len(v.terms.start)) + int64(len(v.blob)) + 4*int64(len(v.idf)) +
		4*int64(len(v.bucket)) + 4*int64(len(v.corpus)) + IndexBytes(v.Len())
}

// IndexBytes returns the memory that the index of n terms takes, which is not
// stored but built when a vocabulary is read.
func IndexBytes(n int) int64 { return 8 * int64(indexSlots(n)) }
