package artifact

import (
	"math"
	"math/bits"
)

// DType names the element type of a tensor as the file spells it.
type DType string

// The element types this package reads and writes, one to eight bytes each,
// all little endian. BOOL is one byte, 0 or 1.
const (
	Bool   DType = "BOOL"
	U8     DType = "U8"
	I8     DType = "I8"
	F8E5M2 DType = "F8_E5M2"
	F8E4M3 DType = "F8_E4M3"
	I16    DType = "I16"
	U16    DType = "U16"
	F16    DType = "F16"
	BF16   DType = "BF16"
	I32    DType = "I32"
	U32    DType = "U32"
	F32    DType = "F32"
	F64    DType = "F64"
	I64    DType = "I64"
	U64    DType = "U64"
)

// Size returns the bytes of one element, 0 for a type this package does not
// know.
func (d DType) Size() int {
	_, size := d.rank()
	return size
}

// layout lists the types in the order in which the reference implementation lays
// tensors out, with their sizes. The order never falls in size, so laying out from
// its end keeps every tensor aligned.
var layout = []struct {
	dtype DType
	size  int // bytes of an element
}{
	{Bool, 1}, {U8, 1}, {I8, 1}, {F8E5M2, 1}, {F8E4M3, 1},
	{I16, 2}, {U16, 2}, {F16, 2}, {BF16, 2},
	{I32, 4}, {U32, 4}, {F32, 4},
	{F64, 8}, {I64, 8}, {U64, 8},
}

// rank returns the place of d in layout, from 1, and its size; zeros for a type
// that is not there.
func (d DType) rank() (rank, size int) {
	for i, known := range layout {
		if known.dtype == d {
			return i + 1, known.size
		}
	}
	return 0, 0
}

// Tensor is a named array of numbers. Data holds the elements in row-major
// order, little endian; its length is the product of Shape times DType.Size.
// An empty Shape is a scalar, a zero in it an empty tensor.
type Tensor struct {
	Name  string
	DType DType
	Shape []int64
	Data  []byte
}

// Len returns the number of elements the shape promises, 0 when the shape
// is negative somewhere or does not fit an int64.
func (t Tensor) Len() int64 {
	n, ok := elements(t.Shape)
	if !ok {
		return 0
	}
	return n
}

// bytesOf returns how many bytes a tensor of this type and shape takes. It
// fails for unknown types and for products that overflow.
func bytesOf(d DType, shape []int64) (int64, bool) {
	n, ok := elements(shape)
	size := uint64(d.Size())
	if !ok || size == 0 {
		return 0, false
	}
	high, low := bits.Mul64(uint64(n), size)
	return int64(low), high == 0 && low <= math.MaxInt64
}

// elements multiplies the dimensions, watching for overflow. A zero does not
// excuse an overflow before it: the reference refuses that too.
func elements(shape []int64) (int64, bool) {
	n := uint64(1)
	for _, d := range shape {
		if d < 0 {
			return 0, false
		}
		high, low := bits.Mul64(n, uint64(d))
		if high != 0 || low > math.MaxInt64 {
			return 0, false
		}
		n = low
	}
	return int64(n), true
}
