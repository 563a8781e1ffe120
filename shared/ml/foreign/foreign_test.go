package foreign_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/foreign"
	"godwit/shared/ml/foreign/foreigntest"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/pipeline"
)

// row is a row of named cells.
func row(pairs ...string) pipeline.Input {
	cells := make(map[string]string)
	for i := 0; i < len(pairs); i += 2 {
		cells[pairs[i]] = pairs[i+1]
	}
	return pipeline.Input{Cells: cells}
}

// made is the model of a graph.
func made(t testing.TB, graph []byte) *foreign.Model {
	t.Helper()
	m, err := foreign.New(t.Context(), graph)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// changed is a graph with one thing changed.
func changed(t testing.TB, graph []byte, change func(*onnx.Model)) []byte {
	t.Helper()
	m, err := onnx.Decode(graph, onnx.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	change(m)
	return onnx.Encode(m)
}

// The scores are worked out by hand from the trees and weights of foreigntest.
func TestModel_Ask(t *testing.T) {
	forest, rent, net := made(t, foreigntest.Forest(t)), made(t, foreigntest.Rent(t)), made(t, foreigntest.Net(t))
	sigmoid := func(x float64) float32 { return float32(1 / (1 + math.Exp(-x))) }
	for _, tc := range []struct {
		name   string
		model  *foreign.Model
		in     pipeline.Input
		scores []float32
		value  float64
		wrong  string // what the error says
	}{
		{"a small petal", forest, row("f0", "5.1", "f1", "3.5", "f2", "1.4", "f3", "0.2"), []float32{1, 0, 0}, 0, ""},
		{"a large petal", forest, row("f2", "5", "f3", "2"), []float32{0, .025, .975}, 0, ""},
		{"a list for all", forest, row("float_input", "[6, 3, 4, 1]"), []float32{0, .95, .05}, 0, ""},
		{"too short a list", forest, row("float_input", "[1,2]"), nil, 0, "a JSON list of 4 numbers is expected, not one of 2"},
		{"no list", forest, row("float_input", "1"), nil, 0, "a JSON list of 4 numbers is expected"},
		{"a word for a number", forest, row("f0", "long"), nil, 0, `column "f0": "long" is no number`},
		{"a number", rent, row("area", "50", "rooms", "2", "place", "sea"), nil, 208, ""},
		{"a number as people write it", rent, row("area", "1,050", "rooms", "2", "place", "town"), nil, 2108, ""},
		{"a missing number", rent, row("area", "50"), nil, 0, "fill in every column"},
		{"a picture", net, row("image", "[0.5, 0.25, 0, 0.25]"), []float32{sigmoid(-2), sigmoid(2)}, 0, ""},
		{"no picture", net, row(), nil, 0, `column "image": a JSON list of 4 numbers`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.model.Ask(t.Context(), tc.in)
			if tc.wrong != "" {
				if _, judged := errors.AsType[*onnx.Error](err); !judged || !strings.Contains(err.Error(), tc.wrong) {
					t.Fatalf("Ask = %v, %v, want an *onnx.Error with %q", got, err, tc.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(got.Value-tc.value) > 1e-4 || len(got.Scores) != len(tc.scores) {
				t.Fatalf("Ask = %+v, want %v, %v", got, tc.scores, tc.value)
			}
			for k, want := range tc.scores {
				if math.Abs(float64(got.Scores[k]-want)) > 1e-6 {
					t.Errorf("Ask = %v, want %v", got.Scores, tc.scores)
				}
			}
		})
	}
}

func TestNew_signature(t *testing.T) {
	named := changed(t, foreigntest.Forest(t), func(m *onnx.Model) {
		m.Metadata = append(m.Metadata, onnx.Metadata{Key: foreign.NoteFeatures, Value: `["sepal length","sepal width","petal length","petal width"]`})
	})
	for _, tc := range []struct {
		name                    string
		graph                   []byte
		task                    string
		columns, labels, wholes []string
	}{
		{"a forest", foreigntest.Forest(t), pipeline.TableClassification, []string{"f0", "f1", "f2", "f3"}, foreigntest.Labels, []string{"float_input"}},
		{"a forest that names its columns", named, pipeline.TableClassification, []string{"sepal length", "sepal width", "petal length", "petal width"}, foreigntest.Labels, []string{"float_input"}},
		{"an export of a domain that came later", changed(t, foreigntest.Forest(t), func(m *onnx.Model) {
			m.Metadata = append(m.Metadata, onnx.Metadata{Key: "godwit.domain", Value: "sounds"})
		}), pipeline.TableClassification, []string{"f0", "f1", "f2", "f3"}, foreigntest.Labels, []string{"float_input"}},
		{"a regression", foreigntest.Rent(t), pipeline.TableRegression, []string{"place", "area", "rooms"}, nil, nil},
		{"a net", foreigntest.Net(t), pipeline.TableClassification, []string{"image"}, []string{"dark", "bright"}, []string{"image"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := made(t, tc.graph)
			if m.Task() != tc.task || !slices.Equal(m.Columns(), tc.columns) || !slices.Equal(m.Labels(), tc.labels) || !slices.Equal(m.Wholes(), tc.wholes) {
				t.Errorf("New = %s of %q, labels %q, wholes %q, want %s of %q, %q, %q", m.Task(), m.Columns(), m.Labels(), m.Wholes(), tc.task, tc.columns, tc.labels, tc.wholes)
			}
			if m.Bytes() <= int64(len(tc.graph)) {
				t.Errorf("Bytes = %d, want more than the file's %d", m.Bytes(), len(tc.graph))
			}
		})
	}
}

func TestNew_refuses(t *testing.T) {
	forest, net, rent := foreigntest.Forest(t), foreigntest.Net(t), foreigntest.Rent(t)
	note := func(key, value string) func(*onnx.Model) {
		return func(m *onnx.Model) { m.Metadata = []onnx.Metadata{{Key: key, Value: value}} }
	}
	first := func(d onnx.Dim, axis int) func(*onnx.Model) {
		return func(m *onnx.Model) { m.Graph.Inputs[0].Dims[axis] = d }
	}
	for _, tc := range []struct {
		name   string
		graph  []byte
		reason onnx.Reason
		says   string
	}{
		{"not a graph", []byte("PK\x03\x04"), onnx.Corrupt, ""},
		{"nothing", nil, onnx.Corrupt, "no model"},
		{"an operator nobody runs", foreigntest.Unknown(t), onnx.Unsupported, "Einsum (1 nodes)"},
		{"more memory than a run may take", huge(t), onnx.TooLarge, "memory"},
		{"a batch of fixed size", changed(t, net, first(onnx.Dim{Size: 32}, 0)), onnx.Unsupported, "32 rows at a time"},
		{"an open axis", changed(t, net, first(onnx.Dim{Open: true, Name: "w"}, 3)), onnx.Unsupported, "axis 3 is open"},
		{"scores without labels", changed(t, net, func(m *onnx.Model) { m.Metadata = nil }), onnx.Unsupported, `add the metadata "labels"`},
		{"too many labels", changed(t, net, note("labels", `["a","b","c"]`)), onnx.Unsupported, "each of the 3 labels"},
		{"a label twice", changed(t, net, note("labels", `["a","a"]`)), onnx.Unsupported, `the label "a"`},
		{"labels that are no list", changed(t, net, note("labels", `{"0":"a"}`)), onnx.Corrupt, "metadata labels"},
		{"a tokenizer of the future", changed(t, rent, func(m *onnx.Model) {
			m.Metadata = []onnx.Metadata{{Key: "godwit.domain", Value: "columns"}, {Key: "godwit.tokenizer_version", Value: "99"}}
		}), onnx.Unsupported, "tokenizer"},
		{"columns of one name", changed(t, forest, note(foreign.NoteFeatures, `["a","a","b","c"]`)), onnx.Unsupported, "two columns"},
		{"a column called as its input", changed(t, forest, note(foreign.NoteFeatures, `["a","b","c","float_input"]`)), onnx.Unsupported, "called as one of the columns"},
		{"a text that is none", changed(t, forest, note("godwit.domain", "normal-text")), onnx.Corrupt, "reads one text"},
		{"inputs that are no JSON", changed(t, rent, func(m *onnx.Model) {
			m.Metadata = []onnx.Metadata{{Key: "godwit.domain", Value: "columns"}, {Key: "godwit.inputs", Value: "{"}}
		}), onnx.Corrupt, "godwit.inputs"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := foreign.New(t.Context(), tc.graph)
			e, judged := errors.AsType[*onnx.Error](err)
			if !judged || e.Reason != tc.reason || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("New: %v, want reason %d and %q", err, tc.reason, tc.says)
			}
		})
	}
}

// huge is a small file that asks for four gigabytes.
func huge(t testing.TB) []byte {
	t.Helper()
	b := onnx.New("hostile", onnx.Opset{Domain: onnx.Standard, Version: 17})
	zeros := b.Node("ConstantOfShape", []string{b.Constant("shape", onnx.OfInts([]int64{1 << 15, 1 << 15}))})
	b.Add(onnx.Node{Operator: "Add", Inputs: []string{b.Input("x", onnx.Float, -1, 1), zeros}, Outputs: []string{"y"}})
	b.Output("y", onnx.Float, -1, 1)
	m, err := b.Model()
	if err != nil {
		t.Fatal(err)
	}
	return onnx.Encode(m)
}

// A column's weight is what its going away costs, by hand from the graph.
func TestModel_Tell(t *testing.T) {
	m := made(t, foreigntest.Rent(t))
	e, err := m.Tell(t.Context(), row("area", "50", "rooms", "2", "place", "sea"), 0)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(e.Method, e.Baseline, e.Margin, e.Rest, e.Columns)
	if want := "occlusion10 208 0 [{place sea 100} {area 50 100} {rooms 2 -2}]"; got != want {
		t.Errorf("Tell = %s, want %s", got, want)
	}
	forest := made(t, foreigntest.Forest(t))
	byList, err := forest.Tell(t.Context(), row("float_input", "[6, 3, 5, 2]"), 2)
	if err != nil {
		t.Fatal(err)
	}
	named := make([]string, 0, 2)
	for _, c := range byList.Columns {
		named = append(named, c.Column+"="+c.Value)
	}
	if !slices.Equal(named, []string{"f2=5", "f3=2"}) || byList.Baseline != 0 {
		t.Errorf("Tell of a list = %q from %v, want f2 and f3 as for a row", named, byList.Baseline)
	}
	if none := m.Explain(nil, row("area", "x"), 0); none.Method != pipeline.MethodOcclusion || len(none.Columns) != 0 {
		t.Errorf("Explain of a bad row = %+v, want nothing told", none)
	}
}

// As a Predictor a model fails without an error: by what is no number.
func TestModel_predictor(t *testing.T) {
	var s pipeline.Scratch
	forest, rent := made(t, foreigntest.Forest(t)), made(t, foreigntest.Rent(t))
	if p := forest.Scores(&s, row("f0", "x")); len(p) != 3 || !math.IsNaN(float64(p[0])) {
		t.Errorf("Scores of a bad row = %v, want three that are not numbers", p)
	}
	if p := rent.Scores(&s, row()); p != nil || forest.Value(&s, row()) != 0 {
		t.Errorf("Scores of a regression = %v, want nil; Value of a classifier is to be 0", p)
	}
	if v := rent.Value(&s, row("area", "50", "rooms", "2")); v != 108 {
		t.Errorf("Value = %v, want 108", v)
	}
	if v := rent.Value(&s, row()); !math.IsNaN(v) {
		t.Errorf("Value of an empty row = %v, want not a number", v)
	}
	if set := forest.Set(nil, []float32{.1, .7, .2}, .9); !slices.Equal(set, []int32{1, 2, 0}) {
		t.Errorf("Set = %v, want all classes, the best first", set)
	}
	if _, _, ok := rent.Interval(1, .9); ok {
		t.Error("Interval has bounds that nothing was measured for")
	}
	if d := forest.Manifest(); d.Format != foreign.Format || d.Calibration != "none" || d.Note != foreign.Note {
		t.Errorf("Manifest = %+v", d)
	}
}
