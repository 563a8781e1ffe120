package dynamodb

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"godwit/functions/local/dynamodb/attr"
	"godwit/functions/local/dynamodb/expr"
)

// members reads the members of one JSON object of a request. The first wrong
// type is kept and the readers answer zero values from then on; done reports
// it, or any member nobody read: nothing in a request is ignored.
type members struct {
	where string // operation, or the path to a nested object, for messages
	all   map[string]any
	read  map[string]bool
	err   error
}

// newMembers reads the members of an object; where says in messages which.
func newMembers(where string, all map[string]any) *members {
	return &members{where: where, all: all, read: make(map[string]bool, len(all))}
}

// legacy are the parameters that expressions replaced.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html
var legacy = []string{"AttributesToGet", "AttributeUpdates", "ConditionalOperator", "Expected", "KeyConditions", "QueryFilter", "ScanFilter"}

// done returns the first error, or one that names a member that was not read.
func (m *members) done() error {
	if m.err != nil {
		return m.err
	}
	for _, name := range slices.Sorted(maps.Keys(m.all)) {
		switch {
		case m.read[name] || m.all[name] == nil:
		case slices.Contains(legacy, name):
			return invalid("%s: the legacy parameter %s is not supported here; use an expression", m.where, name)
		default:
			return invalid("%s: the member %s is not supported here", m.where, name)
		}
	}
	return nil
}

// fail keeps the first error.
func (m *members) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

// get marks a member as read. JSON null is an absent member, as on AWS.
func (m *members) get(name string) any {
	m.read[name] = true
	return m.all[name]
}

// get reads a member that must have the JSON type T; want says it in words.
func get[T any](m *members, name, want string) (v T, present bool) {
	raw := m.get(name)
	if raw == nil {
		return v, false
	}
	v, ok := raw.(T)
	if !ok {
		m.fail(&attr.ShapeError{Msg: "Unexpected type: " + name + " must be " + want})
	}
	return v, ok
}

// text reads a string; "" when absent.
func (m *members) text(name string) string {
	s, _ := get[string](m, name, "a string")
	return s
}

// optionalText reads a string that may be present and empty.
func (m *members) optionalText(name string) (string, bool) {
	return get[string](m, name, "a string")
}

// flag reads a boolean.
func (m *members) flag(name string) (value, present bool) {
	return get[bool](m, name, "true or false")
}

// whole reads an integer.
func (m *members) whole(name string) (int64, bool) {
	n, ok := get[json.Number](m, name, "a number")
	if !ok {
		return 0, false
	}
	// 1.0 and 1e3 are numbers of JSON and no integers of the protocol.
	i, err := n.Int64()
	if err != nil {
		m.fail(&attr.ShapeError{Msg: "Unexpected type: " + name + " must be an integer"})
	}
	return i, err == nil
}

// choice reads one of some words; the first is the default.
func (m *members) choice(name string, words ...string) string {
	s, ok := m.optionalText(name)
	if !ok {
		return words[0]
	}
	if !slices.Contains(words, s) {
		m.fail(invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]", s, name, strings.Join(words, ", ")))
	}
	return s
}

// list reads an array; nil when absent.
func (m *members) list(name string) []any {
	l, _ := get[[]any](m, name, "a list")
	return l
}

// nested reads an object's members; nil when absent.
func (m *members) nested(name string) *members {
	o, ok := get[map[string]any](m, name, "an object")
	if !ok {
		return nil
	}
	return newMembers(m.where+"."+name, o)
}

// objects reads an array of objects.
func (m *members) objects(name string) []*members {
	var out []*members
	for _, e := range m.list(name) {
		o, ok := e.(map[string]any)
		if !ok {
			m.fail(&attr.ShapeError{Msg: "Unexpected type: " + name + " must be a list of objects"})
			return nil
		}
		out = append(out, newMembers(m.where+"."+name, o))
	}
	return out
}

// item reads an item or a key; nil when absent.
func (m *members) item(name string) attr.Item {
	raw := m.get(name)
	if raw == nil || m.err != nil {
		return nil
	}
	it, err := attr.ItemFromJSON(raw)
	if err != nil {
		m.fail(err)
		return nil
	}
	return it
}

// needed reads an item or a key that has to be there.
func (m *members) needed(name string) attr.Item {
	it := m.item(name)
	if it == nil && m.err == nil {
		m.fail(invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", name))
	}
	return it
}

// scope reads the placeholders. hasExpression says whether the request has an
// expression at all; placeholders without one are refused.
func (m *members) scope(hasExpression bool) *expr.Scope {
	names, hasNames := m.names()
	rawValues, hasValues := get[map[string]any](m, "ExpressionAttributeValues", "an object")
	if m.err != nil {
		return nil
	}
	switch {
	case hasNames && !hasExpression:
		m.fail(invalid("ExpressionAttributeNames can only be specified when using expressions"))
	case hasValues && !hasExpression:
		m.fail(invalid("ExpressionAttributeValues can only be specified when using expressions"))
	case hasNames && len(names) == 0:
		m.fail(invalid("ExpressionAttributeNames must not be empty"))
	case hasValues && len(rawValues) == 0:
		m.fail(invalid("ExpressionAttributeValues must not be empty"))
	}
	// Values have the form of an item: names to attribute values.
	values, err := attr.ItemFromJSON(any(rawValues))
	if err != nil {
		m.fail(prefixed("ExpressionAttributeValues contains invalid value: ", err))
	}
	scope, err := expr.NewScope(names, values)
	if err != nil {
		m.fail(err)
	}
	return scope
}

// prefixed puts text before the message of an *attr.Error.
func prefixed(text string, err error) error {
	if e, ok := err.(*attr.Error); ok {
		return invalid("%s%s", text, e.Msg)
	}
	return err
}

// names reads ExpressionAttributeNames, and whether it is there.
func (m *members) names() (map[string]string, bool) {
	raw, ok := get[map[string]any](m, "ExpressionAttributeNames", "an object")
	if !ok {
		return nil, false
	}
	names := make(map[string]string, len(raw))
	for key, v := range raw {
		s, ok := v.(string)
		if !ok {
			m.fail(&attr.ShapeError{Msg: "Unexpected type: ExpressionAttributeNames must hold strings"})
		}
		names[key] = s
	}
	return names, true
}
