package ops

import "godwit/shared/ml/onnx"

// window is how a kernel slides over the one or two spatial axes of images
// [N, C, H, W]; one axis counts as an image of height 1.
type window struct {
	kernel, stride, dilation [2]int
	pads                     [4]int // top, left, bottom, right
	auto                     string
	ceil                     bool
	axes                     int // 0 when the node does not say
}

// bounds of the attributes of a window.
const maxWindow = 1 << 16

// windowOf reads the attributes that Conv and the pools share.
func windowOf(n *onnx.Node) (window, error) {
	w := window{kernel: [2]int{1, 1}, stride: [2]int{1, 1}, dilation: [2]int{1, 1}, auto: textOf(n, "auto_pad", "NOTSET"), ceil: intOf(n, "ceil_mode", 0) != 0}
	switch w.auto {
	case "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER":
	default:
		return w, onnx.Errorf(onnx.Corrupt, "auto_pad %q", w.auto)
	}
	for _, list := range []struct {
		name string
		into *[2]int
	}{{"kernel_shape", &w.kernel}, {"strides", &w.stride}, {"dilations", &w.dilation}} {
		name, into := list.name, list.into
		v, err := smallInts(n, name, maxWindow)
		if err != nil {
			return w, err
		}
		if len(v) > 2 {
			return w, onnx.Errorf(onnx.Unsupported, "windows over %d axes; 1 and 2 are run", len(v))
		}
		if v != nil {
			w.axes = len(v)
			copy(into[2-len(v):], v)
		}
		if min(into[0], into[1]) < 1 {
			return w, onnx.Errorf(onnx.Corrupt, "%s %v", name, v)
		}
	}
	pads, err := smallInts(n, "pads", maxWindow)
	switch {
	case err != nil:
		return w, err
	case len(pads) == 4:
		w.pads, w.axes = [4]int(pads), 2
	case len(pads) == 2:
		w.pads, w.axes = [4]int{0, pads[0], 0, pads[1]}, 1
	case pads != nil:
		return w, onnx.Errorf(onnx.Unsupported, "pads %v; those of 1 and 2 axes are run", pads)
	}
	return w, nil
}

// over returns the window for images, its pads settled, and the size of what it
// makes.
func (w window) over(m image) (settled window, out [2]int, err error) {
	size := m.size
	for i := range 2 {
		reach := (w.kernel[i]-1)*w.dilation[i] + 1
		switch w.auto {
		case "VALID":
			w.pads[i], w.pads[i+2] = 0, 0
		case "SAME_UPPER", "SAME_LOWER":
			whole := (size[i] + w.stride[i] - 1) / w.stride[i]
			total := max((whole-1)*w.stride[i]+reach-size[i], 0)
			w.pads[i], w.pads[i+2] = total/2, total-total/2
			if w.auto == "SAME_LOWER" {
				w.pads[i], w.pads[i+2] = w.pads[i+2], w.pads[i]
			}
		}
		room := size[i] + w.pads[i] + w.pads[i+2] - reach
		if room < 0 {
			return w, out, badInput("a window of %d on an axis of %d", reach, size[i])
		}
		out[i] = room/w.stride[i] + 1
		// With ceil a last window may hang over the end, but must not begin
		// beyond the image and the padding before it.
		if w.ceil && room%w.stride[i] != 0 && out[i]*w.stride[i] < size[i]+w.pads[i] {
			out[i]++
		}
	}
	if m.flat && out[0] != 1 {
		return w, out, badInput("a window over two axes on images of one")
	}
	return w, out, nil
}

// image is a batch of images.
type image struct {
	batch, channels int
	size            [2]int
	flat            bool // one spatial axis only
	x               []float32
}

// imageOf returns t as images.
func imageOf(t *onnx.Tensor) (image, error) {
	if err := wantFloats(t); err != nil {
		return image{}, err
	}
	switch d := t.Dims; len(d) {
	case 3:
		return image{d[0], d[1], [2]int{1, d[2]}, true, t.Floats}, nil
	case 4:
		return image{d[0], d[1], [2]int{d[2], d[3]}, false, t.Floats}, nil
	}
	return image{}, badInput("images of axes %v; 3 and 4 axes are run", t.Dims)
}

// dims returns the axes of a result of so many channels and size.
func (m image) dims(channels int, size [2]int) []int {
	if m.flat {
		return []int{m.batch, channels, size[1]}
	}
	return []int{m.batch, channels, size[0], size[1]}
}

// plane returns one channel of one image.
func (m image) plane(i int) []float32 {
	n := m.size[0] * m.size[1]
	return m.x[i*n : (i+1)*n]
}

// makePool makes MaxPool or AveragePool.
func makePool(largest bool) maker {
	return func(n *onnx.Node, _ int64) (Kernel, error) {
		if err := refuse(n, "storage_order", 0); err != nil {
			return nil, err
		}
		w, err := windowOf(n)
		if err != nil {
			return nil, err
		}
		padding := intOf(n, "count_include_pad", 0) != 0
		return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
			m, err := imageOf(in[0])
			if err != nil {
				return nil, err
			}
			w, size, err := w.over(m)
			if err != nil {
				return nil, err
			}
			out, err := r.floats(m.dims(m.channels, size)...)
			if err != nil {
				return nil, err
			}
			if err := r.Spend(out.Len() * min(w.kernel[0], m.size[0]+1) * min(w.kernel[1], m.size[1]+1)); err != nil {
				return nil, err
			}
			at := 0
			for i := range m.batch * m.channels {
				plane := m.plane(i)
				for y := range size[0] {
					for x := range size[1] {
						out.Floats[at] = w.pool(plane, m.size, y*w.stride[0]-w.pads[0], x*w.stride[1]-w.pads[1], largest, padding)
						at++
					}
				}
			}
			return one(out, nil)
		}, nil
	}
}

// pool returns the largest or the mean of a plane under the window at top,
// left, which may hang over its edges. Padding counts in a mean only if asked
// for, and what hangs over the padding never.
func (w window) pool(plane []float32, size [2]int, top, left int, largest, padding bool) float32 {
	best, sum, n := float32(0), 0.0, 0
	inside := 0
	for ky := range w.kernel[0] {
		y := top + ky*w.dilation[0]
		if y >= size[0]+w.pads[2] {
			break
		}
		for kx := range w.kernel[1] {
			x := left + kx*w.dilation[1]
			if x >= size[1]+w.pads[3] {
				break
			}
			n++
			if y < 0 || y >= size[0] || x < 0 || x >= size[1] {
				continue
			}
			v := plane[y*size[1]+x]
			if inside == 0 || v > best {
				best = v
			}
			sum += float64(v)
			inside++
		}
	}
	switch {
	case largest || inside == 0:
		return best
	case padding:
		return float32(sum / float64(n))
	}
	return float32(sum / float64(inside))
}

// global makes one number of each channel.
func global(f reducer) maker {
	return always(func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		if len(in[0].Dims) < 3 {
			return nil, badInput("images of axes %v", in[0].Dims)
		}
		var axes []int64
		for i := 2; i < len(in[0].Dims); i++ {
			axes = append(axes, int64(i))
		}
		return one(f.run(r, in[0], axes, true))
	})
}
