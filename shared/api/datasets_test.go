package api_test

import (
	"strings"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/training"
)

// Reading another model's data, and marking it as read, takes a right on that model.
func TestTrainingJobs_anotherModelsData(t *testing.T) {
	s := newStage(t)
	w := s.do(t, call{method: "POST", path: "/v1/datasets", body: m{"model": "other", "filename": "a.csv", "size": 3, "sha256": strings.Repeat("0", 64)}})
	id := strings.TrimPrefix(w.Header().Get("Location"), "/v1/datasets/")
	s.put(t, s.uploads, "datasets/acme/"+id+"/a.csv", "abc")
	body := m{"model": "mine", "dataset": id, "report_excerpts": true}
	for _, scopes := range []string{"train:mine", "train:mine predict:other"} {
		s.problem(t, 403, "scope_missing", call{method: "POST", path: "/v1/training-jobs", body: body, scopes: scopes})
	}
	s.problem(t, 404, "not_found", call{method: "POST", path: "/v1/training-jobs", body: body, tenant: "rival"})
	s.problem(t, 404, "not_found", call{method: "POST", path: "/v1/training-jobs", body: m{"model": "mine", "dataset": "ds_absent"}, scopes: "train:mine"})
	s.want(t, 202, call{method: "POST", path: "/v1/training-jobs", body: body, scopes: "train:mine train:other"})
	s.problem(t, 409, "dataset_in_use", call{method: "DELETE", path: "/v1/datasets/" + id})
}

func TestDatasets_delete(t *testing.T) {
	s := newStage(t)
	announce := func() (id, path string) {
		w := s.do(t, call{method: "POST", path: "/v1/datasets", body: m{"model": "intents", "filename": "a.csv", "size": 3, "sha256": strings.Repeat("0", 64)}})
		path = w.Header().Get("Location")
		return strings.TrimPrefix(path, "/v1/datasets/"), path
	}
	id, path := announce()
	key := "datasets/acme/" + id + "/a.csv"
	s.put(t, s.uploads, key, "abc")

	job := s.want(t, 202, call{method: "POST", path: "/v1/training-jobs", body: m{"model": "intents", "dataset": id}})["id"].(string)
	s.problem(t, 409, "dataset_in_use", call{method: "DELETE", path: path})
	if _, err := s.uploads.Stat(t.Context(), key); err != nil {
		t.Errorf("the file a job reads is gone: %v", err)
	}
	s.want(t, 200, call{method: "POST", path: "/v1/training-jobs/" + job + "/cancel"})
	findings := training.Job{Tenant: "acme", Model: "intents", ID: job}.IssuesKey()
	s.put(t, s.models, findings, "{}")

	s.problem(t, 403, "scope_missing", call{method: "DELETE", path: path, scopes: "predict"})
	s.problem(t, 404, "not_found", call{method: "DELETE", path: path, tenant: "rival"})
	s.want(t, 204, call{method: "DELETE", path: path})
	if _, err := s.uploads.Stat(t.Context(), key); !fault.Is(err, fault.NotFound) {
		t.Errorf("Stat of a removed file = %v, want not found", err)
	}
	if _, err := s.models.Stat(t.Context(), findings); !fault.Is(err, fault.NotFound) {
		t.Errorf("Stat of its findings = %v, want not found", err)
	}
	s.problem(t, 404, "not_found", call{method: "GET", path: path})
	s.problem(t, 404, "not_found", call{method: "DELETE", path: path})

	_, path = announce() // and nothing was uploaded
	s.want(t, 204, call{method: "DELETE", path: path})
}

// As much as the largest job reads can be announced.
func TestDatasets_largest(t *testing.T) {
	s := newStage(t)
	body := m{"model": "intents", "filename": "a.csv", "size": training.MaxFileBytes, "sha256": strings.Repeat("0", 64)}
	if got := s.want(t, 201, call{method: "POST", path: "/v1/datasets", body: body}); got["size"] != float64(training.MaxFileBytes) {
		t.Errorf("size = %v, want %d", got["size"], training.MaxFileBytes)
	}
}
