package layer

import "godwit/shared/ml/neural/vector"

// ReLU passes on what is above zero: y = max(x, 0).
type ReLU struct {
	in Shape
	y  []float32
}

// NewReLU returns the layer.
func NewReLU(in Shape) *ReLU { return &ReLU{in: in} }

// Out returns the shape of the input.
func (r *ReLU) Out() Shape { return r.in }

// Params returns none.
func (r *ReLU) Params() []*Param { return nil }

// Replica returns the layer for another goroutine.
func (r *ReLU) Replica(bool) Layer { return NewReLU(r.in) }

// Forward returns y.
func (r *ReLU) Forward(x []float32, _ int, _ *Pass) []float32 {
	r.y = grow(r.y, len(x))
	vector.ReLU(r.y, x)
	return r.y
}

// Backward returns dy where y is above zero, and zero elsewhere.
func (r *ReLU) Backward(dy []float32, input bool) []float32 {
	if !input {
		return nil
	}
	vector.ReLUGrad(dy, r.y)
	return dy
}

// Dropout sets numbers to zero by chance in training and makes up for it by
// scaling the rest (Srivastava et al., "Dropout", JMLR 2014). Else it does
// nothing.
type Dropout struct {
	in      Shape
	rate    float32 // of numbers that are dropped
	part    uint64  // tells the dropouts of a network apart
	y, mask []float32
	on      bool // the last Forward dropped
}

// NewDropout returns a layer that drops a share of rate, in [0, 1). part is
// another number in each dropout of a network.
func NewDropout(in Shape, rate float32, part uint64) *Dropout {
	return &Dropout{in: in, rate: rate, part: part}
}

// Out returns the shape of the input.
func (d *Dropout) Out() Shape { return d.in }

// Params returns none.
func (d *Dropout) Params() []*Param { return nil }

// Replica returns the layer for another goroutine.
func (d *Dropout) Replica(bool) Layer { return NewDropout(d.in, d.rate, d.part) }

// Forward returns y.
func (d *Dropout) Forward(x []float32, _ int, p *Pass) []float32 {
	d.on = p.Train && d.rate > 0
	if !d.on {
		return x
	}
	d.y, d.mask = grow(d.y, len(x)), grow(d.mask, len(x))
	key, keep := p.Chance.Split(d.part), 1/(1-d.rate)
	for i := range d.mask {
		d.mask[i] = 0
		if key.Float(uint64(i)) >= d.rate {
			d.mask[i] = keep
		}
	}
	copy(d.y, x)
	vector.Mul(d.y, d.mask)
	return d.y
}

// Backward returns the derivatives of what was kept, scaled alike.
func (d *Dropout) Backward(dy []float32, input bool) []float32 {
	if !input {
		return nil
	}
	if d.on {
		vector.Mul(dy, d.mask)
	}
	return dy
}

// Stack is layers one after the other. It must not be empty.
type Stack []Layer

// Out returns the shape of the last layer's rows.
func (s Stack) Out() Shape { return s[len(s)-1].Out() }

// Params returns the parameters of all layers in their order.
func (s Stack) Params() []*Param {
	var all []*Param
	for _, l := range s {
		all = append(all, l.Params()...)
	}
	return all
}

// Replica returns the layers for another goroutine.
func (s Stack) Replica(learn bool) Layer {
	r := make(Stack, len(s))
	for i, l := range s {
		r[i] = l.Replica(learn)
	}
	return r
}

// Forward returns what the last layer makes of x.
func (s Stack) Forward(x []float32, n int, p *Pass) []float32 {
	for _, l := range s {
		x = l.Forward(x, n, p)
	}
	return x
}

// Backward goes back from the last layer to the first.
func (s Stack) Backward(dy []float32, input bool) []float32 {
	for i := len(s) - 1; i >= 0; i-- {
		dy = s[i].Backward(dy, input || i > 0)
	}
	return dy
}

// Residual adds what its body makes of x to x, or to a shortcut of x where
// the shapes differ (He et al., "Deep residual learning", CVPR 2016).
type Residual struct {
	body, short Layer // short is nil for x itself
	y, dx, dy   []float32
}

// NewResidual returns body(x) + short(x), short nil meaning x itself. Both must
// return rows of one shape.
func NewResidual(body, short Layer) *Residual { return &Residual{body: body, short: short} }

// Out returns the shape of the body's rows.
func (r *Residual) Out() Shape { return r.body.Out() }

// Parts returns the body and the shortcut, nil for none.
func (r *Residual) Parts() (body, short Layer) { return r.body, r.short }

// Params returns the parameters of the body and then of the shortcut.
func (r *Residual) Params() []*Param {
	if r.short == nil {
		return r.body.Params()
	}
	return append(r.body.Params(), r.short.Params()...)
}

// Replica returns the layer for another goroutine.
func (r *Residual) Replica(learn bool) Layer {
	if r.short == nil {
		return NewResidual(r.body.Replica(learn), nil)
	}
	return NewResidual(r.body.Replica(learn), r.short.Replica(learn))
}

// Forward returns y.
func (r *Residual) Forward(x []float32, n int, p *Pass) []float32 {
	y := r.body.Forward(x, n, p)
	r.y = grow(r.y, len(y))
	copy(r.y, y)
	if r.short != nil {
		x = r.short.Forward(x, n, p)
	}
	vector.Add(r.y, x)
	return r.y
}

// Backward returns the sum of the derivatives along both ways.
func (r *Residual) Backward(dy []float32, input bool) []float32 {
	r.dy = grow(r.dy, len(dy))
	copy(r.dy, dy) // the body may use dy for its own
	other := r.dy
	body := r.body.Backward(dy, input)
	if r.short != nil {
		other = r.short.Backward(r.dy, input)
	}
	if !input {
		return nil
	}
	r.dx = grow(r.dx, len(body))
	copy(r.dx, body)
	vector.Add(r.dx, other)
	return r.dx
}
