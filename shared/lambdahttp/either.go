package lambdahttp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// Either serves a function that is called in two ways: by the gateway, whose
// events go to h, and by event sources, whose events go to other as they came.
// An error of other reaches the caller, who delivers the event again.
func Either(h http.Handler, other func(ctx context.Context, event json.RawMessage) error) func(context.Context, json.RawMessage) (any, error) {
	serve := Handler(h)
	return func(ctx context.Context, event json.RawMessage) (any, error) {
		// Only the gateway's events name an HTTP method. The rest is not decoded yet:
		// another source's event may hold other types under the same names.
		var probe struct {
			RequestContext struct {
				HTTP struct {
					Method string `json:"method"`
				} `json:"http"`
			} `json:"requestContext"`
		}
		if json.Unmarshal(event, &probe) != nil || probe.RequestContext.HTTP.Method == "" {
			return nil, other(ctx, event)
		}
		var e events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal(event, &e); err != nil {
			return nil, fmt.Errorf("decode gateway event: %w", err)
		}
		return serve(ctx, e)
	}
}
