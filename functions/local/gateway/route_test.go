package gateway_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"godwit/functions/local/gateway"
)

// The first five routes and requests are the example of
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
func TestGateway_Routing(t *testing.T) {
	keys := []string{
		"GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default",
		"POST /v1/models/{name}/predict", "POST /v1/models/{name}/versions/{version}/predict", "ANY /pets/dog/{id}",
	}
	f := &functions{}
	var routes []gateway.Route
	for _, key := range keys {
		method, path, ok := strings.Cut(key, " ")
		if !ok {
			method, path = "", key
		}
		routes = append(routes, gateway.Route{Method: method, Path: path, Function: key})
	}
	s := serve(t, f, gateway.Options{Routes: routes})
	tests := []struct {
		method, path string
		want         string
		wantParams   map[string]string
	}{
		{"GET", "/pets/dog/1", "GET /pets/dog/1", nil},
		{"GET", "/pets/dog/2", "GET /pets/dog/{id}", map[string]string{"id": "2"}},
		{"GET", "/pets/cat/1", "GET /pets/{proxy+}", map[string]string{"proxy": "cat/1"}},
		{"POST", "/test/5", "ANY /{proxy+}", map[string]string{"proxy": "test/5"}},
		{"GET", "/", "$default", nil},
		{"POST", "/pets/dog/1", "ANY /pets/dog/{id}", map[string]string{"id": "1"}},
		{"POST", "/v1/models/intents@champion/predict", "POST /v1/models/{name}/predict", map[string]string{"name": "intents@champion"}},
		{"POST", "/v1/models/intents%40champion/predict", "POST /v1/models/{name}/predict", map[string]string{"name": "intents@champion"}},
		{"POST", "/v1/models/a%20b/versions/7/predict", "POST /v1/models/{name}/versions/{version}/predict", map[string]string{"name": "a b", "version": "7"}},
		{"POST", "/v1/models/a%2Fb/predict", "ANY /{proxy+}", map[string]string{"proxy": "v1/models/a/b/predict"}},
		{"POST", "/v1/models//predict", "ANY /{proxy+}", map[string]string{"proxy": "v1/models//predict"}},
		{"POST", "/v1/models/x/predict/", "ANY /{proxy+}", map[string]string{"proxy": "v1/models/x/predict/"}},
		{"GET", "/v1/models/x/predict", "ANY /{proxy+}", map[string]string{"proxy": "v1/models/x/predict"}},
		{"GET", "/pets/a%3Fb", "GET /pets/{proxy+}", map[string]string{"proxy": "a"}},
	}
	for _, tc := range tests {
		t.Run(tc.method+" "+tc.path, func(t *testing.T) {
			get(t, request(t, tc.method, s.URL+tc.path, nil))
			var e struct {
				RouteKey       string
				PathParameters map[string]string
			}
			if err := json.Unmarshal(f.last(t, tc.want), &e); err != nil {
				t.Fatal(err)
			}
			if e.RouteKey != tc.want || fmt.Sprint(e.PathParameters) != fmt.Sprint(tc.wantParams) {
				t.Errorf("route = %q %v, want %q %v", e.RouteKey, e.PathParameters, tc.want, tc.wantParams)
			}
		})
	}
}

func TestGateway_NotFound(t *testing.T) {
	f := &functions{}
	s := serve(t, f, gateway.Options{Routes: []gateway.Route{
		{Method: "GET", Path: "/a", Function: "f"}, {Method: "ANY", Path: "/b/{proxy+}", Function: "f"},
	}})
	for _, target := range []string{"POST /a", "GET /a/", "GET /A", "GET /b", "GET /b/", "GET /", "GET //a"} {
		method, path, _ := strings.Cut(target, " ")
		response, body := get(t, request(t, method, s.URL+path, nil))
		if response.StatusCode != 404 || body != `{"message":"Not Found"}` {
			t.Errorf("%s = %d %s, want 404 Not Found", target, response.StatusCode, body)
		}
	}
}

func TestNew_RefusesRoutes(t *testing.T) {
	tests := []struct {
		name  string
		paths []string
	}{
		{"a greedy variable in the middle", []string{"GET /{proxy+}/a"}},
		{"a variable in a part of a segment", []string{"GET /a{id}"}},
		{"text behind a variable", []string{"GET /{id}.json"}},
		{"a variable without a name", []string{"GET /{}"}},
		{"a variable without an end", []string{"GET /{id"}},
		{"no slash", []string{"GET a"}},
		{"a method in small letters", []string{"get /a"}},
		{"two that match alike", []string{"GET /a/{x}", "GET /a/{y}"}},
		{"two defaults", []string{" $default", " $default"}},
	}
	for _, tc := range tests {
		var routes []gateway.Route
		for _, p := range tc.paths {
			method, path, _ := strings.Cut(p, " ")
			routes = append(routes, gateway.Route{Method: method, Path: path, Function: "f"})
		}
		if _, err := gateway.New(gateway.Options{Invoke: (&functions{}).invoke, Routes: routes}); err == nil {
			t.Errorf("New with %s = nil error", tc.name)
		}
	}
}
