package ops

import (
	"math"

	"godwit/shared/ml/onnx"
)

// makeSlice takes starts, ends and axes as attributes, before version 10, or
// as inputs, then with steps.
func makeSlice(n *onnx.Node, _ int64) (Kernel, error) {
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		t := in[0]
		var lists [4][]int64
		for i, name := range []string{"starts", "ends", "axes", ""} {
			var err error
			if lists[i], err = sizesOf(n, name, in, i+1); err != nil {
				return nil, err
			}
		}
		starts, ends, axes, by := lists[0], lists[1], lists[2], lists[3]
		if len(starts) != len(ends) || axes != nil && len(axes) != len(starts) || by != nil && len(by) != len(starts) || len(starts) > len(t.Dims) {
			return nil, badInput("%d starts, %d ends, %d axes, %d steps of %d axes", len(starts), len(ends), len(axes), len(by), len(t.Dims))
		}
		dims, steps := append([]int(nil), t.Dims...), strides(t.Dims)
		first := 0
		for i := range starts {
			axis, step := i, int64(1)
			if axes != nil {
				var err error
				if axis, err = axisOf(axes[i], len(dims)); err != nil {
					return nil, err
				}
			}
			if by != nil {
				step = by[i]
			}
			from, size, err := span(starts[i], ends[i], step, int64(t.Dims[axis]))
			if err != nil {
				return nil, err
			}
			first += from * steps[axis]
			dims[axis] = size
			steps[axis] *= int(step)
		}
		index, err := r.walk(dims, steps, first)
		if err != nil {
			return nil, err
		}
		return one(r.pick(t, dims, index, nil))
	}, nil
}

// span returns the first place and the number of places from start to end,
// both of which may count from the end, along an axis of n.
func span(start, end, step, n int64) (first, size int, err error) {
	if step == 0 || step < -math.MaxInt32 || step > math.MaxInt32 {
		return 0, 0, badInput("a step of %d", step)
	}
	if start < 0 {
		start = max(start, -n) + n
	}
	if end < 0 {
		end = max(end, -n-1) + n
	}
	if step > 0 {
		start, end = min(start, n), min(end, n)
		if end > start {
			size = int((end - start + step - 1) / step)
		}
	} else {
		start, end = min(start, n-1), min(end, n-1)
		if start > end {
			size = int((start - end - step - 1) / -step)
		}
	}
	return int(start), size, nil
}

// makePad takes the widths as an attribute, before version 11, or as inputs.
func makePad(n *onnx.Node, _ int64) (Kernel, error) {
	mode := textOf(n, "mode", "constant")
	fold, ok := folds[mode]
	if !ok {
		return nil, onnx.Errorf(onnx.Unsupported, "mode %q; constant, edge, reflect and wrap are run", mode)
	}
	value := onnx.Scalar(floatOf(n, "value", 0))
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		t, fill := in[0], (*onnx.Tensor)(nil)
		if t.Storage() == onnx.Floats {
			fill = value
		}
		if v := optional(in, 2); v != nil {
			if fill = v; v.Type != t.Type || v.Len() != 1 {
				return nil, badInput("%s of axes %v to fill %s with", v.Type, v.Dims, t.Type)
			}
		}
		widths, err := sizesOf(n, "pads", in, 1)
		if err != nil {
			return nil, err
		}
		before, dims, err := padded(t.Dims, widths, optional(in, 3))
		if err != nil {
			return nil, err
		}
		index, err := r.walk(dims, make([]int, len(dims)), outside)
		if err != nil {
			return nil, err
		}
		place(index, dims, before, t.Dims, fold)
		return one(r.pick(t, dims, index, fill))
	}, nil
}

// padded returns the widths before each axis and the axes afterwards. Widths
// below 0 cut off.
func padded(dims []int, widths []int64, axes *onnx.Tensor) (before, after []int, err error) {
	rank := len(dims)
	at := make([]int64, rank)
	for i := range at {
		at[i] = int64(i)
	}
	if axes != nil {
		if at, err = sizes(axes); err != nil {
			return nil, nil, err
		}
	}
	if len(widths) != 2*len(at) {
		return nil, nil, badInput("%d widths for %d axes", len(widths), len(at))
	}
	before, after = make([]int, rank), append([]int(nil), dims...)
	for i, v := range at {
		axis, err := axisOf(v, rank)
		if err != nil {
			return nil, nil, err
		}
		low, high := widths[i], widths[len(at)+i]
		if max(low, -low, high, -high) > math.MaxInt32 || int64(dims[axis])+low+high < 0 {
			return nil, nil, badInput("widths %d and %d of an axis of %d", low, high, dims[axis])
		}
		before[axis], after[axis] = int(low), dims[axis]+int(low)+int(high)
	}
	return before, after, nil
}

// folds are where a place outside of an axis of n takes its element from, by the
// mode of a Pad; one that is still outside is filled.
var folds = map[string]func(i, n int) int{
	"constant": func(i, _ int) int { return i },
	"edge":     func(i, n int) int { return min(max(i, 0), n-1) },
	"wrap":     func(i, n int) int { return ((i % n) + n) % n },
	"reflect": func(i, n int) int {
		period := max(2*(n-1), 1)
		i = ((i % period) + period) % period
		return min(i, period-i) // without the ends twice
	},
}

// place writes into index, of axes dims, where the elements of a tensor of
// axes from lie when it begins at before.
func place(index, dims, before, from []int, fold func(i, n int) int) {
	steps, own := strides(from), make([]int, len(dims))
	for i := range index {
		rest, at, inside := i, 0, true
		for axis := len(dims) - 1; axis >= 0; axis-- {
			if n := from[axis]; n > 0 {
				own[axis] = fold(rest%dims[axis]-before[axis], n)
			} else {
				own[axis] = outside
			}
			rest /= dims[axis]
			inside = inside && own[axis] >= 0 && own[axis] < from[axis]
			at += own[axis] * steps[axis]
		}
		if inside {
			index[i] = at
		}
	}
}
