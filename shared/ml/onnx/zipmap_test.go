package onnx_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/onnx"
)

// mapsType is the type of ZipMap's output for labels of a type, a TypeProto.
func mapsType(key onnx.Type) []byte {
	return message(4, message(1, message(5, message(1, int(key), 2, message(1, message(1, int(onnx.Float)))))))
}

// zipped is everything, with two ZipMaps more and their outputs declared as
// skl2onnx does: one with labels of numbers and a name, one of the labels given.
func zipped(t testing.TB, labels ...string) []byte {
	t.Helper()
	m := everything(t)
	scores := m.Graph.Nodes[0].Outputs[0]
	m.Graph.Nodes = append(m.Graph.Nodes,
		onnx.Node{Name: "by number", Domain: onnx.Traditional, Operator: "ZipMap", Inputs: []string{scores}, Outputs: []string{"numbers"}, Attributes: []onnx.Attribute{onnx.IntList("classlabels_int64s", 3, -7)}},
		onnx.Node{Domain: onnx.Traditional, Operator: "ZipMap", Inputs: []string{scores}, Outputs: []string{"words"}, Attributes: []onnx.Attribute{onnx.TextList("classlabels_strings", labels...)}})
	numbers, words := message(1, "numbers", 2, mapsType(onnx.Int64)), message(1, "words", 2, mapsType(onnx.String))
	// The fields of a message that is there twice are those of both.
	return slices.Concat(onnx.Encode(m), message(7, message(12, numbers, 13, numbers, 12, words)))
}

// decoded reads a file.
func decoded(t testing.TB, file []byte) *onnx.Model {
	t.Helper()
	m, err := onnx.Decode(file, onnx.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// withoutZipMaps is what a model should be once its ZipMaps are dropped, by the
// ports that the file declares as sequences: those that have no type.
func withoutZipMaps(m *onnx.Model) *onnx.Model {
	made := make(map[string]bool)
	for i, n := range m.Graph.Nodes {
		if n.Domain != onnx.Traditional || n.Operator != "ZipMap" {
			continue
		}
		m.Graph.Nodes[i] = onnx.Node{Name: n.Name, Operator: "Identity", Inputs: n.Inputs, Outputs: n.Outputs}
		for _, out := range n.Outputs {
			made[out] = true
		}
	}
	for i, p := range m.Graph.Outputs {
		if made[p.Name] && p.Type == onnx.Undefined {
			m.Graph.Outputs[i].Type = onnx.Float
		}
	}
	return m
}

// Scores leave the graph as they are, under the names of the maps; nothing else
// changes, whatever the labels leave to be filled up.
func TestDropZipMaps(t *testing.T) {
	for n := range 300 {
		labels := []string{"a", strings.Repeat("b", n)}
		file := zipped(t, labels...)
		want, before := withoutZipMaps(decoded(t, file)), len(file)
		if err := onnx.DropZipMaps(file); err != nil {
			t.Fatalf("DropZipMaps with labels of %d bytes: %v", n, err)
		}
		got := decoded(t, file)
		if !reflect.DeepEqual(got, want) || len(file) != before {
			t.Fatalf("DropZipMaps with labels of %d bytes: a model of %d bytes with nodes %+v and outputs %+v, want %d with %+v and %+v",
				n, len(file), got.Graph.Nodes, got.Graph.Outputs, before, want.Graph.Nodes, want.Graph.Outputs)
		}
		if bytes.Contains(file, []byte("classlabels")) {
			t.Fatalf("DropZipMaps with labels of %d bytes leaves labels in the file", n)
		}
		again := slices.Clone(file)
		if err := onnx.DropZipMaps(file); err != nil || !bytes.Equal(again, file) {
			t.Fatalf("DropZipMaps of a file without: %v, and other bytes", err)
		}
	}
}

// What is declared as a tensor already keeps its axes.
func TestDropZipMaps_declaredAsTensor(t *testing.T) {
	file := onnx.Encode(everything(t))
	want := decoded(t, file).Graph.Outputs
	if err := onnx.DropZipMaps(file); err != nil {
		t.Fatal(err)
	}
	if got := decoded(t, file).Graph; !reflect.DeepEqual(got.Outputs, want) || got.Nodes[1].Operator != "Identity" {
		t.Errorf("outputs %+v of %+v, want %+v", got.Outputs, got.Nodes, want)
	}
}

// A text that happens to be there, and another domain's operator, are no ZipMap.
func TestDropZipMaps_leaves(t *testing.T) {
	for name, file := range map[string][]byte{
		"no ZipMap":                skimmed(),
		"a name":                   skimmed(1, message(1, "y", 2, "z", 3, "ZipMap", 4, "Abs")),
		"an operator of somebody":  skimmed(1, message(1, "y", 2, "z", 4, "ZipMap", 7, "com.example")),
		"an output without a type": skimmed(1, message(1, "y", 2, "z", 4, "Abs", 3, "ZipMap"), 12, message(1, "z")),
	} {
		was := slices.Clone(file)
		if err := onnx.DropZipMaps(file); err != nil || !bytes.Equal(file, was) {
			t.Errorf("%s: DropZipMaps = %v, and changes the file: %v", name, err, !bytes.Equal(file, was))
		}
	}
}

// Maps that are more than an output are refused by name, and nothing is written.
func TestDropZipMaps_refuses(t *testing.T) {
	zip := message(1, "y", 2, "maps", 4, "ZipMap", 7, "ai.onnx.ml")
	inside := func(graph []byte) []byte { return message(2, "z", 4, "Loop", 5, message(1, "body", 6, graph)) }
	deep := message(1, zip)
	for range 40 {
		deep = message(1, inside(deep))
	}
	for _, tc := range []struct {
		name   string
		file   []byte
		reason onnx.Reason
		says   string
	}{
		{"a node takes the maps", skimmed(1, zip, 1, message(1, "maps", 2, "z", 4, "Something")), onnx.Unsupported, `ai.onnx.ml.ZipMap "maps": its maps are used`},
		{"before they are made", skimmed(1, message(1, "maps", 2, "z", 4, "Something"), 1, zip), onnx.Unsupported, "its maps are used"},
		{"another ZipMap takes them", skimmed(1, zip, 1, message(1, "maps", 2, "z", 4, "ZipMap", 7, "ai.onnx.ml")), onnx.Unsupported, "its maps are used"},
		{"a node inside a node takes them", skimmed(1, zip, 1, inside(message(1, message(1, "maps", 4, "Something")))), onnx.Unsupported, "its maps are used"},
		{"a graph inside a node gives them", skimmed(1, zip, 1, inside(message(12, message(1, "maps")))), onnx.Unsupported, "its maps are used"},
		{"made inside a node", skimmed(1, inside(message(1, zip))), onnx.Unsupported, "inside a node or a function"},
		{"made in a list of graphs", skimmed(1, message(4, "If", 5, message(11, message(1, zip)))), onnx.Unsupported, "inside a node or a function"},
		{"made inside a function", append(skimmed(), message(25, message(7, zip))...), onnx.Unsupported, "options={'zipmap': False}"},
		{"graphs within graphs", skimmed(1, inside(deep)), onnx.TooLarge, "deep"},
		{"no file of ONNX", []byte("label,ZipMap\n"), onnx.Corrupt, ""},
		{"a node that is a number", append(skimmed(1, zip), message(7, message(1, 5))...), onnx.Corrupt, "wire type"},
	} {
		was := slices.Clone(tc.file)
		err := onnx.DropZipMaps(tc.file)
		if e, ok := errors.AsType[*onnx.Error](err); !ok || e.Reason != tc.reason || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: DropZipMaps: %v, want reason %d and %q", tc.name, err, tc.reason, tc.says)
		}
		if !bytes.Equal(tc.file, was) {
			t.Errorf("%s: DropZipMaps writes into a file that it refuses", tc.name)
		}
	}
}

// Whatever the bytes, as many come out, refused ones as they were; the other
// nodes, the tensors and what else the file says are the same.
func FuzzDropZipMaps(f *testing.F) {
	f.Add(zipped(f, "yes", "no"))
	f.Add(onnx.Encode(everything(f)))
	f.Add(skimmed(1, message(1, "y", 2, "maps", 4, "ZipMap", 7, "ai.onnx.ml"), 12, message(1, "maps", 2, mapsType(onnx.String))))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := slices.Clone(data)
		if err := onnx.DropZipMaps(file); err != nil {
			if _, ok := errors.AsType[*onnx.Error](err); !ok || !bytes.Equal(file, data) {
				t.Fatalf("DropZipMaps: %v of another type, or after writing", err)
			}
			return
		}
		if len(file) != len(data) {
			t.Fatalf("%d bytes, want %d", len(file), len(data))
		}
		before, err := onnx.Skim(data, onnx.Limits{})
		if err != nil {
			return
		}
		after, err := onnx.Skim(file, onnx.Limits{})
		if want := withoutZipMaps(before).Graph.Nodes; err != nil || !reflect.DeepEqual(after.Graph.Nodes, want) {
			t.Fatalf("nodes %+v, %v, want %+v", after, err, want)
		}
		if m, err := onnx.Decode(data, onnx.Limits{}); err == nil {
			// Not compared by DeepEqual, for which NaN is not NaN. Ports are: what
			// is no tensor may have become one.
			want, got := withoutZipMaps(m), decoded(t, file)
			want.Graph.Outputs, got.Graph.Outputs = nil, nil
			if !bytes.Equal(onnx.Encode(got), onnx.Encode(want)) {
				t.Errorf("the model is %+v, want %+v", got, want)
			}
		}
	})
}

// The weights of a file are passed over, not copied.
func BenchmarkDropZipMaps(b *testing.B) {
	m := everything(b)
	const n = 16 << 20 // 64 MB, about the largest graph that is served
	m.Graph.Constants = append(m.Graph.Constants, onnx.Constant{Name: "weights", Tensor: onnx.OfFloats(make([]float32, n), n)})
	was := onnx.Encode(m)
	file := slices.Clone(was)
	b.ReportAllocs()
	for b.Loop() {
		if err := onnx.DropZipMaps(file); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		copy(file, was)
		b.StartTimer()
	}
}
