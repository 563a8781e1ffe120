package text

import (
	"encoding/json"
	"fmt"
	"slices"

	"godwit/shared/ml/artifact"
)

// Census is what documents hold that may be divided over machines: their
// distinct terms, and in how many documents each occurs. Each machine counts its
// own run of documents and takes a census; Merge makes one of them all; from that
// comes the vocabulary, and with Align each machine encodes its own rows by it.
// The numbers of terms and features, the inverse document frequencies and the
// rows are to the bit those of counting all documents at one go. A Census does
// not change and is safe for concurrent use.
type Census struct {
	recipe Recipe
	terms  terms
	docs   int
	in     []int32 // documents of each term
}

// Census counts in how many of the given rows of the corpus each of its terms
// occurs. rows must be row numbers of the corpus.
func (c *Corpus) Census(rows []int32) *Census {
	return &Census{recipe: c.recipe, terms: c.terms, docs: len(rows), in: c.frequencies(rows)}
}

// frequencies counts in how many of the rows each term occurs.
func (c *Corpus) frequencies(rows []int32) []int32 {
	df := make([]int32, c.terms.len())
	for _, i := range rows {
		term, _ := c.row(i)
		for _, t := range term {
			df[t]++
		}
	}
	return df
}

// Docs returns how many documents were counted.
func (s *Census) Docs() int { return s.docs }

// Terms returns how many distinct terms there are.
func (s *Census) Terms() int { return s.terms.len() }

// Merge makes one census of those of runs of documents, in the order of the
// runs: terms are numbered by family, then by first occurrence. It fails with
// ErrTooManyTerms, and when there is none or they were counted by different
// recipes.
func Merge(parts []*Census) (*Census, error) {
	if len(parts) == 0 {
		return nil, fmt.Errorf("text: merge: there is no census")
	}
	var all table
	var in []int32
	sum := &Census{recipe: parts[0].recipe}
	for k, p := range parts {
		if p.recipe != sum.recipe {
			return nil, fmt.Errorf("text: merge: census %d was counted by recipe %+v, the first by %+v", k, p.recipe, sum.recipe)
		}
		for id := range int32(p.terms.len()) {
			family, b := p.terms.family[id], p.terms.bytes(id)
			number := all.number(hash(family, b), family, b)
			if int(number) == len(in) {
				in = append(in, 0)
			}
			in[number] += p.in[id]
			if len(all.blob) > maxBlob/2 {
				return nil, ErrTooManyTerms
			}
		}
		sum.docs += p.docs
	}
	var final []int32
	sum.terms, final = all.arrange()
	sum.in = make([]int32, len(in))
	for id, n := range in {
		sum.in[final[id]] = n
	}
	return sum, nil
}

// Vocabulary returns the features of all documents under a recipe, as
// Corpus.Vocabulary does for rows of one corpus.
func (s *Census) Vocabulary(r Recipe) *Vocabulary { return newVocabulary(&s.terms, s.in, s.docs, r) }

// Align returns the corpus with the terms and the numbers of a census, so that
// its rows can be encoded by a vocabulary of that. It fails with a *FormatError
// when the census lacks a term, not having been made of this corpus.
func (c *Corpus) Align(s *Census) (*Corpus, error) {
	x, _ := newIndex(&s.terms)
	number := make([]int32, c.terms.len())
	for id := range number {
		family, b := c.terms.family[id], c.terms.bytes(int32(id))
		if number[id] = x.find(&s.terms, family, b); number[id] < 0 {
			return nil, &FormatError{tensorFamily, fmt.Sprintf("term %q of the corpus is not in the census", b)}
		}
	}
	a := &Corpus{recipe: s.recipe, terms: s.terms, start: c.start, count: slices.Clone(c.count), term: make([]int32, len(c.term))}
	for k, id := range c.term {
		a.term[k] = number[id]
	}
	a.sortRows(1)
	return a, nil
}

// The tensors of a census beside those of its terms and recipe.
const (
	tensorDocs = "census.documents" // I64 [1]
	tensorIn   = "census.in"        // I32 [terms]
)

// Tensors returns the census as tensors for a work file; they alias it.
func (s *Census) Tensors() []artifact.Tensor {
	recipe, _ := json.Marshal(s.recipe) // numbers and a string: cannot fail
	return append(s.terms.tensors(),
		artifact.FromBytes(tensorRecipe, nil, recipe),
		artifact.FromInt64s(tensorDocs, nil, []int64{int64(s.docs)}),
		artifact.FromInt32s(tensorIn, nil, s.in),
	)
}

// CensusOf reads a census from the tensors of a file, which it aliases. It fails
// with a *FormatError or an *artifact.Error.
func CensusOf(f *artifact.File) (*Census, error) {
	var s Census
	var err error
	if s.recipe, err = recipeOf(f); err != nil {
		return nil, err
	}
	if s.terms, err = termsOf(f); err != nil {
		return nil, err
	}
	docs, err := column(f, tensorDocs, artifact.Int64s)
	if err != nil {
		return nil, err
	}
	if len(docs) != 1 || docs[0] < 0 || docs[0] > 1<<31-1 {
		return nil, &FormatError{tensorDocs, fmt.Sprintf("%v documents", docs)}
	}
	s.docs = int(docs[0])
	if s.in, err = column(f, tensorIn, artifact.Int32s); err != nil {
		return nil, err
	}
	if len(s.in) != s.terms.len() {
		return nil, &FormatError{tensorIn, fmt.Sprintf("%d counts for %d terms", len(s.in), s.terms.len())}
	}
	for id, n := range s.in {
		if n < 0 || int(n) > s.docs {
			return nil, &FormatError{tensorIn, fmt.Sprintf("term %d is in %d of %d documents", id, n, s.docs)}
		}
	}
	if _, twice := newIndex(&s.terms); twice >= 0 {
		return nil, &FormatError{tensorBlob, fmt.Sprintf("term %d is there twice", twice)}
	}
	return &s, nil
}
