package ops

import (
	"math"
	"slices"

	"godwit/shared/ml/onnx"
)

// recurrent is what GRU and LSTM share. Inputs are X [steps, batch, size],
// W [directions, gates x hidden, size], R [directions, gates x hidden, hidden],
// B [directions, 2 x gates x hidden], the lengths of the rows, and states
// [directions, batch, hidden]; outputs Y [steps, directions, batch, hidden] and
// the last states.
type recurrent struct {
	gates     int
	hidden    int
	direction string
	// step turns the sums of the gates, x·W + the biases and h·R, into the next
	// state of one row, in place.
	step func(*cell)
}

// cell is one row at one step.
type cell struct {
	x, h    []float32 // gates x hidden: what comes from the input and from the state
	rb      []float32 // the biases of R, which linear_before_reset needs apart
	state   []float32 // hidden
	memory  []float32 // hidden, of LSTM
	hidden  int
	reset   []float32                        // hidden, scratch
	product func(dst, a []float32, gate int) // adds a·R of one gate to dst
}

// recurrentOf reads the attributes.
func recurrentOf(n *onnx.Node, gates int, activations ...string) (recurrent, error) {
	c := recurrent{gates: gates, direction: textOf(n, "direction", "forward"), hidden: int(min(max(intOf(n, "hidden_size", 0), 0), 1<<20))}
	if c.direction != "forward" && c.direction != "reverse" && c.direction != "bidirectional" {
		return c, onnx.Errorf(onnx.Corrupt, "direction %q", c.direction)
	}
	if err := refuse(n, "layout", 0); err != nil {
		return c, err
	}
	if err := refuse(n, "input_forget", 0); err != nil {
		return c, err
	}
	for i, name := range list(n, "activations").Strings {
		if name != activations[i%len(activations)] {
			return c, onnx.Errorf(onnx.Unsupported, "activation %q; the operator's own %q are run", name, activations)
		}
	}
	if n.Attribute("clip") != nil {
		return c, onnx.Errorf(onnx.Unsupported, "attribute clip")
	}
	return c, nil
}

// directions returns how many there are, and whether one goes backwards.
func (c *recurrent) directions() (n int, backwards func(d int) bool) {
	if c.direction == "bidirectional" {
		return 2, func(d int) bool { return d == 1 }
	}
	return 1, func(int) bool { return c.direction == "reverse" }
}

// layer is a recurrent over one batch of inputs.
type layer struct {
	*recurrent
	r                      *Run
	steps, batch, size     int
	x, weights, recurrence *onnx.Tensor
	bias                   *onnx.Tensor
	length                 []int
	states, memories       *onnx.Tensor // [directions, batch, hidden]
	y                      *onnx.Tensor
}

// over checks the inputs against each other. memory is the initial one of LSTM.
func (c *recurrent) over(r *Run, in []*onnx.Tensor, memory *onnx.Tensor) (*layer, error) {
	n, _ := c.directions()
	x, w, u := in[0], in[1], in[2]
	if err := wantFloats(x, w, u, optional(in, 3), optional(in, 5), memory); err != nil {
		return nil, err
	}
	if len(x.Dims) != 3 || len(w.Dims) != 3 || len(u.Dims) != 3 {
		return nil, badInput("inputs of axes %v, %v and %v, want 3 axes each", x.Dims, w.Dims, u.Dims)
	}
	l := &layer{recurrent: c, r: r, steps: x.Dims[0], batch: x.Dims[1], size: x.Dims[2], x: x, weights: w, recurrence: u, bias: optional(in, 3)}
	hidden := u.Dims[2]
	if c.hidden != 0 && c.hidden != hidden || !slices.Equal(w.Dims, []int{n, c.gates * hidden, l.size}) ||
		!slices.Equal(u.Dims, []int{n, c.gates * hidden, hidden}) || l.bias != nil && !slices.Equal(l.bias.Dims, []int{n, 2 * c.gates * hidden}) {
		return nil, badInput("axes %v, %v and %v do not go together for %d states", x.Dims, w.Dims, u.Dims, c.hidden)
	}
	own := *c
	own.hidden = hidden
	l.recurrent = &own
	if err := r.Take(8 * l.batch); err != nil {
		return nil, err
	}
	l.length = slices.Repeat([]int{l.steps}, l.batch)
	if t := optional(in, 4); t != nil {
		if len(t.Ints) != l.batch || l.batch > 0 && (slices.Min(t.Ints) < 0 || slices.Max(t.Ints) > int64(l.steps)) {
			return nil, badValue("lengths of %d rows of %d steps are %v", l.batch, l.steps, t.Dims)
		}
		for i, v := range t.Ints {
			l.length[i] = int(v)
		}
	}
	var err error
	if l.states, err = l.initial(optional(in, 5), n); err != nil {
		return nil, err
	}
	if l.memories, err = l.initial(memory, n); err != nil {
		return nil, err
	}
	l.y, err = r.floats(l.steps, n, l.batch, hidden)
	return l, err
}

// initial returns a copy of the states to begin with, zeros without any.
func (l *layer) initial(t *onnx.Tensor, directions int) (*onnx.Tensor, error) {
	out, err := l.r.floats(directions, l.batch, l.hidden)
	if err != nil || t == nil {
		return out, err
	}
	if !slices.Equal(t.Dims, out.Dims) {
		return nil, badInput("states of axes %v, want %v", t.Dims, out.Dims)
	}
	copy(out.Floats, t.Floats)
	return out, nil
}

// run goes through the steps in each direction.
func (l *layer) run() error {
	n, backwards := l.directions()
	for d := range n {
		if err := l.pass(d, backwards(d)); err != nil {
			return err
		}
	}
	return nil
}

// pass goes through the steps in one direction, each row for as long as it is.
func (l *layer) pass(d int, backwards bool) error {
	wide := l.gates * l.hidden
	w, err := l.side(l.weights, d, l.size)
	if err != nil {
		return err
	}
	u, err := l.side(l.recurrence, d, l.hidden)
	if err != nil {
		return err
	}
	inputs, err := l.r.floats(l.steps, l.batch, wide)
	if err != nil {
		return err
	}
	if err := l.r.product(inputs.Floats, l.x.Floats, w, l.steps*l.batch, l.size, wide); err != nil {
		return err
	}
	c, wb, err := l.cell(d, u)
	if err != nil {
		return err
	}
	if err := l.r.Spend(inputs.Len() * (l.hidden + 8)); err != nil {
		return err
	}
	for row := range l.batch {
		at := (d*l.batch + row) * l.hidden
		c.state, c.memory = l.states.Floats[at:at+l.hidden], l.memories.Floats[at:at+l.hidden]
		for s := range l.length[row] {
			t := s
			if backwards {
				t = l.length[row] - 1 - s
			}
			c.x = inputs.Floats[(t*l.batch+row)*wide:][:wide]
			for i, b := range wb {
				c.x[i] += b
			}
			clear(c.h)
			multiply(c.h, c.state, u, 1, l.hidden, wide)
			l.step(c)
			copy(l.y.Floats[((t*(l.y.Dims[1])+d)*l.batch+row)*l.hidden:], c.state)
		}
	}
	return nil
}

// cell returns the scratch of a direction whose R, transposed, is u, with the
// biases of R, and the biases of W.
func (l *layer) cell(d int, u []float32) (c *cell, wb []float32, err error) {
	wide := l.gates * l.hidden
	scratch, err := l.r.floats(3*wide + l.hidden)
	if err != nil {
		return nil, nil, err
	}
	v := scratch.Floats
	c = &cell{hidden: l.hidden, h: v[:wide], rb: v[wide : 2*wide], reset: v[3*wide:]}
	c.product = func(dst, a []float32, gate int) { l.gate(dst, a, u, gate) }
	wb = v[2*wide : 3*wide]
	if l.bias != nil {
		b := l.bias.Floats[d*2*wide:]
		copy(wb, b[:wide])
		copy(c.rb, b[wide:2*wide])
	}
	return c, wb, nil
}

// gate adds a·R of one gate to dst; u is R, transposed.
func (l *layer) gate(dst, a, u []float32, gate int) {
	wide := l.gates * l.hidden
	for k, x := range a {
		row := u[k*wide+gate*l.hidden:][:l.hidden]
		for j, v := range row {
			dst[j] += x * v
		}
	}
}

// side returns the weights of a direction, transposed to [columns, gates x
// hidden].
func (l *layer) side(t *onnx.Tensor, d, columns int) ([]float32, error) {
	wide := l.gates * l.hidden
	m, err := flipped(l.r, onnx.OfFloats(t.Floats[d*wide*columns:][:wide*columns], wide, columns))
	if err != nil {
		return nil, err
	}
	return m.Floats, nil
}

// makeGRU is Cho et al. 2014; gates z, r, h. With linear_before_reset the reset
// gate is applied after the product with R.
func makeGRU(n *onnx.Node, _ int64) (Kernel, error) {
	c, err := recurrentOf(n, 3, "Sigmoid", "Tanh")
	if err != nil {
		return nil, err
	}
	linear := intOf(n, "linear_before_reset", 0) != 0
	c.step = func(c *cell) { c.gru(linear) }
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		l, err := c.over(r, in, nil)
		if err != nil {
			return nil, err
		}
		return []*onnx.Tensor{l.y, l.states}, l.run()
	}, nil
}

// gru computes z = σ(x_z + h_z), r = σ(x_r + h_r), ĥ = tanh(x_h + r∘h_h) or
// tanh(x_h + (r∘h)·R_h), h = (1-z)∘ĥ + z∘h.
func (c *cell) gru(linear bool) {
	n := c.hidden
	candidate := c.h[2*n : 3*n]
	if !linear {
		for j := range n {
			c.reset[j] = sigmoid(c.x[n+j]+c.h[n+j]+c.rb[n+j]) * c.state[j]
		}
		clear(candidate)
		c.product(candidate, c.reset, 2)
	}
	for j := range n {
		z := sigmoid(c.x[j] + c.h[j] + c.rb[j])
		from := candidate[j] + c.rb[2*n+j]
		if linear {
			from *= sigmoid(c.x[n+j] + c.h[n+j] + c.rb[n+j])
		}
		c.state[j] = (1-z)*tanh(c.x[2*n+j]+from) + z*c.state[j]
	}
}

// tanh is computed in double precision.
func tanh(x float32) float32 { return float32(math.Tanh(float64(x))) }

// makeLSTM is Hochreiter and Schmidhuber 1997 with forget gates; gates i, o, f,
// c. Peepholes are refused.
func makeLSTM(n *onnx.Node, _ int64) (Kernel, error) {
	c, err := recurrentOf(n, 4, "Sigmoid", "Tanh", "Tanh")
	if err != nil {
		return nil, err
	}
	c.step = (*cell).lstm
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		l, err := c.over(r, in, optional(in, 6))
		if err != nil {
			return nil, err
		}
		return []*onnx.Tensor{l.y, l.states, l.memories}, l.run()
	}, nil
}

// lstm computes c = σ(f)∘c + σ(i)∘tanh(c̃), h = σ(o)∘tanh(c).
func (c *cell) lstm() {
	n := c.hidden
	gate := func(g, j int) float32 { return c.x[g*n+j] + c.h[g*n+j] + c.rb[g*n+j] }
	for j := range n {
		c.memory[j] = sigmoid(gate(2, j))*c.memory[j] + sigmoid(gate(0, j))*tanh(gate(3, j))
	}
	for j := range n {
		c.state[j] = sigmoid(gate(1, j)) * tanh(c.memory[j])
	}
}
