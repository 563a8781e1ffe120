package gemm

import (
	"fmt"

	"godwit/shared/ml/neural/simd"
)

// Matrix is a view of float32 numbers as Rows x Cols. A line is a row of it, or
// a column when Transposed, and lies in one piece: line n begins at
// Data[n*Stride], where Stride is at least the length of a line. Rows or Cols
// may be 0, and then Data is not looked at.
type Matrix struct {
	Data       []float32
	Rows, Cols int
	Stride     int
	Transposed bool
	// Offsets, unless nil, says where in Data each line begins, and Stride is
	// not used. Lines may overlap: so the patches a convolution sees need not be
	// written out. Not for results. It is read during Mul only.
	Offsets []int
}

// path is the kernel in use. Tests set it to compare the kernels.
var path = simd.Best()

// Kernel returns the name of the path in use: "avx512", "avx2", "neon" or "go".
func Kernel() string { return path.String() }

// Mul sets dst to a·b, or adds a·b to it if add is set. The shapes are
// dst M x N, a M x K, b K x N; dst must not be Transposed, nor share memory
// with a or b. For K = 0 the product is zero.
//
// At most workers goroutines compute, one if workers is below 2; small products
// use fewer. The result has the same bits for any number of them. Mul is safe
// for concurrent use on different dst. It panics if shapes disagree or a matrix
// does not fit its Data, which is an error in the calling program.
func Mul(dst, a, b Matrix, add bool, workers int) {
	if a.Rows != dst.Rows || b.Cols != dst.Cols || a.Cols != b.Rows {
		panic(fmt.Sprintf("gemm: shapes disagree: %dx%d = %dx%d times %dx%d",
			dst.Rows, dst.Cols, a.Rows, a.Cols, b.Rows, b.Cols))
	}
	if dst.Transposed || dst.Offsets != nil {
		panic("gemm: the result must not be transposed nor have offsets")
	}
	check("result", dst)
	check("left factor", a)
	check("right factor", b)
	if dst.Rows == 0 || dst.Cols == 0 {
		return
	}
	if a.Cols == 0 {
		if !add {
			for i := range dst.Rows {
				clear(dst.Data[i*dst.Stride:][:dst.Cols])
			}
		}
		return
	}
	multiply(product{dst, a, b, add}, workers)
}

// check panics unless every element of m lies in its Data: the kernels do not
// check bounds.
func check(name string, m Matrix) {
	lines, length := m.Rows, m.Cols
	if m.Transposed {
		lines, length = length, lines
	}
	if lines == 0 || length == 0 {
		return
	}
	if !m.fits(lines, length) {
		panic(fmt.Sprintf("gemm: %s of %dx%d, stride %d, %d offsets, transposed %t does not fit %d numbers",
			name, m.Rows, m.Cols, m.Stride, len(m.Offsets), m.Transposed, len(m.Data)))
	}
}

func (m Matrix) fits(lines, length int) bool {
	if lines < 0 || length < 0 {
		return false
	}
	if m.Offsets == nil {
		return m.Stride >= length && (lines-1)*m.Stride+length <= len(m.Data)
	}
	if len(m.Offsets) < lines {
		return false
	}
	for _, from := range m.Offsets[:lines] {
		if from < 0 || from > len(m.Data)-length {
			return false
		}
	}
	return true
}
