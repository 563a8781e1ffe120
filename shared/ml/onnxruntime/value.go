package onnxruntime

import (
	"strings"
	"unsafe"

	"godwit/shared/ml/onnx"
)

// maxElements bounds a tensor that a run answers with.
const maxElements = 1 << 24

// value makes an OrtValue of a tensor, in the library's own memory: nothing of Go
// is referred to once it returns.
func (r *Runtime) value(t *onnx.Tensor, out *handle) error {
	dims := make([]int64, len(t.Dims))
	for i, d := range t.Dims {
		dims[i] = int64(d)
	}
	if err := r.check(r.api.createTensor(r.allocator, unsafe.SliceData(dims), uintptr(len(dims)), int32(t.Type), out)); err != nil {
		return r.failed(err)
	}
	if t.Len() == 0 {
		return nil
	}
	if t.Type == onnx.String {
		return r.fill(*out, t.Strings)
	}
	var at *byte
	if err := r.check(r.api.data(*out, &at)); err != nil {
		return r.failed(err)
	}
	raw := t.Raw() // the little end first, as both architectures hold numbers
	copy(unsafe.Slice(at, len(raw)), raw)
	return nil
}

// fill puts strings into a tensor.
func (r *Runtime) fill(value handle, list []string) error {
	ends := make([]*byte, len(list))
	for i, s := range list {
		if strings.IndexByte(s, 0) >= 0 {
			return onnx.Errorf(onnx.BadValue, "a text with a zero byte in it is not taken")
		}
		ends[i] = zeroEnded(s)
	}
	if err := r.check(r.api.fillStrings(value, unsafe.SliceData(ends), uintptr(len(ends)))); err != nil {
		return r.failed(err)
	}
	return nil
}

// tensor copies an OrtValue.
func (r *Runtime) tensor(value handle) (*onnx.Tensor, error) {
	var info handle
	if err := r.check(r.api.valueInfo(value, &info)); err != nil {
		return nil, r.failed(err)
	}
	defer r.api.releaseInfo(info)
	t, dims, err := r.shape(info)
	if err != nil {
		return nil, r.failed(err)
	}
	axes := make([]int, len(dims))
	for i, d := range dims {
		axes[i] = int(d)
	}
	n, ok := onnx.Count(axes)
	if !ok || n > maxElements {
		return nil, onnx.Errorf(onnx.TooLarge, "the graph answers with a tensor of axes %v, at most %d elements are taken", axes, maxElements)
	}
	if t == onnx.String {
		return r.strings(value, axes, n)
	}
	var raw []byte
	if n > 0 {
		var at *byte
		if err := r.check(r.api.data(value, &at)); err != nil {
			return nil, r.failed(err)
		}
		raw = unsafe.Slice(at, n*onnx.ElementSize(t)) // the library's until the value is released
	}
	return onnx.OfRaw(t, axes, raw)
}

// strings copies a tensor of n strings.
func (r *Runtime) strings(value handle, axes []int, n int) (*onnx.Tensor, error) {
	out := &onnx.Tensor{Type: onnx.String, Dims: axes, Strings: make([]string, n)}
	if n == 0 {
		return out, nil
	}
	var size uintptr
	if err := r.check(r.api.stringsLength(value, &size)); err != nil {
		return nil, r.failed(err)
	}
	text, from := make([]byte, size+1), make([]uintptr, n) // never without an address
	if err := r.check(r.api.stringsRead(value, unsafe.SliceData(text), size, unsafe.SliceData(from), uintptr(n))); err != nil {
		return nil, r.failed(err)
	}
	for i, begin := range from {
		end := size
		if i+1 < n {
			end = from[i+1]
		}
		out.Strings[i] = string(text[begin:end])
	}
	return out, nil
}
