package trigger_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/shared/batch"
	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/registry"
	"godwit/shared/training"
)

func TestHandle_OpensAJob(t *testing.T) {
	h := newHouse(t)
	h.handle(t, created(bucket, "inbox/local/intents/2026/train data 中文.csv", "v1"))
	got := h.only(t)
	if got.Status != training.Queued || got.Model != "intents" || got.Key != "inbox/local/intents/2026/train data 中文.csv" || got.SourceVersion != "v1" ||
		got.CreatedBy != "upload" || !got.DataTime.Equal(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("job = %+v, want one queued for version v1 of the object", got)
	}
	want := fmt.Sprintf(`{"tenant":"local","job":%q,"attempt":1}`, got.ID)
	if input := h.machine.Input[got.ID+"-1"]; input != want {
		t.Errorf("execution %s-1 got %s, want %s", got.ID, input, want)
	}
	if d := h.dataset(t, got.Dataset); d.Status != training.DatasetReady || d.Filename != "train data 中文.csv" || d.Size != 7 || d.Job != got.ID {
		t.Errorf("data set = %+v, want the object's, ready", d)
	}
}

// An event trains once, however often, in whichever shape and from however
// many senders at once it comes.
func TestHandle_Duplicates(t *testing.T) {
	h := newHouse(t)
	var wg sync.WaitGroup
	for i := range 8 {
		event := created(bucket, "inbox/local/intents/a b.csv", "v1")
		if i%2 == 1 {
			event = record("ObjectCreated:Put", "inbox/local/intents/a+b.csv", "v1")
		}
		wg.Go(func() {
			if err := h.Handle(t.Context(), json.RawMessage(event)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	h.only(t)
}

// Late: the job has run by then, and stays as it is.
func TestHandle_LateDuplicate(t *testing.T) {
	h := newHouse(t)
	event := created(bucket, "inbox/local/intents/a.csv", "v1")
	h.handle(t, event)
	job := h.only(t)
	if _, err := h.Jobs.Close(t.Context(), tenant, job.ID, training.Failed, training.JobError{Code: "input"}); err != nil {
		t.Fatal(err)
	}
	h.handle(t, event)
	if got := h.only(t); got.Status != training.Failed {
		t.Errorf("job = %+v, want it failed as before", got)
	}
}

// What makes another job: another version, key or tenant, and without versions
// other content.
func TestHandle_Distinct(t *testing.T) {
	h := newHouse(t)
	unversioned := created(bucket, "inbox/local/intents/a.csv", "")
	events := []string{
		created(bucket, "inbox/local/intents/a.csv", "v1"), created(bucket, "inbox/local/intents/a.csv", "v2"),
		created(bucket, "inbox/local/intents/b.csv", "v1"), created(bucket, "inbox/acme/intents/a.csv", "v1"),
		unversioned, strings.Replace(unversioned, `"e1"`, `"e2"`, 1),
	}
	for range 2 {
		for _, event := range events {
			h.handle(t, event)
		}
	}
	if n := len(h.machine.Names()); n != len(events) {
		t.Errorf("%d executions, want %d", n, len(events))
	}
	if n := len(h.list(t, "acme")); n != 1 {
		t.Errorf("%d jobs of acme, want 1", n)
	}
}

// What nothing can be done with is dropped: it would come back for ever.
func TestHandle_Drops(t *testing.T) {
	for _, tc := range []struct{ name, event string }{
		{"no event at all", `{"hello":"world"}`},
		{"another bucket", created("godwit-models", "inbox/local/intents/a.csv", "v1")},
		{"no bucket", created("", "inbox/local/intents/a.csv", "v1")},
		{"another folder", created(bucket, "work/local/intents/a.csv", "v1")},
		{"a tenant that is none", created(bucket, "inbox/Local/intents/a.csv", "v1")},
		{"a tenant upwards", created(bucket, "inbox/../intents/a.csv", "v1")},
		{"a tenant with a separator", created(bucket, "inbox/local#x/intents/a.csv", "v1")},
		{"an encoded tenant on the bus", created(bucket, "inbox/%6Cocal/intents/a.csv", "v1")},
		{"no file", created(bucket, "inbox/local/intents/", "v1")},
		{"no model and no file", created(bucket, "inbox/local/", "v1")},
		{"a folder that is no model's", created(bucket, "inbox/local/Intents/", "v1")},
		{"a tenant alone", created(bucket, "inbox/local", "v1")},
		{"a name that is none of a tenant that is none", created(bucket, "inbox/Local/Intents/a.csv", "v1")},
		{"a folder", created(bucket, "inbox/local/intents/2026/", "v1")},
		{"no key", created(bucket, "", "v1")},
		{"a data set nobody announced", created(bucket, "datasets/local/ds_unknown/a.csv", "v1")},
		{"a data set's id that is none", created(bucket, "datasets/local/../a.csv", "v1")},
		{"a removal", record("ObjectRemoved:Delete", "inbox/local/intents/a.csv", "v1")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t)
			h.handle(t, tc.event)
			if jobs, started := h.list(t, tenant), h.machine.Names(); len(jobs)+len(started) > 0 {
				t.Errorf("jobs = %+v, executions = %q, want none", jobs, started)
			}
		})
	}
}

// Settings that cannot be used will not become better by delivering again: the
// owner is told by a job, and finds the data set to train once they are mended.
func TestHandle_StoredSettings(t *testing.T) {
	for _, tc := range []struct {
		name, settings string
		executions     int
		want           string // the reason
	}{
		{"the model's own", `{"seed":7}`, 1, ""},
		{"of another kind", `{"seed":"seven"}`, 0, "input"},
		{"out of range", `{"split":{"test":2}}`, 0, "input"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t)
			if _, err := h.Jobs.Registry.CreateModel(t.Context(), tenant, registry.Model{Name: "intents", Training: json.RawMessage(tc.settings)}); err != nil {
				t.Fatal(err)
			}
			h.handle(t, created(bucket, "inbox/local/intents/a.csv", "v1"))
			jobs := h.list(t, tenant)
			if len(jobs) != 1 || reason(jobs[0]) != tc.want || tc.want == "" && string(jobs[0].Settings) != tc.settings || len(h.machine.Names()) != tc.executions {
				t.Fatalf("jobs = %+v and executions %q, want one job with %s and %d executions", jobs, h.machine.Names(), tc.settings, tc.executions)
			}
			if d := h.dataset(t, jobs[0].Dataset); d.Key != jobs[0].Key || d.Job != jobs[0].ID {
				t.Errorf("data set = %+v, want the object's", d)
			}
		})
	}
}

// What may succeed later is an error, and the next delivery completes it.
func TestHandle_Retries(t *testing.T) {
	inbox := created(bucket, "inbox/local/intents/a.csv", "v1")
	for _, tc := range []struct {
		name    string
		event   string
		trouble func(h *house)
	}{
		{"jobs cannot be written", inbox, func(h *house) { h.store.code, h.store.partition = fault.Unavailable, "#JOB#" }},
		{"data sets cannot be written", inbox, func(h *house) { h.store.code, h.store.partition = fault.Unavailable, "#DATASETS" }},
		{"settings cannot be read", inbox, func(h *house) { h.store.code, h.store.reads, h.store.partition = fault.RateLimited, true, "#MODELS" }},
		{"executions cannot be started", inbox, func(h *house) { h.machine.Refuse = fault.New(fault.Unavailable, "away") }},
		{"our own mistake", inbox, func(h *house) { h.machine.Refuse = errors.New("no ARN") }},
		{"S3's shape", record("ObjectCreated:Put", "inbox/local/intents/a.csv", "v1"), func(h *house) { h.machine.Refuse = fault.New(fault.Unavailable, "away") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t)
			tc.trouble(h)
			if err := h.Handle(t.Context(), json.RawMessage(tc.event)); err == nil {
				t.Fatal("Handle = nil, want an error: the event must come again")
			}
			if n := len(h.machine.Names()); n != 0 {
				t.Errorf("%d executions were started", n)
			}
			h.store.code, h.machine.Refuse = "", nil
			h.handle(t, tc.event)
			if got := h.only(t); got.Status != training.Queued || h.dataset(t, got.Dataset).Job != got.ID {
				t.Errorf("job = %+v, want it queued, with its data set", got)
			}
		})
	}
}

// An announced data set is marked when its file arrives, and trains when the
// announcement said so.
func TestHandle_Datasets(t *testing.T) {
	for _, tc := range []struct {
		name, train, key string
		status           string
		jobs             int
	}{
		{"only kept", "", "datasets/local/ds_1/a.csv", training.DatasetReady, 0},
		{"trained on arrival", "{}", "datasets/local/ds_1/a.csv", training.DatasetReady, 1},
		{"trained with its settings", `{"seed":9}`, "datasets/local/ds_1/a.csv", training.DatasetReady, 1},
		{"another file of its folder", "{}", "datasets/local/ds_1/b.csv", training.DatasetAwaiting, 0},
		{"another tenant's folder", "{}", "datasets/acme/ds_1/a.csv", training.DatasetAwaiting, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t)
			h.announce(t, "ds_1", tc.train)
			for range 2 {
				h.handle(t, created(bucket, tc.key, "v1"))
			}
			d := h.dataset(t, "ds_1")
			if d.Status != tc.status || tc.status == training.DatasetReady && (d.VersionID != "v1" || d.Size != 7) {
				t.Errorf("data set = %+v, want it %s", d, tc.status)
			}
			jobs := h.list(t, tenant)
			if len(jobs) != tc.jobs || len(h.list(t, "acme")) != 0 {
				t.Fatalf("jobs = %+v, want %d", jobs, tc.jobs)
			}
			if tc.jobs == 1 && (jobs[0].Dataset != "ds_1" || string(jobs[0].Settings) != tc.train || jobs[0].Key != tc.key || jobs[0].SourceVersion != "v1") {
				t.Errorf("job = %+v, want it of ds_1 with %s", jobs[0], tc.train)
			}
		})
	}
}

// A data set that a job has read is not ready again because its event is late.
func TestHandle_DatasetReadBefore(t *testing.T) {
	h := newHouse(t)
	h.announce(t, "ds_1", "")
	_, err := h.Jobs.Registry.UpdateDataset(t.Context(), tenant, "ds_1", registry.AnyRev, func(d *registry.Dataset) error {
		d.Status = training.DatasetChecked
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	h.handle(t, created(bucket, "datasets/local/ds_1/a.csv", "v1"))
	if d := h.dataset(t, "ds_1"); d.Status != training.DatasetChecked {
		t.Errorf("status = %s, want %s", d.Status, training.DatasetChecked)
	}
}

func TestHandle_DatasetRetries(t *testing.T) {
	h := newHouse(t)
	h.announce(t, "ds_1", "{}")
	event := created(bucket, "datasets/local/ds_1/a.csv", "v1")
	for _, reads := range []bool{true, false} {
		h.store.code, h.store.reads, h.store.partition = fault.Unavailable, reads, "#DATASETS"
		if err := h.Handle(t.Context(), json.RawMessage(event)); !fault.Is(err, fault.Unavailable) {
			t.Errorf("Handle without data sets (reads fail: %t) = %v, want %s", reads, err, fault.Unavailable)
		}
	}
	h.store.code = ""
	h.handle(t, event)
	h.only(t)
}

// An execution that died closes its job with a reason; what else an execution
// does, its own steps tell.
func TestHandle_Died(t *testing.T) {
	for _, tc := range []struct {
		status string
		want   training.Status
		code   string
	}{
		{"TIMED_OUT", training.Failed, "timeout"},
		{"ABORTED", training.Failed, "aborted"},
		{"FAILED", training.Failed, "internal"},
		{"RUNNING", training.Queued, ""},
		{"SUCCEEDED", training.Queued, ""},
		{"PENDING_REDRIVE", training.Queued, ""},
		{"", training.Queued, ""},
	} {
		t.Run(tc.status, func(t *testing.T) {
			h := newHouse(t)
			h.handle(t, created(bucket, "inbox/local/intents/a.csv", "v1"))
			job := h.only(t)
			for range 2 {
				h.handle(t, changed(tc.status, h.machine.Input[job.ID+"-1"]))
			}
			got := h.only(t)
			if code := reason(got); got.Status != tc.want || code != tc.code {
				t.Errorf("job = %s %q, want %s %q", got.Status, code, tc.want, tc.code)
			}
		})
	}
}

// reason is the code of a job's error.
func reason(j training.Job) string {
	if j.Error == nil {
		return ""
	}
	return j.Error.Code
}

// A batch job of an execution that died is closed by the same event.
func TestHandle_DiedBatch(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	if _, err := h.Jobs.Registry.EnsureModel(ctx, tenant, "intents"); err != nil {
		t.Fatal(err)
	}
	v := registry.Version{Model: "intents", Gate: registry.Gate{Passed: true}, Artifact: registry.Artifact{Key: "artifacts/x", Digest: "sha256:x", Size: 1}}
	if _, err := h.Jobs.Registry.Commit(ctx, tenant, registry.Commit{Token: "commit", Draft: v, Promote: registry.Champion}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Jobs.Uploads.Put(ctx, "batch/local/a.csv", strings.NewReader("text"), 4, blob.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	job, err := h.Batches.Submit(ctx, tenant, batch.Submission{Ref: registry.Reference{Model: "intents"}, Key: "batch/local/a.csv"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		h.handle(t, changed("TIMED_OUT", h.machine.Input[job.ID+"-1"]))
	}
	h.handle(t, changed("FAILED", `{"tenant":"local","job":"`+job.ID[:28]+`a"}`)) // a batch job nobody knows
	if job, err = h.Batches.Job(ctx, tenant, job.ID); err != nil || job.Status != jobs.Failed || job.Error.Code != "timeout" {
		t.Errorf("job = %+v, %v, want failed for its time", job, err)
	}
}

// A job that is over stays as it ended.
func TestHandle_DiedAfterTheEnd(t *testing.T) {
	h := newHouse(t)
	h.handle(t, created(bucket, "inbox/local/intents/a.csv", "v1"))
	job := h.only(t)
	if _, err := h.Jobs.Close(t.Context(), tenant, job.ID, training.Succeeded, training.JobError{}); err != nil {
		t.Fatal(err)
	}
	h.handle(t, changed("FAILED", h.machine.Input[job.ID+"-1"]))
	if got := h.only(t); got.Status != training.Succeeded || got.Error != nil {
		t.Errorf("job = %+v, want it succeeded as before", got)
	}
}

func TestHandle_DiedDrops(t *testing.T) {
	h := newHouse(t)
	h.handle(t, created(bucket, "inbox/local/intents/a.csv", "v1"))
	job := h.only(t)
	for _, input := range []string{"", "null", "[]", `{}`, `{"tenant":"local"}`,
		`{"tenant":"local","job":"tj_mfrggzdfmztwq2lkmfrggzdfmz"}`,
		`{"tenant":"local","job":"../` + job.ID + `"}`,
		`{"tenant":"acme","job":"` + job.ID + `"}`, // another tenant's job is not there
		`{"job":"` + job.ID + `"}`,
	} {
		h.handle(t, changed("FAILED", input))
	}
	if got := h.only(t); got.Status != training.Queued {
		t.Errorf("job = %+v, want it queued as before", got)
	}
}

func TestHandle_DiedRetries(t *testing.T) {
	h := newHouse(t)
	h.handle(t, created(bucket, "inbox/local/intents/a.csv", "v1"))
	job := h.only(t)
	event := changed("FAILED", h.machine.Input[job.ID+"-1"])
	h.store.code, h.store.partition = fault.Unavailable, "#JOB#"
	if err := h.Handle(t.Context(), json.RawMessage(event)); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Handle = %v, want %s", err, fault.Unavailable)
	}
	h.store.code = ""
	h.handle(t, event)
	if got := h.only(t); got.Status != training.Failed {
		t.Errorf("job = %+v, want it failed", got)
	}
}
