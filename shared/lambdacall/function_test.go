package lambdacall_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"godwit/shared/fault"
	"godwit/shared/lambdacall"
	"godwit/shared/remote"
)

var _ remote.Invoker = (*lambdacall.Function)(nil)

// at is a function behind a server.
func at(url string) *lambdacall.Function {
	return &lambdacall.Function{
		Client: http.DefaultClient, Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "session"),
		Now:    func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		Region: "eu-west-1", Endpoint: url, Name: "stack-onnxruntime",
	}
}

// serving answers every request in one way.
func serving(t *testing.T, answer http.HandlerFunc) *lambdacall.Function {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return at(s.URL)
}

// The request is the one of Lambda's Invoke, signed for it.
func TestFunction_Invoke(t *testing.T) {
	f := serving(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.URL.Path != "/2015-03-31/functions/stack-onnxruntime/invocations" || string(body) != `{"op":"check"}` {
			t.Errorf("%s %s with %s, %v", r.Method, r.URL.Path, body, err)
		}
		if got := r.Header.Get("X-Amz-Invocation-Type"); got != "RequestResponse" {
			t.Errorf("X-Amz-Invocation-Type = %q", got)
		}
		const signed = "AWS4-HMAC-SHA256 Credential=AKID/20260102/eu-west-1/lambda/aws4_request, SignedHeaders="
		if got := r.Header.Get("Authorization"); !strings.HasPrefix(got, signed) || r.Header.Get("X-Amz-Security-Token") != "session" {
			t.Errorf("Authorization = %q, want it to begin with %q", got, signed)
		}
		io.WriteString(w, `{"rows":[]}`)
	})
	if got, err := f.Invoke(t.Context(), []byte(`{"op":"check"}`)); err != nil || string(got) != `{"rows":[]}` {
		t.Errorf("Invoke = %s, %v", got, err)
	}
}

// Each outcome has its code, and nothing that a function or Lambda said is in the
// message for a caller.
func TestFunction_Invoke_fails(t *testing.T) {
	const inner = `{"errorMessage":"open /var/task/secret"}`
	for _, tc := range []struct {
		name   string
		answer http.HandlerFunc
		want   fault.Code
	}{
		{"the function failed", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			io.WriteString(w, inner)
		}, fault.Unavailable},
		{"throttled", status(http.StatusTooManyRequests, inner), fault.RateLimited},
		{"Lambda is down", status(http.StatusServiceUnavailable, inner), fault.Unavailable},
		{"no such function", status(http.StatusNotFound, inner), fault.Internal},
		{"not allowed", status(http.StatusForbidden, inner), fault.Internal},
		{"cut short", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "{")
		}, fault.Unavailable},
		{"more than Lambda lets through", func(w http.ResponseWriter, _ *http.Request) {
			w.Write(make([]byte, 6<<20+101))
		}, fault.Unavailable},
		{"the connection breaks", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, fault.Unavailable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var calls atomic.Int64
			_, err := serving(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				tc.answer(w, r)
			}).Invoke(t.Context(), []byte(`{}`))
			failed, ok := errors.AsType[*fault.Error](err)
			if !ok || failed.Code != tc.want || strings.Contains(failed.Msg, "secret") {
				t.Errorf("Invoke: %v, want %s", err, tc.want)
			}
			if n := calls.Load(); n != 1 {
				t.Errorf("%d requests, want one: nothing is sent twice", n)
			}
		})
	}
}

// status answers with a status and a body.
func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

// Before anything is sent: a payload that is too large, a server that is not
// there, and the end of the caller's time.
func TestFunction_Invoke_unsent(t *testing.T) {
	f := serving(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was sent", r.URL) })
	if _, err := f.Invoke(t.Context(), make([]byte, 6<<20+1)); !fault.Is(err, fault.TooLarge) {
		t.Errorf("Invoke of more than 6 MiB: %v, want too_large", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Invoke(ended, []byte(`{}`)); !errors.Is(err, context.Canceled) {
		t.Errorf("Invoke after the end of the context: %v", err)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	if _, err := at(gone.URL).Invoke(t.Context(), []byte(`{}`)); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Invoke where nobody listens: %v, want unavailable", err)
	}
}

// keeping is a client that keeps the request.
type keeping struct{ url string }

func (k *keeping) Do(r *http.Request) (*http.Response, error) {
	k.url = r.URL.String()
	return nil, io.EOF
}

// Without an endpoint it is the region's own.
func TestFunction_Invoke_ofARegion(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1":  "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/stack-onnxruntime/invocations",
		"cn-north-1": "https://lambda.cn-north-1.amazonaws.com.cn/2015-03-31/functions/stack-onnxruntime/invocations",
	} {
		client, f := &keeping{}, at("")
		f.Client, f.Region = client, region
		if _, err := f.Invoke(t.Context(), []byte(`{}`)); !fault.Is(err, fault.Unavailable) || client.url != want {
			t.Errorf("Invoke in %s asks %s, %v, want %s", region, client.url, err, want)
		}
	}
}
