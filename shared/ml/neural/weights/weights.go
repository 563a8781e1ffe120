// Package weights keeps the parameters of a network in the tensors of a file,
// whole or rounded to fewer bytes, and reads them back. What was rounded is
// widened again when it is read: rounding makes files small, not networks fast.
package weights

import (
	"fmt"
	"math"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/neural/layer"
)

// Rounding is how the weights of a model are stored.
type Rounding string

// The roundings. What has a single dimension, such as biases, is always whole.
const (
	Whole   Rounding = ""        // four bytes each
	Float16 Rounding = "float16" // two bytes each
	Int8    Rounding = "int8"    // one byte each, and a scale for each token or output
)

// scaleSuffix marks the tensor of the scales of an int8 tensor.
const scaleSuffix = ".scale"

// rounds reports whether a rounding touches a parameter: weights, not biases.
func rounds(p *layer.Param) bool { return len(p.Shape) > 1 }

// scales says how the numbers of a parameter share their scales: number i has
// scale i/row, or i%row if across. The vectors of an embedding have one each,
// the weights of other layers one for each output, their last dimension.
func scales(p *layer.Param, perRow bool) (count, row int, across bool) {
	last := p.Shape[len(p.Shape)-1]
	if perRow {
		return p.Shape[0], last, false
	}
	return last, last, true
}

// quantise returns the nearest bytes of a parameter and their scales: the
// largest number of a scale is 127 of it.
func quantise(p *layer.Param, perRow bool) (bytes []int8, scale []float32) {
	count, row, across := scales(p, perRow)
	scale = make([]float32, count)
	of := func(i int) *float32 {
		if across {
			return &scale[i%row]
		}
		return &scale[i/row]
	}
	for i, v := range p.Value {
		*of(i) = max(*of(i), float32(math.Abs(float64(v))))
	}
	for i := range scale {
		scale[i] /= 127
	}
	bytes = make([]int8, len(p.Value))
	for i, v := range p.Value {
		if s := *of(i); s > 0 {
			bytes[i] = int8(math.RoundToEven(min(max(float64(v)/float64(s), -127), 127)))
		}
	}
	return bytes, scale
}

// Tensors returns the tensors of a parameter, named after it. perRow says how
// int8 shares its scales: true for an embedding, one for each of its vectors;
// false for other weights, one for each output, their last dimension.
func Tensors(p *layer.Param, r Rounding, perRow bool) []artifact.Tensor {
	shape := make([]int64, len(p.Shape))
	for i, d := range p.Shape {
		shape[i] = int64(d)
	}
	switch {
	case r == Float16 && rounds(p):
		bits := make([]uint16, len(p.Value))
		for i, v := range p.Value {
			bits[i] = artifact.ToFloat16(v)
		}
		return []artifact.Tensor{artifact.FromFloat16s(p.Name, shape, bits)}
	case r == Int8 && rounds(p):
		bytes, scale := quantise(p, perRow)
		return []artifact.Tensor{
			artifact.FromInt8s(p.Name, shape, bytes),
			artifact.FromFloat32s(p.Name+scaleSuffix, nil, scale),
		}
	}
	return []artifact.Tensor{artifact.FromFloat32s(p.Name, shape, p.Value)}
}

// Read sets the values of a parameter to those of its tensors, as Tensors makes
// them. They must have its shape and be finite: else it fails with an
// *artifact.Error. Values that are stored whole alias the file.
func Read(f *artifact.File, p *layer.Param, r Rounding, perRow bool) error {
	p.Value = nil
	t, ok := f.Tensor(p.Name)
	if !ok || !sameShape(t.Shape, p.Shape) {
		return corrupt(nil, "tensor %q: shape %v, must be %v", p.Name, t.Shape, p.Shape)
	}
	var err error
	switch {
	case r == Float16 && rounds(p):
		var bits []uint16
		if bits, err = artifact.Elements(f, p.Name, artifact.Uint16s); err == nil && t.DType == artifact.F16 {
			p.Value = make([]float32, len(bits))
			for i, b := range bits {
				p.Value[i] = artifact.Float16(b)
			}
		}
	case r == Int8 && rounds(p):
		err = readBytes(f, p, perRow)
	default:
		p.Value, err = artifact.Elements(f, p.Name, artifact.Float32s)
	}
	if err != nil {
		return corrupt(err, "tensor %q", p.Name)
	}
	if len(p.Value) != p.Size() {
		return corrupt(nil, "tensor %q: %d numbers of type %s, must be %d", p.Name, len(p.Value), t.DType, p.Size())
	}
	for i, v := range p.Value {
		if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
			return corrupt(nil, "tensor %q: number %d is not finite", p.Name, i)
		}
	}
	return nil
}

// readBytes sets the values of a parameter to bytes times scales.
func readBytes(f *artifact.File, p *layer.Param, perRow bool) error {
	bytes, err := artifact.Elements(f, p.Name, artifact.Int8s)
	if err != nil {
		return err
	}
	scale, err := artifact.Elements(f, p.Name+scaleSuffix, artifact.Float32s)
	if err != nil {
		return err
	}
	count, row, across := scales(p, perRow)
	if len(scale) != count {
		return corrupt(nil, "%d scales, must be %d", len(scale), count)
	}
	p.Value = make([]float32, len(bytes))
	for i, b := range bytes {
		at := i / row
		if across {
			at = i % row
		}
		p.Value[i] = float32(b) * scale[at]
	}
	return nil
}

// sameShape reports whether a tensor's shape is that of a parameter.
func sameShape(got []int64, want []int) bool {
	if len(got) != len(want) {
		return false
	}
	for i, d := range want {
		if got[i] != int64(d) {
			return false
		}
	}
	return true
}

// corrupt returns the error for a file that contradicts itself.
func corrupt(cause error, format string, args ...any) error {
	return &artifact.Error{Kind: artifact.KindCorrupt, Msg: "weights: " + fmt.Sprintf(format, args...), Err: cause}
}
