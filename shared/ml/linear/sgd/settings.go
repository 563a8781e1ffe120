package sgd

import (
	"cmp"
	"math"
	"slices"

	"godwit/shared/ml/linear"
)

// Loss names what a row pays for its margin z = w.x + b.
type Loss string

// The losses. Those for classes use the target +1 for the class of the row
// and -1 otherwise; with more than two classes each class is trained against
// the rest.
const (
	Log     Loss = "log"     // ln(1+exp(-target*z)), logistic regression
	Hinge   Loss = "hinge"   // max(0, 1-target*z), the linear SVM
	Squared Loss = "squared" // (z-target)^2/2, linear regression
	// SquaredHinge is max(0, 1-target*z)^2, the L2-SVM.
	SquaredHinge Loss = "squared_hinge"
)

// Method names how a gradient becomes a step.
type Method string

// The methods.
const (
	Descent Method = "sgd"  // rate times gradient
	Adam    Method = "adam" // Kingma and Ba, "Adam", ICLR 2015, with the penalty in the gradient
)

// Schedule names how the rate changes.
type Schedule string

// The schedules, for step t from 1 and epoch e of n from 0.
const (
	Inverse  Schedule = "inverse"  // Rate / t^Power
	Constant Schedule = "constant" // Rate
	Cosine   Schedule = "cosine"   // Rate * (1+cos(pi*e/n))/2
	// Penalty is Rate / (1+L2*Rate*t)^Power, which falls off only as fast as the
	// penalty lets the past be forgotten (Xu, "Towards Optimal One Pass Large Scale
	// Learning with Averaged Stochastic Gradient Descent", 2011).
	Penalty Schedule = "penalty"
)

// Settings say how to train. Fit minimises, over weights w and intercepts b,
//
//	mean of loss, by weight + L2/2 * |w|^2
//
// Only Columns has no default; Classes has none but for Squared.
type Settings struct {
	Columns   int      // every index is below it
	Classes   int      // but for Squared: targets are in [0, Classes), at least 2
	Loss      Loss     // default Log
	Method    Method   // default Descent
	Rate      float64  // of the first step, default 0.1, for Adam 0.01
	Schedule  Schedule // default Inverse
	Power     float64  // of Inverse and Penalty, default 0.25
	Batch     int      // rows a step, default 16
	Epochs    int      // at most, default 20
	L2        float64  // penalty, default 0: none
	Average   bool     // use the mean of the weights over all steps after the first epoch (Polyak and Juditsky 1992)
	Patience  int      // stop after this many epochs without a better validation loss, default 3
	Tolerance float64  // a loss is better when lower by this share, default 1e-4
}

// withDefaults fills the zero fields.
func (s Settings) withDefaults() Settings {
	s.Loss = cmp.Or(s.Loss, Log)
	s.Method = cmp.Or(s.Method, Descent)
	rate := .1
	if s.Method == Adam {
		rate = .01
	}
	s.Rate = cmp.Or(s.Rate, rate)
	s.Schedule = cmp.Or(s.Schedule, Inverse)
	s.Power = cmp.Or(s.Power, .25)
	s.Batch = cmp.Or(s.Batch, 16)
	s.Epochs = cmp.Or(s.Epochs, 20)
	s.Patience = cmp.Or(s.Patience, 3)
	s.Tolerance = cmp.Or(s.Tolerance, 1e-4)
	return s
}

// check refuses settings that have no meaning. The comparisons are written so
// that NaN fails them.
func (s Settings) check() error {
	positive := func(v float64) bool { return v > 0 && !math.IsInf(v, 1) }
	switch {
	case !slices.Contains([]Loss{Log, Hinge, SquaredHinge, Squared}, s.Loss):
		return linear.Invalid("loss %q is not %q, %q, %q or %q", s.Loss, Log, Hinge, SquaredHinge, Squared)
	case s.Method != Descent && s.Method != Adam:
		return linear.Invalid("method %q is not %q or %q", s.Method, Descent, Adam)
	case !slices.Contains([]Schedule{Constant, Inverse, Cosine, Penalty}, s.Schedule):
		return linear.Invalid("schedule %q is not %q, %q, %q or %q", s.Schedule, Constant, Inverse, Cosine, Penalty)
	case s.Columns < 0 || s.Columns > math.MaxInt32:
		return linear.Invalid("%d columns: want 0 to 2^31-1", s.Columns)
	case s.Loss != Squared && s.Classes < 2:
		return linear.Invalid("%d classes: want at least 2", s.Classes)
	case !positive(s.Rate) || !positive(s.Power) || !positive(s.Tolerance):
		return linear.Invalid("rate %v, power %v, tolerance %v: want all positive", s.Rate, s.Power, s.Tolerance)
	case !(s.L2 >= 0 && s.L2*s.Rate < 1): // or the first step would scale all weights by 0 or less
		return linear.Invalid("L2 %v at rate %v: want 0 or more, and their product below 1", s.L2, s.Rate)
	case s.Batch < 1 || s.Epochs < 1 || s.Patience < 1:
		return linear.Invalid("batch %d, %d epochs, patience %d: want all positive", s.Batch, s.Epochs, s.Patience)
	}
	return nil
}

// outputs returns how many margins a row has.
func (s Settings) outputs() int {
	if s.Loss == Squared || s.Classes == 2 {
		return 1
	}
	return s.Classes
}

// rate returns the rate of step t (from 1) in an epoch (from 0).
func (s Settings) rate(t, epoch int) float64 {
	switch s.Schedule {
	case Inverse:
		return s.Rate / math.Pow(float64(t), s.Power)
	case Penalty:
		return s.Rate / math.Pow(1+s.L2*s.Rate*float64(t), s.Power)
	case Cosine:
		return s.Rate * (1 + math.Cos(math.Pi*float64(epoch)/float64(s.Epochs))) / 2
	}
	return s.Rate
}
