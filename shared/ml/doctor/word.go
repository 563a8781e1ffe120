package doctor

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/text"
)

// Word is a word, or two or three characters of a script without spaces, that
// is frequent in a class.
type Word struct {
	Text      string `json:"word"`      // lower case
	Rows      int    `json:"rows"`      // distinct texts of the class that hold it, at least 5
	Elsewhere int    `json:"elsewhere"` // distinct texts of other classes that do
}

const (
	// leastTexts is how many distinct texts of a class must share a word before
	// it is shown: a word of one text may be a name or a number. pipeline.MinTold
	// is the same figure.
	leastTexts = 5
	// wordsShown is how many words of a class are listed.
	wordsShown = 10
)

// tally is how often a feature occurs in a class.
type tally struct {
	feature int32
	texts   int // distinct texts of the class that have it
}

// wordsOf returns the words of each class by how much they set it apart. rows
// are the first of each distinct text.
func wordsOf(corpus *text.Corpus, set *dataset.Set, rows []int32) [][]Word {
	// Counted over distinct texts: five copies of one row are still one row. The
	// floor over all rows only saves memory, tallies applies it to each class.
	recipe := text.Word()
	recipe.MinDocs = [text.Families]int{text.FamilyWord: leastTexts, text.FamilyCJK: leastTexts}
	v := corpus.Vocabulary(rows, recipe)
	byClass := make([][]int32, len(set.Labels))
	for _, i := range rows {
		k, _ := slices.BinarySearch(set.Labels, set.Rows[i].Label)
		byClass[k] = append(byClass[k], i)
	}
	// Class by class, then all once more: what is characteristic of one class only
	// the totals of all can tell.
	found, total := make([][]tally, len(byClass)), make([]int, v.Len())
	count := make([]int, v.Len())
	for k, of := range byClass {
		found[k] = tallies(corpus, v, of, count, total)
	}
	words := make([][]Word, len(byClass))
	for k := range words {
		words[k] = characteristic(v, found[k], total, len(byClass[k]), len(rows))
	}
	return words
}

// tallies counts the features of rows, of one class at a time so that no matrix
// of all rows is ever held. count is zeros, before and after.
func tallies(corpus *text.Corpus, v *text.Vocabulary, rows []int32, count, total []int) []tally {
	m := corpus.Matrix(v, rows)
	for _, f := range m.Index {
		count[f]++
		total[f]++
	}
	// A second pass puts count back to zero at the cost of the class, not of the
	// vocabulary: there may be thousands of classes.
	var out []tally
	for _, f := range m.Index {
		if count[f] >= leastTexts {
			out = append(out, tally{f, count[f]})
		}
		count[f] = 0
	}
	return out
}

// characteristic picks the words that are more frequent in a class of n texts
// than in the others of all, by the log-likelihood ratio (Dunning, "Accurate
// Methods for the Statistics of Surprise and Coincidence", 1993).
func characteristic(v *text.Vocabulary, found []tally, total []int, n, all int) []Word {
	type candidate struct {
		Word
		family   text.Family
		surprise float64
	}
	var candidates []candidate
	for _, t := range found {
		family, term := v.Term(t.feature)
		elsewhere := total[t.feature] - t.texts
		if !isWord(term) || t.texts*(all-n) <= elsewhere*n {
			continue
		}
		candidates = append(candidates, candidate{Word{term, t.texts, elsewhere}, family, surprise(t.texts, n, elsewhere, all-n)})
	}
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.surprise, a.surprise), cmp.Compare(a.Text, b.Text))
	})
	// Of each short n-gram, the texts of the longer one that most often holds it.
	whole := map[string]int{}
	for _, c := range candidates {
		if head, tail, ok := parts(c.Text); ok && c.family == text.FamilyCJK {
			whole[head], whole[tail] = max(whole[head], c.Rows), max(whole[tail], c.Rows)
		}
	}
	words := []Word{}
	for _, c := range candidates {
		if len(words) == wordsShown {
			break
		}
		if c.family == text.FamilyCJK && float64(whole[c.Text]) >= mostlyPart*float64(c.Rows) || overlaps(words, c.Text, c.family) {
			continue
		}
		words = append(words, c.Word)
	}
	return words
}

// mostlyPart is the share of a short n-gram's texts that hold it as part of one
// longer n-gram from which only the longer one is shown.
const mostlyPart = .5

// parts returns an n-gram of three characters without its last and without its
// first.
func parts(term string) (head, tail string, ok bool) {
	if utf8.RuneCountInString(term) != 3 {
		return "", "", false
	}
	_, first := utf8.DecodeRuneInString(term)
	_, last := utf8.DecodeLastRuneInString(term)
	return term[:len(term)-last], term[first:], true
}

// isWord reports a term worth showing: two letters or more and no digit.
func isWord(term string) bool {
	for _, r := range term {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) {
			return false
		}
	}
	return utf8.RuneCountInString(term) >= 2
}

// overlaps reports whether a term is listed or, among characters without spaces,
// is part of a listed word or the other way round: 信用 says nothing beside 信用卡.
func overlaps(words []Word, term string, family text.Family) bool {
	return slices.ContainsFunc(words, func(w Word) bool {
		return w.Text == term ||
			family == text.FamilyCJK && (strings.Contains(w.Text, term) || strings.Contains(term, w.Text))
	})
}

// surprise is -2 ln of the ratio of likelihoods that two shares, a of n and b of
// m, are one and that they are two:
//
//	2 (ln L(a, n, a/n) + ln L(b, m, b/m) - ln L(a, n, p) - ln L(b, m, p)),  p = (a+b)/(n+m)
//
// Unlike chi squared it holds for words that few texts have, which most words are.
func surprise(a, n, b, m int) float64 {
	p := float64(a+b) / float64(n+m)
	return 2 * (likelihood(a, n, float64(a)/float64(n)) + likelihood(b, m, float64(b)/float64(max(m, 1))) -
		likelihood(a, n, p) - likelihood(b, m, p))
}

// likelihood is, without the binomial coefficient that cancels, the logarithm of p^k (1-p)^(n-k).
func likelihood(k, n int, p float64) float64 {
	sum := 0.0
	if k > 0 {
		sum += float64(k) * math.Log(p)
	}
	if n > k {
		sum += float64(n-k) * math.Log(1-p)
	}
	return sum
}
