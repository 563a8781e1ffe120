// Package onnxtest holds graphs against ONNX Runtime: frozen cases, each a graph
// with inputs and the answers of onnxruntime-node 1.30.0 (npm, linux/amd64),
// which .ci/onnx/peer.js puts in and, in CI, gets anew.
package onnxtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
)

// Case is a graph with inputs and the answers to them.
type Case struct {
	Name    string   `json:"name"`
	Model   []byte   `json:"model"` // the file
	Inputs  []Tensor `json:"inputs"`
	Outputs []Tensor `json:"outputs"`
}

// Tensor is a tensor in JSON: what is no number of JSON is a string.
type Tensor struct {
	Name string `json:"name"`
	Type string `json:"type"` // as onnxruntime-node calls it
	Dims []int  `json:"dims"`
	Data []any  `json:"data"`
}

// Value returns it as a run takes it and answers.
func (p Tensor) Value(t testing.TB) *onnx.Tensor {
	t.Helper()
	out := &onnx.Tensor{Dims: p.Dims}
	for _, v := range p.Data {
		switch x := v.(type) {
		case string:
			if p.Type == "string" {
				out.Strings = append(out.Strings, x)
				continue
			}
			out.Floats = append(out.Floats, map[string]float32{"NaN": float32(math.NaN()), "Infinity": float32(math.Inf(1)), "-Infinity": float32(math.Inf(-1))}[x])
		case bool:
			out.Bools = append(out.Bools, x)
		case float64:
			if p.Type == "int64" {
				out.Ints = append(out.Ints, int64(x))
			} else {
				out.Floats = append(out.Floats, float32(x))
			}
		}
	}
	out.Type = map[string]onnx.Type{"float32": onnx.Float, "int64": onnx.Int64, "string": onnx.String, "bool": onnx.Bool}[p.Type]
	if err := out.Check(); err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
	return out
}

// TensorOf writes a tensor as JSON.
func TensorOf(name string, t *onnx.Tensor) Tensor {
	p := Tensor{Name: name, Dims: t.Dims, Data: []any{}, Type: map[onnx.Storage]string{onnx.Floats: "float32", onnx.Ints: "int64", onnx.Strings: "string", onnx.Bools: "bool"}[t.Storage()]}
	if p.Dims == nil {
		p.Dims = []int{}
	}
	for _, v := range t.Floats {
		if x := float64(v); math.IsNaN(x) {
			p.Data = append(p.Data, "NaN")
		} else if math.IsInf(x, 0) {
			p.Data = append(p.Data, map[bool]string{true: "Infinity", false: "-Infinity"}[x > 0])
		} else {
			p.Data = append(p.Data, v)
		}
	}
	for _, v := range t.Ints {
		p.Data = append(p.Data, v)
	}
	for _, v := range t.Strings {
		p.Data = append(p.Data, v)
	}
	for _, v := range t.Bools {
		p.Data = append(p.Data, v)
	}
	return p
}

// WithMaps declares an output that a graph makes as skl2onnx declares ZipMap's: a
// sequence of maps from key to Float. The graph must not declare it itself.
func WithMaps(graph []byte, output string, key onnx.Type) []byte {
	field := func(number protowire.Number, inner []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), inner)
	}
	value := field(1, []byte{8, byte(onnx.Float)}) // TypeProto { tensor_type { elem_type } }
	maps := field(5, slices.Concat([]byte{8, byte(key)}, field(2, value)))
	port := slices.Concat(field(1, []byte(output)), field(2, field(4, field(1, maps))))
	// The outputs of a graph that is there twice are those of both.
	return slices.Concat(graph, field(7, field(12, port)))
}

// Write writes cases, whose answers peer.js puts in.
func Write(t testing.TB, path string, cases []Case) {
	t.Helper()
	var file bytes.Buffer
	for _, c := range cases {
		row, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		file.Write(append(row, '\n'))
	}
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Read reads the cases of a file.
func Read(t testing.TB, path string) []Case {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var cases []Case
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var c Case
		if err := json.Unmarshal(scan.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	return cases
}

// Run runs the graph of a frozen case with our runner, holds the answers
// against those frozen, within 2e-5 of numbers around 1, and the graph against
// the bytes that want is written as today. It returns our answers.
func Run(t testing.TB, c Case, want []byte) []*onnx.Tensor {
	t.Helper()
	if !bytes.Equal(want, c.Model) {
		t.Errorf("%s: the graph is written in other bytes than the frozen one", c.Name)
	}
	m, err := onnx.Decode(c.Model, onnx.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	p, err := runner.Compile(t.Context(), m, runner.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	var inputs []*onnx.Tensor
	for _, in := range c.Inputs {
		inputs = append(inputs, in.Value(t))
	}
	got, err := p.Run(t.Context(), inputs)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	if len(c.Outputs) != len(got) {
		t.Fatalf("%s: %d frozen answers, want %d: run .ci/onnx/peer.js", c.Name, len(c.Outputs), len(got))
	}
	for k, want := range c.Outputs {
		if diff := Differ(got[k], want.Value(t), 2e-5); diff != "" {
			t.Errorf("%s: output %s: %s", c.Name, want.Name, diff)
		}
	}
	return got
}

// Differ says how two tensors differ, numbers by more than tolerance, relative
// above 1; "" when they do not.
func Differ(got, want *onnx.Tensor, tolerance float64) string {
	if got.Storage() != want.Storage() || fmt.Sprint(got.Dims) != fmt.Sprint(want.Dims) {
		return fmt.Sprintf("%s of axes %v, want %s of %v", got.Type, got.Dims, want.Type, want.Dims)
	}
	for i, w := range want.Floats {
		g := float64(got.Floats[i])
		if w := float64(w); g != w && !(math.Abs(g-w) <= tolerance*max(1, math.Abs(w))) && !(math.IsNaN(g) && math.IsNaN(w)) {
			return fmt.Sprintf("%v, want %v", got.Floats, want.Floats)
		}
	}
	if fmt.Sprint(got.Ints, got.Bools) != fmt.Sprint(want.Ints, want.Bools) || fmt.Sprintf("%q", got.Strings) != fmt.Sprintf("%q", want.Strings) {
		return fmt.Sprintf("%v %v %q, want %v %v %q", got.Ints, got.Bools, got.Strings, want.Ints, want.Bools, want.Strings)
	}
	return ""
}
