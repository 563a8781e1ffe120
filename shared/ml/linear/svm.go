package linear

import (
	"cmp"
	"context"
	"math"

	"godwit/shared/ml/linear/kernel"
	"godwit/shared/ml/sparse"
)

// Loss names what a row pays for being on the wrong side of its margin.
type Loss string

// The losses of a margin m = y*(w.x + b), y being +1 or -1.
const (
	Hinge        Loss = "hinge"         // max(0, 1-m), the L1-SVM
	SquaredHinge Loss = "squared_hinge" // max(0, 1-m)^2, the L2-SVM
)

// SVM holds the settings of a linear support vector machine. For each class
// and each C it minimises
//
//	w.w/2 + v*v/2 + C * sum of weight[i] * loss(y[i] * (w.x[i] + Bias*v))
//
// over the weights w and the weight v of the appended bias feature. The zero
// value is usable and means the defaults named at each field.
type SVM struct {
	Loss          Loss      // default SquaredHinge
	C             []float64 // penalties in strictly ascending order, default 1; each solution starts at the previous one's
	Epsilon       float64   // stop when projected gradients of all rows lie within this range, default 0.1
	MaxIterations int       // sweeps for each class and C, default 1000
	Bias          float64   // value of the appended feature, default 1; negative for no bias
	Seed          uint64    // of the order in which rows are visited
	NoShrinking   bool      // visit every row in every sweep: slower, the same optimum
	Classes       Range     // the problems to solve, default all
}

// Solution is one trained class at one C, of an SVM or of another learner
// below this room.
type Solution struct {
	Class      int       // the class that is positive
	Step       int       // index into the path of C
	C          float64   // the path's value at Step, or the default
	Weight     []float32 // one per column; valid during the call only
	Bias       float32   // what to add to Weight.x; of an SVM the bias feature's value times its weight
	Objective  float64   // what was minimised; of an SVM its dual, a lower bound of the minimum, equal to it at the optimum
	Iterations int       // of an SVM sweeps over all rows or over the working set
	Converged  bool      // false when MaxIterations ended it; the weights are usable all the same
}

// OneVsRest trains each class of SVM.Classes against all others and calls each
// with every solution: for one class in the order of SVM.C, for different
// classes concurrently and in any order. Two classes are one problem, class 1 being
// positive, and each is called for class 1 only.
//
// Row i of x has class y[i] in [0, classes) and counts weight[i] times; a nil
// weight means 1 for all, a weight of 0 leaves the row out. At most workers
// goroutines run (at least one); each needs at most 12 bytes a column and 13 a
// row, and all share a packed copy of x of 8 bytes a non-zero, 8 a column and
// 48 a row. Nothing given is changed or retained.
//
// It returns an *InputError or wrapped *sparse.ShapeError for input that
// cannot be trained, the context's error (checked in every sweep), or the
// error of each, which stops all classes.
func (s SVM) OneVsRest(ctx context.Context, x *sparse.Matrix, y []int32, weight []float32,
	classes, workers int, each func(Solution) error) error {
	s = s.withDefaults()
	if err := s.check(); err != nil {
		return err
	}
	if err := CheckClasses(x, y, weight, classes); err != nil {
		return err
	}
	positives, err := s.Classes.Of(classes)
	if err != nil {
		return err
	}
	p := newProblem(x, y, weight, s)
	return kernel.Crew(workers).Tasks(ctx, len(positives), func() func(context.Context, int) error {
		solver := newSolver(p)
		return func(ctx context.Context, k int) error {
			return solver.path(ctx, positives[k], each)
		}
	})
}

// withDefaults fills the zero fields.
func (s SVM) withDefaults() SVM {
	s.Loss = cmp.Or(s.Loss, SquaredHinge)
	s.Epsilon = cmp.Or(s.Epsilon, 0.1)
	s.MaxIterations = cmp.Or(s.MaxIterations, 1000)
	s.Bias = cmp.Or(s.Bias, 1)
	if len(s.C) == 0 {
		s.C = []float64{1}
	}
	return s
}

// check refuses settings that have no meaning. The comparisons are written so
// that NaN fails them.
func (s SVM) check() error {
	if s.Loss != Hinge && s.Loss != SquaredHinge {
		return Invalid("loss %q is not %q or %q", s.Loss, Hinge, SquaredHinge)
	}
	if err := CheckPath(s.C); err != nil {
		return err
	}
	if !(s.Epsilon > 0) || s.MaxIterations < 0 || math.IsNaN(s.Bias) || math.IsInf(s.Bias, 0) {
		return Invalid("epsilon %v, %d iterations, bias %v: want positive, positive, finite", s.Epsilon, s.MaxIterations, s.Bias)
	}
	return nil
}
