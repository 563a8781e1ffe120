package ops

import (
	"slices"

	"godwit/shared/ml/onnx"
)

// Operators that only move elements make a list of places and pick from them:
// that is one piece of code for all types, at the price of the list.

// outside is the place of an element that is in no input.
const outside = -1

// index returns room for n places, taken from the allowance.
func (r *Run) index(n int) ([]int, error) {
	if err := r.Take(8 * n); err != nil {
		return nil, err
	}
	if err := r.Spend(n); err != nil {
		return nil, err
	}
	return make([]int, n), nil
}

// pick returns the elements of t at the places of index, along axes dims, and
// the one of fill, or zero, for those that are outside.
func (r *Run) pick(t *onnx.Tensor, dims []int, index []int, fill *onnx.Tensor) (*onnx.Tensor, error) {
	if fill == nil {
		fill = &onnx.Tensor{Floats: []float32{0}, Ints: []int64{0}, Strings: []string{""}, Bools: []bool{false}}
	}
	out, err := r.tensor(t.Type, dims)
	if err != nil {
		return nil, err
	}
	switch t.Storage() {
	case onnx.Floats:
		pickInto(out.Floats, t.Floats, index, fill.Floats)
	case onnx.Ints:
		pickInto(out.Ints, t.Ints, index, fill.Ints)
	case onnx.Strings:
		pickInto(out.Strings, t.Strings, index, fill.Strings)
	case onnx.Bools:
		pickInto(out.Bools, t.Bools, index, fill.Bools)
	}
	return out, nil
}

// pickInto is pick for one type.
func pickInto[T any](out, from []T, index []int, fill []T) {
	for i, at := range index {
		if at == outside {
			out[i] = fill[0]
		} else {
			out[i] = from[at]
		}
	}
}

// walk lists the places that steps along axes lead to from a first one.
func (r *Run) walk(dims, steps []int, first int) ([]int, error) {
	n, ok := onnx.Count(dims)
	if !ok {
		return nil, onnx.Errorf(onnx.TooLarge, "a tensor of axes %v", dims)
	}
	index, err := r.index(n)
	if err != nil || n == 0 {
		return index, err
	}
	at := make([]int, len(dims))
	place := first
	for i := range index {
		index[i] = place
		for axis := len(dims) - 1; axis >= 0; axis-- {
			at[axis]++
			place += steps[axis]
			if at[axis] < dims[axis] {
				break
			}
			place -= at[axis] * steps[axis]
			at[axis] = 0
		}
	}
	return index, nil
}

// stretch repeats a tensor along axes, of which it has fewer or of length 1.
func stretch(r *Run, t *onnx.Tensor, dims []int) (*onnx.Tensor, error) {
	s, err := meet(t.Dims, dims)
	if err != nil {
		return nil, err
	}
	index, err := r.walk(s.dims, s.a, 0)
	if err != nil {
		return nil, err
	}
	return r.pick(t, s.dims, index, nil)
}

// sizes reads an input that is a list of whole numbers.
func sizes(t *onnx.Tensor) ([]int64, error) {
	if t.Storage() != onnx.Ints || len(t.Dims) > 1 {
		return nil, badInput("%s of axes %v, want a list of INT64", t.Type, t.Dims)
	}
	return t.Ints, nil
}

// sizesOf reads a list that is an attribute in old versions of an operator and
// input i in new ones; nil when it is neither.
func sizesOf(n *onnx.Node, name string, in []*onnx.Tensor, i int) ([]int64, error) {
	if t := optional(in, i); t != nil {
		return sizes(t)
	}
	return list(n, name).Ints, nil
}

// expand repeats its first input along the axes that the second lists, both ways:
// an axis of 1 in the list keeps that of the input.
func expand(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	want, err := sizes(in[1])
	if err != nil {
		return nil, err
	}
	dims, err := axesOf(want)
	if err != nil {
		return nil, err
	}
	return one(stretch(r, in[0], dims))
}

// maxRank bounds the axes of tensors that a graph makes.
const maxRank = 16

// axesOf turns a list of whole numbers into axes.
func axesOf(want []int64) ([]int, error) {
	dims := make([]int, len(want))
	for i, v := range want {
		if dims[i] = int(v); v < 0 {
			return nil, badInput("axes %v", want)
		}
	}
	if _, ok := onnx.Count(dims); !ok || len(dims) > maxRank {
		return nil, onnx.Errorf(onnx.TooLarge, "a tensor of axes %v", want)
	}
	return dims, nil
}

// makeTranspose reorders axes: axis i of the result is axis perm[i] of the input;
// without perm the order is reversed.
func makeTranspose(n *onnx.Node, _ int64) (Kernel, error) {
	perm := list(n, "perm").Ints
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		t := in[0]
		rank := len(t.Dims)
		if perm != nil && len(perm) != rank {
			return nil, badInput("%d axes, the permutation is of %d", rank, len(perm))
		}
		dims, steps, from := make([]int, rank), make([]int, rank), strides(t.Dims)
		used := make([]bool, rank)
		for i := range rank {
			axis := rank - 1 - i
			if perm != nil {
				var err error
				if axis, err = axisOf(perm[i], rank); err != nil {
					return nil, err
				}
			}
			if used[axis] {
				return nil, badInput("the permutation %v has an axis twice", perm)
			}
			used[axis] = true
			dims[i], steps[i] = t.Dims[axis], from[axis]
		}
		index, err := r.walk(dims, steps, 0)
		if err != nil {
			return nil, err
		}
		return one(r.pick(t, dims, index, nil))
	}, nil
}

// makeConcat joins its inputs along an axis.
func makeConcat(n *onnx.Node, _ int64) (Kernel, error) {
	axis := intOf(n, "axis", 1)
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		return one(concat(r, in, axis))
	}, nil
}

// concat joins tensors along an axis.
func concat(r *Run, in []*onnx.Tensor, along int64) (*onnx.Tensor, error) {
	if in[0] == nil {
		return nil, badInput("an input is left out")
	}
	l, err := layoutOf(in[0].Dims, along)
	if err != nil {
		return nil, err
	}
	axis, outer := l.axis, l.outer
	dims := append([]int(nil), in[0].Dims...)
	for _, t := range in[1:] {
		if t == nil || t.Type != in[0].Type || len(t.Dims) != len(dims) {
			return nil, badInput("tensors of other types or numbers of axes cannot be joined")
		}
		for i, d := range t.Dims {
			if i != axis && d != dims[i] {
				return nil, badInput("axes %v and %v cannot be joined along axis %d", in[0].Dims, t.Dims, axis)
			}
		}
		dims[axis] += t.Dims[axis]
	}
	out, err := r.tensor(in[0].Type, dims)
	if err != nil {
		return nil, err
	}
	row, at := out.Len()/max(outer, 1), 0
	for _, t := range in {
		size := t.Len() / max(outer, 1)
		for o := range outer {
			to, from := o*row+at, o*size
			switch t.Storage() {
			case onnx.Floats:
				copy(out.Floats[to:to+size], t.Floats[from:])
			case onnx.Ints:
				copy(out.Ints[to:to+size], t.Ints[from:])
			case onnx.Strings:
				copy(out.Strings[to:to+size], t.Strings[from:])
			case onnx.Bools:
				copy(out.Bools[to:to+size], t.Bools[from:])
			}
		}
		at += size
	}
	return out, nil
}

// makeGather takes slices along an axis: of axes [a, n, b] at places of axes p
// it makes [a, p, b].
func makeGather(n *onnx.Node, _ int64) (Kernel, error) {
	along := intOf(n, "axis", 0)
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		return one(gather(r, in[0], in[1], along))
	}, nil
}

// gather takes the slices of t along an axis at the given places, which may
// count from the end.
func gather(r *Run, t, at *onnx.Tensor, along int64) (*onnx.Tensor, error) {
	l, err := layoutOf(t.Dims, along)
	if err != nil {
		return nil, err
	}
	if at.Storage() != onnx.Ints || len(t.Dims)+len(at.Dims) > maxRank {
		return nil, badInput("places are %s of axes %v", at.Type, at.Dims)
	}
	dims := slices.Concat(t.Dims[:l.axis], at.Dims, t.Dims[l.axis+1:])
	total, ok := onnx.Count(dims)
	if !ok {
		return nil, onnx.Errorf(onnx.TooLarge, "a tensor of axes %v", dims)
	}
	index, err := r.index(total)
	if err != nil {
		return nil, err
	}
	i := 0
	for o := range l.outer {
		for _, v := range at.Ints {
			place, err := placeOf(v, l.n)
			if err != nil {
				return nil, err
			}
			for k := range l.inner {
				index[i] = (o*l.n+place)*l.inner + k
				i++
			}
		}
	}
	return r.pick(t, dims, index, nil)
}

// placeOf returns a place among n that may be counted from the end.
func placeOf(v int64, n int) (int, error) {
	place, err := axisOf(v, n)
	if err != nil {
		return 0, badValue("place %d of %d", v, n)
	}
	return place, nil
}

// makeSplit cuts along an axis into parts whose sizes are an attribute, before
// version 13, or an input; without them they are equal.
func makeSplit(n *onnx.Node, _ int64) (Kernel, error) {
	along, outputs, count := intOf(n, "axis", 0), len(n.Outputs), len(n.Outputs)
	if v := intOf(n, "num_outputs", int64(count)); v != int64(count) {
		return nil, onnx.Errorf(onnx.Corrupt, "num_outputs = %d with %d outputs", v, count)
	}
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		t := in[0]
		axis, err := axisOf(along, len(t.Dims))
		if err != nil {
			return nil, err
		}
		sizes, err := sizesOf(n, "split", in, 1)
		if err != nil {
			return nil, err
		}
		if sizes == nil {
			// The last part is the smaller one when they cannot be equal.
			each := (t.Dims[axis] + count - 1) / count
			for i := range count {
				sizes = append(sizes, int64(min(each, max(t.Dims[axis]-i*each, 0))))
			}
		}
		if len(sizes) != outputs {
			return nil, badInput("%d parts for %d outputs", len(sizes), outputs)
		}
		steps, first, out := strides(t.Dims), 0, make([]*onnx.Tensor, outputs)
		for i, size := range sizes {
			if size < 0 || int64(t.Dims[axis]-first) < size {
				return nil, badInput("parts %v of an axis of %d", sizes, t.Dims[axis])
			}
			dims := append([]int(nil), t.Dims...)
			dims[axis] = int(size)
			index, err := r.walk(dims, steps, first*steps[axis])
			if err != nil {
				return nil, err
			}
			if out[i], err = r.pick(t, dims, index, nil); err != nil {
				return nil, err
			}
			first += int(size)
		}
		return out, nil
	}, nil
}
