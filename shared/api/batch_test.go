package api_test

import (
	"log/slog"
	"strings"
	"testing"

	"godwit/shared/api"
	"godwit/shared/batch"
	"godwit/shared/blob"
	"godwit/shared/registry"
)

// openBatch asks for a job on an object and returns its id.
func (s *stage) openBatch(t testing.TB, body m) string {
	t.Helper()
	return s.want(t, 202, call{method: "POST", path: "/v1/batch-jobs", body: body})["id"].(string)
}

// runBatch takes a job through its steps, as the state machine would.
func (s *stage) runBatch(t testing.TB, id string) {
	t.Helper()
	steps := &batch.Steps{
		Jobs: s.deps.Batches, Uploads: s.uploads, Models: s.models, Serving: s.deps.Serving, Render: api.AppendResult,
		Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	}
	chunks := []batch.Item{{Chunk: 0}} // for score: the files here are of one
	for _, step := range []string{"split", "score", "merge"} {
		if _, err := steps.Run(t.Context(), batch.StepInput{Step: step, Tenant: "acme", Job: id, Attempt: 1, Items: chunks}); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
}

// TestBatchJobs follows a job from the request to its files.
func TestBatchJobs(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.put(t, s.uploads, "batch/acme/rows.csv", "id,text\na,where is my card\nb,x,y\nc,what is the exchange rate\n")
	w := s.do(t, call{method: "POST", path: "/v1/batch-jobs", body: m{
		"model": "intents@champion", "input": m{"key": "batch/acme/rows.csv"}, "parameters": m{"top_k": 2, "min_score": .1, "coverage": .9, "explain": true},
	}})
	if w.Code != 202 || w.Header().Get("Retry-After") != "1" || !strings.HasPrefix(w.Header().Get("Location"), "/v1/batch-jobs/bj_") {
		t.Fatalf("POST = %d %v %s", w.Code, w.Header(), w.Body)
	}
	path := w.Header().Get("Location")
	got := s.want(t, 200, call{method: "GET", path: path})
	if got["status"] != "queued" || got["version"] != 1.0 || got["variant"] != "champion" || got["outputs"] != nil || got["input"].(m)["key"] != "batch/acme/rows.csv" {
		t.Errorf("job = %v, want it queued on version 1", got)
	}
	id := strings.TrimPrefix(path, "/v1/batch-jobs/")
	s.runBatch(t, id)

	got = s.want(t, 200, call{method: "GET", path: path})
	if c := got["counts"].(m); got["status"] != "succeeded" || c["rows"] != 3.0 || c["ok"] != 2.0 || c["failed"] != 1.0 || got["progress"] != 1.0 {
		t.Fatalf("job = %v, want two rows and an error", got)
	}
	if labels := got["summary"].(m)["labels"].([]any); len(labels) != 2 || labels[0].(m)["rows"] != 1.0 {
		t.Errorf("summary = %v", got["summary"])
	}
	outputs := got["outputs"].(m)
	file := outputs["results"].([]any)[0].(m)
	if file["filename"] != "results.jsonl" || file["rows"] != 2.0 || !strings.Contains(file["url"].(string), "batch/acme/"+id+"/results.jsonl") || len(outputs["errors"].([]any)) != 1 {
		t.Errorf("outputs = %v", outputs)
	}
	data, err := blob.ReadAll(t.Context(), s.models, "batch/acme/"+id+"/results.jsonl", 1<<20)
	if err != nil || !strings.HasPrefix(string(data), `{"record":1,"line":2,"id":"a","version":1,"label":"card","score":`) || !strings.Contains(string(data), `"explanation":{"method":"linear"`) {
		t.Errorf("results = %s, %v, want the answers of a prediction", data, err)
	}
	if list := s.want(t, 200, call{method: "GET", path: "/v1/batch-jobs?model=intents&status=succeeded"})["items"].([]any); len(list) != 1 || list[0].(m)["outputs"] != nil {
		t.Errorf("list = %v, want the job without URLs", list)
	}
	s.problem(t, 409, "job_final", call{method: "POST", path: path + "/cancel"})
	s.advance(batch.Kept + 1)
	if got := s.want(t, 200, call{method: "GET", path: path}); got["outputs"] != nil {
		t.Errorf("outputs after 30 days = %v, want null", got["outputs"])
	}
}

func TestBatchJobs_cancel(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.put(t, s.uploads, "batch/acme/rows.csv", "text\na\n")
	id := s.openBatch(t, m{"model": "intents", "input": m{"key": "batch/acme/rows.csv"}})
	for range 2 {
		got := s.want(t, 200, call{method: "POST", path: "/v1/batch-jobs/" + id + "/cancel"})
		if got["status"] != "cancelled" || got["finished_at"] == nil {
			t.Errorf("cancelled = %v", got)
		}
	}
}

func TestBatchJobs_refusals(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.publish(t, "rival", "theirs")
	for _, key := range []string{"batch/acme/rows.csv", "batch/rival/rows.csv", "inbox/acme/intents/rows.csv", "work/acme/x", "batch/acme2/rows.csv"} {
		s.put(t, s.uploads, key, "text\na\n")
	}
	dataset := func(tenant registry.Tenant, id, model string) {
		_, err := s.registry.CreateDataset(t.Context(), tenant, registry.Dataset{ID: id, Model: registry.Name(model), Key: "datasets/" + string(tenant) + "/" + id + "/a.csv", Status: "awaiting_upload"})
		if err != nil {
			t.Fatal(err)
		}
	}
	dataset("acme", "ds_waiting", "intents")
	dataset("acme", "ds_other", "other")
	dataset("rival", "ds_theirs", "theirs")
	own := m{"key": "batch/acme/rows.csv"}
	for _, tc := range []struct {
		name   string
		body   any
		scopes string
		status int
		code   string
	}{
		{"no such model", m{"model": "none", "input": own}, "", 404, "not_found"},
		{"no such version", m{"model": "intents/versions/9", "input": own}, "", 404, "not_found"},
		{"a name that is none", m{"model": "Intents", "input": own}, "", 422, "invalid_field"},
		{"another tenant's model", m{"model": "theirs", "input": own}, "", 404, "not_found"},
		{"no input", m{"model": "intents", "input": m{}}, "", 422, "invalid"},
		{"two inputs", m{"model": "intents", "input": m{"key": "batch/acme/rows.csv", "dataset": "ds_other"}}, "", 422, "invalid"},
		{"an absent object", m{"model": "intents", "input": m{"key": "batch/acme/none.csv"}}, "", 404, "not_found"},
		{"another tenant's object", m{"model": "intents", "input": m{"key": "batch/rival/rows.csv"}}, "", 404, "not_found"},
		{"a tenant whose name begins the same", m{"model": "intents", "input": m{"key": "batch/acme2/rows.csv"}}, "", 404, "not_found"},
		{"upwards", m{"model": "intents", "input": m{"key": "batch/acme/../rival/rows.csv"}}, "", 404, "not_found"},
		{"encoded", m{"model": "intents", "input": m{"key": "batch/acme/%2e%2e/rival/rows.csv"}}, "", 404, "not_found"},
		{"another folder", m{"model": "intents", "input": m{"key": "work/acme/x"}}, "", 404, "not_found"},
		{"the inbox, which trains", m{"model": "intents", "input": m{"key": "inbox/acme/intents/rows.csv"}}, "", 404, "not_found"},
		{"another tenant's data set", m{"model": "intents", "input": m{"dataset": "ds_theirs"}}, "", 404, "not_found"},
		{"another tenant's data set by key", m{"model": "intents", "input": m{"key": "datasets/rival/ds_theirs/a.csv"}}, "", 404, "not_found"},
		{"not uploaded yet", m{"model": "intents", "input": m{"dataset": "ds_waiting"}}, "", 409, "dataset_awaiting_upload"},
		{"a data set of a model the key may not read", m{"model": "intents", "input": m{"dataset": "ds_other"}}, "predict:intents", 403, "scope_missing"},
		{"the same by key", m{"model": "intents", "input": m{"key": "datasets/acme/ds_other/a.csv"}}, "predict:intents", 403, "scope_missing"},
		{"another model's key", m{"model": "intents", "input": own}, "predict:other", 403, "scope_missing"},
		{"training alone", m{"model": "intents", "input": own}, "train", 403, "scope_missing"},
		{"a format that is none", m{"model": "intents", "input": own, "format": "xlsx"}, "", 422, "invalid"},
		{"explanations in cells", m{"model": "intents", "input": own, "format": "csv", "parameters": m{"explain": true}}, "", 422, "invalid"},
		{"coverage out of range", m{"model": "intents", "input": own, "parameters": m{"coverage": 2}}, "", 422, "invalid_field"},
		{"a field nobody knows", m{"model": "intents", "input": own, "columns": "x"}, "", 400, "unknown_field"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.problem(t, tc.status, tc.code, call{method: "POST", path: "/v1/batch-jobs", body: tc.body, scopes: tc.scopes})
		})
	}
	id := s.openBatch(t, m{"model": "intents", "input": own})
	for _, path := range []string{"/v1/batch-jobs/" + id, "/v1/batch-jobs/bj_none", "/v1/batch-jobs/tj_" + id[3:]} {
		s.problem(t, 404, "not_found", call{method: "GET", path: path, tenant: "rival"})
		s.problem(t, 404, "not_found", call{method: "POST", path: path + "/cancel", tenant: "rival"})
	}
	if items := s.want(t, 200, call{method: "GET", path: "/v1/batch-jobs", scopes: "predict:other"})["items"].([]any); len(items) != 0 {
		t.Errorf("jobs of a model the key may not read are listed: %v", items)
	}
}

// The same key and body is one job and one execution.
func TestBatchJobs_idempotent(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.put(t, s.uploads, "batch/acme/rows.csv", "text\na\n")
	ids := map[string]bool{}
	for range 3 {
		got := s.want(t, 202, call{method: "POST", path: "/v1/batch-jobs", header: map[string]string{"Idempotency-Key": "k1"}, body: m{"model": "intents", "input": m{"key": "batch/acme/rows.csv"}}})
		ids[got["id"].(string)] = true
	}
	if len(ids) != 1 {
		t.Errorf("%d jobs, want one", len(ids))
	}
}
