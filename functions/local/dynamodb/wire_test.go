package dynamodb_test

import (
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/functions/local/dynamodb"
)

func TestHandler_Wire(t *testing.T) {
	s := open(t)
	const target = "DynamoDB_20120810.ListTables"
	tests := []struct {
		name, method, target, authorization, body string
		status                                    int
		want                                      string
	}{
		{"ok", "POST", target, signature, `{}`, 200, `{"TableNames":["things"]}`},
		{"null is absent", "POST", target, signature, `{"Limit":null}`, 200, `{"TableNames":["things"]}`},
		{"health", "GET", "", "", "", 200, "healthy"},
		{"method", "DELETE", target, signature, "", 405, "POST only"},
		{"no target", "POST", "", signature, `{}`, 400, "com.amazon.coral.service#UnknownOperationException"},
		{"other service", "POST", "AWSStepFunctions.ListTables", signature, `{}`, 400, "UnknownOperationException"},
		{"operation not here", "POST", "DynamoDB_20120810.Scan", signature, `{}`, 400, "UnknownOperationException"},
		{"unsigned", "POST", target, "", `{}`, 400, "com.amazon.coral.service#MissingAuthenticationTokenException"},
		{"bearer", "POST", target, "Bearer x", `{}`, 400, "IncompleteSignatureException"},
		{"no json", "POST", target, signature, `{`, 400, "com.amazon.coral.service#SerializationException"},
		{"no object", "POST", target, signature, `[]`, 400, "SerializationException"},
		{"more than an object", "POST", target, signature, `{}{}`, 400, "SerializationException"},
		{"validation", "POST", target, signature, `{"Limit":0}`, 400, "com.amazon.coral.validate#ValidationException"},
		{"fraction", "POST", target, signature, `{"Limit":1.5}`, 400, "SerializationException"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), tc.method, s.url, strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Amz-Target", tc.target)
			if tc.authorization != "" {
				r.Header.Set("Authorization", tc.authorization)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != tc.status || !strings.Contains(string(body), tc.want) {
				t.Errorf("answer = %d %s, %v; want %d ...%s...", resp.StatusCode, body, err, tc.status, tc.want)
			}
			if tc.method != "POST" {
				return
			}
			if got, want := resp.Header.Get("X-Amz-Crc32"), fmt.Sprint(crc32.ChecksumIEEE(body)); got != want {
				t.Errorf("X-Amz-Crc32 = %s, want %s", got, want)
			}
			if got := resp.Header.Get("X-Amzn-Requestid"); len(got) != 52 {
				t.Errorf("X-Amzn-Requestid = %q, want 52 characters", got)
			}
		})
	}
}

func TestHandler_TooLarge(t *testing.T) {
	s := open(t)
	status, _, err := send(t.Context(), s.url, "PutItem", strings.Repeat(" ", 16<<20+1))
	if err == nil && status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body over 16 MB = %d, want %d", status, http.StatusRequestEntityTooLarge)
	}
}

// After Close the handler answers an error that says nothing of the inside.
func TestHandler_Closed(t *testing.T) {
	s := open(t)
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	status, answer, err := send(t.Context(), s.url, "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"}}}`)
	if err != nil || status != http.StatusInternalServerError || !strings.Contains(answer, "InternalServerError") || strings.Contains(answer, "database") {
		t.Errorf("after Close = %d %s, %v; want 500 InternalServerError", status, answer, err)
	}
}

func TestOpen_Damaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := dynamodb.Open(path, time.Now); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("Open of a damaged file = %v, want an error that names it", err)
	}
}
