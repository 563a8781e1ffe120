package ops

import (
	"math"

	"godwit/shared/ml/onnx"
)

// makeConv lays out the patch under each place of the kernel as a column and
// multiplies: W [M, C/g x kh x kw] times the patches [C/g x kh x kw, oh x ow].
func makeConv(n *onnx.Node, _ int64) (Kernel, error) {
	w, err := windowOf(n)
	if err != nil {
		return nil, err
	}
	c := convolution{w, int(min(max(intOf(n, "group", 1), 0), maxWindow))}
	return c.run, nil
}

// convolution is a Conv: a window, whose kernel is the weights', over groups of
// channels.
type convolution struct {
	window
	groups int
}

// run makes [N, M, oh, ow] of images [N, C, H, W].
func (c convolution) run(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	m, err := imageOf(in[0])
	if err != nil {
		return nil, err
	}
	k, err := imageOf(in[1]) // a kernel has the axes of images: [M, C/g, kh, kw]
	if err != nil {
		return nil, err
	}
	if c.groups == 0 || m.flat != k.flat || m.channels != k.channels*c.groups || k.batch%c.groups != 0 || min(k.size[0], k.size[1]) < 1 {
		return nil, badInput("images of axes %v under a kernel of %v in %d groups", in[0].Dims, in[1].Dims, c.groups)
	}
	c.kernel = k.size
	w, size, err := c.over(m)
	if err != nil {
		return nil, err
	}
	out, err := r.floats(m.dims(k.batch, size)...)
	if err != nil {
		return nil, err
	}
	bias := optional(in, 2)
	if bias != nil {
		if len(bias.Floats) != k.batch {
			return nil, badInput("a bias of axes %v for %d channels", bias.Dims, k.batch)
		}
		places := size[0] * size[1]
		for i := range out.Floats {
			out.Floats[i] = bias.Floats[i/places%k.batch]
		}
	}
	return one(out, w.convolve(r, out.Floats, m, k, c.groups, size))
}

// convolve adds the images m under the kernel k to out.
func (w window) convolve(r *Run, out []float32, m, k image, groups int, size [2]int) error {
	places, patch, each := size[0]*size[1], k.channels*k.size[0]*k.size[1], k.batch/groups
	columns, err := r.floats(patch, places)
	if err != nil {
		return err
	}
	for i := range m.batch * groups {
		if err := r.Spend(patch*places + 1); err != nil {
			return err
		}
		w.lay(columns.Floats, m, i*k.channels, k.channels, size)
		weights := k.x[i%groups*each*patch:][:each*patch]
		if err := r.product(out[i*each*places:][:each*places], weights, columns.Floats, each, patch, places); err != nil {
			return err
		}
	}
	return nil
}

// lay writes the patches of channels from first on as columns.
func (w window) lay(columns []float32, m image, first, channels int, size [2]int) {
	at := 0
	for c := range channels {
		plane := m.plane(first + c)
		for ky := range w.kernel[0] {
			for kx := range w.kernel[1] {
				for oy := range size[0] {
					y := oy*w.stride[0] - w.pads[0] + ky*w.dilation[0]
					for ox := range size[1] {
						x := ox*w.stride[1] - w.pads[1] + kx*w.dilation[1]
						columns[at] = 0
						if y >= 0 && y < m.size[0] && x >= 0 && x < m.size[1] {
							columns[at] = plane[y*m.size[1]+x]
						}
						at++
					}
				}
			}
		}
	}
}

// makeBatchNorm computes scale·(x - mean)/sqrt(variance + epsilon) + bias by
// channel, with the statistics of training.
func makeBatchNorm(n *onnx.Node, _ int64) (Kernel, error) {
	if err := refuse(n, "training_mode", 0); err != nil {
		return nil, err
	}
	if err := refuse(n, "spatial", 1); err != nil {
		return nil, err
	}
	epsilon := float64(floatOf(n, "epsilon", 1e-5))
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		x := in[0]
		if err := wantFloats(in...); err != nil {
			return nil, err
		}
		l, err := layoutOf(x.Dims, 1)
		if err != nil {
			return nil, err
		}
		for _, t := range in[1:] {
			if t.Len() != l.n {
				return nil, badInput("%d channels, a statistic of %d", l.n, t.Len())
			}
		}
		out, err := r.floats(x.Dims...)
		if err != nil {
			return nil, err
		}
		for c := range l.n {
			factor := float64(in[1].Floats[c]) / math.Sqrt(float64(in[4].Floats[c])+epsilon)
			scale, shift := float32(factor), float32(float64(in[2].Floats[c])-factor*float64(in[3].Floats[c]))
			for o := range l.outer {
				first := (o*l.n + c) * l.inner
				for i := first; i < first+l.inner; i++ {
					out.Floats[i] = scale*x.Floats[i] + shift
				}
			}
		}
		return one(out, nil)
	}, nil
}
