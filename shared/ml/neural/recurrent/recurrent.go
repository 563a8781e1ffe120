package recurrent

import (
	"godwit/shared/ml/neural/gemm"
	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/random"
)

// Kind names a recurrent cell.
type Kind string

// The kinds of cell.
const (
	GRU  Kind = "gru"  // gated recurrent unit (Cho et al., 2014), as cuDNN computes it
	LSTM Kind = "lstm" // long short-term memory (Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000)
)

// cell is what differs between the kinds: the arithmetic of one step, row by
// row. G is the number of gates, H the units.
type cell interface {
	gates() int
	// memories is how many arrays of rows x H the cell keeps for Backward.
	memories() int
	// forward computes the n states h of a step from the gates' inputs x and
	// h·W of the states before, both n x G·H. Row i of a memory belongs to row
	// i of h. before is nil of states where the sequence began.
	forward(h, x, recurrent []float32, before state, keep [][]float32, n, units int)
	// backward turns dh, n x H, into the derivatives by the two inputs of
	// forward, and leaves in carry, n x H, what reaches the states before
	// other than through h·W.
	backward(dh, dx, drecurrent, carry []float32, before state, keep [][]float32, n, units int)
}

// state is what a step finds: the rows of the step before.
type state struct {
	h []float32 // n x H, zero where a sequence begins
	c []float32 // of an LSTM: the cells, likewise
	// dc, of an LSTM going backward, is the derivative by the cells after
	// the step, n x H; the step replaces it by that before.
	dc []float32
}

// Recurrent is a GRU or an LSTM over packed sequences, forward in time or, if
// reverse, from the last token to the first.
type Recurrent struct {
	Input, InputBias          *layer.Param // width x G·H, G·H
	Recurrence, RecurrentBias *layer.Param // H x G·H, G·H

	cell         cell
	width, units int
	reverse      bool

	p              *Packed
	x, h           []float32    // rows x width, rows x H
	gatesX, gatesH []float32    // rows x G·H; later their derivatives
	before         []float32    // rows x H: the state each row came from
	cells          []float32    // rows x H: an LSTM's cells each row came from
	keep           [][]float32  // the cell's memories, rows x H each
	part           [3][]float32 // what kept returns
	turned         []float32    // Recurrence transposed, G·H x H
	dh, carry, dc  []float32
	dx             []float32
}

// New returns a layer of a kind with as many units, whose weights and biases
// begin even in plus or minus one over the square root of units, as PyTorch's.
// It panics if the kind is neither GRU nor LSTM.
func New(name string, kind Kind, width, units int, reverse bool, start layer.Start) *Recurrent {
	c, ok := map[Kind]cell{GRU: gru{}, LSTM: lstm{}}[kind]
	if !ok {
		panic("recurrent: no cell of kind " + string(kind))
	}
	g := c.gates() * units
	r := &Recurrent{
		Input: start.Param(name+".input", width, g), InputBias: start.Param(name+".input_bias", g),
		Recurrence: start.Param(name+".recurrence", units, g), RecurrentBias: start.Param(name+".recurrence_bias", g),
		cell: c, width: width, units: units, reverse: reverse,
	}
	r.Input.Decay, r.Recurrence.Decay = true, true
	bound := random.Bound(units)
	for i, p := range r.Params() {
		start.Chance.Split(uint64(i)).Uniform(p.Value, bound)
	}
	return r
}

// Units returns the length of a state.
func (r *Recurrent) Units() int { return r.units }

// Params returns the weights and biases.
func (r *Recurrent) Params() []*layer.Param {
	return []*layer.Param{r.Input, r.InputBias, r.Recurrence, r.RecurrentBias}
}

// Replica returns the layer with the same weights, for another goroutine.
func (r *Recurrent) Replica(learn bool) *Recurrent {
	return &Recurrent{
		Input: r.Input.Replica(learn), InputBias: r.InputBias.Replica(learn),
		Recurrence: r.Recurrence.Replica(learn), RecurrentBias: r.RecurrentBias.Replica(learn),
		cell: r.cell, width: r.width, units: r.units, reverse: r.reverse,
	}
}

// Forward returns the state after each token, rows x units, of x, rows x width.
func (r *Recurrent) Forward(x []float32, p *Packed) []float32 {
	rows, g := p.Rows(), r.cell.gates()*r.units
	r.p, r.x = p, x
	r.h, r.before = grow(r.h, rows*r.units), grow(r.before, rows*r.units)
	r.gatesX, r.gatesH = grow(r.gatesX, rows*g), grow(r.gatesH, rows*g)
	for len(r.keep) < r.cell.memories() {
		r.keep = append(r.keep, nil)
	}
	for i := range r.keep {
		r.keep[i] = grow(r.keep[i], rows*r.units)
	}
	repeat(r.gatesX, r.InputBias.Value)
	repeat(r.gatesH, r.RecurrentBias.Value)
	gemm.Mul(gemm.Dense(r.gatesX, rows, g), gemm.Dense(x, rows, r.width), gemm.Dense(r.Input.Value, r.width, g), true, 1)
	for t := range p.Steps() {
		r.step(r.at(t))
	}
	return r.h
}

// at returns the t-th step in the direction of the layer.
func (r *Recurrent) at(t int) int {
	if r.reverse {
		return r.p.Steps() - 1 - t
	}
	return t
}

// previous returns the step before t in the direction of the layer.
func (r *Recurrent) previous(t int) int {
	if r.reverse {
		return t + 1
	}
	return t - 1
}

// step computes the states of step t.
func (r *Recurrent) step(t int) {
	at, n, g := r.p.Start[t], r.p.active(t), r.cell.gates()*r.units
	before := r.before[at*r.units:][:n*r.units]
	// Of the n sequences the first m have a state to come from: going forward
	// all of them, going back those that are longer.
	m := r.carryOver(before, r.h, t)
	if m > 0 {
		gemm.Mul(gemm.Dense(r.gatesH[at*g:], m, g), gemm.Dense(before, m, r.units), gemm.Dense(r.Recurrence.Value, r.units, g), true, 1)
	}
	s := r.stateOf(at, n)
	if s.c != nil {
		r.carryOver(s.c, r.keep[lstmCell], t)
	}
	r.cell.forward(r.h[at*r.units:][:n*r.units], r.gatesX[at*g:], r.gatesH[at*g:], s, r.kept(at, n), n, r.units)
}

// carryOver sets the rows of step t to what the step before left in all, zero
// where a sequence begins, and returns how many have a step before.
func (r *Recurrent) carryOver(rows, all []float32, t int) int {
	last := r.previous(t)
	m := min(r.p.active(last), r.p.active(t))
	if m > 0 {
		copy(rows, all[r.p.Start[last]*r.units:][:m*r.units])
	}
	clear(rows[m*r.units:])
	return m
}

// stateOf returns the states that n rows from at came from.
func (r *Recurrent) stateOf(at, n int) state {
	s := state{h: r.before[at*r.units:][:n*r.units]}
	if _, ok := r.cell.(lstm); ok {
		r.cells = grow(r.cells, r.p.Rows()*r.units)
		s.c = r.cells[at*r.units:][:n*r.units]
	}
	return s
}

// kept returns the memories of n rows from at.
func (r *Recurrent) kept(at, n int) [][]float32 {
	for i, k := range r.keep {
		r.part[i] = k[at*r.units:][:n*r.units]
	}
	return r.part[:len(r.keep)]
}

// Backward takes the derivatives by all states, rows x units, adds those by
// the parameters, and returns those by x.
func (r *Recurrent) Backward(dy []float32) []float32 {
	rows, g := r.p.Rows(), r.cell.gates()*r.units
	r.turned = grow(r.turned, len(r.Recurrence.Value))
	layer.Transpose(r.turned, r.Recurrence.Value, r.units, g)
	batch := r.p.active(0)
	r.carry, r.dc, r.dh = grow(r.carry, batch*r.units), grow(r.dc, batch*r.units), grow(r.dh, batch*r.units)
	clear(r.carry)
	clear(r.dc)
	for t := r.p.Steps() - 1; t >= 0; t-- {
		r.stepBack(dy, r.at(t))
	}
	// The gates' inputs now hold their derivatives.
	gatesX, gatesH := gemm.Dense(r.gatesX, rows, g), gemm.Dense(r.gatesH, rows, g)
	if r.Input.Grad != nil {
		gemm.Mul(gemm.Dense(r.Input.Grad, r.width, g), gemm.Dense(r.x, rows, r.width).T(), gatesX, true, 1)
		layer.AddRows(r.InputBias.Grad, r.gatesX, rows)
		gemm.Mul(gemm.Dense(r.Recurrence.Grad, r.units, g), gemm.Dense(r.before, rows, r.units).T(), gatesH, true, 1)
		layer.AddRows(r.RecurrentBias.Grad, r.gatesH, rows)
	}
	r.dx = grow(r.dx, rows*r.width)
	gemm.Mul(gemm.Dense(r.dx, rows, r.width), gatesX, gemm.Dense(r.Input.Value, r.width, g).T(), false, 1)
	return r.dx
}

// stepBack goes back over step t. carry and dc hold what the later step sent
// to the first rows, and zero for the sequences it did not have.
func (r *Recurrent) stepBack(dy []float32, t int) {
	at, n, g := r.p.Start[t], r.p.active(t), r.cell.gates()*r.units
	size := n * r.units
	dh := r.dh[:size]
	for i, c := range r.carry[:size] {
		dh[i] = dy[at*r.units+i] + c
	}
	s := r.stateOf(at, n)
	s.dc = r.dc[:size]
	r.cell.backward(dh, r.gatesX[at*g:], r.gatesH[at*g:], r.carry[:size], s, r.kept(at, n), n, r.units)
	gemm.Mul(gemm.Dense(r.carry, n, r.units), gemm.Dense(r.gatesH[at*g:], n, g), gemm.Dense(r.turned, g, r.units), true, 1)
	// Sequences that begin here have nobody to send to.
	m := min(r.p.active(r.previous(t)), n) * r.units
	clear(r.carry[m:])
	clear(r.dc[m:])
}

// repeat fills dst with copies of row.
func repeat(dst, row []float32) {
	for len(dst) > 0 {
		dst = dst[copy(dst, row):]
	}
}
