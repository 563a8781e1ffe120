package api

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// schemas collects the JSON Schemas (draft 2020-12, as OpenAPI 3.1 uses it) of
// the wire types, by name.
type schemas map[string]map[string]any

var inputsType = reflect.TypeFor[Inputs]()

// of returns the schema of t, a reference for named structs.
func (s schemas) of(t reflect.Type) map[string]any {
	switch {
	case t == rawType:
		return map[string]any{}
	case t == timeType:
		return map[string]any{"type": "string", "format": "date-time"}
	case t == inputsType:
		return inputsSchema()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Struct:
		return s.object(t)
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": s.of(t.Elem())}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return map[string]any{"type": "integer"}
	}
	return map[string]any{"type": "number"}
}

// inputsSchema is written by hand: one input or an array of them.
func inputsSchema() map[string]any {
	cell := map[string]any{"type": []any{"string", "number", "boolean", "null"}}
	one := []any{
		map[string]any{"type": "string", "minLength": 1},
		map[string]any{"type": "object", "additionalProperties": cell, "description": "named columns; of a model of texts only text, of images only b64 or pixels"},
	}
	// An array may hold anything: a bad element is answered in its place.
	many := map[string]any{"type": "array", "minItems": 1, "maxItems": 128, "items": map[string]any{}}
	return map[string]any{"anyOf": append(one, many)}
}

// object puts a struct's schema under its name and returns a reference to it.
func (s schemas) object(t reflect.Type) map[string]any {
	name := schemaName(t)
	ref := map[string]any{"$ref": "#/components/schemas/" + name}
	if _, done := s[name]; done {
		return ref
	}
	schema := map[string]any{"type": "object", "additionalProperties": false}
	s[name] = schema // before the fields: types may refer to themselves
	properties, required := map[string]any{}, []any{}
	for _, f := range fields(t) {
		properties[f.name] = s.field(f)
		if f.always {
			required = append(required, f.name)
		}
	}
	schema["properties"] = properties
	if len(required) > 0 {
		schema["required"] = required
	}
	return ref
}

// schemaName is the type's name; a page of models is called ModelPage.
func schemaName(t reflect.Type) string {
	name, argument, generic := strings.Cut(t.Name(), "[")
	if !generic {
		return name
	}
	argument = strings.TrimSuffix(argument, "]")
	return argument[strings.LastIndexByte(argument, '.')+1:] + name
}

// field is one JSON field of a wire type.
type field struct {
	reflect.StructField
	name   string
	always bool // in every answer: neither omitempty nor omitzero
}

// fields returns t's JSON fields in order; embedded structs count as t's own.
func fields(t reflect.Type) []field {
	var out []field
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" {
			continue
		}
		out = append(out, field{f, name, options == ""})
	}
	return out
}

// field returns the schema of a field with what its tags say.
func (s schemas) field(f field) map[string]any {
	schema := s.of(f.Type)
	extra := map[string]any{"description": f.Tag.Get("doc")}
	if enum := f.Tag.Get("enum"); enum != "" {
		values := []any{}
		for v := range strings.SplitSeq(enum, ",") {
			values = append(values, v)
		}
		extra["enum"] = values
	}
	for tag, keyword := range map[string]string{"min": "minimum", "max": "maximum"} {
		if v, err := strconv.ParseFloat(f.Tag.Get(tag), 64); err == nil {
			extra[keyword] = v
		}
	}
	if f.Type.Kind() == reflect.Pointer && f.always {
		// Always there, so null says that there is none.
		schema = map[string]any{"anyOf": []any{schema, map[string]any{"type": "null"}}}
	}
	for keyword, v := range extra {
		schema[keyword] = v
	}
	return schema
}

// exampleTime is the moment in all examples.
var exampleTime = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

// example builds a value of t from the example tags of its fields.
func example(t reflect.Type, tag string) any {
	switch {
	case t == rawType:
		return map[string]any{}
	case t == timeType:
		return exampleTime.Format(time.RFC3339)
	case t == inputsType:
		return []any{"where is my card"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return example(t.Elem(), tag)
	case reflect.Struct:
		out := map[string]any{}
		for _, f := range fields(t) {
			given := f.Tag.Get("example")
			if enum, _, _ := strings.Cut(f.Tag.Get("enum"), ","); given == "" {
				given = enum
			}
			if f.always || given != "" || f.Type.Kind() == reflect.Slice {
				out[f.name] = example(f.Type, given)
			}
		}
		return out
	case reflect.Map:
		return map[string]any{}
	case reflect.Slice:
		return []any{example(t.Elem(), tag)}
	case reflect.String:
		return tag
	case reflect.Bool:
		return tag == "true"
	}
	if _, err := strconv.ParseFloat(tag, 64); err != nil {
		return 0
	}
	return json.Number(tag)
}
