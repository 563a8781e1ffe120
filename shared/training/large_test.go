package training_test

import (
	"fmt"
	"strings"
	"testing"

	"godwit/shared/jobs"
	"godwit/shared/ml/pipeline"
	"godwit/shared/training"
)

// sizeOf trains within a cap and returns the job's house, its report, which has the
// size of the artifact, the job, and the error that it came to.
func sizeOf(t *testing.T, rows int, settings string, cap int64) (*house, training.Report, training.Job, error) {
	t.Helper()
	h := newHouse(t, 2)
	h.steps.ModelBytes = cap
	job := h.upload(t, tenant, "intents", csv(rows, 17), settings)
	err := h.run(t.Context(), tenant, job.ID)
	job, jobErr := h.jobs.Job(t.Context(), tenant, job.ID)
	if jobErr != nil {
		t.Fatal(jobErr)
	}
	if err != nil {
		return h, training.Report{}, job, err
	}
	v, err := h.jobs.Registry.Version(t.Context(), tenant, "intents", job.Version)
	if err != nil {
		t.Fatal(err)
	}
	return h, stored[training.Report](t, h, v.ReportKey), job, nil
}

// A model that would be too large to serve is fitted without its rare terms, as
// few of them as it takes, and says so.
func TestSteps_TooLargeRaisesTheFloor(t *testing.T) {
	const settings = `{"params":{"c":[1],"features":["union"]},"search":{"folds":2}}`
	_, full, _, err := sizeOf(t, 600, settings, 0)
	if err != nil {
		t.Fatal(err)
	}
	if full.Warnings != nil {
		t.Errorf("warnings of a model within the caps: %v", full.Warnings)
	}
	for _, share := range []int64{95, 70, 40} {
		h, report, job, err := sizeOf(t, 600, settings, full.Sizes["artifact"]*share/100)
		if err != nil {
			t.Fatalf("%d %% of the size: %v", share, err)
		}
		if got := report.Sizes["artifact"]; got > full.Sizes["artifact"]*share/100 || len(report.Warnings) != 1 {
			t.Errorf("%d %% of %d: %d bytes, warnings %v, want within and one", share, full.Sizes["artifact"], got, report.Warnings)
		}
		told := false
		for _, e := range h.events(t, job.ID) {
			told = told || strings.HasPrefix(e.Message, "warning: ")
		}
		if !told {
			t.Errorf("%d %%: no event warns", share)
		}
		h.checkOneVersion(t, job.ID)
		h.checkEvents(t, job.ID, 7)
	}
}

// What an estimate lets through and the file then is too large for is found too,
// and a hand-over does not forget it.
func TestSteps_TooLargeIsRemembered(t *testing.T) {
	h := newHouse(t, 1)
	_, full, _, err := sizeOf(t, 600, `{"params":{"c":[1],"features":["union"]},"search":{"folds":2}}`, 0)
	if err != nil {
		t.Fatal(err)
	}
	h.steps.Unit, h.steps.ModelBytes = 1, full.Sizes["artifact"]*70/100
	job := h.upload(t, tenant, "intents", csv(600, 17), `{"params":{"c":[1],"features":["union"]},"search":{"folds":2}}`)
	if err := h.run(ending{t.Context(), h}, tenant, job.ID); err != nil {
		t.Fatal(err)
	}
	_, once, _, err := sizeOf(t, 600, `{"params":{"c":[1],"features":["union"]},"search":{"folds":2}}`, full.Sizes["artifact"]*70/100)
	if err != nil {
		t.Fatal(err)
	}
	v, err := h.jobs.Registry.Version(t.Context(), tenant, "intents", 1)
	if err != nil || v.Artifact.Digest != once.Artifact {
		t.Errorf("artifact %v in pieces, %v at one go (%v)", v.Artifact.Digest, once.Artifact, err)
	}
}

// A model that no floor makes small enough ends its job with what to do about
// it, and is not tried again.
func TestSteps_ModelTooLarge(t *testing.T) {
	for _, tc := range []struct{ name, settings, want string }{
		{"texts", `{"params":{"c":[1],"features":["word"]},"search":{"folds":2}}`, "even without the terms of fewer than 1000 rows: ask for fewer features with params.features"},
		{"hashed", `{"params":{"c":[1],"features":["word"],"hash_bits":12},"search":{"folds":2}}`, "even without"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, job, err := sizeOf(t, 600, tc.settings, 500)
			if jobs.ErrorType(err) != training.TypeInput {
				t.Fatalf("a model over the caps = %v, want an input error", err)
			}
			if job.Status != training.Failed || !strings.Contains(job.Error.Message, tc.want) {
				t.Errorf("job = %+v (%+v), want failed with a way out", job, job.Error)
			}
		})
	}
	h := newHouse(t, 1)
	h.steps.ModelBytes = 100
	job := h.upload(t, tenant, "intents", table(200, 3, false), `{"params":{"features":["plain"],"c":[1]}}`)
	if err := h.run(t.Context(), tenant, job.ID); jobs.ErrorType(err) != training.TypeInput || strings.Contains(fmt.Sprint(err), "even without") {
		t.Errorf("a table over the caps = %v, want an input error that speaks of no floor", err)
	}
}

// Weights are pruned as far as leaves the answers to out-of-fold rows alone, and
// the report says how far that was.
func TestSteps_Pruning(t *testing.T) {
	for _, tc := range []struct {
		name string
		rows int
		want func(p *pipeline.Pruning) bool
	}{
		{"few rows", 300, func(p *pipeline.Pruning) bool { return p.Below == pipeline.DefaultPruneBelow && p.Rows < 300 }},
		{"enough rows", 3000, func(p *pipeline.Pruning) bool { return p.Same*1000 >= p.Rows*998 && p.Rows > 2600 && p.Below > .001 }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 2)
			v := h.trained(t, csv(tc.rows, 5), `{"params":{"c":[1],"features":["union"]},"search":{"folds":2}}`)
			p := stored[training.Report](t, h, v.ReportKey).Pruning
			if p == nil || !tc.want(p) {
				t.Fatalf("pruning = %+v", p)
			}
			m := h.model(t, v.Artifact)
			if got := m.Manifest().Settings.PruneBelow; got != p.Below {
				t.Errorf("manifest prunes below %v, report says %v", got, p.Below)
			}
		})
	}
}
