package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"godwit/shared/api"
	"godwit/shared/blob"
	"godwit/shared/blob/memblob"
	"godwit/shared/lambdahttp"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
	"godwit/shared/serving"
	"godwit/shared/telemetry"
	counting "godwit/shared/usage"
)

// tenant owns what is made for measuring; it is the stage's own.
const tenant = "local"

// function times a warm predict function, from the bytes of the gateway's
// event to the bytes of its answer, the caller's identity included, over stores
// in memory: once for labels and once with what spoke for them.
func (b *bench) function(ctx context.Context) ([]line, error) {
	const set = "banking77"
	path, err := b.trained(ctx, set, "union")
	if err != nil {
		return nil, err
	}
	test, err := b.file(set, "test")
	if err != nil {
		return nil, err
	}
	rows, err := readExamples(test)
	if err != nil {
		return nil, err
	}
	b.say("warm function")
	handler, err := warmFunction(ctx, set, path)
	if err != nil {
		return nil, err
	}
	rows = rows[:min(texts, len(rows))]
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "8f5f0e0c-6a3f-4b1c-9d0a-3f6a1c9d7e55"})
	var p50 [2]float64 // without and with an explanation
	for i, explain := range []bool{false, true} {
		if p50[i], err = timeInvocations(ctx, handler, set, rows, explain); err != nil {
			return nil, err
		}
	}
	return []line{
		{work: "warm function, gateway event to response, union, " + set + ": p50", show: seconds, ours: p50[0], most: 150e-6},
		{work: "the same with an explanation: p50", show: seconds, ours: p50[1]},
		{work: "an explanation's price: p50 with it over p50 without", show: number, ours: p50[1] / p50[0], most: 2},
	}, nil
}

// timeInvocations returns the median time of one invocation for each row.
func timeInvocations(ctx context.Context, handler lambda.Handler, model registry.Name, rows []example, explain bool) (p50 float64, err error) {
	payloads := make([][]byte, len(rows))
	for i, row := range rows {
		if payloads[i], err = gatewayEvent(model, row.Text, explain); err != nil {
			return 0, err
		}
	}
	out, err := handler.Invoke(ctx, payloads[0])
	if err != nil {
		return 0, err
	}
	if _, err := labelOf(out); err != nil {
		return 0, err
	}
	return calmest(len(payloads), func(i int) error {
		_, err := handler.Invoke(ctx, payloads[i])
		return err
	})
}

// warmFunction wires the predict function as its main does, with a model in
// memory stores.
func warmFunction(ctx context.Context, name registry.Name, path string) (lambda.Handler, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := pipeline.Decode(file)
	if err != nil {
		return nil, err
	}
	store, models := memory.New(time.Now), memblob.New(time.Now)
	reg := &registry.Registry{Store: store, Now: time.Now, NewToken: rand.Text}
	a := registry.Artifact{Digest: blob.DigestOf(file), Size: int64(len(file))}
	a.Key = fmt.Sprintf("artifacts/%s/%s/%s.safetensors", tenant, name, a.Digest.Hex())
	if _, err := models.Put(ctx, a.Key, bytes.NewReader(file), a.Size, blob.PutOptions{}); err != nil {
		return nil, err
	}
	_, err = reg.Commit(ctx, tenant, registry.Commit{
		Token: reg.NewToken(), Promote: registry.Champion, By: "bench",
		Draft: registry.Version{
			Model: name, Task: registry.TextClassification, Algorithm: m.Algorithm(), Artifact: a, Evaluation: a, Labels: m.Labels(),
			Gate: registry.Gate{Passed: true, Promotion: "promoted"},
		},
	})
	if err != nil {
		return nil, err
	}
	secret := &serving.Secret{Store: store, Random: rand.Reader}
	return lambda.NewHandler(lambdahttp.Handler(api.Predict(api.Deps{
		Registry: reg, Models: models, Secret: secret, Now: time.Now, NewToken: rand.Text,
		Usage:   &counting.Gatherer{Store: store, Now: time.Now},
		Serving: serving.New(serving.Options{Registry: reg, Models: models, Secret: secret, Now: time.Now}),
		Log:     slog.New(slog.DiscardHandler), Meter: telemetry.NewMeter(io.Discard, "Godwit", "bench", time.Now),
	}))), nil
}

// gatewayEvent returns a prediction as the HTTP API sends it to the function,
// with the headers a client usually sends.
func gatewayEvent(model registry.Name, input any, explain bool) ([]byte, error) {
	body, err := json.Marshal(map[string]any{"inputs": []any{input}, "parameters": map[string]any{"top_k": 3, "explain": explain}})
	if err != nil {
		return nil, err
	}
	path, route := "/v1/models/"+string(model)+"/predict", "POST /v1/models/{name}/predict"
	return json.Marshal(events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: route, RawPath: path, Body: string(body), PathParameters: map[string]string{"name": string(model)},
		Headers: map[string]string{
			"accept": "*/*", "accept-encoding": "gzip, deflate", "authorization": "Bearer gw_0123456789abcdef0123456789abcdef",
			"content-length": fmt.Sprint(len(body)), "content-type": "application/json", "host": "example.execute-api.us-east-1.amazonaws.com",
			"user-agent": "python-requests/2.32.3", "x-forwarded-for": "198.51.100.7", "x-forwarded-port": "443", "x-forwarded-proto": "https",
		},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: route, AccountID: "000000000000", Stage: "$default", RequestID: "JKJaXmPLvHcESHA=", DomainName: "example.execute-api.us-east-1.amazonaws.com",
			HTTP:       events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: path, Protocol: "HTTP/1.1", SourceIP: "198.51.100.7"},
			Authorizer: &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{Lambda: map[string]any{"tenant": tenant, "key_id": "key_bench", "scopes": "predict"}},
		},
	})
}

// labelOf returns the label in the function's answer. An answer that is not a
// prediction is an error.
func labelOf(response []byte) (string, error) {
	var r events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(response, &r); err != nil {
		return "", err
	}
	var got struct{ Results []answer }
	if err := json.Unmarshal([]byte(r.Body), &got); err != nil || r.StatusCode != 200 || len(got.Results) != 1 || got.Results[0].Label == "" {
		return "", fmt.Errorf("the function answered %s", response[:min(len(response), 500)])
	}
	return got.Results[0].Label, nil
}
