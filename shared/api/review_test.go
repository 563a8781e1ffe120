package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"godwit/shared/registry"
)

// queue reads the whole review queue of intents in pages of limit.
func (s *stage) queue(t testing.TB, query string, limit int) (items []m, lines []string) {
	t.Helper()
	for token := ""; ; {
		page := s.want(t, 200, call{method: "GET", path: fmt.Sprintf("/v1/models/intents/review-queue?limit=%d&page_token=%s%s", limit, token, query)})
		for _, item := range page["items"].([]any) {
			r := item.(m)
			items = append(items, r)
			if r["source"] == "feedback" {
				lines = append(lines, fmt.Sprint(r["label"], " ", r["input"]))
			} else {
				lines = append(lines, fmt.Sprint("line ", r["line"]))
			}
		}
		next, more := page["next_page_token"].(string)
		if !more {
			return items, lines
		}
		token = next
	}
}

// doctored gives the newest version a data set with findings, of which lines 7
// and 9 are probable label errors.
func (s *stage) doctored(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	s.put(t, s.models, "reports/acme/intents/issues.json", `{"items":[{"code":"label_empty","severity":"error","line":3,"message":"m"},
		{"code":"probable_label_error","severity":"warning","line":7,"record":6,"column":"label","excerpt":"my card","message":"labelled cash, card is likelier","fix":"look"},
		{"code":"probable_label_error","severity":"warning","line":9,"record":8,"column":"label","message":"labelled rate, cash is likelier"}],"counts":{}}`)
	if _, err := s.registry.CreateDataset(ctx, "acme", registry.Dataset{ID: "ds_doctored", Model: "intents", Status: "checked", IssuesKey: "reports/acme/intents/issues.json"}); err != nil {
		t.Fatal(err)
	}
	v, err := s.registry.Version(ctx, "acme", "intents", 1)
	if err != nil {
		t.Fatal(err)
	}
	v.Lineage.Dataset, v.Number, v.Rev = "ds_doctored", 0, 0
	if _, err := s.registry.Commit(ctx, "acme", registry.Commit{Token: "doctored", Draft: v, By: "test"}); err != nil {
		t.Fatal(err)
	}
}

func TestReviewQueue(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	if items, _ := s.queue(t, "", 50); len(items) != 0 {
		t.Errorf("queue = %v, want nothing in it", items)
	}
	s.doctored(t)
	if _, lines := s.queue(t, "", 50); !slices.Equal(lines, []string{"line 7", "line 9"}) {
		t.Errorf("queue = %q, want the label errors from the first day", lines)
	}
	id := s.predicted(t, "", "intents", "where is my card", "my card", "what is the exchange rate")
	s.want(t, 200, feedback([]any{
		m{"prediction": id, "index": 0, "label": "card", "input": "where is my card"},
		m{"prediction": id, "index": 1, "label": "loan", "input": m{"text": "my card"}, "comment": "was about a loan"},
		m{"prediction": id, "index": 2, "label": "rate"},
	}))
	want := []string{"loan map[text:my card]", "card where is my card", "line 7", "line 9"}
	for _, limit := range []int{1, 2, 3, 50} {
		if _, lines := s.queue(t, "", limit); !slices.Equal(lines, want) {
			t.Errorf("in pages of %d the queue is %q, want %q", limit, lines, want)
		}
	}
	items, _ := s.queue(t, "", 50)
	first, label := items[0], items[2]
	if first["prediction"] != id || first["index"] != 1.0 || first["correct"] != false || first["new_label"] != true || first["comment"] != "was about a loan" || first["judged_by"] != "key_test" || first["predicted"] != "card" {
		t.Errorf("the first = %v, want the wrong answer with all that is known", first)
	}
	if label["dataset"] != "ds_doctored" || label["excerpt"] != "my card" || !strings.Contains(label["message"].(string), "likelier") || label["index"] != nil || label["score"] != nil {
		t.Errorf("the label error = %v, want its place and message", label)
	}
	for query, n := range map[string]int{"&source=feedback": 2, "&source=label_error": 2} {
		for _, limit := range []int{1, 50} {
			if items, _ := s.queue(t, query, limit); len(items) != n || items[0]["source"] != query[len("&source="):] {
				t.Errorf("%s = %v, want %d", query, items, n)
			}
		}
	}
	s.problem(t, 422, "invalid_filter", call{method: "GET", path: "/v1/models/intents/review-queue?source=x"})
	s.problem(t, 404, "not_found", call{method: "GET", path: "/v1/models/none/review-queue"})
	s.problem(t, 404, "not_found", call{method: "GET", path: "/v1/models/intents/review-queue", tenant: "rival"})
	token := s.want(t, 200, call{method: "GET", path: "/v1/models/intents/review-queue?limit=1"})["next_page_token"].(string)
	s.publish(t, "rival", "intents")
	s.problem(t, 400, "bad_page_token", call{method: "GET", path: "/v1/models/intents/review-queue?page_token=" + token, tenant: "rival"})
}

// Findings that are gone leave what feedback brought.
func TestReviewQueue_findingsGone(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.doctored(t)
	if err := s.models.Delete(t.Context(), "reports/acme/intents/issues.json"); err != nil {
		t.Fatal(err)
	}
	id := s.predicted(t, "", "intents", "my card")
	s.want(t, 200, feedback(m{"prediction": id, "label": "cash", "input": "my card"}))
	if _, lines := s.queue(t, "", 50); !slices.Equal(lines, []string{"cash my card"}) {
		t.Errorf("queue = %q, want the feedback alone", lines)
	}
}

// What feedback sent along goes with its model.
func TestReviewQueue_deletedModel(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	id := s.predicted(t, "", "intents", "my card")
	s.want(t, 200, feedback(m{"prediction": id, "label": "cash", "input": "my card"}))
	s.want(t, 204, call{method: "DELETE", path: "/v1/models/intents/aliases/champion", header: m2("If-Match", "*")})
	s.want(t, 204, call{method: "DELETE", path: "/v1/models/intents"})
	if left, _, err := s.uploads.List(t.Context(), "feedback/", "", 10); err != nil || len(left) != 0 {
		t.Errorf("of the deleted model %v, %v is left, want nothing", left, err)
	}
	s.publish(t, "acme", "intents")
	if items, _ := s.queue(t, "", 50); len(items) != 0 {
		t.Errorf("the next model of the name has the queue %v, want its own", items)
	}
}
