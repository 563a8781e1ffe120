package suite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// lenient are the planes whose standards say that unknown fields are ignored.
var lenient = []string{"/v2/", "/hf/", "/invocations"}

// sweep asks every operation of the page what every operation must refuse.
func (s *session) sweep() {
	for _, o := range s.page.operations {
		s.badKey(o)
		s.forbidden(o)
		s.absent(o)
		s.badBodies(o)
		s.badPages(o)
	}
	for _, path := range s.paths() {
		s.badMethod(path)
	}
}

// open reports whether an operation needs no key.
func (o operation) open() bool {
	security, _ := o.spec["security"].([]any)
	return len(security) == 0
}

// fill returns the operation's path with values for what is in braces.
func (o operation) fill(values map[string]string) string {
	path := o.path
	for name, value := range values {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	return path
}

// there are values that name something of this run.
func (s *session) there(o operation) string {
	values := map[string]string{"name": s.model, "version": fmt.Sprint(s.versions[0]), "alias": "champion", "id": s.job}
	if strings.HasPrefix(o.path, "/v1/datasets/") {
		values["id"] = s.dataset
	}
	return o.fill(values)
}

// example is the page's own example of an operation's body; nil without one.
func (o operation) example() any {
	body, _ := o.spec["requestBody"].(object)
	content, _ := body["content"].(object)
	media, _ := content["application/json"].(object)
	return media["example"]
}

// badKey asks with a key that is none: before anything else it is 401.
func (s *session) badKey(o operation) {
	if o.open() {
		return
	}
	s.do(call{method: o.method, path: s.there(o), body: o.example(), key: "gw_" + strings.Repeat("b", 40), want: 401, what: "a bad key: " + o.name()})
}

// forbidden asks with a key that is for another model only.
func (s *session) forbidden(o operation) {
	if !strings.Contains(o.path, "{") || strings.Contains(o.path, "-jobs/{id}") && strings.HasPrefix(o.path, "/v1/batch") {
		return
	}
	s.do(call{method: o.method, path: s.there(o), body: o.example(), header: header("If-Match", "*"), key: s.stranger, want: 403, what: "another model's key: " + o.name()})
}

// absent asks for what is not there, in every form a name can have, and wants
// one and the same answer.
func (s *session) absent(o operation) {
	if !strings.Contains(o.path, "{") {
		return
	}
	texts := map[string]string{}
	for _, name := range []string{"absent", "..", "%2e%2e", "a%2fb", "%00", "ａbsent", "absent%E2%80%AE", strings.Repeat("a", 300), "'%20OR%201=1", "absent@x", "champion", "1"} {
		path := o.fill(map[string]string{"name": name, "id": name, "version": "1", "alias": "champion"})
		c := call{method: o.method, path: path, body: o.example(), want: 404, header: header("If-Match", "*"), what: "absent: " + o.method + " " + path}
		if strings.HasSuffix(o.path, "/infer") {
			c.body = object{"inputs": []object{{"name": "text", "shape": []int{1}, "datatype": "BYTES", "data": []string{"x"}}}}
		}
		if name == ".." || name == "%2e%2e" || name == "a%2fb" {
			continue // the gateway decodes these into another path: the next loop asks for them
		}
		a := s.do(c)
		texts[fmt.Sprint(a.at("/code"), a.at("/detail"))] = name
	}
	if len(texts) != 1 {
		s.result("absent looks alike: "+o.name(), fmt.Errorf("%v", texts))
		return
	}
	s.result("absent looks alike: "+o.name(), nil)
}

// badBodies sends what is no body of the operation.
func (s *session) badBodies(o operation) {
	example, ok := o.example().(object)
	if !ok {
		return
	}
	raw, err := json.Marshal(example)
	if err != nil { // it came as JSON
		return
	}
	twice := append(bytes.TrimSuffix(bytes.Clone(raw), []byte("}")), `,"twice":1,"twice":2}`...)
	extra := append(bytes.TrimSuffix(bytes.Clone(raw), []byte("}")), `,"no_such_field":1}`...)
	if len(example) == 0 {
		twice, extra = []byte(`{"twice":1,"twice":2}`), []byte(`{"no_such_field":1}`)
	}
	bodies := []struct {
		what   string
		body   []byte
		media  string
		status int
	}{
		{"not JSON", []byte("{"), "application/json", 400}, {"a field twice", twice, "application/json", 400}, {"an unknown field", extra, "application/json", 400},
		{"bytes that are not UTF-8", []byte("{\"\xff\":1}"), "application/json", 400}, {"nested too deep", []byte(strings.Repeat(`{"a":`, 3000)), "application/json", 400},
		{"another media type", raw, "application/xml", 415}, {"more than a megabyte", append(bytes.Repeat([]byte(" "), 1<<20), raw...), "application/json", 413},
	}
	for _, b := range bodies {
		if b.what == "an unknown field" && slices.ContainsFunc(lenient, func(p string) bool { return strings.HasPrefix(o.path, p) }) {
			continue
		}
		path := s.there(o)
		if o.path == "/invocations" {
			path += "?model=" + s.model
		}
		s.do(call{method: o.method, path: path, body: b.body, want: b.status, what: b.what + ": " + o.name(),
			header: map[string]string{"Content-Type": b.media, "If-Match": "*"}})
	}
}

// badPages asks lists for pages there are not.
func (s *session) badPages(o operation) {
	parameters, _ := o.spec["parameters"].([]any)
	paged := slices.ContainsFunc(parameters, func(p any) bool { return p.(object)["name"] == "page_token" })
	if paged {
		for _, query := range []string{"limit=0", "limit=201", "limit=x"} {
			s.do(call{method: o.method, path: s.there(o) + "?" + query, want: 422, what: query + ": " + o.name()})
		}
		for _, token := range []string{"x", "%00", "..", strings.Repeat("A", 4000)} {
			s.do(call{method: o.method, path: s.there(o) + "?page_token=" + token, want: 400, what: "page_token " + token[:min(len(token), 8)] + ": " + o.name()})
		}
	}
	for _, p := range parameters {
		p := p.(object)
		schema, _ := p["schema"].(object)
		if _, ok := schema["enum"].([]any); ok && p["in"] == "query" && o.method == http.MethodGet {
			s.do(call{method: o.method, path: s.there(o) + "?" + fmt.Sprint(p["name"]) + "=no-such-value", want: 422, what: fmt.Sprintf("%v that is none: %s", p["name"], o.name())})
		}
	}
}

// paths are all paths of the page.
func (s *session) paths() []string {
	var out []string
	for _, o := range s.page.operations {
		out = append(out, o.path)
	}
	return slices.Compact(out)
}

// badMethod uses a method the path does not have; Allow names those it has.
func (s *session) badMethod(path string) {
	var has []string
	for _, o := range s.page.operations {
		if o.path == path {
			has = append(has, o.method)
		}
	}
	for _, method := range []string{"DELETE", "PATCH", "PUT", "POST"} {
		if slices.Contains(has, method) {
			continue
		}
		s.do(call{method: method, path: s.there(operation{path: path}), body: object{}, want: 405, what: "no such method: " + method + " " + path}, func(a *answer) error {
			for _, m := range has {
				if !strings.Contains(a.header.Get("Allow"), m) {
					return fmt.Errorf("the header Allow is %q, want %s in it", a.header.Get("Allow"), m)
				}
			}
			return nil
		})
		return
	}
}
