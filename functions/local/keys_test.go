package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"godwit/functions/local/stage"
)

// call makes a request with an Authorization header and returns status and body.
func call(t *testing.T, at stage.Ready, authorization, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, at.API+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// A stage that asks for keys behaves as the cloud does: nobody is let in
// without one, a key may do what it was made for, and a revoked one nothing.
func TestServe_AsksForKeys(t *testing.T) {
	t.Setenv(stage.AuthVar, "key")
	data := t.TempDir()
	p := launch(t, data, "serve")
	at := p.serving(t)
	championOf(t, at)

	admin := "Bearer " + at.APIKey
	status, body := call(t, at, admin, "POST", "/v1/keys", `{"name":"shop","scopes":["predict"],"budget":{"rows":1000}}`)
	var made struct{ ID, Secret string }
	if err := json.Unmarshal([]byte(body), &made); err != nil || status != 201 || made.Secret == "" {
		t.Fatalf("make a key = %d %s, want 201 with a secret", status, body)
	}
	key := "Bearer " + made.Secret
	// The gateway keeps an answer by the header's text: another spelling is
	// asked about at once, as every key is within 60 seconds.
	uncached := "bearer " + made.Secret
	const input = `{"inputs":["where is my parcel"]}`
	predict := "/v1/models/" + sampleModel + "/predict"
	tests := []struct {
		name                        string
		key, method, path, body, in string
		want                        int
	}{
		{"without a key", "", "POST", predict, input, "Unauthorized", 401},
		{"with a wrong key", "Bearer gw_wrong", "POST", predict, input, "bad_key", 401},
		{"it predicts", key, "POST", predict, input, `"label"`, 200},
		{"it may not list keys", key, "GET", "/v1/keys", "", "scope_missing", 403},
		{"it may not make keys", key, "POST", "/v1/keys", `{"name":"x","scopes":["admin"]}`, "scope_missing", 403},
		{"it knows itself", key, "GET", "/v1/whoami", "", `"name":"shop"`, 200},
		{"its use is counted", admin, "GET", "/v1/usage?key=" + made.ID, "", `"rows":1`, 200},
		{"the admin lists it", admin, "GET", "/v1/keys", "", made.ID, 200},
		{"it predicts once more, to be counted at the end", key, "POST", predict, input, `"label"`, 200},
		{"the admin revokes it", admin, "DELETE", "/v1/keys/" + made.ID, "", "", 204},
		{"it is refused", uncached, "POST", predict, input, "bad_key", 401},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if status, body := call(t, at, tc.key, tc.method, tc.path, tc.body); status != tc.want || !strings.Contains(body, tc.in) {
				t.Errorf("%s %s = %d %s, want %d with %q", tc.method, tc.path, status, body, tc.want, tc.in)
			}
		})
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.end(t, endsWithin); err != nil {
		t.Errorf("serve after an interrupt: %v\n%s", err, p.out)
	}
	if bytes.Contains(p.out.Bytes(), []byte(made.Secret)) {
		t.Error("the stage printed the key")
	}
	// What was in the functions' memory was written when they were told to end.
	at = launch(t, data, "serve").serving(t)
	if status, body := call(t, at, "Bearer "+at.APIKey, "GET", "/v1/usage?key="+made.ID, ""); status != 200 || !strings.Contains(body, `"predictions":2,"rows":2`) {
		t.Errorf("usage of the next stage = %d %s, want both predictions", status, body)
	}
}
