// Package layer holds the layers of neural networks for images and plain
// vectors, and the losses they are trained on: each with its Forward and its
// Backward side by side, in single precision.
//
// A Layer carries a batch of n rows, each of its input Shape, channel by
// channel, line by line. It owns the memory of its outputs and gradients, so
// that a warm step allocates nothing, and therefore serves one goroutine:
// Replica makes further copies that share the weights and have activations and
// gradients of their own. Training runs a replica on each shard of a batch and
// adds their gradients up in the order of the shards; the weights are changed
// in between by somebody else (package optim).
//
// Weight matrices are stored inputs x outputs, so that products run along rows
// in memory. Layers for sequences are in package recurrent. Nothing here knows
// of data, epochs or files.
package layer

import "godwit/shared/ml/neural/random"

// Shape is what one row of a batch looks like. A plain vector is its length
// as Channels, 1 high and 1 wide.
type Shape struct{ Channels, Height, Width int }

// Size returns how many numbers a row holds.
func (s Shape) Size() int { return s.Channels * s.Height * s.Width }

// plane returns how many numbers a channel holds.
func (s Shape) plane() int { return s.Height * s.Width }

// Vector returns the shape of a plain vector.
func Vector(length int) Shape { return Shape{length, 1, 1} }

// Pass says how a batch goes forward.
type Pass struct {
	// Train turns on what differs in training: dropout, and statistics of the
	// batch in place of the running ones.
	Train bool
	// Chance is what dropout draws from. It differs from step to step and
	// from shard to shard.
	Chance random.Key
}

// Layer is one stage of a network.
type Layer interface {
	// Out returns the shape of the rows that Forward returns.
	Out() Shape
	// Forward returns the outputs of the n rows of x. The result belongs to
	// the layer and holds until its next Forward; x must not change before
	// Backward is done.
	Forward(x []float32, n int, p *Pass) []float32
	// Backward takes the derivatives of a loss by what Forward last returned.
	// It adds those by the parameters to their Grad, where there is one, and,
	// if input is set, returns those by x; otherwise nil. It may use dy for
	// its own. The result belongs to the layer.
	Backward(dy []float32, input bool) []float32
	// Params returns the parameters, always in the same order.
	Params() []*Param
	// Replica returns the layer with the same weights, for another goroutine.
	// Without learn it has no gradients.
	Replica(learn bool) Layer
}

// Param is an array of numbers that training changes.
type Param struct {
	Name  string
	Shape []int // row-major
	// Value is shared by all replicas.
	Value []float32
	// Grad is the replica's own, nil where nothing is learned. Who takes a
	// step sets it to zero again.
	Grad []float32
	// Decay says that weight decay may shrink it: weights, but no biases and
	// no scales.
	Decay bool
	// Running says that this is not learned from gradients: Grad holds a
	// statistic of the replica's rows times their number, and Value follows its
	// mean over the batch.
	Running bool
	// Rows, when not nil, lists the rows of the first dimension that Grad is
	// not zero in, each once, by first touch: the gradient is sparse.
	Rows *[]int32
}

// Start says what the parameters of new layers begin with.
type Start struct {
	// Chance is what their first values are drawn from.
	Chance random.Key
	// Empty leaves Value and Grad nil: somebody has the values already.
	Empty bool
}

// Split returns the start of a part of a network, by its number.
func (s Start) Split(part uint64) Start { return Start{s.Chance.Split(part), s.Empty} }

// Param returns a parameter that learns, all zero.
func (s Start) Param(name string, shape ...int) *Param {
	p := &Param{Name: name, Shape: shape}
	if !s.Empty {
		p.Value, p.Grad = make([]float32, p.Size()), make([]float32, p.Size())
	}
	return p
}

// Size returns how many numbers the parameter has by its Shape.
func (p *Param) Size() int {
	size := 1
	for _, d := range p.Shape {
		size *= d
	}
	return size
}

// Replica returns p with a gradient of its own, or none.
func (p *Param) Replica(learn bool) *Param {
	r := *p
	r.Grad, r.Rows = nil, nil
	if learn {
		r.Grad = make([]float32, len(p.Value))
		if p.Rows != nil {
			r.Rows = new([]int32)
		}
	}
	return &r
}

// grow returns a slice of length n, s where that is long enough. Its content
// is undefined.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
