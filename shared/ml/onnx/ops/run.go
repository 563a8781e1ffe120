package ops

import (
	"context"

	"godwit/shared/ml/onnx"
)

// Run is the allowance of one run of a graph. It must not be used by two
// goroutines at a time.
type Run struct {
	ctx         context.Context
	work, bytes int64 // left
}

// NewRun returns an allowance of so much work, about one multiplication each,
// and so many bytes for all tensors that are made.
func NewRun(ctx context.Context, work, bytes int64) *Run {
	return &Run{ctx: ctx, work: work, bytes: bytes}
}

// Spend takes n of the work left. It fails when that is not enough, or with
// the context's error when that has ended.
func (r *Run) Spend(n int) error {
	if r.work -= int64(n); n < 0 || r.work < 0 {
		return onnx.Errorf(onnx.TooLarge, "the run takes more work than it is allowed; send fewer rows or a smaller model")
	}
	return r.ctx.Err()
}

// Take takes so many bytes of the memory left.
func (r *Run) Take(bytes int) error {
	if r.bytes -= int64(bytes); bytes < 0 || r.bytes < 0 {
		return onnx.Errorf(onnx.TooLarge, "the run takes more memory than it is allowed; send fewer rows or a smaller model")
	}
	return nil
}

// elementBytes is what an element takes, by storage.
var elementBytes = [...]int{onnx.Nothing: 0, onnx.Floats: 4, onnx.Ints: 8, onnx.Strings: 16, onnx.Bools: 1, onnx.Halves: 2}

// tensor returns a tensor of zeros, taken from the allowance.
func (r *Run) tensor(t onnx.Type, dims []int) (*onnx.Tensor, error) {
	n, ok := onnx.Count(dims)
	if !ok {
		return nil, onnx.Errorf(onnx.TooLarge, "a tensor of axes %v", dims)
	}
	storage := t.Storage()
	if err := r.Take(n * elementBytes[storage]); err != nil {
		return nil, err
	}
	// Walking along the axes of an empty tensor is work too.
	extent, _ := onnx.Extent(dims)
	if err := r.Spend(extent); err != nil {
		return nil, err
	}
	out := &onnx.Tensor{Type: t, Dims: dims}
	switch storage {
	case onnx.Floats:
		out.Floats = make([]float32, n)
	case onnx.Ints:
		out.Ints = make([]int64, n)
	case onnx.Strings:
		out.Strings = make([]string, n)
	case onnx.Bools:
		out.Bools = make([]bool, n)
	default:
		return nil, onnx.Errorf(onnx.Unsupported, "arithmetic on %s; cast it to FLOAT first", t)
	}
	return out, nil
}

// floats returns a tensor of single-precision zeros.
func (r *Run) floats(dims ...int) (*onnx.Tensor, error) { return r.tensor(onnx.Float, dims) }

// one is what most kernels return.
func one(t *onnx.Tensor, err error) ([]*onnx.Tensor, error) {
	if err != nil {
		return nil, err
	}
	return []*onnx.Tensor{t}, nil
}

// reshaped returns t's elements along other axes, of the same count.
func reshaped(t *onnx.Tensor, dims []int) *onnx.Tensor {
	other := *t
	other.Dims = dims
	return &other
}

// badInput returns the error of a kernel whose inputs do not fit.
func badInput(format string, args ...any) error {
	return onnx.Errorf(onnx.BadInput, format, args...)
}

// badValue returns the error of a kernel that cannot take a value.
func badValue(format string, args ...any) error {
	return onnx.Errorf(onnx.BadValue, format, args...)
}

// wantFloats reports an input that does not hold numbers of single precision.
func wantFloats(inputs ...*onnx.Tensor) error {
	for i, t := range inputs {
		if t != nil && t.Storage() != onnx.Floats {
			return badInput("input %d holds %s, want FLOAT", i, t.Storage())
		}
	}
	return nil
}

// asFloats returns a tensor of numbers as one of single precision.
func (r *Run) asFloats(t *onnx.Tensor) (*onnx.Tensor, error) {
	if t.Storage() == onnx.Floats {
		return t, nil
	}
	return cast(r, t, onnx.Float)
}

// optional returns the i-th input, nil when it was left out.
func optional(in []*onnx.Tensor, i int) *onnx.Tensor {
	if i < len(in) {
		return in[i]
	}
	return nil
}

// layout is how elements lie around one axis: n along it, inner apart from each
// other, in outer blocks one after the other.
type layout struct{ axis, outer, n, inner int }

// layoutOf returns the layout around an axis that may be counted from the end.
func layoutOf(dims []int, along int64) (layout, error) {
	axis, err := axisOf(along, len(dims))
	if err != nil {
		return layout{}, err
	}
	l := layout{axis, 1, dims[axis], 1}
	for _, d := range dims[:axis] {
		l.outer *= d
	}
	for _, d := range dims[axis+1:] {
		l.inner *= d
	}
	return l, nil
}

// lines is how many lines of n elements there are.
func (l layout) lines() int { return l.outer * l.inner }

// start is the place of a line's first element.
func (l layout) start(line int) int { return line/l.inner*l.n*l.inner + line%l.inner }

// axisOf returns an axis that may be counted from the end.
func axisOf(axis int64, rank int) (int, error) {
	if axis < -int64(rank) || axis >= int64(rank) {
		return 0, badInput("axis %d of a tensor of %d axes", axis, rank)
	}
	if axis < 0 {
		axis += int64(rank)
	}
	return int(axis), nil
}

// strides returns how far apart neighbours along each axis lie.
func strides(dims []int) []int {
	s := make([]int, len(dims))
	step := 1
	for i := len(dims) - 1; i >= 0; i-- {
		s[i] = step
		step *= dims[i]
	}
	return s
}
