package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/shared/registry"
	"godwit/shared/usage"
)

// lines are the items of a usage list in short.
func lines(items []any) []string {
	var out []string
	for _, item := range items {
		d := item.(m)
		out = append(out, fmt.Sprintf("%v %v %v/%v/%v", d["day"], d["key_id"], d["predictions"], d["rows"], d["training_seconds"]))
	}
	return out
}

// count notes what a key used, on the stage's day.
func (s *stage) count(t *testing.T, tenant registry.Tenant, key string, inputs int) {
	t.Helper()
	g := &usage.Gatherer{Store: s.registry.Store, Now: s.now}
	g.Request(tenant, key, inputs)
	if err := g.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestUsage(t *testing.T) {
	s := newStage(t) // the first of March
	s.count(t, "acme", "key_other", 9)
	s.count(t, "rival", "key_other", 1000)
	s.advance(24 * time.Hour)
	s.count(t, "acme", "key_test", 2)
	s.advance(31 * 24 * time.Hour) // the second of April
	s.count(t, "acme", "key_test", 4)

	mine := []string{"2026-03-02 key_test 1/2/0", "2026-04-02 key_test 1/4/0"}
	other := "2026-03-01 key_other 1/9/0"
	for _, tc := range []struct {
		name, query, scopes string
		want                []string
	}{
		{"this month", "", "", mine[1:]},
		{"a month", "?to=2026-03-31", "", []string{other, mine[0]}},
		{"both", "?from=2026-03-01", "", []string{other, mine[0], mine[1]}},
		{"a day", "?from=2026-03-01&to=2026-03-01", "", []string{other}},
		{"a key", "?from=2026-03-01&key=key_test", "", mine},
		{"a key nobody has", "?from=2026-03-01&key=key_none", "", nil},
		{"without admin, one's own", "?from=2026-03-01", "predict", mine},
		{"without admin on all, one's own", "?from=2026-03-01", "admin:intents", mine},
		{"without admin, one's own by name", "?from=2026-03-01&key=key_test", "train", mine},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := lines(s.want(t, 200, call{method: "GET", path: "/v1/usage" + tc.query, scopes: tc.scopes})["items"].([]any))
			if !slices.Equal(got, tc.want) {
				t.Errorf("usage = %q, want %q", got, tc.want)
			}
		})
	}
	s.problem(t, 403, "scope_missing", call{method: "GET", path: "/v1/usage?key=key_other", scopes: "predict"})
	first := s.want(t, 200, call{method: "GET", path: "/v1/usage?from=2026-03-01&limit=2"})
	rest := s.want(t, 200, call{method: "GET", path: "/v1/usage?from=2026-03-01&limit=2&page_token=" + first["next_page_token"].(string)})
	if got := append(lines(first["items"].([]any)), lines(rest["items"].([]any))...); !slices.Equal(got, []string{other, mine[0], mine[1]}) || rest["next_page_token"] != nil {
		t.Errorf("in pages: %q, then %v", got, rest["next_page_token"])
	}
	for _, query := range []string{
		"from=2026-04-03", "from=2025-12-31", "to=x", "from=2026-3-1", "from=2026-02-30", "from=2026-03-02&to=2026-03-01",
		"key=%00", "key=a%23b", "key=" + strings.Repeat("x", 2000), "key=%ff",
	} {
		s.problem(t, 422, "invalid_filter", call{method: "GET", path: "/v1/usage?" + query})
	}
	s.want(t, 200, call{method: "GET", path: "/v1/usage?from=2026-01-01&to=2026-04-02"}) // 92 days
}

// A prediction is counted for its key and for the version that made it.
func TestUsage_isCounted(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	predict := call{method: "POST", path: "/v1/models/intents/predict", body: m{"inputs": []any{"where is my card", "", "cash"}, "parameters": m{"min_score": 1}}}
	s.want(t, 200, predict)
	s.problem(t, 404, "not_found", call{method: "POST", path: "/v1/models/none/predict", body: m{"inputs": "x"}})
	s.advance(time.Minute)
	s.want(t, 200, predict)
	got := lines(s.want(t, 200, call{method: "GET", path: "/v1/usage"})["items"].([]any))
	if !slices.Equal(got, []string{"2026-03-01 key_test 2/6/0"}) {
		t.Errorf("usage = %q, want two predictions with six rows", got)
	}
	days, err := usage.TrafficDays(t.Context(), s.registry.Store, "acme", "intents", 1, usage.Date(start), usage.Date(start))
	if err != nil || len(days) != 1 {
		t.Fatalf("traffic = %v, %v; want one day", days, err)
	}
	traffic, scored := days[0].Traffic, int64(0)
	for _, n := range traffic.Scores {
		scored += n
	}
	if traffic.Requests != 2 || traffic.Rows != 6 || traffic.Errors != 2 || traffic.Abstained != 4 || scored != 4 || traffic.ScoreMicros < 4*333_333 {
		t.Errorf("traffic = %+v, want 2 requests, 6 rows, 2 errors, 4 abstained with their scores", traffic)
	}
}

// A key over its budget is told when it may come back; another is not touched.
func TestBudget(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.front = s.authorized()
	secret := func(budget m) string {
		t.Helper()
		made := s.want(t, 201, bearer("gw_first", call{method: "POST", path: "/v1/keys", body: m{"name": "shop", "scopes": []string{"predict"}, "budget": budget}}))
		if fmt.Sprint(made["budget"]) != fmt.Sprint(budget) {
			t.Errorf("made = %v, want the budget %v", made, budget)
		}
		return made["secret"].(string)
	}
	predict := func(key string) call {
		return bearer(key, call{method: "POST", path: "/v1/models/intents/predict", body: m{"inputs": []string{"card", "cash"}}})
	}
	byRows, byRequests := secret(m{"rows": 3}), secret(m{"predictions": 1})
	s.want(t, 200, predict(byRows)) // two of three
	s.want(t, 200, predict(byRows)) // begins within the budget
	s.want(t, 200, predict(byRequests))
	for _, key := range []string{byRows, byRequests} {
		w := s.do(t, predict(key))
		// From the first of March, 9 o'clock, to the first of April.
		if want := fmt.Sprint((31*24-9)*3600 + 1); w.Code != 429 || w.Header().Get("Retry-After") != want || !strings.Contains(w.Body.String(), `"code":"budget_exceeded"`) {
			t.Errorf("over the budget = %d, Retry-After %s, %s; want 429 and %s", w.Code, w.Header().Get("Retry-After"), w.Body, want)
		}
	}
	s.want(t, 200, predict("gw_first"))
	who := s.want(t, 200, bearer(byRows, call{method: "GET", path: "/v1/whoami"}))
	if fmt.Sprint(who["budget"]) != "map[rows:3]" {
		t.Errorf("whoami = %v, want the budget", who)
	}
	s.advance(31 * 24 * time.Hour)
	s.want(t, 200, predict(byRows))
}
