// Package expr is DynamoDB's expression language: it parses condition, filter,
// key condition, update and projection expressions and applies them to items.
//
// Each Parse function checks everything that can be known without an item, so
// a wrong expression is refused before anything is read. Nothing is skipped: a
// construct that is not understood is an *attr.Error, which the wire answers
// with ValidationException. The grammar is that of
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
// and https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html.
//
// Parsed expressions are immutable and safe for concurrent use; a Scope is not.
package expr

import (
	"maps"
	"slices"
	"strings"

	"godwit/functions/local/dynamodb/attr"
)

// Scope holds the placeholders of one request and notes which of them its
// expressions use. It serves all the expressions of one request.
type Scope struct {
	names  map[string]string     // "#n" -> attribute name
	values map[string]attr.Value // ":v" -> value
	used   map[string]bool       // placeholders of both kinds
}

// NewScope checks the placeholders and returns a Scope of them; nil maps mean
// the request has none.
func NewScope(names map[string]string, values map[string]attr.Value) (*Scope, error) {
	for _, key := range slices.Sorted(maps.Keys(names)) {
		if !isPlaceholder('#', key) {
			return nil, attr.Errorf("ExpressionAttributeNames contains invalid key: Syntax error; key: %q", key)
		}
		if names[key] == "" {
			return nil, attr.Errorf("ExpressionAttributeNames contains invalid value: Empty attribute name; key: %q", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !isPlaceholder(':', key) {
			return nil, attr.Errorf("ExpressionAttributeValues contains invalid key: Syntax error; key: %q", key)
		}
	}
	return &Scope{names: names, values: values, used: map[string]bool{}}, nil
}

// isPlaceholder reports whether s is the sign and at least one letter, digit or
// underscore.
func isPlaceholder(first byte, s string) bool {
	return len(s) > 1 && s[0] == first && strings.Trim(s[1:], placeholderLetters) == ""
}

const placeholderLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

// Unused reports placeholders that no parsed expression used, which DynamoDB
// refuses. Call it after the last Parse.
func (s *Scope) Unused() error {
	if left := s.unused(slices.Sorted(maps.Keys(s.values))); left != "" {
		return attr.Errorf("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", left)
	}
	if left := s.unused(slices.Sorted(maps.Keys(s.names))); left != "" {
		return attr.Errorf("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", left)
	}
	return nil
}

// unused joins those of the keys that no expression used.
func (s *Scope) unused(keys []string) string {
	return strings.Join(slices.DeleteFunc(keys, func(k string) bool { return s.used[k] }), ", ")
}

// nameOf resolves a #placeholder and notes that it is used.
func (p *parser) nameOf(placeholder string) (string, error) {
	n, ok := p.scope.names[placeholder]
	if !ok {
		return "", p.errorf("An expression attribute name used in the document path is not defined; attribute name: %s", placeholder)
	}
	p.scope.used[placeholder] = true
	return n, nil
}

// valueOf resolves a :placeholder and notes that it is used.
func (p *parser) valueOf(placeholder string) (attr.Value, error) {
	v, ok := p.scope.values[placeholder]
	if !ok {
		return attr.Value{}, p.errorf("An expression attribute value used in expression is not defined; attribute value: %s", placeholder)
	}
	p.scope.used[placeholder] = true
	return v, nil
}
