// Package optim changes the parameters of a network by their gradients:
// stochastic gradient descent with momentum, Adam and AdamW, learning rates that
// follow a schedule, and clipping by the global norm.
//
// A step takes the gradients of all replicas, adds them up in the order of the
// replicas, clips and applies them, and sets them to zero. It is shared out among
// goroutines by pieces of fixed length, each of whose numbers depends on its own
// gradients alone and on the clipping factor, whose sum runs in the order of the
// pieces: the bits do not depend on the number of goroutines.
package optim

import (
	"fmt"
	"math"
)

// Method is how gradients become changes.
type Method string

// The methods.
const (
	// SGD is gradient descent with momentum: v = momentum·v + g, w -= rate·v.
	SGD Method = "sgd"
	// Adam is that of Kingma and Ba (2015), with decay as part of the gradient.
	Adam Method = "adam"
	// AdamW is Adam with decoupled decay (Loshchilov and Hutter, 2019).
	AdamW Method = "adamw"
)

// Schedule is how the learning rate changes over a training.
type Schedule string

// The schedules.
const (
	Constant Schedule = "constant"
	// Cosine falls along half a cosine from the full rate to 0 (Loshchilov and
	// Hutter, "SGDR", 2017, without restarts).
	Cosine Schedule = "cosine"
	// Stairs falls to a tenth after a half, and to a hundredth after three
	// quarters of the steps.
	Stairs Schedule = "stairs"
)

// The settings of Adam that nobody changes: those of its paper.
const (
	beta1   = 0.9
	beta2   = 0.999
	epsilon = 1e-8
)

// Settings says how to learn. Zero fields mean their defaults.
type Settings struct {
	Method   Method   `json:"method,omitempty"`   // default Adam
	Rate     float64  `json:"rate,omitempty"`     // learning rate, default .001, of SGD .01
	Momentum float64  `json:"momentum,omitempty"` // of SGD, in [0, 1), default 0
	Decay    float64  `json:"decay,omitempty"`    // weight decay, default 0
	Clip     float64  `json:"clip,omitempty"`     // largest norm of all gradients together, default none
	Schedule Schedule `json:"schedule,omitempty"` // default Constant
	WarmUp   int      `json:"warm_up,omitempty"`  // steps in which the rate rises evenly to its full height
}

// WithDefaults returns s with its zero fields filled.
func (s Settings) WithDefaults() Settings {
	if s.Method == "" {
		s.Method = Adam
	}
	if s.Rate == 0 {
		s.Rate = 1e-3
		if s.Method == SGD {
			s.Rate = 1e-2
		}
	}
	if s.Schedule == "" {
		s.Schedule = Constant
	}
	return s
}

// Check says what is wrong with settings that have their defaults, nil if
// nothing is.
func (s Settings) Check() error {
	switch {
	case s.Method != SGD && s.Method != Adam && s.Method != AdamW:
		return fmt.Errorf("optim: method %q is unknown: use sgd, adam or adamw", s.Method)
	case s.Schedule != Constant && s.Schedule != Cosine && s.Schedule != Stairs:
		return fmt.Errorf("optim: schedule %q is unknown: use constant, cosine or stairs", s.Schedule)
	case !(s.Rate > 0 && s.Rate <= 10):
		return fmt.Errorf("optim: rate %g must be above 0 and at most 10", s.Rate)
	case !(s.Momentum >= 0 && s.Momentum < 1):
		return fmt.Errorf("optim: momentum %g must be at least 0 and below 1", s.Momentum)
	case !(s.Decay >= 0 && s.Decay*s.Rate < 1):
		return fmt.Errorf("optim: decay %g must be at least 0 and, times the rate, below 1", s.Decay)
	case !(s.Clip >= 0) || math.IsInf(s.Clip, 1):
		return fmt.Errorf("optim: clip %g must be at least 0", s.Clip)
	case s.WarmUp < 0:
		return fmt.Errorf("optim: warm_up %d must be at least 0", s.WarmUp)
	}
	return nil
}

// RateAt returns the learning rate of a step, from 0, of total.
func (s Settings) RateAt(step, total int) float64 {
	rate := s.Rate
	if step < s.WarmUp {
		rate *= float64(step+1) / float64(s.WarmUp)
	}
	switch s.Schedule {
	case Cosine:
		rate *= (1 + math.Cos(math.Pi*float64(step)/float64(max(total, 1)))) / 2
	case Stairs:
		switch {
		case 4*step >= 3*total:
			rate /= 100
		case 2*step >= total:
			rate /= 10
		}
	}
	return rate
}
