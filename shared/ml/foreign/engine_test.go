package foreign_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/foreign/foreigntest"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
	"godwit/shared/ml/pipeline"
)

// elsewhere is an engine for one graph: our runner, counting its calls.
type elsewhere struct {
	program *runner.Program
	calls   int
	rows    int
	spoil   func([]foreign.Outcome) ([]foreign.Outcome, error) // nil changes nothing
}

// engineOf returns an engine of a graph that is run here, with the signature it
// tells.
func engineOf(t testing.TB, graph []byte) (*elsewhere, runner.Signature) {
	t.Helper()
	m, err := onnx.Decode(graph, onnx.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := runner.Compile(t.Context(), m, runner.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return &elsewhere{program: p}, p.Signature()
}

func (e *elsewhere) Check(context.Context, foreign.Source) (runner.Signature, error) {
	return e.program.Signature(), nil
}

func (e *elsewhere) Run(ctx context.Context, at foreign.Source, rows [][]*onnx.Tensor) ([]foreign.Outcome, error) {
	if at != source {
		return nil, fmt.Errorf("asked for %+v", at)
	}
	e.calls++
	e.rows += len(rows)
	out := make([]foreign.Outcome, len(rows))
	for i, row := range rows {
		var err error
		if out[i].Outputs, err = e.program.Run(ctx, row); err != nil {
			out[i].Err, _ = errors.AsType[*onnx.Error](err)
		}
	}
	if e.spoil != nil {
		return e.spoil(out)
	}
	return out, nil
}

var source = foreign.Source{Key: "artifacts/acme/rent/1.safetensors", Digest: "sha256:00"}

// on is a graph as a model that an engine runs, after it has been a file.
func on(t testing.TB, graph []byte) (*foreign.Model, *elsewhere) {
	t.Helper()
	engine, signature := engineOf(t, graph)
	m, err := foreign.NewOn(graph, signature)
	if err != nil {
		t.Fatal(err)
	}
	data, err := m.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = foreign.Open(t.Context(), data); err != nil {
		t.Fatal(err)
	}
	if m.Runtime() != foreign.RuntimeONNX {
		t.Errorf("Runtime = %q, want %q", m.Runtime(), foreign.RuntimeONNX)
	}
	return m.On(engine, source), engine
}

// A graph says the same wherever it runs: the model, each answer, and why.
func TestModel_On(t *testing.T) {
	for name, tc := range map[string]struct {
		graph []byte
		row   pipeline.Input
	}{
		"a forest":     {foreigntest.Forest(t), row("f2", "5", "f3", "2")},
		"a regression": {foreigntest.Rent(t), row("area", "50", "rooms", "2", "place", "sea")},
		"a net":        {foreigntest.Net(t), row("image", "[0.5,0.25,0,0.25]")},
	} {
		t.Run(name, func(t *testing.T) {
			here := made(t, tc.graph)
			there, engine := on(t, tc.graph)
			if here.Task() != there.Task() || fmt.Sprint(here.Labels(), here.Columns(), here.Wholes()) != fmt.Sprint(there.Labels(), there.Columns(), there.Wholes()) {
				t.Errorf("there it is a %s of %q and %q, here a %s of %q and %q", there.Task(), there.Columns(), there.Labels(), here.Task(), here.Columns(), here.Labels())
			}
			want, err := here.Ask(t.Context(), tc.row)
			if err != nil {
				t.Fatal(err)
			}
			got, err := there.Ask(t.Context(), tc.row)
			if err != nil || fmt.Sprint(got.Scores, got.Value) != fmt.Sprint(want.Scores, want.Value) {
				t.Errorf("Ask there = %v %v, %v, here %v %v", got.Scores, got.Value, err, want.Scores, want.Value)
			}
			whyHere, errHere := here.Tell(t.Context(), tc.row, 0)
			engine.calls = 0
			whyThere, errThere := there.Tell(t.Context(), tc.row, 0)
			if fmt.Sprint(whyHere, errHere) != fmt.Sprint(whyThere, errThere) {
				t.Errorf("Tell there = %+v, %v, here %+v, %v", whyThere, errThere, whyHere, errHere)
			}
			if engine.calls != 1 {
				t.Errorf("Tell makes %d calls, want one for all rows", engine.calls)
			}
		})
	}
	if m := made(t, foreigntest.Rent(t)); m.On(nil, source) != m || m.Runtime() != "" {
		t.Error("On changes a model that runs here")
	}
}

// Rows that cannot be sent are told apart from those that cannot be answered, and
// none concerns another.
func TestModel_AskAll(t *testing.T) {
	rows := []pipeline.Input{row("area", "x"), row("area", "50", "rooms", "2"), row("area", "1", "rooms", "1"), row()}
	here := made(t, foreigntest.Rent(t))
	there, engine := on(t, foreigntest.Rent(t))
	for name, m := range map[string]*foreign.Model{"here": here, "there": there} {
		got, err := m.AskAll(t.Context(), rows)
		if err != nil || len(got) != len(rows) {
			t.Fatalf("%s: AskAll = %d replies, %v", name, len(got), err)
		}
		for i, failed := range []bool{true, false, false, true} {
			if (got[i].Err != nil) != failed {
				t.Errorf("%s: row %d: %v, %v, want a failure: %v", name, i, got[i].Answer, got[i].Err, failed)
			}
		}
		if got[1].Value != 108 || got[2].Value != 11 {
			t.Errorf("%s: AskAll = %v and %v, want 108 and 11", name, got[1].Value, got[2].Value)
		}
	}
	if engine.calls != 1 || engine.rows != 3 {
		t.Errorf("%d calls with %d rows, want one with the three that are rows", engine.calls, engine.rows)
	}
	if got, err := there.AskAll(t.Context(), rows[:1]); err != nil || got[0].Err == nil || engine.calls != 1 {
		t.Errorf("AskAll of no row = %+v, %v after %d calls, want none sent", got, err, engine.calls)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := here.AskAll(ended, rows); !errors.Is(err, context.Canceled) {
		t.Errorf("AskAll after the end of the context: %v", err)
	}
}

// What an engine answers beyond its promise fails the call, not a row, and
// without an engine nothing is answered.
func TestModel_On_engineFails(t *testing.T) {
	down := errors.New("down")
	for name, spoil := range map[string]func([]foreign.Outcome) ([]foreign.Outcome, error){
		"no answer":    func([]foreign.Outcome) ([]foreign.Outcome, error) { return nil, down },
		"too few rows": func(o []foreign.Outcome) ([]foreign.Outcome, error) { return o[:0], nil },
		"no outputs":   func(o []foreign.Outcome) ([]foreign.Outcome, error) { o[0].Outputs = nil; return o, nil },
		"another output": func(o []foreign.Outcome) ([]foreign.Outcome, error) {
			o[0].Outputs[0] = onnx.OfInts([]int64{1})
			return o, nil
		},
	} {
		m, engine := on(t, foreigntest.Rent(t))
		engine.spoil = spoil
		_, err := m.Ask(t.Context(), row("area", "1", "rooms", "1"))
		if _, judged := errors.AsType[*onnx.Error](err); err == nil || judged {
			t.Errorf("%s: Ask: %v, want an error that is not the row's", name, err)
		}
		if v := m.Value(nil, row("area", "1", "rooms", "1")); !math.IsNaN(v) {
			t.Errorf("%s: Value = %v, want no number", name, v)
		}
	}
	engine, signature := engineOf(t, foreigntest.Rent(t))
	m, err := foreign.NewOn(foreigntest.Rent(t), signature)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Ask(t.Context(), row("area", "1", "rooms", "1")); err == nil || engine.calls != 0 {
		t.Errorf("Ask without an engine: %v", err)
	}
}

const frozenOn = "testdata/v2.safetensors"

// The file of a graph that an engine runs is of version 2, in the same bytes for
// ever; that of every other stays one of version 1.
func TestOpen_frozenOn(t *testing.T) {
	engine, signature := engineOf(t, foreigntest.Net(t))
	m, err := foreign.NewOn(foreigntest.Net(t), signature)
	if err != nil {
		t.Fatal(err)
	}
	today, err := m.Encode(map[string]string{"dataset_sha256": "00"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(frozenOn); *update && errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(frozenOn, today, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(frozenOn)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, today) {
		t.Error("Encode writes other bytes than the frozen ones: that takes a new version")
	}
	if m, err = foreign.Open(t.Context(), data); err != nil {
		t.Fatal(err)
	}
	got, err := m.On(engine, source).Ask(t.Context(), row("image", "[0,0,0,0]"))
	if err != nil || fmt.Sprint(got.Scores) != "[0.5 0.5]" || m.Manifest().Extra["dataset_sha256"] != "00" {
		t.Errorf("Ask = %v, %v, want .5 and .5", got.Scores, err)
	}
	if got := foreign.GraphIn(data); !bytes.Equal(got, foreigntest.Net(t)) {
		t.Error("GraphIn of a file is not the graph in it")
	}
	if got := foreign.GraphIn(foreigntest.Net(t)); !bytes.Equal(got, foreigntest.Net(t)) {
		t.Error("GraphIn of a graph is not the graph")
	}
}

func TestOpen_refusesOn(t *testing.T) {
	for name, tc := range map[string]struct {
		metadata map[string]string
		says     string
	}{
		"no runtime":      {map[string]string{"format_version": "2"}, `runtime ""`},
		"another runtime": {map[string]string{"format_version": "2", "runtime": "tensorrt"}, "tensorrt"},
		"no signature":    {map[string]string{"format_version": "2", "runtime": foreign.RuntimeONNX}, "signature"},
		"no inputs":       {map[string]string{"format_version": "2", "runtime": foreign.RuntimeONNX, "signature": "{}"}, "no inputs"},
	} {
		if _, err := foreign.Open(t.Context(), rewritten(t, tc.metadata, foreigntest.Rent(t))); !errors.Is(err, artifact.ErrCorrupt) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: Open: %v, want it corrupt and %q", name, err, tc.says)
		}
	}
}

// Data outside of the file is refused before any engine could read it.
func TestNewOn_refusesDataOutside(t *testing.T) {
	graph := append(foreigntest.Net(t), 0x3a, 4, 0x2a, 2, 0x70, 1) // graph { initializer { data_location: EXTERNAL } }
	_, signature := engineOf(t, foreigntest.Net(t))
	_, err := foreign.NewOn(graph, signature)
	if wrong, ok := errors.AsType[*onnx.Error](err); !ok || wrong.Reason != onnx.Unsupported || !strings.Contains(err.Error(), "outside the file") {
		t.Errorf("NewOn: %v, want data outside of the file refused", err)
	}
}
