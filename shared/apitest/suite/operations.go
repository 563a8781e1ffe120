package suite

import (
	"fmt"
	"slices"
	"strings"
)

// promised are the routes API.md names, with its letters for the names in them.
const promised = `
POST /v1/datasets, GET /v1/datasets, GET /v1/datasets/{id}, DELETE /v1/datasets/{id}, GET /v1/datasets/{id}/issues, GET /v1/datasets/{id}/profile
POST /v1/training-jobs, GET /v1/training-jobs, GET /v1/training-jobs/{id}, GET /v1/training-jobs/{id}/events, POST /v1/training-jobs/{id}/cancel
POST /v1/models, GET /v1/models, GET /v1/models/{m}, PATCH /v1/models/{m}, DELETE /v1/models/{m}
GET /v1/models/{m}/versions, GET /v1/models/{m}/versions/{v}, PATCH /v1/models/{m}/versions/{v}, DELETE /v1/models/{m}/versions/{v}
GET /v1/models/{m}/versions/{v}/metrics, GET /v1/models/{m}/versions/{v}/card, GET /v1/models/{m}/versions/{v}/signature
GET /v1/models/{m}/versions/{v}/lineage, GET /v1/models/{m}/versions/{v}/report, GET /v1/models/{m}/versions/{v}/artifact
POST /v1/models/{m}/versions/{v}/exports, GET /v1/models/{m}/compare
GET /v1/models/{m}/aliases, GET /v1/models/{m}/aliases/{a}, PUT /v1/models/{m}/aliases/{a}, DELETE /v1/models/{m}/aliases/{a}
GET /v1/models/{m}/aliases/{a}/history, POST /v1/models/{m}/aliases/{a}/rollback, GET /v1/models/{m}/route, PUT /v1/models/{m}/route
POST /v1/models/{m}/predict, POST /v1/models/{m}/versions/{v}/predict, POST /v1/models/{m}/explain, POST /v1/models/{m}/versions/{v}/explain
POST /v1/batch-jobs, GET /v1/batch-jobs, GET /v1/batch-jobs/{id}
POST /v1/feedback, GET /v1/models/{m}/monitor, GET /v1/models/{m}/review-queue
GET /healthz, GET /openapi.json, GET /v1/whoami, POST /v1/keys, GET /v1/keys, DELETE /v1/keys/{id}, GET /v1/usage
GET /v2, GET /v2/health/live, GET /v2/health/ready, GET /v2/models/{m}, GET /v2/models/{m}/versions/{v}
GET /v2/models/{m}/ready, GET /v2/models/{m}/versions/{v}/ready, POST /v2/models/{m}/infer, POST /v2/models/{m}/versions/{v}/infer
POST /hf/models/{m}, GET /ping, POST /invocations`

// operations asks the service about itself.
func (s *session) operations() {
	for name := range strings.FieldsFuncSeq(promised, func(r rune) bool { return r == ',' || r == '\n' }) {
		name = strings.TrimSpace(name)
		method, path, _ := strings.Cut(name, " ")
		if _, ok := s.page.find(method, path); !ok {
			s.result("the page has "+name, fmt.Errorf("it is not among its %d operations", len(s.page.operations)))
		}
	}
	s.do(call{method: "GET", path: "/healthz", key: nobody, want: 200, what: "/healthz needs no key"}, is("/status", "ok"))
	s.do(call{method: "GET", path: "/openapi.json", want: 200})
	s.do(call{method: "GET", path: "/v1/whoami", want: 200}, has("/tenant", "/key_id", "/scopes/0"))
	for _, path := range []string{"/v1/nothing", "/v1", "/v1/models/", "/v3/models", "/v1/models/x/y/z/w", "/v1//models"} {
		s.do(call{method: "GET", path: path, want: 404, what: "no such route: " + path})
	}
	s.do(call{method: "POST", path: "/v1/whoami", body: object{}, want: 405, what: "a method the path does not have"}, sent("Allow", ""))
	for _, key := range []string{"gw_" + strings.Repeat("a", 40), "x", "gw_", strings.Repeat("k", 5000)} {
		s.do(call{method: "GET", path: "/v1/whoami", key: key, want: 401, what: "a key that is none: " + key[:min(len(key), 8)]}, sent("WWW-Authenticate", ""))
	}
	if s.Key != "" {
		s.do(call{method: "GET", path: "/v1/whoami", key: nobody, want: 401, gateway: true, what: "no key"})
	}
}

// models makes models and changes them.
func (s *session) models() {
	name, other := s.newModel("shop"), s.newModel("other")
	body := object{"name": name, "description": "made by a test, " + Canary, "tags": object{"suite": s.prefix}}
	made := s.do(call{method: "POST", path: "/v1/models", body: body, want: 201, header: once(s.prefix)},
		is("/name", name), sent("Location", "/v1/models/"+name), strong)
	s.do(call{method: "POST", path: "/v1/models", body: body, want: 201, header: once(s.prefix), what: "the same key and body again"}, is("/created_at", made.at("/created_at")))
	s.do(call{method: "POST", path: "/v1/models", body: object{"name": other}, want: 422, header: once(s.prefix), what: "the same key with another body"})
	s.do(call{method: "POST", path: "/v1/models", body: body, want: 409, what: "a model that is there already"})
	s.do(call{method: "POST", path: "/v1/models", body: object{"name": other}, want: 201, header: once(s.prefix + strings.Repeat("k", 255-len(s.prefix))), what: "an Idempotency-Key of 255 characters"})
	for _, key := range []string{strings.Repeat("k", 256), "a b"} {
		s.do(call{method: "POST", path: "/v1/models", body: body, want: 400, header: once(key), what: "an Idempotency-Key that is none"})
	}
	for _, bad := range []string{"", "Upper", "-x", "x-", "a/b", "..", strings.Repeat("a", 64), "a b", "ünï", "a\u0000b", "ａ", "\u202ea"} {
		s.do(call{method: "POST", path: "/v1/models", body: object{"name": bad}, want: 422, what: fmt.Sprintf("no name: %q", bad)}, has("/errors/0/pointer"))
	}
	path := "/v1/models/" + name
	read := s.do(call{method: "GET", path: path, want: 200}, is("/latest", 0), strong)
	tag := read.header.Get("ETag")
	s.do(call{method: "GET", path: path, header: header("If-None-Match", tag), want: 304, what: "what the caller has already"})
	s.conditions("PATCH", path, object{"description": "changed"}, tag, 200)
	s.do(call{method: "GET", path: path, want: 200, what: "what was changed"}, is("/description", "changed"), is("/tags/suite", s.prefix))
	s.do(call{method: "PATCH", path: path, body: object{"description": strings.Repeat("x", 2001)}, header: header("If-Match", "*"), want: 422, what: "too long a description"})
	s.lists(name, other)
	s.do(call{method: "DELETE", path: "/v1/models/" + other, want: 204})
	s.do(call{method: "GET", path: "/v1/models/" + other, want: 404, what: "a model that was deleted"})
}

// lists pages through the two models of this run.
func (s *session) lists(name, other string) {
	want := []string{name, other}
	slices.Sort(want)
	path := "/v1/models?limit=1&prefix=" + s.prefix
	first := s.do(call{method: "GET", path: path, want: 200, what: "the first page"}, many("/items", 1), is("/items/0/name", want[0]), has("/next_page_token"))
	token := first.text("/next_page_token")
	s.do(call{method: "GET", path: path + "&page_token=" + token, want: 200, what: "the second page"}, is("/items/0/name", want[1]))
	s.do(call{method: "GET", path: "/v1/models?limit=1&page_token=" + token, want: 400, what: "a page token with another filter"})
	s.do(call{method: "GET", path: "/v1/keys?page_token=" + token, want: 400, what: "a page token of another list"})
	for i := 0; i < len(token); i += 1 + len(token)/8 {
		s.do(call{method: "GET", path: path + "&page_token=" + bent(token, i), want: 400, what: fmt.Sprintf("a page token changed at %d", i)})
	}
	s.do(call{method: "GET", path: "/v1/models?order=-name&prefix=" + s.prefix, want: 200, what: "backwards"}, many("/items", 2), is("/items/0/name", want[1]))
}

// conditions makes a change that needs If-Match, after every way it must fail.
func (s *session) conditions(method, path string, body any, tag string, want int) *answer {
	change := call{method: method, path: path, body: body}
	try := func(what string, status int, header map[string]string) *answer {
		c := change
		c.what, c.want, c.header = method+" "+path+" "+what, status, header
		return s.do(c)
	}
	try("without If-Match", 428, nil)
	for _, other := range []string{`"999999"`, `W/` + tag, "1" + tag, `"x"`} {
		try("with If-Match "+other, 412, header("If-Match", other))
	}
	try("with If-Match and If-None-Match", 400, map[string]string{"If-Match": tag, "If-None-Match": "*"})
	done := try("with the ETag that was read", want, header("If-Match", tag))
	if method != "DELETE" {
		s.result(method+" "+path+" moves the ETag", func() error {
			if got := done.header.Get("ETag"); got == tag || got == "" {
				return fmt.Errorf("ETag = %q, was %q", got, tag)
			}
			return nil
		}())
		try("with the ETag it had before", 412, header("If-Match", tag))
	}
	return done
}

// newModel reserves a name of this run; it is removed at the end.
func (s *session) newModel(name string) string {
	name = s.prefix + "-" + name
	s.made.models = append(s.made.models, name)
	return name
}

// once is the header that makes a creation repeatable.
func once(key string) map[string]string { return header("Idempotency-Key", key) }

// header is one header.
func header(name, value string) map[string]string { return map[string]string{name: value} }
