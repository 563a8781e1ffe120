package api_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"godwit/shared/registry"
)

// evaluation is a report whose held-out rows were answered 60, 30 and 10 times
// with the three labels, half of them with a score in [.5, .6), half above .9.
const evaluation = `{"test":{"rows":100,"classes":[{"label":"card","predicted":60},{"label":"cash","predicted":30},{"label":"rate","predicted":10}],
"abstention":[{"answered":1},{"answered":1},{"answered":1},{"answered":1},{"answered":1},{"answered":1},{"answered":0.5},{"answered":0.5},{"answered":0.5},{"answered":0.5}]}}`

// watched is a stage whose intents were evaluated so.
func watched(t *testing.T) *stage {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.put(t, s.models, "reports/acme/intents/report.json", evaluation)
	return s
}

// monitor is the answer about one version of intents.
func (s *stage) monitor(t testing.TB, query string) m {
	t.Helper()
	got := s.want(t, 200, call{method: "GET", path: "/v1/models/intents/monitor" + query})["versions"].([]any)
	if len(got) != 1 {
		t.Fatalf("versions = %v, want one", got)
	}
	return got[0].(m)
}

func TestMonitor(t *testing.T) {
	s := watched(t)
	first := s.predicted(t, "", "intents", "where is my card", "my card", "my cash", "")
	s.advance(24 * time.Hour)
	second := s.predicted(t, "", "intents", "what is the exchange rate")
	s.advance(time.Hour)
	s.predicted(t, "", "intents", "cash") // writes the counts of the day
	s.want(t, 200, feedback([]any{
		m{"prediction": first, "index": 0, "label": "card"}, m{"prediction": first, "index": 1, "label": "cash"},
		m{"prediction": first, "index": 2, "label": "loan"}, m{"prediction": second, "label": "rate"},
	}))
	got := s.monitor(t, "")
	days := got["days"].([]any)
	if len(days) != 2 || days[0].(m)["day"] != "2026-03-01" || days[1].(m)["day"] != "2026-03-02" {
		t.Fatalf("days = %v, want the first two of March", days)
	}
	one, two, total := days[0].(m), days[1].(m), got["total"].(m)
	if one["rows"] != 4.0 || one["errors"] != 1.0 || one["feedback"] != 3.0 || one["correct"] != 1.0 || one["new_label"] != 1.0 {
		t.Errorf("the first day = %v, want four rows, one error, three judged, one right, one new label", one)
	}
	if a := one["accuracy"].(m); math.Abs(a["value"].(float64)-1./3) > 1e-12 || a["low"].(float64) < .05 || a["high"].(float64) > .95 {
		t.Errorf("accuracy of the first day = %v, want a third with its interval", a)
	}
	if two["rows"] != 2.0 || two["feedback"] != 1.0 || two["correct"] != 1.0 || total["rows"] != 6.0 || total["requests"] != 3.0 || total["feedback"] != 4.0 {
		t.Errorf("the second day = %v, in all %v; want two rows and six", two, total)
	}
	if mean, ok := total["mean_score"].(float64); !ok || mean <= 1./3 || mean > 1 {
		t.Errorf("mean score = %v, want one of three labels", total["mean_score"])
	}
	a := got["accuracy"].(m)
	if a["rows"] != 4.0 || a["live"].(m)["value"] != .5 || a["test"].(m)["value"] != .9 || a["p_value"] != 1.0 || a["verdict"] != "unknown" {
		t.Errorf("accuracy = %v, want .5 of four beside .9, unknown: the stage's evaluation names no rows", a)
	}
	if mistakes := got["mistakes"].([]any); len(mistakes) != 1 || fmt.Sprint(mistakes[0]) != "map[label:cash predicted:card rows:1]" {
		t.Errorf("mistakes = %v, want cash taken for card", mistakes)
	}
	if fresh := got["new_labels"].([]any); len(fresh) != 1 || fresh[0].(m)["label"] != "loan" {
		t.Errorf("new labels = %v, want loan", fresh)
	}
	if fmt.Sprint(got["aliases"]) != "[champion]" {
		t.Errorf("aliases = %v, want champion", got["aliases"])
	}
	if day := s.monitor(t, "?from=2026-03-02&to=2026-03-02"); len(day["days"].([]any)) != 1 || day["total"].(m)["rows"] != 2.0 {
		t.Errorf("one day = %v, want its two rows", day)
	}
}

// Drift holds the answers against the report of the version.
func TestMonitor_drift(t *testing.T) {
	s := watched(t)
	texts := slices.Repeat([]any{"what is the exchange rate"}, 100)
	s.predicted(t, "", "intents", texts...)
	drift := s.monitor(t, "")["drift"].(m)
	labels := drift["labels"].(m)
	bins := labels["bins"].([]any)
	if labels["rows"] != 100.0 || labels["band"] != "large" || len(bins) != 3 || fmt.Sprint(bins[2]) != "map[bin:rate expected:0.1 live:1]" {
		t.Errorf("labels = %v, want a large shift to rate", labels)
	}
	// By hand: (0.5 - 60.5)/101.5 ln(0.5/60.5) and so on, half a row in each bin.
	want := 0.
	for i, expected := range []float64{60, 30, 10} {
		e, a := (expected+.5)/101.5, .5/101.5
		if i == 2 {
			a = 100.5 / 101.5
		}
		want += (a - e) * math.Log(a/e)
	}
	if got := labels["psi"].(float64); math.Abs(got-want) > 1e-12 {
		t.Errorf("psi = %v, want %v", got, want)
	}
	scores := drift["scores"].(m)["bins"].([]any)
	if len(scores) != 10 || scores[5].(m)["bin"] != "0.5" || scores[5].(m)["expected"] != .5 || scores[9].(m)["expected"] != .5 || scores[0].(m)["expected"] != 0.0 {
		t.Errorf("scores = %v, want half at .5 and half at .9 expected", scores)
	}
	live := 0.
	for _, bin := range scores {
		live += bin.(m)["live"].(float64)
	}
	if math.Abs(live-1) > 1e-12 {
		t.Errorf("the live shares of the scores add up to %v, want 1", live)
	}
}

// Without a report, or of one that says nothing of held-out rows, there is no drift.
func TestMonitor_noEvaluation(t *testing.T) {
	for name, report := range map[string]string{"nothing held out": `{"rows":36}`, "of another build": `{"test":[]}`, "no JSON": `x`, "empty": `{"test":{"rows":0,"classes":[],"abstention":[]}}`} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.publish(t, "acme", "intents")
			s.put(t, s.models, "reports/acme/intents/report.json", report)
			s.predicted(t, "", "intents", "my card")
			got := s.monitor(t, "")
			if d, ok := got["drift"].(m); ok && len(d) != 0 {
				t.Errorf("drift = %v, want none", d)
			}
		})
	}
}

func TestMonitor_versions(t *testing.T) {
	s := watched(t)
	if got := s.want(t, 200, call{method: "GET", path: "/v1/models/intents/monitor"})["versions"].([]any); len(got) != 0 {
		t.Errorf("without traffic versions = %v, want none", got)
	}
	s.predicted(t, "", "intents", "my card")
	for range 22 { // version 1 falls out of the newest twenty
		s.publish(t, "acme", "intents")
	}
	s.advance(time.Minute)
	s.predicted(t, "", "intents", "my card")
	if got := s.monitor(t, ""); got["version"] != 23.0 {
		t.Errorf("version = %v, want the champion alone", got["version"])
	}
	if got := s.monitor(t, "?version=1"); got["total"].(m)["rows"] != 1.0 {
		t.Errorf("version 1 = %v, want its row", got)
	}
	if got := s.monitor(t, "?version=2"); len(got["days"].([]any)) != 0 || got["total"].(m)["mean_score"] != nil {
		t.Errorf("version 2 = %v, want it with nothing", got)
	}
	s.want(t, 200, call{method: "PUT", path: "/v1/models/intents/aliases/blue", body: m{"version": 1}, header: m2("If-None-Match", "*")})
	got := s.want(t, 200, call{method: "GET", path: "/v1/models/intents/monitor"})["versions"].([]any)
	if len(got) != 2 || got[0].(m)["version"] != 23.0 || fmt.Sprint(got[1].(m)["aliases"]) != "[blue]" {
		t.Errorf("versions = %v, want the champion and the one of blue", got)
	}
	for _, query := range []string{"?version=0x", "?version=-1", "?from=x", "?to=2026-03-01&from=2025-01-01"} {
		s.problem(t, 422, "invalid_filter", call{method: "GET", path: "/v1/models/intents/monitor" + query})
	}
	s.problem(t, 404, "not_found", call{method: "GET", path: "/v1/models/intents/monitor?version=99"})
	s.problem(t, 404, "not_found", call{method: "GET", path: "/v1/models/none/monitor"})
}

// Of a regression the errors are told, beside those of the held-out rows.
func TestMonitor_regression(t *testing.T) {
	s := newStage(t)
	ctx := t.Context()
	s.publishTable(t, "price")
	v, err := s.registry.Version(ctx, "acme", "fruit", 1)
	if err != nil {
		t.Fatal(err)
	}
	v.Labels, v.Test, v.Number, v.Rev = nil, map[string]float64{"rmse": 1, "rmse_low": .9, "rmse_high": 1.1, "rows": 100}, 0, 0
	if _, err := s.registry.Commit(ctx, "acme", registry.Commit{Token: "second", Draft: v, Promote: registry.Champion, By: "test"}); err != nil {
		t.Fatal(err)
	}
	inputs := slices.Repeat([]any{m{"grams": 130, "ripe": false}}, 40)
	id := s.predicted(t, "", "fruit", inputs...)
	body := []any{}
	for i := range inputs {
		body = append(body, m{"prediction": id, "index": i, "value": 300 + i%2})
	}
	s.want(t, 200, feedback(body))
	got := s.want(t, 200, call{method: "GET", path: "/v1/models/fruit/monitor"})["versions"].([]any)[0].(m)
	e := got["error"].(m)
	if got["accuracy"] != nil || got["drift"] != nil || e["rows"] != 40.0 || e["verdict"] != "worse" || math.Abs(e["mae"].(float64)-40) > 3 || e["test"].(m)["value"] != 1.0 {
		t.Errorf("monitor = %v, want about 40 off, worse than 1", got)
	}
}

// A version whose answers are wrong more often than on held-out rows is worse.
func TestMonitor_worse(t *testing.T) {
	s := newStage(t)
	v := s.publish(t, "acme", "intents")
	v.Test, v.Number, v.Rev = map[string]float64{"accuracy": .9, "accuracy_low": .88, "accuracy_high": .92, "rows": 1000}, 0, 0
	if _, err := s.registry.Commit(t.Context(), "acme", registry.Commit{Token: "second", Draft: v, Promote: registry.Champion, By: "test"}); err != nil {
		t.Fatal(err)
	}
	id := s.predicted(t, "", "intents", slices.Repeat([]any{"where is my card"}, 40)...)
	for _, tc := range []struct {
		wrong   int // of 40 in all
		verdict string
	}{{0, "not_worse"}, {6, "not_worse"}, {12, "worse"}} {
		var body []any
		for i := range 40 {
			label := "card"
			if i < tc.wrong {
				label = "cash"
			}
			body = append(body, m{"prediction": id, "index": i, "label": label})
		}
		s.want(t, 200, feedback(body))
		a := s.monitor(t, "")["accuracy"].(m)
		if a["verdict"] != tc.verdict || a["live"].(m)["value"] != float64(40-tc.wrong)/40 || a["test"].(m)["low"] != .88 {
			t.Errorf("with %d of 40 wrong accuracy = %v, want %s beside .9", tc.wrong, a, tc.verdict)
		}
	}
}
