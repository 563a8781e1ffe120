package calibrate

import (
	"math"
	"slices"
)

// IsotonicRows is how many rows every class must exceed before steps are
// considered: with fewer, one step stands on a handful of rows.
const IsotonicRows = 1000

// Choose returns the calibration for a model whose out-of-fold margins these
// are: len(y) x classes numbers, row by row, y being the true classes. It is by
// temperature unless every class has more than IsotonicRows rows and isotonic
// steps do better: fitted on one half of the rows and judged on the other, both
// ways, they lower the cross-entropy by more than one standard error.
//
// It panics when lengths do not fit or a class is out of range.
func Choose(margins []float32, y []int32, classes int) Calibration {
	c := Calibration{Kind: KindTemperature, T: Temperature(margins, y, classes)}
	rows := make([]int, classes)
	for _, k := range y {
		rows[k]++
	}
	if slices.Min(rows) <= IsotonicRows {
		return c
	}
	prob := c.ApplyAll(margins, classes)
	whole, halves := fitSteps(prob, y, classes)
	if !c.stepsHelp(halves, margins, prob, y) {
		return c
	}
	return Calibration{KindIsotonic, c.T, whole}
}

// fitSteps fits, class by class, how often the class is the true one against
// its probability: on all rows, on the even and on the odd ones.
func fitSteps(prob []float32, y []int32, classes int) (whole []Steps, halves [2][]Steps) {
	// Probabilities are not negative, so their bits sort as they do. With the
	// half and the hit packed below them one sort of integers serves all fits.
	points := make([]uint64, len(y))
	var all pool
	var half [2]pool
	for k := range classes {
		for i, truth := range y {
			points[i] = uint64(math.Float32bits(prob[i*classes+k]))<<32 | uint64(i%2)<<1
			if int(truth) == k {
				points[i]++
			}
		}
		slices.Sort(points)
		for _, point := range points {
			p, hit := math.Float32frombits(uint32(point>>32)), float64(point&1)
			all.add(p, hit)
			half[point>>1&1].add(p, hit)
		}
		whole = append(whole, all.steps())
		for h := range half {
			halves[h] = append(halves[h], half[h].steps())
		}
	}
	return whole, halves
}

// stepsHelp compares the steps of each half, on the rows of the other, with the
// temperature c they stand on, whose probabilities are prob. Halves are odd and
// even rows: rows come pooled fold by fold, so each half has every fold.
func (c Calibration) stepsHelp(halves [2][]Steps, margins, prob []float32, y []int32) bool {
	classes := len(halves[0])
	var sum, squares float64
	got := make([]float32, classes)
	for i, truth := range y {
		other := Calibration{KindIsotonic, c.T, halves[1-i%2]}
		other.Apply(got, margins[i*classes:(i+1)*classes])
		gain := logLoss(prob[i*classes+int(truth)]) - logLoss(got[truth])
		sum += gain
		squares += gain * gain
	}
	n := float64(len(y))
	mean := sum / n
	return mean > math.Sqrt(max(squares/n-mean*mean, 0)/n)
}

// logLoss is -ln p, with p clipped at one machine epsilon of float32 as the
// measured loss is.
func logLoss(p float32) float64 { return -math.Log(max(float64(p), 0x1p-23)) }
