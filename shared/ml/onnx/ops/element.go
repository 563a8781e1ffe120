package ops

import (
	"math"
	"slices"

	"godwit/shared/ml/onnx"
)

// spread says how two tensors meet: axes are aligned at the last one, and one
// of length 1 counts for all of the other's.
type spread struct {
	dims []int
	n    int
	a, b []int // steps along each axis, 0 where it is repeated
}

// meet returns how tensors of axes a and b meet (multidirectional
// broadcasting, ONNX Broadcasting.md).
func meet(a, b []int) (spread, error) {
	rank := max(len(a), len(b))
	s := spread{dims: make([]int, rank), a: make([]int, rank), b: make([]int, rank)}
	pad := func(d []int) []int { return append(slices.Repeat([]int{1}, rank-len(d)), d...) }
	pa, pb := pad(a), pad(b)
	sa, sb := strides(pa), strides(pb)
	for i := range rank {
		switch {
		case pa[i] == pb[i]:
			s.dims[i], s.a[i], s.b[i] = pa[i], sa[i], sb[i]
		case pb[i] == 1:
			s.dims[i], s.a[i] = pa[i], sa[i]
		case pa[i] == 1:
			s.dims[i], s.b[i] = pb[i], sb[i]
		default:
			return s, badInput("tensors of axes %v and %v do not go together", a, b)
		}
	}
	n, ok := onnx.Count(s.dims)
	if !ok {
		return s, onnx.Errorf(onnx.TooLarge, "a tensor of axes %v", s.dims)
	}
	s.n = n
	return s, nil
}

// zip writes f of every pair to out, which holds s.n elements.
func zip[T, R any](s spread, out []R, a, b []T, f func(T, T) R) {
	if s.n == 0 {
		return
	}
	if len(s.dims) == 0 {
		out[0] = f(a[0], b[0])
		return
	}
	last := len(s.dims) - 1
	at := make([]int, last)
	i, j := 0, 0
	for k := 0; ; {
		ia, ib := i, j
		for range s.dims[last] {
			out[k] = f(a[ia], b[ib])
			ia, ib, k = ia+s.a[last], ib+s.b[last], k+1
		}
		axis := last - 1
		for ; axis >= 0; axis-- {
			at[axis]++
			i, j = i+s.a[axis], j+s.b[axis]
			if at[axis] < s.dims[axis] {
				break
			}
			i, j = i-at[axis]*s.a[axis], j-at[axis]*s.b[axis]
			at[axis] = 0
		}
		if axis < 0 {
			return
		}
	}
}

// pair applies f to every pair of a and b, by what they hold; a nil function
// is for what the operator does not take.
func pair(r *Run, a, b *onnx.Tensor, f func(float32, float32) float32, g func(int64, int64) int64) (*onnx.Tensor, error) {
	s, err := meet(a.Dims, b.Dims)
	if err != nil {
		return nil, err
	}
	if a.Storage() != b.Storage() || a.Storage() != onnx.Floats && (a.Storage() != onnx.Ints || g == nil) {
		return nil, badInput("%s and %s do not go together here", a.Type, b.Type)
	}
	out, err := r.tensor(a.Type, s.dims)
	if err != nil {
		return nil, err
	}
	if a.Storage() == onnx.Floats {
		zip(s, out.Floats, a.Floats, b.Floats, f)
	} else {
		zip(s, out.Ints, a.Ints, b.Ints, g)
	}
	return out, nil
}

// arithmetic makes an operator of two numbers.
func arithmetic(f func(float32, float32) float32, g func(int64, int64) int64) maker {
	return always(func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		return one(pair(r, in[0], in[1], f, g))
	})
}

// divide divides; whole numbers are cut towards 0, and never divided by it.
func divide(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	if err := wantDivisor(in[1]); err != nil {
		return nil, err
	}
	return one(pair(r, in[0], in[1], func(a, b float32) float32 { return a / b }, func(a, b int64) int64 { return a / b }))
}

// wantDivisor reports whole numbers that nothing can be divided by.
func wantDivisor(t *onnx.Tensor) error {
	if slices.Contains(t.Ints, 0) {
		return badValue("a whole number divided by 0")
	}
	return nil
}

// power computes in double precision; whole numbers are raised as such.
func power(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	a, err := r.asFloats(in[0])
	if err != nil {
		return nil, err
	}
	b, err := r.asFloats(in[1])
	if err != nil {
		return nil, err
	}
	out, err := pair(r, a, b, func(x, y float32) float32 { return float32(math.Pow(float64(x), float64(y))) }, nil)
	if err != nil || in[0].Type == onnx.Float {
		return one(out, err)
	}
	return one(cast(r, out, in[0].Type))
}

// both is an operator of two numbers, for fold.
type both struct {
	float func(a, b float32) float32
	whole func(a, b int64) int64
}

// The operators that take any number of inputs. Not-a-number wins.
var (
	addition = both{func(a, b float32) float32 { return a + b }, nil}
	smaller  = both{func(a, b float32) float32 { return min(a, b) }, func(a, b int64) int64 { return min(a, b) }}
	larger   = both{func(a, b float32) float32 { return max(a, b) }, func(a, b int64) int64 { return max(a, b) }}
)

// fold applies an operator to one input after the other, and divides by their
// number for a mean.
func fold(f both, mean bool) maker {
	return always(func(r *Run, in []*onnx.Tensor) (_ []*onnx.Tensor, err error) {
		out := in[0]
		for _, t := range in[1:] {
			if t == nil {
				return nil, badInput("an input is left out")
			}
			if out, err = pair(r, out, t, f.float, f.whole); err != nil {
				return nil, err
			}
		}
		if mean {
			n := onnx.Scalar(float32(len(in)))
			out, err = pair(r, out, n, func(a, b float32) float32 { return a / b }, nil)
		}
		return one(out, err)
	})
}

// wide returns a function of double precision for single.
func wide(f func(float64) float64) func(float32) float32 {
	return func(x float32) float32 { return float32(f(float64(x))) }
}

// magnitude clears the sign, of zeros and not-a-numbers too.
func magnitude(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// sigmoid is 1/(1 + exp(-x)), computed in double precision.
func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

// each applies f to every number. Rows of counts are runs of equal numbers: f is
// not asked again for the one before.
func each(r *Run, t *onnx.Tensor, f func(float32) float32) (*onnx.Tensor, error) {
	if err := wantFloats(t); err != nil {
		return nil, err
	}
	out, err := r.tensor(t.Type, t.Dims)
	if err != nil {
		return nil, err
	}
	last, y := uint32(0), f(0)
	for i, x := range t.Floats {
		// By their bits, which tell the two zeros apart.
		if b := math.Float32bits(x); b != last {
			last, y = b, f(x)
		}
		out.Floats[i] = y
	}
	return out, nil
}

// unary makes an operator of one number.
func unary(f func(float32) float32) maker {
	return always(func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) { return one(each(r, in[0], f)) })
}

// signed makes an operator of one number of any kind.
func signed(f func(float32) float32, g func(int64) int64) maker {
	return always(func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		if in[0].Storage() != onnx.Ints {
			return one(each(r, in[0], f))
		}
		out, err := r.tensor(in[0].Type, in[0].Dims)
		if err != nil {
			return nil, err
		}
		for i, v := range in[0].Ints {
			out.Ints[i] = g(v)
		}
		return one(out, nil)
	})
}

// makeClip takes the bounds as attributes, before version 11, or as inputs.
func makeClip(n *onnx.Node, _ int64) (Kernel, error) {
	low, high := floatOf(n, "min", -math.MaxFloat32), floatOf(n, "max", math.MaxFloat32)
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		out, bounds := in[0], []*onnx.Tensor{optional(in, 1), optional(in, 2)}
		if bounds[0] == nil && bounds[1] == nil && out.Storage() == onnx.Floats {
			return one(each(r, out, func(x float32) float32 { return min(max(x, low), high) }))
		}
		var err error
		for i, f := range []both{larger, smaller} {
			if b := bounds[i]; b != nil && err == nil {
				if b.Len() != 1 {
					return nil, badInput("a bound of axes %v, want one number", b.Dims)
				}
				out, err = pair(r, out, reshaped(b, nil), f.float, f.whole)
			}
		}
		return one(out, err)
	}, nil
}
