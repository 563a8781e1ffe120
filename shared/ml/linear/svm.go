package linear

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

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
}

// Solution is one trained class at one C.
type Solution struct {
	Class      int       // the class that is positive
	Step       int       // index into SVM.C
	C          float64   // SVM.C[Step], or the default
	Weight     []float32 // one per column; valid during the call only
	Bias       float32   // what to add to Weight.x: the bias feature's value times its weight
	Objective  float64   // dual objective: a lower bound of the minimum, equal to it at the optimum
	Iterations int       // sweeps over all rows or over the working set
	Converged  bool      // false when MaxIterations ended it; the weights are usable all the same
}

// InputError is a set of rows, labels or settings that cannot be trained.
type InputError struct {
	Msg string // what is wrong, with its place
}

// Error returns the message.
func (e *InputError) Error() string { return "linear: " + e.Msg }

func invalid(format string, args ...any) error {
	return &InputError{fmt.Sprintf(format, args...)}
}

// OneVsRest trains each class against all others and calls each with every
// solution: for one class in the order of SVM.C, for different classes
// concurrently and in any order. Two classes are one problem, class 1 being
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
	if err := checkRows(x, y, weight, classes); err != nil {
		return err
	}
	p := newProblem(x, y, weight, s)
	if len(p.rows) == 0 {
		return invalid("no row has a weight above 0")
	}
	positives := make([]int32, 0, classes)
	for c := range int32(classes) {
		if classes != 2 || c == 1 {
			positives = append(positives, c)
		}
	}
	return p.run(ctx, positives, workers, each)
}

// run solves the problems of the given classes on at most workers goroutines.
// Classes are handed out one at a time, since their costs differ widely.
func (p *problem) run(ctx context.Context, positives []int32, workers int, each func(Solution) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(max(workers, 1), len(positives)) {
		wg.Go(func() {
			s := newSolver(p)
			for {
				k := int(next.Add(1)) - 1
				if k >= len(positives) {
					return
				}
				if err := s.path(ctx, positives[k], each); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
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
		return invalid("loss %q is not %q or %q", s.Loss, Hinge, SquaredHinge)
	}
	last := 0.0
	for i, c := range s.C {
		if !(c > last) || math.IsInf(c, 1) {
			return invalid("C[%d] = %v after %v: want ascending positive numbers", i, c, last)
		}
		last = c
	}
	if !(s.Epsilon > 0) || s.MaxIterations < 0 || math.IsNaN(s.Bias) || math.IsInf(s.Bias, 0) {
		return invalid("epsilon %v, %d iterations, bias %v: want positive, positive, finite", s.Epsilon, s.MaxIterations, s.Bias)
	}
	return nil
}

// checkRows verifies that labels and weights fit the matrix.
func checkRows(x *sparse.Matrix, y []int32, weight []float32, classes int) error {
	if err := x.Check(); err != nil {
		return fmt.Errorf("linear: training rows: %w", err)
	}
	switch {
	case x.Rows == 0 || x.Rows > math.MaxInt32:
		return invalid("%d rows: want 1 to 2^31-1", x.Rows)
	case len(y) != x.Rows:
		return invalid("%d labels for %d rows", len(y), x.Rows)
	case weight != nil && len(weight) != x.Rows:
		return invalid("%d weights for %d rows", len(weight), x.Rows)
	case classes < 1:
		return invalid("%d classes", classes)
	}
	for i, class := range y {
		if class < 0 || int(class) >= classes {
			return invalid("row %d has class %d of %d", i, class, classes)
		}
	}
	for i, w := range weight {
		if !(w >= 0) || w > math.MaxFloat32 {
			return invalid("row %d has weight %v: want a finite number, 0 or more", i, w)
		}
	}
	return nil
}
