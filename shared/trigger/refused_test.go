package trigger_test

import (
	"encoding/json"
	"strings"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// Whoever puts a file where no model can be named after its folder finds a job that
// has failed and says where to put it; nothing is started or announced, and the
// same event again is the same job.
func TestHandle_Misplaced(t *testing.T) {
	for _, tc := range []struct{ name, key, want string }{
		{"a name that is none", "inbox/local/Intents/a.csv", `"Intents", the folder under inbox/local/, is no name of a model: a model's name has`},
		{"a name that only looks right", "inbox/local/intеnts/a.csv", "is no name of a model"}, // a Cyrillic е
		{"a name upwards", "inbox/local/../a.csv", `"..", the folder`},
		{"a name with a separator", "inbox/local/in#tents/2026/a.csv", `"in#tents", the folder`},
		{"a name of control characters", "inbox/local/a\u202eb/a.csv", `"a\u202eb", the folder`},
		{"a very long name", "inbox/local/" + strings.Repeat("x", 900) + "/a.csv", strings.Repeat("x", 200) + `", the folder`},
		{"no model", "inbox/local/a.csv", `the file "a.csv" is in no model's folder: put it under inbox/local/MODEL/`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t)
			for range 2 {
				h.handle(t, created(bucket, tc.key, "v1"))
			}
			jobs := h.list(t, tenant)
			if len(jobs) != 1 || len(h.machine.Names()) != 0 {
				t.Fatalf("jobs = %+v, executions = %q, want one job and no execution", jobs, h.machine.Names())
			}
			job, err := h.Jobs.Job(t.Context(), tenant, jobs[0].ID)
			if err != nil || job.Status != training.Failed || reason(job) != "input" || !strings.Contains(job.Error.Message, tc.want) || len(job.Error.Message) > 700 ||
				job.Model != "" || job.Dataset != "" || job.Key != tc.key || job.FinishedAt.IsZero() {
				t.Errorf("job = %+v %+v, %v, want it failed with %q", job, job.Error, err, tc.want)
			}
			page, err := h.Jobs.Registry.Datasets(t.Context(), tenant, registry.PageRequest{})
			models, modelErr := h.Jobs.Registry.Models(t.Context(), tenant, registry.PageRequest{})
			if err != nil || modelErr != nil || len(page.Items)+len(models.Items) != 0 {
				t.Errorf("data sets %+v, %v, models %+v, %v, want none", page.Items, err, models.Items, modelErr)
			}
			h.handle(t, created(bucket, "inbox/local/intents/a.csv", "v1"))
			if n := len(h.machine.Names()); n != 1 {
				t.Errorf("%d executions after the file was put right, want 1", n)
			}
		})
	}
}

// A refusal that cannot be noted comes again.
func TestHandle_MisplacedRetries(t *testing.T) {
	h := newHouse(t)
	event := created(bucket, "inbox/local/Intents/a.csv", "v1")
	h.store.code, h.store.partition = fault.Unavailable, "#JOB#"
	if err := h.Handle(t.Context(), json.RawMessage(event)); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Handle = %v, want %s", err, fault.Unavailable)
	}
	h.store.code = ""
	h.handle(t, event)
	if jobs := h.list(t, tenant); len(jobs) != 1 || reason(jobs[0]) != "input" {
		t.Errorf("jobs = %+v, want one that says why", jobs)
	}
}

// An execution whose last state could not be reached, so that the job does not say
// why it failed, tells by its event that this was for a time.
func TestHandle_DiedOutOfReach(t *testing.T) {
	for errorType, want := range map[string]string{"Godwit.Transient": "transient", "Lambda.ServiceException": "transient", "Godwit.Failed": "internal", "Lambda.Unknown": "internal"} {
		h := newHouse(t)
		h.handle(t, created(bucket, "inbox/local/intents/a.csv", "v1"))
		job := h.only(t)
		h.handle(t, strings.Replace(changed("FAILED", h.machine.Input[job.ID+"-1"]), `"status"`, `"error":"`+errorType+`","status"`, 1))
		if got := h.only(t); reason(got) != want {
			t.Errorf("after %s: job = %+v, want it failed as %s", errorType, got.Error, want)
		}
	}
}
