package api_test

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"godwit/shared/api"
	"godwit/shared/lambdahttp"
	"godwit/shared/telemetry"
)

// event is a prediction as the gateway sends it, with a usual set of headers.
func event(t testing.TB, body string) []byte {
	t.Helper()
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "POST /v1/models/{name}/predict", RawPath: "/v1/models/intents/predict", Body: body,
		Headers: map[string]string{
			"accept": "*/*", "authorization": "Bearer gw_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "content-length": "72", "content-type": "application/json",
			"host": "abcdefghij.execute-api.eu-central-1.amazonaws.com", "user-agent": "python-requests/2.32.3", "accept-encoding": "gzip, deflate",
			"x-amzn-trace-id": "Root=1-67c2d0c8-0123456789abcdef01234567", "x-forwarded-for": "198.51.100.7", "x-forwarded-port": "443", "x-forwarded-proto": "https",
		},
		PathParameters: map[string]string{"name": "intents"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: "POST /v1/models/{name}/predict", AccountID: "123456789012", Stage: "$default", RequestID: "JKJaXmPLvHcESHA=", APIID: "abcdefghij",
			DomainName: "abcdefghij.execute-api.eu-central-1.amazonaws.com", DomainPrefix: "abcdefghij", Time: "01/Mar/2026:09:00:00 +0000", TimeEpoch: 1772355600000,
			HTTP:       events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: "/v1/models/intents/predict", Protocol: "HTTP/1.1", SourceIP: "198.51.100.7", UserAgent: "python-requests/2.32.3"},
			Authorizer: &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{Lambda: map[string]any{"tenant": "acme", "key_id": "key_1", "scopes": "predict"}},
		},
	}
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// function is the predict function as its main wires it, on memory stores.
func function(t testing.TB) (lambda.Handler, context.Context) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.deps.Meter = telemetry.NewMeter(io.Discard, "Godwit", "bench", s.now)
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "8f5f0e0c-6a3f-4b1c-9d0a-3f6a1c9d7e55"})
	return lambda.NewHandler(lambdahttp.Handler(api.Predict(s.deps))), ctx
}

// BenchmarkFunction is a whole warm invocation, from the bytes of the gateway's
// event to the bytes of the answer, auth context included. The target is a
// median of 150 us.
func BenchmarkFunction(b *testing.B) {
	for _, bc := range []struct{ name, body string }{
		{"text", `{"inputs":["where is my card, I ordered it two weeks ago"],"parameters":{"top_k":3}}`},
		{"explained", `{"inputs":["where is my card, I ordered it two weeks ago"],"parameters":{"top_k":3,"explain":true}}`},
	} {
		b.Run(bc.name, func(b *testing.B) {
			h, ctx := function(b)
			payload := event(b, bc.body)
			took := make([]time.Duration, 0, 1<<16)
			b.ReportAllocs()
			for b.Loop() {
				began := time.Now()
				if _, err := h.Invoke(ctx, payload); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "p50-us")
			b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "p99-us")
		})
	}
}

func TestFunction(t *testing.T) {
	h, ctx := function(t)
	raw, err := h.Invoke(ctx, event(t, `{"inputs":"where is my card"}`))
	if err != nil {
		t.Fatal(err)
	}
	var got events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	var answer api.PredictResponse
	if err := json.Unmarshal([]byte(got.Body), &answer); err != nil || got.StatusCode != 200 || answer.Results[0].Label != "card" || got.IsBase64Encoded {
		t.Errorf("Invoke = %s, want 200 with the label card", raw)
	}
	if got.Headers["x-request-id"] != "8f5f0e0c-6a3f-4b1c-9d0a-3f6a1c9d7e55" || got.Headers["content-type"] != "application/json" {
		t.Errorf("headers = %v, want the Lambda's request id and JSON", got.Headers)
	}
}
