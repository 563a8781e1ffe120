package metric

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Resamples is a usual number of bootstrap resamples: the bounds of a 95 %
// interval then rest on 50 of them at either end.
const Resamples = 2000

// Bootstrap returns the 95 % percentile interval of a statistic of rows rows:
// Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.
// statistic is called with each resample, as many row numbers drawn with
// replacement, in a slice it must not keep. Equal arguments give equal bits.
// It returns the zero Interval without rows or resamples.
func Bootstrap(rows, resamples int, seed uint64, statistic func(pick []int32) float64) Interval {
	if rows < 1 || resamples < 1 {
		return Interval{}
	}
	value := make([]float64, resamples)
	pick := make([]int32, rows)
	draw := newDraw(rows, seed)
	for r := range value {
		for k := range pick {
			pick[k] = draw.next()
		}
		value[r] = statistic(pick)
	}
	return percentiles(value)
}

// PairedBootstrap returns the bounds of the 95 % percentile interval of the
// mean of diff, which holds for each row how much better one model is than
// another on it: an interval above 0 says better, one below 0 worse, and one
// that holds 0 that these rows cannot tell. Pairing takes out what is hard for
// both. Equal arguments give equal bits; without rows or resamples both are 0.
func PairedBootstrap(diff []float64, resamples int, seed uint64) (low, high float64) {
	i := Bootstrap(len(diff), resamples, seed, func(pick []int32) float64 {
		sum := 0.0
		for _, k := range pick {
			sum += diff[k]
		}
		return sum / float64(len(diff))
	})
	return i.Low, i.High
}

// Difference is how much better one model is than another on the same rows.
type Difference struct {
	Mean float64 `json:"mean"` // above 0 when the first is better
	Low  float64 `json:"low"`  // 95 % interval, paired bootstrap
	High float64 `json:"high"`
}

// AccuracyDifference compares the accuracy of two models' predictions a and b
// of the same rows. It panics when the lengths differ.
func AccuracyDifference(truth, a, b []int32, resamples int, seed uint64) Difference {
	sameLength(len(truth), len(a))
	sameLength(len(truth), len(b))
	right := func(hit bool) float64 {
		if hit {
			return 1
		}
		return 0
	}
	diff := make([]float64, len(truth))
	for i, t := range truth {
		diff[i] = right(a[i] == t) - right(b[i] == t)
	}
	low, high := PairedBootstrap(diff, resamples, seed)
	return Difference{Accuracy(truth, a) - Accuracy(truth, b), low, high}
}

// MacroF1Difference compares the macro F1 of two models' predictions a and b
// of the same rows. It panics when the lengths differ or a class is not in
// [0, classes).
func MacroF1Difference(truth, a, b []int32, classes, resamples int, seed uint64) Difference {
	first, second := newResampledF1(truth, a, classes), newResampledF1(truth, b, classes)
	i := Bootstrap(len(truth), resamples, seed, func(pick []int32) float64 {
		return first.of(pick) - second.of(pick)
	})
	return Difference{MacroF1(truth, a, classes) - MacroF1(truth, b, classes), i.Low, i.High}
}

// MacroF1Interval returns the 95 % bootstrap interval of MacroF1. It panics
// when the lengths differ or a class is not in [0, classes).
func MacroF1Interval(truth, predicted []int32, classes, resamples int, seed uint64) Interval {
	return Bootstrap(len(truth), resamples, seed, newResampledF1(truth, predicted, classes).of)
}

// resampledF1 computes the macro F1 of resamples without allocating.
type resampledF1 struct {
	truth, predicted, hit, total []int32
}

func newResampledF1(truth, predicted []int32, classes int) *resampledF1 {
	sameLength(len(truth), len(predicted))
	return &resampledF1{truth, predicted, make([]int32, classes), make([]int32, classes)}
}

// of returns the macro F1 of the picked rows.
func (f *resampledF1) of(pick []int32) float64 {
	clear(f.hit)
	clear(f.total)
	for _, i := range pick {
		t, p := f.truth[i], f.predicted[i]
		f.total[t]++
		f.total[p]++
		if t == p {
			f.hit[t]++
		}
	}
	return macroF1(f.hit, f.total)
}

// draw picks rows at random.
type draw struct {
	random *rand.PCG
	rows   uint64
}

func newDraw(rows int, seed uint64) draw { return draw{rand.NewPCG(seed, uint64(rows)), uint64(rows)} }

// next returns a number in [0, rows), with a bias under rows/2^32 (Lemire,
// "Fast Random Integer Generation in an Interval", 2019).
func (d draw) next() int32 { return int32((d.random.Uint64() >> 32) * d.rows >> 32) }

// percentiles returns the middle 95 % of v, which it sorts.
func percentiles(v []float64) Interval {
	slices.Sort(v)
	at := func(q float64) float64 { return v[int(math.Round(q*float64(len(v)-1)))] }
	return Interval{at(.025), at(.975)}
}
