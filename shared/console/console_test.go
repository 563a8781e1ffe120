package console_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"godwit/shared/console"
)

const uploads = "https://bucket.s3.eu-west-1.amazonaws.com"

// pages returns the console in front of a handler that answers 418.
func pages(t testing.TB) http.Handler {
	t.Helper()
	h, err := console.New(uploads)
	if err != nil {
		t.Fatal(err)
	}
	return h.Before(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
}

// get asks for a path with headers given as name, value pairs.
func get(t testing.TB, h http.Handler, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// text reads a body to its end.
func text(t testing.TB, r io.Reader) string {
	t.Helper()
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// release returns the folder all files of this build are under.
func release(t testing.TB, h http.Handler) string {
	t.Helper()
	m := regexp.MustCompile(`console/([0-9a-f]{16})/app\.js`).FindStringSubmatch(text(t, get(t, h, "/console").Body))
	if m == nil {
		t.Fatal("the page names no script of this build")
	}
	return "/console/" + m[1] + "/"
}

func TestBefore(t *testing.T) {
	h := pages(t)
	in := release(t, h)
	for _, tc := range []struct {
		name, method, path string
		status             int
		media, keep        string
	}{
		{"the page", "GET", "/console", 200, "text/html; charset=utf-8", "no-cache"},
		{"with a slash", "GET", "/console/", 200, "text/html; charset=utf-8", "no-cache"},
		{"a script", "GET", in + "app.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"the styles", "GET", in + "app.css", 200, "text/css; charset=utf-8", "public, max-age=31536000, immutable"},
		{"a picture", "GET", in + "mark.svg", 200, "image/svg+xml", "public, max-age=31536000, immutable"},
		{"of another build", "GET", "/console/0123456789abcdef/app.js", 200, "text/javascript; charset=utf-8", "no-store"},
		{"the page under its file's name", "GET", in + "index.html", 418, "", ""},
		{"no such file", "GET", in + "none.js", 418, "", ""},
		{"a folder", "GET", in, 418, "", ""},
		{"up and out", "GET", in + "../console.go", 418, "", ""},
		{"a longer name", "GET", "/consoles", 418, "", ""},
		{"another method", "POST", "/console", 418, "", ""},
		{"the API", "GET", "/v1/models", 418, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(tc.method, tc.path, nil))
			got := w.Header()
			if w.Code != tc.status || got.Get("Content-Type") != tc.media || got.Get("Cache-Control") != tc.keep {
				t.Errorf("%s %s = %d %q, kept %q; want %d %q, kept %q", tc.method, tc.path, w.Code, got.Get("Content-Type"), got.Get("Cache-Control"), tc.status, tc.media, tc.keep)
			}
			if w.Code == 200 && (got.Get("X-Content-Type-Options") != "nosniff" || got.Get("Referrer-Policy") != "no-referrer" || got.Get("Etag") == "") {
				t.Errorf("headers = %v", got)
			}
		})
	}
}

// What a page may load and whom it may talk to is said as narrowly as it works.
func TestPolicies(t *testing.T) {
	h := pages(t)
	policy := get(t, h, "/console").Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none';", "script-src 'self';", "style-src 'self';", "connect-src 'self' " + uploads, "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy of the page = %q, want %q in it", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("policy of the page = %q, want nothing unsafe", policy)
	}
	frame := get(t, h, release(t, h)+"frame.html").Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none';", "script-src 'sha256-", "sandbox allow-scripts", "frame-ancestors 'self'"} {
		if !strings.Contains(frame, want) {
			t.Errorf("policy of the frame = %q, want %q in it", frame, want)
		}
	}
	if strings.Contains(frame, "allow-same-origin") || strings.Contains(frame, "connect-src") {
		t.Errorf("policy of the frame = %q: a report could reach the key or the network", frame)
	}
}

func TestRevalidation(t *testing.T) {
	h := pages(t)
	first := get(t, h, "/console", "Accept-Encoding", "gzip")
	again := get(t, h, "/console", "Accept-Encoding", "gzip", "If-None-Match", first.Header.Get("Etag"))
	if again.StatusCode != 304 || text(t, again.Body) != "" {
		t.Errorf("the page again = %d, want 304 without a body", again.StatusCode)
	}
	if plain := get(t, h, "/console", "If-None-Match", first.Header.Get("Etag")); plain.StatusCode != 200 {
		t.Errorf("the page unpacked under the tag of the packed one = %d, want 200", plain.StatusCode)
	}
}

func TestPacking(t *testing.T) {
	h := pages(t)
	path := release(t, h) + "app.js"
	want := text(t, get(t, h, path).Body)
	for _, tc := range []struct {
		accept string
		packed bool
	}{
		{"", false}, {"gzip", true}, {"br, gzip;q=0.8", true}, {"gzip ; q=0.001", true}, {"gzip;q=0", false}, {"gzip; q=0.0", false}, {"br", false}, {"xgzip", false},
	} {
		got := get(t, h, path, "Accept-Encoding", tc.accept)
		if packed := got.Header.Get("Content-Encoding") == "gzip"; packed != tc.packed || got.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: packed %t, Vary %q; want %t", tc.accept, packed, got.Header.Get("Vary"), tc.packed)
			continue
		}
		var body io.Reader = got.Body
		if tc.packed {
			unpacked, err := gzip.NewReader(body)
			if err != nil {
				t.Fatal(err)
			}
			body = unpacked
		}
		if text(t, body) != want {
			t.Errorf("Accept-Encoding %q: another file", tc.accept)
		}
	}
}

// files returns the assets of one ending by name.
func files(t *testing.T, pattern string) map[string]string {
	t.Helper()
	names, err := filepath.Glob("assets/" + pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s (%v)", pattern, err)
	}
	out := map[string]string{}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(name)] = string(raw)
	}
	return out
}

// Text becomes markup nowhere, the key is kept nowhere, and nothing comes from elsewhere.
func TestScripts_Habits(t *testing.T) {
	for name, source := range files(t, "*.js") {
		for _, banned := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "DOMParser", "eval(", "new Function", "localStorage", "sessionStorage", "document.cookie", "indexedDB", "https://"} {
			if strings.Contains(source, banned) {
				t.Errorf("%s uses %s", name, banned)
			}
		}
		for _, m := range regexp.MustCompile(`(?m)^import .* from "([^"]+)"`).FindAllStringSubmatch(source, -1) {
			if _, err := os.Stat(filepath.Join("assets", m[1])); err != nil || !strings.HasPrefix(m[1], "./") {
				t.Errorf("%s imports %s, which is not beside it", name, m[1])
			}
		}
	}
}

// Every text that is shown is in the table, in both languages, with the same
// blanks; and no text of the table is left over.
func TestWords(t *testing.T) {
	scripts := files(t, "*.js")
	table := map[string][2]string{}
	for _, m := range regexp.MustCompile(`(?m)^  "([^"]+)": \["((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)"\],$`).FindAllStringSubmatch(scripts["words.js"], -1) {
		if _, twice := table[m[1]]; twice {
			t.Errorf("%s is there twice", m[1])
		}
		table[m[1]] = [2]string{m[2], m[3]}
	}
	blanks := regexp.MustCompile(`\{\w+\}`)
	for key, words := range table {
		in := [2][]string{blanks.FindAllString(words[0], -1), blanks.FindAllString(words[1], -1)}
		slices.Sort(in[0])
		slices.Sort(in[1])
		if words[0] == "" || words[1] == "" || !slices.Equal(in[0], in[1]) {
			t.Errorf("%s = %q: a language lacks it, or a blank", key, words)
		}
	}
	delete(scripts, "words.js")
	all := ""
	for _, source := range scripts {
		all += source
	}
	for _, m := range regexp.MustCompile(`\bt\("([^"]+)"[,)]`).FindAllStringSubmatch(all, -1) {
		if _, known := table[m[1]]; !known {
			t.Errorf("t(%q) is not in the table", m[1])
		}
	}
	for key := range table {
		family, _, dotted := strings.Cut(key, ".")
		if !strings.Contains(all, `"`+key+`"`) && !(dotted && strings.Contains(all, `"`+family+".")) {
			t.Errorf("%s is never shown", key)
		}
	}
}

func Example() {
	pages, err := console.New("https://uploads.example")
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	pages.Before(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", "/console", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output: 200 text/html; charset=utf-8
}

// What New does, every start of the function waits for.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := console.New(uploads); err != nil {
			b.Fatal(err)
		}
	}
}
