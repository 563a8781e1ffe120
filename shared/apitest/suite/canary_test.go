package suite_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"godwit/shared/api"
	"godwit/shared/apitest/suite"
)

// What callers send, of text, headers and keys, is in no line that any function
// logs: neither when they are answered, nor when they are refused.
func TestLogs_canary(t *testing.T) {
	h := newHouse(t)
	job := h.train(t, "intents", "train.csv", labelled("=first "+suite.Canary), map[string]any{"search": map[string]any{"folds": 2}})
	if job["status"] != "succeeded" {
		t.Fatalf("the job is %v", job)
	}
	h.train(t, "refused", "train.csv", []byte("label,text\n"+strings.Repeat(suite.Canary+",\""+suite.Canary+"\n", 40)), nil)
	var page struct{ Paths map[string]map[string]any }
	if err := json.Unmarshal(api.Describe(api.Routes()), &page); err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(page.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(page.Paths[path])) {
			body := filled(example(page.Paths[path][method]))
			for _, bad := range []bool{false, true} {
				for _, key := range []string{adminKey, "gw_" + suite.Canary} {
					h.tell(t, strings.ToUpper(method), path, body, key, bad)
				}
			}
		}
	}
	logged := h.logs.String()
	if n := strings.Count(logged, "\n"); n < 4*len(page.Paths) {
		t.Fatalf("%d lines were logged, want one for each request at least", n)
	}
	for _, secret := range []string{suite.Canary, adminKey, "the first kind", "Bearer"} {
		if at := strings.Index(logged, secret); at >= 0 {
			t.Errorf("%q is in the log: %.300s", secret, logged[max(0, at-200):])
		}
	}
}

// tell sends the canary by every way a route has.
func (h *house) tell(t *testing.T, method, path string, body []byte, key string, bad bool) {
	t.Helper()
	path = regexp.MustCompile(`\{\w+\}`).ReplaceAllStringFunc(path, func(name string) string {
		if value := map[string]string{"{name}": "intents", "{version}": "1", "{alias}": "champion"}[name]; value != "" && !bad {
			return value
		}
		return suite.Canary
	})
	if bad {
		body = append(body, suite.Canary...)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://house"+path+"?"+suite.Canary+"="+suite.Canary+"&page_token="+suite.Canary, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"X-Canary", "User-Agent", "Cookie", "If-Match", "Idempotency-Key", "Accept", "Referer"} {
		r.Header.Set(name, suite.Canary)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+key)
	w, err := h.client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	answer, err := io.ReadAll(w.Body)
	if err != nil || w.StatusCode >= 500 {
		t.Errorf("%s %s = %d %s, %v", method, path, w.StatusCode, answer, err)
	}
}

// example is the body the page shows for an operation.
func example(operation any) any {
	raw, _ := json.Marshal(operation) // it came as JSON
	var spec struct {
		RequestBody struct {
			Content map[string]struct{ Example any }
		}
	}
	if json.Unmarshal(raw, &spec) != nil {
		return nil
	}
	return spec.RequestBody.Content["application/json"].Example
}

// filled is a body all whose texts are the canary.
func filled(v any) []byte {
	var fill func(v any) any
	fill = func(v any) any {
		switch v := v.(type) {
		case string:
			return suite.Canary
		case []any:
			for i := range v {
				v[i] = fill(v[i])
			}
			return v
		case map[string]any:
			for name := range v {
				v[name] = fill(v[name])
			}
			return v
		}
		return v
	}
	raw, _ := json.Marshal(fill(v)) // it came as JSON
	return raw
}

// labelled is a file that can be learned from, with one label of two given.
func labelled(label string) []byte {
	b := []byte("label,text\n")
	for i := range 40 {
		b = fmt.Appendf(b, "%s,the first kind number %d\nother,quite something else %d\n", label, i, i)
	}
	return b
}

// Cells that a spreadsheet would run as a formula are text in every export.
func TestExports_formulas(t *testing.T) {
	h := newHouse(t)
	formula := `=HYPERLINK(1)`
	if job := h.train(t, "intents", "train.csv", labelled(formula), map[string]any{"search": map[string]any{"folds": 2}}); job["status"] != "succeeded" {
		t.Fatalf("the job is %v", job)
	}
	rows := "id,text\n+1+cmd,the first kind number 1\n@SUM(1),\n-2+3,the first kind number 2\n\"\t=1\",the first kind number 3\n"
	status, set := h.announce(t, "intents", "rows.csv", []byte(rows))
	if status != 201 {
		t.Fatalf("announce = %d %v", status, set)
	}
	status, job := h.ask(t, "POST", "/v1/batch-jobs", map[string]any{"model": "intents", "input": map[string]any{"dataset": set["id"]}, "format": "csv"})
	if status != 202 {
		t.Fatalf("batch = %d %v", status, job)
	}
	job = h.over(t, "/v1/batch-jobs/", job)
	outputs, ok := job["outputs"].(map[string]any)
	if !ok {
		t.Fatalf("the batch is %v", job)
	}
	cells := 0
	for _, kind := range []string{"results", "errors"} {
		for _, file := range outputs[kind].([]any) {
			for _, record := range h.csv(t, file.(map[string]any)["url"].(string)) {
				for _, cell := range record {
					cells++
					if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
						t.Errorf("a cell of the %s is %q, which a spreadsheet runs", kind, cell)
					}
				}
			}
		}
	}
	if cells < 10 {
		t.Errorf("%d cells, want some for each of four rows", cells)
	}
}
