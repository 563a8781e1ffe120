//go:build !amd64 && !arm64

package gemm

// run computes the strip.
func (s *strip) run() { s.portable() }

func transpose(dst *float32, width int, lines *[4]*float32, squares int) {
	transposePortable(dst, width, lines, squares)
}

func (m Matrix) copyLines(dst []float32, width int) { m.copyLinesPortable(dst, width) }
