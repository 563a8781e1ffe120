package training_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"godwit/shared/jobs"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// A job whose fits are spread over functions side by side comes to the same
// bytes as one that is done at one go; a small one is never spread unless asked.
func TestSteps_SpreadChangesNothing(t *testing.T) {
	data := csv(240, 21)
	settings := func(engine string) string {
		return fmt.Sprintf(`{"engine":%q,"params":{"c":[0.3,1,3],"features":["word"]},"search":{"folds":2}}`, engine)
	}
	want := newHouse(t, 2).handedOver(t, t.Context(), data, settings("one"))
	for _, tc := range []struct {
		engine  string
		unit    float64
		workers int
		want    int // functions that fitted a block
	}{
		{"one", 1, 1, 0},
		{"auto", 0, 1, 0},
		{"auto", 1, 1, 0},        // three blocks: not enough
		{"classes", 0, 1, 4 * 3}, // of two folds and two fits, each of three classes
		{"classes", 0, 2, 4 * 2}, // each block has a class for each worker
		{"classes", 1e18, 1, 4 * 3},
	} {
		t.Run(fmt.Sprintf("%s, unit %g, %d workers", tc.engine, tc.unit, tc.workers), func(t *testing.T) {
			h := newHouse(t, tc.workers)
			h.steps.Unit = tc.unit
			if got := h.handedOver(t, t.Context(), data, settings(tc.engine)); got != want {
				t.Errorf("spread: %s\nat one go: %s", got, want)
			}
			if h.blockwise != tc.want {
				t.Errorf("%d functions fitted a block, want %d", h.blockwise, tc.want)
			}
		})
	}
}

// auto spreads what makes many blocks, and says so in the job's events.
func TestSteps_AutoSpreadsLargeFits(t *testing.T) {
	data := manyClasses(6, 40)
	settings := `{"params":{"c":[1],"features":["word"]},"search":{"folds":2}}`
	want := newHouse(t, 2).handedOver(t, t.Context(), data, settings)
	h := newHouse(t, 1)
	h.steps.Unit = 1
	if got := h.handedOver(t, t.Context(), data, settings); got != want {
		t.Errorf("spread: %s\nat one go: %s", got, want)
	}
	if h.blockwise != 4*6 {
		t.Errorf("%d functions fitted a block, want 24", h.blockwise)
	}
	v, err := h.jobs.Registry.Version(t.Context(), tenant, "intents", 1)
	if err != nil {
		t.Fatal(err)
	}
	if d := stored[training.Report](t, h, v.ReportKey).Distributed; d == nil || d.Engine != "auto" || d.Blocks != 24 || d.Bytes < 24*1000 {
		t.Errorf("report tells of %+v, want 24 blocks and the rows read for each", d)
	}
	told := h.events(t, h.only(t))
	if !slices.ContainsFunc(told, func(e training.Event) bool {
		return strings.Contains(e.Message, "6 of 6 classes, in 6 functions side by side") && e.Values["functions"] == 6
	}) {
		t.Errorf("no event tells of functions side by side: %v", told)
	}
}

// A spread block that is lost or damaged is fitted again, alone.
func TestSteps_LostSpreadBlocks(t *testing.T) {
	data, settings := csv(240, 21), `{"engine":"classes","params":{"c":[1],"features":["word"]},"search":{"folds":2}}`
	want := newHouse(t, 1).handedOver(t, t.Context(), data, settings)
	h := newHouse(t, 1)
	lost := map[string]bool{}
	h.between = func() {
		for _, key := range h.blocks(t) {
			if !lost[key] {
				lost[key] = true
				h.putModel(t, key, "no part")
			}
		}
	}
	if got := h.handedOver(t, t.Context(), data, settings); got != want {
		t.Errorf("after losses: %s\nat one go: %s", got, want)
	}
	if h.blockwise != 2*12 || len(lost) != 12 {
		t.Errorf("%d functions fitted blocks, %d were lost, want each of 12 fitted twice", h.blockwise, len(lost))
	}
}

// Blocks and fits that there are not, and engines, are refused.
func TestSteps_SpreadRefuses(t *testing.T) {
	h := newHouse(t, 1)
	job := h.upload(t, tenant, "intents", csv(120, 3), `{"params":{"c":[1],"features":["word"]},"search":{"folds":2}}`)
	in := training.StepInput{Step: "prepare", Tenant: tenant, Job: job.ID, Attempt: 1}
	if _, err := h.step(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []training.StepInput{
		{Block: 1}, {Block: -1}, {Task: 99}, {Rung: 3}, {Fit: "nothing"}, {Fit: "served"}, // nothing is chosen yet
	} {
		tc.Step, tc.Tenant, tc.Job, tc.Attempt = "block", tenant, job.ID, 1
		if _, err := h.step(t.Context(), tc); jobs.ErrorType(err) != training.TypeInput {
			t.Errorf("block %+v = %v, want an input error", tc, err)
		}
	}
	if _, err := training.ParseSettings([]byte(`{"engine":"columns"}`)); err == nil || !strings.Contains(err.Error(), "/engine") {
		t.Errorf("an unknown engine = %v, want a complaint about /engine", err)
	}
}

// manyClasses returns rows of n classes with a word each of their own.
func manyClasses(n, each int) string {
	var b strings.Builder
	b.WriteString("label,text\n")
	for i := range n * each {
		fmt.Fprintf(&b, "class%d,word%d common%d other%d row %d\n", i%n, i%n, i%7, i%11, i)
	}
	return b.String()
}

// only returns the one job there is.
func (h *house) only(t *testing.T) string {
	t.Helper()
	page, err := h.jobs.Jobs(t.Context(), tenant, training.JobFilter{}, registry.PageRequest{Limit: 10})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("jobs = %v, %v, want one", page.Items, err)
	}
	return page.Items[0].ID
}
