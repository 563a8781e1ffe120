package logistic

import (
	"context"
	"fmt"
	"math"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/kernel"
)

const (
	// A quadratic model is solved until a sweep moves less than this share of
	// what its first sweep moved, measured by the squared steps it gains.
	innerShare = 1e-2
	// maxSweeps bounds the sweeps of one model, should it be too flat to end.
	maxSweeps = 100
	// longest bounds one step of an intercept without curvature: e^10 in odds.
	longest = 10
	// least keeps second derivatives above 0.
	least = 1e-12
)

// descent minimises the loss under a penalty with a share of L1, one class at
// a time. Of classes trained at once all but one are held, which leaves a
// problem of one class against the rest whose margins have an offset: the
// logarithm of what the other classes sum to.
type descent struct {
	*problem
	crew  kernel.Crew
	width int
	c     float64
	lasso float64   // weight of the L1 part
	ridge float64   // weight of the L2 part
	w     []float64 // packed columns x width
	z     []float64 // packed rows x width

	// Of the class being stepped: by row its targets (0 or 1), offset, margin
	// under step, first and second derivative and the step's margin; by column
	// the derivatives, and the step of the active columns.
	target, offset, moved   []float64
	first, second, along    []float64
	slope, curvature, delta []float64
	active                  []int32
}

func newDescent(p *problem, width, workers int) *descent {
	d := &descent{problem: p, crew: kernel.Crew(workers), width: width,
		lasso: p.set.L1Ratio, ridge: 1 - p.set.L1Ratio,
		w: make([]float64, p.columns.Rows*width), z: make([]float64, p.rows.Rows*width),
		active: make([]int32, 0, p.columns.Rows),
	}
	for _, v := range []*[]float64{&d.target, &d.offset, &d.moved, &d.first, &d.second, &d.along} {
		*v = make([]float64, p.rows.Rows)
	}
	for _, v := range []*[]float64{&d.slope, &d.curvature, &d.delta} {
		*v = make([]float64, p.columns.Rows)
	}
	return d
}

// path solves one class against the rest for every C.
func (d *descent) path(ctx context.Context, class int, out []float32, each func(linear.Solution) error) error {
	d.start(d.w, d.z, []int32{int32(class)})
	d.aim(int32(class))
	for step, c := range d.set.C {
		d.c = c
		zero := d.c * d.loss(d.offset) // which is all 0, as the margins of w = 0 are
		value := d.c*d.loss(d.z) + d.penalty(0)
		iterations, converged := 0, false
		for ; iterations < d.set.MaxIterations && !converged; iterations++ {
			if ctx.Err() != nil {
				return fmt.Errorf("linear: logistic regression of class %d: %w", class, context.Cause(ctx))
			}
			if value <= enough*zero {
				converged = true
				break
			}
			promised, gained := d.advance(0)
			value -= gained
			converged = promised <= d.set.Epsilon*value || gained == 0
		}
		d.unpack(d.w, 1, 0, out)
		err := each(linear.Solution{
			Class: class, Step: step, C: c, Weight: out, Bias: d.intercept(d.w, 0),
			Objective: d.c*d.loss(d.z) + d.penalty(0), Iterations: iterations, Converged: converged,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// aim sets the targets of one class.
func (d *descent) aim(class int32) {
	for i, y := range d.y {
		d.target[i] = 0
		if y == class {
			d.target[i] = 1
		}
	}
}

// loss returns the weighted loss of the class aimed at, given margins that
// include the offset.
func (d *descent) loss(margin []float64) float64 {
	return d.crew.Sum(len(margin), func(low, high int) float64 {
		sum := 0.0
		for i := low; i < high; i++ {
			loss, _ := logLoss(margin[i], d.target[i])
			sum += d.weight[i] * loss
		}
		return sum
	})
}

// penalty returns what the weights of one class cost.
func (d *descent) penalty(k int) float64 {
	sum := 0.0
	for j := d.free; j < d.columns.Rows; j++ {
		sum += d.cost(d.w[j*d.width+k])
	}
	return sum
}

// cost returns the penalty of one weight.
func (d *descent) cost(w float64) float64 { return d.lasso*math.Abs(w) + d.ridge/2*w*w }

// advance takes one step of the class aimed at, whose weights are every
// width-th from k: it solves a quadratic model of the loss and searches along
// the line. It returns how much the model promised and the objective gained,
// and leaves z and w moved.
func (d *descent) advance(k int) (promised, gained float64) {
	before := d.derive(k)
	d.model(k)
	d.sweep(k)
	// The promise is the slope of the loss along the step plus the change of
	// the penalty (Yuan et al. 2012, equation 23).
	change := 0.0
	for _, j := range d.active {
		w := d.w[int(j)*d.width+k]
		// slope has the penalty's smooth part in it, which cost counts too.
		change += (d.slope[j] - d.smooth(int(j), w)) * d.delta[j]
		if int(j) >= d.free {
			change += d.cost(w+d.delta[j]) - d.cost(w)
		}
	}
	if !(change < 0) {
		return 0, 0
	}
	length := 1.0
	for range maxHalving {
		for i := range d.moved {
			d.moved[i] = d.z[i*d.width+k] - d.offset[i] + length*d.along[i]
		}
		gained = before - d.c*d.loss(d.moved) - d.dearer(k, length)
		if gained >= -armijo*length*change {
			d.commit(k, length)
			return -change, gained
		}
		length /= 2
	}
	return -change, 0
}

// smooth returns the derivative of the L2 part at weight w of column j.
func (d *descent) smooth(j int, w float64) float64 {
	if j < d.free {
		return 0
	}
	return d.ridge * w
}

// dearer returns how much the penalty grows by a step of the given length.
func (d *descent) dearer(k int, length float64) float64 {
	sum := 0.0
	for _, j := range d.active {
		if int(j) >= d.free {
			w := d.w[int(j)*d.width+k]
			sum += d.cost(w+length*d.delta[j]) - d.cost(w)
		}
	}
	return sum
}

// commit makes a step of the given length.
func (d *descent) commit(k int, length float64) {
	for _, j := range d.active {
		d.w[int(j)*d.width+k] += length * d.delta[j]
	}
	for i := range d.along {
		d.z[i*d.width+k] += length * d.along[i]
	}
}

// derive sets the derivatives by row and returns C times the loss.
func (d *descent) derive(k int) float64 {
	return d.c * d.crew.Sum(len(d.y), func(low, high int) float64 {
		sum := 0.0
		for i := low; i < high; i++ {
			loss, p := logLoss(d.z[i*d.width+k]-d.offset[i], d.target[i])
			sum += d.weight[i] * loss
			d.first[i] = d.c * d.weight[i] * (p - d.target[i])
			d.second[i] = d.c * d.weight[i] * max(p*(1-p), least)
		}
		return sum
	})
}

// model sets the derivatives by column at step 0 and gathers the columns that
// can move: a weight of 0 stays when the slope is within the L1 weight. One
// that another's step would free is found by the next model.
func (d *descent) model(k int) {
	d.crew.Multiply(d.columns, d.first, 1, d.slope)
	d.crew.MultiplySquares(d.columns, d.second, 1, d.curvature)
	clear(d.along)
	d.active = d.active[:0]
	for j := range d.slope {
		w := d.w[j*d.width+k]
		d.delta[j] = 0
		d.slope[j] += d.smooth(j, w)
		d.curvature[j] += least
		if j < d.free {
			d.active = append(d.active, int32(j))
			continue
		}
		d.curvature[j] += d.ridge
		if w != 0 || math.Abs(d.slope[j]) > d.lasso {
			d.active = append(d.active, int32(j))
		}
	}
}

// sweep minimises the model over one active column after the other until the
// steps have become small.
func (d *descent) sweep(k int) {
	start := 0.0
	for n := range maxSweeps {
		gain := 0.0
		for _, j := range d.active {
			index, value := d.columns.Row(int(j))
			// The model's slope here: what it was at step 0, plus the Hessian
			// times the step so far, of which along is the part of the loss.
			slope := d.slope[j] + d.smooth(int(j), d.delta[j])
			for t, i := range index {
				slope += float64(value[t]) * d.second[i] * d.along[i]
			}
			step := d.shrink(int(j), slope, d.w[int(j)*d.width+k]+d.delta[j])
			if step == 0 {
				continue
			}
			gain += step * step * d.curvature[j]
			d.delta[j] += step
			for t, i := range index {
				d.along[i] += step * float64(value[t])
			}
		}
		if n == 0 {
			start = gain
		}
		if gain <= innerShare*start {
			return
		}
	}
}

// shrink returns the step that minimises slope*step + curvature*step^2/2 and
// the L1 penalty of w+step: a Newton step that stops at weight 0 unless the
// slope beyond it still pays (soft thresholding).
func (d *descent) shrink(j int, slope, w float64) float64 {
	h := d.curvature[j]
	switch {
	case j < d.free:
		return min(max(-slope/h, -longest), longest)
	case slope+d.lasso < h*w:
		return -(slope + d.lasso) / h
	case slope-d.lasso > h*w:
		return -(slope - d.lasso) / h
	}
	return -w
}
