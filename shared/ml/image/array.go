package image

import (
	"bytes"
	"strconv"
)

// ParsePixels reads an image written as a JSON array: lines of pixels,
// [h][w], lines of pixels of 1 or 3 channels, [h][w][c], or all numbers of an
// image of the model's own size in that order, flat. Numbers go from 0 to 255
// and are rounded. Nested ones may have any size and are stretched as Decode
// does; pixels and maxPixels are as there. The error is an *Error.
func (s Shape) ParsePixels(text []byte, maxPixels int) ([]uint8, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if maxPixels <= 0 {
		maxPixels = MaxPixels
	}
	// By hand and not by encoding/json: slices of slices of float64 take 16 times
	// the memory of the bytes that are kept, before anything can be refused.
	a := &array{rest: text, most: 3 * maxPixels}
	if err := a.read(0); err != nil {
		return nil, err
	}
	if a.peek() != 0 {
		return nil, a.malformed()
	}
	p, err := a.picture(s)
	if err != nil {
		return nil, err
	}
	pixels, _ := s.fit(nil, p)
	return pixels, nil
}

const arrayFix = "send lines of pixels, [[0,255,...],...], each a number from 0 to 255 or [red,green,blue]"

// array is a nested array of numbers being read.
type array struct {
	rest    []byte  // not read yet
	values  []uint8 // in the order they were written
	most    int     // values that are read
	lengths [3]int  // of the arrays at each depth; 0: none ended yet
	depth   int     // of the numbers, from 1; 0: none read yet
	scaled  bool    // a number is no whole one
	largest float64 // of the numbers
}

// peek skips white space and returns the next byte, 0 at the end.
func (a *array) peek() byte {
	a.rest = bytes.TrimLeft(a.rest, " \t\r\n")
	if len(a.rest) == 0 {
		return 0
	}
	return a.rest[0]
}

// malformed is the error of what is not an array of numbers.
func (a *array) malformed() *Error {
	return invalid(arrayFix, "the image is not an array of numbers: %q", a.rest[:min(len(a.rest), 20)])
}

// read consumes an array that lies in depth others. The depth is bounded before
// it is gone into: a million brackets must not be a million calls.
func (a *array) read(depth int) error {
	if a.peek() != '[' {
		return a.malformed()
	}
	a.rest = a.rest[1:]
	n := 0
	for {
		if err := a.element(depth + 1); err != nil {
			return err
		}
		n++
		next := a.peek()
		if next != ',' && next != ']' {
			return a.malformed()
		}
		a.rest = a.rest[1:]
		if next == ']' {
			break
		}
	}
	if want := a.lengths[depth]; want != 0 && n != want {
		return invalid(arrayFix, "the rows of the image are unequal: one has %d elements, another %d", want, n)
	}
	a.lengths[depth] = n
	return nil
}

// element consumes a number or an array, as all others at its depth are.
func (a *array) element(depth int) error {
	if a.peek() == '[' {
		if depth == len(a.lengths) || a.depth == depth {
			return invalid(arrayFix, "the image is nested too deeply or unequally")
		}
		return a.read(depth)
	}
	// ParseFloat takes a little more than JSON does, such as +1 and hexadecimal;
	// what was valid JSON before stays what it says.
	end := bytes.IndexAny(a.rest, ",] \t\r\n")
	if end < 0 || len(a.values) == a.most {
		return a.malformed()
	}
	v, err := strconv.ParseFloat(string(a.rest[:end]), 64)
	switch {
	case err != nil || a.depth != 0 && a.depth != depth:
		return a.malformed()
	case !(v >= 0 && v <= 255):
		return invalid(arrayFix, "%q is not from 0 to 255", a.rest[:min(end, 20)])
	}
	a.depth, a.rest = depth, a.rest[end:]
	a.values = append(a.values, uint8(v+.5))
	a.scaled, a.largest = a.scaled || v != float64(int(v)), max(a.largest, v)
	return nil
}

// picture returns the numbers as an image.
func (a *array) picture(s Shape) (*picture, error) {
	p := &picture{header: header{height: a.lengths[0], width: a.lengths[1], orientation: 1}, channels: 1}
	switch {
	case a.scaled && a.largest <= 1:
		// Rounded, these would be black and white and no error would say so.
		return nil, invalid("multiply the numbers by 255", "the numbers are scaled to 0..1; 0..255 is read")
	case a.depth == 1 && len(a.values) != s.Size():
		return nil, invalid(arrayFix, "a flat array of %d numbers; the model's images have %d x %d x %d = %d, in the order [h][w][c]",
			len(a.values), s.Height, s.Width, s.Channels, s.Size())
	case a.depth == 1:
		p.width, p.height, p.channels = s.Width, s.Height, s.Channels
	case a.depth == 3:
		p.channels = a.lengths[2]
	}
	if p.channels != 1 && p.channels != 3 && (p.height == 1 || p.height == 3) {
		return nil, invalid("send [h][w][c]: move the first axis to the end", "the image has %d channels, 1 or 3 are read; it looks like %d planes of %d x %d, channels first", p.channels, p.height, p.channels, p.width)
	}
	if p.channels != 1 && p.channels != 3 {
		return nil, invalid(arrayFix, "the image has %d channels; 1 or 3 are read", p.channels)
	}
	if max(p.width, p.height) > longestSide {
		return nil, invalid("make the image smaller", "the image has %d x %d pixels; at most %d on a side are read", p.width, p.height, longestSide)
	}
	p.row = func(y int, dst []uint8) { copy(dst, a.values[y*len(dst):]) }
	return p, nil
}
