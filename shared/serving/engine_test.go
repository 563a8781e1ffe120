package serving_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/onnx"
	"godwit/shared/registry"
	"godwit/shared/remote/remotetest"
	"godwit/shared/serving"
)

// elsewhere is the artifact of a graph that only an engine runs.
func elsewhere(t testing.TB) []byte {
	t.Helper()
	session, err := remotetest.Load(remotetest.Graph(t))
	if err != nil {
		t.Fatal(err)
	}
	m, err := foreign.NewOn(remotetest.Graph(t), session.Signature())
	if err != nil {
		t.Fatal(err)
	}
	return encoded(t, m)
}

// counted is an engine that counts its calls and can be down.
type counted struct {
	foreign.Engine
	calls int
	down  error
}

func (c *counted) Run(ctx context.Context, at foreign.Source, rows [][]*onnx.Tensor) ([]foreign.Outcome, error) {
	if c.calls++; c.down != nil {
		return nil, c.down
	}
	return c.Engine.Run(ctx, at, rows)
}

// withEngine is a stage that has one.
func withEngine(t testing.TB) (*stage, *counted) {
	engine := &counted{}
	s := newStage(t, func(o *serving.Options) {
		engine.Engine, o.Engine = remotetest.Engine(o.Models), engine
	})
	s.publish(t, tenant, "weather", elsewhere(t))
	return s, engine
}

var weather = registry.Reference{Model: "weather"}

// inputs are two rows around one that is none.
func inputs() []serving.Input {
	return []serving.Input{
		{Columns: map[string]string{"f0": "1", "f1": "-1"}},
		{Columns: map[string]string{"f0": "much", "f1": "1"}},
		{Columns: map[string]string{"x": "[0, 1]"}},
		{Columns: map[string]string{"f9": "1"}},
	}
}

// A graph that an engine runs is served as one that runs here; all rows of a
// request go in one call.
func TestServer_Predict_onAnEngine(t *testing.T) {
	s, engine := withEngine(t)
	out, err := s.Predict(t.Context(), tenant, weather, serving.Request{Inputs: inputs(), TopK: 2})
	if err != nil || engine.calls != 1 {
		t.Fatalf("Predict: %v after %d calls, want one", err, engine.calls)
	}
	// By hand: x w is (.5, -3) and (.5, 2), and softmax of two is the logistic.
	for i, want := range map[int]struct {
		label string
		score float64
	}{0: {"cold", 1 / (1 + math.Exp(-3.5))}, 2: {"warm", 1 / (1 + math.Exp(-1.5))}} {
		if r := out.Results[i]; r.Err != nil || r.Label != want.label || math.Abs(r.Score-want.score) > 1e-6 || len(r.Scores) != 2 || len(r.Outputs) != 1 {
			t.Errorf("result %d = %+v, want %s with %v", i, r, want.label, want.score)
		}
	}
	for i, reason := range map[int]string{1: "graph_input", 3: "unknown_column"} {
		if e := out.Results[i].Err; e == nil || e.Reason != reason {
			t.Errorf("result %d: %v, want the reason %s", i, e, reason)
		}
	}
	engine.calls = 0
	told, err := s.Predict(t.Context(), tenant, weather, serving.Request{Inputs: inputs()[:1], Explain: true})
	if err != nil || engine.calls != 2 || len(told.Results[0].Explanation.Columns) != 2 {
		t.Errorf("explained = %+v, %v after %d calls, want two columns after two", told.Results, err, engine.calls)
	}
	d, err := s.Describe(t.Context(), tenant, weather)
	if err != nil || len(d.Inputs) != 1 || d.Inputs[0].Name != "x" || d.Outputs[0].Name != "scores" {
		t.Errorf("Describe = %+v, %v, want x and scores", d, err)
	}
}

// A file of rows, which a batch job scores, goes to the engine as a whole.
func TestLoaded_Score_onAnEngine(t *testing.T) {
	s, engine := withEngine(t)
	v, err := s.registry.Version(t.Context(), tenant, "weather", 1)
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Load(t.Context(), tenant, v)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	var rows []serving.Input
	for range 5 * serving.MaxInputs {
		rows = append(rows, inputs()...)
	}
	got, err := l.Score(t.Context(), serving.Request{Inputs: rows})
	if err != nil || len(got) != len(rows) || engine.calls != 1 {
		t.Fatalf("Score = %d results, %v after %d calls, want %d after one", len(got), err, engine.calls, len(rows))
	}
	for i, r := range got {
		if want := i%2 == 1; (r.Err != nil) != want || !want && r.Label == "" {
			t.Fatalf("result %d = %+v, want it failed: %v", i, r, want)
		}
	}
}

// An engine that does not answer fails the request with its own words, as a
// failure that may pass, and no other version is spoilt by it.
func TestServer_Predict_engineFails(t *testing.T) {
	s, engine := withEngine(t)
	for _, down := range []error{fault.New(fault.Unavailable, "down"), fault.New(fault.RateLimited, "busy")} {
		engine.down, engine.calls = down, 0
		_, err := s.Predict(t.Context(), tenant, weather, serving.Request{Inputs: inputs()})
		if !errors.Is(err, down) || engine.calls != 1 {
			t.Errorf("Predict: %v after %d calls, want %v after one", err, engine.calls, down)
		}
	}
	engine.down = context.DeadlineExceeded
	if _, err := s.Predict(t.Context(), tenant, weather, serving.Request{Inputs: inputs()}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Predict whose time ends there: %v, want fault.Unavailable", err)
	}
	engine.down = nil
	if _, err := s.Predict(t.Context(), tenant, weather, serving.Request{Inputs: inputs()}); err != nil {
		t.Errorf("Predict when it answers again: %v", err)
	}
}

// Without an engine such a version does not serve, and the failure says why; the
// artifact is not fetched again for each request.
func TestServer_Predict_withoutAnEngine(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "weather", elsewhere(t))
	for range 2 {
		_, err := s.Predict(t.Context(), tenant, weather, serving.Request{Inputs: inputs()})
		if e, ok := errors.AsType[*fault.Error](err); !ok || e.Reason != "runtime_absent" {
			t.Fatalf("Predict: %v, want the reason runtime_absent", err)
		}
	}
	if n := s.models.read.Load(); n != 1 {
		t.Errorf("the artifact was read %d times, want once", n)
	}
}

// Whoever reads a version to export or describe it needs no engine.
func TestRead_ofAGraphElsewhere(t *testing.T) {
	s := newStage(t, nil)
	data := elsewhere(t)
	v := s.publish(t, tenant, "weather", data)
	m, err := serving.Read(t.Context(), s.models, v.Artifact)
	if err != nil || m.Manifest().Labels[1] != "warm" || v.Artifact.Digest != blob.DigestOf(data) {
		t.Errorf("Read = %v, %v, want the model", m, err)
	}
}
