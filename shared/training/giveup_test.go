package training_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/training"
)

// refusing fails to store objects whose keys hold a text.
type refusing struct {
	blob.Store
	at  string
	err error
}

func (r refusing) Put(ctx context.Context, key string, body io.ReadSeeker, size int64, o blob.PutOptions) (blob.Info, error) {
	if strings.Contains(key, r.at) {
		return blob.Info{}, r.err
	}
	return r.Store.Put(ctx, key, body, size, o)
}

// A part of a Map that gives up leaves its true reason with the job's owner, though
// the execution knows only that a part failed.
func TestSteps_RowsGiveUp(t *testing.T) {
	for _, tc := range []struct {
		name      string
		err       error  // of storing what a shard comes to; nil: the function ends without an answer
		died      string // the type of error by which it does, "" when it cannot even tell that
		code, msg string
	}{
		{"a store that stays away", fault.New(fault.Unavailable, "no answer"), "", "transient", "could not be reached for more than 31 seconds"},
		{"what the data is to blame for", fault.New(fault.TooLarge, "the shard is too large: use fewer rows"), "", "input", "the shard is too large: use fewer rows"},
		{"a mistake of ours", fault.New(fault.Internal, "secret"), "", "internal", "report job tj_"},
		{"a function that crashes", nil, "Lambda.Unknown", "internal", "report job tj_"},
		{"a function that is never let begin", nil, "Lambda.TooManyRequestsException", "transient", "submit the data again"},
		{"a function that takes too long", nil, "Sandbox.Timedout", "timeout", "longer than"},
		{"one that cannot tell", nil, "", "transient", "could not be reached"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 1)
			job := h.upload(t, tenant, "intents", csv(60, 3), quickRows)
			in := training.StepInput{Step: "prepare", Tenant: tenant, Job: job.ID, Attempt: 1}
			out, err := h.step(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			in.Step, in.Turn = "census", out.(training.Next).Turn
			died := tc.died
			if tc.err != nil {
				h.steps.Models = refusing{h.models, "/census", tc.err}
				if _, err = h.step(t.Context(), in); err == nil {
					t.Fatal("the shard's step succeeded")
				}
				died = jobs.ErrorType(err)
			}
			in.Step = "fail"
			// What the part's Catch caught, then what the execution's own did.
			for _, caught := range []string{died, "States.ExceedToleratedFailureThreshold"} {
				if caught == "" {
					continue
				}
				in.Error = &training.StepError{Error: caught, Cause: "secret"}
				if _, err := h.step(t.Context(), in); err != nil {
					t.Fatal(err)
				}
			}
			job, err = h.jobs.Job(t.Context(), tenant, job.ID)
			if err != nil || job.Status != training.Failed || job.Error.Code != tc.code || !strings.Contains(job.Error.Message, tc.msg) || strings.Contains(job.Error.Message, "secret") {
				t.Errorf("job = %s %+v, %v, want it failed as %s with %q", job.Status, job.Error, err, tc.code, tc.msg)
			}
		})
	}
}
