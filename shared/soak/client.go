package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// largest is how much of an answer is read, in bytes.
const largest = 4 << 20

// client calls the stage's API. It is safe for concurrent use.
type client struct {
	base, key string
	http      *http.Client
}

func newClient(base, key string) *client {
	return &client{base, key, &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}

// answer is what came back; status 0 means that nothing did.
type answer struct {
	status int
	body   []byte
	err    error
}

// known reports whether the service said what became of the request.
func (a answer) known() bool { return a.status != 0 && a.status < 500 }

// call makes one request. header is "Name: value", or empty.
func (c *client) call(ctx context.Context, method, path, header, body string) answer {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if name, value, ok := strings.Cut(header, ": "); ok {
		req.Header.Set(name, value)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, largest))
	if err != nil {
		return answer{err: err}
	}
	return answer{status: resp.StatusCode, body: data}
}

// want makes a call that must have this status and decodes its answer.
func (c *client) want(ctx context.Context, status int, method, path, header, body string, out any) error {
	a := c.call(ctx, method, path, header, body)
	if a.err != nil || a.status != status {
		return fmt.Errorf("%s %s = %d %s, %v, want %d", method, path, a.status, a.body, a.err, status)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(a.body, out)
}
