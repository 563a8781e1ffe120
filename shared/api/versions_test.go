package api_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"godwit/shared/registry"
)

// names reads the field of every item of a list, page by page.
func (s *stage) names(t *testing.T, path, field string, limit int) []string {
	t.Helper()
	out := []string{}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	for token := ""; ; {
		page := s.want(t, 200, call{method: "GET", path: fmt.Sprintf("%s%slimit=%d&page_token=%s", path, separator, limit, token)})
		for _, item := range page["items"].([]any) {
			out = append(out, fmt.Sprint(item.(m)[field]))
		}
		next, more := page["next_page_token"].(string)
		if !more {
			return out
		}
		token = next
	}
}

func TestModels_filters(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	for i, name := range []string{"eu-cards", "eu-topics", "us-cards"} {
		s.want(t, 201, call{method: "POST", path: "/v1/models", body: m{"name": name, "tags": m{"team": []string{"pay", "web", "pay"}[i]}}})
	}
	s.want(t, 204, call{method: "DELETE", path: "/v1/models/us-cards"})
	for query, want := range map[string]string{
		"":                           "[eu-cards eu-topics intents]",
		"order=name":                 "[eu-cards eu-topics intents]",
		"order=-name":                "[intents eu-topics eu-cards]",
		"prefix=eu-":                 "[eu-cards eu-topics]",
		"prefix=eu-&order=-name":     "[eu-topics eu-cards]",
		"task=text-classification":   "[intents]",
		"task=table-regression":      "[]",
		"tag=team":                   "[eu-cards eu-topics]",
		"tag=team%3Dpay":             "[eu-cards]",
		"tag=team%3Dpay&prefix=i":    "[]",
		"tag=other&task=&order=name": "[]",
	} {
		for _, limit := range []int{1, 50} {
			if got := s.names(t, "/v1/models?"+query, "name", limit); fmt.Sprint(got) != want {
				t.Errorf("?%s by %d = %v, want %s", query, limit, got, want)
			}
		}
	}
	for _, query := range []string{"order=age", "task=cooking", "tag=%3Dpay", "prefix=EU%23"} {
		s.problem(t, 422, "invalid_filter", call{method: "GET", path: "/v1/models?" + query})
	}
}

func TestVersions_filters(t *testing.T) {
	s := newStage(t)
	for range 3 {
		s.publish(t, "acme", "intents")
	}
	if _, err := s.registry.Commit(t.Context(), "acme", registry.Commit{Token: "held", Draft: registry.Version{Model: "intents", Gate: registry.Gate{Promotion: "held"}}}); err != nil {
		t.Fatal(err)
	}
	s.want(t, 200, call{method: "PATCH", path: "/v1/models/intents/versions/2", header: whatever, body: m{"tags": m{"stage": "blue"}}})
	for query, want := range map[string]string{
		"": "[4 3 2 1]", "order=version": "[1 2 3 4]", "status=ready": "[3 2 1]", "status=held": "[4]",
		"tag=stage%3Dblue": "[2]", "tag=stage&status=held": "[]",
	} {
		if got := s.names(t, "/v1/models/intents/versions?"+query, "version", 2); fmt.Sprint(got) != want {
			t.Errorf("?%s = %v, want %s", query, got, want)
		}
	}
	s.problem(t, 422, "invalid_filter", call{method: "GET", path: "/v1/models/intents/versions?status=good"})
	s.problem(t, 422, "invalid_filter", call{method: "GET", path: "/v1/models/intents/versions?order=name"})
}

func TestVersion_patch(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	const path = "/v1/models/intents/versions/1"
	before := s.want(t, 200, call{method: "GET", path: path})
	patch := call{method: "PATCH", path: path, body: m{"description": "new labels", "tags": m{"stage": "blue"}}, header: m2("If-Match", `"1"`)}
	w := s.do(t, patch)
	if w.Code != 200 || w.Header().Get("ETag") != `"2"` {
		t.Fatalf("PATCH = %d %s, ETag %s, want the second", w.Code, w.Body, w.Header().Get("ETag"))
	}
	s.problem(t, 412, "precondition_failed", patch)
	after := s.want(t, 200, call{method: "GET", path: path})
	if after["description"] != "new labels" || after["tags"].(m)["stage"] != "blue" {
		t.Errorf("GET = %v, want the new description and tags", after)
	}
	for field, was := range before { // invariant 2: nothing else of a version changes
		if fmt.Sprint(after[field]) != fmt.Sprint(was) {
			t.Errorf("%s = %v, want %v as before", field, after[field], was)
		}
	}
	only := s.want(t, 200, call{method: "PATCH", path: path, body: m{"tags": m{}}, header: m2("If-Match", `"2"`)})
	if only["description"] != "new labels" || only["tags"] != nil {
		t.Errorf("PATCH of the tags alone = %v, want the description kept and no tags", only)
	}
	for _, tc := range []struct {
		body   any
		status int
		code   string
	}{
		{m{"digest": "sha256:0"}, 400, "unknown_field"},
		{m{"description": "a\u202eb"}, 422, "invalid_field"},
		{m{"tags": m{"": "x"}}, 422, "invalid_field"},
	} {
		s.problem(t, tc.status, tc.code, call{method: "PATCH", path: path, body: tc.body, header: whatever})
	}
	s.problem(t, 428, "precondition_required", call{method: "PATCH", path: path, body: m{}})
	s.problem(t, 404, "not_found", call{method: "PATCH", path: "/v1/models/intents/versions/2", body: m{}, header: whatever})
	s.problem(t, 404, "not_found", call{method: "PATCH", path: "/v1/models/intents/versions/01", body: m{}, header: whatever})
}

func TestVersion_delete(t *testing.T) {
	s := newStage(t)
	for range 3 {
		s.publish(t, "acme", "intents")
	}
	del := func(version int, header map[string]string) call {
		return call{method: "DELETE", path: fmt.Sprintf("/v1/models/intents/versions/%d", version), header: header}
	}
	p := s.problem(t, 409, "version_in_use", del(3, nil))
	if !strings.Contains(p["detail"].(string), `"champion"`) {
		t.Errorf("detail = %v, want the alias named", p["detail"])
	}
	s.problem(t, 412, "precondition_failed", del(2, m2("If-Match", `"7"`)))
	s.problem(t, 404, "not_found", call{method: "DELETE", path: "/v1/models/intents/versions/2", tenant: "rival"})
	s.want(t, 204, del(2, m2("If-Match", `"1"`)))
	s.problem(t, 404, "deleted", del(2, nil))
	for _, path := range []string{"", "/metrics", "/card", "/lineage", "/signature", "/artifact"} {
		s.problem(t, 404, "deleted", call{method: "GET", path: "/v1/models/intents/versions/2" + path})
	}
	s.problem(t, 404, "deleted", call{method: "POST", path: "/v1/models/intents/versions/2/predict", body: `{"inputs":"x"}`})
	s.problem(t, 404, "deleted", call{method: "PUT", path: "/v1/models/intents/aliases/blue", body: m{"version": 2}, header: m2("If-None-Match", "*")})
	if got := s.names(t, "/v1/models/intents/versions", "version", 50); !slices.Equal(got, []string{"3", "1"}) {
		t.Errorf("versions = %v, want 3 and 1", got)
	}
	if v := s.publish(t, "acme", "intents"); v.Number != 4 {
		t.Errorf("the next version is %d, want 4", v.Number)
	}
}

func TestModel_delete(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	del := call{method: "DELETE", path: "/v1/models/intents"}
	p := s.problem(t, 409, "model_in_use", del)
	if !strings.Contains(p["detail"].(string), "champion") {
		t.Errorf("detail = %v, want the alias named", p["detail"])
	}
	s.want(t, 204, call{method: "DELETE", path: "/v1/models/intents/aliases/champion", header: whatever})
	stale := del
	stale.header = m2("If-Match", `"1"`)
	s.problem(t, 412, "precondition_failed", stale)
	s.problem(t, 403, "scope_missing", call{method: "DELETE", path: "/v1/models/intents", scopes: "train"})
	s.want(t, 204, del)
	s.problem(t, 404, "not_found", del)
	s.problem(t, 404, "not_found", call{method: "GET", path: "/v1/models/intents"})
	s.problem(t, 404, "not_found", call{method: "GET", path: "/v1/models/intents/versions"})
	again := s.want(t, 201, call{method: "POST", path: "/v1/models", body: m{"name": "intents"}})
	if again["latest"] != 1.0 {
		t.Errorf("the model made anew = %v, want its numbers to go on", again)
	}
}

func TestAlias_rollback(t *testing.T) {
	s := newStage(t)
	for range 4 {
		s.publish(t, "acme", "intents")
	}
	const alias = "/v1/models/intents/aliases/champion"
	back := func(body any, header map[string]string) call {
		return call{method: "POST", path: alias + "/rollback", body: body, header: header}
	}
	w := s.do(t, back(nil, nil))
	if w.Code != 200 || w.Header().Get("ETag") != `"5"` || !strings.Contains(w.Body.String(), `"version":3`) {
		t.Fatalf("POST = %d %s, ETag %s, want version 3 at revision 5", w.Code, w.Body, w.Header().Get("ETag"))
	}
	s.problem(t, 412, "precondition_failed", back(m{}, m2("If-Match", `"4"`)))
	if got := s.want(t, 200, back(m{}, m2("If-Match", `"5"`))); got["version"] != 2.0 {
		t.Errorf("again = %v, want version 2", got)
	}
	if got := s.want(t, 200, back(m{"to": 4}, nil)); got["version"] != 4.0 {
		t.Errorf("by name = %v, want version 4", got)
	}
	s.want(t, 204, call{method: "DELETE", path: "/v1/models/intents/versions/1"})
	for body, want := range map[string]string{`{"to":4}`: "alias_unchanged", `{"to":1}`: "deleted"} {
		s.problem(t, 409, want, back(body, nil))
	}
	s.problem(t, 404, "not_found", back(`{"to":9}`, nil))
	s.problem(t, 422, "invalid_field", back(`{"to":0}`, nil))
	s.problem(t, 400, "unknown_field", back(`{"version":1}`, nil))
	s.problem(t, 404, "not_found", call{method: "POST", path: "/v1/models/intents/aliases/blue/rollback", body: m{}})
	s.problem(t, 403, "scope_missing", call{method: "POST", path: alias + "/rollback", body: m{}, scopes: "predict"})
	history := s.want(t, 200, call{method: "GET", path: alias + "/history"})["items"].([]any)
	var got []string
	for _, c := range history {
		got = append(got, fmt.Sprint(c.(m)["from"], ">", c.(m)["to"], " ", c.(m)["rollback"] == true))
	}
	if want := "[2>4 true 3>2 true 4>3 true 3>4 false 2>3 false 1>2 false 0>1 false]"; fmt.Sprint(got) != want {
		t.Errorf("history = %v, want %s", got, want)
	}
}

// Of sixteen calls under one ETag one is answered 200 and the rest 412, for each
// of the pointers.
func TestPointers_race(t *testing.T) {
	s := newStage(t)
	for range 3 {
		s.publish(t, "acme", "intents")
	}
	s.want(t, 200, call{method: "PUT", path: "/v1/models/intents/route", header: whatever, body: `{"targets":[{"ref":"@champion","weight":1}]}`})
	for _, c := range []call{
		{method: "PUT", path: "/v1/models/intents/aliases/champion", body: `{"version":1}`, header: m2("If-Match", `"3"`)},
		{method: "POST", path: "/v1/models/intents/aliases/champion/rollback", body: `{}`, header: m2("If-Match", `"4"`)},
		{method: "PUT", path: "/v1/models/intents/route", body: `{"targets":[{"ref":"versions/1","weight":1}]}`, header: m2("If-Match", `"1"`)},
		{method: "DELETE", path: "/v1/models/intents/route", header: m2("If-Match", `"2"`)},
	} {
		answers := make([]*httptest.ResponseRecorder, 16)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = s.do(t, c) })
		}
		wg.Wait()
		won, lost := 0, 0
		for _, w := range answers {
			switch {
			case w.Code < 300:
				won++
			case w.Code == 412, c.method == "DELETE" && w.Code == 404:
				lost++
			}
		}
		if won != 1 || lost != 15 {
			t.Errorf("%s %s: %d won and %d lost, want 1 and 15", c.method, c.path, won, lost)
		}
	}
	history := s.want(t, 200, call{method: "GET", path: "/v1/models/intents/aliases/champion/history"})
	if n := len(history["items"].([]any)); n != 5 {
		t.Errorf("%d history entries, want 5: two more than the three promotions", n)
	}
}
