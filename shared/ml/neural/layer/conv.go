package layer

import (
	"godwit/shared/ml/neural/gemm"
	"godwit/shared/ml/neural/random"
	"godwit/shared/ml/neural/vector"
)

// Window says how a filter or a pool moves over an image: squares of Size
// pixels, every Stride pixels, over an image with Pad pixels of zeros around.
type Window struct{ Size, Stride, Pad int }

// over returns how often the window fits along a side.
func (w Window) over(side int) int { return (side+2*w.Pad-w.Size)/w.Stride + 1 }

// Conv is a convolution (in truth a correlation, as everywhere in this field):
// y[o][p] = b[o] + the sum over k of W[k][o] · x[k][p], where k runs over channel,
// line and column of the filter and p over the places of the output. It goes
// image by image, so that all of one stays in the second cache.
type Conv struct {
	Weight *Param // in x size x size x out
	Bias   *Param // out

	in, out Shape
	window  Window
	seen    *strips // of x
	back    *strips // of dy, seen from the input; nil with a stride

	n        int
	x, y, dx []float32
	turned   []float32 // the weights, seen from the input: out x size x size x in
	spread   []float32 // with a stride: dx before it is gathered
}

// NewConv returns a convolution from in to out channels. Weights and biases
// begin even in plus or minus one over the square root of a filter's inputs.
func NewConv(name string, in Shape, out int, w Window, start Start) *Conv {
	c := &Conv{
		Weight: start.Param(name+".weight", in.Channels, w.Size, w.Size, out),
		Bias:   start.Param(name+".bias", out),
		in:     in, out: Shape{out, w.over(in.Height), w.over(in.Width)},
		window: w,
	}
	c.look()
	c.Weight.Decay = true
	bound := random.Bound(c.inputs())
	start.Chance.Split(0).Uniform(c.Weight.Value, bound)
	start.Chance.Split(1).Uniform(c.Bias.Value, bound)
	return c
}

// Window returns what the filters look through.
func (c *Conv) Window() Window { return c.window }

// look sets up what a replica sees images through.
func (c *Conv) look() {
	c.seen = newStrips(c.in, c.window)
	if w := c.window; w.Stride == 1 && w.Pad < w.Size {
		c.back = newStrips(c.out, Window{w.Size, 1, w.Size - 1 - w.Pad})
	}
}

// Scaled returns a convolution that does with x what c does with factor times x.
func (c *Conv) Scaled(factor float32) *Conv {
	s := c.Replica(false).(*Conv)
	s.Weight.Value = append([]float32(nil), c.Weight.Value...)
	vector.Scale(s.Weight.Value, factor)
	return s
}

// inputs returns how many numbers an output is the sum of.
func (c *Conv) inputs() int { return c.in.Channels * c.window.Size * c.window.Size }

// Out returns the shape of the filtered images.
func (c *Conv) Out() Shape { return c.out }

// Params returns weight and bias.
func (c *Conv) Params() []*Param { return []*Param{c.Weight, c.Bias} }

// Replica returns the layer for another goroutine.
func (c *Conv) Replica(learn bool) Layer {
	r := &Conv{Weight: c.Weight.Replica(learn), Bias: c.Bias.Replica(learn), in: c.in, out: c.out, window: c.window}
	r.look()
	return r
}

// Forward returns y, n x out channels x places.
func (c *Conv) Forward(x []float32, n int, _ *Pass) []float32 {
	c.x, c.n = x, n
	c.y = grow(c.y, n*c.out.Size())
	places := c.out.plane()
	for i := range n {
		y := row(c.y, i, c.out)
		for o, b := range c.Bias.Value {
			fill(y[o*places:][:places], b)
		}
		gemm.Mul(gemm.Dense(y, c.out.Channels, places), c.weight().T(), c.seen.of(row(x, i, c.in)), true, 1)
	}
	return c.y
}

// Backward adds dW = x·dyᵀ and db = the sum of dy over places, and returns dx,
// which to a pixel is the sum over all filters and places that saw it.
func (c *Conv) Backward(dy []float32, input bool) []float32 {
	places := c.out.plane()
	for i := range c.n {
		if c.Weight.Grad == nil {
			break
		}
		d := row(dy, i, c.out)
		gemm.Mul(gemm.Dense(c.Weight.Grad, c.inputs(), c.out.Channels), c.seen.of(row(c.x, i, c.in)),
			gemm.Dense(d, c.out.Channels, places).T(), true, 1)
		for o := range c.Bias.Grad {
			c.Bias.Grad[o] += vector.Sum(d[o*places:][:places])
		}
	}
	if !input {
		return nil
	}
	c.dx = grow(c.dx, c.n*c.in.Size())
	if c.back != nil {
		c.correlate(dy)
	} else {
		c.scatter(dy)
	}
	return c.dx
}

// correlate makes dx by a convolution of dy with the filters upside down: each
// input channel is an output of it.
func (c *Conv) correlate(dy []float32) {
	c.turn()
	turned := gemm.Dense(c.turned, len(c.back.offsets), c.in.Channels)
	for i := range c.n {
		dx := gemm.Dense(row(c.dx, i, c.in), c.in.Channels, c.in.plane())
		gemm.Mul(dx, turned.T(), c.back.of(row(dy, i, c.out)), false, 1)
	}
}

// turn writes the weights as seen from the input.
func (c *Conv) turn() {
	c.turned = grow(c.turned, len(c.Weight.Value))
	area, out := c.window.Size*c.window.Size, c.out.Channels
	for k := range c.inputs() {
		channel, pixel := k/area, area-1-k%area
		for o, w := range c.Weight.Value[k*out:][:out] {
			c.turned[(o*area+pixel)*c.in.Channels+channel] = w
		}
	}
}

// scatter makes dx by adding what each place sends back through its filters.
func (c *Conv) scatter(dy []float32) {
	clear(c.dx)
	places := c.out.plane()
	c.spread = grow(c.spread, c.inputs()*places)
	for i := range c.n {
		back := gemm.Dense(row(dy, i, c.out), c.out.Channels, places)
		gemm.Mul(gemm.Dense(c.spread, c.inputs(), places), c.weight(), back, false, 1)
		c.seen.gather(row(c.dx, i, c.in), c.spread)
	}
}

// weight returns W as a matrix, inputs x out.
func (c *Conv) weight() gemm.Matrix {
	return gemm.Dense(c.Weight.Value, c.inputs(), c.out.Channels)
}

// row returns row i of a batch of rows of a shape.
func row(x []float32, i int, s Shape) []float32 { return x[i*s.Size():][:s.Size()] }

// fill sets all of s to v.
func fill(s []float32, v float32) {
	for i := range s {
		s[i] = v
	}
}
