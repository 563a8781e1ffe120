package logistic

import (
	"context"
	"fmt"
	"math"

	"godwit/shared/ml/linear"
)

// joint solves all classes at once for every C: rounds of one step of each
// class while the others are held, until a round promised less than Epsilon
// of the objective.
func (d *descent) joint(ctx context.Context, classes []int32, out []float32, each func(linear.Solution) error) error {
	// The sums over classes are kept by row and corrected as a class moves: made
	// anew for each of K classes they would cost K times as many exponentials.
	d.start(d.w, d.z, classes)
	t := &totals{top: make([]float64, len(d.y)), sum: make([]float64, len(d.y))}
	for step, c := range d.set.C {
		d.c = c
		iterations, converged := 0, false
		for iterations < d.set.MaxIterations && !converged {
			iterations++
			value := d.objective(t)
			promised := 0.0
			for k := range d.width {
				if ctx.Err() != nil {
					return fmt.Errorf("linear: logistic regression at C=%v: %w", c, context.Cause(ctx))
				}
				promised += d.round(t, k)
			}
			converged = promised <= d.set.Epsilon*value
		}
		d.centre(d.w, d.z, d.width)
		value := d.objective(t)
		for k := range d.width {
			d.unpack(d.w, d.width, k, out)
			err := each(linear.Solution{
				Class: k, Step: step, C: c, Weight: out, Bias: d.intercept(d.w, k),
				Objective: value, Iterations: iterations, Converged: converged,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// totals holds what the classes of each row sum to: sum of exp(z - top).
type totals struct{ top, sum []float64 }

// objective sums the classes afresh, so that no rounding lasts longer than a
// round, and returns the objective.
func (d *descent) objective(t *totals) float64 {
	k := d.width
	loss := d.crew.Sum(len(d.y), func(low, high int) float64 {
		sum := 0.0
		for i := low; i < high; i++ {
			z := d.z[i*k : (i+1)*k]
			top, total := z[0], 0.0
			for _, v := range z[1:] {
				top = max(top, v)
			}
			for _, v := range z {
				total += math.Exp(v - top)
			}
			t.top[i], t.sum[i] = top, total
			sum += d.weight[i] * (top + math.Log(total) - z[d.y[i]])
		}
		return sum
	})
	value := d.c * loss
	for c := range k {
		value += d.penalty(c)
	}
	return value
}

// round takes one step of class k and returns what it promised.
func (d *descent) round(t *totals, k int) float64 {
	const rounding = 0x1p-52
	d.aim(int32(k))
	d.crew.Ranges(len(d.y), func(low, high int) {
		for i := low; i < high; i++ {
			// What the others sum to. All but nothing of a sure row is class
			// k's own: then the difference is rounding, and bounded by it.
			t.sum[i] = max(t.sum[i]-math.Exp(d.z[i*d.width+k]-t.top[i]), rounding*t.sum[i])
			d.offset[i] = t.top[i] + math.Log(t.sum[i])
		}
	})
	promised, _ := d.advance(k)
	d.crew.Ranges(len(d.y), func(low, high int) {
		for i := low; i < high; i++ {
			t.sum[i] += math.Exp(d.z[i*d.width+k] - t.top[i])
		}
	})
	return promised
}
