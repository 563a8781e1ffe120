package layer

import "godwit/shared/ml/neural/gemm"

// strips holds what a window sees of one image, for a product to read as a
// matrix with one row for each pixel of the window and one column for each of
// its places. Writing that matrix out (im2col) copies every pixel Size x Size
// times. But rows that differ only in the line of the window are the same
// numbers, some lines further: so each pixel is copied Size times, once for each
// column of the window, and the rows overlap.
//
//	row (channel, line, column) = strip (channel, column), from its line on
//
// With a stride the lines of a strip are sorted by their remainder, so that
// those one row needs still follow each other.
type strips struct {
	in      Shape
	window  Window
	height  int // of the places
	width   int
	lines   int // of a strip, for each remainder
	data    []float32
	offsets []int // where each row of the matrix begins in data
}

// newStrips returns the strips of images under a window.
func newStrips(in Shape, w Window) *strips {
	s := &strips{in: in, window: w, height: w.over(in.Height), width: w.over(in.Width)}
	s.lines = (in.Height + 2*w.Pad + w.Stride - 1) / w.Stride
	for c := range in.Channels {
		for line := range w.Size {
			for column := range w.Size {
				s.offsets = append(s.offsets, s.at(c, column, line))
			}
		}
	}
	return s
}

// at returns where a line of the padded image begins in a strip.
func (s *strips) at(channel, column, line int) int {
	strip := (channel*s.window.Size+column)*s.window.Stride + line%s.window.Stride
	return (strip*s.lines + line/s.window.Stride) * s.width
}

// of returns the matrix of an image. It holds until the next call.
func (s *strips) of(image []float32) gemm.Matrix {
	places := s.height * s.width
	if s.window == (Window{1, 1, 0}) {
		return gemm.Dense(image, s.in.Channels, places) // every pixel is its own place
	}
	if s.data == nil {
		// What lies outside the image is never written and stays zero.
		s.data = make([]float32, s.in.Channels*s.window.Size*s.window.Stride*s.lines*s.width)
	}
	for c := range s.in.Channels {
		channel := image[c*s.in.plane():][:s.in.plane()]
		for column := range s.window.Size {
			s.fill(channel, c, column)
		}
	}
	return gemm.Matrix{Data: s.data, Rows: len(s.offsets), Cols: places, Offsets: s.offsets}
}

// fill writes the strip of a channel and a column of the window.
func (s *strips) fill(channel []float32, c, column int) {
	shift := column - s.window.Pad
	from, to := s.window.within(shift, s.in.Width, s.width)
	if from == to {
		return
	}
	if s.window.Stride == 1 { // lines lie one after the other: the common case, made quick
		dst, src := s.data[s.at(c, column, s.window.Pad)+from:], channel[from+shift:]
		n := to - from
		for line := range s.in.Height {
			copy(dst[line*s.width:][:n], src[line*s.in.Width:][:n])
		}
		return
	}
	for line := range s.in.Height {
		dst := s.data[s.at(c, column, line+s.window.Pad):][from:to]
		src := channel[line*s.in.Width:][:s.in.Width]
		for i := range dst {
			dst[i] = src[(from+i)*s.window.Stride+shift]
		}
	}
}

// gather adds the numbers of a matrix, of which each belongs to a pixel in a
// place, to the pixels: what of does, backwards.
func (s *strips) gather(image, matrix []float32) {
	w, places, row := s.window, s.height*s.width, 0
	for c := range s.in.Channels {
		for k := range w.Size * w.Size {
			line, column := k/w.Size-w.Pad, k%w.Size-w.Pad
			top, bottom := w.within(line, s.in.Height, s.height)
			left, right := w.within(column, s.in.Width, s.width)
			for y := top; y < bottom; y++ {
				dst := image[c*s.in.plane()+(y*w.Stride+line)*s.in.Width:][:s.in.Width]
				src := matrix[row*places+y*s.width:][:s.width]
				for x := left; x < right; x++ {
					dst[x*w.Stride+column] += src[x]
				}
			}
			row++
		}
	}
}

// within returns the places from low to high, excluded, of a side for which
// the pixel at offset from the place lies inside the image.
func (w Window) within(offset, side, places int) (low, high int) {
	if offset < 0 {
		low = (-offset + w.Stride - 1) / w.Stride
	}
	high = min(places, (side-1-offset+w.Stride)/w.Stride)
	return min(low, places), max(high, min(low, places))
}
