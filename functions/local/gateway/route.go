package gateway

import (
	"fmt"
	"slices"
	"strings"
)

// defaultPath is the path of the route that takes what no other does.
const defaultPath = "$default"

// key returns the route's key as in events: "GET /pets", "$default".
func (r Route) key() string {
	if r.Path == defaultPath {
		return defaultPath
	}
	return r.Method + " " + r.Path
}

// segmentKind orders segments by how much they match, the most specific first.
type segmentKind uint8

const (
	literal  segmentKind = iota // pets
	variable                    // {id}: one segment
	greedy                      // {proxy+}: one segment or more, at the end
)

// segment is a part of a path between slashes.
type segment struct {
	kind segmentKind
	text string // the literal, or the variable's name
}

// pattern is a route made ready for matching.
type pattern struct {
	route    Route
	segments []segment // nil for $default
}

// match is a route and the values of its variables.
type match struct {
	route  Route
	values map[string]string // nil when it has no variables
}

// routeKey is the route's key for the log, "" where none was found.
func (m match) routeKey() string {
	if m.route.Path == "" {
		return ""
	}
	return m.route.key()
}

// router holds patterns, the most specific first. It does not change once made.
type router struct{ patterns []pattern }

// newRouter parses and orders routes; two that match the same are an error.
func newRouter(routes []Route) (*router, error) {
	r := &router{}
	seen := map[string]string{}
	for _, route := range routes {
		p, err := parseRoute(route)
		if err != nil {
			return nil, err
		}
		if other, taken := seen[p.shape()]; taken {
			return nil, fmt.Errorf("gateway: routes %s and %s match the same requests", other, route.key())
		}
		seen[p.shape()] = route.key()
		r.patterns = append(r.patterns, p)
	}
	slices.SortStableFunc(r.patterns, compare)
	return r, nil
}

// parseRoute checks and splits a route.
func parseRoute(route Route) (pattern, error) {
	wrong := func(why string) (pattern, error) {
		return pattern{}, fmt.Errorf("gateway: route %s: %s", route.key(), why)
	}
	if route.Function == "" {
		return wrong("it has no function")
	}
	if route.Path == defaultPath {
		return pattern{route: route}, nil
	}
	if route.Method == "" || route.Method != strings.ToUpper(route.Method) {
		return wrong("the method must be ANY or an HTTP method in capitals")
	}
	if !strings.HasPrefix(route.Path, "/") {
		return wrong("the path must begin with /")
	}
	p := pattern{route: route}
	parts := strings.Split(route.Path[1:], "/")
	for i, part := range parts {
		s := segment{literal, part}
		if name, ok := strings.CutPrefix(part, "{"); ok {
			name, ok = strings.CutSuffix(name, "}")
			if !ok {
				return wrong("a variable must fill its whole segment")
			}
			s = segment{variable, name}
			if name, ok := strings.CutSuffix(name, "+"); ok {
				s = segment{greedy, name}
				if i != len(parts)-1 {
					return wrong("a greedy variable must be at the end")
				}
			}
		}
		if s.kind != literal && s.text == "" || strings.ContainsAny(s.text, "{}") {
			return wrong("a variable must have a name and fill its whole segment")
		}
		p.segments = append(p.segments, s)
	}
	return p, nil
}

// shape is equal for routes that match the same requests.
func (p pattern) shape() string {
	if p.segments == nil {
		return defaultPath
	}
	var b strings.Builder
	b.WriteString(p.route.Method)
	for _, s := range p.segments {
		text := s.text
		if s.kind != literal {
			// Names of variables do not matter: /{a} and /{b} match the same.
			text = ""
		}
		fmt.Fprintf(&b, "/%d%s", s.kind, text)
	}
	return b.String()
}

// compare orders patterns as API Gateway chooses: a full match before a greedy
// one, the longer greedy one first, $default last; a literal before a variable
// in the same place; for equal paths a method before ANY.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
func compare(a, b pattern) int {
	if (a.segments == nil) != (b.segments == nil) {
		return order(b.segments == nil)
	}
	// The first place where the kinds differ decides. Two literals that differ
	// never match the same request, so their order does not matter.
	for i := range min(len(a.segments), len(b.segments)) {
		if ka, kb := a.segments[i].kind, b.segments[i].kind; ka != kb {
			return int(ka) - int(kb)
		}
	}
	if len(a.segments) != len(b.segments) {
		return len(b.segments) - len(a.segments)
	}
	if anyA, anyB := a.route.Method == "ANY", b.route.Method == "ANY"; anyA != anyB {
		return order(anyB)
	}
	return 0
}

// order returns -1 when a comes first.
func order(aFirst bool) int {
	if aFirst {
		return -1
	}
	return 1
}

// find returns the most specific route for a method and a decoded path. The
// list is walked in order: an API has at most some dozens of routes.
func (r *router) find(method, path string) (match, bool) {
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return match{}, false // OPTIONS * is for a server, not for a resource
	}
	parts := strings.Split(rest, "/")
	for _, p := range r.patterns {
		if p.segments != nil && p.route.Method != "ANY" && p.route.Method != method {
			continue
		}
		if values, ok := p.match(parts); ok {
			return match{p.route, values}, true
		}
	}
	return match{}, false
}

// match compares segment by segment and collects the variables.
func (p pattern) match(parts []string) (map[string]string, bool) {
	if p.segments == nil {
		return nil, true
	}
	var values map[string]string
	for i, s := range p.segments {
		if i >= len(parts) {
			return nil, false
		}
		value := parts[i]
		switch s.kind {
		case literal:
			if value != s.text {
				return nil, false
			}
			continue
		case greedy:
			value = strings.Join(parts[i:], "/")
			parts = parts[:i+1] // all of it is taken
		}
		// A variable is never empty: /pets/ is not /pets/{id}, nor is / /{proxy+}.
		if value == "" {
			return nil, false
		}
		if values == nil {
			values = map[string]string{}
		}
		values[s.text] = value
	}
	return values, len(parts) == len(p.segments)
}
