package ops

import (
	"math"
	"strconv"
	"strings"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/onnx"
)

// cast converts a tensor. Numbers lose what does not fit: a fraction is cut
// off, whole numbers wrap around; not-a-number and what is beyond an int64
// become 0, which the standard leaves open. Strings must spell a number.
func cast(r *Run, t *onnx.Tensor, to onnx.Type) (*onnx.Tensor, error) {
	if t.Storage() == to.Storage() && to.Storage() != onnx.Ints {
		same := *t
		same.Type = to
		return &same, nil
	}
	out, err := r.tensor(to, t.Dims)
	if err != nil {
		return nil, err
	}
	for i := range t.Len() {
		switch to.Storage() {
		case onnx.Floats:
			out.Floats[i], err = floatAt(t, i)
		case onnx.Ints:
			out.Ints[i], err = intAt(t, i)
			out.Ints[i] = wrapped(out.Ints[i], to)
		case onnx.Bools:
			var v float32
			v, err = floatAt(t, i)
			out.Bools[i] = v != 0
		case onnx.Strings:
			out.Strings[i] = spelled(t, i)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// floatAt returns element i as a number.
func floatAt(t *onnx.Tensor, i int) (float32, error) {
	switch t.Storage() {
	case onnx.Floats:
		return t.Floats[i], nil
	case onnx.Ints:
		return float32(t.Ints[i]), nil
	case onnx.Bools:
		if t.Bools[i] {
			return 1, nil
		}
		return 0, nil
	case onnx.Halves:
		return artifact.Float16(t.Halves[i]), nil
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(t.Strings[i]), 32)
	if err != nil && !math.IsInf(v, 0) { // too large a number is infinite
		return 0, badValue("%q is not a number", t.Strings[i])
	}
	return float32(v), nil
}

// intAt returns element i as a whole number.
func intAt(t *onnx.Tensor, i int) (int64, error) {
	switch t.Storage() {
	case onnx.Ints:
		return t.Ints[i], nil
	case onnx.Strings:
		v, err := strconv.ParseInt(strings.TrimSpace(t.Strings[i]), 10, 64)
		if err != nil {
			return 0, badValue("%q is not a whole number", t.Strings[i])
		}
		return v, nil
	}
	v, err := floatAt(t, i)
	// Both bounds are exact in single precision; the comparison fails for NaN.
	if !(v >= math.MinInt64 && v < math.MaxInt64) {
		return 0, err
	}
	return int64(v), err
}

// wrapped keeps the bits of v that a type has.
func wrapped(v int64, t onnx.Type) int64 {
	switch t {
	case onnx.Uint8:
		return int64(uint8(v))
	case onnx.Int8:
		return int64(int8(v))
	case onnx.Uint16:
		return int64(uint16(v))
	case onnx.Int16:
		return int64(int16(v))
	case onnx.Int32:
		return int64(int32(v))
	case onnx.Uint32:
		return int64(uint32(v))
	}
	return v
}

// spelled writes element i. Numbers have the digits that tell them apart, as
// ONNX Runtime's %.8g has.
func spelled(t *onnx.Tensor, i int) string {
	switch t.Storage() {
	case onnx.Ints:
		return strconv.FormatInt(t.Ints[i], 10)
	case onnx.Bools:
		if t.Bools[i] {
			return "1"
		}
		return "0"
	case onnx.Strings:
		return t.Strings[i]
	}
	v, _ := floatAt(t, i)
	switch {
	case v != v:
		return "NaN"
	case math.IsInf(float64(v), 1):
		return "INF"
	case math.IsInf(float64(v), -1):
		return "-INF"
	}
	return strconv.FormatFloat(float64(v), 'g', 8, 64)
}
