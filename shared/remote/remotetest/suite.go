package remotetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"godwit/shared/blob"
	"godwit/shared/blob/memblob"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/foreign/foreigntest"
	"godwit/shared/ml/onnx"
	"godwit/shared/remote"
)

// Put stores an object and returns it as the source of a graph.
func Put(t testing.TB, models blob.Store, key string, data []byte) foreign.Source {
	t.Helper()
	if _, err := models.Put(t.Context(), key, bytes.NewReader(data), int64(len(data)), blob.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	return foreign.Source{Key: key, Digest: string(blob.DigestOf(data))}
}

// Run holds what loads graphs to what a Client promises, over a Handler.
func Run(t *testing.T, load func(graph []byte) (remote.Session, error)) {
	var log bytes.Buffer
	models := memblob.New(time.Now)
	engine := &remote.Client{Function: Direct{&remote.Handler{Models: models, Load: load, KeepBytes: 1 << 20, Log: slog.New(slog.NewTextHandler(&log, nil))}}}
	graph := Put(t, models, "work/acme/tj_1/graph.onnx", Graph(t))

	t.Run("a graph is described", func(t *testing.T) {
		s, err := engine.Check(t.Context(), graph)
		if err != nil || len(s.Inputs) != 1 || s.Inputs[0].Name != "x" || s.Inputs[0].Type != onnx.Float || len(s.Outputs) != 1 || s.Outputs[0].Name != "scores" {
			t.Errorf("Check = %+v, %v, want x and scores", s, err)
		}
		if d := s.Inputs[0].Dims; len(d) != 2 || !d[0].Open || d[1].Size != 2 {
			t.Errorf("Check: x has axes %+v, want [-1,2]", d)
		}
	})
	t.Run("a file around a graph is read", func(t *testing.T) { runFile(t, engine, models) })
	t.Run("rows are answered, a bad one by its error", func(t *testing.T) { runRows(t, engine, graph) })
	t.Run("an operator nobody has is named", func(t *testing.T) {
		_, err := engine.Check(t.Context(), Put(t, models, "work/acme/tj_2/graph.onnx", Nobody(t)))
		if wrong, ok := errors.AsType[*onnx.Error](err); !ok || wrong.Reason != onnx.Unsupported || !strings.Contains(err.Error(), "com.example.Frobnicate") {
			t.Errorf("Check: %v, want com.example.Frobnicate unsupported", err)
		}
	})
	t.Run("what is no graph is corrupt", func(t *testing.T) {
		_, err := engine.Check(t.Context(), Put(t, models, "work/acme/tj_3/graph.onnx", []byte("label,text\n")))
		if wrong, ok := errors.AsType[*onnx.Error](err); !ok || wrong.Reason != onnx.Corrupt {
			t.Errorf("Check: %v, want corrupt", err)
		}
	})
	t.Run("another object says nothing about the graph", func(t *testing.T) { runOthers(t, engine, graph) })
	t.Run("the end of the context ends it", func(t *testing.T) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := engine.Run(ended, graph, [][]*onnx.Tensor{{onnx.OfFloats([]float32{1, 2}, 1, 2)}}); !errors.Is(err, context.Canceled) {
			t.Errorf("Run after the end of the context: %v", err)
		}
	})
	if text, err := io.ReadAll(&log); err != nil || bytes.Contains(text, []byte("label,text")) {
		t.Errorf("the log holds what was sent: %s, %v", text, err)
	}
}

// isJudged reports an error about a graph or a row.
func isJudged(err error) bool {
	_, judged := errors.AsType[*onnx.Error](err)
	return judged
}

// runFile asks for the answers of a model's file.
func runFile(t *testing.T, engine foreign.Engine, models blob.Store) {
	m, err := foreign.New(t.Context(), foreigntest.Net(t))
	if err != nil {
		t.Fatal(err)
	}
	data, err := m.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	file := Put(t, models, "artifacts/acme/net/1.safetensors", data)
	got, err := engine.Run(t.Context(), file, [][]*onnx.Tensor{{onnx.OfFloats([]float32{0, 0, 0, 0}, 1, 1, 2, 2)}})
	if err != nil || len(got) != 1 || got[0].Err != nil || fmt.Sprint(got[0].Outputs[0].Floats) != "[0.5 0.5]" {
		t.Errorf("Run of a file = %+v, %v, want .5 and .5", got, err)
	}
}

// runRows asks for more rows than go into one call; every 500th does not fit.
func runRows(t *testing.T, engine foreign.Engine, graph foreign.Source) {
	const n = 2*remote.MaxRows + 7
	var rows [][]*onnx.Tensor
	for i := range n {
		x := onnx.OfFloats([]float32{float32(i%7) - 3, float32(i%5) / 2}, 1, 2)
		if i%500 == 499 {
			x = onnx.OfFloats([]float32{1, 2, 3}, 1, 3)
		}
		rows = append(rows, []*onnx.Tensor{x})
	}
	got, err := engine.Run(t.Context(), graph, rows)
	if err != nil || len(got) != n {
		t.Fatalf("Run of %d rows = %d outcomes, %v", n, len(got), err)
	}
	for i, o := range got {
		if i%500 == 499 {
			if o.Err == nil || o.Err.Reason != onnx.BadInput {
				t.Errorf("row %d: %v, want it refused as bad input", i, o.Err)
			}
			continue
		}
		x := rows[i][0].Floats
		a, b := float64(x[0]+x[1]/2), float64(2*x[1]-x[0])
		want := 1 / (1 + math.Exp(a-b)) // of the second class: softmax of two
		if o.Err != nil || math.Abs(float64(o.Outputs[0].Floats[1])-want) > 1e-6 {
			t.Fatalf("row %d = %+v, %v, want %v for warm", i, o.Outputs, o.Err, want)
		}
	}
}

// runOthers asks for graphs that are not there, or not what they are said to be.
func runOthers(t *testing.T, engine foreign.Engine, graph foreign.Source) {
	other := foreign.Source{Key: graph.Key, Digest: string(blob.DigestOf([]byte("other")))}
	for _, at := range []foreign.Source{other, {Key: "work/absent", Digest: graph.Digest}} {
		if _, err := engine.Check(t.Context(), at); err == nil || isJudged(err) {
			t.Errorf("Check(%+v) = %v, want an error that is not the graph's", at, err)
		}
	}
}
