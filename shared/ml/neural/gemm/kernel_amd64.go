package gemm

import "godwit/shared/ml/neural/simd"

// run computes the strip on the path in use.
func (s *strip) run() {
	switch {
	case path == simd.Portable:
		s.portable()
	case path == simd.AVX2 && s.cols > colsAVX2:
		rowAVX2(s)
	case path == simd.AVX2:
		stripAVX2(s)
	case s.cols > colsAVX512:
		rowAVX512(s)
	case s.cols > colsAVX512/2:
		stripAVX512(s)
	default:
		narrowAVX512(s)
	}
}

// copyLines copies m, whose lines are rows, to rows of width numbers.
func (m Matrix) copyLines(dst []float32, width int) {
	if path == simd.Portable || width != colsAVX512 && width != colsAVX2 {
		m.copyLinesPortable(dst, width)
		return
	}
	var offsets *int
	if m.Offsets != nil {
		offsets = &m.Offsets[0]
	}
	copyLinesAVX(&dst[0], width, &m.Data[0], offsets, m.Stride*wordBytes, m.Rows, &masks[maxCols-m.Cols])
}

// transpose copies four lines of 4*squares numbers to the first four columns of
// rows that are width bytes apart.
func transpose(dst *float32, width int, lines *[4]*float32, squares int) {
	if path == simd.Portable {
		transposePortable(dst, width, lines, squares)
		return
	}
	transposeAVX(dst, width, lines, squares)
}

// masks begins with maxCols set words and goes on with clear ones: read from
// maxCols-cols on it masks cols columns.
var masks = func() (m [2 * maxCols]int32) {
	for i := range maxCols {
		m[i] = -1
	}
	return m
}()

//go:noescape
func stripAVX512(s *strip)

//go:noescape
func narrowAVX512(s *strip)

//go:noescape
func rowAVX512(s *strip)

//go:noescape
func rowAVX2(s *strip)

//go:noescape
func copyLinesAVX(dst *float32, width int, data *float32, offsets *int, stride, lines int, mask *int32)

//go:noescape
func stripAVX2(s *strip)

//go:noescape
func transposeAVX(dst *float32, width int, lines *[4]*float32, squares int)
