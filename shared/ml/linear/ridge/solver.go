package ridge

import (
	"context"
	"fmt"

	"godwit/shared/ml/linear/kernel"
	"godwit/shared/ml/sparse"
)

// exact ends a fit whose gradient has fallen by this much, squared: what is
// left is rounding, which matters when the minimum itself is 0.
const exact = 1e-28

// solver runs conjugate gradients. X stands for the matrix less its column
// means (as they are, without an intercept), W for the rows' weights.
type solver struct {
	set     Regression
	crew    kernel.Crew
	rows    *sparse.Matrix
	columns *sparse.Matrix // its transpose
	weight  []float64      // of each row
	mean    []float64      // weighted mean of each column, 0 without an intercept
	target  float64        // weighted mean of the targets, 0 without an intercept
	metric  preconditioner

	alpha    float64
	w        []float64 // by column
	gradient []float64 // by column: transpose(X) W residual - alpha w
	scaled   []float64 // by column: the gradient under the preconditioner
	search   []float64 // by column
	residual []float64 // by row: what is left of the centred targets
	along    []float64 // by row: X search
	scratch  []float64 // by row
}

// preconditioner approximates the inverse of the normal equations.
type preconditioner interface {
	// prepare makes it ready for a penalty.
	prepare(alpha float64)
	// solve sets out to the approximate solution for right.
	solve(right, out []float64)
}

// newSolver centres rows and targets and picks the preconditioner.
func newSolver(x *sparse.Matrix, y []float64, weight []float32, set Regression, workers int) *solver {
	s := &solver{set: set, crew: kernel.Crew(workers), rows: x, columns: x.Transpose(), weight: make([]float64, x.Rows)}
	for _, v := range []*[]float64{&s.mean, &s.w, &s.gradient, &s.scaled, &s.search} {
		*v = make([]float64, x.Cols)
	}
	for _, v := range []*[]float64{&s.residual, &s.along, &s.scratch} {
		*v = make([]float64, x.Rows)
	}
	total := 0.0
	for i := range s.weight {
		s.weight[i] = 1
		if weight != nil {
			s.weight[i] = float64(weight[i])
		}
		total += s.weight[i]
	}
	if !set.NoIntercept {
		s.crew.Multiply(s.columns, s.weight, 1, s.mean)
		for j := range s.mean {
			s.mean[j] /= total
		}
		s.target = s.crew.Dot(s.weight, y) / total
	}
	for i, v := range y {
		s.residual[i] = v - s.target
	}
	if x.Cols <= set.Direct {
		s.metric = newFactor(s)
	} else {
		s.metric = newDiagonal(s)
	}
	return s
}

// path solves every alpha from where the last one ended.
func (s *solver) path(ctx context.Context, each func(Solution) error) error {
	// w and the residual are carried from one alpha to the next; all else of a
	// solution is made anew by solve.
	for step, alpha := range s.set.Alpha {
		s.alpha = alpha
		s.metric.prepare(alpha)
		iterations, converged, err := s.solve(ctx)
		if err != nil {
			return fmt.Errorf("linear: ridge regression at alpha=%v: %w", alpha, err)
		}
		err = each(Solution{
			Step: step, Alpha: alpha, Weight: s.w,
			Intercept: s.target - s.crew.Dot(s.mean, s.w),
			Objective: s.objective(), Iterations: iterations, Converged: converged,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// solve takes steps until the preconditioned gradient says that nothing worth
// having is left: gradient' M gradient is about what the objective is above
// its minimum, exactly so when M is the inverse of the normal equations.
func (s *solver) solve(ctx context.Context) (iterations int, converged bool, err error) {
	s.slope()
	s.metric.solve(s.gradient, s.scaled)
	copy(s.search, s.scaled)
	left := s.crew.Dot(s.gradient, s.scaled)
	first := left
	for ; iterations < s.set.MaxIterations; iterations++ {
		if ctx.Err() != nil {
			return iterations, false, context.Cause(ctx)
		}
		if left <= s.set.Epsilon*s.objective() || left <= exact*first {
			return iterations, true, nil
		}
		// The best step along search is left/bent, bent being search' H search.
		s.forward()
		bent := s.alpha*s.crew.Dot(s.search, s.search) + s.squares(s.along)
		if !(bent > 0) {
			return iterations, true, nil // flat: the search lies among equal minima
		}
		s.crew.Add(s.w, left/bent, s.search)
		s.crew.Add(s.residual, -left/bent, s.along)
		s.slope()
		s.metric.solve(s.gradient, s.scaled)
		next := s.crew.Dot(s.gradient, s.scaled)
		turn := next / left // Fletcher and Reeves: the next search is conjugate to all before
		s.crew.Ranges(len(s.search), func(low, high int) {
			for j := low; j < high; j++ {
				s.search[j] = s.scaled[j] + turn*s.search[j]
			}
		})
		left = next
	}
	return iterations, false, nil
}

// objective returns what Regression minimises, at w.
func (s *solver) objective() float64 { return s.squares(s.residual) + s.alpha*s.crew.Dot(s.w, s.w) }

// squares returns the weighted sum of squares of a vector by row.
func (s *solver) squares(v []float64) float64 {
	return s.crew.Sum(len(v), func(low, high int) float64 {
		sum := 0.0
		for i := low; i < high; i++ {
			sum += s.weight[i] * v[i] * v[i]
		}
		return sum
	})
}

// forward sets along to X search: the rows as they are times search, less what the
// column means contribute, which is one number for all rows.
func (s *solver) forward() {
	s.crew.Multiply(s.rows, s.search, 1, s.along)
	shift := s.crew.Dot(s.mean, s.search)
	for i := range s.along {
		s.along[i] -= shift
	}
}

// slope sets the gradient from the residual,
//
//	transpose(X) W r - alpha w = transpose(rows) W r - (sum of W r) mean - alpha w,
//
// where the centred X is again taken apart.
func (s *solver) slope() {
	sum := s.crew.Sum(len(s.residual), func(low, high int) float64 {
		sum := 0.0
		for i := low; i < high; i++ {
			s.scratch[i] = s.weight[i] * s.residual[i]
			sum += s.scratch[i]
		}
		return sum
	})
	s.crew.Multiply(s.columns, s.scratch, 1, s.gradient)
	s.crew.Add(s.gradient, -sum, s.mean)
	s.crew.Add(s.gradient, -s.alpha, s.w)
}
