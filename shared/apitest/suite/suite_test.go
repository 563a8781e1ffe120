package suite_test

import (
	"bytes"
	"encoding/json"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/shared/apitest/suite"
)

func mustPath(path string) *url.URL { return &url.URL{Path: path} }

// The functions, behind the adapter of gateway events, pass the whole suite.
func TestRun(t *testing.T) {
	t.Parallel() // it waits for counts to be written
	h := newHouse(t)
	var out bytes.Buffer
	passed, failed := suite.Run(t.Context(), suite.Target{URL: "http://house", Key: adminKey, Client: h.client(t), Patience: 30 * time.Second}, &out)
	if failed > 0 || passed < 1000 {
		t.Errorf("%d passed, %d failed, want at least 1000 and none:", passed, failed)
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "not ok") {
				t.Error(strings.TrimSpace(line))
			}
		}
	}
}

// A service that is not there, or is another one, fails; it does not hang.
func TestRun_noService(t *testing.T) {
	nothing := roundTrip(func(r *http.Request) (*http.Response, error) {
		return answerOf(r, 200, http.Header{"Content-Type": {"text/html"}}, []byte("<html>")), nil
	})
	var out bytes.Buffer
	if passed, failed := suite.Run(t.Context(), suite.Target{URL: "http://house", Client: &http.Client{Transport: nothing}}, &out); passed != 0 || failed != 1 {
		t.Errorf("%d passed, %d failed, want the one check that failed:\n%s", passed, failed, &out)
	}
}

// fields changes the fields of an answer that is a JSON object.
func fields(change func(map[string]any)) func(*http.Response) {
	return func(w *http.Response) {
		raw, err := io.ReadAll(w.Body)
		if err != nil {
			raw = []byte(err.Error()) // fails more checks than were asked for
		}
		var object map[string]any
		if json.Unmarshal(raw, &object) == nil {
			change(object)
			if changed, err := json.Marshal(object); err == nil {
				raw = changed
			}
		}
		w.Body = io.NopCloser(bytes.NewReader(raw))
	}
}

// replaced gives a header that is there another value.
func replaced(name, value string) func(*http.Response) {
	return func(w *http.Response) {
		if w.Header.Get(name) != "" {
			w.Header.Set(name, value)
		}
	}
}

// without takes a header from requests, as a service would that ignores it.
func without(name string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Del(name) }
}

// distortions are ways in which a good service could go wrong.
var distortions = []struct {
	name   string
	before func(*http.Request)
	after  func(*http.Response)
	want   string // in a line of a failed check
}{
	{"no entity tags", nil, replaced("Etag", ""), "the documented header ETag is missing"},
	{"weak entity tags", nil, replaced("Etag", `W/"1"`), "want a strong one"},
	{"no Location", nil, replaced("Location", ""), "the documented header Location is missing"},
	{"no Allow", nil, replaced("Allow", ""), "header Allow"},
	{"another media type", nil, replaced("Content-Type", "text/plain"), `"text/plain"`},
	{"a field nobody documented", nil, fields(func(f map[string]any) { f["surprise"] = 1 }), "the field surprise is not documented"},
	{"a problem without a code", nil, fields(func(f map[string]any) { delete(f, "code") }), "/code is missing"},
	{"error is not detail", nil, fields(func(f map[string]any) { f["detail"] = "other" }), "/error ="},
	{"a time of no zone", nil, fields(func(f map[string]any) { f["created_at"] = "2026-03-01 09:00" }), "is no RFC 3339 time"},
	{"pages without an end", nil, fields(func(f map[string]any) { delete(f, "next_page_token") }), "/next_page_token is missing"},
	{"another status", nil, func(w *http.Response) {
		if w.StatusCode == 422 {
			w.StatusCode = 400
		}
	}, "want 422"},
	{"no conditions", without("If-Match"), nil, "answered 428"},
	{"conditions ignored", func(r *http.Request) {
		if r.Header.Get("If-Match") != "" {
			r.Header.Set("If-Match", "*")
		}
	}, nil, "want 412"},
	{"no idempotency", without("Idempotency-Key"), nil, "the same key and body again"},
	{"anybody is let in", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+adminKey) }, nil, "want 401"},
}

// The suite sees what it is there to see: each distortion of a good service
// fails checks, and one of them says so. Without patience a run ends before the
// first model is trained, which is enough for these.
func TestRun_sees(t *testing.T) {
	for _, tc := range distortions {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t)
			bent := roundTrip(func(r *http.Request) (*http.Response, error) {
				if tc.before != nil {
					tc.before(r)
				}
				w, err := h.RoundTrip(r)
				if err == nil && tc.after != nil && r.URL.Host == "house" && r.URL.Path != "/openapi.json" {
					tc.after(w)
				}
				return w, err
			})
			var out bytes.Buffer
			suite.Run(t.Context(), suite.Target{URL: "http://house", Key: adminKey, Client: &http.Client{Transport: bent}, Patience: time.Nanosecond}, &out)
			for line := range strings.Lines(out.String()) {
				if strings.HasPrefix(line, "not ok") && strings.Contains(line, tc.want) {
					return
				}
			}
			t.Errorf("no failed check says %q:\n%s", tc.want, &out)
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The suite knows what shared/API.md says, not what the product does.
func TestImports(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range f.Imports {
			if first, _, _ := strings.Cut(strings.Trim(spec.Path.Value, `"`), "/"); first == "godwit" || strings.Contains(first, ".") {
				t.Errorf("%s imports %s: a black box imports the standard library alone", file, spec.Path.Value)
			}
		}
	}
}
