package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/functions/local/gateway"
)

// call is what the fake function was given.
type call struct {
	function string
	payload  []byte
}

// functions stands in for the Lambda host: it records calls and answers each
// function with its handler, or with 200 and no body.
type functions struct {
	mu       sync.Mutex
	calls    []call
	handlers map[string]func(ctx context.Context, payload []byte) ([]byte, string, error)
}

func (f *functions) invoke(ctx context.Context, function string, payload []byte) ([]byte, string, error) {
	f.mu.Lock()
	f.calls = append(f.calls, call{function, payload})
	handler := f.handlers[function]
	f.mu.Unlock()
	if handler == nil {
		return []byte(`{"statusCode":200}`), "", nil
	}
	return handler(ctx, payload)
}

// last returns the latest call of a function.
func (f *functions) last(t testing.TB, function string) []byte {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.calls) - 1; i >= 0; i-- {
		if f.calls[i].function == function {
			return f.calls[i].payload
		}
	}
	t.Fatalf("function %s was not called", function)
	return nil
}

// count returns how often a function was called.
func (f *functions) count(function string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.calls {
		if c.function == function {
			n++
		}
	}
	return n
}

// answering returns a handler with a fixed answer.
func answering(out string) func(context.Context, []byte) ([]byte, string, error) {
	return func(context.Context, []byte) ([]byte, string, error) { return []byte(out), "", nil }
}

// serve starts a gateway on loopback.
func serve(t testing.TB, f *functions, opts gateway.Options) *httptest.Server {
	t.Helper()
	opts.Invoke = f.invoke
	if opts.Routes == nil {
		opts.Routes = []gateway.Route{{Path: "$default", Function: "f"}}
	}
	g, err := gateway.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(g)
	t.Cleanup(s.Close)
	return s
}

// get sends a request and returns status and body.
func get(t testing.TB, r *http.Request) (*http.Response, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// request builds a request with header pairs.
func request(t testing.TB, method, url string, body io.Reader, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func TestGateway_Responses(t *testing.T) {
	tests := []struct {
		name, out   string
		wantStatus  int
		wantType    string
		wantBody    string
		wantCookies []string
	}{
		{"formatted", `{"statusCode":201,"headers":{"content-type":"application/json","x-n":3},"body":"{\"a\":1}"}`, 201, "application/json", `{"a":1}`, nil},
		{"cookies", `{"statusCode":200,"cookies":["a=1; Path=/","b=2"],"body":""}`, 200, "text/plain;charset=utf-8", "", []string{"a=1; Path=/", "b=2"}},
		{"base64", `{"statusCode":200,"headers":{"Content-Type":"image/png"},"isBase64Encoded":true,"body":"iVBORw=="}`, 200, "image/png", "\x89PNG", nil},
		{"no type", `{"statusCode":200,"body":"hi"}`, 200, "text/plain;charset=utf-8", "hi", nil},
		{"a status in quotes", `{"statusCode":"404","body":"no"}`, 404, "text/plain;charset=utf-8", "no", nil},
		{"no content", `{"statusCode":204,"body":"dropped"}`, 204, "text/plain;charset=utf-8", "", nil},
		{"an object without a status", `{"hello":"world"}`, 200, "application/json", `{"hello":"world"}`, nil},
		{"a status in other letters", `{"STATUSCODE":404}`, 200, "application/json", `{"STATUSCODE":404}`, nil},
		{"a string", `"hello"`, 200, "application/json", "hello", nil},
		{"a number", `17`, 200, "application/json", "17", nil},
		{"null", `null`, 200, "application/json", "null", nil},
		{"not JSON", `oops`, 500, "application/json", `{"message":"Internal Server Error"}`, nil},
		{"nothing", ``, 500, "application/json", `{"message":"Internal Server Error"}`, nil},
		{"a broken object", `{"statusCode":200`, 500, "application/json", `{"message":"Internal Server Error"}`, nil},
		{"an impossible status", `{"statusCode":99}`, 500, "application/json", `{"message":"Internal Server Error"}`, nil},
		{"a body that is an object", `{"statusCode":200,"body":{}}`, 500, "application/json", `{"message":"Internal Server Error"}`, nil},
		{"a header that is a list", `{"statusCode":200,"headers":{"a":[]}}`, 500, "application/json", `{"message":"Internal Server Error"}`, nil},
		{"broken base64", `{"statusCode":200,"isBase64Encoded":true,"body":"*"}`, 500, "application/json", `{"message":"Internal Server Error"}`, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			f := &functions{handlers: map[string]func(context.Context, []byte) ([]byte, string, error){"f": answering(tc.out)}}
			s := serve(t, f, gateway.Options{})
			response, body := get(t, request(t, "GET", s.URL+"/", nil))
			if response.StatusCode != tc.wantStatus || body != tc.wantBody || response.Header.Get("Content-Type") != tc.wantType {
				t.Errorf("answer %s = %d %q %q, want %d %q %q", tc.out, response.StatusCode, response.Header.Get("Content-Type"), body, tc.wantStatus, tc.wantType, tc.wantBody)
			}
			if got := response.Header.Values("Set-Cookie"); fmt.Sprint(got) != fmt.Sprint(tc.wantCookies) {
				t.Errorf("cookies = %q, want %q", got, tc.wantCookies)
			}
			if response.Header.Get("Apigw-Requestid") == "" {
				t.Error("no Apigw-Requestid header")
			}
		})
	}
}

func TestGateway_Failures(t *testing.T) {
	tests := []struct {
		name    string
		handler func(context.Context, []byte) ([]byte, string, error)
		want    int
		message string
	}{
		{"a function error", func(context.Context, []byte) ([]byte, string, error) {
			return []byte(`{"errorMessage":"secret"}`), "Unhandled", nil
		}, 500, "Internal Server Error"},
		{"no answer", func(context.Context, []byte) ([]byte, string, error) { return nil, "", errors.New("secret") }, 500, "Internal Server Error"},
		{"too slow", func(ctx context.Context, _ []byte) ([]byte, string, error) {
			<-ctx.Done()
			return nil, "", fmt.Errorf("invoke: %w", ctx.Err())
		}, 503, "Service Unavailable"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			f := &functions{handlers: map[string]func(context.Context, []byte) ([]byte, string, error){"f": tc.handler}}
			s := serve(t, f, gateway.Options{Timeout: 50 * time.Millisecond})
			response, body := get(t, request(t, "GET", s.URL+"/", nil))
			if want := fmt.Sprintf(`{"message":%q}`, tc.message); response.StatusCode != tc.want || body != want {
				t.Errorf("response = %d %s, want %d %s", response.StatusCode, body, tc.want, want)
			}
		})
	}
}

func TestGateway_Limits(t *testing.T) {
	f := &functions{}
	s := serve(t, f, gateway.Options{})
	tests := []struct {
		name   string
		body   io.Reader
		kind   string
		header string
		want   int
	}{
		{"a text of 5 MB", strings.NewReader(strings.Repeat("x", 5<<20)), "text/plain", "", 200},
		{"5 MB that base64 makes too large for Lambda", strings.NewReader(strings.Repeat("x", 5<<20)), "application/zip", "", 413},
		{"more than 10 MB", bytes.NewReader(make([]byte, gateway.MaxBody+1)), "text/plain", "", 413},
		{"more than 10 MB of unknown length", io.MultiReader(bytes.NewReader(make([]byte, gateway.MaxBody+1))), "text/plain", "", 413},
		{"large headers", nil, "text/plain", strings.Repeat("h", gateway.MaxHeader), 431},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			response, body := get(t, request(t, "POST", s.URL+"/", tc.body, "Content-Type", tc.kind, "X-Large", tc.header))
			if response.StatusCode != tc.want {
				t.Errorf("status = %d %s, want %d", response.StatusCode, body, tc.want)
			}
			if tc.want == 413 && body != `{"message":"Request Entity Too Large"}` {
				t.Errorf("body = %s, want AWS's message", body)
			}
		})
	}
}

func TestGateway_Guard(t *testing.T) {
	f := &functions{}
	s := serve(t, f, gateway.Options{LocalTenant: "local"})
	addr := strings.TrimPrefix(s.URL, "http://")
	_, port, _ := net.SplitHostPort(addr)
	tests := []struct {
		name, host string
		headers    []string
		want       int
	}{
		{"its own address", addr, nil, 200},
		{"localhost", "localhost:" + port, nil, 200},
		{"a page of its own", addr, []string{"Origin", "http://" + addr, "Sec-Fetch-Site", "same-origin"}, 200},
		{"typed into the address bar", addr, []string{"Sec-Fetch-Site", "none"}, 200},
		{"a name that was made to resolve here", "evil.example:" + port, nil, 403},
		{"a name that begins alike", "localhost.evil.example:" + port, nil, 403},
		{"another port", "localhost:1", nil, 403},
		{"no port", "localhost", nil, 403},
		{"another loopback address", "127.0.0.2:" + port, nil, 403},
		{"a foreign origin", addr, []string{"Origin", "https://evil.example"}, 403},
		{"another port's origin", addr, []string{"Origin", "http://localhost:1"}, 403},
		{"an opaque origin", addr, []string{"Origin", "null"}, 403},
		{"a second origin", addr, []string{"Origin", "http://" + addr, "Origin", "https://evil.example"}, 403},
		{"a cross-site request", addr, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a same-site request", addr, []string{"Sec-Fetch-Site", "same-site"}, 403},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			before := f.count("f")
			r := request(t, "POST", s.URL+"/", nil, tc.headers...)
			r.Host = tc.host
			response, body := get(t, r)
			if response.StatusCode != tc.want {
				t.Errorf("status = %d %s, want %d", response.StatusCode, body, tc.want)
			}
			if reached := f.count("f") > before; reached != (tc.want == 200) {
				t.Errorf("the function was reached: %v", reached)
			}
			if tc.want == 403 && !strings.HasPrefix(body, `{"message":"Forbidden: `) {
				t.Errorf("body = %s, want a message with the reason", body)
			}
		})
	}
}

// An HTTP server on another address has no business to pass requests on.
func TestGateway_GuardNeedsLoopback(t *testing.T) {
	g, err := gateway.New(gateway.Options{Invoke: (&functions{}).invoke, Routes: []gateway.Route{{Path: "$default", Function: "f"}}})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder() // knows no local address
	g.ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:3000/", nil))
	if w.Code != 403 {
		t.Errorf("status = %d, want 403", w.Code)
	}
}

func TestListen(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "localhost:0"} {
		l, err := gateway.Listen(addr)
		if err != nil {
			t.Errorf("Listen(%q) = %v", addr, err)
			continue
		}
		l.Close()
	}
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0", "127.0.0.1", ""} {
		if l, err := gateway.Listen(addr); err == nil {
			l.Close()
			t.Errorf("Listen(%q) = nil error, want a refusal", addr)
		}
	}
}

// authorizer returns handlers for the function "auth", which allows "good".
func authorizer(answers map[string]string) map[string]func(context.Context, []byte) ([]byte, string, error) {
	return map[string]func(context.Context, []byte) ([]byte, string, error){
		"auth": func(_ context.Context, payload []byte) ([]byte, string, error) {
			var e struct{ IdentitySource []string }
			if err := json.Unmarshal(payload, &e); err != nil || len(e.IdentitySource) != 1 {
				return nil, "", fmt.Errorf("identitySource = %q, %w", e.IdentitySource, err)
			}
			out, ok := answers[e.IdentitySource[0]]
			if !ok {
				return []byte(`{}`), "Unhandled", nil
			}
			return []byte(out), "", nil
		},
	}
}

func TestGateway_Authorizer(t *testing.T) {
	const good = `{"isAuthorized":true,"context":{"tenant":"acme","n":1,"list":["a"]}}`
	answers := map[string]string{
		"good": good, "bare": `{"isAuthorized":true}`, "bad": `{"isAuthorized":false,"context":{"a":"b"}}`,
		"policy": `{"principalId":"x","policyDocument":{}}`, "junk": `7`,
	}
	const refused = "-"
	tests := []struct {
		name, path string
		local      string
		headers    []string
		want       int
		wantBody   string
		wantLambda string // authorizer.lambda; refused when the function is not reached
	}{
		{"allowed", "/a", "", []string{"Authorization", "good"}, 200, "", `{"tenant":"acme","n":1,"list":["a"]}`},
		{"allowed without a context", "/a", "", []string{"Authorization", "bare"}, 200, "", `null`},
		{"denied", "/a", "", []string{"Authorization", "bad"}, 403, `{"message":"Forbidden"}`, refused},
		{"no identity", "/a", "", nil, 401, `{"message":"Unauthorized"}`, refused},
		{"an empty identity", "/a", "", []string{"Authorization", ""}, 401, `{"message":"Unauthorized"}`, refused},
		{"the authorizer fails", "/a", "", []string{"Authorization", "other"}, 500, `{"message":"Internal Server Error"}`, refused},
		{"an IAM policy", "/a", "", []string{"Authorization", "policy"}, 500, `{"message":"Internal Server Error"}`, refused},
		{"junk", "/a", "", []string{"Authorization", "junk"}, 500, `{"message":"Internal Server Error"}`, refused},
		{"an open route", "/open", "", nil, 200, "", ""},
		{"an open route ignores the identity", "/open", "local", []string{"Authorization", "bad"}, 200, "", ""},
		{"the local tenant", "/a", "local", nil, 200, "", `{"key_id":"local","scopes":"admin","tenant":"local"}`},
		{"a key beats the local tenant", "/a", "local", []string{"Authorization", "good"}, 200, "", `{"tenant":"acme","n":1,"list":["a"]}`},
		{"a bad key is not local", "/a", "local", []string{"Authorization", "bad"}, 403, `{"message":"Forbidden"}`, refused},
		{"an empty key is not local", "/a", "local", []string{"Authorization", ""}, 401, `{"message":"Unauthorized"}`, refused},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			f := &functions{handlers: authorizer(answers)}
			s := serve(t, f, gateway.Options{
				LocalTenant: tc.local,
				Authorizers: map[string]gateway.Authorizer{"keys": {Function: "auth", TTL: time.Minute}},
				Routes:      []gateway.Route{{Method: "GET", Path: "/a", Function: "f", Authorizer: "keys"}, {Method: "GET", Path: "/open", Function: "f"}},
			})
			response, body := get(t, request(t, "GET", s.URL+tc.path, nil, tc.headers...))
			if response.StatusCode != tc.want || body != tc.wantBody {
				t.Fatalf("response = %d %s, want %d %s", response.StatusCode, body, tc.want, tc.wantBody)
			}
			if tc.wantLambda == refused {
				if n := f.count("f"); n != 0 {
					t.Errorf("the function was called %d times", n)
				}
				return
			}
			var e struct {
				RequestContext struct {
					Authorizer struct{ Lambda json.RawMessage }
				}
			}
			if err := json.Unmarshal(f.last(t, "f"), &e); err != nil {
				t.Fatal(err)
			}
			if got := string(e.RequestContext.Authorizer.Lambda); got != tc.wantLambda {
				t.Errorf("authorizer.lambda = %s, want %s", got, tc.wantLambda)
			}
		})
	}
}

func TestGateway_AuthorizerCache(t *testing.T) {
	var mu sync.Mutex
	now := time.Unix(1_700_000_000, 0)
	f := &functions{handlers: authorizer(map[string]string{"good": `{"isAuthorized":true}`, "bad": `{"isAuthorized":false}`})}
	s := serve(t, f, gateway.Options{
		Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now },
		Authorizers: map[string]gateway.Authorizer{
			"minute": {Function: "auth", TTL: time.Minute},
			"never":  {Function: "auth"},
		},
		Routes: []gateway.Route{
			{Method: "GET", Path: "/a", Function: "f", Authorizer: "minute"},
			{Method: "GET", Path: "/b", Function: "f", Authorizer: "minute"},
			{Method: "GET", Path: "/never", Function: "f", Authorizer: "never"},
		},
	})
	steps := []struct {
		name, path, key string
		after           time.Duration
		wantStatus      int
		wantAsked       int // calls of the authorizer so far
	}{
		{"first", "/a", "good", 0, 200, 1},
		{"again", "/a", "good", 0, 200, 1},
		{"another route, one answer", "/b", "good", 59 * time.Second, 200, 1},
		{"expired", "/a", "good", time.Second, 200, 2},
		{"another identity", "/a", "bad", 0, 403, 3},
		{"a denial is kept too", "/b", "bad", 0, 403, 3},
		{"a failure is not", "/a", "other", 0, 500, 4},
		{"asked again", "/a", "other", 0, 500, 5},
		{"no ttl", "/never", "good", 0, 200, 6},
		{"no ttl again", "/never", "good", 0, 200, 7},
	}
	for _, step := range steps {
		mu.Lock()
		now = now.Add(step.after)
		mu.Unlock()
		response, _ := get(t, request(t, "GET", s.URL+step.path, nil, "Authorization", step.key))
		if asked := f.count("auth"); response.StatusCode != step.wantStatus || asked != step.wantAsked {
			t.Errorf("%s: status %d after %d calls, want %d after %d", step.name, response.StatusCode, asked, step.wantStatus, step.wantAsked)
		}
	}
}

func TestNew_Refusals(t *testing.T) {
	invoke := (&functions{}).invoke
	tests := []struct {
		name   string
		opts   gateway.Options
		wantIn string
	}{
		{"no invoke", gateway.Options{}, "Invoke"},
		{"unknown authorizer", gateway.Options{Invoke: invoke, Routes: []gateway.Route{{Method: "GET", Path: "/", Function: "f", Authorizer: "x"}}}, "unknown authorizer x"},
		{"an authorizer without a function", gateway.Options{Invoke: invoke, Authorizers: map[string]gateway.Authorizer{"x": {}}}, "x has no function"},
		{"a route without a function", gateway.Options{Invoke: invoke, Routes: []gateway.Route{{Method: "GET", Path: "/"}}}, "no function"},
	}
	for _, tc := range tests {
		if _, err := gateway.New(tc.opts); err == nil || !strings.Contains(err.Error(), tc.wantIn) {
			t.Errorf("New with %s = %v, want an error with %q", tc.name, err, tc.wantIn)
		}
	}
}

// send writes a raw request and returns the response, so that header case and
// order are the test's own.
func send(t testing.TB, addr, raw string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return response
}
