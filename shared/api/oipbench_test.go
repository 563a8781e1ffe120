package api_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// BenchmarkInfer is a whole warm invocation of the same text through /v1 predict
// and through /v2 infer, as JSON and as tritonclient sends it by default. The
// target is 1.3 times predict.
func BenchmarkInfer(b *testing.B) {
	const text = "where is my card, I ordered it two weeks ago"
	tensor := packed(text)
	head := fmt.Sprintf(`{"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":%d}}],"parameters":{"binary_data_output":true}}`, len(tensor))
	for _, bc := range []struct{ name, path, body, length string }{
		{"predict", "/v1/models/intents/predict", `{"inputs":["` + text + `"],"parameters":{"top_k":3}}`, ""},
		{"json", "/v2/models/intents/infer", `{"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","data":["` + text + `"]}]}`, ""},
		{"binary", "/v2/models/intents/infer", head + tensor, fmt.Sprint(len(head))},
	} {
		b.Run(bc.name, func(b *testing.B) {
			h, ctx := function(b)
			var e events.APIGatewayV2HTTPRequest
			if err := json.Unmarshal(event(b, bc.body), &e); err != nil {
				b.Fatal(err)
			}
			e.RawPath, e.RequestContext.HTTP.Path = bc.path, bc.path
			if bc.length != "" {
				e.Headers["inference-header-content-length"], e.Headers["content-type"] = bc.length, "application/octet-stream"
				e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(bc.body)), true
			}
			payload, err := json.Marshal(e)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.Invoke(ctx, payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
