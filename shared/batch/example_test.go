package batch_test

import (
	"context"
	"fmt"
	"testing"

	"godwit/shared/batch"
)

// A job is opened on an object and taken through its steps by the state machine.
func Example() {
	t := &testing.T{} // for the fixture only
	h := newHouse(t)
	ctx := context.Background()
	data, err := artifact()
	if err != nil {
		fmt.Println(err)
		return
	}
	h.publishData(ctx, t, "intents", data)
	h.upload(ctx, t, "batch/acme/rows.csv", "id,text\na,where is my card\nb,one,two\nc,exchange rate\n")

	job, err := h.jobs.Submit(ctx, tenant, batch.Submission{Ref: reference("intents"), Key: "batch/acme/rows.csv", By: "key_1"})
	fmt.Println(job.Status, "on version", job.Version, err)
	for _, step := range []string{"split", "score", "merge"} {
		in := batch.StepInput{Step: step, Tenant: tenant, Job: job.ID, Attempt: job.Attempt}
		if step == "score" {
			in.Items = []batch.Item{{Chunk: 0}} // as split has listed them
		}
		if _, err := h.steps.Run(ctx, in); err != nil {
			fmt.Println(err)
		}
	}
	job, err = h.jobs.Job(ctx, tenant, job.ID)
	fmt.Println(job.Status, job.Counts.OK, "of", job.Counts.Rows, err)
	fmt.Println(job.Results[0].Name(), job.Errors[0].Name())
	// Output:
	// queued on version 1 <nil>
	// succeeded 2 of 3 <nil>
	// results.jsonl errors.jsonl
}
