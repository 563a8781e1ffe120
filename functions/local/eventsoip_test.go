package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// driveInfer sends tensors as bytes, as tritonclient does, through the deployed
// program and reads the labels from the bytes behind the JSON of its answer.
func driveInfer(t *testing.T, h *house, event []byte) {
	var got events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(h.invoke(t, "predict", event), &got); err != nil {
		t.Fatal(err)
	}
	if got.StatusCode != http.StatusOK || !got.IsBase64Encoded || got.Headers["content-type"] != "application/octet-stream" {
		t.Fatalf("infer = %d %v %s, want 200 with bytes", got.StatusCode, got.Headers, got.Body)
	}
	body, err := base64.StdEncoding.DecodeString(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(got.Headers["inference-header-content-length"])
	if err != nil || n > len(body) {
		t.Fatalf("inference-header-content-length of %d bytes: %d, %v", len(body), n, err)
	}
	var head struct {
		Version string `json:"model_version"`
		Outputs []struct {
			Name       string
			Parameters struct {
				Size int `json:"binary_data_size"`
			}
		}
	}
	if err := json.Unmarshal(body[:n], &head); err != nil {
		t.Fatal(err)
	}
	const want = "\x0c\x00\x00\x00card_arrival\x0c\x00\x00\x00card_arrival"
	if head.Version != "1" || len(head.Outputs) != 3 || head.Outputs[0].Name != "label" || head.Outputs[0].Parameters.Size != len(want) || !bytes.HasPrefix(body[n:], []byte(want)) {
		t.Errorf("answer = %s %q, want the labels card_arrival by version 1", body[:n], body[n:])
	}
}
