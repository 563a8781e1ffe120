// Package calibrate turns the margins of a classifier into probabilities that
// mean what they say, and probabilities into sets of labels that hold the right
// one as often as was asked.
//
// Everything is fitted on pooled out-of-fold margins: margins of training rows,
// each by a model that was not fitted on the row. Choose fits a Calibration, a
// temperature or, where every class has rows enough, isotonic steps on top of
// it. NewConformal gathers from the calibrated probabilities of the same rows
// what prediction sets of any coverage need. Both are small, do not change once
// made, and are kept as tensors in the file of the model; Reliability shows on
// held-out rows whether they hold.
//
// The package does not split rows and does not know models or texts. Its
// results depend on the numbers given and their order only.
package calibrate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Kind says how a Calibration makes probabilities of margins.
type Kind string

// The kinds. A Calibration of the empty kind is by temperature.
const (
	KindTemperature Kind = "temperature" // softmax(margins / T)
	KindIsotonic    Kind = "isotonic"    // steps over those, class by class
)

// Calibration maps the margins of one row to the probability of each class. The
// zero Calibration is softmax with a temperature of 1. It must not be changed
// while in use and is then safe for concurrent use.
type Calibration struct {
	Kind  Kind
	T     float64 // positive and finite; 0 means 1
	Steps []Steps // by class, for KindIsotonic only
}

// tempered is the share of the answer by temperature that the isotonic answer
// keeps. Steps are flat over stretches and 0 at the low end: the share keeps
// equal probabilities in the order of the margins, and none at 0, where one
// surprise would cost an infinite loss. It is what one row in a hundred weighs.
const tempered = .01

// Apply writes the probability of each class to dst, which must be as long as
// margins and may be the same slice. They are positive but for underflow and
// sum to 1. Nothing is allocated. It panics when lengths differ.
func (c Calibration) Apply(dst, margins []float32) {
	if len(dst) != len(margins) || c.Kind == KindIsotonic && len(c.Steps) != len(margins) {
		panic(fmt.Sprintf("calibrate: Apply of %d margins to %d probabilities, %d classes have steps", len(margins), len(dst), len(c.Steps)))
	}
	if len(margins) == 0 {
		return
	}
	softmax(dst, margins, 1/c.temperature())
	if c.Kind != KindIsotonic {
		return
	}
	sum := float32(0)
	for k, p := range dst {
		dst[k] = tempered*p + (1-tempered)*c.Steps[k].At(p)
		sum += dst[k]
	}
	for k := range dst {
		dst[k] /= sum
	}
}

// ApplyAll is Apply for rows of margins, one after the other, `classes` each,
// and returns the probabilities in the same layout. It panics when the rows are
// not whole.
func (c Calibration) ApplyAll(margins []float32, classes int) []float32 {
	checkRows("ApplyAll", len(margins), len(margins)/max(classes, 1), classes)
	prob := make([]float32, len(margins))
	for i := 0; i < len(margins); i += classes {
		c.Apply(prob[i:i+classes], margins[i:i+classes])
	}
	return prob
}

// Check reports a calibration that cannot be used for so many classes: an
// unknown kind, a temperature out of range, steps that are missing, fall, or
// leave [0, 1].
func (c Calibration) Check(classes int) error {
	if t := c.temperature(); !(t > 0) || math.IsInf(t, 0) || math.IsInf(1/t, 0) {
		return fmt.Errorf("calibrate: temperature %v", c.T)
	}
	switch c.Kind {
	case "", KindTemperature:
		if len(c.Steps) != 0 {
			return fmt.Errorf("calibrate: %d classes have steps beside a temperature", len(c.Steps))
		}
		return nil
	case KindIsotonic:
	default:
		return fmt.Errorf("calibrate: unknown kind %q", c.Kind)
	}
	if len(c.Steps) != classes {
		return fmt.Errorf("calibrate: steps for %d of %d classes", len(c.Steps), classes)
	}
	for k, s := range c.Steps {
		if err := s.check(); err != nil {
			return fmt.Errorf("calibrate: class %d: %w", k, err)
		}
	}
	return nil
}

// temperature is T, whose zero means 1.
func (c Calibration) temperature() float64 { return cmp.Or(c.T, 1) }

// softmax writes exp(beta x margin) scaled to sum 1. The largest margin is
// taken off first so that nothing overflows. dst may be margins.
func softmax(dst, margins []float32, beta float64) {
	top, sum := float64(slices.Max(margins)), 0.0
	for k, m := range margins {
		e := math.Exp(beta * (float64(m) - top))
		dst[k] = float32(e)
		sum += e
	}
	for k := range dst {
		dst[k] = float32(float64(dst[k]) / sum)
	}
}

// checkRows panics unless n numbers are so many whole rows.
func checkRows(what string, n, rows, classes int) {
	if classes < 1 || n != rows*classes {
		panic(fmt.Sprintf("calibrate: %s: %d numbers for %d rows of %d classes", what, n, rows, classes))
	}
}
