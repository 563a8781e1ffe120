package template

import (
	"strconv"

	"gopkg.in/yaml.v3"
)

// sound refuses what YAML allows and CloudFormation does not, or what could
// make two readers see two templates: aliases, merge keys and repeated keys.
func (r *reader) sound(n *yaml.Node) bool {
	ok := true
	switch n.Kind {
	case yaml.AliasNode:
		r.fail(n, "YAML aliases are not supported")
		return false
	case yaml.MappingNode:
		keys := map[string]bool{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			switch {
			case key.Kind != yaml.ScalarNode:
				r.fail(key, "a key must be a string")
				return false
			case key.Tag == "!!merge":
				r.fail(key, "YAML merge keys are not supported")
				ok = false
			case keys[key.Value]:
				r.fail(key, "the key %s is there twice", key.Value)
				ok = false
			}
			keys[key.Value] = true
		}
	}
	for _, child := range n.Content {
		ok = r.sound(child) && ok
	}
	return ok
}

// member is a key and its value in a mapping.
type member struct {
	key   *yaml.Node
	name  string
	value *yaml.Node
}

// members returns a mapping's members in their order; anything else than a
// plain mapping is an error.
func (r *reader) members(n *yaml.Node) []member {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode || n.Tag != "!!map" {
		r.fail(n, "expected a plain mapping here")
		return nil
	}
	list := make([]member, 0, len(n.Content)/2)
	// yaml.v3 keeps keys and values in turn.
	for i := 0; i+1 < len(n.Content); i += 2 {
		list = append(list, member{n.Content[i], n.Content[i].Value, n.Content[i+1]})
	}
	return list
}

// get returns the value of a key, or nil.
func get(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// each calls read for each member that has an entry in known, with Fn::If
// followed. A nil entry skips the member, AWS::NoValue makes it absent, and a
// member without an entry is refused: this is where nothing gets by unseen.
// where names the place in errors.
func (r *reader) each(n *yaml.Node, where string, known map[string]func(*yaml.Node)) {
	for _, m := range r.members(n) {
		read, ok := known[m.name]
		if !ok {
			r.fail(m.key, "%s: %s is not supported by the local stage", where, m.name)
			continue
		}
		if read == nil {
			continue
		}
		if value := r.resolve(m.value); value != nil {
			read(value)
		}
	}
}

// items returns a list's elements, not resolved. A list made by a function,
// such as Fn::Split, is refused.
func (r *reader) items(n *yaml.Node) []*yaml.Node {
	if n.Kind != yaml.SequenceNode || n.Tag != "!!seq" {
		r.fail(n, "expected a list here")
		return nil
	}
	return n.Content
}

// text, number and flag return readers that store a resolved value. Like
// CloudFormation they do not mind quotes: "5" is a number, 'true' a flag.

// text stores a string.
func (r *reader) text(to *string) func(*yaml.Node) {
	return func(n *yaml.Node) { *to = r.str(n) }
}

// number stores a whole number from 0.
func (r *reader) number(to *int) func(*yaml.Node) {
	return func(n *yaml.Node) {
		s := r.str(n)
		v, err := strconv.Atoi(s)
		if err != nil || v < 0 {
			r.fail(n, "expected a number from 0, not %q", s)
			return
		}
		*to = v
	}
}

// flag stores true or false.
func (r *reader) flag(to *bool) func(*yaml.Node) {
	return func(n *yaml.Node) {
		switch s := r.str(n); s {
		case "true":
			*to = true
		case "false":
			*to = false
		default:
			r.fail(n, "expected true or false, not %q", s)
		}
	}
}

// only returns a reader that accepts one of the values and nothing else: a
// property whose other values would need code that is not there.
func (r *reader) only(what string, values ...string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		got := r.str(n)
		for _, v := range values {
			if got == v {
				return
			}
		}
		r.fail(n, "%s %q is not supported by the local stage, only %q", what, got, values)
	}
}
