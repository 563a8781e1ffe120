package neural

import (
	"cmp"
	"slices"

	"godwit/shared/ml/text"
)

// Unknown is the token that stands for all that are not in a vocabulary.
const Unknown int32 = 0

// MaxVocabulary is how many tokens a vocabulary can hold, Unknown included.
const MaxVocabulary = 1 << 17

// Vocabulary numbers the tokens that a network knows: normalised words, and
// single characters of scripts written without spaces, as text.Scratch.Sequence
// tells them. It does not change and is safe for concurrent use.
type Vocabulary struct {
	tokens []string // the first is "", for Unknown
	number map[string]int32
}

// NewVocabulary returns the tokens that occur at least least times in
// documents, at most most of them: the more frequent ones, of equally frequent
// ones those that sort first.
func NewVocabulary(documents []string, least, most int) *Vocabulary {
	count := map[string]int{}
	var s text.Scratch
	for _, doc := range documents {
		s.Sequence(doc, func(token []byte, _ text.Extent) { count[string(token)]++ })
	}
	tokens := []string{""}
	for token, n := range count {
		if n >= least {
			tokens = append(tokens, token)
		}
	}
	slices.SortFunc(tokens[1:], func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	return vocabularyOf(tokens[:min(len(tokens), most+1, MaxVocabulary)])
}

// vocabularyOf numbers tokens, of which the first is Unknown's.
func vocabularyOf(tokens []string) *Vocabulary {
	v := &Vocabulary{tokens: tokens, number: make(map[string]int32, len(tokens))}
	for i, t := range tokens[1:] {
		v.number[t] = int32(i + 1)
	}
	return v
}

// Len returns how many tokens there are, Unknown included.
func (v *Vocabulary) Len() int { return len(v.tokens) }

// Token returns a token by its number, "" for Unknown.
func (v *Vocabulary) Token(number int32) string { return v.tokens[number] }

// Tokens appends the numbers of a document's tokens to dst, at most most of
// them; Unknown alone if it has none.
func (v *Vocabulary) Tokens(dst []int32, s *text.Scratch, document string, most int) []int32 {
	before := len(dst)
	s.Sequence(document, func(token []byte, _ text.Extent) {
		if len(dst)-before < most {
			dst = append(dst, v.number[string(token)]) // absent is 0, Unknown
		}
	})
	if len(dst) == before {
		dst = append(dst, Unknown)
	}
	return dst
}
