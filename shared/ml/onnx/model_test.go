package onnx_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"godwit/shared/ml/onnx"
)

// everything is a model with every kind of attribute and tensor.
func everything(t testing.TB) *onnx.Model {
	t.Helper()
	b := onnx.New("test", onnx.Opset{Domain: onnx.Standard, Version: 17}, onnx.Opset{Domain: onnx.Traditional, Version: 3})
	b.Note("key", "value")
	b.Note("empty", "")
	x := b.Input("x", onnx.Float, -1, 3)
	for _, c := range []*onnx.Tensor{
		onnx.OfFloats([]float32{1, -2.5}, 2), onnx.OfInts([]int64{-1, 1 << 40}), onnx.OfStrings([]string{"a", "", "好"}),
		onnx.OfBools([]bool{true, false}), onnx.OfHalves([]uint16{0x3c00, 0}), onnx.Scalar(7), onnx.OfFloats(nil, 0, 4),
		{Type: onnx.Double, Dims: []int{1}, Floats: []float32{.5}}, {Type: onnx.Int32, Dims: []int{2}, Ints: []int64{-5, 5}},
		{Type: onnx.Uint8, Dims: []int{1}, Ints: []int64{200}}, {Type: onnx.Int8, Dims: []int{1}, Ints: []int64{-100}},
		{Type: onnx.Uint16, Dims: []int{1}, Ints: []int64{60000}}, {Type: onnx.Int16, Dims: []int{1}, Ints: []int64{-30000}}, {Type: onnx.Uint32, Dims: []int{1}, Ints: []int64{4e9}},
	} {
		b.Constant("c"+string(rune('a'+len(c.Dims)))+c.Type.String(), c)
	}
	y := b.Node("Something", []string{x, ""}, onnx.Int("i", -3), onnx.Number("f", 1.5), onnx.Text("s", "text"), onnx.IntList("is", 1, -1),
		onnx.NumberList("fs", 0, 2), onnx.TextList("ss", "", "b"), onnx.Attribute{Name: "t", Kind: onnx.KindTensor, Tensor: onnx.OfInts([]int64{4})}, onnx.Int("zero", 0))
	b.Add(onnx.Node{Domain: onnx.Traditional, Operator: "ZipMap", Inputs: []string{y}, Outputs: []string{"out"}})
	b.Output("out", onnx.Float, -1, 2)
	m, err := b.Model()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestDecode_whatEncodeWrote(t *testing.T) {
	want := everything(t)
	data := onnx.Encode(want)
	got, err := onnx.Decode(data, onnx.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if again := onnx.Encode(got); !bytes.Equal(again, data) {
		t.Errorf("the model read is written in other bytes")
	}
	if len(got.Graph.Constants) != len(want.Graph.Constants) {
		t.Fatalf("%d constants, want %d", len(got.Graph.Constants), len(want.Graph.Constants))
	}
	for i, c := range want.Graph.Constants {
		if g := got.Graph.Constants[i]; g.Name != c.Name || g.Type != c.Type || g.Len() != c.Len() || !reflect.DeepEqual(g.Ints, c.Ints) || !reflect.DeepEqual(g.Strings, c.Strings) {
			t.Errorf("constant %s = %+v, want %+v", c.Name, g.Tensor, c.Tensor)
		}
	}
	for _, a := range want.Graph.Nodes[0].Attributes {
		if g := got.Graph.Nodes[0].Attribute(a.Name); g == nil || !reflect.DeepEqual(*g, a) {
			t.Errorf("attribute %s = %+v, want %+v", a.Name, g, a)
		}
	}
	if v, ok := got.Note("key"); v != "value" || !ok || got.Opset(onnx.Traditional) != 3 || got.Producer != "test" {
		t.Errorf("note %q (%v), opset %d, producer %q", v, ok, got.Opset(onnx.Traditional), got.Producer)
	}
	if !reflect.DeepEqual(got.Graph.Inputs, want.Graph.Inputs) || !reflect.DeepEqual(got.Graph.Outputs, want.Graph.Outputs) {
		t.Errorf("ports %+v and %+v, want %+v and %+v", got.Graph.Inputs, got.Graph.Outputs, want.Graph.Inputs, want.Graph.Outputs)
	}
}

// message writes fields: a number is a varint, a string or bytes a field of bytes.
func message(fields ...any) []byte {
	var b []byte
	for i := 0; i < len(fields); i += 2 {
		number := protowire.Number(fields[i].(int))
		switch v := fields[i+1].(type) {
		case int:
			b = protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), uint64(v))
		case string:
			b = protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), v)
		case []byte:
			b = protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), v)
		}
	}
	return b
}

// file is a model of a graph with the fields given, whose output is x.
func file(graph ...any) []byte {
	graph = append(graph, 12, message(1, "x"))
	return message(1, 8, 8, message(2, 17), 7, message(graph...))
}

// floats is an input x.
var floats = message(1, "x", 2, message(1, message(1, 1)))

// Files are refused with a reason a person can act on.
func TestDecode_refuses(t *testing.T) {
	node := func(fields ...any) []byte {
		return message(append([]any{1, "x", 2, "y", 4, "Op"}, fields...)...)
	}
	tests := []struct {
		name   string
		data   []byte
		limits onnx.Limits
		reason onnx.Reason
		words  string
	}{
		{"nothing", nil, onnx.Limits{}, onnx.Corrupt, "no model"},
		{"text", []byte("label,text\na,b\n"), onnx.Limits{}, onnx.Corrupt, ""},
		{"cut off", onnx.Encode(everything(t))[:100], onnx.Limits{}, onnx.Corrupt, "not a whole"},
		{"too many bytes", make([]byte, 11), onnx.Limits{Bytes: 10}, onnx.TooLarge, "at most 10"},
		{"too many nodes", file(11, floats, 1, node(), 1, message(4, "Op")), onnx.Limits{Nodes: 1}, onnx.TooLarge, "more than 1 nodes"},
		{"too many constants", file(5, message(8, "x", 2, 1, 1, 0), 5, message(8, "y", 2, 1, 1, 0)), onnx.Limits{Constants: 1}, onnx.TooLarge, "more than 1 constants"},
		{"too many axes", file(5, message(8, "x", 2, 1, 1, 0, 1, 0, 1, 0)), onnx.Limits{Rank: 2}, onnx.TooLarge, "axes"},
		{"a tensor that claims more", file(5, message(8, "x", 2, 1, 1, 1<<30, 9, "abcd")), onnx.Limits{}, onnx.Corrupt, `constant "x"`},
		{"a tensor of absurd axes", file(5, message(8, "x", 2, 1, 1, 1<<39, 1, 1<<39)), onnx.Limits{}, onnx.Corrupt, "axes"},
		{"a tensor of two kinds", file(5, message(8, "x", 2, 1, 1, 1, 6, "text")), onnx.Limits{}, onnx.Corrupt, "holds 1 elements"},
		{"a type that is not read", file(5, message(8, "x", 2, 14, 1, 1)), onnx.Limits{}, onnx.Unsupported, "COMPLEX64"},
		{"data outside the file", file(5, message(8, "x", 2, 1, 1, 1, 14, 1)), onnx.Limits{}, onnx.Unsupported, "outside the file"},
		{"a sparse constant", file(15, ""), onnx.Limits{}, onnx.Unsupported, "sparse"},
		{"a graph in a node", file(11, floats, 1, node(5, message(1, "body", 6, "", 20, 5))), onnx.Limits{}, onnx.Unsupported, "If, Loop and Scan"},
		{"an attribute without value", file(11, floats, 1, node(5, message(1, "a"))), onnx.Limits{}, onnx.Corrupt, `attribute "a"`},
		{"an attribute twice", file(11, floats, 1, node(5, message(1, "a", 3, 1, 20, 2), 5, message(1, "a", 3, 1, 20, 2))), onnx.Limits{}, onnx.Corrupt, "twice"},
		{"a function", message(25, ""), onnx.Limits{}, onnx.Unsupported, "functions"},
		{"training", message(20, ""), onnx.Limits{}, onnx.Unsupported, "training"},
		{"a value before it is made", file(11, floats, 1, message(1, "z", 2, "y", 4, "Op")), onnx.Limits{}, onnx.Corrupt, `Op "y"`},
		{"a value made twice", file(11, floats, 1, message(1, "x", 2, "x", 4, "Op")), onnx.Limits{}, onnx.Corrupt, "already"},
		{"an output nobody makes", file(), onnx.Limits{}, onnx.Corrupt, "made by no node"},
		{"an input that is no tensor", file(11, message(1, "x", 2, message(4, ""))), onnx.Limits{}, onnx.Unsupported, `input "x"`},
		{"two versions of a domain", message(8, message(2, 17), 8, message(2, 18)), onnx.Limits{}, onnx.Corrupt, "two versions"},
		{"a group", []byte{0x0b}, onnx.Limits{}, onnx.Corrupt, "wire type"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := onnx.Decode(tc.data, tc.limits)
			e, ok := errors.AsType[*onnx.Error](err)
			if !ok || e.Reason != tc.reason || !strings.Contains(err.Error(), tc.words) {
				t.Errorf("Decode = %v, want reason %d and %q", err, tc.reason, tc.words)
			}
		})
	}
}

// Lists of numbers may be packed or not, and constants may lie in any field.
func TestDecode_otherSpellings(t *testing.T) {
	packed := func(v ...uint64) (b []byte) {
		for _, x := range v {
			b = protowire.AppendVarint(b, x)
		}
		return b
	}
	data := file(11, floats, // a constant among the inputs, as old exporters list them
		5, message(8, "x", 1, packed(2), 2, 1, 4, []byte{0, 0, 128, 63, 0, 0, 0, 64}),
		5, message(8, "b", 1, 2, 2, 9, 5, packed(1, 0)), 5, message(8, "h", 1, 1, 2, 10, 5, packed(0x3c00)), 5, message(8, "i", 1, 2, 2, 7, 7, packed(3, 4)),
		5, message(8, "d", 1, 1, 2, 11, 10, []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x3f}),
		1, message(1, "x", 2, "y", 4, "Op", 7, "ai.onnx", 5, message(1, "is", 8, packed(5, 6), 20, 7)))
	m, err := onnx.Decode(data, onnx.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	c := m.Graph.Constants
	if c[0].Floats[1] != 2 || !c[1].Bools[0] || c[1].Bools[1] || c[2].Halves[0] != 0x3c00 || c[3].Ints[1] != 4 || c[4].Floats[0] != 1.5 {
		t.Errorf("constants %+v %+v %+v %+v %+v", c[0].Tensor, c[1].Tensor, c[2].Tensor, c[3].Tensor, c[4].Tensor)
	}
	if got := m.Graph.Nodes[0].Attribute("is").Ints; !reflect.DeepEqual(got, []int64{5, 6}) || m.Graph.Nodes[0].Domain != onnx.Standard {
		t.Errorf("attribute %v in domain %q, want [5 6] in %q", got, m.Graph.Nodes[0].Domain, onnx.Standard)
	}
	if len(m.Graph.Inputs) != 0 {
		t.Errorf("inputs %v, want none: the constant is not asked for", m.Graph.Inputs)
	}
}

func TestBuilder_Model_refuses(t *testing.T) {
	tests := []struct {
		name  string
		build func(*onnx.Builder)
		words string
	}{
		{"a constant that is not whole", func(b *onnx.Builder) { b.Constant("c", onnx.OfFloats(nil, 2)) }, `constant "c"`},
		{"a name twice", func(b *onnx.Builder) {
			b.Input("c", onnx.Float)
			b.Constant("c", onnx.Scalar(1))
			b.Input("c", onnx.Float)
		}, ""},
		{"an unknown value", func(b *onnx.Builder) { b.Node("Op", []string{"gone"}) }, `"gone"`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			b := onnx.New("test", onnx.Opset{Version: 17})
			tc.build(b)
			b.Output("nothing", onnx.Float)
			if _, err := b.Model(); err == nil || !strings.Contains(err.Error(), tc.words) {
				t.Errorf("Model = %v, want an error with %q", err, tc.words)
			}
		})
	}
}

func TestTensor_Check(t *testing.T) {
	tests := []struct {
		name string
		t    *onnx.Tensor
		ok   bool
	}{
		{"a number", onnx.Scalar(1), true},
		{"an empty axis", onnx.OfInts(nil, 3, 0), true},
		{"too few", onnx.OfInts([]int64{1}, 3), false},
		{"another slice", &onnx.Tensor{Type: onnx.Float, Ints: []int64{1}}, false},
		{"a negative axis", onnx.OfInts(nil, -1), false},
		{"no type", &onnx.Tensor{}, false},
	}
	for _, tc := range tests {
		if err := tc.t.Check(); (err == nil) != tc.ok {
			t.Errorf("%s: Check = %v, want ok %v", tc.name, err, tc.ok)
		}
	}
}

func TestType_String(t *testing.T) {
	for typ, want := range map[onnx.Type]string{onnx.Float: "FLOAT", onnx.Double: "DOUBLE", 16: "BFLOAT16", 99: "type 99", -1: "type -1"} {
		if got := typ.String(); got != want {
			t.Errorf("Type(%d) = %q, want %q", int32(typ), got, want)
		}
	}
}

// What is read is written so that it reads the same, whatever the bytes.
func FuzzDecode(f *testing.F) {
	f.Add(onnx.Encode(everything(f)))
	f.Add(file(11, floats, 1, message(1, "x", 2, "y", 4, "Op", 5, message(1, "a", 3, 1, 20, 2))))
	f.Add(file(5, message(8, "x", 2, 1, 1, 0)))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := onnx.Decode(data, onnx.Limits{Bytes: 1 << 16})
		if err != nil {
			if _, ok := errors.AsType[*onnx.Error](err); !ok {
				t.Fatalf("an error of another type: %v", err)
			}
			return
		}
		first := onnx.Encode(m)
		again, err := onnx.Decode(first, onnx.Limits{})
		if err != nil {
			// An output that is a sequence is written without a type, which is
			// nothing to fail for; everything else must read back.
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if !bytes.Equal(onnx.Encode(again), first) {
			t.Errorf("written twice, the bytes differ")
		}
	})
}
