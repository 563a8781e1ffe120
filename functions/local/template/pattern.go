package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Pattern is an EventBridge event pattern. It is immutable and safe for
// concurrent use; ParsePattern or a template makes one.
//
// Members of an object must all match, values of a list are alternatives, and
// an event's list matches with any of its elements. A value is compared
// exactly: numbers by their digits, so that 300 is not 3.0e2. Of the operators
// only prefix is there; all others are refused when the pattern is read.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
type Pattern struct{ root node }

// node matches a value of an event.
type node interface {
	match(value any) bool
	plain() any
}

// object wants all of its members.
type object map[string]node

// anyOf wants one of its values: a scalar, or a prefix.
type anyOf []any

// prefix is {"prefix": "x"}.
type prefix string

// ParsePattern reads a pattern in JSON. The error names what is not supported.
func ParsePattern(data []byte) (*Pattern, error) {
	v, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("event pattern: %w", err)
	}
	root, err := compile(v, "")
	if err != nil {
		return nil, err
	}
	return &Pattern{root}, nil
}

// Match reports whether an event, a JSON object, matches. What is not JSON
// does not.
func (p *Pattern) Match(event []byte) bool {
	v, err := decode(event)
	return err == nil && p.root.match(v)
}

// MarshalJSON returns the pattern as it was read, values resolved.
func (p *Pattern) MarshalJSON() ([]byte, error) { return json.Marshal(p.root.plain()) }

// decode reads one JSON value and keeps the digits of numbers.
func decode(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one value")
	}
	return v, nil
}

// compile turns a decoded pattern into nodes; path names the place in errors.
func compile(v any, path string) (node, error) {
	wrong := func(format string, args ...any) (node, error) {
		return nil, fmt.Errorf("event pattern%s: %s", path, fmt.Sprintf(format, args...))
	}
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			return wrong("an empty object matches nothing")
		}
		o := object{}
		// Sorted, so that of two mistakes always the same one is told.
		for _, name := range slices.Sorted(maps.Keys(v)) {
			// $or is the one there is; a member of an event has no such name.
			if strings.HasPrefix(name, "$") {
				return wrong("%s is not supported by the local stage", name)
			}
			child, err := compile(v[name], path+"."+name)
			if err != nil {
				return nil, err
			}
			o[name] = child
		}
		return o, nil
	case []any:
		if len(v) == 0 {
			return wrong("an empty list matches nothing")
		}
		// An event is an object, so a list at the top could never match.
		if path == "" {
			return wrong("it must be an object")
		}
		list := anyOf{}
		for _, item := range v {
			value, err := alternative(item)
			if err != nil {
				return wrong("%v", err)
			}
			list = append(list, value)
		}
		return list, nil
	}
	return wrong("expected an object or a list of values")
}

// alternative reads one element of a list of values.
func alternative(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		return nil, errors.New("a list in a list is not supported")
	case map[string]any:
		text, ok := v["prefix"].(string)
		if len(v) == 1 && ok {
			return prefix(text), nil
		}
		return nil, fmt.Errorf("the operator %s is not supported by the local stage", strings.Join(slices.Sorted(maps.Keys(v)), ", "))
	}
	return v, nil
}

// match finds an object in a list too: EventBridge flattens both.
func (o object) match(value any) bool {
	switch value := value.(type) {
	case []any:
		return slices.ContainsFunc(value, o.match)
	case map[string]any:
		for name, child := range o {
			got, ok := value[name]
			if !ok || !child.match(got) {
				return false
			}
		}
		return true
	}
	return false
}

// match finds one of the values, in a list of the event too; no value is an
// object.
func (a anyOf) match(value any) bool {
	switch value := value.(type) {
	case []any:
		return slices.ContainsFunc(value, a.match)
	case map[string]any:
		return false
	case string:
		for _, want := range a {
			if p, ok := want.(prefix); ok && strings.HasPrefix(value, string(p)) {
				return true
			}
		}
	}
	// Scalars compare as decoded; json.Number keeps the digits.
	return slices.Contains(a, value)
}

// plain returns the pattern as JSON would decode it.
func (o object) plain() any {
	m := map[string]any{}
	for name, child := range o {
		m[name] = child.plain()
	}
	return m
}

// plain returns the alternatives, prefixes in their long form.
func (a anyOf) plain() any {
	list := make([]any, len(a))
	for i, v := range a {
		if p, ok := v.(prefix); ok {
			v = map[string]string{"prefix": string(p)}
		}
		list[i] = v
	}
	return list
}
