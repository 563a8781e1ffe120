package suite

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// annotations are keywords that say nothing about whether a value fits.
var annotations = []string{"description", "example", "default", "title"}

// schemas are the page's components by name.
type schemas map[string]any

// fits checks v against the part of JSON Schema 2020-12 that the page uses. A
// keyword it does not know is an error: what is not checked must not pass.
func (s schemas) fits(schema object, v any, at string) error {
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		if slices.Contains(annotations, keyword) {
			continue
		}
		if err := s.keyword(keyword, schema, v, at); err != nil {
			return err
		}
	}
	return nil
}

// keyword checks one keyword of a schema.
func (s schemas) keyword(keyword string, schema object, v any, at string) error {
	rule := schema[keyword]
	switch keyword {
	case "$ref":
		name := strings.TrimPrefix(fmt.Sprint(rule), "#/components/schemas/")
		target, ok := s[name].(object)
		if !ok {
			return fmt.Errorf("%s: there is no schema %v", at, rule)
		}
		return s.fits(target, v, at)
	case "anyOf", "oneOf":
		return s.choice(keyword, rule, v, at)
	case "enum":
		if !slices.ContainsFunc(rule.([]any), func(e any) bool { return reflect.DeepEqual(e, v) }) {
			return fmt.Errorf("%s: %v is none of %v", at, v, rule)
		}
	case "type":
		return ofType(rule, v, at)
	case "properties", "additionalProperties", "required":
		return s.members(keyword, schema, v, at)
	case "items":
		list, _ := v.([]any)
		for i, item := range list {
			if err := s.fits(rule.(object), item, fmt.Sprintf("%s/%d", at, i)); err != nil {
				return err
			}
		}
	case "format":
		return formatted(rule, v, at)
	default:
		return bounded(keyword, rule, v, at)
	}
	return nil
}

// choice checks anyOf and oneOf.
func (s schemas) choice(keyword string, rule, v any, at string) error {
	fitting := 0
	var why []error
	for _, c := range rule.([]any) {
		if err := s.fits(c.(object), v, at); err != nil {
			why = append(why, err)
		} else {
			fitting++
		}
	}
	if fitting == 0 || keyword == "oneOf" && fitting > 1 {
		return fmt.Errorf("%s: %d choices of %s fit: %w", at, fitting, keyword, errors.Join(why...))
	}
	return nil
}

// members checks what is said of an object's fields.
func (s schemas) members(keyword string, schema object, v any, at string) error {
	fields, ok := v.(object)
	if !ok {
		return nil // type says so, where it matters
	}
	known, _ := schema["properties"].(object)
	switch keyword {
	case "required":
		for _, name := range schema[keyword].([]any) {
			if _, there := fields[name.(string)]; !there {
				return fmt.Errorf("%s: the field %v is missing", at, name)
			}
		}
		return nil
	case "properties":
		for _, name := range slices.Sorted(maps.Keys(known)) {
			if value, there := fields[name]; there {
				if err := s.fits(known[name].(object), value, at+"/"+name); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if _, there := known[name]; there {
			continue
		}
		extra, ok := schema[keyword].(object)
		if !ok && schema[keyword] == false {
			return fmt.Errorf("%s: the field %s is not documented", at, name)
		}
		if err := s.fits(extra, fields[name], at+"/"+name); err != nil {
			return err
		}
	}
	return nil
}

// ofType checks type, which is one name or several.
func ofType(rule, v any, at string) error {
	names, several := rule.([]any)
	if !several {
		names = []any{rule}
	}
	n, isNumber := v.(float64)
	_, isText := v.(string)
	_, isBool := v.(bool)
	_, isObject := v.(object)
	_, isList := v.([]any)
	of := map[string]bool{
		"null": v == nil, "string": isText, "boolean": isBool, "object": isObject, "array": isList,
		"number": isNumber, "integer": isNumber && n == math.Trunc(n),
	}
	for _, name := range names {
		if of[fmt.Sprint(name)] {
			return nil
		}
	}
	return fmt.Errorf("%s: %.100v is no %v", at, v, rule)
}

// formatted checks format, of which the page uses one.
func formatted(rule, v any, at string) error {
	if rule != "date-time" {
		return fmt.Errorf("%s: the format %v is not checked by this suite", at, rule)
	}
	text, _ := v.(string)
	if t, err := time.Parse(time.RFC3339, text); err != nil || !strings.HasSuffix(text, "Z") {
		return fmt.Errorf("%s: %q is no RFC 3339 time in UTC (%v, %w)", at, text, t, err)
	}
	return nil
}

// bounded checks the keywords that bound a number or a length.
func bounded(keyword string, rule, v any, at string) error {
	bound, ok := rule.(float64)
	if !ok {
		return fmt.Errorf("%s: the keyword %s is not checked by this suite", at, keyword)
	}
	size := math.NaN() // compares as neither below nor above: the bound is not about this type
	switch value := v.(type) {
	case float64:
		if keyword == "minimum" || keyword == "maximum" {
			size = value
		}
	case string:
		if keyword == "minLength" || keyword == "maxLength" {
			size = float64(utf8.RuneCountInString(value))
		}
	case []any:
		if keyword == "minItems" || keyword == "maxItems" {
			size = float64(len(value))
		}
	}
	switch {
	case !strings.HasPrefix(keyword, "min") && !strings.HasPrefix(keyword, "max"):
		return fmt.Errorf("%s: the keyword %s is not checked by this suite", at, keyword)
	case strings.HasPrefix(keyword, "min") && size < bound, strings.HasPrefix(keyword, "max") && size > bound:
		return fmt.Errorf("%s: %.100v is outside %s %v", at, v, keyword, bound)
	}
	return nil
}
