package main

import (
	"fmt"
	"strings"
	"testing"
)

// A training that is spread over functions by classes, on the deployed programs
// and the repository's state machine, comes to the bytes of the sample's own,
// which one function made, and tells of the functions. Two of them are killed, one
// before its work and one after it.
func TestServe_SpreadTraining(t *testing.T) {
	kills := t.TempDir()
	r := rollout{t, launchWith(t, t.TempDir(), withMortalTrainer(t, kills), "serve").serving(t)}
	championOf(t, r.at)
	condemn(t, kills, "block")
	sets := r.want(200, "GET", "/v1/datasets", "", "")["items"].([]any)
	body := fmt.Sprintf(`{"model":%q,"dataset":%q,"engine":"classes","promote_to":"none"}`, sampleModel, sets[0].(map[string]any)["id"])
	job := r.want(202, "POST", "/v1/training-jobs", "", body)["id"].(string)
	done, err := follow(t.Context(), newClient(r.at), sampleModel, func(step) {})
	if err != nil || done.Version != 2 {
		t.Fatalf("the job = %+v, %v, want version 2", done, err)
	}
	model := "/v1/models/" + sampleModel + "/versions/"
	if one, spread := r.want(200, "GET", model+"1", "", "")["digest"], r.want(200, "GET", model+"2", "", "")["digest"]; one != spread {
		t.Errorf("digest %v when spread, %v by one function", spread, one)
	}
	allStruck(t, kills)
	told := map[string]bool{}
	for _, e := range r.events(job) {
		if e, ok := strings.CutSuffix(e, " functions side by side"); ok {
			told[strings.Fields(e)[0]] = true
		}
	}
	if !told["the"] || !told["word"] && !told["union"] {
		t.Errorf("events tell of %v side by side, want the fits and tasks of the search", told)
	}
}

// events returns the messages of a job's events.
func (r rollout) events(job string) []string {
	r.Helper()
	var all []string
	for path := "/v1/training-jobs/" + job + "/events?limit=100"; path != ""; {
		page := r.want(200, "GET", path, "", "")
		for _, e := range page["items"].([]any) {
			all = append(all, e.(map[string]any)["message"].(string))
		}
		next, _ := page["next_page_token"].(string)
		path = ""
		if next != "" {
			path = "/v1/training-jobs/" + job + "/events?limit=100&page_token=" + next
		}
	}
	return all
}
