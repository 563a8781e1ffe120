package export_test

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"godwit/shared/ml/export"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/onnxtest"
	"godwit/shared/ml/pipeline"
)

// update rewrites the frozen exports without answers; .ci/onnx/peer.js puts in
// those of ONNX Runtime.
var update = flag.Bool("update", false, "write testdata/peer.jsonl anew, without answers")

const peerFile = "testdata/peer.jsonl"

// frozen are models of the pipeline's frozen files: their exports cannot
// change but with this package.
var frozen = []string{"v1", "v2", "table-v1-classes", "table-v1-numbers"}

// recorded are the rows that the pipeline keeps beside its files.
type recorded struct {
	Document string
	Cells    map[string]string
}

// frozenModel opens a frozen file and reads its rows.
func frozenModel(t *testing.T, name string) (pipeline.Predictor, []pipeline.Input) {
	t.Helper()
	data, err := os.ReadFile("../pipeline/testdata/" + name + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	m, err := pipeline.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("../pipeline/testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []recorded
	if err := json.Unmarshal(raw, &rows); err != nil {
		t.Fatal(err)
	}
	inputs := []pipeline.Input{{}} // and a row without anything
	for _, r := range rows {
		inputs = append(inputs, pipeline.Input{Text: r.Document, Cells: r.Cells})
	}
	return m, inputs
}

// ONNX Runtime, our runner and the model agree on exports whose bytes are
// frozen.
func TestExport_asONNXRuntime(t *testing.T) {
	var cases []onnxtest.Case
	if !*update {
		cases = onnxtest.Read(t, peerFile)
	}
	for i, name := range frozen {
		m, rows := frozenModel(t, name)
		data, info, err := export.Export(m, export.Limits{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !*update {
			t.Run(name, func(t *testing.T) {
				onnxtest.Run(t, cases[i], data)
				agree(t, m, rows)
			})
			continue
		}
		r, err := export.NewReader(m)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c := onnxtest.Case{Name: name, Model: data}
		for k, in := range r.Tensors(rows) {
			c.Inputs = append(c.Inputs, onnxtest.TensorOf(info.Inputs[k].Name, in))
		}
		cases = append(cases, c)
	}
	if *update {
		onnxtest.Write(t, peerFile, cases)
	}
}

// The frozen exports say what they are.
func TestExport_notes(t *testing.T) {
	m, _ := frozenModel(t, "v2")
	data, _, err := export.Export(m, export.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	graph, err := onnx.Decode(data, onnx.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	labels, err := json.Marshal(m.Labels())
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"godwit.domain": export.DomainText, "godwit.labels": string(labels), "godwit.unicode_version": m.Manifest().Unicode} {
		if got, _ := graph.Note(key); got != want {
			t.Errorf("note %s = %q, want %q", key, got, want)
		}
	}
}
