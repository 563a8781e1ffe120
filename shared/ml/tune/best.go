package tune

import (
	"cmp"
	"math"
	"slices"
)

// Candidate names the settings a search tries.
type Candidate struct {
	Recipe   string  `json:"recipe"`              // of features; for tables the shape of numbers
	Learner  string  `json:"learner,omitempty"`   // empty: the default one
	Loss     string  `json:"loss,omitempty"`      // of the learner
	Balance  string  `json:"balance,omitempty"`   // how rare classes are weighed; empty: as they are
	MinDocs  int     `json:"min_docs,omitempty"`  // least document frequency of a term; 0: the recipe's
	HashBits int     `json:"hash_bits,omitempty"` // terms are hashed to 2^HashBits buckets; 0: they are kept
	C        float64 `json:"c"`                   // penalty: smaller is more regularised

	MultiClass string  `json:"multi_class,omitempty"` // how the learner sees many classes; empty: one against the rest
	Descent    Descent `json:"descent,omitzero"`      // by steps in place of the learner's own solver; zero: by that
}

// Descent names how steps along the slope are taken.
type Descent struct {
	Method string `json:"method,omitempty"` // empty: none are
	Epochs int    `json:"epochs,omitempty"` // at most; 0: the learner's default
	Batch  int    `json:"batch,omitempty"`  // rows a step; 0: the learner's default
}

// Score is what cross-validation found about a candidate. Folds of different
// candidates must come from the same rows in the same order: they are
// compared in pairs.
type Score struct {
	Candidate
	Value     float64   `json:"value"`     // of all held rows pooled, greater is better; what candidates are ranked by
	Folds     []float64 `json:"folds"`     // the score of each fold, greater is better
	Mean      float64   `json:"mean"`      // of Folds
	Deviation float64   `json:"deviation"` // standard deviation of Folds, see Deviation
	Terms     int64     `json:"terms"`     // size of the model's vocabulary, 0 when unknown
	Share     float64   `json:"share"`     // of the training rows it learned from, in (0, 1]
}

// NewScore returns the score of a candidate that learned from all rows, with
// the mean of its folds as its value.
func NewScore(c Candidate, folds []float64, terms int64) Score {
	mean := Mean(folds)
	return Score{Candidate: c, Value: mean, Folds: folds, Mean: mean, Deviation: Deviation(folds), Terms: terms, Share: 1}
}

// Mean returns the mean of v, 0 for none.
func Mean(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// Deviation returns the sample standard deviation of v (divisor n-1), 0 for
// fewer than two numbers.
func Deviation(v []float64) float64 {
	if len(v) < 2 {
		return 0
	}
	mean, sum := Mean(v), 0.0
	for _, x := range v {
		sum += (x - mean) * (x - mean)
	}
	return math.Sqrt(sum / float64(len(v)-1))
}

// Best returns the index of the candidate to use, -1 without scores. Only those
// of the greatest share are compared: a smaller one measures less.
//
// The rule: take the highest value. Every other candidate ties with it when the
// mean of their paired fold differences is at most one standard error of that
// mean, deviation/sqrt(folds): the one-standard-error rule of Breiman et al.,
// "Classification and Regression Trees" (1984), on differences, because folds
// that are hard for one candidate are hard for all. Among the tied the smaller
// model wins: fewer terms, then smaller C, then higher value, then the earlier.
// Scores that cannot be paired, with one fold or different numbers of folds,
// tie only when their means are equal. A value that is not a number never wins
// against one that is.
func Best(scores []Score) int {
	top := -1
	for i := range scores {
		if top < 0 || precedes(scores[i], scores[top]) {
			top = i
		}
	}
	best := top
	for i := range scores {
		if i != top && scores[i].Share == scores[top].Share && ties(scores[top], scores[i]) && smaller(scores[i], scores[best]) {
			best = i
		}
	}
	return best
}

// Top returns the indices of the n best candidates by value alone, the best
// first, those of the greatest share before others.
func Top(scores []Score, n int) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case precedes(scores[a], scores[b]):
			return -1
		case precedes(scores[b], scores[a]):
			return 1
		}
		return 0
	})
	return order[:min(max(n, 0), len(order))]
}

// precedes reports whether a ranks above b.
func precedes(a, b Score) bool {
	if a.Share != b.Share {
		return a.Share > b.Share
	}
	return a.Value > b.Value || math.IsNaN(b.Value) && !math.IsNaN(a.Value)
}

// ties reports whether s cannot be told apart from the top score.
func ties(top, s Score) bool {
	n := len(top.Folds)
	if n < 2 || n != len(s.Folds) {
		return top.Mean == s.Mean
	}
	difference := make([]float64, n)
	for f := range difference {
		difference[f] = top.Folds[f] - s.Folds[f]
	}
	return Mean(difference) <= Deviation(difference)/math.Sqrt(float64(n))
}

// smaller reports whether a is to be preferred to b of equal quality.
func smaller(a, b Score) bool {
	if c := cmp.Or(cmp.Compare(a.Terms, b.Terms), cmp.Compare(a.C, b.C)); c != 0 {
		return c < 0
	}
	return a.Value > b.Value
}
