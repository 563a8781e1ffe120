package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"godwit/shared/registry"
)

type m = map[string]any

func TestOperations(t *testing.T) {
	s := newStage(t)
	if got := s.want(t, 200, call{method: "GET", path: "/healthz", nobody: true}); got["status"] != "ok" || got["build"] != "test" {
		t.Errorf("healthz = %v", got)
	}
	got := s.want(t, 200, call{method: "GET", path: "/v1/whoami", scopes: "predict train:intents"})
	if fmt.Sprint(got) != "map[key_id:key_test scopes:[predict train:intents] tenant:acme used:map[predictions:0 rows:0 training_seconds:0]]" {
		t.Errorf("whoami = %v", got)
	}
	s.problem(t, 401, "no_key", call{method: "GET", path: "/v1/whoami", nobody: true})
	s.problem(t, 401, "bad_key", call{method: "GET", path: "/v1/whoami", badKey: true})
}

// Routes of API.md that are not there yet, and paths not in their simplest
// form, are 404; a method a resource does not have is 405 with Allow.
func TestRouting(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	for _, path := range []string{
		"/", "/v1", "/v2/", "/v2/models", "/v2/models/intents/versions", "/v1/nothing", "/ping/x", "/hf", "/hf/models",
		"/v1/models/intents/route", "/v1/models/intents/", "/v1//models", "/v1/./models", "/v1/models/../models", "/v1/models/%2e%2e/models",
	} {
		s.problem(t, 404, "not_found", call{method: "GET", path: path})
	}
	for _, tc := range []struct{ method, path, allow string }{
		{"DELETE", "/v1/models", "GET, HEAD, POST"},
		{"PUT", "/v1/models/intents", "DELETE, GET, HEAD, PATCH"},
		{"GET", "/v1/models/intents/predict", "POST"},
		{"GET", "/v1/models/intents/versions/1/explain", "POST"},
		{"DELETE", "/v1/training-jobs", "GET, HEAD, POST"},
		{"POST", "/v1/models/intents/aliases/champion", "DELETE, GET, HEAD, PUT"},
	} {
		w := s.do(t, call{method: tc.method, path: tc.path})
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != tc.allow || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s = %d Allow %q, want 405 %q", tc.method, tc.path, w.Code, w.Header().Get("Allow"), tc.allow)
		}
	}
}

func TestScopes(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	predict := call{method: "POST", path: "/v1/models/intents/predict", body: m{"inputs": "card"}}
	patch := call{method: "PATCH", path: "/v1/models/intents", body: m{}, header: m2("If-Match", "*")}
	job := call{method: "POST", path: "/v1/training-jobs", body: m{"model": "intents", "dataset": "ds_none"}}
	read := call{method: "GET", path: "/v1/models/intents"}
	for _, tc := range []struct {
		scopes string
		call   call
		want   int
	}{
		{"predict", predict, 200}, {"predict:intents", predict, 200}, {"predict:other", predict, 403}, {"train", predict, 403}, {"admin", predict, 200}, {"admin:other", predict, 403},
		{"predict", patch, 403}, {"train", patch, 403}, {"admin:intents", patch, 200},
		{"predict", job, 403}, {"train:other", job, 403}, {"train:intents", job, 404}, {"admin", job, 404},
		{"predict", read, 200}, {"feedback:intents", read, 200}, {"predict:other", read, 403}, {"nonsense", read, 403},
	} {
		tc.call.scopes = tc.scopes
		if w := s.do(t, tc.call); w.Code != tc.want {
			t.Errorf("%s on %s %s = %d %s, want %d", tc.scopes, tc.call.method, tc.call.path, w.Code, w.Body, tc.want)
		}
	}
	s.publish(t, "acme", "other")
	got := s.want(t, 200, call{method: "GET", path: "/v1/models", scopes: "predict:other"})
	if items := got["items"].([]any); len(items) != 1 || items[0].(m)["name"] != "other" {
		t.Errorf("a limited key lists %v, want only other", items)
	}
}

func m2(pairs ...string) map[string]string {
	out := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

func TestModels(t *testing.T) {
	s := newStage(t)
	create := call{method: "POST", path: "/v1/models", body: m{"name": "intents", "description": "d", "tags": m{"team": "a"}, "training": m{"metric": "macro_f1"}}}
	w := s.do(t, create)
	if w.Code != 201 || w.Header().Get("Location") != "/v1/models/intents" || w.Header().Get("ETag") != `"1"` {
		t.Fatalf("create = %d %v %s", w.Code, w.Header(), w.Body)
	}
	s.problem(t, 409, "model_exists", create)

	got := s.want(t, 200, call{method: "GET", path: "/v1/models/intents"})
	if got["latest"] != 0.0 || got["description"] != "d" || fmt.Sprint(got["training"]) != "map[metric:macro_f1]" {
		t.Errorf("model = %v", got)
	}
	if w := s.do(t, call{method: "GET", path: "/v1/models/intents", header: m2("If-None-Match", `"1"`)}); w.Code != 304 {
		t.Errorf("unchanged = %d, want 304", w.Code)
	}
	patch := call{method: "PATCH", path: "/v1/models/intents", body: m{"description": "e"}}
	s.problem(t, 428, "precondition_required", patch)
	for _, stale := range []string{`"2"`, `W/"1"`, `1`, `"1", "2"`, `"x"`} {
		patch.header = m2("If-Match", stale)
		s.problem(t, 412, "precondition_failed", patch)
	}
	patch.header = m2("If-Match", `"1"`)
	if got := s.want(t, 200, patch); got["description"] != "e" || fmt.Sprint(got["tags"]) != "map[team:a]" {
		t.Errorf("patched = %v", got)
	}
	s.problem(t, 404, "not_found", call{method: "PATCH", path: "/v1/models/absent", body: m{}, header: m2("If-Match", "*")})
}

func TestModels_refused(t *testing.T) {
	s := newStage(t)
	for _, tc := range []struct {
		name    string
		body    any
		status  int
		code    string
		pointer string
	}{
		{"no name", m{}, 422, "invalid_field", "/name"},
		{"upper case", m{"name": "Intents"}, 422, "invalid_field", "/name"},
		{"look-alike", m{"name": "іntents"}, 422, "invalid_field", "/name"},
		{"unknown field", `{"name":"a","colour":1}`, 400, "unknown_field", "/colour"},
		{"case of a field", `{"Name":"a"}`, 400, "unknown_field", "/Name"},
		{"duplicate field", `{"name":"a","name":"b"}`, 400, "duplicate_field", "/name"},
		{"duplicate deep down", `{"name":"a","tags":{"x":"1","x":"2"}}`, 400, "duplicate_field", "/tags/x"},
		{"duplicate by escape", `{"name":"a","n\u0061me":"b"}`, 400, "duplicate_field", "/name"},
		{"unknown deep down", `{"name":"a","training":{"split":{"tset":1}}}`, 400, "unknown_field", "/training/split/tset"},
		{"wrong type", `{"name":7}`, 422, "wrong_type", "/name"},
		{"null", `{"name":null}`, 422, "wrong_type", "/name"},
		{"wrong type deep down", `{"name":"a","training":{"params":{"c":["x"]}}}`, 422, "wrong_type", "/training/params/c/0"},
		{"no integer", `{"name":"a","training":{"search":{"folds":2.5}}}`, 422, "wrong_type", "/training/search/folds"},
		{"a setting out of range", m{"name": "a", "training": m{"search": m{"folds": 99}}}, 422, "invalid", "/training/search/folds"},
		{"bidi", m{"name": "a", "description": "a\u202eb"}, 422, "invalid_field", "/description"},
		{"NUL", m{"name": "a", "tags": m{"k": "\x00"}}, 422, "invalid_field", "/tags"},
		{"empty", "", 400, "not_json", ""},
		{"not JSON", `{"name":`, 400, "not_json", ""},
		{"trailing data", `{"name":"a"} {}`, 400, "not_json", ""},
		{"an array", `[]`, 422, "wrong_type", ""},
		{"not UTF-8", "{\"name\":\"\xff\"}", 400, "not_json", ""},
		{"lone surrogate", `{"name":"\ud800"}`, 400, "not_json", ""},
		{"too deep", `{"training":` + strings.Repeat(`{"split":`, 40) + "1" + strings.Repeat("}", 41), 400, "not_json", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := s.problem(t, tc.status, tc.code, call{method: "POST", path: "/v1/models", body: tc.body})
			if tc.pointer == "" {
				return
			}
			if e, _ := got["errors"].([]any); len(e) != 1 || e[0].(m)["pointer"] != tc.pointer {
				t.Errorf("errors = %v, want pointer %s", got["errors"], tc.pointer)
			}
		})
	}
}

func TestBodies(t *testing.T) {
	s := newStage(t)
	body := `{"name":"a"}`
	for _, tc := range []struct {
		contentType string
		want        int
	}{
		{"-", 415}, {"text/plain", 415}, {"application/x-www-form-urlencoded", 415}, {"application/json; charset=latin1", 415},
		{"application/json; charset=UTF-8", 201}, {"Application/JSON", 409},
	} {
		c := call{method: "POST", path: "/v1/models", body: body, header: m2("Content-Type", tc.contentType)}
		if w := s.do(t, c); w.Code != tc.want {
			t.Errorf("Content-Type %q = %d %s, want %d", tc.contentType, w.Code, w.Body, tc.want)
		}
	}
	big := `{"name":"b","description":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, path := range []string{"/v1/models", "/v1/models/a/predict", "/v1/datasets"} {
		got := s.problem(t, 413, "too_large", call{method: "POST", path: path, body: big})
		if !strings.Contains(got["detail"].(string), "upload") {
			t.Errorf("%s: detail %q does not say to upload instead", path, got["detail"])
		}
	}
}

func TestVersions(t *testing.T) {
	s := newStage(t)
	first := s.publish(t, "acme", "intents")
	s.publish(t, "acme", "intents")

	got := s.want(t, 200, call{method: "GET", path: "/v1/models/intents@champion"})
	if got["version"] != 2.0 || got["status"] != "ready" || fmt.Sprint(got["aliases"]) != "[champion]" || got["digest"] != string(first.Artifact.Digest) {
		t.Errorf("intents@champion = %v", got)
	}
	list := s.want(t, 200, call{method: "GET", path: "/v1/models/intents/versions"})["items"].([]any)
	if len(list) != 2 || list[0].(m)["version"] != 2.0 || fmt.Sprint(list[1].(m)["aliases"]) != "[]" {
		t.Errorf("versions = %v", list)
	}
	base := "/v1/models/intents/versions/1"
	if got := s.want(t, 200, call{method: "GET", path: base}); got["version"] != 1.0 {
		t.Errorf("version = %v", got)
	}
	if got := s.want(t, 200, call{method: "GET", path: base + "/metrics"}); fmt.Sprint(got["report"]) != "map[rows:36]" || fmt.Sprint(got["test"]) != "map[accuracy:0.9 accuracy_high:0.95 accuracy_low:0.8]" {
		t.Errorf("metrics = %v", got)
	}
	if got := s.want(t, 200, call{method: "GET", path: base + "/lineage"}); got["job"] != "tj_1" {
		t.Errorf("lineage = %v", got)
	}
	if got := s.want(t, 200, call{method: "GET", path: base + "/signature"}); got["signature"] == nil {
		t.Errorf("signature = %v", got)
	}
	if w := s.do(t, call{method: "GET", path: base + "/artifact"}); w.Code != 302 || !strings.Contains(w.Header().Get("Location"), first.Artifact.Digest.Hex()) {
		t.Errorf("artifact = %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/versions/3", "/versions/3/card", "/versions/0", "/versions/01", "/versions/-1", "/versions/x", "/versions/99999999999999999999", "/versions/3/artifact", "@blue"} {
		s.problem(t, 404, "not_found", call{method: "GET", path: "/v1/models/intents" + path})
	}
	s.problem(t, 404, "not_found", call{method: "GET", path: "/v1/models/absent/versions"})
}

func TestAliases(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.publish(t, "acme", "intents")
	path := "/v1/models/intents/aliases/blue"
	put := func(version int, header ...string) call {
		return call{method: "PUT", path: path, body: m{"version": version}, header: m2(header...)}
	}
	s.problem(t, 404, "not_found", call{method: "GET", path: path})
	s.problem(t, 428, "precondition_required", put(1))
	s.problem(t, 412, "precondition_failed", put(1, "If-Match", `"1"`))
	if w := s.do(t, put(1, "If-None-Match", "*")); w.Code != 200 || w.Header().Get("ETag") != `"1"` {
		t.Fatalf("create = %d %v %s", w.Code, w.Header(), w.Body)
	}
	s.problem(t, 412, "precondition_failed", put(1, "If-None-Match", "*"))
	s.problem(t, 404, "not_found", put(9, "If-Match", "*"))
	s.problem(t, 422, "invalid_field", put(0, "If-Match", "*"))
	s.problem(t, 400, "bad_condition", put(1, "If-Match", "*", "If-None-Match", "*"))
	if got := s.want(t, 200, put(2, "If-Match", `"1"`)); got["version"] != 2.0 || got["updated_by"] != "key_test" || got["revision"] != 2.0 {
		t.Errorf("moved = %v", got)
	}
	for _, reserved := range []string{"latest", "v7"} {
		s.problem(t, 422, "invalid", call{method: "PUT", path: "/v1/models/intents/aliases/" + reserved, body: m{"version": 1}, header: m2("If-Match", "*")})
	}
	history := s.want(t, 200, call{method: "GET", path: path + "/history"})["items"].([]any)
	if len(history) != 2 || history[0].(m)["from"] != 1.0 || history[0].(m)["to"] != 2.0 || history[1].(m)["from"] != 0.0 {
		t.Errorf("history = %v", history)
	}
	if got := s.want(t, 200, call{method: "GET", path: "/v1/models/intents/aliases"})["items"].([]any); len(got) != 2 {
		t.Errorf("aliases = %v", got)
	}
	remove := call{method: "DELETE", path: path}
	s.problem(t, 428, "precondition_required", remove)
	remove.header = m2("If-Match", `"1"`)
	s.problem(t, 412, "precondition_failed", remove)
	remove.header = m2("If-Match", `"2"`)
	s.want(t, 204, remove)
	s.problem(t, 404, "not_found", call{method: "GET", path: path})
	s.problem(t, 404, "not_found", call{method: "GET", path: "/v1/models/intents/aliases/never/history"})
}

func TestDatasets(t *testing.T) {
	s := newStage(t)
	sum := strings.Repeat("ab", 32)
	create := call{method: "POST", path: "/v1/datasets", body: m{"model": "intents", "filename": "train.csv", "size": 10, "sha256": sum, "train": m{}}, scopes: "train"}
	w := s.do(t, create)
	if w.Code != 201 || !strings.HasPrefix(w.Header().Get("Location"), "/v1/datasets/ds_") {
		t.Fatalf("create = %d %v %s", w.Code, w.Header(), w.Body)
	}
	path := w.Header().Get("Location")
	got := s.want(t, 200, call{method: "GET", path: path})
	if got["status"] != "awaiting_upload" || got["sha256"] != sum || got["upload"] != nil || fmt.Sprint(got["train"]) != "map[]" {
		t.Errorf("data set = %v", got)
	}
	s.problem(t, 409, "dataset_not_checked", call{method: "GET", path: path + "/issues"})
	s.advance(time.Second)
	s.want(t, 201, create)
	list := s.want(t, 200, call{method: "GET", path: "/v1/datasets"})["items"].([]any)
	if len(list) != 2 || list[1].(m)["id"] != got["id"] {
		t.Errorf("data sets = %v, want the first one last", list)
	}
	for _, tc := range []struct {
		field   string
		value   any
		status  int
		pointer string
	}{
		{"filename", "../x.csv", 422, "/filename"}, {"filename", "a\\b", 422, "/filename"}, {"filename", "..", 422, "/filename"}, {"filename", "", 422, "/filename"},
		{"filename", "a\u202evsc.exe", 422, "/filename"}, {"size", 0, 422, "/size"}, {"size", 768<<20 + 1, 413, ""}, {"sha256", "abc", 422, "/sha256"},
		{"model", "A", 422, "/model"}, {"train", m{"algorithm": "magic"}, 422, "/train/algorithm"},
	} {
		body := m{"model": "intents", "filename": "train.csv", "size": 10, "sha256": sum, "train": m{}}
		body[tc.field] = tc.value
		got := s.want(t, tc.status, call{method: "POST", path: "/v1/datasets", body: body})
		if e, _ := got["errors"].([]any); tc.pointer != "" && (len(e) != 1 || e[0].(m)["pointer"] != tc.pointer) {
			t.Errorf("%s = %v: errors %v, want pointer %s", tc.field, tc.value, got["errors"], tc.pointer)
		}
	}
}

func TestIssues(t *testing.T) {
	s := newStage(t)
	w := s.do(t, call{method: "POST", path: "/v1/datasets", body: m{"model": "intents", "filename": "a.csv", "size": 1, "sha256": strings.Repeat("0", 64)}})
	path := w.Header().Get("Location")
	id := strings.TrimPrefix(path, "/v1/datasets/")
	var items []string
	for i := range 5 {
		items = append(items, fmt.Sprintf(`{"code":"label_empty","severity":"error","line":%d,"message":"empty"}`, i+2))
	}
	s.put(t, s.models, "reports/acme/intents/issues.json", `{"items":[`+strings.Join(items, ",")+`],"counts":{"label_empty":5},"source":{"format":"csv"},"records":100,"kept":95}`)
	if _, err := s.registry.UpdateDataset(t.Context(), "acme", id, registry.AnyRev, func(d *registry.Dataset) error {
		d.IssuesKey = "reports/acme/intents/issues.json"
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var lines []any
	for next := "?limit=2"; next != ""; {
		got := s.want(t, 200, call{method: "GET", path: path + "/issues" + next})
		for _, item := range got["items"].([]any) {
			lines = append(lines, item.(m)["line"])
		}
		if got["records"] != 100.0 || got["kept"] != 95.0 {
			t.Errorf("issues = %v", got)
		}
		token, more := got["next_page_token"].(string)
		if next = ""; more {
			next = "?limit=2&page_token=" + token
		}
	}
	if fmt.Sprint(lines) != "[2 3 4 5 6]" {
		t.Errorf("lines = %v, want 2 to 6 once each", lines)
	}
}

func TestJobs(t *testing.T) {
	s := newStage(t)
	w := s.do(t, call{method: "POST", path: "/v1/datasets", body: m{"model": "intents", "filename": "a.csv", "size": 3, "sha256": strings.Repeat("0", 64)}})
	id := strings.TrimPrefix(w.Header().Get("Location"), "/v1/datasets/")
	create := call{method: "POST", path: "/v1/training-jobs", body: m{"model": "intents", "dataset": id, "metric": "macro_f1"}}
	s.problem(t, 409, "dataset_awaiting_upload", create)
	s.put(t, s.uploads, "datasets/acme/"+id+"/a.csv", "abc")
	w = s.do(t, create)
	if w.Code != 202 || !strings.HasPrefix(w.Header().Get("Location"), "/v1/training-jobs/tj_") || w.Header().Get("Retry-After") != "1" {
		t.Fatalf("create = %d %v %s", w.Code, w.Header(), w.Body)
	}
	path := w.Header().Get("Location")
	got := s.want(t, 200, call{method: "GET", path: path})
	if got["status"] != "queued" || got["version"] != nil || got["finished_at"] != nil || got["error"] != nil {
		t.Errorf("job = %v", got)
	}
	for _, tc := range []struct {
		query string
		want  int
	}{{"", 1}, {"?model=intents", 1}, {"?model=other", 0}, {"?status=queued", 1}, {"?status=failed", 0}} {
		if items := s.want(t, 200, call{method: "GET", path: "/v1/training-jobs" + tc.query})["items"].([]any); len(items) != tc.want {
			t.Errorf("jobs%s = %v, want %d", tc.query, items, tc.want)
		}
	}
	s.problem(t, 422, "invalid_filter", call{method: "GET", path: "/v1/training-jobs?status=lazy"})
	if got := s.want(t, 200, call{method: "GET", path: path + "/events"}); got["items"] == nil {
		t.Errorf("events = %v", got)
	}
	if got := s.want(t, 200, call{method: "POST", path: path + "/cancel"}); got["status"] != "cancelled" {
		t.Errorf("cancelled = %v", got)
	}
	// A repetition whose first answer was lost is the success it was.
	s.want(t, 200, call{method: "POST", path: path + "/cancel"})
	s.problem(t, 404, "not_found", call{method: "GET", path: "/v1/training-jobs/tj_none"})
	s.problem(t, 422, "invalid_field", call{method: "POST", path: "/v1/training-jobs", body: m{"model": "intents"}})
	s.problem(t, 422, "invalid", call{method: "POST", path: "/v1/training-jobs", body: m{"model": "intents", "dataset": id, "metric": "luck"}})
}
