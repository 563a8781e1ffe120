package onnxruntime

import (
	"unsafe"

	"godwit/shared/ml/onnx"
)

// describe reads the signature.
func (s *Session) describe() error {
	api := &s.runtime.api
	var inputs, outputs uintptr
	if err := s.runtime.check(api.inputCount(s.handle, &inputs)); err != nil {
		return s.runtime.refused(err)
	}
	if err := s.runtime.check(api.outputCount(s.handle, &outputs)); err != nil {
		return s.runtime.refused(err)
	}
	for i := range inputs {
		p, err := s.port(i, api.inputName, api.inputType)
		if err != nil {
			return err
		}
		if p.Type.Storage() == onnx.Nothing {
			return onnx.Errorf(onnx.Unsupported, "the input %.80q is a %s; tensors of numbers, strings and booleans are taken", p.Name, p.Type)
		}
		s.signature.Inputs = append(s.signature.Inputs, p)
		s.inputNames = append(s.inputNames, zeroEnded(p.Name))
	}
	for i := range outputs {
		p, err := s.port(i, api.outputName, api.outputType)
		if err != nil {
			return err
		}
		if p.Type.Storage() == onnx.Nothing {
			continue
		}
		s.signature.Outputs = append(s.signature.Outputs, p)
		s.outputNames = append(s.outputNames, zeroEnded(p.Name))
	}
	if len(s.outputNames) == 0 {
		return onnx.Errorf(onnx.Unsupported, "none of the outputs is a tensor of numbers, strings or booleans")
	}
	return nil
}

// port reads the description of an input or output; of what is no tensor the
// type is onnx.Undefined.
func (s *Session) port(i uintptr, name func(handle, uintptr, handle, **byte) status, typ func(handle, uintptr, *handle) status) (onnx.Port, error) {
	r := s.runtime
	var p onnx.Port
	var text *byte
	if err := r.check(name(s.handle, i, r.allocator, &text)); err != nil {
		return p, r.refused(err)
	}
	p.Name = textAt(text)
	if err := r.check(r.api.free(r.allocator, handle(unsafe.Pointer(text)))); err != nil {
		return p, r.refused(err)
	}
	var about, info handle
	if err := r.check(typ(s.handle, i, &about)); err != nil {
		return p, r.refused(err)
	}
	defer r.api.releaseType(about)
	if err := r.check(r.api.tensorInfo(about, &info)); err != nil {
		return p, r.refused(err)
	}
	if info == nil {
		return p, nil
	}
	t, dims, err := r.shape(info)
	if err != nil {
		return p, r.refused(err)
	}
	// Of a scalar no axes are told, nor where they are not known.
	p.Type, p.Ranked = t, len(dims) > 0
	for _, d := range dims {
		p.Dims = append(p.Dims, onnx.Dim{Size: int(max(d, 0)), Open: d < 0})
	}
	return p, nil
}

// shape reads type and axes; an open axis is -1.
func (r *Runtime) shape(info handle) (onnx.Type, []int64, error) {
	var element int32
	var n uintptr
	if err := r.check(r.api.elementType(info, &element)); err != nil {
		return 0, nil, err
	}
	if err := r.check(r.api.rank(info, &n)); err != nil {
		return 0, nil, err
	}
	dims := make([]int64, n)
	if err := r.check(r.api.dims(info, unsafe.SliceData(dims), n)); err != nil {
		return 0, nil, err
	}
	// ONNXTensorElementDataType counts as TensorProto.DataType does.
	return onnx.Type(element), dims, nil
}

// zeroEnded is a text as C takes it.
func zeroEnded(text string) *byte { return unsafe.SliceData(append([]byte(text), 0)) }
