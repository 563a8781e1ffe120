package cocoa

import (
	"cmp"
	"math"

	"godwit/shared/ml/linear"
)

// SVM holds the settings of a training, which all its shards and Reduce must
// share. It minimises what linear.SVM minimises; the zero value is usable and
// means the defaults named at each field.
type SVM struct {
	Loss      linear.Loss // default linear.SquaredHinge
	C         float64     // penalty, default 1
	Bias      float64     // value of the appended feature, default 1; negative for no bias
	Tolerance float64     // stop when the gap of all classes is this share of their primal objective, default 1e-3
	Rounds    int         // at most, default 300
	Sweeps    int         // over the working set of a shard in one round, at most, default 5
	Seed      uint64      // of the order in which rows are visited
}

// withDefaults fills the zero fields.
func (s SVM) withDefaults() SVM {
	s.Loss = cmp.Or(s.Loss, linear.SquaredHinge)
	s.C = cmp.Or(s.C, 1)
	s.Bias = cmp.Or(s.Bias, 1)
	s.Tolerance = cmp.Or(s.Tolerance, 1e-3)
	s.Rounds = cmp.Or(s.Rounds, 300)
	s.Sweeps = cmp.Or(s.Sweeps, 5)
	return s
}

// check refuses settings that have no meaning. The comparisons are written so
// that NaN fails them.
func (s SVM) check() error {
	if s.Loss != linear.Hinge && s.Loss != linear.SquaredHinge {
		return linear.Invalid("loss %q is not %q or %q", s.Loss, linear.Hinge, linear.SquaredHinge)
	}
	if err := linear.CheckPath([]float64{s.C}); err != nil {
		return err
	}
	if !(s.Tolerance > 0) || s.Rounds < 1 || s.Sweeps < 1 || math.IsNaN(s.Bias) || math.IsInf(s.Bias, 0) {
		return linear.Invalid("tolerance %v, %d rounds, %d sweeps, bias %v: want positive, positive, positive, finite", s.Tolerance, s.Rounds, s.Sweeps, s.Bias)
	}
	return nil
}
