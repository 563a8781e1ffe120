package states

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// path is a JSONPath reference path: "$" or "$$", then members and indexes. It
// names exactly one place:
//
//	$                  the whole input
//	$.job.rows[2]      an element of a list in it
//	$['a.b']           a member whose name is no identifier
//	$$.Execution.Name  a part of the context object
//
// A nil *path is an absent field, which means "$" wherever one may stand.
type path struct {
	context bool  // begins at the context object
	none    bool  // null: nothing
	steps   []any // string for a member, int for an index
}

// UnmarshalJSON reads a path; other JSONPath operators are refused.
func (p *path) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	parsed, err := parsePath(text)
	if err == nil {
		*p = parsed
	}
	return err
}

// parsePath reads .name, ['name'] and [2] after "$" or "$$".
func parsePath(text string) (path, error) {
	bad := fmt.Errorf("%q is not a reference path the local stage interprets", text)
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return path{}, bad
	}
	var p path
	if rest, p.context = strings.CutPrefix(rest, "$"); p.context && rest == "" {
		return p, nil
	}
	for rest != "" {
		var step any
		switch {
		// The quoted form first: its "[" would pass for an index's.
		case strings.HasPrefix(rest, "['"):
			name, after, found := strings.Cut(rest[2:], "']")
			if !found {
				return path{}, bad
			}
			step, rest = name, after
		case rest[0] == '[':
			digits, after, found := strings.Cut(rest[1:], "]")
			n, err := strconv.Atoi(digits)
			if !found || err != nil || n < 0 {
				return path{}, bad
			}
			step, rest = n, after
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[")
			name := rest[1:]
			if end >= 0 {
				name = rest[1 : 1+end]
			}
			// Operators that may name several places, or none.
			if name == "" || strings.ContainsAny(name, "*?@() ") {
				return path{}, bad
			}
			step, rest = name, rest[1+len(name):]
		default:
			return path{}, bad
		}
		p.steps = append(p.steps, step)
	}
	return p, nil
}

// get returns the value at p in input or in the context object.
func (p *path) get(input any, context map[string]any) (any, error) {
	if p == nil {
		return input, nil
	}
	// InputPath and OutputPath null give an empty object.
	if p.none {
		return map[string]any{}, nil
	}
	at := input
	if p.context {
		at = context
	}
	for _, step := range p.steps {
		var ok bool
		switch step := step.(type) {
		case string:
			var m map[string]any
			if m, ok = at.(map[string]any); ok {
				at, ok = m[step]
			}
		case int:
			var l []any
			if l, ok = at.([]any); ok && step < len(l) {
				at = l[step]
			} else {
				ok = false
			}
		}
		if !ok {
			return nil, &failure{name: "States.Runtime", cause: fmt.Sprintf("nothing is at %q", p)}
		}
	}
	return at, nil
}

// put returns input with value at p. Members on the way are made.
func (p *path) put(input, value any) (any, error) {
	if p == nil {
		return value, nil
	}
	// ResultPath null throws the result away.
	if p.none {
		return input, nil
	}
	return putSteps(input, p.steps, value)
}

// putSteps copies what it changes: the input is read again by a retry.
func putSteps(at any, steps []any, value any) (any, error) {
	if len(steps) == 0 {
		return value, nil
	}
	// Members only: what a result would become at an index past a list's end
	// is not defined.
	name, ok := steps[0].(string)
	m, isMap := at.(map[string]any)
	if !ok || at != nil && !isMap {
		return nil, &failure{name: "States.ResultPathMatchFailure", cause: "the result path does not fit the state's input"}
	}
	out := maps.Clone(m)
	if out == nil {
		out = map[string]any{}
	}
	// m is nil where nothing was: then the member is made.
	inner, err := putSteps(m[name], steps[1:], value)
	out[name] = inner
	return out, err
}

// String writes the path as it is written in a definition.
func (p *path) String() string {
	var b strings.Builder
	b.WriteByte('$')
	if p.context {
		b.WriteByte('$')
	}
	for _, s := range p.steps {
		if name, ok := s.(string); ok {
			b.WriteString("." + name)
		} else {
			fmt.Fprintf(&b, "[%d]", s)
		}
	}
	return b.String()
}

// checkTemplate refuses what fill would not interpret: intrinsic functions and
// paths that are none.
func checkTemplate(template any) error {
	switch v := template.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			// The suffix says that the value is a path, not a text.
			if !strings.HasSuffix(name, ".$") {
				if err := checkTemplate(v[name]); err != nil {
					return err
				}
				continue
			}
			text, ok := v[name].(string)
			if !ok {
				return fmt.Errorf("%s must be a path", name)
			}
			if _, err := parsePath(text); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	case []any:
		for _, e := range v {
			if err := checkTemplate(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill returns a payload template with its paths replaced by values.
func fill(template, input any, context map[string]any) (any, error) {
	switch v := template.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, value := range v {
			plain, isPath := strings.CutSuffix(name, ".$")
			if !isPath {
				filled, err := fill(value, input, context)
				if err != nil {
					return nil, err
				}
				out[name] = filled
				continue
			}
			p, err := parsePath(value.(string)) // checkTemplate saw to the type
			if err != nil {
				return nil, err
			}
			if out[plain], err = p.get(input, context); err != nil {
				return nil, err
			}
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i := range v {
			filled, err := fill(v[i], input, context)
			if err != nil {
				return nil, err
			}
			out[i] = filled
		}
		return out, nil
	}
	return template, nil
}
