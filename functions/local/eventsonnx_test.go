package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"
)

// The sample event of the optional function, which is not built with the others:
// its library comes from npm. Its own tests and .ci/ort drive the event.
const (
	optionalEvent    = "onnxruntime-run.json"
	optionalFunction = "OnnxRuntimeFunction"
	optionalGraph    = "functions/onnxruntime/testdata/graph.onnx"
)

// The event asks for the graph that is in the repository, under a key that the
// function may read, and the README says how it gets there.
func TestEvents_Optional(t *testing.T) {
	in := strictly[struct {
		Op, Key, Digest string
		Rows            [][]struct {
			Type int
			Dims []int
			Data []byte
		}
	}](t, sample(t, optionalEvent))
	graph, err := os.ReadFile("../../" + optionalGraph)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("sha256:%x", sha256.Sum256(graph)); in.Digest != got || in.Op != "run" || len(in.Rows) != 1 {
		t.Errorf("the event is to %s %s with %d rows, %s is %s", in.Op, in.Digest, len(in.Rows), optionalGraph, got)
	}
	template, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const readable = "/work/*/graph.onnx'"
	if !strings.Contains(string(template), "${ModelsBucket.Arn}"+readable) || !strings.HasPrefix(in.Key, "work/local/") || !strings.HasSuffix(in.Key, "/graph.onnx") {
		t.Errorf("the event names %s, of which the function may read %s", in.Key, readable)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if put := "s3 cp " + optionalGraph + " s3://godwit-models/" + in.Key; !strings.Contains(string(readme), put) {
		t.Errorf("the README does not say %q", put)
	}
}
