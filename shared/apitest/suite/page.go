package suite

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// page is the OpenAPI document of the service.
type page struct {
	operations []operation
	schemas    schemas
}

// operation is one method of one path.
type operation struct {
	method, path string
	spec         object
}

func (o operation) name() string { return o.method + " " + o.path }

// readPage reads the document.
func (s *session) readPage() error {
	a, err := s.send(call{method: "GET", path: "/openapi.json"})
	if err != nil {
		return err
	}
	if a.status != 200 || !strings.HasPrefix(a.text("/openapi"), "3.1") {
		return fmt.Errorf("GET /openapi.json answered %d %.200s, want an OpenAPI 3.1 document", a.status, a.raw)
	}
	components, _ := a.at("/components/schemas").(object)
	s.page.schemas = schemas(components)
	paths, _ := a.at("/paths").(object)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		methods, _ := paths[path].(object)
		for _, method := range slices.Sorted(maps.Keys(methods)) {
			if spec, ok := methods[method].(object); ok {
				s.page.operations = append(s.page.operations, operation{strings.ToUpper(method), path, spec})
			}
		}
	}
	s.note(call{method: "GET", path: "/openapi.json"}, a.status)
	return nil
}

// find returns the operation of a request: of several that fit the one with
// the fewest placeholders.
func (p *page) find(method, path string) (operation, bool) {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(path, "/")
	var best operation
	found := false
	for _, o := range p.operations {
		if o.method == method && covers(o.path, parts) && (!found || strings.Count(o.path, "{") < strings.Count(best.path, "{")) {
			best, found = o, true
		}
	}
	return best, found
}

// covers reports whether a pattern takes a path.
func covers(pattern string, parts []string) bool {
	want := strings.Split(pattern, "/")
	if len(want) != len(parts) {
		return false
	}
	for i, w := range want {
		if !strings.HasPrefix(w, "{") && w != parts[i] || parts[i] == "" && i > 0 {
			return false
		}
	}
	return true
}

// note remembers which status an operation answered with.
func (s *session) note(c call, status int) {
	o, ok := s.page.find(c.method, c.path)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[o.name()] == nil {
		s.seen[o.name()] = map[int]bool{}
	}
	s.seen[o.name()][status] = true
}

// holds checks an answer: the form of errors, and what the page says of the
// status, the headers and the body.
func (p *page) holds(c call, a *answer) error {
	if a.header.Get("X-Request-Id") == "" {
		return errors.New("no X-Request-Id")
	}
	if a.status >= 400 {
		if err := problem(c.path, a); err != nil {
			return err
		}
	}
	o, ok := p.find(c.method, c.path)
	if !ok {
		if a.status < 400 {
			return errors.New("the operation is not documented")
		}
		return nil
	}
	if a.status == http.StatusNotModified || a.status == http.StatusMethodNotAllowed {
		return nil
	}
	responses, _ := o.spec["responses"].(object)
	response, ok := responses[strconv.Itoa(a.status)].(object)
	if !ok {
		return errors.New("the status is not documented")
	}
	return p.matches(response, a)
}

// matches holds an answer against its documentation.
func (p *page) matches(response object, a *answer) error {
	headers, _ := response["headers"].(object)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if a.header.Get(name) == "" {
			return fmt.Errorf("the documented header %s is missing", name)
		}
	}
	content, ok := response["content"].(object)
	if !ok {
		if len(a.raw) > 0 {
			return errors.New("a body, and none is documented")
		}
		return nil
	}
	media, ok := content[a.header.Get("Content-Type")].(object)
	if !ok {
		media, ok = content[mediaOf(a.header)].(object) // documented without its parameters
	}
	if !ok {
		return fmt.Errorf("Content-Type %q, documented are %v", a.header.Get("Content-Type"), slices.Sorted(maps.Keys(content)))
	}
	if schema, ok := media["schema"].(object); ok && strings.HasSuffix(mediaOf(a.header), "json") {
		return p.schemas.fits(schema, a.value, "")
	}
	return nil
}

// problem checks the one form of errors.
func problem(path string, a *answer) error {
	media := "application/json"
	if strings.HasPrefix(path, "/v1") {
		media = "application/problem+json"
	}
	switch first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); {
	case !slices.Contains([]string{"v1", "v2", "hf", "ping", "invocations"}, strings.Split(first, "?")[0]):
		// No plane's: either will do.
	case mediaOf(a.header) != media:
		return fmt.Errorf("an error as %q, want %s", a.header.Get("Content-Type"), media)
	}
	if _, ok := a.at("/retryable").(bool); !ok {
		return fmt.Errorf("/retryable is %v, want true or false", a.at("/retryable"))
	}
	for _, check := range []expect{
		has("/type", "/title", "/detail", "/code", "/error", "/request_id"), is("/status", a.status), is("/error", a.at("/detail")),
		is("/request_id", a.header.Get("X-Request-Id")),
	} {
		if err := check(a); err != nil {
			return err
		}
	}
	if (a.status == 429 || a.status == 503) && a.header.Get("Retry-After") == "" {
		return errors.New("no Retry-After")
	}
	return nil
}
