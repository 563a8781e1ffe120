package ops

import "godwit/shared/ml/onnx"

// identity hands its first input through. Dropout does so too outside of
// training, and ZipMap here.
func identity(_ *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) { return in[:1], nil }

// makeReshape takes the axes as an input, before version 5 as an attribute. A 0
// keeps an axis, one -1 is whatever is left.
func makeReshape(n *onnx.Node, _ int64) (Kernel, error) {
	zeros := intOf(n, "allowzero", 0) != 0
	return func(_ *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		want, err := sizesOf(n, "shape", in, 1)
		if err != nil {
			return nil, err
		}
		dims, open, rest := make([]int, len(want)), -1, 1
		for i, v := range want {
			switch {
			case v == -1 && open < 0:
				open = i
				continue
			case v == 0 && !zeros && i < len(in[0].Dims):
				v = int64(in[0].Dims[i])
			case v < 0 || v > int64(in[0].Len()):
				return nil, badInput("%d elements along axes %v", in[0].Len(), want)
			}
			dims[i] = int(v)
			rest *= max(dims[i], 1)
			if rest > max(in[0].Len(), 1) {
				return nil, badInput("%d elements along axes %v", in[0].Len(), want)
			}
		}
		if open >= 0 {
			dims[open] = in[0].Len() / rest
		}
		if total, ok := onnx.Count(dims); !ok || total != in[0].Len() || len(dims) > maxRank {
			return nil, badInput("%d elements along axes %v", in[0].Len(), want)
		}
		return one(reshaped(in[0], dims), nil)
	}, nil
}

// makeFlatten makes a matrix: the axes before one become the rows, the others
// the columns.
func makeFlatten(n *onnx.Node, _ int64) (Kernel, error) {
	along := intOf(n, "axis", 1)
	return func(_ *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		axis, rank := int(along), len(in[0].Dims)
		if along != int64(rank) {
			var err error
			if axis, err = axisOf(along, rank); err != nil {
				return nil, err
			}
		}
		outer, _ := onnx.Count(in[0].Dims[:axis])
		inner, _ := onnx.Count(in[0].Dims[axis:])
		return one(reshaped(in[0], []int{outer, inner}), nil)
	}, nil
}

// makeSqueeze takes the axes as an attribute, before version 13, or an input.
func makeSqueeze(n *onnx.Node, _ int64) (Kernel, error) {
	return func(_ *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		axes, err := sizesOf(n, "axes", in, 1)
		if err != nil {
			return nil, err
		}
		gone := make([]bool, len(in[0].Dims))
		for i, d := range in[0].Dims {
			gone[i] = axes == nil && d == 1
		}
		for _, v := range axes {
			axis, err := axisOf(v, len(gone))
			if err != nil {
				return nil, err
			}
			if in[0].Dims[axis] != 1 {
				return nil, badInput("axis %d of %v is not 1 long", axis, in[0].Dims)
			}
			gone[axis] = true
		}
		dims := []int{}
		for i, d := range in[0].Dims {
			if !gone[i] {
				dims = append(dims, d)
			}
		}
		return one(reshaped(in[0], dims), nil)
	}, nil
}

// makeUnsqueeze takes the axes as an attribute, before version 13, or an input.
func makeUnsqueeze(n *onnx.Node, _ int64) (Kernel, error) {
	return func(_ *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		axes, err := sizesOf(n, "axes", in, 1)
		if err != nil {
			return nil, err
		}
		rank := len(in[0].Dims) + len(axes)
		if rank > maxRank {
			return nil, badInput("%d axes", rank)
		}
		dims := make([]int, rank) // 0 where an axis of the input goes
		for _, v := range axes {
			axis, err := axisOf(v, rank)
			if err != nil {
				return nil, err
			}
			if dims[axis] == 1 {
				return nil, badInput("axis %d twice", axis)
			}
			dims[axis] = 1
		}
		rest := in[0].Dims
		for i := range dims {
			if dims[i] == 0 {
				dims[i], rest = rest[0], rest[1:]
			}
		}
		return one(reshaped(in[0], dims), nil)
	}, nil
}

// makeShape returns the axes as a list, or those from start to end of them.
func makeShape(n *onnx.Node, _ int64) (Kernel, error) {
	first, last := intOf(n, "start", 0), n.Attribute("end")
	return func(_ *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		rank := int64(len(in[0].Dims))
		end := rank
		if last != nil {
			end = last.Int
		}
		from, size, err := span(first, end, 1, rank)
		if err != nil {
			return nil, err
		}
		v := make([]int64, size)
		for i := range v {
			v[i] = int64(in[0].Dims[from+i])
		}
		return one(onnx.OfInts(v), nil)
	}, nil
}

// makeConstant returns its attribute, of which there are several kinds.
func makeConstant(n *onnx.Node, _ int64) (Kernel, error) {
	var t *onnx.Tensor
	for _, a := range n.Attributes {
		switch a.Name {
		case "value":
			t = a.Tensor
		case "value_float":
			t = onnx.Scalar(a.Float)
		case "value_floats":
			t = onnx.OfFloats(a.Floats)
		case "value_int":
			t = &onnx.Tensor{Type: onnx.Int64, Ints: []int64{a.Int}}
		case "value_ints":
			t = onnx.OfInts(a.Ints)
		case "value_string":
			t = &onnx.Tensor{Type: onnx.String, Strings: []string{a.String}}
		case "value_strings":
			t = onnx.OfStrings(a.Strings)
		}
	}
	if t == nil {
		return nil, onnx.Errorf(onnx.Unsupported, "it has no value that is read")
	}
	return func(*Run, []*onnx.Tensor) ([]*onnx.Tensor, error) { return one(t, nil) }, nil
}

// makeConstantOfShape repeats one number, 0 without any, along the axes that
// the input lists.
func makeConstantOfShape(n *onnx.Node, _ int64) (Kernel, error) {
	value := onnx.Scalar(0)
	if a := n.Attribute("value"); a != nil && a.Tensor != nil {
		value = a.Tensor
	}
	if value.Len() != 1 {
		return nil, onnx.Errorf(onnx.Corrupt, "a value of %d elements", value.Len())
	}
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		want, err := sizes(in[0])
		if err != nil {
			return nil, err
		}
		dims, err := axesOf(want)
		if err != nil {
			return nil, err
		}
		return one(stretch(r, reshaped(value, nil), dims))
	}, nil
}

// makeCast converts numbers, booleans and strings as Go does; see cast.
func makeCast(n *onnx.Node, _ int64) (Kernel, error) {
	to := onnx.Type(intOf(n, "to", 0))
	if s := to.Storage(); s == onnx.Nothing || s == onnx.Halves {
		return nil, onnx.Errorf(onnx.Unsupported, "a cast to %s", to)
	}
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) { return one(cast(r, in[0], to)) }, nil
}
