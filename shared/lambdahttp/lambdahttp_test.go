package lambdahttp_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"godwit/shared/access"
	"godwit/shared/lambdahttp"
)

// event returns a GET of path, changed by change.
func event(path string, change func(*events.APIGatewayV2HTTPRequest)) *events.APIGatewayV2HTTPRequest {
	e := &events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: path}
	e.RequestContext.HTTP.Method = "GET"
	e.RequestContext.HTTP.SourceIP = "198.51.100.7"
	e.RequestContext.DomainName = "api.example"
	if change != nil {
		change(e)
	}
	return e
}

func TestRequest_path(t *testing.T) {
	tests := []struct {
		name, raw     string
		path, escaped string
	}{
		{"plain", "/v1/models/intents/predict", "/v1/models/intents/predict", "/v1/models/intents/predict"},
		{"root", "/", "/", "/"},
		{"empty", "", "/", "/"},
		{"no slash", "v1", "/v1", "/v1"},
		{"alias, decoded by the gateway", "/v1/models/a@b", "/v1/models/a@b", "/v1/models/a@b"},
		{"alias, encoded", "/v1/models/a%40b", "/v1/models/a@b", "/v1/models/a@b"},
		{"slash inside a segment stays inside", "/v1/models/a%2Fb", "/v1/models/a/b", "/v1/models/a%2Fb"},
		{"dots, encoded", "/v1/models/%2e%2e/x", "/v1/models/../x", "/v1/models/../x"},
		{"decoded once only", "/v1/models/%252e", "/v1/models/%2e", "/v1/models/%252e"},
		{"a percent sign that escapes nothing", "/v1/100%/x", "/v1/100%/x", "/v1/100%25/x"},
		{"a question mark inside", "/v1/a%3Fb", "/v1/a?b", "/v1/a%3Fb"},
		{"Unicode", "/v1/é", "/v1/é", "/v1/%C3%A9"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r, err := lambdahttp.Request(t.Context(), event(tc.raw, nil))
			if err != nil || r.URL.Path != tc.path || r.URL.EscapedPath() != tc.escaped {
				t.Errorf("Request(%q) = path %q escaped %q, %v; want %q %q", tc.raw, r.URL.Path, r.URL.EscapedPath(), err, tc.path, tc.escaped)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	r, err := lambdahttp.Request(t.Context(), event("/v1/x", func(e *events.APIGatewayV2HTTPRequest) {
		e.RequestContext.HTTP.Method = "POST"
		e.RawQueryString = "limit=2&page_token=a%2Bb"
		e.Headers = map[string]string{"content-type": "application/json", "X-THING": "1", "if-match": `"3"`, "host": "h.example"}
		e.Cookies = []string{"a=1", "b=2"}
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte("\x00\xffbody")), true
		e.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{Lambda: map[string]any{"tenant": "acme", "scopes": "predict"}}
	}))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(r.Body)
	if r.Method != "POST" || string(body) != "\x00\xffbody" || r.ContentLength != 6 || r.Host != "h.example" || r.RemoteAddr != "198.51.100.7" {
		t.Errorf("request = %v, body %q", r, body)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "X-Thing": "1", "If-Match": `"3"`, "Cookie": "a=1; b=2"} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("header %s = %q, want %q", name, got, want)
		}
	}
	if q := r.URL.Query(); q.Get("limit") != "2" || q.Get("page_token") != "a+b" {
		t.Errorf("query = %v", q)
	}
	if p := access.From(r.Context()); p.Tenant != "acme" || len(p.Scopes) != 1 {
		t.Errorf("caller = %+v, want acme", p)
	}
}

// What sam local leaves out or sends otherwise.
func TestRequest_samLocal(t *testing.T) {
	r, err := lambdahttp.Request(t.Context(), event("/x", func(e *events.APIGatewayV2HTTPRequest) {
		e.Headers = map[string]string{"Content-Type": "application/json", "content-type": "application/json"}
		e.QueryStringParameters = map[string]string{"b": "2 3", "a": "&"}
	}))
	if err != nil || r.Body == nil || r.ContentLength != 0 || r.URL.RawQuery != "a=%26&b=2+3" || len(r.Header["Content-Type"]) != 2 {
		t.Errorf("request = %+v, %v", r, err)
	}
	if access.From(r.Context()).Authenticated() {
		t.Error("an event without an authorizer has a caller")
	}
}

func TestRequest_refused(t *testing.T) {
	for name, change := range map[string]func(*events.APIGatewayV2HTTPRequest){
		"no method":       func(e *events.APIGatewayV2HTTPRequest) { e.RequestContext.HTTP.Method = "" },
		"method injected": func(e *events.APIGatewayV2HTTPRequest) { e.RequestContext.HTTP.Method = "GET / HTTP/1.1\r\nX: y" },
		"broken base64":   func(e *events.APIGatewayV2HTTPRequest) { e.Body, e.IsBase64Encoded = "%%%", true },
	} {
		if _, err := lambdahttp.Request(t.Context(), event("/", change)); err == nil {
			t.Errorf("%s: Request = nil error", name)
		}
		got, err := lambdahttp.Handler(http.NotFoundHandler())(t.Context(), *event("/", change))
		if err != nil || got.StatusCode != 400 {
			t.Errorf("%s: Handler = %d, %v; want 400", name, got.StatusCode, err)
		}
	}
}

func TestHandler_response(t *testing.T) {
	tests := []struct {
		name    string
		serve   http.HandlerFunc
		status  int
		body    string
		encoded bool
		headers map[string]string
		cookies []string
	}{
		{"text", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Add("Set-Cookie", "a=1")
			w.Header().Add("Set-Cookie", "b=2")
			w.Header().Add("Vary", "x")
			w.Header().Add("Vary", "y")
			w.WriteHeader(404)
			w.WriteHeader(500)
			io.WriteString(w, `{"é":1}`)
		}, 404, `{"é":1}`, false, map[string]string{"content-type": "application/problem+json", "vary": "x, y"}, []string{"a=1", "b=2"}},
		{"bytes", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Write([]byte{0, 255})
		}, 200, "AP8=", true, map[string]string{"content-type": "application/octet-stream"}, nil},
		{"text that is not UTF-8", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=latin1")
			w.Write([]byte{0xe9})
		}, 200, "6Q==", true, map[string]string{"content-type": "text/plain; charset=latin1"}, nil},
		{"nothing", func(http.ResponseWriter, *http.Request) {}, 200, "", false, map[string]string{}, nil},
		{"a status alone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, 204, "", false, map[string]string{}, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := lambdahttp.Handler(tc.serve)(t.Context(), *event("/", nil))
			if err != nil || got.StatusCode != tc.status || got.Body != tc.body || got.IsBase64Encoded != tc.encoded ||
				!maps.Equal(got.Headers, tc.headers) || !slices.Equal(got.Cookies, tc.cookies) {
				t.Errorf("response = %+v, %v; want %d %q %v %v %v", got, err, tc.status, tc.body, tc.encoded, tc.headers, tc.cookies)
			}
		})
	}
}

func TestHandler_head(t *testing.T) {
	h := lambdahttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "body") }))
	got, err := h(t.Context(), *event("/", func(e *events.APIGatewayV2HTTPRequest) { e.RequestContext.HTTP.Method = "HEAD" }))
	if err != nil || got.Body != "" || got.StatusCode != 200 {
		t.Errorf("HEAD = %+v, %v; want 200 without a body", got, err)
	}
}

// The handler's context ends before the function is killed.
func TestHandler_deadline(t *testing.T) {
	deadline := time.Now().Add(time.Hour)
	ctx, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	var got time.Time
	h := lambdahttp.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, _ = r.Context().Deadline() }))
	if _, err := h(ctx, *event("/", nil)); err != nil || got.IsZero() || !got.Before(deadline) {
		t.Errorf("the handler's deadline is %v, want before %v", got, deadline)
	}
}

// Buffers kept between requests never show one request's answer to another.
func TestHandler_concurrent(t *testing.T) {
	h := lambdahttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("X-Path", r.URL.Path)
		io.WriteString(w, strings.Repeat(r.URL.Path, 50))
	}))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			path := fmt.Sprintf("/%d", i)
			for range 100 {
				got, err := h(t.Context(), *event(path, nil))
				if err != nil || got.Body != strings.Repeat(path, 50) || got.Headers["x-path"] != path {
					t.Errorf("%s answered %q with %v", path, got.Body, got.Headers)
				}
			}
		})
	}
	wg.Wait()
}

// FuzzRequest: whatever event arrives, there is an error or a request that
// routes without a panic and keeps an encoded slash inside its segment.
func FuzzRequest(f *testing.F) {
	for _, path := range []string{"/v1/models/a@b/predict", "/v1/%2e%2e/%2F", "//", "/%", "/%zz", "/\x00", "*"} {
		raw, err := json.Marshal(event(path, nil))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/{name}/{rest}", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.PathValue("name")) })
	h := lambdahttp.Handler(mux)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var e events.APIGatewayV2HTTPRequest
		if json.Unmarshal(raw, &e) != nil {
			return
		}
		r, err := lambdahttp.Request(t.Context(), &e)
		if err == nil && strings.Count(r.URL.EscapedPath(), "/") != max(1, strings.Count(e.RawPath, "/")+boolInt(!strings.HasPrefix(e.RawPath, "/"))) {
			t.Errorf("path %q became %q with other segments", e.RawPath, r.URL.EscapedPath())
		}
		if got, err := h(t.Context(), e); err != nil || got.StatusCode < 200 {
			t.Errorf("event %s = %+v, %v", raw, got, err)
		}
	})
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func BenchmarkHandler(b *testing.B) {
	h := lambdahttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = []string{"application/json"}
		io.WriteString(w, `{"status":"ok"}`)
	}))
	e := *event("/v1/models/intents/predict", func(e *events.APIGatewayV2HTTPRequest) {
		e.Headers = map[string]string{"accept": "*/*", "content-type": "application/json", "host": "h.example", "user-agent": "x", "x-forwarded-for": "198.51.100.7"}
		e.Body = `{"inputs":"where is my card"}`
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h(b.Context(), e); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleHandler() {
	h := lambdahttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path)
	}))
	response, err := h(context.Background(), *event("/v1/models/intents@champion", nil))
	fmt.Println(response.StatusCode, response.Body, err)
	// Output: 200 GET /v1/models/intents@champion <nil>
}
