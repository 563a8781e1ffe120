package onnx_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"godwit/shared/ml/onnx"
)

// outside is a TensorProto whose data is in a file of the machine.
var outside = message(1, 4, 2, 2, 8, "w", 13, message(1, "location", 2, "/proc/self/environ"), 14, 1)

// skimmed is a whole model around fields of the graph.
func skimmed(graph ...any) []byte {
	node := message(2, "y", 4, "Identity", 1, "x")
	return message(1, 8, 8, message(2, 17), 7, message(append([]any{1, node}, graph...)...))
}

// What Decode reads, Skim tells the same of.
func TestSkim(t *testing.T) {
	m := everything(t)
	got, err := onnx.Skim(onnx.Encode(m), onnx.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got.Opsets, got.Metadata) != fmt.Sprint(m.Opsets, m.Metadata) || len(got.Graph.Nodes) != 2 {
		t.Errorf("Skim = %+v, want the opsets, metadata and nodes of %+v", got, m)
	}
	n := got.Graph.Nodes[0]
	if n.Operator != "Something" || fmt.Sprint(n.Attribute("is").Ints, n.Attribute("ss").Strings) != "[1 -1] [ b]" || n.Attribute("t") != nil {
		t.Errorf("node = %+v, want its lists and no tensor", n)
	}
}

// Skim takes what another runtime may run: graphs in nodes, functions, sparse
// tensors, and types of elements that are not read here.
func TestSkim_takesMoreThanDecode(t *testing.T) {
	body := message(1, message(2, "z", 4, "Add"), 5, message(2, 1, 8, "one"))
	sparse := message(1, message(2, 1), 2, message(2, 7), 3, 4)
	for name, data := range map[string][]byte{
		"a graph in a node":      skimmed(1, message(4, "Loop", 5, message(1, "body", 20, 5, 6, body))),
		"graphs in a node":       skimmed(1, message(4, "If", 5, message(1, "branches", 20, 10, 11, body))),
		"a sparse constant":      skimmed(15, sparse),
		"a sparse attribute":     skimmed(1, message(4, "Constant", 5, message(1, "v", 22, sparse, 23, sparse))),
		"a constant of bfloat16": skimmed(5, message(2, 16, 8, "w")),
		"a function":             append(skimmed(), message(25, message(1, "f", 7, message(4, "Add", 5, message(1, "a", 3, 1)), 11, message(1, "b", 3, 1)))...),
	} {
		if m, err := onnx.Skim(data, onnx.Limits{}); err != nil || len(m.Graph.Nodes) == 0 {
			t.Errorf("%s: Skim = %+v, %v", name, m, err)
		}
	}
}

func TestSkim_refuses(t *testing.T) {
	node := func(attribute ...any) []byte { return message(4, "Loop", 5, message(attribute...)) }
	deep := message(5, outside)
	for range 40 {
		deep = message(1, node(1, "body", 6, deep))
	}
	for _, tc := range []struct {
		name   string
		data   []byte
		reason onnx.Reason
		says   string
	}{
		{"nothing", nil, onnx.Corrupt, "no model"},
		{"a text", []byte("label,text\n"), onnx.Corrupt, ""},
		{"a model without nodes", message(8, message(2, 17), 7, message(2, "g")), onnx.Corrupt, "no model"},
		{"a graph for training", append(skimmed(), message(20, message(1, "x"))...), onnx.Unsupported, "training"},
		{"data outside of the file", skimmed(5, outside), onnx.Unsupported, "outside the file"},
		{"only a location", skimmed(5, message(2, 1, 14, 1)), onnx.Unsupported, "outside the file"},
		{"outside, in an attribute", skimmed(1, node(1, "v", 5, outside)), onnx.Unsupported, "outside the file"},
		{"outside, in a list of tensors", skimmed(1, node(1, "v", 10, outside)), onnx.Unsupported, "outside the file"},
		{"outside, in sparse values", skimmed(15, message(1, outside)), onnx.Unsupported, "outside the file"},
		{"outside, in sparse indices", skimmed(1, node(1, "v", 22, message(2, outside))), onnx.Unsupported, "outside the file"},
		{"outside, in a list of sparse tensors", skimmed(1, node(1, "v", 23, message(1, outside))), onnx.Unsupported, "outside the file"},
		{"outside, in a graph of a node", skimmed(1, node(1, "body", 6, message(5, outside))), onnx.Unsupported, "outside the file"},
		{"outside, in a node of a graph of a node", skimmed(1, node(1, "body", 11, message(1, node(1, "v", 5, outside)))), onnx.Unsupported, "outside the file"},
		{"outside, in a function", append(skimmed(), message(25, message(7, node(1, "v", 5, outside)))...), onnx.Unsupported, "outside the file"},
		{"outside, in a function's default", append(skimmed(), message(25, message(11, message(1, "v", 5, outside)))...), onnx.Unsupported, "outside the file"},
		{"graphs within graphs", skimmed(1, node(1, "body", 6, deep)), onnx.TooLarge, "deep"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := onnx.Skim(tc.data, onnx.Limits{})
			e, ok := errors.AsType[*onnx.Error](err)
			if !ok || e.Reason != tc.reason || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("Skim: %v, want reason %d and %q", err, tc.reason, tc.says)
			}
		})
	}
	if _, err := onnx.Skim(skimmed(1, node(), 1, node()), onnx.Limits{Nodes: 2}); err == nil {
		t.Error("Skim takes more nodes than its limit")
	}
	if _, err := onnx.Skim(skimmed(), onnx.Limits{Bytes: 5}); err == nil {
		t.Error("Skim takes more bytes than its limit")
	}
}

// Every tensor is the same after Raw and OfRaw.
func TestOfRaw(t *testing.T) {
	for _, c := range everything(t).Graph.Constants {
		raw := c.Raw()
		got, err := onnx.OfRaw(c.Type, c.Dims, raw)
		if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c.Tensor) && got.Len() > 0 {
			t.Errorf("OfRaw of %s = %+v, %v, want %+v", c.Name, got, err, c.Tensor)
		}
		if len(raw) > 0 {
			if _, err := onnx.OfRaw(c.Type, c.Dims, raw[:len(raw)-1]); err == nil {
				t.Errorf("OfRaw of %s takes a byte too few", c.Name)
			}
			if _, err := onnx.OfRaw(c.Type, c.Dims, append(slices.Clone(raw), raw...)); err == nil {
				t.Errorf("OfRaw of %s takes twice as much", c.Name)
			}
		}
	}
	for name, dims := range map[string][]int{"negative": {-1}, "absurd": {1 << 40, 1 << 40}, "none for two": {2}} {
		if _, err := onnx.OfRaw(onnx.Float, dims, nil); err == nil {
			t.Errorf("OfRaw of %s axes is taken", name)
		}
	}
	if _, err := onnx.OfRaw(onnx.String, []int{1}, protowire.AppendFixed32(nil, 1<<31)); err == nil {
		t.Error("OfRaw takes a string that is cut")
	}
}

// Whatever Decode takes, Skim takes, and it never panics.
func FuzzSkim(f *testing.F) {
	f.Add(onnx.Encode(everything(f)))
	f.Add(skimmed(5, outside))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, skim := onnx.Skim(data, onnx.Limits{})
		if m, err := onnx.Decode(data, onnx.Limits{}); err == nil && skim != nil && len(m.Graph.Nodes) > 0 {
			t.Errorf("Decode takes what Skim refuses: %v", skim)
		}
		if skim == nil && bytes.Contains(data, outside) && len(data) < len(outside)+64 {
			t.Error("Skim takes a tensor outside of the file")
		}
	})
}

// FuzzOfRaw: what is read is written in the same bytes.
func FuzzOfRaw(f *testing.F) {
	f.Add(int32(onnx.Float), 1, 2, []byte("12345678"))
	f.Add(int32(onnx.String), 1, 1, []byte("\x01\x00\x00\x00a"))
	f.Fuzz(func(t *testing.T, of int32, rows, columns int, raw []byte) {
		got, err := onnx.OfRaw(onnx.Type(of), []int{rows, columns}, raw)
		if err != nil {
			return
		}
		// Doubles are rounded, and a boolean is any byte but zero.
		if again := got.Raw(); !bytes.Equal(again, raw) && got.Type != onnx.Double && got.Type != onnx.Bool && got.Type != onnx.Float {
			t.Errorf("Raw of %s = %x, want %x", got.Type, again, raw)
		}
	})
}
