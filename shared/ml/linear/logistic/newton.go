package logistic

import (
	"context"
	"fmt"
	"math"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/kernel"
)

const (
	// enough ends training when the loss has fallen to this share of that of
	// no model: only a class without rows or with all of them, whose intercept
	// would grow for ever, gets there.
	enough = 1e-6
	// curvatureShare ends conjugate gradients when a step adds less than this
	// share of what the steps before added on average (Nash and Sofer 1990;
	// the value of Galli and Lin 2021).
	curvatureShare = .5
	maxGradients   = 200 // conjugate gradient steps for one Newton step
	// Backtracking: a step is halved until it gains this share of what the
	// slope promises. After so many halvings it is a trillionth of itself, and
	// what it could gain is rounding.
	armijo     = .01
	maxHalving = 40
)

// newton minimises the L2-penalised loss of width classes at once. Matrices
// are packed columns x width, or packed rows x width, flat.
type newton struct {
	*problem
	crew  kernel.Crew
	link  link
	width int
	c     float64

	w, gradient, step          []float64 // by column
	residual, search, diagonal []float64 // of conjugate gradients, by column
	curved                     []float64 // Hessian times search, by column
	z, moved, along            []float64 // margins of w, of w+t*step, and of step, by row
	probability, row           []float64 // by row; row is scratch

	value, zero float64 // objective at w, and at w = 0
}

// newNewton makes the buffers for width classes.
func newNewton(p *problem, width, workers int) *newton {
	n := &newton{problem: p, crew: kernel.Crew(workers), width: width}
	for _, v := range []*[]float64{&n.w, &n.gradient, &n.step, &n.residual, &n.search, &n.diagonal, &n.curved} {
		*v = make([]float64, p.columns.Rows*width)
	}
	for _, v := range []*[]float64{&n.z, &n.moved, &n.along, &n.probability, &n.row} {
		*v = make([]float64, p.rows.Rows*width)
	}
	return n
}

// reset starts a new problem, of the given classes, from their frequencies.
func (n *newton) reset(l link, classes []int32) {
	n.link = l
	n.start(n.w, n.z, classes)
}

// path solves for every C, each starting where the last one ended, and hands
// out the solution of class classes[k] from every width-th weight at k.
func (n *newton) path(ctx context.Context, classes []int32, out []float32, each func(linear.Solution) error) error {
	for step, c := range n.set.C {
		n.c = c
		iterations, converged, err := n.solve(ctx)
		if err != nil {
			return fmt.Errorf("linear: logistic regression at C=%v: %w", c, err)
		}
		n.centre(n.w, n.z, n.width)
		for k, class := range classes {
			n.unpack(n.w, n.width, k, out)
			err := each(linear.Solution{
				Class: int(class), Step: step, C: c, Weight: out, Bias: n.intercept(n.w, k),
				Objective: n.value, Iterations: iterations, Converged: converged,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// solve takes Newton steps until one promised less than Epsilon of the
// objective; that one is taken too.
func (n *newton) solve(ctx context.Context) (iterations int, converged bool, err error) {
	// The loss of no model, computed and not log(width), so that a weighted
	// problem is measured in its own unit.
	clear(n.moved)
	n.zero = n.c * n.measure(n.moved)
	n.value = n.c*n.measure(n.z) + n.crew.Dot(n.penalised(n.w), n.penalised(n.w))/2
	for iterations < n.set.MaxIterations {
		if ctx.Err() != nil {
			return iterations, false, context.Cause(ctx)
		}
		if n.value <= enough*n.zero {
			return iterations, true, nil
		}
		n.slope()
		promised := n.direction()
		moved := n.advance()
		iterations++
		if promised <= n.set.Epsilon*n.value || !moved {
			return iterations, true, nil
		}
	}
	return iterations, false, nil
}

// penalised returns the part of a vector by column that the penalty is about.
func (n *newton) penalised(v []float64) []float64 { return v[n.free*n.width:] }

// measure returns the weighted loss at margins z and leaves the probabilities
// and, in row, C times the weighted derivatives there.
func (n *newton) measure(z []float64) float64 {
	k := n.width
	return n.crew.Sum(len(n.y), func(low, high int) float64 {
		sum := 0.0
		for i := low; i < high; i++ {
			d := n.row[i*k : (i+1)*k]
			sum += n.weight[i] * n.link.measure(i, z[i*k:(i+1)*k], n.probability[i*k:(i+1)*k], d)
			for t := range d {
				d[t] *= n.c * n.weight[i]
			}
		}
		return sum
	})
}

// slope sets the gradient at w, where measure was called last, and the
// diagonal of the Hessian.
func (n *newton) slope() {
	n.crew.Multiply(n.columns, n.row, n.width, n.gradient)
	n.crew.Add(n.penalised(n.gradient), 1, n.penalised(n.w))
	k := n.width
	n.crew.Ranges(len(n.y), func(low, high int) {
		for i := low; i < high; i++ {
			d := n.row[i*k : (i+1)*k]
			n.link.diagonal(n.probability[i*k:(i+1)*k], d)
			for t := range d {
				d[t] *= n.c * n.weight[i]
			}
		}
	})
	n.crew.MultiplySquares(n.columns, n.row, k, n.diagonal)
	for t := range n.penalised(n.diagonal) {
		n.penalised(n.diagonal)[t]++
	}
	// An intercept of a class nobody doubts has no curvature left in float64.
	for t := range n.diagonal[:n.free*k] {
		n.diagonal[t] = max(n.diagonal[t], math.SmallestNonzeroFloat64/enough)
	}
}

// curve sets curved to the Hessian times search,
//
//	search + C * transpose(X) D X search,
//
// and returns search'*H*search; row holds X*search afterwards bent by D, and
// moved X*search itself.
func (n *newton) curve() float64 {
	k := n.width
	n.crew.Multiply(n.rows, n.search, k, n.moved)
	n.crew.Ranges(len(n.y), func(low, high int) {
		for i := low; i < high; i++ {
			u := n.row[i*k : (i+1)*k]
			copy(u, n.moved[i*k:(i+1)*k])
			n.link.bend(n.probability[i*k:(i+1)*k], u)
			for t := range u {
				u[t] *= n.c * n.weight[i]
			}
		}
	})
	n.crew.Multiply(n.columns, n.row, k, n.curved)
	n.crew.Add(n.penalised(n.curved), 1, n.penalised(n.search))
	return n.crew.Dot(n.search, n.curved)
}

// direction sets step to an approximate minimum of the quadratic model at w,
// by preconditioned conjugate gradients, along to the margins of step, and
// returns how much the model says it gains.
func (n *newton) direction() (promised float64) {
	clear(n.step)
	clear(n.along)
	n.crew.Ranges(len(n.residual), func(low, high int) {
		for t := low; t < high; t++ {
			n.residual[t] = -n.gradient[t]
			n.search[t] = n.residual[t] / n.diagonal[t]
		}
	})
	angle := n.crew.Dot(n.residual, n.search)
	for k := 1; k <= maxGradients && angle > 0; k++ {
		bent := n.curve()
		if !(bent > 0) {
			break // only intercepts move, and in a direction that is flat
		}
		length := angle / bent
		gain := length * angle / 2
		n.crew.Add(n.step, length, n.search)
		n.crew.Add(n.along, length, n.moved)
		n.crew.Add(n.residual, -length, n.curved)
		promised += gain
		if float64(k)*gain <= curvatureShare*promised {
			break
		}
		angle = n.turn(angle)
	}
	return promised
}

// turn makes the next search direction from the residual and returns the
// residual's preconditioned square.
func (n *newton) turn(angle float64) float64 {
	next := n.crew.Sum(len(n.residual), func(low, high int) float64 {
		sum := 0.0
		for t := low; t < high; t++ {
			sum += n.residual[t] * n.residual[t] / n.diagonal[t]
		}
		return sum
	})
	n.crew.Ranges(len(n.search), func(low, high int) {
		for t := low; t < high; t++ {
			n.search[t] = n.residual[t]/n.diagonal[t] + next/angle*n.search[t]
		}
	})
	return next
}

// advance moves w along step, the whole of it if that gains enough, and
// reports whether it could gain anything at all.
func (n *newton) advance() bool {
	// Along the line margins and penalty are known in closed form, z + t*along and
	// (ww + 2t*ws + t^2*ss)/2: a trial costs a pass over the rows and no product.
	w, s := n.penalised(n.w), n.penalised(n.step)
	ww, ws, ss := n.crew.Dot(w, w), n.crew.Dot(w, s), n.crew.Dot(s, s)
	slope := n.crew.Dot(n.gradient, n.step)
	length := 1.0
	for range maxHalving {
		n.crew.Ranges(len(n.moved), func(low, high int) {
			for t := low; t < high; t++ {
				n.moved[t] = n.z[t] + length*n.along[t]
			}
		})
		value := n.c*n.measure(n.moved) + (ww+length*(2*ws+length*ss))/2
		if value <= n.value+armijo*length*slope {
			n.crew.Add(n.w, length, n.step)
			n.z, n.moved = n.moved, n.z
			n.value = value
			return true
		}
		length /= 2
	}
	// Rounding hides what is left to gain. The margins stay those of w.
	return false
}
