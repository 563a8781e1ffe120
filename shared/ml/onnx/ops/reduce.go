package ops

import (
	"cmp"
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
	l1All   = reducer{0, func(s, x float64) float64 { return s + math.Abs(x) }, unchanged}
	l2All   = reducer{0, func(s, x float64) float64 { return s + float64(x*x) }, func(s float64, _ int) float64 { return math.Sqrt(s) }}
)

// reduction takes the axes as an attribute, in old versions, or as an input.
func reduction(f reducer) maker {
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
			return one(f.run(r, in[0], axes, keep))
		}, nil
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

// argument makes ArgMax or ArgMin; the first of equals unless the last is
// asked for.
func argument(beats func(a, b float32) bool) maker {
	return func(n *onnx.Node, _ int64) (Kernel, error) {
		along, keep, last := intOf(n, "axis", 0), intOf(n, "keepdims", 1) != 0, intOf(n, "select_last_index", 0) != 0
		return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
			x, err := r.asFloats(in[0])
			if err != nil {
				return nil, err
			}
			axis, err := axisOf(along, len(x.Dims))
			if err != nil {
				return nil, err
			}
			outer, size, inner := parts(x.Dims, axis)
			if size == 0 {
				return nil, badInput("the best of none along axis %d of %v", axis, x.Dims)
			}
			dims := slices.Clone(x.Dims)
			if dims[axis] = 1; !keep {
				dims = slices.Delete(dims, axis, axis+1)
			}
			out, err := r.tensor(onnx.Int64, dims)
			if err != nil {
				return nil, err
			}
			if err := r.Spend(x.Len()); err != nil {
				return nil, err
			}
			for o := range outer {
				for i := range inner {
					best, first := 0, o*size*inner+i
					for k := 1; k < size; k++ {
						a, b := x.Floats[first+k*inner], x.Floats[first+best*inner]
						if beats(a, b) || last && a == b {
							best = k
						}
					}
					out.Ints[o*inner+i] = int64(best)
				}
			}
			return one(out, nil)
		}, nil
	}
}

// makeTopK sorts along an axis, at about twenty steps an element; equals come in
// the order of their places.
func makeTopK(n *onnx.Node, _ int64) (Kernel, error) {
	along, largest := intOf(n, "axis", -1), intOf(n, "largest", 1) != 0
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		x := in[0]
		if err := wantFloats(x); err != nil {
			return nil, err
		}
		axis, err := axisOf(along, len(x.Dims))
		if err != nil {
			return nil, err
		}
		outer, size, inner := parts(x.Dims, axis)
		k, err := countOf(n, in, size)
		if err != nil {
			return nil, err
		}
		dims := slices.Clone(x.Dims)
		dims[axis] = k
		values, err := r.floats(dims...)
		if err != nil {
			return nil, err
		}
		places, err := r.tensor(onnx.Int64, dims)
		if err != nil {
			return nil, err
		}
		if err := r.Spend(20 * x.Len()); err != nil {
			return nil, err
		}
		order, err := r.index(size)
		if err != nil {
			return nil, err
		}
		for l := range outer * inner {
			o, i := l/inner, l%inner
			at := func(p int) float32 { return x.Floats[(o*size+p)*inner+i] }
			rank(order, at, largest)
			for j := range k {
				to := (o*k+j)*inner + i
				values.Floats[to], places.Ints[to] = at(order[j]), int64(order[j])
			}
		}
		return []*onnx.Tensor{values, places}, nil
	}, nil
}

// rank writes to order the places by their values.
func rank(order []int, at func(int) float32, largest bool) {
	for p := range order {
		order[p] = p
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if largest {
			a, b = b, a
		}
		return cmp.Compare(at(a), at(b))
	})
}

// countOf returns the k of TopK: an attribute, before version 10, or an input.
func countOf(n *onnx.Node, in []*onnx.Tensor, size int) (int, error) {
	k := intOf(n, "k", -1)
	if t := optional(in, 1); t != nil {
		if len(t.Ints) != 1 {
			return 0, badInput("k is %s of axes %v, want one INT64", t.Type, t.Dims)
		}
		k = t.Ints[0]
	}
	if k < 0 || k > int64(size) {
		return 0, badValue("the best %d of %d", k, size)
	}
	return int(k), nil
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
			axis, err := axisOf(along, len(x.Dims))
			if err != nil {
				return nil, err
			}
			outer, size, inner := parts(x.Dims, axis)
			if version < 13 {
				size, inner = size*inner, 1
			}
			out, err := r.floats(x.Dims...)
			if err != nil {
				return nil, err
			}
			if err := r.Spend(8 * x.Len()); err != nil {
				return nil, err
			}
			for o := range outer {
				for i := range inner {
					softmax(out.Floats, x.Floats, o*size*inner+i, size, inner, logarithm)
				}
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
