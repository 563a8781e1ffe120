package text

import (
	"fmt"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/sparse"
	"godwit/shared/ml/xxh64"
)

// MinHashBits and MaxHashBits bound the bits of a hashed vocabulary: below,
// nearly all terms of any language would collide; above, hashing saves nothing
// over keeping the terms.
const (
	MinHashBits = 10
	MaxHashBits = 22
)

// bucketOf returns the bucket of a term: the low bits of the XXH64 of its
// family and bytes, and above them its block. Blocks are scaled apart from each
// other, so that a bucket must be of one. buf is room for the hashed bytes, and
// is returned for the next term.
func bucketOf(buf []byte, f Family, term []byte, bits uint8) (uint32, []byte) {
	buf = append(append(buf[:0], byte(f)), term...)
	low := uint32(xxh64.Sum(buf, 0)) & (1<<bits - 1)
	return uint32(blockOf[f])<<bits | low, buf
}

// bucketOf returns the bucket of a token of the document just read.
func (s *Scratch) bucketOf(t token, bits uint8) (bucket uint32) {
	bucket, s.hashed = bucketOf(s.hashed, t.family, s.bytes(t), bits)
	return bucket
}

// familiesOf gives each bucket a family of its block.
func familiesOf(bucket []uint32, bits uint8) []Family {
	family := make([]Family, len(bucket))
	for i, b := range bucket {
		if b>>bits == blockChar {
			family[i] = FamilyChar
		}
	}
	return family
}

// Hashed returns the features that rows of the corpus give under a recipe when
// terms are not kept: each falls into one of 2^bits buckets, those of Char in as
// many of their own, and what shares a bucket is one feature. Document
// frequencies are counted by bucket, over these rows only. A bucket is kept
// that occurs in MinDocs rows for one of the families found in it.
//
// rows and recipe are those of Vocabulary; bits must be from MinHashBits to
// MaxHashBits. The buckets are no secret: who has a word can look up whether it
// may have been there. But no term can be read from them.
func (c *Corpus) Hashed(rows []int32, r Recipe, bits int) *Vocabulary {
	v := &Vocabulary{recipe: r, hashBits: uint8(bits)}
	bucket := c.buckets(&r, v.hashBits)
	size := 1 << bits // of buckets, in all blocks
	if r.Uses(FamilyChar) {
		size *= blocks
	}
	df, found := c.bucketFrequencies(bucket, rows, size)
	keep := make([]bool, size)
	for t, b := range bucket {
		if found[t] && int(df[b]) >= r.MinDocs[c.terms.family[t]] {
			keep[b] = true
		}
	}
	feature := make([]int32, size) // of each bucket, -1 for none
	for b := range feature {
		feature[b] = -1
		if keep[b] {
			feature[b] = int32(len(v.bucket))
			v.bucket = append(v.bucket, uint32(b))
			v.idf = append(v.idf, inverseFrequency(len(rows), int(df[b])))
		}
	}
	// A term that these rows do not have counts all the same when others in its
	// bucket do, as it will in a new document.
	for t, b := range bucket {
		if b >= 0 {
			bucket[t] = feature[b]
		}
	}
	v.corpus, v.family = bucket, familiesOf(v.bucket, v.hashBits)
	return v
}

// buckets returns the bucket of each term, -1 for those of families that the
// recipe does not use.
func (c *Corpus) buckets(r *Recipe, bits uint8) []int32 {
	bucket := make([]int32, c.terms.len())
	var buf []byte
	for t := range int32(len(bucket)) {
		bucket[t] = -1
		if f := c.terms.family[t]; r.Uses(f) {
			var b uint32
			b, buf = bucketOf(buf, f, c.terms.bytes(t), bits)
			bucket[t] = int32(b)
		}
	}
	return bucket
}

// bucketFrequencies returns in how many of the rows each of size buckets occurs,
// and of each term whether it occurs at all.
func (c *Corpus) bucketFrequencies(bucket []int32, rows []int32, size int) (df []int32, found []bool) {
	df, found = make([]int32, size), make([]bool, len(bucket))
	last := make([]int32, size) // the row a bucket was last met in, from 1
	for k, i := range rows {
		term, _ := c.row(i)
		for _, t := range term {
			b := bucket[t]
			if b < 0 {
				continue
			}
			found[t] = true
			if last[b] != int32(k)+1 {
				last[b] = int32(k) + 1
				df[b]++
			}
		}
	}
	return df, found
}

// hashedMatrix is Matrix of a hashed vocabulary, where several terms of a row
// may be one feature and the order of terms is not that of features.
func (c *Corpus) hashedMatrix(v *Vocabulary, rows []int32) *sparse.Matrix {
	m := &sparse.Matrix{Rows: len(rows), Cols: v.Len(), Start: make([]int64, 1, len(rows)+1)}
	var s Scratch
	for _, i := range rows {
		term, count := c.row(i)
		s.counter.reset(len(term))
		for k, t := range term {
			if f := v.corpus[t]; f >= 0 {
				s.counter.add(f, count[k])
			}
		}
		s.counter.sort()
		index, value := v.values(&s)
		m.Index = append(m.Index, index...)
		m.Value = append(m.Value, value...)
		m.Start = append(m.Start, int64(len(m.Index)))
	}
	return m
}

// HashedOf reads a hashed vocabulary from the tensors of a file, which it
// aliases, builds its index, and checks everything: it fails with a
// *FormatError or an *artifact.Error, or when recipe or bits cannot be.
func HashedOf(f *artifact.File, r Recipe, bits int) (*Vocabulary, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	if bits < MinHashBits || bits > MaxHashBits {
		return nil, fmt.Errorf("text: %d hash bits", bits)
	}
	bucket, err := column(f, tensorBucket, artifact.Uint32s)
	if err != nil {
		return nil, err
	}
	for i, b := range bucket {
		if b >= blocks<<bits {
			return nil, &FormatError{tensorBucket, fmt.Sprintf("feature %d in bucket %d", i, b)}
		}
	}
	idf, err := frequencies(f, tensorBucketIDF, len(bucket))
	if err != nil {
		return nil, err
	}
	v := &Vocabulary{recipe: r, hashBits: uint8(bits), bucket: bucket, idf: idf}
	v.family = familiesOf(bucket, v.hashBits)
	twice := int32(0)
	if v.index, twice = v.newIndex(); twice >= 0 {
		return nil, &FormatError{tensorBucket, fmt.Sprintf("the bucket of feature %d is there twice", twice)}
	}
	return v, nil
}

// spread scatters bucket numbers over 64 bits (Knuth, 6.4): buckets that are
// neighbours must not be so in an index, whose places go by the high bits.
func spread(bucket uint32) uint64 { return uint64(bucket+1) * 0x9e3779b97f4a7c15 }

// newBucketIndex builds the index of buckets and reports the first feature
// whose bucket occurs twice, -1 for none. A slot holds the whole bucket number.
func newBucketIndex(bucket []uint32) (x index, twice int32) {
	x.slot = make([]slot, indexSlots(len(bucket)))
	for id, b := range bucket {
		at := place(spread(b), len(x.slot))
		for x.slot[at] != 0 {
			if x.slot[at].matches(uint64(b)) {
				return x, int32(id)
			}
			if at++; at == len(x.slot) {
				at = 0
			}
		}
		x.slot[at] = slotOf(uint64(b), int32(id))
	}
	return x, -1
}

// findBucket returns the feature of a bucket, -1 for none.
func (x index) findBucket(b uint32) int32 {
	for at := place(spread(b), len(x.slot)); x.slot[at] != 0; {
		if s := x.slot[at]; s.matches(uint64(b)) {
			return s.id()
		}
		if at++; at == len(x.slot) {
			at = 0
		}
	}
	return -1
}
