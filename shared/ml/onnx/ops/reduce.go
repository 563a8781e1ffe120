package ops

import (
	"math"
	"slices"

	"godwit/shared/ml/onnx"
)

// reducer makes one number of many: it starts, takes in each and ends.
type reducer struct {
	start float64
	add   func(sum, x float64) float64
	end   func(sum float64, n int) float64
}

// unchanged ends a reducer that has nothing left to do.
func unchanged(sum float64, _ int) float64 { return sum }

// The reducers. Sums are in double precision, in the order of the elements.
var (
	sumAll  = reducer{0, func(s, x float64) float64 { return s + x }, unchanged}
	meanAll = reducer{0, func(s, x float64) float64 { return s + x }, func(s float64, n int) float64 { return s / float64(n) }}
	maxAll  = reducer{math.Inf(-1), func(s, x float64) float64 { return max(s, x) }, unchanged}
	minAll  = reducer{math.Inf(1), func(s, x float64) float64 { return min(s, x) }, unchanged}
	prodAll = reducer{1, func(s, x float64) float64 { return s * x }, unchanged}
	logAll  = reducer{0, func(s, x float64) float64 { return s + x }, func(s float64, _ int) float64 { return math.Log(s) }}
	sqAll   = reducer{0, func(s, x float64) float64 { return s + float64(x*x) }, unchanged}
	l1All   = reducer{0, func(s, x float64) float64 { return s + math.Abs(x) }, unchanged}
	l2All   = reducer{0, func(s, x float64) float64 { return s + float64(x*x) }, func(s float64, _ int) float64 { return math.Sqrt(s) }}
)

// reduction makes an operator that leaves axes out, which are an attribute, in old
// versions, or an input.
func reduction(run func(r *Run, t *onnx.Tensor, axes []int64, keep bool) (*onnx.Tensor, error)) maker {
	return func(n *onnx.Node, _ int64) (Kernel, error) {
		keep, none := intOf(n, "keepdims", 1) != 0, intOf(n, "noop_with_empty_axes", 0) != 0
		return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
			axes, err := sizesOf(n, "axes", in, 1)
			if err != nil {
				return nil, err
			}
			if len(axes) == 0 && none {
				return in[:1], nil
			}
			return one(run(r, in[0], axes, keep))
		}, nil
	}
}

// logSumExp is log(sum(exp(x))). The largest is taken off first so that nothing
// overflows.
func logSumExp(r *Run, t *onnx.Tensor, axes []int64, keep bool) (*onnx.Tensor, error) {
	x, err := r.asFloats(t)
	if err != nil {
		return nil, err
	}
	top, err := maxAll.run(r, x, axes, true)
	if err != nil {
		return nil, err
	}
	low, err := pair(r, x, top, func(x, top float32) float32 {
		if x == top { // infinite ones too
			return 1
		}
		return float32(math.Exp(float64(x) - float64(top)))
	}, nil)
	if err != nil {
		return nil, err
	}
	sum, err := logAll.run(r, low, axes, keep)
	if err != nil {
		return nil, err
	}
	return pair(r, sum, reshaped(top, sum.Dims), func(sum, top float32) float32 { return sum + top }, nil)
}

// makeCumSum adds up along an axis: each element and all before it, or with
// exclusive only those; reverse begins at the end.
func makeCumSum(n *onnx.Node, _ int64) (Kernel, error) {
	exclusive, reverse := intOf(n, "exclusive", 0) != 0, intOf(n, "reverse", 0) != 0
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		if len(in[1].Ints) != 1 {
			return nil, badInput("the axis is %s of axes %v, want one whole number", in[1].Type, in[1].Dims)
		}
		l, err := layoutOf(in[0].Dims, in[1].Ints[0])
		if err != nil {
			return nil, err
		}
		out, err := r.tensor(in[0].Type, in[0].Dims)
		if err != nil {
			return nil, err
		}
		switch in[0].Storage() {
		case onnx.Floats:
			addUp(out.Floats, in[0].Floats, l, exclusive, reverse)
		case onnx.Ints:
			addUp(out.Ints, in[0].Ints, l, exclusive, reverse)
		default:
			return nil, badInput("%s, want numbers", in[0].Type)
		}
		return one(out, nil)
	}, nil
}

// addUp is the sum of makeCumSum for one type.
func addUp[T float32 | int64](out, x []T, l layout, exclusive, reverse bool) {
	for line := range l.lines() {
		sum, at, step := T(0), l.start(line), l.inner
		if reverse {
			at, step = at+(l.n-1)*l.inner, -l.inner
		}
		for range l.n {
			before := sum
			sum += x[at]
			if out[at] = sum; exclusive {
				out[at] = before
			}
			at += step
		}
	}
}

// run reduces t along axes, all of them when none is named.
func (f reducer) run(r *Run, t *onnx.Tensor, axes []int64, keep bool) (*onnx.Tensor, error) {
	x, err := r.asFloats(t)
	if err != nil {
		return nil, err
	}
	dims, steps, many, err := collapse(t.Dims, axes, keep)
	if err != nil {
		return nil, err
	}
	out, err := r.floats(dims...)
	if err != nil {
		return nil, err
	}
	if err := r.Take(8 * out.Len()); err != nil {
		return nil, err
	}
	sums := slices.Repeat([]float64{f.start}, out.Len())
	if err := f.into(r, sums, x, steps, many); err != nil {
		return nil, err
	}
	for i, s := range sums {
		out.Floats[i] = float32(f.end(s, many))
	}
	if t.Storage() == onnx.Ints {
		return cast(r, out, t.Type)
	}
	return out, nil
}

// into adds the elements of x to the sums that steps lead them to, many to each.
func (f reducer) into(r *Run, sums []float64, x *onnx.Tensor, steps []int, many int) error {
	last := len(steps) - 1
	if last >= 0 && steps[last] == 0 && many == x.Dims[last] {
		// The last axis alone: its elements lie together.
		for i := range sums {
			for _, v := range x.Floats[i*many : (i+1)*many] {
				sums[i] = f.add(sums[i], float64(v))
			}
		}
		return r.Spend(x.Len())
	}
	to, err := r.walk(x.Dims, steps, 0)
	for i, at := range to {
		sums[at] = f.add(sums[at], float64(x.Floats[i]))
	}
	return err
}

// collapse returns the axes that are left of dims, the steps that lead an
// element to where it goes, 0 along axes that are gone, and how many elements
// meet there.
func collapse(dims []int, axes []int64, keep bool) (left, steps []int, many int, err error) {
	gone := make([]bool, len(dims))
	for i := range gone {
		gone[i] = len(axes) == 0
	}
	for _, v := range axes {
		axis, err := axisOf(v, len(gone))
		if err != nil {
			return nil, nil, 0, err
		}
		gone[axis] = true
	}
	full, left, many := slices.Clone(dims), []int{}, 1
	for i, d := range dims {
		if gone[i] {
			full[i] = 1
			many *= d
		}
		if !gone[i] || keep {
			left = append(left, full[i])
		}
	}
	steps = strides(full)
	for i := range steps {
		if gone[i] {
			steps[i] = 0
		}
	}
	return left, steps, many, nil
}

// makeSoftmax normalises along an axis; before version 13 along all axes from
// that one on.
func makeSoftmax(logarithm bool) maker {
	return func(n *onnx.Node, version int64) (Kernel, error) {
		without := int64(-1)
		if version < 13 {
			without = 1
		}
		along := intOf(n, "axis", without)
		return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
			x := in[0]
			if err := wantFloats(x); err != nil {
				return nil, err
			}
			l, err := layoutOf(x.Dims, along)
			if err != nil {
				return nil, err
			}
			if version < 13 {
				l.n, l.inner = l.n*l.inner, 1
			}
			out, err := r.floats(x.Dims...)
			if err != nil {
				return nil, err
			}
			if err := r.Spend(8 * x.Len()); err != nil {
				return nil, err
			}
			for line := range l.lines() {
				softmax(out.Floats, x.Floats, l.start(line), l.n, l.inner, logarithm)
			}
			return one(out, nil)
		}, nil
	}
}

// softmax writes exp(x) scaled to sum 1, or its logarithm, of n numbers that
// begin at first and lie step apart. The largest is taken off first so that
// nothing overflows.
func softmax(out, x []float32, first, n, step int, logarithm bool) {
	top, sum := math.Inf(-1), 0.0
	for k := range n {
		top = max(top, float64(x[first+k*step]))
	}
	for k := range n {
		sum += math.Exp(float64(x[first+k*step]) - top)
	}
	for k := range n {
		v := float64(x[first+k*step]) - top
		if logarithm {
			out[first+k*step] = float32(v - math.Log(sum))
		} else {
			out[first+k*step] = float32(math.Exp(v) / sum)
		}
	}
}
