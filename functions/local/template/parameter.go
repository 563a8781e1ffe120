package template

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"
)

// parameter is an entry of Parameters.
type parameter struct {
	value   string
	given   bool
	allowed []*yaml.Node
	pattern string
	least   string // MinValue, or ""
	most    string // MaxValue, or ""
}

// wrong says why the value cannot be used, or returns "". A default is held to
// the same rules as an override, as in CloudFormation.
func (p parameter) wrong() string {
	if !p.given {
		return "it has no value"
	}
	if len(p.allowed) > 0 && !slices.ContainsFunc(p.allowed, func(n *yaml.Node) bool { return n.Value == p.value }) {
		return fmt.Sprintf("%q is not one of its AllowedValues", p.value)
	}
	if why := p.outside(); why != "" || p.pattern == "" {
		return why
	}
	// CloudFormation matches the whole value.
	re, err := regexp.Compile(`^(?:` + p.pattern + `)$`)
	if err != nil {
		return fmt.Sprintf("its AllowedPattern: %v", err)
	}
	if !re.MatchString(p.value) {
		return fmt.Sprintf("%q does not match its AllowedPattern", p.value)
	}
	return ""
}

// outside says which bound a number oversteps, or returns "". Without bounds
// any text will do: what needs a number reads one.
func (p parameter) outside() string {
	if p.least == "" && p.most == "" {
		return ""
	}
	v, err := strconv.ParseFloat(p.value, 64)
	if err != nil {
		return fmt.Sprintf("%q is not a number", p.value)
	}
	if least, err := strconv.ParseFloat(p.least, 64); err == nil && v < least {
		return fmt.Sprintf("%s is below its MinValue %s", p.value, p.least)
	}
	if most, err := strconv.ParseFloat(p.most, 64); err == nil && v > most {
		return fmt.Sprintf("%s is above its MaxValue %s", p.value, p.most)
	}
	return ""
}

// readParameters takes each parameter's value from the options or its default.
func (r *reader) readParameters(n *yaml.Node) {
	for _, m := range r.members(n) {
		var p parameter
		r.each(m.value, m.name, skip(map[string]func(*yaml.Node){
			"Type":           r.only("parameter type", "String", "Number"),
			"Default":        func(n *yaml.Node) { p.value, p.given = n.Value, true },
			"AllowedValues":  func(n *yaml.Node) { p.allowed = r.items(n) },
			"AllowedPattern": func(n *yaml.Node) { p.pattern = n.Value },
			"MinValue":       func(n *yaml.Node) { p.least = n.Value },
			"MaxValue":       func(n *yaml.Node) { p.most = n.Value },
		}, "ConstraintDescription", "Description", "NoEcho"))
		// The stage's value before the default, as an override of a deployment.
		if v, ok := r.opts.Parameters[m.name]; ok {
			p.value, p.given = v, true
		}
		if why := p.wrong(); why != "" {
			r.fail(m.key, "parameter %s: %s", m.name, why)
		}
		// A wrong value is kept, so that it is the only error.
		r.parameters[m.name] = p.value
	}
}
