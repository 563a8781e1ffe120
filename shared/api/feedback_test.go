package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// predicted asks intents about the inputs and returns the prediction's id.
func (s *stage) predicted(t testing.TB, who, model string, inputs ...any) string {
	t.Helper()
	return s.want(t, 200, call{method: "POST", path: "/v1/models/" + model + "/predict", tenant: who, body: m{"inputs": inputs}})["id"].(string)
}

// feedback is a call that gives feedback.
func feedback(body any) call { return call{method: "POST", path: "/v1/feedback", body: body} }

// refused wants a 400 and returns its body without the request's id.
func (s *stage) refused(t testing.TB, c call) string {
	t.Helper()
	w := s.do(t, c)
	if w.Code != 400 {
		t.Errorf("%v = %d %s, want 400", c.body, w.Code, w.Body)
	}
	return bare(w)
}

func TestFeedback(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	id := s.predicted(t, "", "intents", "where is my card", "the machine kept my cash", "")
	got := s.want(t, 200, feedback(m{"prediction": id, "label": "card"}))
	item := got["items"].([]any)[0].(m)
	if got["recorded"] != 1.0 || item["status"] != "recorded" || item["correct"] != true || item["new_label"] != false || item["model"] != "intents" || item["version"] != 1.0 || item["index"] != 0.0 {
		t.Errorf("answer = %v, want one recorded, correct", got)
	}
	got = s.want(t, 200, feedback([]any{
		m{"prediction": id, "index": 0, "label": "cash"}, m{"prediction": id, "index": 1, "label": "cash"},
	}))
	if got["recorded"] != 1.0 || got["corrected"] != 1.0 || got["repeated"] != 0.0 || got["items"].([]any)[0].(m)["correct"] != false {
		t.Errorf("answer = %v, want one corrected and one recorded", got)
	}
	got = s.want(t, 200, feedback([]any{m{"prediction": id, "index": 1, "label": "cash"}, m{"prediction": id, "label": "loan"}}))
	if got["repeated"] != 1.0 || got["corrected"] != 1.0 || got["items"].([]any)[1].(m)["new_label"] != true {
		t.Errorf("answer = %v, want one repeated and one new label", got)
	}
	counts := s.want(t, 200, call{method: "GET", path: "/v1/models/intents/monitor"})["versions"].([]any)[0].(m)["total"].(m)
	if counts["feedback"] != 2.0 || counts["correct"] != 1.0 || counts["corrected"] != 2.0 || counts["new_label"] != 1.0 {
		t.Errorf("counts = %v, want two rows, one correct, two corrections, one new label", counts)
	}
}

func TestFeedback_refusals(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	id := s.predicted(t, "", "intents", "where is my card", "")
	for _, tc := range []struct {
		name    string
		body    any
		status  int
		code    string
		pointer string
	}{
		{"no result of that number", m{"prediction": id, "index": 2, "label": "card"}, 422, "invalid_field", "/index"},
		{"a negative number", m{"prediction": id, "index": -1, "label": "card"}, 422, "invalid_field", "/index"},
		{"an input that was not scored", m{"prediction": id, "index": 1, "label": "card"}, 422, "invalid_field", "/index"},
		{"no label", m{"prediction": id}, 422, "invalid_field", "/label"},
		{"white space", m{"prediction": id, "label": " loan"}, 422, "invalid_field", "/label"},
		{"a long label", m{"prediction": id, "label": strings.Repeat("é", 257)}, 422, "invalid_field", "/label"},
		{"a label of control characters", m{"prediction": id, "label": "a\u202eb"}, 422, "invalid_field", "/label"},
		{"another spelling", m{"prediction": id, "label": "Card"}, 422, "label_case_variant", "/label"},
		{"a number", m{"prediction": id, "value": 3}, 422, "invalid_field", "/value"},
		{"a long comment", m{"prediction": id, "label": "card", "comment": strings.Repeat("x", 1001)}, 422, "invalid_field", "/comment"},
		{"an empty input", m{"prediction": id, "label": "card", "input": "  "}, 422, "invalid_field", "/input"},
		{"an input of nothing", `{"prediction":"` + id + `","label":"card","input":3}`, 422, "invalid_field", "/input"},
		{"a nested input", m{"prediction": id, "label": "card", "input": m{"text": m{}}}, 422, "invalid_field", "/input"},
		{"a long input", m{"prediction": id, "label": "card", "input": strings.Repeat("x", 100_001)}, 413, "too_large", ""},
		{"an unknown field", m{"prediction": id, "label": "card", "when": 1}, 400, "unknown_field", "/when"},
		{"in an array", []any{m{"prediction": id, "label": "card"}, m{"prediction": id, "index": 7, "label": "card"}}, 422, "invalid_field", "/1/index"},
		{"the same answer twice", []any{m{"prediction": id, "label": "card"}, m{"prediction": id, "label": "cash"}}, 422, "invalid_field", "/1/index"},
		{"a field twice", `[{"prediction":"x","prediction":"y"}]`, 400, "duplicate_field", "/0/prediction"},
		{"none", []any{}, 422, "invalid_field", ""},
		{"too many", slices.Repeat([]any{m{"prediction": id, "label": "card"}}, 129), 413, "too_large", ""},
		{"a text", `"x"`, 422, "wrong_type", ""},
		{"not JSON", `[{]`, 400, "not_json", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := s.problem(t, tc.status, tc.code, feedback(tc.body))
			if tc.pointer == "" {
				return
			}
			if e, ok := p["errors"].([]any); !ok || e[0].(m)["pointer"] != tc.pointer {
				t.Errorf("problem = %v, want the pointer %s", p, tc.pointer)
			}
		})
	}
	if got := s.want(t, 200, call{method: "GET", path: "/v1/models/intents/monitor?version=1"}); got["versions"].([]any)[0].(m)["total"].(m)["feedback"] != 0.0 {
		t.Errorf("monitor = %v, want nothing counted", got)
	}
	s.advance(91 * 24 * time.Hour)
	s.problem(t, 422, "invalid_field", feedback(m{"prediction": id, "label": "card"}))
}

// A foreign id, a changed one and any other text are refused in the same words,
// whether there is such a prediction or not.
func TestFeedback_tokens(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.publish(t, "rival", "intents")
	id := s.predicted(t, "", "intents", "where is my card")
	foreign := s.predicted(t, "rival", "intents", "where is my card")
	want := s.refused(t, feedback(m{"prediction": "pr_nobody", "label": "card"}))
	if !strings.Contains(want, "bad_token") {
		t.Errorf("problem = %s, want bad_token", want)
	}
	page := s.want(t, 200, call{method: "GET", path: "/v1/models?limit=1"})["next_page_token"]
	texts := []string{foreign, "", "pr_", id[3:], "PR_" + id[3:], id + "A", id[:len(id)-1], "pr_" + strings.Repeat("A", 4000), fmt.Sprint("pr_", page), "../" + id, "\u0000"}
	for i := range id {
		for _, bit := range []byte{1, 2, 4, 32} {
			changed := []byte(id)
			if changed[i] ^= bit; changed[i] >= ' ' && changed[i] < 127 {
				texts = append(texts, string(changed))
			}
		}
	}
	for _, text := range texts {
		if got := s.refused(t, feedback(m{"prediction": text, "label": "card"})); got != want {
			t.Errorf("%q is refused with %s, want %s", text, got, want)
		}
	}
	s.problem(t, 400, "bad_token", feedback([]any{m{"prediction": id, "label": "card"}, m{"prediction": foreign, "label": "card"}}))
	if got := s.want(t, 200, call{method: "GET", path: "/v1/models/intents/monitor"})["versions"].([]any)[0].(m)["total"].(m); got["feedback"] != 0.0 {
		t.Errorf("total = %v, want no feedback", got)
	}
	s.want(t, 200, feedback(m{"prediction": id, "label": "card"}))
}

// The scope is decided on the models of the predictions.
func TestFeedback_scopes(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.publish(t, "acme", "other")
	mine, other := s.predicted(t, "", "intents", "my card"), s.predicted(t, "", "other", "my card")
	give := func(scopes string, ids ...string) call {
		var body []any
		for _, id := range ids {
			body = append(body, m{"prediction": id, "label": "card"})
		}
		c := feedback(body)
		c.scopes = scopes
		return c
	}
	s.want(t, 200, give("feedback:intents", mine))
	s.want(t, 200, give("feedback", mine, other))
	s.problem(t, 403, "scope_missing", give("feedback:intents", mine, other))
	s.problem(t, 403, "scope_missing", give("feedback:intents", other))
	s.problem(t, 403, "scope_missing", give("predict train", mine))
	nobody := feedback(m{"prediction": mine, "label": "card"})
	nobody.nobody = true
	s.problem(t, 401, "no_key", nobody)
	s.want(t, 200, call{method: "GET", path: "/v1/models/intents/monitor", scopes: "feedback:intents"})
	s.problem(t, 403, "scope_missing", call{method: "GET", path: "/v1/models/intents/review-queue", scopes: "feedback predict"})
	s.want(t, 200, call{method: "GET", path: "/v1/models/intents/review-queue", scopes: "train:intents"})
}

func TestFeedback_regression(t *testing.T) {
	s := newStage(t)
	s.publishTable(t, "price")
	id := s.predicted(t, "", "fruit", m{"grams": 130, "ripe": false}, m{"gram": 1})
	got := s.want(t, 200, feedback(m{"prediction": id, "value": 260, "input": m{"grams": 130, "ripe": nil}}))["items"].([]any)[0].(m)
	if d, ok := got["deviation"].(float64); !ok || math.Abs(d-.5) > 2 || got["correct"] != nil {
		t.Errorf("answer = %v, want a deviation of about .5", got)
	}
	s.problem(t, 422, "invalid_field", feedback(m{"prediction": id, "label": "card"}))
	s.problem(t, 422, "invalid_field", feedback(m{"prediction": id, "value": nil}))
	s.problem(t, 422, "invalid_field", feedback(m{"prediction": id, "value": 1e31}))
	s.problem(t, 422, "invalid_field", feedback(m{"prediction": id, "index": 1, "value": 3}))
	item := s.want(t, 200, call{method: "GET", path: "/v1/models/fruit/review-queue"})["items"].([]any)[0].(m)
	if item["actual"] != 260.0 || item["value"] == nil || item["score"] != nil || fmt.Sprint(item["input"]) != "map[grams:130 ripe:<nil>]" {
		t.Errorf("item = %v, want the value, the true one and the row", item)
	}
}

// A version that was deleted takes no feedback.
func TestFeedback_deleted(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	id := s.predicted(t, "", "intents", "my card")
	s.publish(t, "acme", "intents")
	if err := s.registry.DeleteVersion(t.Context(), "acme", "intents", 1, registry.AnyRev); err != nil {
		t.Fatal(err)
	}
	s.problem(t, 409, "version_deleted", feedback(m{"prediction": id, "label": "card"}))
	s.problem(t, 404, "deleted", call{method: "GET", path: "/v1/models/intents/monitor?version=1"})
}

// Sixteen at once with the same judgement: it counts once.
func TestFeedback_race(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	id := s.predicted(t, "", "intents", "my card")
	recorded := 0
	for _, w := range race(16, func(int) *httptest.ResponseRecorder {
		return s.do(t, feedback(m{"prediction": id, "label": "cash", "input": "my card"}))
	}) {
		var got m
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
			t.Fatalf("answer = %d %s: %v", w.Code, w.Body, err)
		}
		recorded += int(got["recorded"].(float64))
	}
	total := s.want(t, 200, call{method: "GET", path: "/v1/models/intents/monitor"})["versions"].([]any)[0].(m)["total"].(m)
	if recorded != 1 || total["feedback"] != 1.0 || total["corrected"] != 0.0 {
		t.Errorf("%d recorded, counts %v; want one", recorded, total)
	}
}

// A text that came with feedback is never logged.
func TestFeedback_log(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	id := s.predicted(t, "", "intents", "my card")
	s.want(t, 200, feedback(m{"prediction": id, "label": "loan-secret", "input": "input-secret", "comment": "comment-secret"}))
	s.meter.mu.Lock()
	seen := fmt.Sprint(s.meter.seen, s.log.String())
	s.meter.mu.Unlock()
	if strings.Contains(seen, "secret") || strings.Contains(seen, id) {
		t.Errorf("the log holds what was sent: %s", seen)
	}
}

// FuzzFeedback: whatever is sent is answered or refused, and never an error of ours.
func FuzzFeedback(f *testing.F) {
	s := newStage(f)
	s.publish(f, "acme", "intents")
	id := s.predicted(f, "", "intents", "my card")
	for _, seed := range []string{
		`{"prediction":"ID","label":"card"}`, `[{"prediction":"ID","index":0,"label":"loan","comment":"x","input":{"text":"a"}}]`, `[`, `{"prediction":"ID","value":1e999}`, `[{"input":[[]]}]`, `{"prediction":"ID","label":"card","input":"\ud800"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := httptest.NewRecorder()
		s.front.ServeHTTP(w, feedback(strings.ReplaceAll(body, "ID", id)).request(t))
		if w.Code != 200 && w.Code != 400 && w.Code != 413 && w.Code != 422 {
			t.Errorf("%q = %d %s", body, w.Code, w.Body)
		}
	})
}

// A store that is down is 503, and the same feedback may be sent again.
func TestFeedback_unavailable(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	id := s.predicted(t, "", "intents", "my card")
	down := &failing{Store: s.registry.Store}
	d := s.deps
	service := *d.Monitor
	service.Store = down
	d.Monitor = &service
	s.front = front(d)
	s.problem(t, 503, "unavailable", feedback(m{"prediction": id, "label": "card"}))
	down.up = true
	if got := s.want(t, 200, feedback(m{"prediction": id, "label": "card"})); got["recorded"] != 1.0 {
		t.Errorf("answer = %v, want recorded", got)
	}
}

// failing is a store whose reads of many fail until it is up.
type failing struct {
	registry.Store
	up bool
}

func (f *failing) GetMany(ctx context.Context, keys []registry.Key) ([]registry.Record, error) {
	if !f.up {
		return nil, fault.New(fault.Unavailable, "down")
	}
	return f.Store.GetMany(ctx, keys)
}
