package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"godwit/functions/local/stage"
)

// largestAnswer bounds what the client reads, in bytes.
const largestAnswer = 16 << 20

// client calls the stage's HTTP API with the stage's key.
type client struct {
	base string
	key  string
	http *http.Client // with a time-out: a stage that hangs must not hang the demo
}

// newClient returns a client of the stage at.
func newClient(at stage.Ready) *client {
	return &client{base: at.API, key: at.APIKey, http: &http.Client{Timeout: time.Minute}}
}

// answerError is an answer of the API that is not a success.
type answerError struct {
	method, path string
	status       int
	detail       string
}

// Error names the request, the status and what the API says to a person.
func (e *answerError) Error() string {
	return fmt.Sprintf("%s %s: status %d: %s", e.method, e.path, e.status, e.detail)
}

// get fetches path into out.
func (c *client) get(ctx context.Context, path string, out any) error {
	return c.do(ctx, http.MethodGet, path, nil, out)
}

// post sends in as JSON to path and reads the answer into out.
func (c *client) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, path, body, out)
}

// do makes one request. A status other than 2xx is an *answerError.
func (c *client) do(ctx context.Context, method, path string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	// The stage's own key, also where none is needed: the demo works in either mode.
	req.Header.Set("Authorization", "Bearer "+c.key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, largestAnswer))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if resp.StatusCode/100 != 2 {
		return &answerError{method, path, resp.StatusCode, detailOf(data)}
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s %s: the answer is not what was expected: %w", method, path, err)
	}
	return nil
}

// detailOf returns what an error answer says to a person.
func detailOf(body []byte) string {
	var problem struct {
		Detail  string `json:"detail"`
		Message string `json:"message"` // the gateway's own answers
	}
	if err := json.Unmarshal(body, &problem); err == nil && problem.Detail+problem.Message != "" {
		return problem.Detail + problem.Message
	}
	// Not an answer of ours: its beginning tells what it is.
	return string(bytes.TrimSpace(body[:min(len(body), 200)]))
}
