package api_test

import (
	"strings"
	"testing"

	"godwit/shared/fault"
)

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

	s.problem(t, 403, "scope_missing", call{method: "DELETE", path: path, scopes: "predict"})
	s.problem(t, 404, "not_found", call{method: "DELETE", path: path, tenant: "rival"})
	s.want(t, 204, call{method: "DELETE", path: path})
	if _, err := s.uploads.Stat(t.Context(), key); !fault.Is(err, fault.NotFound) {
		t.Errorf("Stat of a removed file = %v, want not found", err)
	}
	s.problem(t, 404, "not_found", call{method: "GET", path: path})
	s.problem(t, 404, "not_found", call{method: "DELETE", path: path})

	_, path = announce() // and nothing was uploaded
	s.want(t, 204, call{method: "DELETE", path: path})
}
