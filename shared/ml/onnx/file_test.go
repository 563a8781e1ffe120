package onnx_test

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"

	"godwit/shared/ml/onnx"
)

// A file reads alike from every place on, in pieces of any size, and holds what
// Encode returns.
func TestLay(t *testing.T) {
	m := everything(t)
	want := onnx.Encode(m)
	f := onnx.Lay(m)
	if f.Size() != int64(len(want)) {
		t.Fatalf("Size() = %d, want %d", f.Size(), len(want))
	}
	if err := iotest.TestReader(f.Reader(), want); err != nil {
		t.Error(err)
	}
	for off := range want {
		p := make([]byte, 7)
		n, err := f.ReadAt(p, int64(off))
		if rest := want[off:min(off+7, len(want))]; !bytes.Equal(p[:n], rest) || (err == io.EOF) != (n < 7) {
			t.Fatalf("ReadAt(%d) = %x, %v, want %x", off, p[:n], err, rest)
		}
	}
}

// Elements that are not held come from where they are.
func TestBuilder_ConstantOf(t *testing.T) {
	model := func(add func(b *onnx.Builder)) *onnx.Model {
		b := onnx.New("test", onnx.Opset{Version: 17})
		add(b)
		b.Output("c", onnx.Float16, 2, 2)
		m, err := b.Model()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	halves := []uint16{0x3c00, 0x4000, 0, 0xbc00}
	held := model(func(b *onnx.Builder) { b.Constant("c", onnx.OfHalves(halves, 2, 2)) })
	raw := bytes.NewReader([]byte{0, 0x3c, 0, 0x40, 0, 0, 0, 0xbc})
	read := model(func(b *onnx.Builder) { b.ConstantOf("c", onnx.Float16, raw, 2, 2) })
	if !bytes.Equal(onnx.Encode(held), onnx.Encode(read)) {
		t.Error("a constant that is read differs from one that is held")
	}
	short := model(func(b *onnx.Builder) { b.ConstantOf("c", onnx.Float16, bytes.NewReader(nil), 2, 2) })
	if _, err := io.ReadAll(onnx.Lay(short).Reader()); err == nil {
		t.Error("elements that are missing are read without an error")
	}
	for name, add := range map[string]func(b *onnx.Builder){
		"strings":       func(b *onnx.Builder) { b.ConstantOf("c", onnx.String, raw, 1) },
		"negative axes": func(b *onnx.Builder) { b.ConstantOf("c", onnx.Float, raw, -1) },
	} {
		b := onnx.New("test", onnx.Opset{Version: 17})
		add(b)
		if _, err := b.Model(); err == nil {
			t.Errorf("%s: Model() = nil, want an error", name)
		}
	}
}
