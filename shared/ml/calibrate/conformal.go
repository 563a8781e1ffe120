package calibrate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// sketchSize is how many scores a Conformal keeps: steps of a thousandth of
// coverage, in 4 kB.
const sketchSize = 1001

// Conformal gives prediction sets of any coverage by split conformal prediction
// (Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005;
// Sadinle, Lei and Wasserman, "Least Ambiguous Set-Valued Classifiers with
// Bounded Error Levels", JASA 2019): a label is in the set when it is at least
// as probable as all but the least probable true labels of the rows it was made
// from. Rows like those then have their true label in the set with at least the
// coverage asked for, on average over rows, whatever the classifier is. A
// classifier refitted on more rows than the out-of-fold one makes that
// approximate.
//
// It keeps at most 1,001 of the scores; between them coverage is rounded up,
// by at most a thousandth. The zero Conformal knows no rows and answers with
// all labels. It does not change and is safe for concurrent use.
type Conformal struct {
	rows int64
	// Probabilities of true labels, descending: entry j is the one of rank
	// ceil((j+1) x rows / len(truth)), so that the last is the least.
	truth []float32
}

// NewConformal gathers the probabilities of the true classes y: prob holds
// len(y) x classes of them, row by row, made by the calibration that prediction
// will use from out-of-fold margins. It panics when lengths differ.
func NewConformal(prob []float32, y []int32, classes int) Conformal {
	checkRows("NewConformal", len(prob), len(y), classes)
	all := make([]float32, len(y))
	for i, k := range y {
		all[i] = prob[i*classes+int(k)]
	}
	slices.SortFunc(all, func(a, b float32) int { return cmp.Compare(b, a) })
	return Conformal{rows: int64(len(all)), truth: sketched(all)}
}

// Rows returns how many rows the sets stand on.
func (c Conformal) Rows() int64 { return c.rows }

// Threshold returns how probable a label must be to be in a set of that
// coverage. It is 0, which takes every label, when the coverage is 1 or more or
// not a number, or when there are fewer than 1/(1-coverage) rows; it is above
// any probability for a coverage of 0 or less.
func (c Conformal) Threshold(coverage float64) float32 {
	if coverage <= 0 {
		return float32(math.Inf(1))
	}
	r, ok := rank(c.rows, coverage)
	if !ok {
		return 0
	}
	// The first entry of rank r or later: its own rank is at most a thousandth
	// of the rows further on.
	return c.truth[(r-1)*int64(len(c.truth))/c.rows]
}

// Set appends to dst the classes of a prediction set, the most probable first,
// and returns it: those of Threshold(coverage) and more, and always the most
// probable one. Nothing is allocated when dst has the room.
func (c Conformal) Set(dst []int32, prob []float32, coverage float64) []int32 {
	if len(prob) == 0 {
		return dst
	}
	from, least := len(dst), c.Threshold(coverage)
	for k, p := range prob {
		if p >= least || least == 0 {
			dst = append(dst, int32(k))
		}
	}
	if len(dst) == from {
		return append(dst, int32(slices.Index(prob, slices.Max(prob))))
	}
	slices.SortFunc(dst[from:], func(a, b int32) int {
		return cmp.Or(cmp.Compare(prob[b], prob[a]), cmp.Compare(a, b))
	})
	return dst
}

// Quantile returns the score that a new one, drawn like these, does not exceed
// with at least that probability: the ceil((n+1) x coverage)-th smallest of n
// (Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, "Distribution-Free Predictive
// Inference for Regression", JASA 2018). It is +Inf when there are fewer than
// 1/(1-coverage) scores, or for a coverage of 1 or more, and -Inf for 0 or less.
// scores need no order and are not changed.
func Quantile(scores []float64, coverage float64) float64 {
	if coverage <= 0 {
		return math.Inf(-1)
	}
	r, ok := rank(int64(len(scores)), coverage)
	if !ok {
		return math.Inf(1)
	}
	return slices.Sorted(slices.Values(scores))[r-1]
}

// slack keeps rounding from moving a rank or a bound by one: 20 x (1 - .95) is
// not quite 1.
const slack = 1e-9

// rank returns ceil((rows+1) x coverage), at least 1, and whether that many
// rows and 1/(1-coverage) are there. A coverage that is not a number fails.
func rank(rows int64, coverage float64) (int64, bool) {
	n := float64(rows)
	if !(n*(1-coverage) >= 1-slack) {
		return 0, false
	}
	r := max(int64(math.Ceil((n+1)*coverage-slack)), 1)
	return r, r <= rows
}

// check reports a sketch that NewConformal would not make.
func (c Conformal) check() error {
	if c.rows < 0 || int64(len(c.truth)) != min(c.rows, sketchSize) {
		return fmt.Errorf("calibrate: %d scores of %d rows", len(c.truth), c.rows)
	}
	for j, p := range c.truth {
		if !(p >= 0 && p <= 1) || j > 0 && p > c.truth[j-1] {
			return fmt.Errorf("calibrate: score %d is %v", j, p)
		}
	}
	return nil
}
