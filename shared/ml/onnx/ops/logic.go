package ops

import "godwit/shared/ml/onnx"

// judge applies a test to every pair.
func judge[T any](r *Run, a, b *onnx.Tensor, va, vb []T, f func(T, T) bool) ([]*onnx.Tensor, error) {
	s, err := meet(a.Dims, b.Dims)
	if err != nil {
		return nil, err
	}
	out, err := r.tensor(onnx.Bool, s.dims)
	if err != nil {
		return nil, err
	}
	zip(s, out.Bools, va, vb, f)
	return one(out, nil)
}

// same is the test of equal.
func same[T comparable](a, b T) bool { return a == b }

// equal compares elements of any type; not-a-number equals nothing.
func equal(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	a, b := in[0], in[1]
	if a.Storage() == b.Storage() {
		switch a.Storage() {
		case onnx.Floats:
			return judge(r, a, b, a.Floats, b.Floats, same)
		case onnx.Ints:
			return judge(r, a, b, a.Ints, b.Ints, same)
		case onnx.Strings:
			return judge(r, a, b, a.Strings, b.Strings, same)
		case onnx.Bools:
			return judge(r, a, b, a.Bools, b.Bools, same)
		}
	}
	return nil, badInput("%s and %s cannot be compared", a.Type, b.Type)
}

// ordered makes a comparison of numbers.
func ordered(f func(a, b float32) bool, g func(a, b int64) bool) maker {
	return always(func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		a, b := in[0], in[1]
		switch {
		case a.Storage() == onnx.Floats && b.Storage() == onnx.Floats:
			return judge(r, a, b, a.Floats, b.Floats, f)
		case a.Storage() == onnx.Ints && b.Storage() == onnx.Ints:
			return judge(r, a, b, a.Ints, b.Ints, g)
		}
		return nil, badInput("%s and %s cannot be compared", a.Type, b.Type)
	})
}

// logical makes an operator of two booleans.
func logical(f func(a, b bool) bool) maker {
	return always(func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		a, b := in[0], in[1]
		if a.Storage() != onnx.Bools || b.Storage() != onnx.Bools {
			return nil, badInput("%s and %s, want BOOL", a.Type, b.Type)
		}
		return judge(r, a, b, a.Bools, b.Bools, f)
	})
}

// not inverts booleans.
func not(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	if in[0].Storage() != onnx.Bools {
		return nil, badInput("%s, want BOOL", in[0].Type)
	}
	out, err := r.tensor(onnx.Bool, in[0].Dims)
	if err != nil {
		return nil, err
	}
	for i, v := range in[0].Bools {
		out.Bools[i] = !v
	}
	return one(out, nil)
}

// tested applies a test to every number.
func tested(f func(float32) bool) Kernel {
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		if err := wantFloats(in[0]); err != nil {
			return nil, err
		}
		out, err := r.tensor(onnx.Bool, in[0].Dims)
		if err != nil {
			return nil, err
		}
		for i, x := range in[0].Floats {
			out.Bools[i] = f(x)
		}
		return one(out, nil)
	}
}

// where takes each element from the second input where the first is true, else
// from the third.
func where(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	if in[0].Storage() != onnx.Bools || in[1].Storage() != in[2].Storage() {
		return nil, badInput("%s, %s and %s do not go together", in[0].Type, in[1].Type, in[2].Type)
	}
	values, err := meet(in[1].Dims, in[2].Dims)
	if err != nil {
		return nil, err
	}
	all, err := meet(in[0].Dims, values.dims)
	if err != nil {
		return nil, err
	}
	var wide [3]*onnx.Tensor
	for i, t := range in {
		if wide[i], err = stretch(r, t, all.dims); err != nil {
			return nil, err
		}
	}
	// The second and third lie one after the other: an element's place in the
	// two is its own, or that many further.
	joined, err := concat(r, []*onnx.Tensor{reshaped(wide[1], []int{all.n}), reshaped(wide[2], []int{all.n})}, 0)
	if err != nil {
		return nil, err
	}
	index, err := r.index(all.n)
	if err != nil {
		return nil, err
	}
	for i, yes := range wide[0].Bools {
		if index[i] = i; !yes {
			index[i] = all.n + i
		}
	}
	return one(r.pick(joined, all.dims, index, nil))
}
