package api_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"godwit/shared/blob"
	"godwit/shared/ml/metric"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// trial is one version of a comparison, as training leaves it.
type trial struct {
	accuracy, loss float64
	f1             map[string]float64 // of each label; nil: no report
	settings       string
	data           string
	versus         *training.Comparison
}

// commitTrial registers a version with its report, a real training.Report.
func (s *stage) commitTrial(t *testing.T, number int, tr trial) {
	t.Helper()
	report := training.Report{Model: "intents", Versus: tr.versus, Test: &training.Evaluation{Report: &metric.Report{}}}
	for _, label := range []string{"card", "cash", "rate"} {
		if f1, ok := tr.f1[label]; ok {
			report.Test.Classes = append(report.Test.Classes, metric.Class{Label: label, PRF: metric.PRF{F1: f1}, Support: 40})
		}
	}
	raw, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	draft := registry.Version{
		Model: "intents", Task: registry.TextClassification, Algorithm: "linear-svm", Labels: []string{"card", "cash", "rate"},
		Test: map[string]float64{"accuracy": tr.accuracy, "accuracy_low": tr.accuracy - .1, "accuracy_high": tr.accuracy + .1, "loss": tr.loss, "rows": 120},
		CV:   map[string]float64{"accuracy": tr.accuracy}, Settings: json.RawMessage(tr.settings), Gate: registry.Gate{Passed: true, Promotion: "none"},
		Lineage: registry.Lineage{Source: "inbox/x", DatasetSHA256: blob.DigestOf([]byte(tr.data)), DataTime: start, Job: fmt.Sprint("tj_", number), Code: "test"},
	}
	if tr.f1 != nil {
		draft.ReportKey = fmt.Sprintf("reports/acme/intents/tj_%d-report.json", number)
		s.put(t, s.models, draft.ReportKey, string(raw))
	}
	if _, err := s.registry.Commit(t.Context(), "acme", registry.Commit{Token: fmt.Sprint("trial-", number), Draft: draft}); err != nil {
		t.Fatal(err)
	}
}

const someSettings = `{"params":{"c":[1]},"search":{"folds":5},"split":{"test":0.1,"refit":true}}`

// compared is a stage with a base, champion, and a candidate as version 2.
func compared(t *testing.T, candidate trial) (*stage, m) {
	t.Helper()
	s := newStage(t)
	s.commitTrial(t, 1, trial{accuracy: .875, loss: .5, data: "a", settings: someSettings, f1: map[string]float64{"card": .75, "cash": 1, "rate": .5}})
	s.commitTrial(t, 2, candidate)
	s.want(t, 200, call{method: "PUT", path: "/v1/models/intents/aliases/champion", body: m{"version": 1}, header: whatever})
	return s, s.want(t, 200, call{method: "GET", path: "/v1/models/intents/compare?candidate=2", scopes: "predict"})
}

func TestCompare(t *testing.T) {
	_, got := compared(t, trial{
		accuracy: .75, loss: .25, data: "a", settings: `{"params":{"c":[3]},"search":{"folds":5,"budget":9},"split":{"test":0.1,"refit":false}}`,
		f1:     map[string]float64{"card": .75, "cash": .5, "rate": .75},
		versus: &training.Comparison{Version: 1, Rows: 120, Metric: "accuracy", Candidate: .75, Champion: .875, Difference: -.125, Low: -.2, High: -.01},
	})
	if got["comparable"] != true || got["reason"] != nil || got["model"] != "intents" {
		t.Errorf("comparison = %v, want it comparable", got)
	}
	if b, c := got["base"].(m), got["candidate"].(m); b["version"] != 1.0 || b["variant"] != "champion" || c["version"] != 2.0 || c["variant"] != "versions/2" {
		t.Errorf("base %v, candidate %v, want champion 1 and versions/2", b, c)
	}
	brief := func(list string, fields ...string) string {
		out := ""
		for _, item := range got[list].([]any) {
			for _, f := range fields {
				v := item.(m)[f]
				if figure, ok := v.(m); ok {
					v = figure["value"]
				}
				out += fmt.Sprint(v) + " "
			}
			out += "| "
		}
		return out
	}
	for list, want := range map[string]string{
		"test":     "accuracy 0.875 0.75 -0.125 base | loss 0.5 0.25 -0.25 candidate | rows 120 120 0 <nil> | ",
		"cv":       "accuracy 0.875 0.75 -0.125 base | ",
		"classes":  "cash 1 0.5 -0.5 | card 0.75 0.75 0 | rate 0.5 0.75 0.25 | ",
		"settings": "/params/c [1] [3] | /search/budget <nil> 9 | /split/refit true false | ",
		"lineage":  "/job tj_1 tj_2 | ",
	} {
		fields := []string{"pointer", "base", "candidate"}
		switch list {
		case "test", "cv":
			fields = []string{"metric", "base", "candidate", "difference", "better"}
		case "classes":
			fields = []string{"label", "base", "candidate", "difference"}
		}
		if s := brief(list, fields...); s != want {
			t.Errorf("%s = %s, want %s", list, s, want)
		}
	}
	if v, _ := got["verdict"].(m); v["rows"] != 120.0 || v["base"] != .875 || v["high"] != -.01 {
		t.Errorf("verdict = %v, want the candidate's report of it", got["verdict"])
	}
}

func TestCompare_incomparable(t *testing.T) {
	for _, tc := range []struct {
		name, data, settings, want string
	}{
		{"the same", "a", someSettings, ""},
		{"other data", "b", someSettings, "data"},
		{"another share held out", "a", `{"params":{"c":[1]},"search":{"folds":5},"split":{"test":0.2,"refit":true}}`, "split"},
		{"another seed of the split", "a", `{"params":{"c":[1]},"search":{"folds":5},"split":{"test":0.1,"refit":true,"seed":3}}`, "split"},
		{"other columns", "a", `{"columns":{"text":"body"},"split":{"test":0.1,"refit":true}}`, "columns"},
		{"another search", "a", `{"search":{"folds":10},"split":{"test":0.1,"refit":true}}`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, got := compared(t, trial{accuracy: .9, data: tc.data, settings: tc.settings, versus: &training.Comparison{Version: 7, Rows: 120}})
			reason, _ := got["reason"].(string)
			if reason != tc.want || got["comparable"] != (tc.want == "") {
				t.Errorf("comparable = %v, %q, want %q", got["comparable"], reason, tc.want)
			}
			if got["verdict"] != nil || len(got["classes"].([]any)) != 0 {
				t.Errorf("verdict %v, classes %v, want none: the test was against another, and a report is missing", got["verdict"], got["classes"])
			}
		})
	}
}

func TestCompare_names(t *testing.T) {
	s, _ := compared(t, trial{accuracy: .9, data: "a", settings: someSettings})
	for _, tc := range []struct {
		query  string
		status int
		code   string
	}{
		{"base=1&candidate=2", 200, ""},
		{"base=versions/2&candidate=@champion", 200, ""},
		{"base=champion&candidate=champion", 200, ""},
		{"candidate=3", 404, "not_found"},
		{"candidate=2&base=blue", 404, "not_found"},
		{"", 422, "invalid_filter"},
		{"candidate=", 422, "invalid_filter"},
		{"candidate=v2", 422, "invalid_filter"},
		{"candidate=2&base=../intents", 422, "invalid_filter"},
	} {
		c := call{method: "GET", path: "/v1/models/intents/compare?" + tc.query}
		if tc.status == 200 {
			s.want(t, 200, c)
		} else {
			s.problem(t, tc.status, tc.code, c)
		}
	}
	s.problem(t, 404, "not_found", call{method: "GET", path: "/v1/models/intents/compare?candidate=2", tenant: "rival"})
	s.problem(t, 403, "scope_missing", call{method: "GET", path: "/v1/models/intents/compare?candidate=2", scopes: "predict:topics"})
}
