package metric

import (
	"fmt"
	"math"
)

// InputError is a set of predictions that cannot be measured.
type InputError struct {
	Row int    // the offending row from 0, -1 when the fault is not in one row
	Msg string // what is wrong
}

// Error names the row, if any, and the fault.
func (e *InputError) Error() string {
	if e.Row < 0 {
		return "metric: " + e.Msg
	}
	return fmt.Sprintf("metric: row %d: %s", e.Row, e.Msg)
}

const (
	// clip keeps the logarithm finite: one machine epsilon of the float32
	// probabilities, as scikit-learn chooses for them.
	clip = 0x1p-23
	// sumTolerance is how far a row's probabilities may miss 1 in sum; 2,000
	// float32 terms miss it by some 1e-5.
	sumTolerance = 1e-3
)

// Classify measures a classifier on the rows whose classes are truth. prob
// holds a row of len(labels) probabilities for each, one after the other;
// labels names the classes. The predicted class is the most probable one, the
// first of equals.
//
// It fails with an *InputError without rows or classes, when lengths differ,
// when a class is out of range, or when probabilities are negative, not
// finite or do not sum to 1. Nothing given is changed; labels are copied into
// the report.
func Classify(truth []int32, prob []float32, labels []string) (Report, error) {
	rows, classes := len(truth), len(labels)
	if rows == 0 || classes == 0 {
		return Report{}, &InputError{-1, fmt.Sprintf("%d rows of %d classes", rows, classes)}
	}
	if len(prob)/classes != rows || len(prob)%classes != 0 {
		return Report{}, &InputError{-1, fmt.Sprintf("%d probabilities for %d rows of %d classes", len(prob), rows, classes)}
	}
	t := newTally(classes)
	var calibration bins
	loss := 0.0
	for i, class := range truth {
		p := prob[i*classes : (i+1)*classes]
		if class < 0 || int(class) >= classes {
			return Report{}, &InputError{i, fmt.Sprintf("class %d of %d", class, classes)}
		}
		best, rowLoss, err := measureRow(p, int(class))
		if err != "" {
			return Report{}, &InputError{i, err}
		}
		loss += rowLoss
		t.add(int(class), best)
		calibration.add(float64(p[best]), best == int(class))
	}
	r := t.report(labels)
	r.Loss = loss / float64(rows)
	r.ECE = calibration.error(rows)
	return r, nil
}

// measureRow returns the most probable class and the log loss of one row, or
// what is wrong with it. The loss is that of scikit-learn's log_loss: clip to
// [clip, 1-clip], divide by the sum, take -ln.
func measureRow(p []float32, class int) (best int, loss float64, fault string) {
	sum, clipped := 0.0, 0.0
	for c, v := range p {
		// Written so that NaN fails.
		if !(v >= 0) {
			return 0, 0, fmt.Sprintf("probability %v of class %d", v, c)
		}
		if v > p[best] {
			best = c
		}
		sum += float64(v)
		clipped += clamp(v)
	}
	if math.Abs(sum-1) > sumTolerance {
		return 0, 0, fmt.Sprintf("probabilities sum to %v", sum)
	}
	return best, math.Log(clipped) - math.Log(clamp(p[class])), ""
}

func clamp(p float32) float64 { return min(max(float64(p), clip), 1-clip) }

// calibrationBins is the number of equal-width bins of the ECE.
const calibrationBins = 15

// bins gathers rows by the probability of their predicted class.
type bins [calibrationBins]struct {
	rows       int
	right      int
	confidence float64 // sum
}

// add counts a row. Bin b holds the confidences in (b/15, (b+1)/15].
func (b *bins) add(confidence float64, right bool) {
	k := int(math.Ceil(confidence*calibrationBins)) - 1
	bin := &b[min(max(k, 0), calibrationBins-1)]
	bin.rows++
	bin.confidence += confidence
	if right {
		bin.right++
	}
}

// error returns the expected calibration error: the mean over rows of the gap
// between a bin's accuracy and its mean confidence (Guo, Pleiss, Sun and
// Weinberger, "On Calibration of Modern Neural Networks", ICML 2017,
// equation 3).
func (b *bins) error(rows int) float64 {
	gap := 0.0
	for _, bin := range b {
		gap += math.Abs(float64(bin.right) - bin.confidence)
	}
	return gap / float64(rows)
}
