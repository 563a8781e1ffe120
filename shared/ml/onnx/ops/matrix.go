package ops

import "godwit/shared/ml/onnx"

// depth is how many rows of b a block of multiply covers, so that they stay in
// the cache while the rows of a pass over them.
const depth = 128

// multiply adds a·b to dst, all row by row: a is m x k, b is k x n. The sum of
// an element runs over k in order. A 0 in a is passed over, which makes rows of
// few words cheap; 0 times infinity therefore counts as 0.
func multiply(dst, a, b []float32, m, k, n int) {
	for low := 0; low < k; low += depth {
		high := min(low+depth, k)
		for i := range m {
			row := dst[i*n : (i+1)*n]
			for p := low; p < high; p++ {
				x := a[i*k+p]
				if x == 0 {
					continue
				}
				from := b[p*n : (p+1)*n]
				from = from[:len(row)]
				for j, v := range from {
					row[j] += x * v
				}
			}
		}
	}
}

// product is multiply with the work paid for.
func (r *Run) product(dst, a, b []float32, m, k, n int) error {
	// Three sizes of a graph's choosing may exceed an int.
	if work, ok := onnx.Count([]int{m, k, n}); !ok {
		return r.Spend(-1)
	} else if err := r.Spend(work); err != nil {
		return err
	}
	multiply(dst, a, b, m, k, n)
	return nil
}

// matMul multiplies matrices, the last two axes of each, as NumPy does: an
// operand of one axis is a row on the left, a column on the right.
func matMul(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	if err := wantFloats(in...); err != nil {
		return nil, err
	}
	a, b := in[0], in[1]
	if len(a.Dims) == 0 || len(b.Dims) == 0 {
		return nil, badInput("a number is no matrix")
	}
	row, column := len(a.Dims) == 1, len(b.Dims) == 1
	if row {
		a = reshaped(a, []int{1, a.Dims[0]})
	}
	if column {
		b = reshaped(b, []int{b.Dims[0], 1})
	}
	out, err := matrices(r, a, b)
	if err != nil {
		return nil, err
	}
	// The axis that was added to a row or a column goes again.
	last := len(out.Dims)
	dims := append([]int(nil), out.Dims[:last-2]...)
	if !row {
		dims = append(dims, out.Dims[last-2])
	}
	if !column {
		dims = append(dims, out.Dims[last-1])
	}
	return one(reshaped(out, dims), nil)
}

// matrices multiplies matrices of two axes at least; those before the last two
// meet as in other operators.
func matrices(r *Run, a, b *onnx.Tensor) (*onnx.Tensor, error) {
	la, lb := len(a.Dims)-2, len(b.Dims)-2
	m, k, n := a.Dims[la], a.Dims[la+1], b.Dims[lb+1]
	if b.Dims[lb] != k {
		return nil, badInput("matrices of axes %v and %v", a.Dims, b.Dims)
	}
	s, err := meet(a.Dims[:la], b.Dims[:lb])
	if err != nil {
		return nil, err
	}
	out, err := r.floats(append(append([]int(nil), s.dims...), m, n)...)
	if err != nil {
		return nil, err
	}
	left, err := r.walk(s.dims, s.a, 0)
	if err != nil {
		return nil, err
	}
	right, err := r.walk(s.dims, s.b, 0)
	if err != nil {
		return nil, err
	}
	for i := range left {
		pa, pb := a.Floats[left[i]*m*k:][:m*k], b.Floats[right[i]*k*n:][:k*n]
		if err := r.product(out.Floats[i*m*n:][:m*n], pa, pb, m, k, n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// makeGemm computes alpha·A·B + beta·C, A and B transposed if asked for.
func makeGemm(n *onnx.Node, _ int64) (Kernel, error) {
	alpha, beta := floatOf(n, "alpha", 1), floatOf(n, "beta", 1)
	flip := [2]bool{intOf(n, "transA", 0) != 0, intOf(n, "transB", 0) != 0}
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		if err := wantFloats(in...); err != nil {
			return nil, err
		}
		var side [2]*onnx.Tensor
		for i, t := range in[:2] {
			if len(t.Dims) != 2 {
				return nil, badInput("input %d of axes %v, want a matrix", i, t.Dims)
			}
			if side[i] = t; flip[i] {
				var err error
				if side[i], err = flipped(r, t); err != nil {
					return nil, err
				}
			}
		}
		a, b := side[0], side[1]
		if a.Dims[1] != b.Dims[0] {
			return nil, badInput("matrices of axes %v and %v", a.Dims, b.Dims)
		}
		out, err := r.floats(a.Dims[0], b.Dims[1])
		if err != nil {
			return nil, err
		}
		if err := r.product(out.Floats, a.Floats, b.Floats, a.Dims[0], a.Dims[1], b.Dims[1]); err != nil {
			return nil, err
		}
		for i := range out.Floats {
			out.Floats[i] *= alpha
		}
		c := optional(in, 2)
		if c == nil {
			return one(out, nil)
		}
		sum, err := pair(r, out, c, func(x, y float32) float32 { return x + beta*y }, nil)
		if err == nil && sum.Len() != out.Len() {
			return nil, badInput("a sum of axes %v and %v", out.Dims, c.Dims)
		}
		return one(sum, err)
	}, nil
}

// flipped returns a matrix transposed.
func flipped(r *Run, t *onnx.Tensor) (*onnx.Tensor, error) {
	index, err := r.walk([]int{t.Dims[1], t.Dims[0]}, []int{1, t.Dims[1]}, 0)
	if err != nil {
		return nil, err
	}
	return r.pick(t, []int{t.Dims[1], t.Dims[0]}, index, nil)
}
