package ops

import (
	"math"
	"slices"

	"godwit/shared/ml/onnx"
)

// tile repeats a tensor along each axis as often as the second input says: an
// axis of n becomes one of n repeats with the step 0 before one of n elements.
func tile(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	t := in[0]
	repeats, err := sizes(in[1])
	if err != nil {
		return nil, err
	}
	times, err := axesOf(repeats)
	if err != nil {
		return nil, err
	}
	if len(times) != len(t.Dims) {
		return nil, badInput("%d repeats of %d axes", len(times), len(t.Dims))
	}
	var dims, steps, walked []int
	for i, step := range strides(t.Dims) {
		if times[i] > 0 && t.Dims[i] > math.MaxInt32/times[i] {
			return nil, onnx.Errorf(onnx.TooLarge, "an axis of %d repeated %d times", t.Dims[i], times[i])
		}
		dims = append(dims, t.Dims[i]*times[i])
		walked, steps = append(walked, times[i], t.Dims[i]), append(steps, 0, step)
	}
	index, err := r.walk(walked, steps, 0)
	if err != nil {
		return nil, err
	}
	return one(r.pick(t, dims, index, nil))
}

// count is the number of elements.
func count(_ *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	return one(&onnx.Tensor{Type: onnx.Int64, Ints: []int64{int64(in[0].Len())}}, nil)
}

// makeTrilu keeps what lies on one side of a diagonal of the last two axes, k to
// the right of the main one, and puts zeros on the other.
func makeTrilu(n *onnx.Node, _ int64) (Kernel, error) {
	upper := intOf(n, "upper", 1) != 0
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		t, k := in[0], int64(0)
		if by := optional(in, 1); by != nil {
			if len(by.Ints) != 1 {
				return nil, badInput("the diagonal is %s of axes %v, want one INT64", by.Type, by.Dims)
			}
			k = min(max(by.Ints[0], -math.MaxInt32), math.MaxInt32)
		}
		rank := len(t.Dims)
		if rank < 2 {
			return nil, badInput("a triangle of axes %v", t.Dims)
		}
		index, err := r.walk(t.Dims, strides(t.Dims), 0)
		if err != nil {
			return nil, err
		}
		rows, columns := t.Dims[rank-2], t.Dims[rank-1]
		for i := range index {
			right := int64(i%columns-i/columns%rows) - k
			if upper && right < 0 || !upper && right > 0 {
				index[i] = outside
			}
		}
		return one(r.pick(t, t.Dims, index, nil))
	}, nil
}

// makeGatherElements takes elements along an axis: each from where the second
// input, of the shape of the result, says.
func makeGatherElements(n *onnx.Node, _ int64) (Kernel, error) {
	along := intOf(n, "axis", 0)
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		t, at := in[0], in[1]
		l, err := layoutOf(t.Dims, along)
		if err != nil {
			return nil, err
		}
		if at.Storage() != onnx.Ints || len(at.Dims) != len(t.Dims) {
			return nil, badInput("places are %s of axes %v for %v", at.Type, at.Dims, t.Dims)
		}
		for i, d := range at.Dims {
			if i != l.axis && d > t.Dims[i] {
				return nil, badInput("places of axes %v for %v", at.Dims, t.Dims)
			}
		}
		steps := strides(t.Dims)
		steps[l.axis] = 0
		index, err := r.walk(at.Dims, steps, 0)
		if err != nil {
			return nil, err
		}
		for i, v := range at.Ints {
			place, err := placeOf(v, l.n)
			if err != nil {
				return nil, err
			}
			index[i] += place * l.inner
		}
		return one(r.pick(t, at.Dims, index, nil))
	}, nil
}

// makeOneHotAxis adds an axis of a given depth with one value at the place that
// each element names and another elsewhere; a place beyond it is nowhere.
func makeOneHotAxis(n *onnx.Node, _ int64) (Kernel, error) {
	along := intOf(n, "axis", -1)
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		places, values := in[0], in[2]
		wanted, err := r.asFloats(in[1])
		if err != nil {
			return nil, err
		}
		rank := len(places.Dims) + 1
		axis, err := axisOf(along, rank)
		if err != nil {
			return nil, err
		}
		if wanted.Len() != 1 || values.Len() != 2 || rank > maxRank || !(wanted.Floats[0] >= 1 && wanted.Floats[0] <= math.MaxInt32) {
			return nil, badInput("a depth of axes %v and values of %v, want one number above 0 and two", in[1].Dims, values.Dims)
		}
		depth := int(wanted.Floats[0])
		dims := slices.Insert(slices.Clone(places.Dims), axis, depth)
		l, err := layoutOf(dims, int64(axis))
		if err != nil {
			return nil, err
		}
		// All are the first value; those that are named become the second.
		index, err := r.walk(dims, make([]int, rank), 0)
		if err != nil {
			return nil, err
		}
		for line := range places.Len() {
			v, err := intAt(places, line)
			if err != nil {
				return nil, err
			}
			if place, err := axisOf(v, depth); err == nil {
				index[l.start(line)+place*l.inner] = 1
			}
		}
		return one(r.pick(values, dims, index, nil))
	}, nil
}

// numbersFrom lists numbers from a first one, before a limit, a step apart.
func numbersFrom(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	var at [3]float64
	for i, t := range in {
		if t.Len() != 1 || t.Type != in[0].Type || t.Storage() != onnx.Ints && t.Storage() != onnx.Floats {
			return nil, badInput("%s of axes %v, want three numbers of one type", t.Type, t.Dims)
		}
		if t.Storage() == onnx.Ints {
			at[i] = float64(t.Ints[0])
		} else {
			at[i] = float64(t.Floats[0])
		}
	}
	n := max(math.Ceil((at[1]-at[0])/at[2]), 0)
	if !(n <= math.MaxInt32) {
		return nil, badValue("numbers from %g to %g by %g", at[0], at[1], at[2])
	}
	out, err := r.tensor(in[0].Type, []int{int(n)})
	if err != nil {
		return nil, err
	}
	for i := range int(n) {
		if out.Storage() == onnx.Ints {
			out.Ints[i] = in[0].Ints[0] + int64(i)*in[2].Ints[0]
		} else {
			out.Floats[i] = in[0].Floats[0] + float32(float32(i)*in[2].Floats[0])
		}
	}
	return one(out, nil)
}

// castLike converts its first input to the type of the second.
func castLike(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	return one(cast(r, in[0], in[1].Type))
}
