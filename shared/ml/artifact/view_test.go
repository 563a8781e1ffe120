package artifact_test

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/artifact"
)

// roundTrip checks that a view gives back what its From function was given,
// both in place and from an unaligned address.
func roundTrip[T comparable](t *testing.T, tensor artifact.Tensor, want []T, view func(artifact.Tensor) ([]T, error)) {
	t.Helper()
	got, err := view(tensor)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("view of %s = %v %v, want %v", tensor.DType, got, err, want)
	}
	// One of the eight offsets is aligned, the others must be copied.
	room := make([]byte, len(tensor.Data)+8)
	for offset := range 8 {
		moved := tensor
		moved.Data = room[offset : offset+copy(room[offset:], tensor.Data)]
		if got, err := view(moved); err != nil || !slices.Equal(got, want) {
			t.Errorf("view of %s at offset %d = %v %v, want %v", tensor.DType, offset, got, err, want)
		}
	}
	short := tensor
	short.Data = short.Data[:len(short.Data)-1]
	if _, err := view(short); !errors.Is(err, artifact.ErrCorrupt) {
		t.Errorf("view of %s with a byte missing = %v, want ErrCorrupt", tensor.DType, err)
	}
	other := tensor
	other.DType = "F8_E8M0"
	if _, err := view(other); !errors.Is(err, artifact.ErrCorrupt) {
		t.Errorf("view of another type = %v, want ErrCorrupt", err)
	}
	none := artifact.Tensor{DType: tensor.DType, Shape: []int64{0}}
	if got, err := view(none); err != nil || got == nil || len(got) != 0 {
		t.Errorf("view of an empty %s = %v %v, want empty", tensor.DType, got, err)
	}
}

func TestViews(t *testing.T) {
	f32 := []float32{1, -2, math.MaxFloat32}
	roundTrip(t, artifact.FromFloat32s("a", nil, f32), f32, artifact.Float32s)
	f64 := []float64{1, -2, math.SmallestNonzeroFloat64}
	roundTrip(t, artifact.FromFloat64s("a", nil, f64), f64, artifact.Float64s)
	i8 := []int8{-128, 0, 127}
	roundTrip(t, artifact.FromInt8s("a", nil, i8), i8, artifact.Int8s)
	i16 := []int16{math.MinInt16, 1}
	roundTrip(t, artifact.FromInt16s("a", nil, i16), i16, artifact.Int16s)
	i32 := []int32{math.MinInt32, 1}
	roundTrip(t, artifact.FromInt32s("a", nil, i32), i32, artifact.Int32s)
	i64 := []int64{math.MinInt64, 1}
	roundTrip(t, artifact.FromInt64s("a", nil, i64), i64, artifact.Int64s)
	u8 := []byte{0, 255}
	roundTrip(t, artifact.FromBytes("a", nil, u8), u8, artifact.Bytes)
	u16 := []uint16{0, 65535}
	roundTrip(t, artifact.FromUint16s("a", nil, u16), u16, artifact.Uint16s)
	roundTrip(t, artifact.FromFloat16s("a", nil, u16), u16, artifact.Uint16s)
	u32 := []uint32{0, math.MaxUint32}
	roundTrip(t, artifact.FromUint32s("a", nil, u32), u32, artifact.Uint32s)
	u64 := []uint64{0, math.MaxUint64}
	roundTrip(t, artifact.FromUint64s("a", nil, u64), u64, artifact.Uint64s)
}

func TestViews_shareMemory(t *testing.T) {
	v := []float32{1, 2}
	tensor := artifact.FromFloat32s("a", nil, v)
	view, err := artifact.Float32s(tensor)
	if err != nil {
		t.Fatal(err)
	}
	if allocs := testing.AllocsPerRun(100, func() { _, _ = artifact.Float32s(tensor) }); allocs > 1 {
		t.Errorf("Float32s allocates %v times, want at most the list of types", allocs)
	}
	littleEndian := binary.NativeEndian.Uint16([]byte{1, 0}) == 1
	if got := &view[0] == &v[0]; got != littleEndian {
		t.Errorf("view shares memory: %v, want %v", got, littleEndian)
	}
}

func TestFloat16_values(t *testing.T) {
	// Values of IEEE 754-2019 binary16 by its definition.
	tests := []struct {
		bits uint16
		want float32
	}{
		{0x0000, 0}, {0x3c00, 1}, {0xc000, -2}, {0x3555, 0x1.554p-2}, {0x7bff, 65504},
		{0x0400, 0x1p-14}, {0x0001, 0x1p-24}, {0x83ff, -0x1.ff8p-15}, {0x7c00, float32(math.Inf(1))}, {0xfc00, float32(math.Inf(-1))},
	}
	for _, tc := range tests {
		if got := artifact.Float16(tc.bits); got != tc.want {
			t.Errorf("Float16(%#04x) = %v, want %v", tc.bits, got, tc.want)
		}
	}
	if got := artifact.Float16(0x8000); got != 0 || !math.Signbit(float64(got)) {
		t.Errorf("Float16(0x8000) = %v, want -0", got)
	}
}

func TestFloat16_everyValueRoundTrips(t *testing.T) {
	for bits := range 1 << 16 {
		f := artifact.Float16(uint16(bits))
		got := artifact.ToFloat16(f)
		if f != f {
			if nan := artifact.Float16(got); nan == nan {
				t.Fatalf("ToFloat16(NaN of %#04x) = %#04x, want NaN", bits, got)
			}
			continue
		}
		if got != uint16(bits) {
			t.Fatalf("ToFloat16(Float16(%#04x)) = %#04x", bits, got)
		}
	}
}

// TestToFloat16_roundsToNearestEven compares, for every pair of neighbouring
// finite values, the midpoint and the binary32 numbers beside it.
func TestToFloat16_roundsToNearestEven(t *testing.T) {
	for bits := uint16(0); bits < 0x7c00; bits++ {
		low, high := artifact.Float16(bits), artifact.Float16(bits+1)
		if bits == 0x7bff {
			high = 65536 // the value infinity takes the place of
		}
		middle := (low + high) / 2
		even := bits + bits&1
		for _, sign := range []float32{1, -1} {
			top := uint16(0)
			if sign < 0 {
				top = 0x8000
			}
			checks := []struct {
				f    float32
				want uint16
			}{
				{middle, even},
				{math.Nextafter32(middle, 0), bits},
				{math.Nextafter32(middle, math.MaxFloat32), bits + 1},
			}
			for _, c := range checks {
				if got := artifact.ToFloat16(sign * c.f); got != c.want|top {
					t.Fatalf("ToFloat16(%v) = %#04x, want %#04x", sign*c.f, got, c.want|top)
				}
			}
		}
	}
	for _, f := range []float32{65536, 1e30, math.MaxFloat32, float32(math.Inf(1))} {
		if got := artifact.ToFloat16(f); got != 0x7c00 {
			t.Errorf("ToFloat16(%v) = %#04x, want infinity", f, got)
		}
	}
}

// A tensor that must be there is, and is of its type, or the file is corrupt.
func TestElements(t *testing.T) {
	data, err := artifact.Encode(nil, []artifact.Tensor{artifact.FromInt32s("row", nil, []int32{3, 1})})
	if err != nil {
		t.Fatal(err)
	}
	f, err := artifact.Decode(data, artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := artifact.Elements(f, "row", artifact.Int32s); err != nil || !slices.Equal(got, []int32{3, 1}) {
		t.Errorf("Elements(row) = %v, %v, want [3 1]", got, err)
	}
	if _, err := artifact.Elements(f, "gone", artifact.Int32s); !errors.Is(err, artifact.ErrCorrupt) || !strings.Contains(err.Error(), "gone") {
		t.Errorf("Elements(gone) = %v, want ErrCorrupt that names it", err)
	}
	if _, err := artifact.Elements(f, "row", artifact.Float32s); !errors.Is(err, artifact.ErrCorrupt) || !strings.Contains(err.Error(), "row") {
		t.Errorf("Elements of another type = %v, want ErrCorrupt that names it", err)
	}
}
