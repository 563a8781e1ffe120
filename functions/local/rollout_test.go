package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"godwit/functions/local/stage"
)

// rollout calls the API about the sample's model.
type rollout struct {
	*testing.T
	at stage.Ready
}

// want makes a call about the model, with a condition such as "If-Match: *" or
// none, wants its status and returns the answer.
func (r rollout) want(status int, method, path, condition, body string) map[string]any {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, r.at.API+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.at.APIKey)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if name, value, ok := strings.Cut(condition, ": "); ok {
		req.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		r.Fatal(err)
	}
	if answer.StatusCode != status {
		r.Fatalf("%s %s = %d %s, want %d", method, path, answer.StatusCode, text, status)
	}
	out := map[string]any{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			r.Fatalf("%s %s: %q: %v", method, path, text, err)
		}
	}
	return out
}

// again trains the model anew on its data and waits for version 2.
func (r rollout) again() {
	r.Helper()
	sets := r.want(200, "GET", "/v1/datasets", "", "")["items"].([]any)
	id := sets[0].(map[string]any)["id"]
	body := fmt.Sprintf(`{"model":%q,"dataset":%q,"algorithm":"linear-svm","params":{"c":[1]},"promote_to":"none","seed":3}`, sampleModel, id)
	r.want(202, "POST", "/v1/training-jobs", "", body)
	for began := time.Now(); r.want(200, "GET", "/v1/models/"+sampleModel, "", "")["latest"] != 2.0; {
		if time.Since(began) > trainsWithin {
			r.Fatalf("no version 2 within %v", trainsWithin)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// A rollout from end to end, on the deployed binaries and a real table: a second
// version behind an alias, a route between both, a promotion, its rollback, and
// deletions that wait for the pointers.
func TestServe_Rollout(t *testing.T) {
	r := rollout{t, launch(t, t.TempDir(), "serve").serving(t)}
	championOf(t, r.at)
	r.again()
	model := "/v1/models/" + sampleModel
	r.want(200, "PUT", model+"/aliases/challenger", "If-None-Match: *", `{"version":2}`)
	r.want(200, "PUT", model+"/route", "If-None-Match: *",
		`{"targets":[{"ref":"@champion","weight":1},{"ref":"@challenger","weight":1}],"shadow":[{"ref":"versions/2","percent":50}],"sticky":{"by":"context.user"}}`)
	seen := map[any]any{}
	for i := range 40 {
		body := fmt.Sprintf(`{"inputs":["where is my parcel"],"context":{"user":"user-%d"}}`, i%20)
		answer := r.want(200, "POST", model+"/predict", "", body)
		user := i % 20
		if was, known := seen[user]; known && was != answer["variant"] {
			t.Errorf("user-%d is answered by %v, then by %v", user, was, answer["variant"])
		}
		seen[user] = answer["variant"]
		seen[answer["variant"]] = answer["version"]
	}
	if seen["champion"] != 1.0 || seen["challenger"] != 2.0 {
		t.Errorf("champion is version %v and challenger %v, want 1 and 2, both asked", seen["champion"], seen["challenger"])
	}
	compared := r.want(200, "GET", model+"/compare?candidate=challenger", "", "")
	if compared["comparable"] != true || len(compared["test"].([]any)) == 0 || len(compared["classes"].([]any)) == 0 {
		t.Errorf("compare = %v, want figures of the same held-out rows", compared)
	}
	r.want(200, "PUT", model+"/aliases/champion", `If-Match: "1"`, `{"version":2}`)
	r.want(412, "PUT", model+"/aliases/champion", `If-Match: "1"`, `{"version":1}`)
	if back := r.want(200, "POST", model+"/aliases/champion/rollback", "", ""); back["version"] != 1.0 || back["revision"] != 3.0 {
		t.Errorf("rollback = %v, want version 1 at revision 3", back)
	}
	r.want(409, "DELETE", model+"/versions/2", "", "")
	r.want(409, "DELETE", model+"/aliases/challenger", "If-Match: *", "")
	r.want(204, "DELETE", model+"/route", `If-Match: "1"`, "")
	r.want(204, "DELETE", model+"/aliases/challenger", "If-Match: *", "")
	r.want(204, "DELETE", model+"/versions/2", "", "")
	r.want(404, "GET", model+"/versions/2", "", "")
	r.want(409, "DELETE", model, "", "")
	r.want(204, "DELETE", model+"/aliases/champion", "If-Match: *", "")
	r.want(204, "DELETE", model, "", "")
	r.want(404, "GET", model, "", "")
}
