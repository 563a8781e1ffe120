package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// whatever is the condition that changes whatever is there.
var whatever = m2("If-Match", "*")

// routePath is where the route of intents lives.
const routePath = "/v1/models/intents/route"

// aRoute uses everything a route may have.
func aRoute() m {
	return m{
		"targets": []any{m{"ref": "@champion", "weight": 95}, m{"ref": "versions/1", "weight": 5}},
		"shadow":  []any{m{"ref": "1", "percent": 12.5}}, "sticky": m{"by": "context.user"},
	}
}

// split is a stage whose model has two versions.
func split(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	for range 2 {
		s.publish(t, "acme", "intents")
	}
	return s
}

// TestRoute follows a route from none to none again.
func TestRoute(t *testing.T) {
	s, path, body := split(t), routePath, aRoute()
	put := func(header map[string]string) call {
		return call{method: "PUT", path: path, body: body, header: header}
	}
	s.problem(t, 404, "not_found", call{method: "GET", path: path})
	s.problem(t, 404, "not_found", call{method: "DELETE", path: path, header: whatever})
	s.problem(t, 428, "precondition_required", put(nil))
	s.problem(t, 412, "precondition_failed", put(m2("If-Match", `"1"`)))
	made := s.do(t, put(m2("If-None-Match", "*")))
	if made.Code != 200 || made.Header().Get("ETag") != `"1"` {
		t.Fatalf("PUT = %d %s, ETag %s, want 200 with the first", made.Code, made.Body, made.Header().Get("ETag"))
	}
	var got m
	if err := json.Unmarshal(made.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	body["shadow"] = []any{m{"ref": "versions/1", "percent": 12.5}} // as it is shown
	for field, want := range body {
		if fmt.Sprint(got[field]) != fmt.Sprint(want) {
			t.Errorf("%s = %v, want %v", field, got[field], want)
		}
	}
	if got["model"] != "intents" || got["revision"] != 1.0 || got["updated_by"] != "key_test" {
		t.Errorf("PUT = %v, want the model, its revision and who changed it", got)
	}
	s.problem(t, 412, "precondition_failed", put(m2("If-None-Match", "*")))
	if w := s.do(t, call{method: "GET", path: path, header: m2("If-None-Match", `"1"`)}); w.Code != 304 {
		t.Errorf("GET under its ETag = %d, want 304", w.Code)
	}
	if w := s.do(t, put(m2("If-Match", `"1"`))); w.Code != 200 || w.Header().Get("ETag") != `"2"` {
		t.Errorf("PUT under its ETag = %d, ETag %s, want the second", w.Code, w.Header().Get("ETag"))
	}
	s.problem(t, 409, "version_in_use", call{method: "DELETE", path: "/v1/models/intents/versions/1"})
	s.problem(t, 409, "alias_in_use", call{method: "DELETE", path: "/v1/models/intents/aliases/champion", header: whatever})
	s.problem(t, 428, "precondition_required", call{method: "DELETE", path: path})
	s.want(t, 204, call{method: "DELETE", path: path, header: m2("If-Match", `"2"`)})
	s.problem(t, 404, "not_found", call{method: "GET", path: path})
	s.want(t, 204, call{method: "DELETE", path: "/v1/models/intents/versions/1"})
}

// Nobody without admin on the model learns of its route, or changes it.
func TestRoute_others(t *testing.T) {
	s, path, body := split(t), routePath, aRoute()
	s.want(t, 200, call{method: "PUT", path: path, body: body, header: whatever})
	for _, other := range []call{{tenant: "rival"}, {scopes: "admin:topics"}} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			c := call{method: method, path: path, header: whatever, tenant: other.tenant, scopes: other.scopes}
			if method == "PUT" {
				c.body = body
			}
			if w := s.do(t, c); w.Code != 404 && w.Code != 403 {
				t.Errorf("%s as %+v = %d, want it refused", method, other, w.Code)
			}
		}
	}
	s.problem(t, 403, "scope_missing", call{method: "PUT", path: path, header: whatever, body: body, scopes: "predict"})
	s.want(t, 200, call{method: "GET", path: path, scopes: "predict"})
}

func TestRoute_refusals(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	for _, tc := range []struct {
		name, body, code string
		status           int
		pointer          string
	}{
		{"no targets", `{}`, "invalid_field", 422, "/targets"},
		{"empty targets", `{"targets":[]}`, "invalid_field", 422, "/targets"},
		{"no weight", `{"targets":[{"ref":"@champion"}]}`, "invalid_field", 422, "/targets/0/weight"},
		{"half a weight", `{"targets":[{"ref":"@champion","weight":0.5}]}`, "wrong_type", 422, "/targets/0/weight"},
		{"no reference", `{"targets":[{"weight":1}]}`, "invalid_field", 422, "/targets/0/ref"},
		{"another model", `{"targets":[{"ref":"topics@champion","weight":1}]}`, "invalid_field", 422, "/targets/0/ref"},
		{"no such alias", `{"targets":[{"ref":"@blue","weight":1}]}`, "unknown_target", 422, ""},
		{"no such version", `{"targets":[{"ref":"versions/2","weight":1}]}`, "unknown_target", 422, ""},
		{"a bad shadow", `{"targets":[{"ref":"1","weight":1}],"shadow":[{"ref":"@@","percent":1}]}`, "invalid_field", 422, "/shadow/0/ref"},
		{"a shadow of nothing", `{"targets":[{"ref":"1","weight":1}],"shadow":[{"ref":"1","percent":0}]}`, "invalid_field", 422, "/shadow/0/percent"},
		{"sticky by nothing", `{"targets":[{"ref":"1","weight":1}],"sticky":{}}`, "invalid_field", 422, "/sticky/by"},
		{"sticky by a header", `{"targets":[{"ref":"1","weight":1}],"sticky":{"by":"header.x"}}`, "invalid_field", 422, "/sticky/by"},
		{"sticky by no name", `{"targets":[{"ref":"1","weight":1}],"sticky":{"by":"context."}}`, "invalid_field", 422, "/sticky/by"},
		{"an unknown field", `{"targets":[{"ref":"1","weight":1}],"mirror":[]}`, "unknown_field", 400, "/mirror"},
		{"a field twice", `{"targets":[{"ref":"1","weight":1,"weight":2}]}`, "duplicate_field", 400, "/targets/0/weight"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := s.problem(t, tc.status, tc.code, call{method: "PUT", path: routePath, body: tc.body, header: whatever})
			if tc.pointer == "" {
				return
			}
			if e, _ := p["errors"].([]any); len(e) != 1 || e[0].(m)["pointer"] != tc.pointer {
				t.Errorf("errors = %v, want one at %s", p["errors"], tc.pointer)
			}
		})
	}
	s.problem(t, 404, "not_found", call{method: "PUT", path: "/v1/models/absent/route", body: `{"targets":[{"ref":"1","weight":1}]}`, header: whatever})
}

// The context of a request assigns its target, and the answer names it.
func TestPredict_route(t *testing.T) {
	s := split(t)
	s.want(t, 200, call{method: "PUT", path: routePath, header: whatever, body: m{
		"targets": []any{m{"ref": "@champion", "weight": 1}, m{"ref": "versions/1", "weight": 1}}, "sticky": m{"by": "context.user"},
	}})
	seen := map[string]int{}
	for i := range 40 {
		c := call{method: "POST", path: "/v1/models/intents/predict", body: m{"inputs": "where is my card", "context": m{"user": fmt.Sprint("user-", i), "plan": "pro"}}}
		first := s.want(t, 200, c)
		s.advance(10 * time.Second)
		if again := s.want(t, 200, c); again["variant"] != first["variant"] || again["version"] != first["version"] {
			t.Errorf("user-%d is answered by %v, then by %v", i, first["variant"], again["variant"])
		}
		seen[first["variant"].(string)]++
	}
	if len(seen) != 2 || seen["champion"] == 0 || seen["versions/1"] == 0 {
		t.Errorf("variants %v, want champion and versions/1", seen)
	}
	for path, want := range map[string]string{"intents@champion": "champion", "intents/versions/1": "versions/1"} {
		for i := range 5 {
			c := call{method: "POST", path: "/v1/models/" + path + "/predict", body: m{"inputs": "x y", "context": m{"user": fmt.Sprint("user-", i)}}}
			if got := s.want(t, 200, c); got["variant"] != want {
				t.Errorf("%s as user-%d is answered by %v, want %s", path, i, got["variant"], want)
			}
		}
	}
}

func TestPredict_context(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	many := make([]string, 17)
	for i := range many {
		many[i] = fmt.Sprintf(`"k%d":"v"`, i)
	}
	for _, tc := range []struct {
		name, context, code string
		status              int
	}{
		{"none", `{}`, "", 200},
		{"sixteen", "{" + strings.Join(many[:16], ",") + "}", "", 200},
		{"as long as may be", `{"user":"` + strings.Repeat("ä", 256) + `"}`, "", 200},
		{"seventeen", "{" + strings.Join(many, ",") + "}", "invalid_field", 422},
		{"too long", `{"user":"` + strings.Repeat("ä", 257) + `"}`, "invalid_field", 422},
		{"no text", `{"user":7}`, "wrong_type", 422},
		{"a name of another kind", `{"us er":"7"}`, "invalid_field", 422},
		{"no name", `{"":"7"}`, "invalid_field", 422},
		{"twice", `{"user":"a","user":"b"}`, "duplicate_field", 400},
		{"no object", `"user"`, "wrong_type", 422},
		{"null", `null`, "wrong_type", 422},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := call{method: "POST", path: "/v1/models/intents/predict", body: `{"inputs":"x y","context":` + tc.context + `}`}
			if tc.status == 200 {
				s.want(t, 200, c)
				return
			}
			p := s.problem(t, tc.status, tc.code, c)
			if e := p["errors"].([]any)[0].(m); !strings.HasPrefix(e["pointer"].(string), "/context") {
				t.Errorf("errors = %v, want a place in /context", p["errors"])
			}
		})
	}
}
