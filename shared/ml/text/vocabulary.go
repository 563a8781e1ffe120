package text

import (
	"sync"

	"godwit/shared/ml/sparse"
)

// Vocabulary is the list of features of a model: terms, or the buckets that
// terms are hashed to (Hashed), numbered from 0, and their inverse document
// frequencies. It does not change and is safe for concurrent use.
type Vocabulary struct {
	recipe Recipe
	terms  // of a hashed vocabulary only the family, the first of the block
	idf    []float32

	hashBits uint8    // 0: features are terms
	bucket   []uint32 // of a hashed vocabulary, by feature, as bucketOf gives it

	corpus []int32 // of a vocabulary of a corpus: feature of each term of it, -1 for none

	once  sync.Once // guards the index of a vocabulary made from a corpus
	index index
}

// Vocabulary returns the features that rows of the corpus give under a recipe:
// document frequencies are counted over these rows only, so that held-out rows
// cannot leak into it. rows must be row numbers of the corpus; the recipe must
// be one the corpus was counted for, its MinDocs apart.
func (c *Corpus) Vocabulary(rows []int32, r Recipe) *Vocabulary {
	return newVocabulary(&c.terms, c.frequencies(rows), len(rows), r)
}

// newVocabulary makes features of the terms that a recipe keeps; df is in how
// many of so many documents each occurs.
func newVocabulary(all *terms, df []int32, docs int, r Recipe) *Vocabulary {
	// Counted before anything is copied, so that every slice is made once in its
	// size: folds make a vocabulary each.
	v := &Vocabulary{recipe: r, corpus: make([]int32, len(df))}
	kept, size := 0, 0 // features, and the bytes of their terms
	for t, n := range df {
		v.corpus[t] = -1
		if least := r.MinDocs[all.family[t]]; least > 0 && int(n) >= least {
			v.corpus[t] = int32(kept)
			kept++
			size += len(all.bytes(int32(t)))
		}
	}
	v.terms = terms{
		family: make([]Family, 0, kept),
		start:  append(make([]uint32, 0, kept+1), 0),
		blob:   make([]byte, 0, size),
	}
	v.idf = make([]float32, 0, kept)
	for t, f := range v.corpus {
		if f >= 0 {
			v.terms.add(all.family[t], all.bytes(int32(t)))
			v.idf = append(v.idf, inverseFrequency(docs, int(df[t])))
		}
	}
	return v
}

// Len returns how many features there are.
func (v *Vocabulary) Len() int { return len(v.idf) }

// Recipe returns the recipe the vocabulary was made with.
func (v *Vocabulary) Recipe() Recipe { return v.recipe }

// Term returns the family and the characters of a feature. Of a hashed
// vocabulary, which has no terms, these are the first family of the feature's
// block and nothing.
func (v *Vocabulary) Term(feature int32) (Family, string) {
	if v.hashBits > 0 {
		return v.family[feature], ""
	}
	return v.family[feature], string(v.terms.bytes(feature))
}

// Matrix returns rows of the corpus as TF-IDF rows over the vocabulary, which
// must come from the same corpus: (1 + ln count) x IDF, the counts of what shares
// a bucket added before the logarithm, then each block (words,
// pairs and streams; inner character n-grams) scaled to Euclidean length 1. A
// row without any feature is empty.
func (c *Corpus) Matrix(v *Vocabulary, rows []int32) *sparse.Matrix {
	if v.hashBits > 0 {
		return c.hashedMatrix(v, rows)
	}
	m := &sparse.Matrix{Rows: len(rows), Cols: v.Len(), Start: make([]int64, 1, len(rows)+1)}
	// Two passes: the first finds the sizes, for a matrix that grew would be held
	// twice.
	size := 0
	for _, i := range rows {
		term, _ := c.row(i)
		for _, t := range term {
			if v.corpus[t] >= 0 {
				size++
			}
		}
		m.Start = append(m.Start, int64(size))
	}
	m.Index = make([]int32, size)
	m.Value = make([]float32, size)
	var kept []uint16
	for k, i := range rows {
		index, value := m.Row(k)
		term, count := c.row(i)
		kept = kept[:0]
		for j, t := range term {
			if f := v.corpus[t]; f >= 0 {
				index[len(kept)] = f
				kept = append(kept, count[j])
			}
		}
		v.weigh(value, index, kept)
	}
	return m
}

// Vectorize returns the features of a document, ascending, and their values,
// equal to those Matrix gives for the same document. Both slices belong to s
// and hold until its next use. Once s is warm nothing is allocated.
func (v *Vocabulary) Vectorize(s *Scratch, doc string) (index []int32, value []float32) {
	v.count(s, doc)
	s.counter.sort()
	return v.values(s)
}

// Features is Vectorize without the sorting: features come in the order of
// their first occurrence among the tokens, which is the same for every call.
func (v *Vocabulary) Features(s *Scratch, doc string) (index []int32, value []float32) {
	v.count(s, doc)
	return v.values(s)
}

// count fills the counter with the features of a document.
func (v *Vocabulary) count(s *Scratch, doc string) {
	x := v.lookup()
	s.tokenize(&v.recipe, doc)
	s.counter.reset(len(s.tokens))
	for _, t := range s.tokens {
		if f := v.find(x, s, t); f >= 0 {
			s.counter.add(f, 1)
		}
	}
}

// find returns the feature of a token of the document just read, -1 for none.
func (v *Vocabulary) find(x index, s *Scratch, t token) int32 {
	if v.hashBits > 0 {
		return x.findBucket(s.bucketOf(t, v.hashBits))
	}
	return x.find(&v.terms, t.family, s.bytes(t))
}

// values weighs what was counted.
func (v *Vocabulary) values(s *Scratch) ([]int32, []float32) {
	c := &s.counter
	for cap(c.value) < len(c.feature) {
		c.value = append(c.value[:cap(c.value)], 0)
	}
	c.value = c.value[:len(c.feature)]
	v.weigh(c.value, c.feature, c.count)
	return c.feature, c.value
}

// lookup returns the index, built on first use: a vocabulary that only serves
// a fold never needs one.
func (v *Vocabulary) lookup() index {
	v.once.Do(func() {
		if v.index.slot == nil {
			v.index, _ = v.newIndex()
		}
	})
	return v.index
}

// newIndex builds the index and reports the first feature that occurs twice,
// -1 for none.
func (v *Vocabulary) newIndex() (x index, twice int32) {
	if v.hashBits > 0 {
		return newBucketIndex(v.bucket)
	}
	return newIndex(&v.terms)
}
