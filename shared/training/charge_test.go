package training_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/training"
	"godwit/shared/usage"
)

// A finished job is charged to who asked for it, once, however often its last
// step is run.
func TestSteps_chargesTheTime(t *testing.T) {
	h := newHouse(t, 2)
	var tokens atomic.Int64
	now := func() time.Time { return time.Unix(0, h.clock.Add(int64(time.Second))) } // each look at it takes a second
	h.wire(now, func() string { return fmt.Sprint("token", tokens.Add(1)) }, 1)
	h.steps.Usage = &usage.Gatherer{Store: h.store, Now: now}
	job := h.upload(t, tenant, "intents", csv(90, 3), `{"params":{"c":[1],"features":["word"]},"search":{"folds":2}}`)
	ctx := t.Context()
	if err := h.run(ctx, tenant, job.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.steps.Run(ctx, training.StepInput{Step: "finish", Tenant: tenant, Job: job.ID}); err != nil {
		t.Fatalf("finish again: %v", err)
	}
	job, err := h.jobs.Job(ctx, tenant, job.ID)
	if err != nil {
		t.Fatal(err)
	}
	got, err := usage.Month(ctx, h.store, tenant, "upload", job.FinishedAt)
	took := int64(job.FinishedAt.Sub(job.StartedAt) / time.Second)
	// What it takes to note the end of the job may count too.
	if err != nil || took < 5 || got.TrainingSeconds < took || got.TrainingSeconds > took+10 || got.Rows != 0 {
		t.Errorf("used = %+v, %v; want the %d seconds of the job", got, err, took)
	}
}
