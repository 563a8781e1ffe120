package artifact

import (
	"encoding/binary"
	"slices"
	"unsafe"
)

// littleEndian reports whether this machine stores numbers as the file does.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// number lists the element types that views exist for.
type number interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64
}

// This file holds the package's only use of unsafe: seeing bytes as numbers
// and numbers as bytes without a copy. Both directions are guarded: the byte
// order must be the file's, the address must be a multiple of the element
// size, and the length is derived from the slice that owns the memory. The
// garbage collector keeps that memory, since a slice refers to its array
// whatever its element type.

// view returns the elements of t, which must be of one of the given types.
// The slice aliases t.Data when that is aligned on a little-endian machine
// and is a copy otherwise; either way it must not be changed.
func view[T number](t Tensor, types ...DType) ([]T, error) {
	var zero T
	size := int(unsafe.Sizeof(zero))
	want, ok := bytesOf(t.DType, t.Shape)
	switch {
	case !slices.Contains(types, t.DType):
		return nil, failure(KindCorrupt, "tensor %q is %s, want one of %v", t.Name, t.DType, types)
	case !ok || want != int64(len(t.Data)):
		return nil, failure(KindCorrupt, "tensor %q of shape %v has %d bytes", t.Name, t.Shape, len(t.Data))
	case len(t.Data) == 0:
		return []T{}, nil
	}
	first := unsafe.Pointer(unsafe.SliceData(t.Data))
	if littleEndian && uintptr(first)%uintptr(size) == 0 {
		return unsafe.Slice((*T)(first), len(t.Data)/size), nil
	}
	return copied[T](t.Data, size), nil
}

// copied decodes little-endian bytes element by element.
func copied[T number](data []byte, size int) []T {
	out := make([]T, len(data)/size)
	// binary.Decode fails only for short buffers and types of no fixed size.
	if _, err := binary.Decode(data, binary.LittleEndian, out); err != nil {
		return nil
	}
	return out
}

// tensorOf is the inverse of view: the tensor's data aliases v on a
// little-endian machine. A nil shape means one dimension of len(v).
func tensorOf[T number](name string, d DType, shape []int64, v []T) Tensor {
	if shape == nil {
		shape = []int64{int64(len(v))}
	}
	t := Tensor{Name: name, DType: d, Shape: shape}
	if len(v) == 0 {
		return t
	}
	if !littleEndian {
		t.Data, _ = binary.Append(nil, binary.LittleEndian, v)
		return t
	}
	size := int(unsafe.Sizeof(v[0]))
	t.Data = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*size)
	return t
}
