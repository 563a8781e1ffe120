package training_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// between is a store that lets something happen right before the first write of
// a record of jobs.
type between struct {
	registry.Store
	happen func()
}

func (b *between) Write(ctx context.Context, token string, writes ...registry.Write) error {
	if f := b.happen; f != nil && strings.Contains(writes[0].Record.Key.Partition, "#JOB#") {
		b.happen = nil
		f()
	}
	return b.Store.Write(ctx, token, writes...)
}

// held returns a house whose store can be interrupted, and a data set in it.
func held(t *testing.T) (*house, *between, registry.Dataset) {
	t.Helper()
	h := newHouse(t, 1)
	b := &between{Store: h.store}
	h.jobs.Store, h.jobs.Registry.Store = b, b
	data := csv(30, 1)
	info, err := h.uploads.Put(t.Context(), "datasets/local/ds_one/a.csv", strings.NewReader(data), int64(len(data)), blob.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := h.jobs.Registry.CreateDataset(t.Context(), tenant, registry.Dataset{
		ID: "ds_one", Model: "intents", Filename: "a.csv", Key: info.Key, VersionID: info.VersionID, Size: info.Size, Status: training.DatasetReady,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, b, d
}

// A data set that is deleted, wholly or as far as the mark, between the look at
// it and the opening of a job refuses the job at once and leaves nothing of it.
func TestService_Submit_deletedMeanwhile(t *testing.T) {
	for _, whole := range []bool{false, true} {
		t.Run(fmt.Sprintf("whole %v", whole), func(t *testing.T) {
			h, b, d := held(t)
			b.happen = func() {
				condemned, err := h.jobs.Registry.CondemnDataset(t.Context(), d)
				if err == nil && whole {
					err = h.jobs.Registry.DeleteDataset(t.Context(), tenant, d.ID, condemned.Rev)
				}
				if err != nil {
					t.Errorf("the deletion = %v", err)
				}
			}
			job, err := h.jobs.Submit(t.Context(), tenant, training.Submission{Origin: "o", Dataset: d.ID})
			page, listErr := h.jobs.Jobs(t.Context(), tenant, training.JobFilter{}, registry.PageRequest{})
			if !fault.Is(err, fault.NotFound) || listErr != nil || len(page.Items) != 0 || h.machine.Starts != 0 {
				t.Errorf("Submit = %+v, %v, leaving %d jobs and %d executions, %v, want it refused as not found", job, err, len(page.Items), h.machine.Starts, listErr)
			}
		})
	}
}

// A job that is opened first makes the condition of a deletion fail, whatever the
// deletion had looked at before.
func TestService_Submit_beforeADeletion(t *testing.T) {
	h, _, d := held(t)
	job, err := h.jobs.Submit(t.Context(), tenant, training.Submission{Origin: "o", Dataset: d.ID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.jobs.Registry.CondemnDataset(t.Context(), d); !fault.Is(err, fault.PreconditionFailed) {
		t.Errorf("CondemnDataset of what was read before = %v, want its condition to fail", err)
	}
	if d, err = h.jobs.Registry.Dataset(t.Context(), tenant, d.ID); err != nil || d.Job != job.ID {
		t.Errorf("the data set = %+v, %v, want it there and to name job %s", d, err, job.ID)
	}
}

// Whatever else happens to the data set meanwhile is in nobody's way: two jobs
// opened at one moment are both there, and one asked for twice is one.
func TestService_Submit_changedMeanwhile(t *testing.T) {
	for _, tc := range []struct {
		name, other string
		jobs        int
	}{{"another job", "other", 2}, {"the same job", "o", 1}} {
		t.Run(tc.name, func(t *testing.T) {
			h, b, d := held(t)
			b.happen = func() {
				if _, err := h.jobs.Submit(t.Context(), tenant, training.Submission{Origin: tc.other, Dataset: d.ID}); err != nil {
					t.Errorf("the other Submit = %v", err)
				}
			}
			job, err := h.jobs.Submit(t.Context(), tenant, training.Submission{Origin: "o", Dataset: d.ID})
			page, listErr := h.jobs.Jobs(t.Context(), tenant, training.JobFilter{Dataset: d.ID}, registry.PageRequest{})
			if err != nil || job.Status != training.Queued || listErr != nil || len(page.Items) != tc.jobs || len(h.machine.Names()) != tc.jobs {
				t.Errorf("Submit = %+v, %v, leaving %d jobs and executions %q, %v, want %d", job, err, len(page.Items), h.machine.Names(), listErr, tc.jobs)
			}
		})
	}
}

// A data set that never stops changing ends in an answer, not in a loop.
func TestService_Submit_restless(t *testing.T) {
	h, b, d := held(t)
	var again func()
	again = func() {
		if _, err := h.jobs.MarkReady(t.Context(), tenant, d.ID, blob.Info{}); err != nil {
			t.Errorf("MarkReady = %v", err)
		}
		b.happen = again
	}
	b.happen = again
	if _, err := h.jobs.Submit(t.Context(), tenant, training.Submission{Origin: "o", Dataset: d.ID}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Submit = %v, want it to be tried again later", err)
	}
}
