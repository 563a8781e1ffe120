package onnx

import (
	"encoding/binary"
	"math"
)

// rawTensor is a TensorProto as it lies in the file.
type rawTensor struct {
	Tensor
	name  string
	raw   []byte
	dims  []int64
	whole []int64 // whole numbers, whatever the list
}

// tensor reads a TensorProto. The elements may be in one of several lists by
// type, or raw.
func (d *decoder) tensor(f field) (name string, t *Tensor, err error) {
	var r rawTensor
	err = d.message(f, func(f field) error {
		err := r.read(f)
		if len(r.dims) > d.limits.Rank {
			return tooLarge("more than %d axes", d.limits.Rank)
		}
		return err
	})
	if err != nil {
		return r.name, nil, err
	}
	r.Dims = make([]int, len(r.dims))
	for i, v := range r.dims {
		if v < 0 || v > maxElements {
			return r.name, nil, corrupt("an axis of %d", v)
		}
		r.Dims[i] = int(v)
	}
	t = &r.Tensor
	t.fill(r.whole, r.raw)
	return r.name, t, t.Check()
}

// read reads a field.
func (r *rawTensor) read(f field) (err error) {
	switch f.number {
	case tensorDims:
		err = f.ints(&r.dims)
	case tensorType:
		var v int64
		v, err = f.int()
		r.Type = Type(v)
	case tensorName:
		err = f.text(&r.name)
	case tensorFloats:
		err = f.floats(&r.Floats)
	case tensorDoubles:
		err = f.doubles(&r.Floats)
	case tensorInt32s, tensorInt64s, tensorUint64s:
		err = f.ints(&r.whole)
	case tensorStrings:
		err = appendText(&r.Strings, f)
	case tensorRaw:
		r.raw, err = f.message()
	case tensorExternal:
		err = errExternal
	case tensorLocation:
		var v int64
		if v, err = f.int(); err == nil && v != 0 {
			err = errExternal
		}
	case tensorSegment:
		err = unsupported("it is cut into segments")
	}
	return err
}

// errExternal refuses a tensor whose data would have to be fetched.
var errExternal = unsupported("its data is outside the file; save the model as one file")

// fill puts whole numbers, as the lists of the format hold them, or raw bytes
// where the type wants them; Check finds what was missing.
func (t *Tensor) fill(whole []int64, raw []byte) {
	if size := ElementSize(t.Type); size > 0 && len(raw) > 0 && len(raw)%size == 0 {
		t.fromRaw(raw, size)
		return
	}
	switch t.Storage() {
	case Ints:
		t.Ints = whole
	case Bools:
		for _, v := range whole {
			t.Bools = append(t.Bools, v != 0)
		}
	case Halves:
		for _, v := range whole {
			t.Halves = append(t.Halves, uint16(v))
		}
	}
}

// fromRaw reads little-endian elements of so many bytes each.
func (t *Tensor) fromRaw(raw []byte, size int) {
	n := len(raw) / size
	switch t.Storage() {
	case Floats:
		t.Floats = make([]float32, n)
		for i := range t.Floats {
			if t.Type == Double {
				t.Floats[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(raw[i*size:])))
			} else {
				t.Floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[i*size:]))
			}
		}
	case Ints:
		t.Ints = make([]int64, n)
		for i := range t.Ints {
			t.Ints[i] = whole(raw[i*size:(i+1)*size], t.Type)
		}
	case Bools:
		t.Bools = make([]bool, n)
		for i := range t.Bools {
			t.Bools[i] = raw[i] != 0
		}
	case Halves:
		t.Halves = make([]uint16, n)
		for i := range t.Halves {
			t.Halves[i] = binary.LittleEndian.Uint16(raw[i*size:])
		}
	}
}

// whole returns the number in b, sign and all.
func whole(b []byte, t Type) int64 {
	switch t {
	case Uint8:
		return int64(b[0])
	case Int8:
		return int64(int8(b[0]))
	case Uint16:
		return int64(binary.LittleEndian.Uint16(b))
	case Int16:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case Int32:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	case Uint32:
		return int64(binary.LittleEndian.Uint32(b))
	}
	return int64(binary.LittleEndian.Uint64(b))
}
