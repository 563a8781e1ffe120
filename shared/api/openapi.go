package api

import (
	"cmp"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"godwit/shared/access"
	"godwit/shared/fault"
	"godwit/shared/oip"
)

// object is a JSON object under construction; encoding/json writes its keys in
// order, so the document is the same every time.
type object = map[string]any

// Describe returns the OpenAPI 3.1 document of routes as JSON. It is built from
// the same table that serves.
func Describe(routes []Route) []byte {
	found := schemas{}
	found.of(reflect.TypeFor[Problem]())
	paths := object{}
	for _, route := range routes {
		path, ok := paths[route.Pattern].(object)
		if !ok {
			path = object{}
			paths[route.Pattern] = path
		}
		path[strings.ToLower(route.Method)] = route.operation(found)
	}
	components := object{}
	for name, schema := range found {
		components[name] = schema
	}
	doc, err := json.Marshal(object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Godwit", "version": "v1", "license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"description": "AI model as a service: labelled data in, predictions out.",
		},
		"servers": []any{object{"url": "/"}},
		"paths":   paths,
		"components": object{
			"schemas":         components,
			"securitySchemes": object{"key": object{"type": "http", "scheme": "bearer", "description": "An API key, gw_..."}},
		},
	})
	if err != nil { // strings, numbers and maps only: cannot fail
		return []byte("{}")
	}
	return doc
}

// operation describes one route. found collects the schemas it refers to.
func (r Route) operation(found schemas) object {
	op := object{
		"operationId": r.operationID(), "summary": r.Summary, "tags": []any{string(r.Function)},
		"responses": r.responses(found), "security": []any{},
	}
	if r.Scope != access.Nothing {
		op["security"] = []any{object{"key": []any{}}}
		where := "the model"
		if !r.Late && !strings.Contains(r.Pattern, "{name}") {
			where = "all models"
		}
		op["description"] = "Needs the scope " + string(r.Scope) + " on " + where + "."
		if r.Scope == access.Read {
			op["description"] = "Any scope on the model will do."
		}
	}
	if p := r.parameters(); len(p) > 0 {
		op["parameters"] = p
	}
	if r.Request != nil {
		t := reflect.TypeOf(r.Request)
		schema := found.of(t)
		if r.Many > 0 {
			schema = object{"oneOf": []any{schema, object{"type": "array", "items": schema, "minItems": 1, "maxItems": r.Many}}}
		}
		content := object{"application/json": object{"schema": schema, "example": example(t, "")}}
		addMedia(content, r.Takes)
		op["requestBody"] = object{"required": true, "content": content}
	}
	return op
}

// operationID is unique and stable, such as get_v1_models_name.
func (r Route) operationID() string {
	clean := strings.NewReplacer("{", "", "}", "", "/", "_", "-", "_", ".", "_").Replace(r.Pattern)
	return strings.ToLower(r.Method) + clean
}

// parameters are the path's names, the query of a list, and the headers that
// come with what the route does.
func (r Route) parameters() []any {
	out := []any{}
	add := func(in, name, doc string, required bool, schema object) {
		out = append(out, object{"in": in, "name": name, "description": doc, "required": required, "schema": schema})
	}
	text := object{"type": "string"}
	docs := map[string]string{"name": "the model's name", "version": "the version's number", "alias": "the alias", "id": "the id"}
	if r.Aliased {
		docs["name"] = "the model's name, or name@alias"
	}
	for segment := range strings.SplitSeq(r.Pattern, "/") {
		if strings.HasPrefix(segment, "{") {
			name := strings.Trim(segment, "{}")
			add("path", name, docs[name], true, text)
		}
	}
	if r.Query != nil {
		add("query", "limit", "items in a page", false, object{"type": "integer", "minimum": 1, "maximum": maxLimit, "default": defaultLimit})
		add("query", "page_token", "next_page_token of the page before", false, text)
	}
	for _, f := range slices.Concat(r.Query, r.Options) {
		schema := object{"type": "string"}
		if f.Enum != nil {
			schema["enum"] = f.Enum
		}
		add("query", f.Name, f.Doc, false, schema)
	}
	if r.Revised {
		add("header", "If-Match", "the ETag that was read, or * for whatever is there", false, text)
		add("header", "If-None-Match", "* where nothing must be there yet; instead of If-Match", false, text)
	}
	if r.Guarded {
		add("header", "If-Match", "the ETag that was read, to change nothing else; without it whatever is there", false, text)
	}
	if slices.Contains(r.Takes, asBytes[0]) {
		add("header", oip.HeaderLength, "how many bytes of the body are JSON, when tensors follow as bytes; the answer has it too when its do", false, text)
	}
	if r.Creates {
		add("header", "Idempotency-Key", "the same key and body gives the same answer for 24 hours", false, object{"type": "string", "maxLength": maxIdempotencyKey})
	}
	return out
}

// responses are the success and every failure the route can answer with.
func (r Route) responses(found schemas) object {
	success := object{"description": cmp.Or(http.StatusText(r.Status), "Success")}
	if r.Response != nil {
		t := reflect.TypeOf(r.Response)
		content := object{"schema": found.of(t), "example": example(t, "")}
		if t == reflect.TypeFor[Document]() {
			content = object{"schema": object{"type": "object"}}
		}
		if r.Or != nil {
			content["schema"] = object{"oneOf": []any{content["schema"], found.of(reflect.TypeOf(r.Or))}}
		}
		byMedia := object{"application/json": content}
		addMedia(byMedia, r.Gives)
		success["content"] = byMedia
	}
	text := object{"type": "string"}
	headers := object{"X-Request-Id": object{"schema": text, "description": "names this request in the logs"}}
	if r.Tagged {
		headers["ETag"] = object{"schema": text, "description": "strong; send it as If-Match to change what was read"}
	}
	if r.Status == http.StatusFound || r.Creates {
		headers["Location"] = object{"schema": text, "description": "where it is"}
	}
	success["headers"] = headers
	out := object{strconv.Itoa(r.Status): success}
	for _, code := range r.failures() {
		status := statuses[code]
		out[strconv.Itoa(status)] = object{
			"description": failureText(code, status),
			"content": object{problemMedia(r.Pattern): object{
				"schema": found.of(reflect.TypeFor[Problem]()), "example": exampleProblem(code, status),
			}},
		}
	}
	return out
}

// failureText describes a failure. A gateway that finds no key asks nobody.
func failureText(code fault.Code, status int) string {
	text := http.StatusText(status)
	if code == fault.Unauthenticated {
		text += `; without an Authorization header the gateway itself answers {"message":"Unauthorized"}`
	}
	return text
}

// addMedia adds the media types besides JSON to a content object; what they
// hold has no schema.
func addMedia(content object, types []string) {
	for _, media := range types {
		content[media] = object{}
	}
}

// exampleProblem is the example of a failure, rendered as a real one.
func exampleProblem(code fault.Code, status int) Problem {
	text := strings.ToLower(http.StatusText(status))
	return problemOf(fault.New(code, "%s", text), status, "8f5f0e0c-6a3f-4b1c-9d0a-3f6a1c9d7e55")
}

// failures are the codes a route can fail with: its own and those that follow
// from what it takes.
func (r Route) failures() []fault.Code {
	out := append([]fault.Code{fault.Internal, fault.Unavailable, fault.RateLimited}, r.Failures...)
	if r.Scope != access.Nothing {
		out = append(out, fault.Unauthenticated, fault.Forbidden)
	}
	if strings.Contains(r.Pattern, "{") {
		out = append(out, fault.NotFound)
	}
	if r.Request != nil {
		out = append(out, fault.Malformed, fault.TooLarge, fault.UnsupportedMedia, fault.Invalid)
	}
	if r.Query != nil {
		out = append(out, fault.Malformed, fault.Invalid, fault.TooLarge)
	}
	if r.Options != nil || r.strict() {
		out = append(out, fault.Invalid)
	}
	if r.Revised {
		out = append(out, fault.PreconditionRequired, fault.PreconditionFailed, fault.Malformed)
	}
	if r.Guarded {
		out = append(out, fault.PreconditionFailed, fault.Malformed)
	}
	if r.Creates {
		out = append(out, fault.Malformed, fault.Conflict)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
