package metric

import (
	"fmt"
	"math"
)

// Accuracy returns the share of rows predicted right, 0 without rows. It
// panics when the lengths differ.
func Accuracy(truth, predicted []int32) float64 {
	sameLength(len(truth), len(predicted))
	right := 0
	for i, t := range truth {
		if t == predicted[i] {
			right++
		}
	}
	return ratio(right, len(truth))
}

// MacroF1 returns the mean F1 over the classes that occur or are predicted, 0
// without rows. Classes are numbered from 0 to classes-1; it panics when one
// is not, or when the lengths differ.
func MacroF1(truth, predicted []int32, classes int) float64 {
	sameLength(len(truth), len(predicted))
	hit := make([]int32, classes)
	total := make([]int32, classes) // support + predicted
	for i, t := range truth {
		p := predicted[i]
		total[t]++
		total[p]++
		if t == p {
			hit[t]++
		}
	}
	return macroF1(hit, total)
}

// macroF1 returns the mean F1 of the classes that occur, from the rows of each
// that were predicted right and its support plus its predictions.
func macroF1(hit, total []int32) float64 {
	sum, seen := 0.0, 0
	for c, n := range total {
		if n > 0 {
			sum += 2 * float64(hit[c]) / float64(n)
			seen++
		}
	}
	if seen == 0 {
		return 0
	}
	return sum / float64(seen)
}

// MSE returns the mean of the squared errors, NaN without rows. It panics
// when the lengths differ.
func MSE(truth, predicted []float64) float64 {
	sameLength(len(truth), len(predicted))
	sum := 0.0
	for i, t := range truth {
		d := t - predicted[i]
		sum += d * d
	}
	return sum / float64(len(truth))
}

// RMSE returns the square root of MSE, in the unit of the numbers.
func RMSE(truth, predicted []float64) float64 { return math.Sqrt(MSE(truth, predicted)) }

// MAE returns the mean of the absolute errors, NaN without rows. It panics
// when the lengths differ.
func MAE(truth, predicted []float64) float64 {
	sameLength(len(truth), len(predicted))
	sum := 0.0
	for i, t := range truth {
		sum += math.Abs(t - predicted[i])
	}
	return sum / float64(len(truth))
}

// R2 returns the coefficient of determination, 1 - (sum of squared errors) /
// (sum of squared distances from the mean of truth): 1 is perfect, 0 as good
// as the mean, below 0 worse. A truth without variance gives 1 when every
// prediction is exact and 0 otherwise; fewer than two rows give NaN. It
// panics when the lengths differ.
func R2(truth, predicted []float64) float64 {
	sameLength(len(truth), len(predicted))
	if len(truth) < 2 {
		return math.NaN()
	}
	mean := 0.0
	for _, t := range truth {
		mean += t
	}
	mean /= float64(len(truth))
	residual, spread := 0.0, 0.0
	for i, t := range truth {
		residual += (t - predicted[i]) * (t - predicted[i])
		spread += (t - mean) * (t - mean)
	}
	switch {
	case spread > 0:
		return 1 - residual/spread
	case residual == 0:
		return 1
	}
	return 0
}

// sameLength panics when two vectors that belong together differ in length,
// which only a mistake in the calling code can cause.
func sameLength(truth, predicted int) {
	if truth != predicted {
		panic(fmt.Sprintf("metric: %d true values, %d predicted", truth, predicted))
	}
}
