package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"godwit/shared/registry"
	"godwit/shared/report"
	"godwit/shared/training"
)

const reportPath = "/v1/models/intents/versions/1/report"

// withReport is a stage with one version and a report with figures.
func withReport(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	v := s.publish(t, "acme", "intents")
	data, err := json.Marshal(training.Report{
		Model: "intents", Algorithm: "linear-svm", Rows: training.Rows{Read: 36, Trained: 36},
		Warnings: []string{"<script>alert(1)</script>"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, s.models, v.ReportKey, string(data))
	return s
}

func TestReport(t *testing.T) {
	s := withReport(t)
	tests := []struct {
		name, query string
		header      map[string]string
		media, want string
		language    string
	}{
		{"a browser", "", map[string]string{"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, report.Media, "It learned from 36 rows", "en"},
		{"nothing said", "", nil, report.Media, "It learned from 36 rows", "en"},
		{"a Chinese browser", "", map[string]string{"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}, report.Media, "从 36 行数据中学习", "zh"},
		{"the query has the last word", "?lang=en", map[string]string{"Accept-Language": "zh"}, report.Media, "It learned from 36 rows", "en"},
		{"a language there is not", "", map[string]string{"Accept-Language": "fr, *;q=0.1"}, report.Media, "It learned from 36 rows", "en"},
		{"anything but English", "", map[string]string{"Accept-Language": "en;q=0, *;q=0.5"}, report.Media, "从 36 行数据中学习", "zh"},
		{"JSON", "", map[string]string{"Accept": "application/json"}, "application/json", `"report":{`, ""},
		{"rather JSON", "", map[string]string{"Accept": "text/*;q=0.4, application/json;q=0.9"}, "application/json", `"report":{`, ""},
		{"weights that are none", "", map[string]string{"Accept": "application/json;q=x, text/html;q=0.1"}, report.Media, "It learned", "en"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := s.do(t, call{method: "GET", path: reportPath + tc.query, header: tc.header})
			h := w.Header()
			if w.Code != 200 || h.Get("Content-Type") != tc.media || !strings.Contains(w.Body.String(), tc.want) {
				t.Fatalf("GET = %d %s %.300s, want %s with %q", w.Code, h.Get("Content-Type"), w.Body, tc.media, tc.want)
			}
			if h.Get("Content-Language") != tc.language || h.Get("Vary") != "Accept, Accept-Language" || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v, want the language %q, what it varies by and nosniff", h, tc.language)
			}
			if tc.media != report.Media {
				return
			}
			policy := h.Get("Content-Security-Policy")
			for _, part := range []string{report.Policy(), "sandbox", "frame-ancestors 'self'"} {
				if !strings.Contains(policy, part) {
					t.Errorf("the policy %q lacks %q", policy, part)
				}
			}
			if strings.Contains(w.Body.String(), "<script") {
				t.Error("a warning of the report acts")
			}
		})
	}
}

func TestReport_unchanged(t *testing.T) {
	s := withReport(t)
	tags := map[string]string{}
	for _, l := range report.Languages {
		path := reportPath + "?lang=" + string(l)
		tag := s.do(t, call{method: "GET", path: path}).Header().Get("ETag")
		tags[tag] = path
		w := s.do(t, call{method: "GET", path: path, header: map[string]string{"If-None-Match": tag}})
		if w.Code != 304 || w.Body.Len() != 0 || w.Header().Get("ETag") != tag {
			t.Errorf("GET %s again = %d with %d bytes and the tag %s, want 304, none and %s", path, w.Code, w.Body.Len(), w.Header().Get("ETag"), tag)
		}
	}
	if len(tags) != len(report.Languages) {
		t.Errorf("tags %v, want one for each language", tags)
	}
	s.want(t, 200, call{method: "PATCH", path: "/v1/models/intents/versions/1", body: `{"description":"new"}`, header: map[string]string{"If-Match": "*"}})
	for tag, path := range tags {
		if w := s.do(t, call{method: "GET", path: path, header: map[string]string{"If-None-Match": tag}}); w.Code != 200 {
			t.Errorf("GET %s after a change = %d, want 200", path, w.Code)
		}
	}
}

func TestReport_refused(t *testing.T) {
	s := withReport(t)
	s.problem(t, 422, "invalid_filter", call{method: "GET", path: reportPath + "?lang=fr"})
	s.problem(t, 404, "not_found", call{method: "GET", path: "/v1/models/intents/versions/2/report"})
	s.problem(t, 404, "not_found", call{method: "GET", path: "/v1/models/intents/versions/x/report"})
	s.problem(t, 404, "not_found", call{method: "GET", path: reportPath, tenant: "other"})
	s.problem(t, 401, "no_key", call{method: "GET", path: reportPath, nobody: true})
}

// TestReport_gone renders what the record says when the figures are not there or
// are those of another build.
func TestReport_gone(t *testing.T) {
	s := withReport(t)
	v, err := s.registry.Version(t.Context(), "acme", registry.Name("intents"), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{`{"rows":36}`, `not JSON`, ``} {
		s.put(t, s.models, v.ReportKey, data)
		w := s.do(t, call{method: "GET", path: reportPath})
		if w.Code != 200 || !strings.Contains(w.Body.String(), "are not there") || !strings.Contains(w.Body.String(), string(v.Artifact.Digest)) {
			t.Errorf("GET with the report %q = %d %.200s, want 200 with what the record says", data, w.Code, w.Body)
		}
	}
}
