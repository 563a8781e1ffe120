package gateway_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/functions/local/gateway"
)

var update = flag.Bool("update", false, "rewrite the expected events in testdata")

// Each file of testdata is a request, a line of dashes, and the events it makes:
// the authorizer's, when the request has a key, and the function's. {host} and
// {port} stand for the listener's address.
func TestGateway_Events(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in testdata (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			input, want, ok := strings.Cut(string(data), "----------\n")
			if !ok {
				t.Fatal("no line of dashes")
			}
			got := eventsOf(t, input)
			if *update {
				if err := os.WriteFile(file, []byte(input+"----------\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("events = %s\nwant %s", got, want)
			}
		})
	}
}

// eventsOf sends a request and returns the events it made.
func eventsOf(t *testing.T, input string) string {
	t.Helper()
	f := &functions{handlers: authorizer(map[string]string{"Bearer gw_1": `{"isAuthorized":true,"context":{"tenant":"acme"}}`})}
	s := serve(t, f, gateway.Options{
		Now:         func() time.Time { return time.Unix(1_795_435_694, 123_000_000) },
		NewID:       func() string { return "JKJaXmPLvHcESHA=" },
		LocalTenant: "local",
		Authorizers: map[string]gateway.Authorizer{"keys": {Function: "auth", TTL: time.Minute}},
		Routes: []gateway.Route{
			{Method: "POST", Path: "/v1/models/{name}/predict", Function: "f", Authorizer: "keys"},
			{Method: "GET", Path: "/healthz", Function: "f"},
			{Method: "ANY", Path: "/any/{proxy+}", Function: "f"},
		},
	})
	addr := s.Listener.Addr().String()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(input, "\n\n")
	body = strings.NewReplacer(`\x89`, "\x89", `\r\n`, "\r\n").Replace(strings.TrimSuffix(body, "\n"))
	raw := strings.ReplaceAll(strings.TrimSuffix(head, "\n"), "\n", "\r\n") + "\r\n\r\n" + body
	if response := send(t, addr, strings.ReplaceAll(raw, "{host}", addr)); response.StatusCode != 200 {
		t.Fatalf("status = %s", response.Status)
	}
	var out strings.Builder
	for _, c := range f.calls {
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, c.payload, "", "  "); err != nil {
			t.Fatal(err)
		}
		out.WriteString(c.function + " " + pretty.String() + "\n")
	}
	return strings.NewReplacer(addr, "{host}", `"`+port+`"`, `"{port}"`).Replace(out.String())
}
