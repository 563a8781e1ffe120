package onnxruntime_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/foreign/foreigntest"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/onnxtest"
	"godwit/shared/ml/onnx/runner"
)

// zipped are classifiers that end in ZipMap, each of two columns, and of four that
// of foreigntest.
func zipped(t testing.TB) map[string][]byte {
	ints := onnx.IntList("classlabels_int64s", 7, -3, 0) // not in the order of maps
	texts := onnx.TextList("classlabels_strings", "low", "middle", "high")
	return map[string][]byte{
		"numbers":  onnxtest.WithMaps(logistic(t, onnx.IntList("classlabels_ints", 7, -3, 0), ints), "maps", onnx.Int64),
		"texts":    onnxtest.WithMaps(logistic(t, texts, texts), "maps", onnx.String),
		"a forest": foreigntest.Forest(t),
		"operators of one domain": onnxtest.WithMaps(written(t, opsets[:0], func(b *onnx.Builder) {
			classify(b, b.Input("x", onnx.Float, -1, 2), texts)
			zip(b, "scores", texts)
		}), "maps", onnx.String),
		"scores that are an output too": onnxtest.WithMaps(written(t, opsets[:1], func(b *onnx.Builder) {
			b.Add(onnx.Node{Operator: "Softmax", Inputs: []string{b.Input("x", onnx.Float, -1, 2)}, Outputs: []string{"scores"}})
			b.Output("scores", onnx.Float, -1, 2)
			zip(b, "scores", onnx.IntList("classlabels_int64s", 0, 1))
		}), "maps", onnx.Int64),
		"one label for all": onnxtest.WithMaps(written(t, opsets[:1], func(b *onnx.Builder) {
			b.Add(onnx.Node{Operator: "Abs", Inputs: []string{b.Input("x", onnx.Float, -1, 2)}, Outputs: []string{"scores"}})
			zip(b, "scores", onnx.TextList("classlabels_strings", "same", "same")) // a map would hold one of them
		}), "maps", onnx.String),
	}
}

// written is a graph of ai.onnx.ml's operators and those of other domains.
func written(t testing.TB, others []onnx.Opset, build func(*onnx.Builder)) []byte {
	t.Helper()
	b := onnx.New("skl2onnx", append(slices.Clip(others), onnx.Opset{Domain: onnx.Traditional, Version: 1})...)
	build(b)
	m, err := b.Model()
	if err != nil {
		t.Fatal(err)
	}
	return onnx.Encode(m)
}

// logistic is what skl2onnx writes of a scaler before a logistic regression.
func logistic(t testing.TB, labels, zipped onnx.Attribute) []byte {
	t.Helper()
	return written(t, opsets[:1], func(b *onnx.Builder) {
		b.Add(onnx.Node{Domain: onnx.Traditional, Operator: "Scaler", Inputs: []string{b.Input("x", onnx.Float, -1, 2)}, Outputs: []string{"variable"}, Attributes: []onnx.Attribute{onnx.NumberList("offset", 1, -2), onnx.NumberList("scale", 2, .5)}})
		classify(b, "variable", labels)
		b.Add(onnx.Node{Domain: onnx.Traditional, Operator: "Normalizer", Inputs: []string{"scores"}, Outputs: []string{"probabilities"}, Attributes: []onnx.Attribute{onnx.Text("norm", "L1")}})
		kind := onnx.Int64
		if len(labels.Strings) > 0 {
			kind = onnx.String
		}
		b.Output("label", kind, -1)
		zip(b, "probabilities", zipped)
	})
}

// classify makes label and scores of three classes.
func classify(b *onnx.Builder, x string, labels onnx.Attribute) {
	b.Add(onnx.Node{Domain: onnx.Traditional, Operator: "LinearClassifier", Inputs: []string{x}, Outputs: []string{"label", "scores"}, Attributes: []onnx.Attribute{
		labels, onnx.NumberList("coefficients", 1, 2, -1, .5, 0, -2), onnx.NumberList("intercepts", .1, 0, -.1), onnx.Text("post_transform", "LOGISTIC"),
	}})
}

// zip makes maps of scores.
func zip(b *onnx.Builder, scores string, labels onnx.Attribute) {
	b.Add(onnx.Node{Domain: onnx.Traditional, Operator: "ZipMap", Inputs: []string{scores}, Outputs: []string{"maps"}, Attributes: []onnx.Attribute{labels}})
}

// A classifier with ZipMap answers here as our runner does: as many outputs under
// the same names, the scores among them, and the same labels.
func TestSession_Run_asOurs(t *testing.T) {
	for name, graph := range zipped(t) {
		m, err := onnx.Decode(graph, onnx.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		ours, err := runner.Compile(t.Context(), m, runner.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		columns := ours.Signature().Inputs[0].Dims[1].Size
		x := onnx.OfFloats([]float32{1, 2, 5, 2, -1, 0, 3, .5}, 8/columns, columns)
		want, err := ours.Run(t.Context(), []*onnx.Tensor{x})
		if err != nil {
			t.Fatal(err)
		}
		if last := want[len(want)-1]; last.Type != onnx.Float || len(last.Floats) < 6 {
			t.Fatalf("%s: our scores are %+v", name, last)
		}
		for _, r := range libraries(t) {
			t.Run(name, func(t *testing.T) {
				s, err := r.Session(bytes.Clone(graph))
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				if got, want := names(s.Signature()), names(ours.Signature()); got != want {
					t.Errorf("Signature = %s, want %s", got, want)
				}
				got, err := s.Run(t.Context(), []*onnx.Tensor{x})
				if err != nil || len(got) != len(want) {
					t.Fatalf("Run = %d outputs, %v, want %d", len(got), err, len(want))
				}
				for i := range want {
					if diff := onnxtest.Differ(got[i], want[i], 1e-6); diff != "" {
						t.Errorf("output %d: %s", i, diff)
					}
				}
			})
		}
	}
}

// names writes what a signature calls things: outputs with their type, and labels.
// Axes are not always told: shapes behind a Normalizer are not known to the library.
func names(s runner.Signature) string {
	var all []string
	for _, p := range s.Outputs {
		all = append(all, fmt.Sprint(p.Name, " ", p.Type))
	}
	return fmt.Sprintf("%q of %q", all, s.Labels)
}

// A graph that only the library runs has its scores from a ZipMap as they are
// frozen without.
func TestSession_Run_zipMapOfOthers(t *testing.T) {
	frozen := onnxtest.Read(t, peerFile)[0]
	x := frozen.Inputs[0].Value(t)
	graph := written(t, opsets[:1], func(b *onnx.Builder) {
		score(b, b.Input("x", onnx.Float, -1, 2))
		zip(b, "scores", onnx.TextList("classlabels_strings", "low", "middle", "high"))
	})
	for _, r := range libraries(t) {
		s, err := r.Session(onnxtest.WithMaps(graph, "maps", onnx.String))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if got := names(s.Signature()); got != `["maps FLOAT"] of ["low" "middle" "high"]` {
			t.Errorf("Signature = %s", got)
		}
		got, err := s.Run(t.Context(), []*onnx.Tensor{x})
		if err != nil || len(got) != 1 {
			t.Fatalf("Run = %d outputs, %v", len(got), err)
		}
		if diff := onnxtest.Differ(got[0], frozen.Outputs[0].Value(t), 1e-5); diff != "" {
			t.Error(diff)
		}
	}
}

// Maps that are more than an output are refused before the library sees them.
func TestRuntime_Session_refusesMaps(t *testing.T) {
	labels := onnx.TextList("classlabels_strings", "a", "b")
	used := written(t, opsets[:1], func(b *onnx.Builder) {
		zip(b, b.Input("x", onnx.Float, -1, 2), labels)
		b.Add(onnx.Node{Operator: "Abs", Inputs: []string{"maps"}, Outputs: []string{"y"}})
		b.Output("y", onnx.Float, -1, 2)
	})
	for _, r := range libraries(t) {
		_, err := r.Session(used)
		if wrong, ok := errors.AsType[*onnx.Error](err); !ok || wrong.Reason != onnx.Unsupported || !strings.Contains(err.Error(), `ZipMap "maps"`) {
			t.Errorf("Session: %v, want the maps refused by name", err)
		}
	}
}
