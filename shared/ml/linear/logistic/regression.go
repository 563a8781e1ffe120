package logistic

import (
	"cmp"
	"context"
	"math"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/kernel"
	"godwit/shared/ml/sparse"
)

// Regression holds the settings of a logistic regression. For each C it
// minimises
//
//	(1-L1Ratio)/2 * |w|_2^2 + L1Ratio * |w|_1 + C * sum of weight[i] * loss(i)
//
// where loss(i) is -ln of the probability given to the class of row i: by
// 1/(1+exp(-(w.x+b))) for one class against the rest, by the softmax of all
// classes' w.x+b for Multinomial. The zero value is usable.
type Regression struct {
	C             []float64    // in strictly ascending order, default 1; each solution starts at the previous one's
	L1Ratio       float64      // share of L1 in the penalty, in [0, 1], default 0: L2 alone
	NoIntercept   bool         // no b
	Epsilon       float64      // stop when a step promises to gain less than this share of the objective, default 1e-4
	MaxIterations int          // steps for each class and C, or for each C of Multinomial, default 100
	Classes       linear.Range // the problems OneVsRest solves, default all; Multinomial has no such parts
}

// OneVsRest trains each class of Classes against all others and calls each with
// every solution: for one class in the order of C, for different classes
// concurrently and in any order; with two classes for class 1 only.
//
// Row i of x has class y[i] in [0, classes) and counts weight[i] times; a nil
// weight means 1 for all. At most workers goroutines run (at least one); each
// needs at most 60 bytes a column and 40 a row, and all share two packed
// copies of x of 8 bytes a non-zero each. Nothing given is changed or retained.
//
// It returns a *linear.InputError or wrapped *sparse.ShapeError for input that
// cannot be trained, the context's error (checked in every step), or the error
// of each, which stops all classes.
func (r Regression) OneVsRest(ctx context.Context, x *sparse.Matrix, y []int32, weight []float32,
	classes, workers int, each func(linear.Solution) error) error {
	r = r.withDefaults()
	if err := r.check(x, y, weight, classes); err != nil {
		return err
	}
	positives, err := r.Classes.Of(classes)
	if err != nil {
		return err
	}
	p := newProblem(x, y, weight, r)
	return kernel.Crew(workers).Tasks(ctx, len(positives), func() func(context.Context, int) error {
		// The goroutines share out the classes; within one they work alone.
		out := make([]float32, x.Cols)
		if r.L1Ratio > 0 {
			s := newDescent(p, 1, 1)
			return func(ctx context.Context, k int) error {
				return s.path(ctx, int(positives[k]), out, each)
			}
		}
		n := newNewton(p, 1, 1)
		return func(ctx context.Context, k int) error {
			n.reset(oneVsRest{class: positives[k], y: p.y}, positives[k:k+1])
			return n.path(ctx, positives[k:k+1], out, each)
		}
	})
}

// Multinomial trains all classes at once and calls each with every solution,
// one at a time, by C and then by class. Objective and Iterations are those of
// the joint problem, equal for all classes of one C. Intercepts, which are
// determined up to one common number, are given with mean 0.
//
// Input and errors are as for OneVsRest. Memory is 56 bytes for each class and
// column (8 with L1) and 40 for each class and row (8 with L1), where under L2
// all the columns that a single row has count as one.
func (r Regression) Multinomial(ctx context.Context, x *sparse.Matrix, y []int32, weight []float32,
	classes, workers int, each func(linear.Solution) error) error {
	r = r.withDefaults()
	if err := r.check(x, y, weight, classes); err != nil {
		return err
	}
	if r.Classes != (linear.Range{}) {
		return linear.Invalid("classes %d to %d asked of a regression that trains all at once", r.Classes.From, r.Classes.To)
	}
	p := newProblem(x, y, weight, r)
	out := make([]float32, x.Cols)
	all := make([]int32, classes)
	for c := range all {
		all[c] = int32(c)
	}
	if r.L1Ratio > 0 {
		return newDescent(p, classes, workers).joint(ctx, all, out, each)
	}
	n := newNewton(p, classes, workers)
	n.reset(softmax{y: p.y}, all)
	return n.path(ctx, all, out, each)
}

// withDefaults fills the zero fields.
func (r Regression) withDefaults() Regression {
	r.Epsilon = cmp.Or(r.Epsilon, 1e-4)
	r.MaxIterations = cmp.Or(r.MaxIterations, 100)
	if len(r.C) == 0 {
		r.C = []float64{1}
	}
	return r
}

// check refuses settings and rows that have no meaning. The comparisons are
// written so that NaN fails them.
func (r Regression) check(x *sparse.Matrix, y []int32, weight []float32, classes int) error {
	if err := linear.CheckPath(r.C); err != nil {
		return err
	}
	if !(r.L1Ratio >= 0 && r.L1Ratio <= 1) || !(r.Epsilon > 0) || math.IsInf(r.Epsilon, 1) || r.MaxIterations < 0 {
		return linear.Invalid("L1 ratio %v, epsilon %v, %d iterations: want 0 to 1, positive, positive", r.L1Ratio, r.Epsilon, r.MaxIterations)
	}
	return linear.CheckClasses(x, y, weight, classes)
}
