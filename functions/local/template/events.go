package template

import (
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// readEvents reads a function's routes and rules.
func (r *reader) readEvents(res resource) {
	events := get(res.properties, "Events")
	if events == nil {
		return
	}
	for _, m := range r.members(events) {
		where, kind := res.id+"."+m.name, ""
		var properties *yaml.Node
		r.each(m.value, where, map[string]func(*yaml.Node){
			"Type":       r.text(&kind),
			"Properties": func(n *yaml.Node) { properties = n },
		})
		switch kind {
		case "HttpApi":
			r.readRoute(properties, where, res.id)
		case "EventBridgeRule":
			// SAM makes the rule's logical id of the two.
			r.readRule(m.key, properties, where, res.id+m.name, res.id)
		default:
			r.fail(m.key, "%s: the event type %s is not supported by the local stage", where, kind)
		}
	}
}

// readRoute reads an HttpApi event. Whether two routes collide is not looked
// at here: the gateway refuses them, with its own idea of equal paths.
func (r *reader) readRoute(n *yaml.Node, where, function string) {
	// SAM makes $default of an event without Path and Method, so an event may
	// have no properties at all; the missing ApiId is refused below.
	if n == nil {
		n = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	// The default is what API Gateway waits for an integration.
	route, chosen, api := Route{Function: function, Timeout: 30 * time.Second}, "", ""
	r.each(n, where, map[string]func(*yaml.Node){
		"ApiId":  r.text(&api),
		"Path":   r.text(&route.Path),
		"Method": r.text(&route.Method),
		// The gateway makes 2.0 only, which is SAM's default too.
		"PayloadFormatVersion": r.only("PayloadFormatVersion", "2.0"),
		"TimeoutInMillis": func(n *yaml.Node) {
			millis := 0
			r.number(&millis)(n)
			route.Timeout = time.Duration(millis) * time.Millisecond
		},
		"Auth": func(n *yaml.Node) {
			r.each(n, where+".Auth", map[string]func(*yaml.Node){"Authorizer": r.text(&chosen)})
		},
	})
	if api == "" {
		r.fail(n, "%s: it names no ApiId; implicit APIs are not supported by the local stage", where)
	}
	if route.Path == "" && route.Method == "" {
		route.Path = "$default"
	}
	if route.Path != "$default" {
		// SAM takes any and get; API Gateway's route keys are in capitals.
		route.Method = strings.ToUpper(route.Method)
		if route.Method == "" || route.Path == "" {
			r.fail(n, "%s: it needs both Path and Method", where)
		}
	}
	route.Authorizer = r.authorizerOf(n, where, chosen)
	r.stack.Routes = append(r.stack.Routes, route)
}

// authorizerOf returns the authorizer of a route that chose one, or did not:
// then the API's default holds. NONE, SAM's word, opens the route; the result
// is "" for an open one.
func (r *reader) authorizerOf(n *yaml.Node, where, chosen string) string {
	if chosen == "" {
		chosen = r.defaultAuthorizer
	}
	if chosen == "" || chosen == "NONE" {
		return ""
	}
	if !slices.ContainsFunc(r.stack.Authorizers, func(a Authorizer) bool { return a.Name == chosen }) {
		r.fail(n, "%s: %q is not an authorizer of the API", where, chosen)
	}
	return chosen
}

// readRule reads an EventBridgeRule event. at is its place when it has no
// properties to point to.
func (r *reader) readRule(at, n *yaml.Node, where, name, function string) {
	// The defaults are EventBridge's: 185 tries in a day.
	rule := Rule{Name: name, Function: function, Retries: 185, MaxEventAge: 24 * time.Hour}
	r.each(n, where, map[string]func(*yaml.Node){
		"Pattern": func(n *yaml.Node) {
			// The pattern holds bucket names and ARNs, so it is resolved first.
			p, err := compile(r.plain(n), "")
			if err != nil {
				r.fail(n, "%s: %v", where, err)
			}
			rule.Pattern = &Pattern{p}
		},
		"RetryPolicy": func(n *yaml.Node) {
			r.each(n, where+".RetryPolicy", map[string]func(*yaml.Node){
				"MaximumRetryAttempts":     r.number(&rule.Retries),
				"MaximumEventAgeInSeconds": r.seconds(&rule.MaxEventAge),
			})
		},
		"DeadLetterConfig": func(n *yaml.Node) {
			r.each(n, where+".DeadLetterConfig", map[string]func(*yaml.Node){"Arn": r.text(&rule.DeadLetter)})
		},
	})
	if rule.Pattern == nil {
		r.fail(at, "%s: it has no Pattern", where)
		return
	}
	r.stack.Rules = append(r.stack.Rules, rule)
}
