package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"godwit/functions/local/gateway"
)

// local returns a request as it comes in on 127.0.0.1:3000.
func local(r *http.Request) *http.Request {
	own := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 3000}
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, own))
	r.Host = own.String()
	return r
}

// FuzzResponse gives the gateway any answer of a function: it must make a
// response of it, never a panic.
func FuzzResponse(f *testing.F) {
	f.Add(`{"statusCode":200,"headers":{"a":1},"cookies":["a=1"],"body":"eA==","isBase64Encoded":true}`)
	f.Add(`{"statusCode":"204"}`)
	f.Add(`"text"`)
	f.Add(` `)
	f.Add(`{"statusCode":{}}`)
	f.Fuzz(func(t *testing.T, out string) {
		fake := &functions{handlers: map[string]func(context.Context, []byte) ([]byte, string, error){"f": answering(out)}}
		g, err := gateway.New(gateway.Options{Invoke: fake.invoke, Routes: []gateway.Route{{Path: "$default", Function: "f"}}})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, local(httptest.NewRequest("GET", "/", nil)))
		if w.Code < 200 || w.Code > 599 {
			t.Errorf("answer %q = status %d", out, w.Code)
		}
	})
}

// FuzzRequest sends any target, type and body: what reaches the function is an
// event in JSON that a route of its own path would make again.
func FuzzRequest(f *testing.F) {
	f.Add("/v1/a%2Fb?x=1&x=2&%zz", "text/plain", "body")
	f.Add("/a%3Fb?=&&a", "", "\x89")
	f.Add("//", "application/json;", "{}")
	f.Add("0/0", "", "")
	f.Fuzz(func(t *testing.T, target, kind, body string) {
		r, err := http.NewRequest("POST", target, strings.NewReader(body))
		if err != nil || r.URL.Host != "" {
			return
		}
		r.Header.Set("Content-Type", kind)
		fake := &functions{}
		g, err := gateway.New(gateway.Options{Invoke: fake.invoke, Routes: []gateway.Route{{Method: "POST", Path: "/{a}/{b+}", Function: "f"}, {Path: "$default", Function: "f"}}})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, local(r))
		if w.Code != 200 {
			return
		}
		var e struct {
			RawPath        string
			PathParameters map[string]string
		}
		if err := json.Unmarshal(fake.last(t, "f"), &e); err != nil {
			t.Fatal(err)
		}
		if p := e.PathParameters; len(p) > 0 && e.RawPath != "/"+p["a"]+"/"+p["b"] {
			t.Errorf("%q: rawPath %q has the parameters %v", target, e.RawPath, p)
		}
	})
}

func ExampleNew() {
	g, err := gateway.New(gateway.Options{
		Invoke: func(_ context.Context, function string, event []byte) ([]byte, string, error) {
			return []byte(`{"statusCode":200,"body":"hello from ` + function + `"}`), "", nil
		},
		Routes: []gateway.Route{{Method: "GET", Path: "/hello/{name}", Function: "greeter"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, local(httptest.NewRequest("GET", "/hello/you", nil)))
	fmt.Println(w.Code, w.Body)
	// Output: 200 hello from greeter
}
