package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// sampleBatch is the job of the sample events of batch.
const sampleBatch = "bj_mfrggzdfmztwq2lkmfrggzdfmz"

// openBatch uploads rows and has train-trigger open a batch job on them.
func (h *house) openBatch(t *testing.T) string {
	t.Helper()
	h.upload(t, "batch/local/rows.csv", "id,text\na,where is my card\nb,x,y\nc,\"is my\ncard lost\"\n")
	request := strictly[events.APIGatewayV2HTTPRequest](t, sample(t, "train-trigger-job.json"))
	request.Body = `{"model":"intents","input":{"key":"batch/local/rows.csv"}}`
	request.RouteKey, request.RawPath = "POST /v1/batch-jobs", "/v1/batch-jobs"
	request.RequestContext.RouteKey, request.RequestContext.HTTP.Path = request.RouteKey, request.RawPath
	request.Headers["content-length"] = fmt.Sprint(len(request.Body))
	var job struct{ ID, Status string }
	h.answer(t, "train-trigger", encode(t, request), http.StatusAccepted, &job)
	if _, input := h.starts.started(); !strings.Contains(input, job.ID) || job.Status != "queued" {
		t.Errorf("the newest execution got %s, want job %s, which is %s", input, job.ID, job.Status)
	}
	return job.ID
}

// batchOf reads a batch job through the registry.
func (h *house) batchOf(t *testing.T, id string) (j batchAnswer) {
	t.Helper()
	h.get(t, "/v1/batch-jobs/"+id, &j)
	return j
}

func driveSplit(t *testing.T, h *house, event []byte) {
	h.batch = h.openBatch(t)
	out := strictly[map[string]any](t, h.invoke(t, "batch", replaced(t, event, sampleBatch, h.batch)))
	if want := "work/local/" + h.batch + "/items.json"; out["items"] != want || out["job"] != h.batch {
		t.Errorf("split = %v, want its items in %s", out, want)
	}
	if j := h.batchOf(t, h.batch); j.Status != "running" || j.Phase != "score" || j.Counts.Rows != 3 {
		t.Errorf("job = %+v, want three rows to score", j)
	}
}

func driveScore(t *testing.T, h *house, event []byte) {
	for range 2 { // a step may run twice
		h.invoke(t, "batch", replaced(t, event, sampleBatch, h.batch))
	}
	if j := h.batchOf(t, h.batch); j.Phase != "merge" || j.Counts.OK != 2 || j.Counts.Failed != 1 {
		t.Errorf("job = %+v, want two good rows and a bad one", j)
	}
}

func driveMerge(t *testing.T, h *house, event []byte) {
	for range 2 {
		if out := strictly[map[string]any](t, h.invoke(t, "batch", replaced(t, event, sampleBatch, h.batch))); out["more"] != false {
			t.Errorf("merge = %v, want it done", out)
		}
	}
	j := h.batchOf(t, h.batch)
	if j.Status != "succeeded" || j.Version != 1 || j.Outputs == nil {
		t.Fatalf("job = %+v, want it succeeded", j)
	}
	results, errors := fetched(t, j.Outputs.Results), fetched(t, j.Outputs.Errors)
	if strings.Count(results, "\n") != 2 || !strings.Contains(results, `"id":"c"`) || !strings.HasPrefix(errors, `{"record":2,"line":3,"id":"b"`) {
		t.Errorf("results %s, errors %s", results, errors)
	}
}

func driveBatchFail(t *testing.T, h *house, event []byte) {
	id := h.openBatch(t)
	h.invoke(t, "batch", replaced(t, event, sampleBatch, id))
	if j := h.batchOf(t, id); j.Status != "failed" || j.Error.Code != "transient" || strings.Contains(j.Error.Message, "child") {
		t.Errorf("job = %+v, want failed as transient, without the caught text", j)
	}
	// The event of an execution that died closes a batch job as well.
	id = h.openBatch(t)
	h.invoke(t, "train-trigger", replaced(t, sample(t, "train-trigger-died.json"), sampleJob, id))
	if j := h.batchOf(t, id); j.Status != "failed" || j.Error.Code != "timeout" {
		t.Errorf("job = %+v, want failed for its time", j)
	}
}
