package artifact_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/artifact"
)

var update = flag.Bool("update", false, "rewrite the fixtures in testdata")

// file builds the bytes of a safetensors file by hand: length, header, data.
func file(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

// byHand is a file written from the public description of the format, with
// the tensors out of order in the header and unpadded.
func byHand() []byte {
	return file(`{"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]},`+
		`"__metadata__":{"task":"text","uni":"\u00e9"},`+
		`"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}  `,
		0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 1, 2, 3)
}

func TestDecode_byHand(t *testing.T) {
	f, err := artifact.Decode(byHand(), artifact.Limits{})
	if err != nil {
		t.Fatalf("Decode() = %v", err)
	}
	if want := map[string]string{"task": "text", "uni": "é"}; !maps.Equal(f.Metadata, want) {
		t.Errorf("Metadata = %v, want %v", f.Metadata, want)
	}
	if got, want := f.Names(), []string{"a", "b"}; !slices.Equal(got, want) {
		t.Errorf("Names() = %v, want %v", got, want)
	}
	a, ok := f.Tensor("a")
	if !ok || a.DType != artifact.F32 || !slices.Equal(a.Shape, []int64{2, 1}) || a.Len() != 2 {
		t.Errorf("Tensor(a) = %+v %v, want F32 [2 1]", a, ok)
	}
	if got, err := artifact.Float32s(a); err != nil || !slices.Equal(got, []float32{1, -2}) {
		t.Errorf("Float32s(a) = %v %v, want [1 -2]", got, err)
	}
	b, _ := f.Tensor("b")
	if got, err := artifact.Bytes(b); err != nil || !slices.Equal(got, []byte{1, 2, 3}) {
		t.Errorf("Bytes(b) = %v %v, want [1 2 3]", got, err)
	}
	if _, ok := f.Tensor("c"); ok {
		t.Error("Tensor(c) exists, want absent")
	}
	if got := f.Tensors(); len(got) != 2 || got[0].Name != "a" {
		t.Errorf("Tensors() = %+v, want a then b", got)
	}
}

// sample holds a tensor of every element type, given in no order.
func sample() []artifact.Tensor {
	return []artifact.Tensor{
		artifact.FromBytes("bytes", nil, []byte{1, 2, 255}),
		artifact.FromFloat32s("weights", []int64{2, 2}, []float32{1, -2.5, 0, float32(math.Inf(1))}),
		artifact.FromInt8s("int8", nil, []int8{-128, 127}),
		artifact.FromInt16s("int16", nil, []int16{-300, 300}),
		artifact.FromInt32s("int32", nil, []int32{-70000}),
		artifact.FromInt64s("rows", nil, []int64{math.MinInt64, math.MaxInt64}),
		artifact.FromUint16s("uint16", nil, []uint16{65535}),
		artifact.FromFloat16s("half", nil, []uint16{artifact.ToFloat16(1.5)}),
		artifact.FromUint32s("uint32", nil, []uint32{1 << 31}),
		artifact.FromUint64s("uint64", nil, []uint64{1 << 63}),
		artifact.FromFloat64s("scalar", []int64{}, []float64{math.Pi}),
		artifact.FromFloat32s("empty", []int64{0, 3}, nil),
		{Name: "flags", DType: artifact.Bool, Shape: []int64{2}, Data: []byte{0, 1}},
		{Name: "brain", DType: artifact.BF16, Shape: []int64{1}, Data: []byte{0x80, 0x3f}},
		{Name: "tiny", DType: artifact.F8E4M3, Shape: []int64{1}, Data: []byte{0x38}},
		{Name: "tiny2", DType: artifact.F8E5M2, Shape: []int64{1}, Data: []byte{0x3c}},
	}
}

var sampleMetadata = map[string]string{"format": "1", "labels": `["<b>","卡","\u2028"]`}

// TestEncode_fixture holds the bytes of format version 1 still: files written
// once must load for ever, and equal content must keep its digest.
func TestEncode_fixture(t *testing.T) {
	const path = "testdata/v1.safetensors"
	got, err := artifact.Encode(sampleMetadata, sample())
	if err != nil {
		t.Fatalf("Encode() = %v", err)
	}
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("Encode() = %d bytes that differ from %s", len(got), path)
	}
	f, err := artifact.Decode(want, artifact.Limits{})
	if err != nil {
		t.Fatalf("Decode(%s) = %v", path, err)
	}
	if !maps.Equal(f.Metadata, sampleMetadata) {
		t.Errorf("Metadata = %v, want %v", f.Metadata, sampleMetadata)
	}
	for _, w := range sample() {
		g, ok := f.Tensor(w.Name)
		if !ok || g.DType != w.DType || !slices.Equal(g.Shape, w.Shape) || !bytes.Equal(g.Data, w.Data) {
			t.Errorf("Tensor(%s) = %+v %v, want %+v", w.Name, g, ok, w)
		}
	}
}

func TestEncode_deterministicAndAligned(t *testing.T) {
	first, err := artifact.Encode(sampleMetadata, sample())
	if err != nil {
		t.Fatal(err)
	}
	reversed := sample()
	slices.Reverse(reversed)
	second, err := artifact.Encode(sampleMetadata, reversed)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("Encode of the reversed list differs (%v)", err)
	}
	header := binary.LittleEndian.Uint64(first)
	if (8+header)%64 != 0 {
		t.Errorf("data starts at %d, want a multiple of 64", 8+header)
	}
	f, err := artifact.Decode(first, artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	at, last := 0, 8
	for _, tensor := range f.Tensors() {
		size := tensor.DType.Size()
		if at%size != 0 || size > last {
			t.Errorf("%s of %d-byte elements starts at %d after %d-byte elements", tensor.Name, size, at, last)
		}
		at, last = at+len(tensor.Data), size
	}
}

func TestEncode_refuses(t *testing.T) {
	one := func(name string, d artifact.DType, shape []int64, n int) []artifact.Tensor {
		return []artifact.Tensor{{Name: name, DType: d, Shape: shape, Data: make([]byte, n)}}
	}
	tests := []struct {
		name     string
		metadata map[string]string
		tensors  []artifact.Tensor
	}{
		{"unknown type", nil, one("a", "F4", []int64{2}, 1)},
		{"too few bytes", nil, one("a", artifact.F32, []int64{2}, 7)},
		{"negative shape", nil, one("a", artifact.F32, []int64{-1}, 0)},
		{"shape overflows", nil, one("a", artifact.F32, []int64{1 << 32, 1 << 32}, 0)},
		{"bytes overflow", nil, one("a", artifact.F64, []int64{1 << 61}, 0)},
		{"reserved name", nil, one("__metadata__", artifact.U8, []int64{1}, 1)},
		{"name not UTF-8", nil, one("\xff", artifact.U8, []int64{1}, 1)},
		{"name twice", nil, append(one("a", artifact.U8, []int64{1}, 1), one("a", artifact.F32, []int64{1}, 4)...)},
		{"metadata not UTF-8", map[string]string{"k": "\xff"}, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := artifact.Encode(tc.metadata, tc.tensors); !errors.Is(err, artifact.ErrCorrupt) {
				t.Errorf("Encode() = %v, want ErrCorrupt", err)
			}
		})
	}
}

func TestDecode_refuses(t *testing.T) {
	const one = `{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`
	entry := func(fields string) []byte { return file(`{"a":{`+fields+`}}`, 1, 2) }
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, artifact.ErrTruncated},
		{"half a length", []byte{1, 0, 0}, artifact.ErrTruncated},
		{"header cut", file(one)[:20], artifact.ErrTruncated},
		{"data cut", file(one, 1), artifact.ErrTruncated},
		{"header empty", file(""), artifact.ErrCorrupt},
		{"header length huge", bytes.Repeat([]byte{0xff}, 64), artifact.ErrTooLarge},
		{"header over its limit", file("{" + strings.Repeat(" ", 2000) + "}"), artifact.ErrTooLarge},
		{"file over its limit", file(one, make([]byte, 5000)...), artifact.ErrTooLarge},
		{"too many tensors", file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"c":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`), artifact.ErrTooLarge},
		{"byte left over", file(one, 1, 2, 3), artifact.ErrCorrupt},
		{"not an object", file(`[1]`), artifact.ErrCorrupt},
		{"space first", file(` {}`), artifact.ErrCorrupt},
		{"not UTF-8", file("{\"\xff\":{}}"), artifact.ErrCorrupt},
		{"not JSON", file(`{"a"}`), artifact.ErrCorrupt},
		{"ends early", file(`{"a":{"dtype":"U8"`), artifact.ErrCorrupt},
		{"second document", file(`{}{}`), artifact.ErrCorrupt},
		{"padding not spaces", file("{}\n"), artifact.ErrCorrupt},
		{"tensor twice", file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`), artifact.ErrCorrupt},
		{"tensor twice by escape", file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`), artifact.ErrCorrupt},
		{"metadata twice", file(`{"__metadata__":{},"__metadata__":{}}`), artifact.ErrCorrupt},
		{"metadata key twice", file(`{"__metadata__":{"a":"1","a":"2"}}`), artifact.ErrCorrupt},
		{"metadata not text", file(`{"__metadata__":{"a":1}}`), artifact.ErrCorrupt},
		{"metadata null", file(`{"__metadata__":null}`), artifact.ErrCorrupt},
		{"unknown type", entry(`"dtype":"F4","shape":[2],"data_offsets":[0,2]`), artifact.ErrFuture},
		{"type not text", entry(`"dtype":8,"shape":[2],"data_offsets":[0,2]`), artifact.ErrCorrupt},
		{"field unknown", entry(`"dtype":"U8","shape":[2],"data_offsets":[0,2],"x":1`), artifact.ErrCorrupt},
		{"field twice", entry(`"dtype":"U8","dtype":"U8","shape":[2]`), artifact.ErrCorrupt},
		{"field missing", entry(`"dtype":"U8","shape":[2]`), artifact.ErrCorrupt},
		{"shape negative", entry(`"dtype":"U8","shape":[-2],"data_offsets":[0,2]`), artifact.ErrCorrupt},
		{"shape a fraction", entry(`"dtype":"U8","shape":[2.0],"data_offsets":[0,2]`), artifact.ErrCorrupt},
		{"shape an exponent", entry(`"dtype":"U8","shape":[2e0],"data_offsets":[0,2]`), artifact.ErrCorrupt},
		{"shape not a list", entry(`"dtype":"U8","shape":2,"data_offsets":[0,2]`), artifact.ErrCorrupt},
		{"shape of lists", entry(`"dtype":"U8","shape":[[2]],"data_offsets":[0,2]`), artifact.ErrCorrupt},
		{"shape too long", entry(`"dtype":"U8","shape":[2` + strings.Repeat(",1", 32) + `],"data_offsets":[0,2]`), artifact.ErrCorrupt},
		{"shape overflows", entry(`"dtype":"U8","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,2]`), artifact.ErrCorrupt},
		{"bytes overflow", entry(`"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]`), artifact.ErrCorrupt},
		{"one offset", entry(`"dtype":"U8","shape":[2],"data_offsets":[2]`), artifact.ErrCorrupt},
		{"three offsets", entry(`"dtype":"U8","shape":[2],"data_offsets":[0,2,2]`), artifact.ErrCorrupt},
		{"offsets fall", entry(`"dtype":"U8","shape":[2],"data_offsets":[2,0]`), artifact.ErrCorrupt},
		{"offsets past the file", entry(`"dtype":"U8","shape":[1000],"data_offsets":[0,1000]`), artifact.ErrTruncated},
		{"shape against offsets", entry(`"dtype":"U16","shape":[2],"data_offsets":[0,2]`), artifact.ErrCorrupt},
		{"hole before", entry(`"dtype":"U8","shape":[1],"data_offsets":[1,2]`), artifact.ErrCorrupt},
		{"overlap", file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 1, 2), artifact.ErrCorrupt},
	}
	limits := artifact.Limits{Bytes: 4096, Header: 1024, Tensors: 2}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			f, err := artifact.Decode(tc.data, limits)
			if !errors.Is(err, tc.want) || f != nil {
				t.Errorf("Decode() = %v %v, want nil %v", f, err, tc.want)
			}
		})
	}
}

func TestDecode_accepts(t *testing.T) {
	for _, header := range []string{
		`{}`,
		`{}      `,
		`{"__metadata__":{}}`,
		`{ "a" : {"data_offsets":[0, 0],"shape":[0,5],"dtype":"F64"} }`,
		`{"s":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"z":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`,
	} {
		if _, err := artifact.Decode(file(header), artifact.Limits{}); err != nil {
			t.Errorf("Decode(%s) = %v, want nil", header, err)
		}
	}
}

func TestError_text(t *testing.T) {
	_, err := artifact.Decode(file(`{"a":tru}`), artifact.Limits{})
	e, ok := errors.AsType[*artifact.Error](err)
	if !ok || e.Kind != artifact.KindCorrupt || e.Unwrap() == nil {
		t.Fatalf("Decode() = %v, want a corrupt Error with a cause", err)
	}
	if got := err.Error(); !strings.HasPrefix(got, "artifact: corrupt: header is not JSON: ") {
		t.Errorf("Error() = %q, want the kind, the place and the cause", got)
	}
}

// TestDecode_allocation holds the promise that hostile headers cost a small
// multiple of their own size.
func TestDecode_allocation(t *testing.T) {
	empty := `"%06d":{"dtype":"U8","shape":[0,0,0,0,0,0,0,0],"data_offsets":[0,0]}`
	var many []string
	for i := range 4096 {
		many = append(many, fmt.Sprintf(empty, i))
	}
	tests := []struct{ name, header string }{
		{"many tensors", "{" + strings.Join(many, ",") + "}"},
		{"long shape", `{"a":{"dtype":"U8","shape":[` + strings.Repeat("0,", 1<<18) + `0]}}`},
		{"deep nesting", `{"a":` + strings.Repeat("[", 1<<18)},
		{"long name", `{"` + strings.Repeat("a", 1<<18) + `":1}`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			data := file(tc.header)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = artifact.Decode(data, artifact.Limits{})
			runtime.ReadMemStats(&after)
			if got, most := after.TotalAlloc-before.TotalAlloc, uint64(48*len(data)); got > most {
				t.Errorf("Decode of %d bytes allocates %d in all, want at most %d", len(data), got, most)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(byHand())
	if whole, err := artifact.Encode(sampleMetadata, sample()); err == nil {
		f.Add(whole)
		f.Add(whole[:len(whole)-1])
	}
	f.Add(file(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		decoded, err := artifact.Decode(data, artifact.Limits{Bytes: 1 << 16})
		if err != nil {
			if _, ok := errors.AsType[*artifact.Error](err); !ok {
				t.Fatalf("Decode() = %v, want an *Error", err)
			}
			return
		}
		// What decodes must encode, and then decode to the same.
		again, err := artifact.Encode(decoded.Metadata, decoded.Tensors())
		if err != nil {
			t.Fatalf("Encode of a decoded file = %v", err)
		}
		second, err := artifact.Decode(again, artifact.Limits{})
		if err != nil || !maps.Equal(second.Metadata, decoded.Metadata) || !slices.Equal(second.Names(), decoded.Names()) {
			t.Fatalf("round trip = %v %v, want %v", second, err, decoded)
		}
		for _, want := range decoded.Tensors() {
			got, _ := second.Tensor(want.Name)
			if got.DType != want.DType || !slices.Equal(got.Shape, want.Shape) || !bytes.Equal(got.Data, want.Data) {
				t.Fatalf("round trip of %s = %+v, want %+v", want.Name, got, want)
			}
		}
	})
}

func ExampleEncode() {
	data, err := artifact.Encode(
		map[string]string{"task": "text-classification"},
		[]artifact.Tensor{artifact.FromFloat32s("weight", []int64{2, 2}, []float32{1, 2, 3, 4})},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := artifact.Decode(data, artifact.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	weight, _ := f.Tensor("weight")
	values, err := artifact.Float32s(weight)
	fmt.Println(f.Metadata["task"], weight.Shape, values, err)
	// Output: text-classification [2 2] [1 2 3 4] <nil>
}

func BenchmarkDecode(b *testing.B) {
	data, err := artifact.Encode(sampleMetadata, append(sample(), artifact.FromFloat32s("big", nil, make([]float32, 4<<20))))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := artifact.Decode(data, artifact.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
