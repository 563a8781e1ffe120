package states

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
)

// Choice is one rule of a Choice state.
type Choice struct {
	Next string // state to go on with
	test test
}

// test reports whether a rule holds for an input. Tests are made when a machine is
// registered, so that a rule nobody understands is refused before anything runs.
type test func(input any, context map[string]any) (bool, error)

// UnmarshalJSON reads a rule; a comparison the stage does not know is refused.
func (c *Choice) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	if err := read(raw, "Next", &c.Next); err != nil {
		return err
	}
	delete(raw, "Next")
	delete(raw, "Comment")
	var err error
	c.test, err = parseTest(raw)
	return err
}

// parseTest reads a rule without its Next: And, Or, Not, or one comparison.
func parseTest(raw map[string]json.RawMessage) (test, error) {
	for name, join := range map[string]func([]test) test{"And": all, "Or": anyOf} {
		// Alone in its rule, or it would not be clear what else it holds for.
		data, ok := raw[name]
		if !ok || len(raw) != 1 {
			continue
		}
		var inner []map[string]json.RawMessage
		if err := json.Unmarshal(data, &inner); err != nil {
			return nil, err
		}
		tests := make([]test, len(inner))
		var errs []error
		for i := range inner {
			var err error
			tests[i], err = parseTest(inner[i]) // inner rules carry no Next: one is refused
			errs = append(errs, err)
		}
		return join(tests), errors.Join(errs...)
	}
	if data, ok := raw["Not"]; ok && len(raw) == 1 {
		var inner map[string]json.RawMessage
		if err := json.Unmarshal(data, &inner); err != nil {
			return nil, err
		}
		t, err := parseTest(inner)
		return func(input any, context map[string]any) (bool, error) {
			yes, err := t(input, context)
			return !yes, err
		}, err
	}
	return parseComparison(raw)
}

// all holds when every test does; it ends with the first that does not.
func all(tests []test) test {
	return func(input any, context map[string]any) (bool, error) {
		for _, t := range tests {
			if yes, err := t(input, context); err != nil || !yes {
				return false, err
			}
		}
		return true, nil
	}
}

// anyOf holds when one test does; it ends with the first that does.
func anyOf(tests []test) test {
	return func(input any, context map[string]any) (bool, error) {
		for _, t := range tests {
			if yes, err := t(input, context); err != nil || yes {
				return yes, err
			}
		}
		return false, nil
	}
}

// parseComparison reads {"Variable": path, OPERATOR: value}.
func parseComparison(raw map[string]json.RawMessage) (test, error) {
	var variable path
	if err := read(raw, "Variable", &variable); err != nil {
		return nil, err
	}
	delete(raw, "Variable")
	if len(raw) != 1 {
		return nil, fmt.Errorf("a rule needs one comparison, found %d", len(raw))
	}
	operator := slices.Collect(maps.Keys(raw))[0]
	var want any
	if err := read(raw, operator, &want); err != nil {
		return nil, err
	}
	if operator == "IsPresent" {
		present, ok := want.(bool)
		if !ok {
			return nil, fmt.Errorf("IsPresent needs true or false")
		}
		return func(input any, context map[string]any) (bool, error) {
			// The one comparison for which a place that is not there is no error.
			_, err := variable.get(input, context)
			return (err == nil) == present, nil
		}, nil
	}
	compare, ok := comparisons[operator]
	if !ok {
		return nil, fmt.Errorf("the comparison %q is not interpreted by the local stage", operator)
	}
	return func(input any, context map[string]any) (bool, error) {
		got, err := variable.get(input, context)
		return err == nil && compare(got, want), err
	}, nil
}

// comparisons are the operators; values of another type than the operator's do not match.
var comparisons = map[string]func(got, want any) bool{
	"BooleanEquals":            func(a, b any) bool { x, ok := a.(bool); return ok && x == b },
	"StringEquals":             func(a, b any) bool { x, ok := a.(string); return ok && x == b },
	"NumericEquals":            func(a, b any) bool { c, ok := numeric(a, b); return ok && c == 0 },
	"NumericLessThan":          func(a, b any) bool { c, ok := numeric(a, b); return ok && c < 0 },
	"NumericLessThanEquals":    func(a, b any) bool { c, ok := numeric(a, b); return ok && c <= 0 },
	"NumericGreaterThan":       func(a, b any) bool { c, ok := numeric(a, b); return ok && c > 0 },
	"NumericGreaterThanEquals": func(a, b any) bool { c, ok := numeric(a, b); return ok && c >= 0 },
}

// numeric compares two JSON numbers exactly.
func numeric(a, b any) (order int, ok bool) {
	x, okX := a.(json.Number)
	y, okY := b.(json.Number)
	if !okX || !okY {
		return 0, false
	}
	// Rationals: 0.1 and 1e-1 are one number, and none is too large to compare.
	p, okX := new(big.Rat).SetString(string(x))
	q, okY := new(big.Rat).SetString(string(y))
	if !okX || !okY {
		return 0, false
	}
	return p.Cmp(q), true
}
