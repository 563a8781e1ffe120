package recurrent_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"godwit/shared/ml/neural/gradtest"
	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/random"
	"godwit/shared/ml/neural/recurrent"
)

var start = layer.Start{Chance: random.FromSeed(1)}

// batch has sequences of one length, of several, and of one token.
var batch = [][]int32{{1, 2, 3}, {4}, {3, 3, 1, 0}, {2, 1, 1, 4}, {0, 2}}

func pack(sequences [][]int32) *recurrent.Packed {
	p := &recurrent.Packed{}
	p.Pack([][]int32{{9, 9}}) // what came before must not matter
	p.Pack(sequences)
	return p
}

func TestPacked_Pack(t *testing.T) {
	p := pack(batch)
	if want := []int{2, 3, 0, 4, 1}; !slices.Equal(p.Order, want) {
		t.Errorf("Order = %v, want %v", p.Order, want)
	}
	if want := []int{0, 5, 9, 12, 14}; !slices.Equal(p.Start, want) {
		t.Errorf("Start = %v, want %v", p.Start, want)
	}
	if want := []int32{3, 2, 1, 0, 4, 3, 1, 2, 2, 1, 1, 3, 0, 4}; !slices.Equal(p.Tokens, want) {
		t.Errorf("Tokens = %v, want %v", p.Tokens, want)
	}
	if p.Rows() != 14 || p.Steps() != 4 {
		t.Errorf("Rows() = %d, Steps() = %d, want 14 and 4", p.Rows(), p.Steps())
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// cell computes one step in double precision by the formulas of the papers,
// sequence by sequence: params are W, b, U, c as in Params, gate by gate.
type cell func(a, u []float64, h, c []float64)

func gru(a, u, h, _ []float64) {
	n := len(h)
	for j := range h {
		r, z := sigmoid(a[j]+u[j]), sigmoid(a[n+j]+u[n+j])
		h[j] = (1-z)*math.Tanh(a[2*n+j]+r*u[2*n+j]) + z*h[j]
	}
}

func lstm(a, u, h, c []float64) {
	n := len(h)
	for j := range h {
		gate := func(k int) float64 { return a[k*n+j] + u[k*n+j] }
		c[j] = sigmoid(gate(1))*c[j] + sigmoid(gate(0))*math.Tanh(gate(2))
		h[j] = sigmoid(gate(3)) * math.Tanh(c[j])
	}
}

// affine is x·W + b.
func affine(x, w, b []float64) []float64 {
	y := slices.Clone(b)
	for i, v := range x {
		for j := range y {
			y[j] += v * w[i*len(y)+j]
		}
	}
	return y
}

// states runs a cell over every sequence by itself and returns its states in
// the packed order.
func states(f cell, p *recurrent.Packed, reverse bool, width, units int, x []float64, params [][]float64) []float64 {
	y := make([]float64, p.Rows()*units)
	for rank, place := range p.Order {
		length := len(batch[place])
		h, c := make([]float64, units), make([]float64, units)
		for t := range length {
			if reverse {
				t = length - 1 - t
			}
			row := p.Start[t] + rank
			u := affine(h, params[2], params[3])
			f(affine(x[row*width:][:width], params[0], params[1]), u, h, c)
			copy(y[row*units:], h)
		}
	}
	return y
}

func TestRecurrent(t *testing.T) {
	const width, units = 3, 4
	for _, kind := range []recurrent.Kind{recurrent.GRU, recurrent.LSTM} {
		f := map[recurrent.Kind]cell{recurrent.GRU: gru, recurrent.LSTM: lstm}[kind]
		for _, reverse := range []bool{false, true} {
			t.Run(fmt.Sprint(kind, " reverse ", reverse), func(t *testing.T) {
				r := recurrent.New("r", kind, width, units, reverse, start)
				p := pack(batch)
				x := gradtest.Numbers(p.Rows()*width, 5)
				var p64 [][]float64
				for i, q := range r.Params() {
					copy(q.Value, gradtest.Numbers(len(q.Value), uint64(10+i)))
					p64 = append(p64, gradtest.Widen(q.Value))
				}
				x64 := gradtest.Widen(x)
				reference := func() []float64 { return states(f, p, reverse, width, units, x64, p64) }
				y := slices.Clone(r.Forward(x, p))
				gradtest.Near(t, "states", y, reference())

				weights := gradtest.Numbers(len(y), 6)
				loss := func() float64 { return dot(weights, reference()) }
				gradtest.Differences(t, "input", slices.Clone(r.Backward(weights)), x64, loss)
				for i, q := range r.Params() {
					gradtest.Differences(t, q.Name, q.Grad, p64[i], loss)
				}
				// Longer batches in between must leave nothing behind.
				other := r.Replica(true)
				long := pack([][]int32{{1, 1, 1, 1, 1, 1, 1}, {2, 2, 2}})
				other.Forward(gradtest.Numbers(long.Rows()*width, 8), long)
				other.Backward(gradtest.Numbers(long.Rows()*units, 9))
				if got := other.Forward(x, p); !slices.Equal(got, y) {
					t.Error("the states of a replica that was used before differ")
				}
			})
		}
	}
}

func dot(weights []float32, y []float64) float64 {
	sum := 0.0
	for i, w := range weights {
		sum += float64(w) * y[i]
	}
	return sum
}

func TestPool(t *testing.T) {
	const units, stride, offset = 3, 8, 2
	p := pack(batch)
	h := gradtest.Numbers(p.Rows()*units, 3)
	for _, how := range []recurrent.Pooling{recurrent.Last, recurrent.Max, recurrent.Mean} {
		for _, reverse := range []bool{false, true} {
			t.Run(fmt.Sprint(how, " reverse ", reverse), func(t *testing.T) {
				pool := recurrent.NewPool(how, recurrent.New("r", recurrent.GRU, 1, units, reverse, start)).Replica()
				h64 := gradtest.Widen(h)
				reference := func() []float64 {
					y := make([]float64, len(batch)*stride)
					for rank, place := range p.Order {
						for j := range units {
							y[place*stride+offset+j] = pooled(how, reverse, h64, p, rank, units, j, len(batch[place]))
						}
					}
					return y
				}
				y := make([]float32, len(batch)*stride)
				pool.Forward(y, h, p, stride, offset)
				gradtest.Near(t, "vectors", y, reference())
				weights := gradtest.Numbers(len(y), 4)
				gradtest.Differences(t, "states", pool.Backward(weights, stride, offset), h64, func() float64 { return dot(weights, reference()) })
			})
		}
	}
}

// pooled returns unit j of the vector of a sequence.
func pooled(how recurrent.Pooling, reverse bool, h []float64, p *recurrent.Packed, rank, units, j, length int) float64 {
	var all []float64
	for t := range length {
		all = append(all, h[(p.Start[t]+rank)*units+j])
	}
	switch {
	case how == recurrent.Max:
		return slices.Max(all)
	case how == recurrent.Last && reverse:
		return all[0]
	case how == recurrent.Last:
		return all[length-1]
	}
	sum := 0.0
	for _, v := range all {
		sum += v / float64(length)
	}
	return sum
}

func TestEmbedding(t *testing.T) {
	e := recurrent.NewEmbedding("e", 6, 2, start)
	tokens := []int32{4, 1, 4, 5}
	y := e.Forward(tokens)
	for i, token := range tokens {
		if got, want := y[i*2:][:2], e.Weight.Value[token*2:][:2]; !slices.Equal(got, want) {
			t.Errorf("vector %d = %v, want %v", i, got, want)
		}
	}
	e.Backward([]float32{1, 2, 3, 4, 5, 6, 7, 8})
	e.Forward([]int32{0, 5})
	e.Backward([]float32{1, 1, 1, 1})
	if want := []float32{1, 1, 3, 4, 0, 0, 0, 0, 6, 8, 8, 9}; !slices.Equal(e.Weight.Grad, want) {
		t.Errorf("gradient = %v, want %v", e.Weight.Grad, want)
	}
	if want := []int32{4, 1, 5, 0}; !slices.Equal(*e.Weight.Rows, want) {
		t.Errorf("rows = %v, want %v", *e.Weight.Rows, want)
	}
	if r := e.Replica(true); len(*r.Weight.Rows) > 0 || &r.Weight.Value[0] != &e.Weight.Value[0] {
		t.Error("a replica must share the vectors and have rows of its own")
	}
}

// TestRecurrent_warm holds that prediction allocates nothing once warm.
func TestRecurrent_warm(t *testing.T) {
	p := &recurrent.Packed{}
	sequences := [][]int32{{1, 2, 3}, {1}}
	for _, kind := range []recurrent.Kind{recurrent.GRU, recurrent.LSTM} {
		e, r := recurrent.NewEmbedding("e", 5, 8, start), recurrent.New("r", kind, 8, 16, true, start)
		pool, y := recurrent.NewPool(recurrent.Max, r), make([]float32, 32)
		if got := gradtest.Allocations(func() {
			p.Pack(sequences)
			pool.Forward(y, r.Forward(e.Forward(p.Tokens), p), p, 16, 0)
		}); got > 0 {
			t.Errorf("%s allocates %v times, want 0", kind, got)
		}
	}
}
