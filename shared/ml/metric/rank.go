package metric

import (
	"cmp"
	"math"
	"slices"
)

// AUC returns the area under the ROC curve: the chance that a random positive
// row scores above a random negative one, a tie counting half. 0.5 is
// guessing, 1 perfect. Without a positive or a negative row it is NaN. It
// panics when the lengths differ.
func AUC(positive []bool, score []float32) float64 {
	above, pairs := 0.0, 0.0
	negatives := 0.0 // seen so far, from the top score down
	rank(positive, score, func(p, n int, _ float32) {
		above += float64(p) * (negatives + float64(n)/2)
		negatives += float64(n)
		pairs += float64(p)
	})
	// above counts the negatives over each positive.
	pairs *= negatives
	if pairs == 0 {
		return math.NaN()
	}
	return 1 - above/pairs
}

// MacroAUC returns the mean AUC of each class against the rest over the
// classes that some rows have and others do not, NaN when there is none. prob
// holds a row of classes scores for each of truth. It panics when the lengths
// differ.
func MacroAUC(truth []int32, prob []float32, classes int) float64 {
	return macro(truth, prob, classes, AUC)
}

// AveragePrecision returns the area under the precision-recall curve as a sum
// of steps, without interpolation: the sum over falling thresholds of the gain
// in recall times the precision there. A random order gives the share of
// positive rows, a perfect one 1. Without a positive row it is NaN. It panics
// when the lengths differ.
func AveragePrecision(positive []bool, score []float32) float64 {
	hits, rows, sum := 0.0, 0.0, 0.0
	rank(positive, score, func(p, n int, _ float32) {
		hits += float64(p)
		rows += float64(p + n)
		sum += float64(p) * hits / rows
	})
	if hits == 0 {
		return math.NaN()
	}
	return sum / hits
}

// MacroAveragePrecision is AveragePrecision averaged as MacroAUC averages.
func MacroAveragePrecision(truth []int32, prob []float32, classes int) float64 {
	return macro(truth, prob, classes, AveragePrecision)
}

// PRPoint is one point of a precision-recall curve: what answering "positive"
// from the threshold on comes to.
type PRPoint struct {
	Threshold float64 `json:"threshold"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
}

// PRCurve returns at most points (at least 2) points of the precision-recall
// curve, by rising recall: the first of all distinct thresholds, the first where
// recall is 1, beyond which precision only falls, and between them those where
// recall passes the next of evenly spaced steps.
// Without a positive row it is nil. It panics when the lengths differ.
func PRCurve(positive []bool, score []float32, points int) []PRPoint {
	total := 0
	for _, p := range positive {
		if p {
			total++
		}
	}
	if total == 0 {
		return nil
	}
	steps := float64(max(points, 2) - 1)
	var curve []PRPoint
	var last PRPoint
	hits, rows := 0, 0
	rank(positive, score, func(p, n int, threshold float32) {
		if last.Recall == 1 {
			return
		}
		hits, rows = hits+p, rows+p+n
		last = PRPoint{float64(threshold), ratio(hits, rows), ratio(hits, total)}
		// Leaves a place for the last point, which has recall 1 anyway.
		if next := float64(len(curve)) / steps; last.Recall >= next && last.Recall < 1 && float64(len(curve)) < steps {
			curve = append(curve, last)
		}
	})
	return append(curve, last)
}

// macro averages a measure of two kinds of rows over the classes.
func macro(truth []int32, prob []float32, classes int, measure func([]bool, []float32) float64) float64 {
	sameLength(len(truth)*classes, len(prob))
	positive, score := make([]bool, len(truth)), make([]float32, len(truth))
	sum, seen := 0.0, 0
	for c := range classes {
		members := 0
		for i, t := range truth {
			positive[i], score[i] = int(t) == c, prob[i*classes+c]
			if positive[i] {
				members++
			}
		}
		if members == 0 || members == len(truth) {
			continue
		}
		sum += measure(positive, score)
		seen++
	}
	if seen == 0 {
		return math.NaN()
	}
	return sum / float64(seen)
}

// rank calls each with the number of positive and negative rows of every
// distinct score, from the highest down.
func rank(positive []bool, score []float32, each func(positives, negatives int, threshold float32)) {
	sameLength(len(positive), len(score))
	order := make([]int32, len(score))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(score[b], score[a]) })
	for k := 0; k < len(order); {
		top := score[order[k]]
		p, n := 0, 0
		for k < len(order) && cmp.Compare(score[order[k]], top) == 0 {
			if positive[order[k]] {
				p++
			} else {
				n++
			}
			k++
		}
		each(p, n, top)
	}
}
