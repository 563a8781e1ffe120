package ops

import (
	"cmp"
	"slices"

	"godwit/shared/ml/onnx"
)

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
			l, err := layoutOf(x.Dims, along)
			if err != nil {
				return nil, err
			}
			if l.n == 0 {
				return nil, badInput("the best of none along axis %d of %v", l.axis, x.Dims)
			}
			dims := slices.Clone(x.Dims)
			if dims[l.axis] = 1; !keep {
				dims = slices.Delete(dims, l.axis, l.axis+1)
			}
			out, err := r.tensor(onnx.Int64, dims)
			if err != nil {
				return nil, err
			}
			if err := r.Spend(x.Len()); err != nil {
				return nil, err
			}
			for line := range out.Ints {
				best, first := 0, l.start(line)
				for k := 1; k < l.n; k++ {
					a, b := x.Floats[first+k*l.inner], x.Floats[first+best*l.inner]
					if beats(a, b) || last && a == b {
						best = k
					}
				}
				out.Ints[line] = int64(best)
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
		l, err := layoutOf(x.Dims, along)
		if err != nil {
			return nil, err
		}
		k, err := countOf(n, in, l.n)
		if err != nil {
			return nil, err
		}
		dims := slices.Clone(x.Dims)
		dims[l.axis] = k
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
		order, err := r.index(l.n)
		if err != nil {
			return nil, err
		}
		to := layout{l.axis, l.outer, k, l.inner}
		for line := range l.lines() {
			first := l.start(line)
			at := func(p int) float32 { return x.Floats[first+p*l.inner] }
			rank(order, at, largest)
			for j := range k {
				to := to.start(line) + j*l.inner
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
