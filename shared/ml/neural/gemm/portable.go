package gemm

import (
	"unsafe"

	"godwit/shared/ml/neural/simd"
)

// portableRows is the height of the portable kernel's tile.
const portableRows = 8

// portable is the kernel in Go. It runs where there is no other, and is what
// the others are compared with.
func (s *strip) portable() {
	for i := range s.rows {
		row := unsafe.Slice(at(s.c, i*s.cRow), s.cols)
		if s.load == 0 {
			clear(row)
		}
		left := at(s.a, i/portableRows*s.aPanel+i%portableRows*s.aRow)
		for k := range s.depth {
			x := *at(left, k*s.aStep)
			for j, y := range unsafe.Slice(at(s.b, k*s.bStep), s.cols) {
				row[j] = simd.FMA(x, y, row[j])
			}
		}
	}
}

// at returns the number that lies so many bytes after p.
func at(p *float32, bytes int) *float32 {
	return (*float32)(unsafe.Add(unsafe.Pointer(p), bytes))
}

// transposePortable is transpose in Go.
func transposePortable(dst *float32, width int, lines *[4]*float32, squares int) {
	for l, line := range lines {
		for k, v := range unsafe.Slice(line, 4*squares) {
			*at(dst, k*width+l*wordBytes) = v
		}
	}
}
