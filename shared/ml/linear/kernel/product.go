package kernel

import "godwit/shared/ml/sparse"

const (
	// chunkWork is how many multiplications one piece of a product has: some
	// ten microseconds, long against the cost of handing it out.
	chunkWork = 16 << 10
	// block is how many numbers a partial sum covers. It is part of the
	// result's bits.
	block = 4 << 10
	// lanes is how many columns of a dense row are summed side by side, in
	// registers and from one cache line.
	lanes = 8
)

// Multiply sets out, m.Rows x width, to m times in, m.Cols x width.
func (c Crew) Multiply(m *sparse.Matrix, in []float64, width int, out []float64) {
	c.rows(m, width, func(i int, index []int32, value []float32) {
		if width == 1 {
			out[i] = dot(in, index, value)
			return
		}
		combine(in, width, index, value, out[i*width:(i+1)*width])
	})
}

// MultiplySquares is Multiply with every entry of m squared: the diagonal of a
// product transpose(A) D A, for m = transpose(A) and in the diagonal of D.
func (c Crew) MultiplySquares(m *sparse.Matrix, in []float64, width int, out []float64) {
	c.rows(m, width, func(i int, index []int32, value []float32) {
		row := out[i*width : (i+1)*width]
		clear(row)
		for n, j := range index {
			square := float64(value[n]) * float64(value[n])
			for t, v := range in[int(j)*width : (int(j)+1)*width] {
				row[t] += square * v
			}
		}
	})
}

// rows calls f with every row of m, whole chunks of rows concurrently.
func (c Crew) rows(m *sparse.Matrix, width int, f func(i int, index []int32, value []float32)) {
	// Rows count too, so that many empty ones are not one chunk.
	work := (m.NonZeros() + int64(m.Rows)) * int64(width)
	chunk := int(chunkWork*int64(m.Rows)/max(work, 1)) + 1
	c.Each((m.Rows+chunk-1)/chunk, func(k int) {
		for i := k * chunk; i < min((k+1)*chunk, m.Rows); i++ {
			index, value := m.Row(i)
			f(i, index, value)
		}
	})
}

// dot returns the product of one sparse row with w. Two sums hide the latency
// of the additions.
func dot(w []float64, index []int32, value []float32) float64 {
	var even, odd float64
	n := 0
	for ; n+1 < len(index) && n+1 < len(value); n += 2 {
		even += w[index[n]] * float64(value[n])
		odd += w[index[n+1]] * float64(value[n+1])
	}
	if n < len(index) {
		even += w[index[n]] * float64(value[n])
	}
	return even + odd
}

// combine sets out to the sum of value[n] times row index[n] of in, lanes columns
// at a time: the indices are read again for each, but out is written once.
func combine(in []float64, width int, index []int32, value []float32, out []float64) {
	at := 0
	for ; at+lanes <= width; at += lanes {
		// Eight variables, for the elements of an array are kept in memory.
		var a, b, c, d, e, f, g, h float64
		for n, j := range index {
			v := float64(value[n])
			x := (*[lanes]float64)(in[int(j)*width+at:])
			a += v * x[0]
			b += v * x[1]
			c += v * x[2]
			d += v * x[3]
			e += v * x[4]
			f += v * x[5]
			g += v * x[6]
			h += v * x[7]
		}
		*(*[lanes]float64)(out[at:]) = [lanes]float64{a, b, c, d, e, f, g, h}
	}
	rest := out[at:width]
	clear(rest)
	for n, j := range index {
		v := float64(value[n])
		x := in[int(j)*width+at:][:len(rest)]
		for t := range rest {
			rest[t] += v * x[t]
		}
	}
}

// Sum returns the sum of f(low, high) over consecutive ranges that cover
// [0, n), added in order. f is called concurrently.
func (c Crew) Sum(n int, f func(low, high int) float64) float64 {
	if n <= block {
		return f(0, n)
	}
	part := make([]float64, (n+block-1)/block)
	c.Each(len(part), func(k int) {
		part[k] = f(k*block, min((k+1)*block, n))
	})
	sum := 0.0
	for _, p := range part {
		sum += p
	}
	return sum
}

// Dot returns the inner product of two vectors of one length.
func (c Crew) Dot(a, b []float64) float64 {
	return c.Sum(len(a), func(low, high int) float64 { return Dot(a[low:high], b[low:high]) })
}

// Dot returns the inner product of a with as much of b, which must be at least
// as long. Two sums hide the latency of the additions.
func Dot(a, b []float64) float64 {
	b = b[:len(a)]
	var even, odd float64
	for len(a) >= 2 && len(b) >= 2 {
		even += a[0] * b[0]
		odd += a[1] * b[1]
		a, b = a[2:], b[2:]
	}
	if len(a) > 0 {
		even += a[0] * b[0]
	}
	return even + odd
}

// Ranges calls f with consecutive ranges that cover [0, n), concurrently.
func (c Crew) Ranges(n int, f func(low, high int)) {
	if c < 2 || n <= block {
		f(0, n)
		return
	}
	c.Each((n+block-1)/block, func(k int) { f(k*block, min((k+1)*block, n)) })
}

// Add adds scale times x to y, which are of one length.
func (c Crew) Add(y []float64, scale float64, x []float64) {
	c.Ranges(len(y), func(low, high int) {
		from := x[low:high]
		to := y[low:high][:len(from)]
		for k, v := range from {
			to[k] += scale * v
		}
	})
}
