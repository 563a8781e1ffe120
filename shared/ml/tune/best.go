package tune

import "math"

// Candidate names the settings a search tries.
type Candidate struct {
	Recipe string  `json:"recipe"` // of features
	Loss   string  `json:"loss"`   // of the learner
	C      float64 `json:"c"`      // penalty: smaller is more regularised
}

// Score is what cross-validation found about a candidate. Folds of different
// candidates must come from the same rows in the same order: they are
// compared in pairs.
type Score struct {
	Candidate
	Folds     []float64 `json:"folds"`     // the score of each fold, greater is better
	Mean      float64   `json:"mean"`      // of Folds
	Deviation float64   `json:"deviation"` // standard deviation of Folds, see Deviation
	Terms     int64     `json:"terms"`     // size of the model's vocabulary, 0 when unknown
}

// NewScore returns the score of a candidate with its mean and deviation.
func NewScore(c Candidate, folds []float64, terms int64) Score {
	return Score{Candidate: c, Folds: folds, Mean: Mean(folds), Deviation: Deviation(folds), Terms: terms}
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

// Best returns the index of the candidate to use, -1 without scores.
//
// The rule: take the highest mean. Every other candidate ties with it when the
// mean of their paired fold differences is at most one standard error of that
// mean, deviation/sqrt(folds): the one-standard-error rule of Breiman et al.,
// "Classification and Regression Trees" (1984), on differences, because folds
// that are hard for one candidate are hard for all. Among the tied the smaller
// model wins: fewer terms, then smaller C, then higher mean, then the earlier.
// Scores that cannot be paired, with one fold or different numbers of folds,
// tie only when their means are equal. A mean that is not a number never wins
// against one that is.
func Best(scores []Score) int {
	top := -1
	for i := range scores {
		if top < 0 || scores[i].Mean > scores[top].Mean || math.IsNaN(scores[top].Mean) {
			top = i
		}
	}
	best := top
	for i := range scores {
		if i != top && ties(scores[top], scores[i]) && smaller(scores[i], scores[best]) {
			best = i
		}
	}
	return best
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
	switch {
	case a.Terms != b.Terms:
		return a.Terms < b.Terms
	case a.C != b.C:
		return a.C < b.C
	}
	return a.Mean > b.Mean
}
