package training_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/registry"
	"godwit/shared/training"
)

// ending is the context of a function whose time is always nearly over by the
// house's clock, so that it hands over after each unit of work.
type ending struct {
	context.Context
	h *house
}

func (e ending) Deadline() (time.Time, bool) {
	return time.Unix(0, e.h.clock.Load()).Add(30 * time.Second), true
}

// A job whose functions end after each unit of work comes to the same bytes as
// one that is never interrupted.
func TestSteps_HandOverChangesNothing(t *testing.T) {
	for _, tc := range []struct {
		name, data, settings string
		unit                 float64
		want                 int // times a step hands over
	}{
		// Two folds of three costs, and two fits.
		{"a path", csv(240, 21), `{"params":{"c":[0.3,1,3],"features":["word"]},"search":{"folds":2}}`, 1, 2*2 + 2},
		{"a path at one go", csv(240, 21), `{"params":{"c":[0.3,1,3],"features":["word"]},"search":{"folds":2}}`, 0, 2},
		{"without a refit", csv(240, 21), `{"params":{"c":[1],"features":["word"]},"search":{"folds":2},"split":{"refit":false}}`, 1, 1},
		{"a table", table(240, 21, false), `{"params":{"c":[0.3,1],"features":["plain"],"learner":"logistic"},"search":{"folds":2}}`, 1, 2 + 2},
		{"numbers", table(240, 21, true), `{"params":{"c":[0.3,1],"features":["plain"]},"search":{"folds":2}}`, 1, 2 + 2},
		{"halving", csv(240, 21), `{"search":{"strategy":"halving","folds":3}}`, 1, -1},
		{"auto", csv(240, 21), "", 1, -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var made []registry.Version
			for _, interrupted := range []bool{false, true} {
				h := newHouse(t, 2)
				h.steps.Unit = tc.unit
				job := h.upload(t, tenant, "intents", tc.data, tc.settings)
				ctx := t.Context()
				if interrupted {
					ctx = ending{ctx, h}
				}
				if err := h.run(ctx, tenant, job.ID); err != nil {
					t.Fatalf("run: %v", err)
				}
				want := tc.want
				if !interrupted {
					want = 0
				}
				if h.handed != want && (want >= 0 || h.handed < 10) {
					t.Errorf("interrupted %v: handed over %d times, want %d (-1: at least ten)", interrupted, h.handed, want)
				}
				h.checkOneVersion(t, job.ID)
				h.checkEvents(t, job.ID, 7)
				v, err := h.jobs.Registry.Version(t.Context(), tenant, "intents", 1)
				if err != nil {
					t.Fatal(err)
				}
				made = append(made, v)
			}
			if a, b := made[0], made[1]; a.Artifact.Digest != b.Artifact.Digest || a.Evaluation.Digest != b.Evaluation.Digest ||
				fmt.Sprint(a.Test, a.CV) != fmt.Sprint(b.Test, b.CV) {
				t.Errorf("uninterrupted: %v %v %v\ninterrupted: %v %v %v", a.Artifact.Digest, a.Evaluation.Digest, a.Test, b.Artifact.Digest, b.Evaluation.Digest, b.Test)
			}
		})
	}
}

// Another attempt does not go on from what the one before left.
func TestSteps_AttemptsBeginAnew(t *testing.T) {
	h := newHouse(t, 1)
	h.steps.Unit = 1
	job := h.upload(t, tenant, "intents", csv(120, 22), `{"params":{"c":[0.3,1,3],"features":["word"]},"search":{"folds":2}}`)
	in := training.StepInput{Step: "prepare", Tenant: tenant, Job: job.ID, Attempt: 1}
	if _, err := h.steps.Run(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	in.Step = "search"
	for call, want := range []bool{true, true, false, false} {
		out, err := h.steps.Run(ending{t.Context(), h}, in)
		if err != nil || out.(training.Done).More != want {
			t.Fatalf("call %d = %+v, %v, want more: %v; a repeated last one does the last unit again", call, out, err, want)
		}
	}
	if _, _, err := h.models.Get(t.Context(), fmt.Sprintf("work/local/%s/parts/1/0/0.json", job.ID)); err != nil {
		t.Errorf("the finished units are not kept under their attempt: %v", err)
	}
}

// A hand-over survives the failure of any call, with or without its effect.
func TestSteps_HandOverSurvivesFailures(t *testing.T) {
	quick := `{"params":{"c":[0.3,1],"features":["word"]},"search":{"folds":2}}`
	for at := 1; ; at += 3 {
		h := newHouse(t, 1)
		job := h.upload(t, tenant, "intents", csv(60, 14), quick)
		f := &faults{at: at, lost: at%2 == 0}
		flaky := h.flaky(f)
		flaky.steps.Unit = 1
		if err := flaky.run(ending{t.Context(), h}, tenant, job.ID); err != nil {
			t.Fatalf("call %d: %v", at, err)
		}
		h.checkOneVersion(t, job.ID)
		if f.calls < at {
			return // past the last call of a run
		}
	}
}

// slowFits is a store by whose clock each fit of Finish takes two minutes.
type slowFits struct {
	registry.Store
	clock *atomic.Int64
}

func (s slowFits) Write(ctx context.Context, token string, writes ...registry.Write) error {
	for _, w := range writes {
		if strings.Contains(string(w.Record.Body), `"message":"fitting the`) {
			s.clock.Add(int64(2 * time.Minute))
		}
	}
	return s.Store.Write(ctx, token, writes...)
}

// A fit that took long is kept also while there is time: should what follows
// fail, it is not done again.
func TestSteps_LongFitsAreKept(t *testing.T) {
	h := newHouse(t, 1)
	job := h.upload(t, tenant, "intents", csv(60, 23), `{"params":{"c":[1],"features":["word"]},"search":{"folds":2}}`)
	jobs := *h.jobs
	jobs.Store = slowFits{h.store, h.clock}
	h.steps.Jobs = &jobs
	if err := h.run(t.Context(), tenant, job.ID); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"evaluation", "served"} {
		if _, _, err := h.models.Get(t.Context(), fmt.Sprintf("work/local/%s/fitted/1/%s.safetensors", job.ID, name)); err != nil {
			t.Errorf("the %s model is not kept: %v", name, err)
		}
	}
	if h.handed != 0 {
		t.Errorf("handed over %d times, want none without a deadline", h.handed)
	}
}
