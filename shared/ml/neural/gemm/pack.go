package gemm

// pack copies m row after row to rows of width numbers: dst[i*width+j] is
// m[i][j] for j < m.Cols <= width. What the others hold does not matter: no
// kernel stores what it computes from them.
func (m Matrix) pack(dst []float32, width int) {
	if m.Transposed {
		m.turn(dst, width)
		return
	}
	m.copyLines(dst, width)
}

// copyLinesPortable is copyLines in Go. Whole tiles of the left factor, and of
// the right one for NEON, have sizes the compiler is told: that saves a call
// for each line.
func (m Matrix) copyLinesPortable(dst []float32, width int) {
	for i := range m.Rows {
		to, from := dst[i*width:], m.line(i, m.Cols)
		switch m.Cols {
		case 12:
			*(*[12]float32)(to) = *(*[12]float32)(from)
		case 8:
			*(*[8]float32)(to) = *(*[8]float32)(from)
		case 6:
			*(*[6]float32)(to) = *(*[6]float32)(from)
		default:
			copy(to, from)
		}
	}
}

// turn is pack for a matrix whose lines are columns: four lines at a time as
// far as squares of four go, and number by number what is left.
func (m Matrix) turn(dst []float32, width int) {
	four, squares := m.Cols&^3, m.Rows/4
	if squares == 0 {
		four = 0
	}
	for l := 0; l < four; l += 4 {
		lines := [4]*float32{&m.line(l, 1)[0], &m.line(l+1, 1)[0], &m.line(l+2, 1)[0], &m.line(l+3, 1)[0]}
		transpose(&dst[l], width*wordBytes, &lines, squares)
	}
	m.turnRest(dst, width, 0, four, squares*4)
	m.turnRest(dst, width, four, m.Cols, 0)
}

// turnRest turns lines from to to, beginning with their number first.
func (m Matrix) turnRest(dst []float32, width, from, to, first int) {
	if first == m.Rows {
		return
	}
	for l := from; l < to; l++ {
		for k, v := range m.line(l, m.Rows)[first:] {
			dst[(first+k)*width+l] = v
		}
	}
}
