package gemm

// Dense returns data, rows x cols in rows without gaps, as a Matrix.
func Dense(data []float32, rows, cols int) Matrix {
	return Matrix{Data: data, Rows: rows, Cols: cols, Stride: cols}
}

// T returns the transpose of m: another view of the same numbers.
func (m Matrix) T() Matrix {
	m.Rows, m.Cols, m.Transposed = m.Cols, m.Rows, !m.Transposed
	return m
}

// rows returns n rows of m, the first being row from.
func (m Matrix) rows(from, n int) Matrix {
	m.Rows = n
	switch {
	case m.Transposed:
		m.Data = m.Data[from:]
	case m.Offsets != nil:
		m.Offsets = m.Offsets[from : from+n]
	default:
		m.Data = m.Data[from*m.Stride:]
	}
	return m
}

// cols returns n columns of m, the first being column from.
func (m Matrix) cols(from, n int) Matrix { return m.T().rows(from, n).T() }

// line returns n numbers of line l, from its beginning.
func (m Matrix) line(l, n int) []float32 {
	if m.Offsets != nil {
		return m.Data[m.Offsets[l]:][:n]
	}
	return m.Data[l*m.Stride:][:n]
}

// steps is how far apart in memory a matrix's rows and its columns are.
type steps struct{ row, col int }

func (m Matrix) strides() steps {
	if m.Transposed {
		return steps{1, m.Stride}
	}
	return steps{m.Stride, 1}
}
