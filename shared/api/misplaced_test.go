package api_test

import (
	"testing"

	"godwit/shared/training"
)

// An upload whose folder names no model is told of among the jobs, to whoever may
// train every model: nobody's right on one model reaches it.
func TestTrainingJobs_ofNoModel(t *testing.T) {
	s := newStage(t)
	job, err := s.deps.Training.Refuse(t.Context(), "acme", training.Submission{Origin: "o", Key: "inbox/acme/Intents/a.csv", By: "upload"},
		training.JobError{Code: "input", Message: "put the file under inbox/acme/MODEL/"})
	if err != nil {
		t.Fatal(err)
	}
	path := "/v1/training-jobs/" + job.ID
	for _, tc := range []struct {
		scopes string
		sees   bool
	}{{"admin", true}, {"train", true}, {"train:intents", false}, {"predict", false}, {"admin:intents predict:other", false}} {
		items := s.want(t, 200, call{method: "GET", path: "/v1/training-jobs", scopes: tc.scopes})["items"].([]any)
		if (len(items) == 1) != tc.sees {
			t.Errorf("with %q: %d jobs listed, want it seen: %v", tc.scopes, len(items), tc.sees)
		}
		for _, p := range []string{path, path + "/events"} {
			if !tc.sees {
				s.problem(t, 403, "scope_missing", call{method: "GET", path: p, scopes: tc.scopes})
				continue
			}
			got := s.want(t, 200, call{method: "GET", path: p, scopes: tc.scopes})
			if p == path && (got["status"] != "failed" || got["model"] != "" || got["error"].(m)["message"] != "put the file under inbox/acme/MODEL/") {
				t.Errorf("GET %s = %v, want it failed with the reason", p, got)
			}
		}
	}
	s.problem(t, 404, "not_found", call{method: "GET", path: path, tenant: "rival"})
	s.problem(t, 409, "job_final", call{method: "POST", path: path + "/cancel"})
}
