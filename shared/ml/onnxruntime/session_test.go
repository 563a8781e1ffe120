package onnxruntime_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/onnxtest"
	"godwit/shared/ml/onnx/runner"
	"godwit/shared/ml/onnxruntime"
)

// update rewrites the cases without answers; .ci/onnx/peer.js puts in those of
// ONNX Runtime in Node.
var update = flag.Bool("update", false, "write testdata/peer.jsonl anew, without answers")

const peerFile = "testdata/peer.jsonl"

// libraries are those this machine has: the one that GODWIT_ONNXRUNTIME names, as
// .ci/ort does. Everything else about the package is tested without.
func libraries(t testing.TB) []*onnxruntime.Runtime {
	t.Helper()
	path := os.Getenv("GODWIT_ONNXRUNTIME")
	if path == "" {
		return nil
	}
	r, err := onnxruntime.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return []*onnxruntime.Runtime{r}
}

// The frozen cases are of operators that are not run here: what is tested with
// them is the way of a graph that needs the engine.
func TestCases(t *testing.T) {
	cases := beyond(t)
	if *update {
		onnxtest.Write(t, peerFile, cases)
		return
	}
	frozen := onnxtest.Read(t, peerFile)
	if len(frozen) != len(cases) {
		t.Fatalf("%d frozen cases, want %d: run with -update and .ci/onnx/peer.js", len(frozen), len(cases))
	}
	for i, c := range frozen {
		if !bytes.Equal(c.Model, cases[i].Model) || len(c.Outputs) == 0 {
			t.Errorf("%s: the frozen graph is another, or has no answer", c.Name)
		}
		m, err := onnx.Decode(c.Model, onnx.Limits{})
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if wrong, ok := errors.AsType[*onnx.Error](runner.Check(m)); !ok || wrong.Reason != onnx.Unsupported {
			t.Errorf("%s: our runner has every operator of it; choose another", c.Name)
		}
	}
}

// Through the C API from Go a graph answers as it does in Node: operators that
// are not ours, all of ours, and everything that is exported, where the frozen
// answers hold both runners together.
func TestSession_Run_asInNode(t *testing.T) {
	for _, r := range libraries(t) {
		for _, file := range []string{peerFile, "../onnx/runner/testdata/peer.jsonl", "../export/testdata/peer.jsonl"} {
			for _, c := range onnxtest.Read(t, file) {
				t.Run(filepath.Base(filepath.Dir(filepath.Dir(file)))+"/"+c.Name, func(t *testing.T) { hold(t, r, c) })
			}
		}
	}
}

// hold holds the answers of a session against those frozen.
func hold(t *testing.T, r *onnxruntime.Runtime, c onnxtest.Case) {
	s, err := r.Session(c.Model)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var inputs []*onnx.Tensor
	for _, in := range c.Inputs {
		inputs = append(inputs, in.Value(t))
	}
	got, err := s.Run(t.Context(), inputs)
	if err != nil || len(got) != len(c.Outputs) {
		t.Fatalf("Run = %d outputs, %v, want %d", len(got), err, len(c.Outputs))
	}
	for k, want := range c.Outputs {
		// The last digits depend on the processor.
		if diff := onnxtest.Differ(got[k], want.Value(t), 1e-5); diff != "" {
			t.Errorf("output %s: %s", want.Name, diff)
		}
	}
	again, err := s.Run(t.Context(), inputs)
	if err != nil || fmt.Sprint(values(again)) != fmt.Sprint(values(got)) {
		t.Errorf("Run again: other bits than the first time, %v", err)
	}
}

// values are tensors by what they hold.
func values(list []*onnx.Tensor) (all [][]byte) {
	for _, t := range list {
		all = append(all, t.Raw())
	}
	return all
}

// A graph that cannot be loaded is refused with the operator's name and without
// a word of the library's own.
func TestRuntime_Session_refuses(t *testing.T) {
	foreign := func(domain, operator string) []byte {
		b := onnx.New("other", onnx.Opset{Version: 17}, onnx.Opset{Domain: "com.example", Version: 1})
		b.Add(onnx.Node{Domain: domain, Operator: operator, Inputs: []string{b.Input("x", onnx.Float, -1, 2)}, Outputs: []string{"y"}})
		b.Output("y", onnx.Float, -1, 2)
		m, err := b.Model()
		if err != nil {
			t.Fatal(err)
		}
		return onnx.Encode(m)
	}
	for _, tc := range []struct {
		name   string
		graph  []byte
		reason onnx.Reason
		says   string
	}{
		{"an operator nobody has", foreign("com.example", "Frobnicate"), onnx.Unsupported, "does not run com.example.Frobnicate"},
		{"an operator the standard does not have", foreign("", "Softmix"), onnx.Unsupported, "Softmix"},
		{"types that contradict each other", foreign("", "StringNormalizer"), onnx.Corrupt, "cannot load the graph"},
		{"ONNX and the library's own format at once", append([]byte("\x12\x06..ORTM"), foreign("", "Abs")...), onnx.Unsupported, "own format"},
		{"no graph", []byte("label,text\n"), onnx.Corrupt, ""},
		{"nothing", nil, onnx.Corrupt, ""},
	} {
		for _, r := range libraries(t) {
			t.Run(tc.name, func(t *testing.T) {
				_, err := r.Session(tc.graph)
				wrong, ok := errors.AsType[*onnx.Error](err)
				if !ok || wrong.Reason != tc.reason || !strings.Contains(err.Error(), tc.says) {
					t.Fatalf("Session: %v, want reason %d and %q", err, tc.reason, tc.says)
				}
				for _, inner := range []string{"onnxruntime/", ".cc", "::", "Status", "/home", "/work"} {
					if strings.Contains(err.Error(), inner) {
						t.Errorf("Session: %v, which holds %q", err, inner)
					}
				}
			})
		}
	}
}

// Rows that a graph cannot take are the row's error; the session goes on.
func TestSession_Run_refuses(t *testing.T) {
	graph := beyond(t)[0].Model
	for _, r := range libraries(t) {
		s, err := r.Session(graph)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if got := fmt.Sprint(s.Signature().Inputs[0], len(s.Signature().Outputs)); got != "{x FLOAT [{0  true} {2  false}] true} 1" {
			t.Errorf("Signature = %s", got)
		}
		for name, x := range map[string]*onnx.Tensor{
			"three numbers": onnx.OfFloats([]float32{1, 2, 3}, 1, 3),
			"a text":        onnx.OfStrings([]string{"a", "b"}, 1, 2),
		} {
			_, err := s.Run(t.Context(), []*onnx.Tensor{x})
			if wrong, ok := errors.AsType[*onnx.Error](err); !ok || wrong.Reason != onnx.BadInput {
				t.Errorf("Run of %s: %v, want BadInput", name, err)
			}
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		row := []*onnx.Tensor{onnx.OfFloats([]float32{1, 2}, 1, 2)}
		if _, err := s.Run(ended, row); !errors.Is(err, context.Canceled) {
			t.Errorf("Run after the end of the context: %v", err)
		}
		if _, err := s.Run(t.Context(), row); err != nil {
			t.Errorf("Run after refusals: %v", err)
		}
	}
}

// What is not there, or no library, is an error of the start.
func TestOpen_refuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "libonnxruntime.so.1")
	if err := os.WriteFile(file, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, file + ".absent"} {
		if _, err := onnxruntime.Open(path); err == nil || !strings.HasPrefix(err.Error(), "load ONNX Runtime: ") {
			t.Errorf("Open = %v, want it not loaded", err)
		}
	}
}
