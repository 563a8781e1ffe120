package ridge

import (
	"cmp"
	"context"
	"math"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/sparse"
)

// Regression holds the settings of a linear or ridge regression. For each
// alpha it minimises
//
//	sum of weight[i] * (y[i] - w.x[i] - b)^2 + alpha * |w|^2
//
// over w and b. The zero value is usable.
type Regression struct {
	Alpha         []float64 // penalties, 0 or more, default 1; 0 is ordinary least squares; each solution starts at the previous one's
	NoIntercept   bool      // b = 0
	Epsilon       float64   // stop when the objective is within about this share of its minimum, default 1e-10
	MaxIterations int       // steps for each alpha, default 1000
	Direct        int       // most columns to factor the normal equations for, default 512; negative for never
}

// Solution is one trained alpha.
type Solution struct {
	Step       int       // index into Regression.Alpha
	Alpha      float64   // Regression.Alpha[Step], or the default
	Weight     []float64 // one per column; valid during the call only
	Intercept  float64   // what to add to Weight.x
	Objective  float64   // what was minimised
	Iterations int       // steps of conjugate gradients
	Converged  bool      // false when MaxIterations ended it; the weights are usable all the same
}

// Fit trains every alpha in order and calls each with every solution.
//
// Row i of x has the target y[i] and counts weight[i] times; a nil weight
// means 1 for all. The products run on at most workers goroutines. Where
// several w reach the minimum (alpha 0 and columns that depend on each other)
// the solution is one of them, the smallest by the preconditioner's measure.
// Memory is 8 bytes a non-zero, 50 a column and 40 a row, and 16 times the
// square of the columns when these are factored. Nothing given is changed or
// retained.
//
// It returns a *linear.InputError or wrapped *sparse.ShapeError for input that
// cannot be trained, the context's error (checked in every step), or the error
// of each, which ends the path.
func (r Regression) Fit(ctx context.Context, x *sparse.Matrix, y []float64, weight []float32,
	workers int, each func(Solution) error) error {
	r = r.withDefaults()
	if err := r.check(x, y, weight); err != nil {
		return err
	}
	return newSolver(x, y, weight, r, workers).path(ctx, each)
}

// withDefaults fills the zero fields.
func (r Regression) withDefaults() Regression {
	r.Epsilon = cmp.Or(r.Epsilon, 1e-10)
	r.MaxIterations = cmp.Or(r.MaxIterations, 1000)
	r.Direct = cmp.Or(r.Direct, 512)
	if len(r.Alpha) == 0 {
		r.Alpha = []float64{1}
	}
	return r
}

// check refuses settings and rows that have no meaning. The comparisons are
// written so that NaN fails them.
func (r Regression) check(x *sparse.Matrix, y []float64, weight []float32) error {
	for i, a := range r.Alpha {
		if !(a >= 0) || math.IsInf(a, 1) {
			return linear.Invalid("alpha[%d] = %v: want a finite number, 0 or more", i, a)
		}
	}
	if !(r.Epsilon > 0) || math.IsInf(r.Epsilon, 1) || r.MaxIterations < 0 {
		return linear.Invalid("epsilon %v, %d iterations: want both positive", r.Epsilon, r.MaxIterations)
	}
	return linear.CheckTargets(x, y, weight)
}
