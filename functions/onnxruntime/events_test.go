package main

import (
	"bytes"
	"log/slog"
	"math"
	"os"
	"testing"
	"time"

	"godwit/shared/blob/memblob"
	"godwit/shared/ml/onnx"
	"godwit/shared/remote"
	"godwit/shared/remote/remotetest"
)

// The sample event, and the graph that it asks for: who tries it puts that into
// the bucket first, as the README says.
const (
	event = "../../events/onnxruntime-run.json"
	graph = "testdata/graph.onnx"
)

// The sample event is answered by every engine: of the row 1 and -1 the graph says
// cold, with the softmax of .5 and -3.
func TestEvent(t *testing.T) {
	payload, err := os.ReadFile(event)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := os.ReadFile(graph)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(stored, remotetest.Graph(t)) {
		t.Errorf("%s is not the graph of remotetest", graph)
	}
	call, err := remote.DecodeCall(payload)
	if err != nil {
		t.Fatal(err)
	}
	models := memblob.New(time.Now)
	if at := remotetest.Put(t, models, call.Key, stored); at.Digest != string(call.Digest) {
		t.Fatalf("the event asks for %s, %s is %s", call.Digest, graph, at.Digest)
	}
	for name, load := range engines(t) {
		h := &remote.Handler{Models: models, Load: load, Log: slog.New(slog.DiscardHandler)}
		answer, err := h.Handle(t.Context(), payload)
		if err != nil || len(answer.Rows) != 1 || answer.Rows[0].Refusal != nil {
			t.Fatalf("%s: Handle = %+v, %v, want one row", name, answer, err)
		}
		scores, err := onnx.OfRaw(onnx.Float, []int{1, 2}, answer.Rows[0].Outputs[0].Data)
		if err != nil {
			t.Fatal(err)
		}
		if cold := 1 / (1 + math.Exp(-3.5)); math.Abs(float64(scores.Floats[0])-cold) > 1e-6 || math.Abs(float64(scores.Floats[1])-(1-cold)) > 1e-6 {
			t.Errorf("%s: scores %v, want %v for cold", name, scores.Floats, cold)
		}
	}
}
