package gemm

import (
	"unsafe"

	"godwit/shared/ml/neural/simd"
)

// run computes the strip on the path in use. The assembly writes whole rows of
// a tile: a narrower strip goes through a tile on the stack.
func (s *strip) run() {
	switch {
	case path == simd.Portable:
		s.portable()
	case s.cols > colsNEON:
		rowNEON(s)
	case s.cols == colsNEON:
		stripNEON(s)
	default:
		s.ragged()
	}
}

// ragged computes a strip of fewer columns than a tile has.
func (s *strip) ragged() {
	var whole [colsNEON * colsNEON]float32
	part := *s
	part.c, part.cRow, part.cols = &whole[0], colsNEON*wordBytes, colsNEON
	for i := 0; i < s.rows; i += colsNEON {
		part.rows = min(colsNEON, s.rows-i)
		for r := range part.rows {
			copy(whole[r*colsNEON:], unsafe.Slice(at(s.c, (i+r)*s.cRow), s.cols))
		}
		stripNEON(&part)
		for r := range part.rows {
			copy(unsafe.Slice(at(s.c, (i+r)*s.cRow), s.cols), whole[r*colsNEON:])
		}
		part.a = at(part.a, s.aPanel)
	}
}

func (m Matrix) copyLines(dst []float32, width int) { m.copyLinesPortable(dst, width) }

// transpose copies four lines of 4*squares numbers to the first four columns of
// rows that are width bytes apart.
func transpose(dst *float32, width int, lines *[4]*float32, squares int) {
	if path == simd.Portable {
		transposePortable(dst, width, lines, squares)
		return
	}
	transposeNEON(dst, width, lines, squares)
}

//go:noescape
func stripNEON(s *strip)

//go:noescape
func rowNEON(s *strip)

//go:noescape
func transposeNEON(dst *float32, width int, lines *[4]*float32, squares int)
