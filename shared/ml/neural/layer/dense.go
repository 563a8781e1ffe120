package layer

import (
	"godwit/shared/ml/neural/gemm"
	"godwit/shared/ml/neural/random"
	"godwit/shared/ml/neural/vector"
)

// Dense is a fully connected layer: y = x·W + b.
type Dense struct {
	Weight *Param // inputs x outputs
	Bias   *Param // outputs

	in, out  int
	x, y, dx []float32
	narrow   []float32 // dx transposed, inputs x n
	n        int
}

// NewDense returns a layer whose weights and biases begin even in plus or
// minus one over the square root of inputs.
func NewDense(name string, inputs, outputs int, start Start) *Dense {
	d := &Dense{
		Weight: start.Param(name+".weight", inputs, outputs),
		Bias:   start.Param(name+".bias", outputs),
		in:     inputs, out: outputs,
	}
	d.Weight.Decay = true
	bound := random.Bound(inputs)
	start.Chance.Split(0).Uniform(d.Weight.Value, bound)
	start.Chance.Split(1).Uniform(d.Bias.Value, bound)
	return d
}

// Out returns a plain vector.
func (d *Dense) Out() Shape { return Vector(d.out) }

// Params returns weight and bias.
func (d *Dense) Params() []*Param { return []*Param{d.Weight, d.Bias} }

// Replica returns the layer for another goroutine.
func (d *Dense) Replica(learn bool) Layer {
	return &Dense{Weight: d.Weight.Replica(learn), Bias: d.Bias.Replica(learn), in: d.in, out: d.out}
}

// Forward returns y, n x outputs.
func (d *Dense) Forward(x []float32, n int, _ *Pass) []float32 {
	d.x, d.n = x, n
	d.y = grow(d.y, n*d.out)
	for i := range n {
		copy(d.y[i*d.out:], d.Bias.Value)
	}
	gemm.Mul(gemm.Dense(d.y, n, d.out), gemm.Dense(x, n, d.in), d.weight(), true, 1)
	return d.y
}

// Backward adds dW = xᵀ·dy and db = the sum of dy's rows, and returns
// dx = dy·Wᵀ.
func (d *Dense) Backward(dy []float32, input bool) []float32 {
	if d.Weight.Grad != nil {
		gemm.Mul(gemm.Dense(d.Weight.Grad, d.in, d.out), gemm.Dense(d.x, d.n, d.in).T(), gemm.Dense(dy, d.n, d.out), true, 1)
		AddRows(d.Bias.Grad, dy, d.n)
	}
	if !input {
		return nil
	}
	d.dx = grow(d.dx, d.n*d.in)
	if d.n >= d.in {
		gemm.Mul(gemm.Dense(d.dx, d.n, d.in), gemm.Dense(dy, d.n, d.out), d.weight().T(), false, 1)
		return d.dx
	}
	// Few rows: it costs less to turn the result round than the weights.
	d.narrow = grow(d.narrow, d.n*d.in)
	gemm.Mul(gemm.Dense(d.narrow, d.in, d.n), d.weight(), gemm.Dense(dy, d.n, d.out).T(), false, 1)
	Transpose(d.dx, d.narrow, d.in, d.n)
	return d.dx
}

// weight returns W as a matrix.
func (d *Dense) weight() gemm.Matrix { return gemm.Dense(d.Weight.Value, d.in, d.out) }

// AddRows adds the n rows of x, each as long as sum, to sum.
func AddRows(sum, x []float32, n int) {
	for i := range n {
		vector.Add(sum, x[i*len(sum):][:len(sum)])
	}
}

// Transpose writes src, rows x cols, to dst as cols x rows. It goes by blocks
// that fit the first cache.
func Transpose(dst, src []float32, rows, cols int) {
	const block = 16
	for i0 := 0; i0 < rows; i0 += block {
		for j0 := 0; j0 < cols; j0 += block {
			for j := j0; j < min(j0+block, cols); j++ {
				for i := i0; i < min(i0+block, rows); i++ {
					dst[j*rows+i] = src[i*cols+j]
				}
			}
		}
	}
}
