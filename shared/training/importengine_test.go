package training_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/foreign/foreigntest"
	"godwit/shared/ml/onnx/runner"
	"godwit/shared/ml/open"
	"godwit/shared/registry"
	"godwit/shared/remote/remotetest"
	"godwit/shared/training"
)

// checked is an engine that counts what it is asked and can be down.
type checked struct {
	foreign.Engine
	calls int
	down  error
}

func (c *checked) Check(ctx context.Context, graph foreign.Source) (runner.Signature, error) {
	if c.calls++; c.down != nil {
		return runner.Signature{}, c.down
	}
	return c.Engine.Check(ctx, graph)
}

// withEngine is a house that has an engine.
func withEngine(t *testing.T) (*house, *checked) {
	t.Helper()
	h := newHouse(t, 1)
	engine := &checked{Engine: remotetest.Engine(h.models)}
	h.steps.Engine = engine
	return h, engine
}

// A graph with an operator that is not run here becomes a version that says what
// runs it; one that is run here asks nobody.
func TestSteps_ImportRegistersOnAnEngine(t *testing.T) {
	h, engine := withEngine(t)
	job := h.sent(t, remotetest.Graph(t), "")
	if job.Status != training.Succeeded || job.Version != 1 || engine.calls != 1 {
		t.Fatalf("job = %+v, %+v after %d calls, want version 1 after one", job, job.Error, engine.calls)
	}
	v, err := h.jobs.Registry.Version(t.Context(), tenant, "petals", 1)
	if err != nil {
		t.Fatal(err)
	}
	if v.Runtime != foreign.RuntimeONNX || v.Task != registry.TableClassification || v.Labels[1] != "warm" || !h.artifactIs(t, v.Artifact) {
		t.Errorf("version = %+v, want a whole one by %s", v, foreign.RuntimeONNX)
	}
	var signature struct {
		Graph struct{ Inputs, Outputs []foreign.Tensor }
	}
	if err := json.Unmarshal(v.Signature, &signature); err != nil || signature.Graph.Inputs[0].Name != "x" || signature.Graph.Outputs[0].Name != "scores" {
		t.Errorf("signature %s, %v, want the engine's", v.Signature, err)
	}
	data, err := blob.ReadAll(t.Context(), h.models, v.Artifact.Key, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := open.Model(t.Context(), data); err != nil || m.Manifest().Extra["dataset_sha256"] != blob.DigestOf(remotetest.Graph(t)).Hex() {
		t.Errorf("the artifact: %v, want one that names the digest of the graph", err)
	}

	if job := h.sent(t, foreigntest.Forest(t), ""); job.Version != 2 || engine.calls != 1 {
		t.Errorf("job = %+v after %d calls, want version 2 and nobody asked", job, engine.calls)
	}
	if v, err := h.jobs.Registry.Version(t.Context(), tenant, "petals", 2); err != nil || v.Runtime != "" {
		t.Errorf("version 2 runs on %q, %v, want our own", v.Runtime, err)
	}
}

// What neither runs is refused by name; what is wrong with the rest of a graph, as
// it is without an engine.
func TestSteps_ImportRefusesOnAnEngine(t *testing.T) {
	for _, tc := range []struct {
		name  string
		graph []byte
		code  string
		says  []string
		not   string
	}{
		{"an operator nobody runs", remotetest.Nobody(t), "onnx_operator_unsupported", []string{"nobody here runs com.example.Frobnicate"}, "Operators that run"},
		{"no graph", []byte("label,text\n"), "onnx_invalid", nil, "fault"},
		{"an operator of the engine in a graph of no use", foreigntest.Unknown(t), "onnx_operator_unsupported", []string{"labels"}, "Operators that run"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h, _ := withEngine(t)
			job, err := h.sentUnder(t, "inbox/acme/petals/x.onnx", tc.graph, "")
			if err == nil || jobs.ErrorType(err) != training.TypeInput || job.Error == nil || job.Error.Code != tc.code {
				t.Fatalf("job = %+v, %+v, %v, want it failed with %s", job, job.Error, err, tc.code)
			}
			for _, part := range tc.says {
				if !strings.Contains(job.Error.Message, part) {
					t.Errorf("message %q, want %q in it", job.Error.Message, part)
				}
			}
			if strings.Contains(job.Error.Message, tc.not) {
				t.Errorf("message %q, want no %q in it", job.Error.Message, tc.not)
			}
		})
	}
}

// An engine that does not answer says nothing about the graph: the step is tried
// again, and registers it then.
func TestSteps_ImportOutlivesTheEngine(t *testing.T) {
	for _, down := range []error{fault.New(fault.Unavailable, "down"), fault.New(fault.RateLimited, "busy"), context.DeadlineExceeded} {
		h, engine := withEngine(t)
		engine.down = down
		job, err := h.sentUnder(t, "inbox/acme/petals/x.onnx", remotetest.Graph(t), "")
		if err == nil || jobs.ErrorType(err) != training.TypeTransient {
			t.Errorf("%v: run: %v, want an error that passes", down, err)
		}
		if job.Error != nil && strings.HasPrefix(job.Error.Code, "onnx_") {
			t.Errorf("%v: job = %+v, want the graph not blamed", down, job.Error)
		}
		d, err := h.jobs.Registry.Dataset(t.Context(), tenant, job.Dataset)
		if err != nil || d.IssuesKey != "" {
			t.Errorf("%v: data set = %+v, %v, want nothing found in it", down, d, err)
		}
	}
}

// A failure of any one call is survived with an engine too.
func TestSteps_ImportOnAnEngineSurvivesAnyOneFailure(t *testing.T) {
	probe := &faults{}
	for at := 0; at <= probe.calls; at++ {
		h, _ := withEngine(t)
		f := probe
		if at > 0 {
			f = &faults{at: at, lost: at%2 == 0}
		}
		flaky := h.flaky(f)
		flaky.steps.Engine = h.steps.Engine
		job, err := flaky.sentUnder(t, "inbox/acme/petals/x.onnx", remotetest.Graph(t), "")
		if at > 0 && f.calls < at {
			continue
		}
		if err != nil || job.Status != training.Succeeded || job.Version != 1 {
			t.Errorf("call %d: job = %+v, %v, want version 1", at, job, err)
		}
	}
}
