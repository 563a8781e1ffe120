package training

import (
	"math"
	"slices"
)

// tally counts what a metric is made of, so that the tallies of folds add up to
// the metric of all their rows: the macro-F1 of folds, each with a few rows of a
// rare class, has no such sum, and their mean is not the macro-F1.
type tally struct {
	Rows    int     `json:"rows"`
	Right   int     `json:"right,omitempty"`   // rows predicted right
	Hit     []int   `json:"hit,omitempty"`     // rows of each class predicted right
	Total   []int   `json:"total,omitempty"`   // rows of each class plus those predicted to be of it
	Squares float64 `json:"squares,omitempty"` // of the errors of a regression
}

// tallyClasses counts margins, rows x classes, against the true classes.
func tallyClasses(margins []float32, truth []int32, classes int) tally {
	t := tally{Rows: len(truth), Hit: make([]int, classes), Total: make([]int, classes)}
	for i, want := range truth {
		got := top(margins[i*classes : (i+1)*classes])
		t.Total[want]++
		t.Total[got]++
		if got == want {
			t.Right++
			t.Hit[want]++
		}
	}
	return t
}

// tallyValues counts predicted numbers against the true ones.
func tallyValues(predicted []float32, truth []float64) tally {
	t := tally{Rows: len(truth)}
	for i, want := range truth {
		d := float64(predicted[i]) - want
		t.Squares += d * d
	}
	return t
}

// add adds the rows of another tally.
func (t *tally) add(o tally) {
	if t.Hit == nil {
		t.Hit, t.Total = make([]int, len(o.Hit)), make([]int, len(o.Total))
	}
	t.Rows += o.Rows
	t.Right += o.Right
	t.Squares += o.Squares
	for k := range o.Hit {
		t.Hit[k] += o.Hit[k]
		t.Total[k] += o.Total[k]
	}
}

// score returns the metric, greater being better: the rmse with its sign turned.
func (t tally) score(metric string) float64 {
	if t.Rows == 0 {
		return 0
	}
	switch metric {
	case "rmse":
		return -math.Sqrt(t.Squares / float64(t.Rows))
	case "macro_f1":
		sum, seen := 0.0, 0
		for k, n := range t.Total {
			if n > 0 {
				sum += 2 * float64(t.Hit[k]) / float64(n)
				seen++
			}
		}
		return sum / float64(max(seen, 1))
	}
	return float64(t.Right) / float64(t.Rows)
}

// shown is a score as people read it: an rmse without the sign.
func shown(score float64) float64 { return math.Abs(score) }

// top returns the first of the greatest.
func top(scores []float32) int32 { return int32(slices.Index(scores, slices.Max(scores))) }
