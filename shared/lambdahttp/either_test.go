package lambdahttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"godwit/shared/lambdahttp"
)

// route runs one event through Either and says who got it.
func route(t *testing.T, raw string, failure error) (answer any, got string, err error) {
	t.Helper()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = "http " + r.Method + " " + r.URL.Path
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "tea")
	})
	other := func(_ context.Context, event json.RawMessage) error {
		got = "other " + string(event)
		return failure
	}
	answer, err = lambdahttp.Either(h, other)(t.Context(), json.RawMessage(raw))
	return answer, got, err
}

func TestEither(t *testing.T) {
	for _, tc := range []struct{ name, raw, want string }{
		{"the gateway", `{"version":"2.0","rawPath":"/v1/x","requestContext":{"http":{"method":"POST"}}}`, "http POST /v1/x"},
		{"the gateway, with an S3 record as a body", `{"rawPath":"/","body":"{\"Records\":[]}","requestContext":{"http":{"method":"GET"}}}`, "http GET /"},
		{"EventBridge", `{"source":"aws.s3","detail":{}}`, `other {"source":"aws.s3","detail":{}}`},
		{"S3", `{"Records":[{"eventSource":"aws:s3"}]}`, `other {"Records":[{"eventSource":"aws:s3"}]}`},
		{"a context without a method", `{"requestContext":{"http":{}}}`, `other {"requestContext":{"http":{}}}`},
		{"a context of another kind", `{"requestContext":"x"}`, `other {"requestContext":"x"}`},
		{"no object", `[1]`, `other [1]`},
		{"nothing", `null`, `other null`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			answer, got, err := route(t, tc.raw, nil)
			if err != nil || got != tc.want {
				t.Errorf("Either(%s) went to %q, %v; want %q", tc.raw, got, err, tc.want)
			}
			response, isHTTP := answer.(events.APIGatewayV2HTTPResponse)
			if strings.HasPrefix(tc.want, "http") && (!isHTTP || response.StatusCode != http.StatusTeapot || response.Body != "tea") {
				t.Errorf("answer = %+v, want the handler's", answer)
			}
			if strings.HasPrefix(tc.want, "other") && answer != nil {
				t.Errorf("answer = %+v, want none", answer)
			}
		})
	}
}

// An error makes whoever sent the event send it again: it must get through.
func TestEither_errors(t *testing.T) {
	failure := errors.New("the store is away")
	if _, _, err := route(t, `{"source":"aws.s3"}`, failure); !errors.Is(err, failure) {
		t.Errorf("error = %v, want that of the event's handler", err)
	}
	const broken = `{"requestContext":{"http":{"method":"GET"}},"headers":7}`
	if _, got, err := route(t, broken, nil); err == nil || got != "" {
		t.Errorf("a gateway event that cannot be read went to %q, %v; want an error", got, err)
	}
}
