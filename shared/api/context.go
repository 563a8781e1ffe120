package api

import (
	"fmt"
	"unicode/utf8"

	"godwit/shared/fault"
	"godwit/shared/serving"
	"godwit/shared/strictjson"
)

// Limits of what a request says about its caller. Only a route's sticky value is
// ever read of it, and nothing of it is stored or logged: it may name a person.
const (
	maxContext      = 16
	maxContextName  = 64  // characters
	maxContextValue = 256 // characters
)

// context consumes what a request says about its caller: names and texts.
func (s *scanner) context(req *serving.Request) *fault.Error {
	if s.Kind() != '{' {
		return strictjson.Complain(fault.Invalid, "wrong_type", "must be an object of texts")
	}
	req.Context = map[string]string{} // made here: most requests say nothing
	return s.Object(func(name string) *fault.Error {
		if s.Kind() != '"' {
			return strictjson.Complain(fault.Invalid, "wrong_type", "must be a text")
		}
		value, err := s.Text()
		switch {
		case err != nil:
			return err
		case len(req.Context) == maxContext:
			return strictjson.Complain(fault.Invalid, "invalid_field", fmt.Sprintf("a context has at most %d values", maxContext))
		case !isContextName(name):
			return strictjson.Complain(fault.Invalid, "invalid_field", fmt.Sprintf("a name has 1 to %d letters, digits, dashes and underscores", maxContextName))
		case utf8.RuneCountInString(value) > maxContextValue:
			return strictjson.Complain(fault.Invalid, "invalid_field", fmt.Sprintf("must have at most %d characters", maxContextValue))
		}
		req.Context[name] = value
		return nil
	})
}

// isContextName reports whether s may name a value of the context.
func isContextName(s string) bool {
	for _, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= maxContextName
}
