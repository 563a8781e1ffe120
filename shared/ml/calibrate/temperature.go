package calibrate

import (
	"math"
	"slices"
)

// The temperatures Temperature chooses from.
const (
	MinTemperature = 1e-2
	MaxTemperature = 1e2
)

// Temperature returns the T that minimises the cross-entropy of
// softmax(margins/T) on rows a model was not fitted on (Guo, Pleiss, Sun and
// Weinberger, "On Calibration of Modern Neural Networks", ICML 2017): margins
// holds len(y) x classes numbers, row by row, and y the true classes. Margins
// of two classes are -m and m, so that the same formula is the sigmoid of 2m/T.
//
// The targets are smoothed as Platt's are (1999, Probabilistic Outputs for
// Support Vector Machines, section 2.2): of n rows each label is believed to
// (n+1)/(n+2), the rest is shared by the other classes. Rows that separate the
// classes without an error then give a T as unsure as so few rows must leave
// us, not one that answers 1.
//
// The result lies between MinTemperature and MaxTemperature; it is 1 when there
// are no rows. It panics if margins has another length.
func Temperature(margins []float32, y []int32, classes int) float64 {
	checkRows("Temperature", len(margins), len(y), classes)
	if len(y) == 0 {
		return 1
	}
	// In beta = 1/T the loss is convex: its slope rises, and the root of the
	// slope is the minimum, if it lies within the bounds.
	low, high := 1/MaxTemperature, 1/MinTemperature
	if slope, _ := lossSlope(margins, y, classes, high); slope <= 0 {
		return MinTemperature
	}
	if slope, _ := lossSlope(margins, y, classes, low); slope >= 0 {
		return MaxTemperature
	}
	// Newton's steps, kept inside a shrinking bracket, end in a handful of
	// passes. Where the classes are nearly separate they crawl: from the tenth
	// on the bracket is halved instead.
	beta := 1.0
	for i := range 60 {
		slope, curve := lossSlope(margins, y, classes, beta)
		if slope > 0 {
			high = beta
		} else {
			low = beta
		}
		next := beta - slope/curve
		if i >= 10 || !(next > low && next < high) {
			next = math.Sqrt(low * high)
		}
		if math.Abs(next-beta) <= 1e-9*beta {
			break
		}
		beta = next
	}
	return 1 / beta
}

// lossSlope returns the first and second derivative of the mean cross-entropy
// in beta: the mean over rows of E[margin] - the target's mean of the margins,
// and of Var[margin], under softmax(beta x margins).
func lossSlope(margins []float32, y []int32, classes int, beta float64) (slope, curve float64) {
	doubt := 1 / float64(len(y)+2)
	share := doubt / float64(max(1, classes-1))
	for i, truth := range y {
		row := margins[i*classes : (i+1)*classes]
		top := float64(slices.Max(row))
		var sum, first, second, all float64
		for _, m := range row {
			x := float64(m) - top
			e := math.Exp(beta * x)
			sum += e
			first += e * x
			second += e * x * x
			all += x
		}
		mean, own := first/sum, float64(row[truth])-top
		slope += mean - (1-doubt)*own - share*(all-own)
		curve += second/sum - mean*mean
	}
	n := float64(len(y))
	return slope / n, curve / n
}
