package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/functions/local/gateway"
	"godwit/functions/local/host"
)

// stage starts a gateway in front of a real host with a real bootstrap: the
// whole way of a request on this machine.
func stage(t testing.TB, timeout time.Duration) (*httptest.Server, *host.Host) {
	t.Helper()
	bootstrap := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", bootstrap, "../host/testdata/bootstrap")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the bootstrap: %v\n%s", err, out)
	}
	h := host.New(host.Options{})
	t.Cleanup(func() { h.Close() })
	for _, name := range []string{"f", "auth"} {
		if err := h.Add(host.Function{Name: name, Bootstrap: bootstrap, Timeout: timeout}); err != nil {
			t.Fatal(err)
		}
	}
	g, err := gateway.New(gateway.Options{
		Invoke: func(ctx context.Context, function string, payload []byte) ([]byte, string, error) {
			r, err := h.Invoke(ctx, function, payload)
			return r.Payload, r.FunctionError, err
		},
		Authorizers: map[string]gateway.Authorizer{"keys": {Function: "auth", TTL: time.Minute}},
		Routes: []gateway.Route{
			{Method: "ANY", Path: "/{proxy+}", Function: "f", Authorizer: "keys"},
			{Method: "POST", Path: "/open", Function: "f"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(g)
	t.Cleanup(s.Close)
	return s, h
}

func TestGateway_RealFunctions(t *testing.T) {
	s, h := stage(t, 10*time.Second)
	tests := []struct {
		name, path, key string
		want            int
		wantIn          string
	}{
		// The function echoes its event, which is then the response: inferred JSON.
		{"an echo of the event", "/a/b?x=1&x=2", "Bearer good", 200, `"queryStringParameters":{"x":"1,2"}`},
		{"the authorizer's context", "/a/b", "Bearer good", 200, `"authorizer":{"lambda":{"call":1,"key_id":"k1","scopes":"predict","tenant":"acme"}}`},
		{"denied", "/a", "Bearer bad", 403, `{"message":"Forbidden"}`},
		{"no key", "/a", "", 401, `{"message":"Unauthorized"}`},
		{"an authorizer that fails", "/a", "Bearer crash", 500, `{"message":"Internal Server Error"}`},
		{"an open route", "/open", "", 200, `"routeKey":"POST /open"`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var headers []string
			if tc.key != "" {
				headers = []string{"Authorization", tc.key}
			}
			response, body := get(t, request(t, "POST", s.URL+tc.path, strings.NewReader("hello"), headers...))
			if response.StatusCode != tc.want || !strings.Contains(body, tc.wantIn) {
				t.Errorf("response = %d %s, want %d with %s", response.StatusCode, body, tc.want, tc.wantIn)
			}
		})
	}
	if got := h.Stats("f").Started; got != 1 {
		t.Errorf("the requests in turn started %d processes, want 1", got)
	}
}

func TestGateway_ConcurrentRequests(t *testing.T) {
	s, _ := stage(t, 10*time.Second)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			text := fmt.Sprintf("request %d", i)
			r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/open", strings.NewReader(text))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Content-Type", "text/plain")
			response, body := get(t, r)
			if response.StatusCode != 200 || !strings.Contains(body, `"body":"`+text+`"`) {
				t.Errorf("response %d = %d %s", i, response.StatusCode, body)
			}
		})
	}
	wg.Wait()
}

// BenchmarkRequest measures HTTP request to HTTP response through a warm
// process, and the client with it.
func BenchmarkRequest(b *testing.B) {
	s, _ := stage(b, 10*time.Second)
	send := func() {
		r := request(b, "POST", s.URL+"/open", strings.NewReader(`{"inputs":["where is my card"]}`), "Content-Type", "application/json")
		if response, body := get(b, r); response.StatusCode != 200 {
			b.Fatalf("response = %d %s", response.StatusCode, body)
		}
	}
	send()
	var times []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		begin := time.Now()
		send()
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Nanoseconds())/1e3, "p50-us")
}
