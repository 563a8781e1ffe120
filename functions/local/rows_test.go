package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A training whose rows are divided over functions, on the deployed programs and
// the repository's state machine, answers like any other and takes its alias.
// Trainers that are killed before and after their work change nothing: the digest
// is that of the job before. (That any call of any step may fail is tested in
// package training, without the waits of the state machine.)
func TestServe_RowsTraining(t *testing.T) {
	kills := t.TempDir()
	r := rollout{t, launchWith(t, t.TempDir(), withMortalTrainer(t, kills), "serve").serving(t)}
	championOf(t, r.at)
	sets := r.want(200, "GET", "/v1/datasets", "", "")["items"].([]any)
	const name = "parcels" // a model of its own, so that the first version takes its alias
	body := fmt.Sprintf(`{"model":%q,"dataset":%q,"engine":"rows","params":{"c":[1],"features":["word"]}}`, name, sets[0].(map[string]any)["id"])
	train := func(version int) string {
		t.Helper()
		job := r.want(202, "POST", "/v1/training-jobs", "", body)["id"].(string)
		done, err := follow(t.Context(), newClient(r.at), name, func(step) {})
		if err != nil || done.Version != version {
			t.Fatalf("the job = %+v, %v, want version %d", done, err, version)
		}
		return job
	}
	job := train(1)
	rounds := 0
	for _, e := range r.events(job) {
		if strings.Contains(e, " of 4 shards, gap ") {
			rounds++
		}
	}
	if rounds < 10 {
		t.Errorf("events tell of %d rounds, want 10 at least", rounds)
	}
	for _, kill := range []string{"encode-after", "round-before", "round-after", "reduce-after", "settle-after"} {
		if err := os.WriteFile(filepath.Join(kills, kill), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	train(2)
	model := "/v1/models/" + name + "/versions/"
	if one, killed := r.want(200, "GET", model+"1", "", "")["digest"], r.want(200, "GET", model+"2", "", "")["digest"]; one != killed {
		t.Errorf("digest %v with trainers killed, %v without", killed, one)
	}
	allStruck(t, kills)
	answer := r.want(200, "POST", "/v1/models/"+name+"@champion/predict", "", `{"inputs":["where is my parcel"]}`)
	if got := fmt.Sprint(answer["version"]); got != "1" {
		t.Errorf("@champion answers %v, want version 1", answer)
	}
}
