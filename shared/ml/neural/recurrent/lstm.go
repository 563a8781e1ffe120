package recurrent

import "godwit/shared/ml/neural/vector"

// lstmCell is which memory of an LSTM holds the cells after a step.
const lstmCell = 0

// lstm is a cell with input gate i, forget gate f, candidate g and output gate
// o, in this order, each of the sum of its input and recurrent parts:
//
//	c' = σ(f)·c + σ(i)·tanh(g)    h' = σ(o)·tanh(c')
type lstm struct{}

func (lstm) gates() int    { return 4 }
func (lstm) memories() int { return 2 } // c' and tanh(c'); the gates stay where they are

func (lstm) forward(h, x, recurrent []float32, before state, keep [][]float32, n, units int) {
	vector.Add(x[:n*4*units], recurrent[:n*4*units])
	for k := range n {
		row := func(s []float32) []float32 { return s[k*units:][:units] }
		gates := x[k*4*units:][:4*units]
		vector.Sigmoid(gates[:2*units], gates[:2*units])
		vector.Tanh(gates[2*units:3*units], gates[2*units:3*units])
		vector.Sigmoid(gates[3*units:], gates[3*units:])
		in, forget, candidate := gates[:units], gates[units:2*units], gates[2*units:3*units]
		last, cells, out := row(before.c), row(keep[lstmCell]), row(h)
		for j, c := range last {
			cells[j] = forget[j]*c + in[j]*candidate[j]
		}
		squashed := row(keep[1])
		vector.Tanh(squashed, cells)
		copy(out, squashed)
		vector.Mul(out, gates[3*units:])
	}
}

func (lstm) backward(dh, dx, drecurrent, carry []float32, before state, keep [][]float32, n, units int) {
	for k := range n {
		row := func(s []float32) []float32 { return s[k*units:][:units] }
		gates := dx[k*4*units:][:4*units]
		in, forget, candidate, output := gates[:units], gates[units:2*units], gates[2*units:3*units], gates[3*units:]
		last, squashed, dc := row(before.c), row(keep[1]), row(before.dc)
		for j, d := range row(dh) {
			i, f, g, o, s := in[j], forget[j], candidate[j], output[j], squashed[j]
			cell := dc[j] + d*o*(1-s*s)
			in[j] = cell * g * i * (1 - i)
			forget[j] = cell * last[j] * f * (1 - f)
			candidate[j] = cell * i * (1 - g*g)
			output[j] = d * s * o * (1 - o)
			dc[j] = cell * f
		}
	}
	copy(drecurrent[:n*4*units], dx[:n*4*units])
	clear(carry[:n*units])
}
