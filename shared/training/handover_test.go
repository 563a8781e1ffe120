package training_test

import (
	"context"
	"fmt"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/blob"
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

// A job whose functions end after each block of classes comes to the same bytes
// as one that is done at one go, whatever a block is.
func TestSteps_HandOverChangesNothing(t *testing.T) {
	text, words := csv(240, 21), `{"params":{"c":[0.3,1,3],"features":["word"]},"search":{"folds":2}}`
	for _, tc := range []struct {
		name, data, settings string
		unit                 float64
		workers              int
		want                 int // times a step hands over, -1 at least ten
	}{
		// Two folds and two fits of three classes each; a fit also hands over
		// between its last block and what follows.
		{"class by class", text, words, 1, 1, 2*2 + 2*3},
		{"two classes, then one", text, words, 1, 2, 2*1 + 2*2},
		{"at one go", text, words, 0, 1, 2},
		{"without a refit", text, `{"params":{"c":[1],"features":["word"]},"search":{"folds":2},"split":{"refit":false}}`, 1, 1, 2*2 + 3},
		{"logistic", text, `{"params":{"c":[1,3],"features":["word"],"learner":"logistic"},"search":{"folds":2}}`, 1, 1, 2*2 + 2*3},
		{"a table of two classes, one problem", table(240, 21, false), `{"params":{"c":[0.3,1],"features":["plain"],"learner":"logistic"},"search":{"folds":2}}`, 1, 1, 2},
		{"numbers", table(240, 21, true), `{"params":{"c":[0.3,1],"features":["plain"]},"search":{"folds":2}}`, 1, 1, 2},
		{"halving", text, `{"search":{"strategy":"halving","folds":3}}`, 1, 2, -1},
		{"auto", text, "", 1, 2, -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := newHouse(t, 2).handedOver(t, t.Context(), tc.data, tc.settings)
			h := newHouse(t, tc.workers)
			h.steps.Unit = tc.unit
			got := h.handedOver(t, ending{t.Context(), h}, tc.data, tc.settings)
			if h.handed != tc.want && (tc.want >= 0 || h.handed < 10) {
				t.Errorf("handed over %d times, want %d (-1: at least ten)", h.handed, tc.want)
			}
			if got != want {
				t.Errorf("in blocks: %s\nat one go: %s", got, want)
			}
		})
	}
}

// handedOver runs a job to its version and returns what that came to.
func (h *house) handedOver(t *testing.T, ctx context.Context, data, settings string) string {
	t.Helper()
	job := h.upload(t, tenant, "intents", data, settings)
	if err := h.run(ctx, tenant, job.ID); err != nil {
		t.Fatalf("run: %v", err)
	}
	h.checkEvents(t, job.ID, 7)
	return h.outcome(t, job.ID)
}

// outcome holds that a job came to one version and returns what that is.
func (h *house) outcome(t *testing.T, job string) string {
	t.Helper()
	h.checkOneVersion(t, job)
	v, err := h.jobs.Registry.Version(t.Context(), tenant, "intents", 1)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(v.Artifact.Digest, v.Evaluation.Digest, v.Test, v.CV)
}

// A block of classes that is lost or damaged between two functions is made
// again, and changes nothing.
func TestSteps_LostBlocksAreMadeAgain(t *testing.T) {
	data, settings := csv(240, 21), `{"params":{"c":[0.3,1],"features":["word"]},"search":{"folds":2}}`
	want := newHouse(t, 2).handedOver(t, t.Context(), data, settings)
	for _, damage := range []bool{false, true} {
		h := newHouse(t, 1)
		h.steps.Unit = 1
		lost := map[string]bool{}
		h.between = func() {
			for _, key := range h.blocks(t) {
				if lost[key] {
					continue
				}
				lost[key] = true // once each, so that the job ends
				if damage {
					h.putModel(t, key, "no part")
				} else if err := h.models.Delete(t.Context(), key); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := h.handedOver(t, ending{t.Context(), h}, data, settings); got != want {
			t.Errorf("damaged: %v: after losses: %s\nat one go: %s", damage, got, want)
		}
		if len(lost) != 2*3+2*3 { // of two folds and two fits
			t.Errorf("damaged: %v: lost %d blocks, want each of 12 once: %v", damage, len(lost), lost)
		}
	}
}

// blocks lists the blocks of classes that are in the work of jobs.
func (h *house) blocks(t *testing.T) []string {
	t.Helper()
	found, _, err := h.models.List(t.Context(), "work/", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, o := range found {
		if name := path.Base(o.Key); strings.Contains(name, "-") && strings.HasSuffix(name, ".safetensors") && name[0] <= '9' {
			keys = append(keys, o.Key)
		}
	}
	return keys
}

// putModel puts an object into the models bucket.
func (h *house) putModel(t *testing.T, key, body string) {
	t.Helper()
	if _, err := h.models.Put(t.Context(), key, strings.NewReader(body), int64(len(body)), blob.PutOptions{}); err != nil {
		t.Fatal(err)
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
			t.Fatalf("call %d = %+v, %v, want more: %v; a repeated last one joins the blocks again", call, out, err, want)
		}
	}
	want := fmt.Sprintf("work/local/%s/parts/1/0/0/", job.ID)
	for _, key := range h.blocks(t) {
		if !strings.HasPrefix(key, want) {
			t.Errorf("block %s, want it kept under its attempt, %s", key, want)
		}
	}
}

// A hand-over survives the failure of any call, with or without its effect.
func TestSteps_HandOverSurvivesFailures(t *testing.T) {
	for _, tc := range []struct {
		name, data, settings string
		stride               int // between the calls that fail
	}{
		{"linear", csv(60, 14), `{"params":{"c":[0.3,1],"features":["word"]},"search":{"folds":2}}`, 3},
		{"network", shapes(6, 12, 3), `{"params":{"epochs":2,"features":["plain"]},"search":{"folds":2}}`, 9},
	} {
		t.Run(tc.name, func(t *testing.T) {
			run := taped(t, tc.data, tc.settings, true)
			for at := 1; at <= run.calls; at += tc.stride {
				h, err := run.resume(t.Context(), &faults{at: at, lost: at%2 == 0})
				if err != nil {
					t.Fatalf("call %d: %v", at, err)
				}
				h.checkOneVersion(t, run.job)
			}
		})
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
		if _, _, err := h.models.Get(t.Context(), fmt.Sprintf("work/local/%s/fitted/1/%s-0.safetensors", job.ID, name)); err != nil {
			t.Errorf("the %s model is not kept: %v", name, err)
		}
	}
	if h.handed != 0 {
		t.Errorf("handed over %d times, want none without a deadline", h.handed)
	}
}
