package layer

import (
	"math"

	"godwit/shared/ml/neural/vector"
)

// MaxPool takes the largest of each square of Size x Size pixels. Squares do
// not overlap; lines and columns left over at the end are not looked at.
type MaxPool struct {
	in, out Shape
	size    int
	n       int
	from    []int32 // for each output, which number of its row's input it is
	y, dx   []float32
}

// NewMaxPool returns a pool of squares of size pixels.
func NewMaxPool(in Shape, size int) *MaxPool {
	return &MaxPool{in: in, out: Shape{in.Channels, in.Height / size, in.Width / size}, size: size}
}

// Size returns the side of a square, in pixels.
func (m *MaxPool) Size() int { return m.size }

// Out returns the shape of the smaller images.
func (m *MaxPool) Out() Shape { return m.out }

// Params returns none.
func (m *MaxPool) Params() []*Param { return nil }

// Replica returns the layer for another goroutine.
func (m *MaxPool) Replica(bool) Layer { return &MaxPool{in: m.in, out: m.out, size: m.size} }

// Forward returns y, of equal pixels the first.
func (m *MaxPool) Forward(x []float32, n int, _ *Pass) []float32 {
	m.n = n
	m.y, m.from = grow(m.y, n*m.out.Size()), grow(m.from, n*m.out.Size())
	for c := range n * m.in.Channels {
		plane := x[c*m.in.plane():][:m.in.plane()]
		for line := range m.out.Height {
			at := (c*m.out.Height + line) * m.out.Width
			y, from := m.y[at:][:m.out.Width], m.from[at:][:m.out.Width]
			if m.size == 2 {
				twos(y, from, plane, 2*line*m.in.Width, m.in.Width)
			} else {
				m.squares(y, from, plane, m.size*line*m.in.Width)
			}
		}
	}
	return m.y
}

// twos pools a line of squares of 2 x 2, the first of which has its corner at
// corner of a plane so wide. It compares whole numbers that hold their place in
// the low bits: which of four pixels is the largest is as good as random, and
// the processor would mispredict branches on it.
func twos(y []float32, from []int32, plane []float32, corner, width int) {
	top, below := plane[corner:][:2*len(y)], plane[corner+width:][:2*len(y)]
	for i := range y {
		j := 2 * i
		best := max(max(rank(top[j])|3, rank(top[j+1])|2), max(rank(below[j])|1, rank(below[j+1])))
		y[i] = value(best >> 2)
		place := 3 - int(best&3)
		from[i] = int32(corner + j + place>>1*width + place&1)
	}
}

// squares pools a line of squares of any size.
func (m *MaxPool) squares(y []float32, from []int32, plane []float32, corner int) {
	for i := range y {
		at := corner + i*m.size
		for d := range m.size * m.size {
			if j := corner + i*m.size + d/m.size*m.in.Width + d%m.size; plane[j] > plane[at] {
				at = j
			}
		}
		y[i], from[i] = plane[at], int32(at)
	}
}

// rank returns a whole number that orders as v does, its two low bits free.
func rank(v float32) int64 {
	b := int32(math.Float32bits(v))
	return int64(b^(b>>31&math.MaxInt32)) << 2
}

// value undoes rank, shifted back.
func value(r int64) float32 {
	b := int32(r)
	return math.Float32frombits(uint32(b ^ (b >> 31 & math.MaxInt32)))
}

// Backward hands each derivative to the pixel that was the largest.
func (m *MaxPool) Backward(dy []float32, input bool) []float32 {
	if !input {
		return nil
	}
	m.dx = grow(m.dx, m.n*m.in.Size())
	clear(m.dx)
	for c := range m.n * m.in.Channels {
		dx := m.dx[c*m.in.plane():][:m.in.plane()]
		from := m.from[c*m.out.plane():][:m.out.plane()]
		for i, d := range dy[c*m.out.plane():][:m.out.plane()] {
			dx[from[i]] = d
		}
	}
	return m.dx
}

// MeanPool takes the mean of each square of Size x Size pixels, which do not
// overlap; of all pixels of a channel when it is global.
type MeanPool struct {
	in, out       Shape
	height, width int // of a square
	n             int
	y, dx         []float32
}

// NewMeanPool returns a pool of squares of size pixels; lines and columns left
// over at the end are not looked at.
func NewMeanPool(in Shape, size int) *MeanPool {
	return &MeanPool{in: in, out: Shape{in.Channels, in.Height / size, in.Width / size}, height: size, width: size}
}

// NewGlobalPool returns a pool that takes the mean of each channel.
func NewGlobalPool(in Shape) *MeanPool {
	return &MeanPool{in: in, out: Vector(in.Channels), height: in.Height, width: in.Width}
}

// Out returns the shape of the smaller images.
func (m *MeanPool) Out() Shape { return m.out }

// Params returns none.
func (m *MeanPool) Params() []*Param { return nil }

// Replica returns the layer for another goroutine.
func (m *MeanPool) Replica(bool) Layer {
	return &MeanPool{in: m.in, out: m.out, height: m.height, width: m.width}
}

// Forward returns y.
func (m *MeanPool) Forward(x []float32, n int, _ *Pass) []float32 {
	m.n = n
	m.y = grow(m.y, n*m.out.Size())
	m.each(func(out, in int) {
		total := float32(0)
		for line := range m.height {
			total += vector.Sum(x[in+line*m.in.Width:][:m.width])
		}
		m.y[out] = total / float32(m.height*m.width)
	})
	return m.y
}

// Backward shares each derivative out among the pixels of its square.
func (m *MeanPool) Backward(dy []float32, input bool) []float32 {
	if !input {
		return nil
	}
	m.dx = grow(m.dx, m.n*m.in.Size())
	clear(m.dx)
	m.each(func(out, in int) {
		share := dy[out] / float32(m.height*m.width)
		for line := range m.height {
			fill(m.dx[in+line*m.in.Width:][:m.width], share)
		}
	})
	return m.dx
}

// each calls f with every output of the batch and the first pixel of its square.
func (m *MeanPool) each(f func(out, in int)) {
	out := 0
	for c := range m.n * m.in.Channels {
		for oy := range m.out.Height {
			for ox := range m.out.Width {
				f(out, c*m.in.plane()+oy*m.height*m.in.Width+ox*m.width)
				out++
			}
		}
	}
}
