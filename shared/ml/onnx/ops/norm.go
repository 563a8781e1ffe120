package ops

import (
	"math"

	"godwit/shared/ml/onnx"
)

// standardised returns t with every run of n elements moved to mean 0 and scaled
// to variance 1: (x - mean)/sqrt(variance + epsilon). Sums are in double precision.
func standardised(r *Run, t *onnx.Tensor, n int, epsilon float64) (*onnx.Tensor, error) {
	out, err := r.floats(t.Dims...)
	if err != nil || n == 0 {
		return out, err
	}
	if err := r.Spend(2 * t.Len()); err != nil {
		return nil, err
	}
	for first := 0; first < t.Len(); first += n {
		x := t.Floats[first : first+n]
		mean, variance := 0., 0.
		for _, v := range x {
			mean += float64(v)
		}
		mean /= float64(n)
		for _, v := range x {
			off := float64(v) - mean
			variance += float64(off * off)
		}
		scale := 1 / math.Sqrt(variance/float64(n)+epsilon)
		for i, v := range x {
			out.Floats[first+i] = float32((float64(v) - mean) * scale)
		}
	}
	return out, nil
}

// makeLayerNorm standardises all axes from one on together, then scales and moves
// each element there (Ba, Kiros and Hinton, 2016).
func makeLayerNorm(n *onnx.Node, _ int64) (Kernel, error) {
	along, epsilon := intOf(n, "axis", -1), float64(floatOf(n, "epsilon", 1e-5))
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		if err := wantFloats(in...); err != nil {
			return nil, err
		}
		l, err := layoutOf(in[0].Dims, along)
		if err != nil {
			return nil, err
		}
		out, err := standardised(r, in[0], l.n*l.inner, epsilon)
		if err != nil {
			return nil, err
		}
		if out, err = pair(r, out, in[1], func(x, scale float32) float32 { return x * scale }, nil); err != nil {
			return nil, err
		}
		if bias := optional(in, 2); bias != nil {
			out, err = pair(r, out, bias, func(x, bias float32) float32 { return x + bias }, nil)
		}
		return one(out, err)
	}, nil
}

// makeInstanceNorm standardises each channel of each image.
func makeInstanceNorm(n *onnx.Node, _ int64) (Kernel, error) {
	return channelNorm(n, func(channels int) int { return channels }), nil
}

// makeGroupNorm standardises groups of channels together (Wu and He, 2018).
// Before version 21 there is a scale for each group instead of each channel.
func makeGroupNorm(n *onnx.Node, _ int64) (Kernel, error) {
	groups := intOf(n, "num_groups", 0)
	if groups < 1 || groups > maxWindow {
		return nil, onnx.Errorf(onnx.Corrupt, "num_groups = %d", groups)
	}
	return channelNorm(n, func(int) int { return int(groups) }), nil
}

// channelNorm standardises groups of the channels of images [N, C, ...], then
// scales and moves each channel, by a number of its own or of its group.
func channelNorm(n *onnx.Node, groupsOf func(channels int) int) Kernel {
	epsilon := float64(floatOf(n, "epsilon", 1e-5))
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		if err := wantFloats(in...); err != nil {
			return nil, err
		}
		l, err := layoutOf(in[0].Dims, 1)
		if err != nil {
			return nil, err
		}
		groups, scale, bias := groupsOf(l.n), in[1].Floats, in[2].Floats
		if groups == 0 || l.n%groups != 0 || len(scale) != len(bias) || len(scale) != l.n && len(scale) != groups {
			return nil, badInput("%d channels in %d groups with %d scales and %d biases", l.n, groups, len(scale), len(bias))
		}
		out, err := standardised(r, in[0], l.n/groups*l.inner, epsilon)
		if err != nil {
			return nil, err
		}
		each := l.n / len(scale) // channels that share a scale
		for i, v := range out.Floats {
			k := i / l.inner % l.n / each
			out.Floats[i] = float32(v*scale[k]) + bias[k]
		}
		return one(out, nil)
	}
}
