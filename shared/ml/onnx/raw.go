package onnx

import (
	"encoding/binary"
	"slices"
)

// Raw returns the elements as TensorProto.raw_data holds them, the little end
// first. Strings, which have no such form there, are each preceded by their
// length in four bytes, as in the Open Inference Protocol.
func (t *Tensor) Raw() []byte {
	if t.Type != String {
		return t.raw()
	}
	n := 4 * len(t.Strings)
	for _, s := range t.Strings {
		n += len(s)
	}
	b := make([]byte, 0, n)
	for _, s := range t.Strings {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return b
}

// OfRaw reads what Raw returned for a tensor of that type and those axes. raw is
// not kept. It fails with an *Error of the reason Corrupt when raw does not hold
// exactly the elements, and Unsupported when the type is not read.
func OfRaw(of Type, dims []int, raw []byte) (*Tensor, error) {
	t := &Tensor{Type: of, Dims: slices.Clone(dims)}
	size := ElementSize(of)
	switch {
	case of == String:
		for len(raw) > 0 {
			if len(raw) < 4 || uint64(len(raw)-4) < uint64(binary.LittleEndian.Uint32(raw)) {
				return nil, corrupt("a string is cut")
			}
			n := 4 + int(binary.LittleEndian.Uint32(raw))
			t.Strings = append(t.Strings, string(raw[4:n]))
			raw = raw[n:]
		}
	case size > 0 && len(raw)%size == 0:
		t.fromRaw(raw, size)
	case size > 0:
		return nil, corrupt("%d bytes are no whole number of elements of %s", len(raw), of)
	}
	return t, t.Check()
}
