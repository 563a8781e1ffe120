package stagetest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"godwit/shared/stagetest"
)

// TestLine checks what each trouble does to the client and what reaches the
// server: a test that trusts a broken Line proves nothing.
func TestLine(t *testing.T) {
	reached := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached++
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "0123456789 %d %v", len(body), err)
	}))
	defer server.Close()
	line := &stagetest.Line{}
	client := &http.Client{Transport: line}
	for _, tc := range []struct {
		name           string
		trouble        stagetest.Trouble
		sendErr        bool
		status         int
		body           string
		readErr        bool
		reachedAServer int
	}{
		{"none", stagetest.None, false, 200, "0123456789 5 <nil>", false, 1},
		{"lost", stagetest.Lost, true, 0, "", false, 1},
		{"reset", stagetest.Reset, true, 0, "", false, 0},
		{"error", stagetest.Error, false, 500, "InternalServerError", false, 0},
		{"throttle", stagetest.Throttle, false, 503, "SlowDown", false, 0},
		{"cut", stagetest.Cut, false, 200, "01234567", true, 1},
		{"flip", stagetest.Flip, false, 200, "01234567", false, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			reached = 0
			line.Replan(stagetest.First(1, tc.trouble))
			resp, err := client.Post(server.URL, "text/plain", strings.NewReader("hello"))
			if (err != nil) != tc.sendErr || reached != tc.reachedAServer || line.Sent() != 1 {
				t.Fatalf("Post = %v after %d requests, %d of them reached the server", err, line.Sent(), reached)
			}
			if err != nil {
				return
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if resp.StatusCode != tc.status || !strings.Contains(string(body), tc.body) || (err != nil) != tc.readErr {
				t.Errorf("the answer is %d %q, %v, want %d %q", resp.StatusCode, body, err, tc.status, tc.body)
			}
		})
	}
}

// TestLine_stall checks that a stalled request ends with its context and never
// reaches the server.
func TestLine_stall(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request reached the server") }))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	line := &stagetest.Line{Plan: func(int, *http.Request) stagetest.Trouble { cancel(); return stagetest.Stall }}
	req, err := http.NewRequestWithContext(ctx, "POST", server.URL, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := (&http.Client{Transport: line}).Do(req); !errors.Is(err, context.Canceled) {
		t.Errorf("a stalled request = %v, %v, want %v", resp, err, context.Canceled)
	}
}
