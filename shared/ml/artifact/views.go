package artifact

// The views below return a tensor's elements without copying when its data is
// aligned and the machine is little endian, else as a copy. The result must
// not be changed. A tensor of another type, or one whose data does not match
// its shape, is ErrCorrupt.
//
// The From functions are their inverses: the tensor's data aliases v, which
// must not change until the tensor is encoded. A nil shape means a vector.

// Elements returns the elements of a tensor that must be there, through one of
// the views below. One that is absent or of another type is ErrCorrupt and named.
func Elements[T any](f *File, name string, view func(Tensor) ([]T, error)) ([]T, error) {
	t, ok := f.Tensor(name)
	if !ok {
		return nil, failure(KindCorrupt, "tensor %s is missing", name)
	}
	v, err := view(t)
	if err != nil {
		return nil, &Error{Kind: KindCorrupt, Msg: "tensor " + name, Err: err}
	}
	return v, nil
}

// Float32s returns the elements of an F32 tensor.
func Float32s(t Tensor) ([]float32, error) { return view[float32](t, F32) }

// Float64s returns the elements of an F64 tensor.
func Float64s(t Tensor) ([]float64, error) { return view[float64](t, F64) }

// Int8s returns the elements of an I8 tensor.
func Int8s(t Tensor) ([]int8, error) { return view[int8](t, I8) }

// Int16s returns the elements of an I16 tensor.
func Int16s(t Tensor) ([]int16, error) { return view[int16](t, I16) }

// Int32s returns the elements of an I32 tensor.
func Int32s(t Tensor) ([]int32, error) { return view[int32](t, I32) }

// Int64s returns the elements of an I64 tensor.
func Int64s(t Tensor) ([]int64, error) { return view[int64](t, I64) }

// Bytes returns the elements of a U8 or BOOL tensor.
func Bytes(t Tensor) ([]byte, error) { return view[uint8](t, U8, Bool) }

// Uint16s returns the elements of a U16 tensor, or the bits of an F16 or BF16
// tensor (see Float16).
func Uint16s(t Tensor) ([]uint16, error) { return view[uint16](t, U16, F16, BF16) }

// Uint32s returns the elements of a U32 tensor.
func Uint32s(t Tensor) ([]uint32, error) { return view[uint32](t, U32) }

// Uint64s returns the elements of a U64 tensor.
func Uint64s(t Tensor) ([]uint64, error) { return view[uint64](t, U64) }

// FromFloat32s returns an F32 tensor of v.
func FromFloat32s(name string, shape []int64, v []float32) Tensor {
	return tensorOf(name, F32, shape, v)
}

// FromFloat64s returns an F64 tensor of v.
func FromFloat64s(name string, shape []int64, v []float64) Tensor {
	return tensorOf(name, F64, shape, v)
}

// FromInt8s returns an I8 tensor of v.
func FromInt8s(name string, shape []int64, v []int8) Tensor {
	return tensorOf(name, I8, shape, v)
}

// FromInt16s returns an I16 tensor of v.
func FromInt16s(name string, shape []int64, v []int16) Tensor {
	return tensorOf(name, I16, shape, v)
}

// FromInt32s returns an I32 tensor of v.
func FromInt32s(name string, shape []int64, v []int32) Tensor {
	return tensorOf(name, I32, shape, v)
}

// FromInt64s returns an I64 tensor of v.
func FromInt64s(name string, shape []int64, v []int64) Tensor {
	return tensorOf(name, I64, shape, v)
}

// FromBytes returns a U8 tensor of v.
func FromBytes(name string, shape []int64, v []byte) Tensor {
	return tensorOf(name, U8, shape, v)
}

// FromUint16s returns a U16 tensor of v.
func FromUint16s(name string, shape []int64, v []uint16) Tensor {
	return tensorOf(name, U16, shape, v)
}

// FromFloat16s returns an F16 tensor of bits made by ToFloat16.
func FromFloat16s(name string, shape []int64, bits []uint16) Tensor {
	return tensorOf(name, F16, shape, bits)
}

// FromUint32s returns a U32 tensor of v.
func FromUint32s(name string, shape []int64, v []uint32) Tensor {
	return tensorOf(name, U32, shape, v)
}

// FromUint64s returns a U64 tensor of v.
func FromUint64s(name string, shape []int64, v []uint64) Tensor {
	return tensorOf(name, U64, shape, v)
}
