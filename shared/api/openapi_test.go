package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/shared/api"
)

// document is the served OpenAPI page, decoded once.
var document = sync.OnceValue(func() map[string]any {
	var doc map[string]any
	if err := json.Unmarshal(api.Describe(api.Routes()), &doc); err != nil {
		panic(err)
	}
	return doc
})

// validate holds an answer against the served OpenAPI: status and content type
// are documented for the route, and the body fits its schema.
func validate(t testing.TB, c call, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Header().Get("X-Request-Id") == "" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%s %s: headers %v lack the request id or no-store", c.method, c.path, w.Header())
	}
	path, _, _ := strings.Cut(c.path, "?")
	op := operation(c.method, path)
	if op == nil || w.Code == 304 {
		if w.Code < 400 && w.Code != 304 {
			t.Errorf("%s %s = %d, but it is not documented", c.method, c.path, w.Code)
		}
		return
	}
	response, ok := op["responses"].(map[string]any)[strconv.Itoa(w.Code)].(map[string]any)
	if !ok {
		t.Errorf("%s %s = %d %s, a status that is not documented", c.method, c.path, w.Code, w.Body)
		return
	}
	content, ok := response["content"].(map[string]any)
	if !ok {
		if w.Body.Len() > 0 {
			t.Errorf("%s %s = %d with a body, none is documented", c.method, c.path, w.Code)
		}
		return
	}
	media, ok := content[w.Header().Get("Content-Type")].(map[string]any)
	if !ok {
		t.Errorf("%s %s = %d %s, want one of %v", c.method, c.path, w.Code, w.Header().Get("Content-Type"), slices.Collect(maps.Keys(content)))
		return
	}
	if len(media) == 0 {
		return // bytes, CSV or lines: no schema says what they hold
	}
	var body any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Errorf("%s %s: body %q: %v", c.method, c.path, w.Body, err)
		return
	}
	if err := fits(media["schema"].(map[string]any), body, ""); err != nil {
		t.Errorf("%s %s = %d %s: %v", c.method, c.path, w.Code, w.Body, err)
	}
}

// operation finds the documented operation of a request, or nil.
func operation(method, path string) map[string]any {
	for pattern, item := range document()["paths"].(map[string]any) {
		expr := "^" + regexp.MustCompile(`\\\{[^/]*\\\}`).ReplaceAllString(regexp.QuoteMeta(pattern), "[^/]+") + "$"
		if regexp.MustCompile(expr).MatchString(path) {
			op, _ := item.(map[string]any)[strings.ToLower(method)].(map[string]any)
			return op
		}
	}
	return nil
}

// fits checks v against the part of JSON Schema 2020-12 that the page uses.
func fits(schema map[string]any, v any, at string) error {
	if ref, ok := schema["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/components/schemas/")
		target, ok := document()["components"].(map[string]any)["schemas"].(map[string]any)[name].(map[string]any)
		if !ok {
			return fmt.Errorf("%s: no schema %s", at, ref)
		}
		return fits(target, v, at)
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		choices, ok := schema[keyword].([]any)
		if !ok {
			continue
		}
		fitting := 0
		var last error
		for _, c := range choices {
			if err := fits(c.(map[string]any), v, at); err != nil {
				last = err
			} else {
				fitting++
			}
		}
		if fitting == 0 || keyword == "oneOf" && fitting > 1 {
			return fmt.Errorf("%s: %d of %s fit: %w", at, fitting, keyword, last)
		}
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, v) {
		return fmt.Errorf("%s: %v is not one of %v", at, v, enum)
	}
	switch kind, _ := schema["type"].(string); kind {
	case "object":
		return fitsObject(schema, v, at)
	case "array":
		items, ok := v.([]any)
		if !ok {
			return fmt.Errorf("%s: %v is no array", at, v)
		}
		for i, item := range items {
			if err := fits(schema["items"].(map[string]any), item, fmt.Sprintf("%s/%d", at, i)); err != nil {
				return err
			}
		}
	case "null":
		if v != nil {
			return fmt.Errorf("%s: %v is not null", at, v)
		}
	case "":
	default:
		return fitsScalar(kind, schema, v, at)
	}
	return nil
}

func fitsObject(schema map[string]any, v any, at string) error {
	fields, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: %v is no object", at, v)
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, value := range fields {
		property, known := properties[name].(map[string]any)
		if !known {
			if extra, ok := schema["additionalProperties"].(map[string]any); ok {
				property = extra
			} else if schema["additionalProperties"] == false {
				return fmt.Errorf("%s: undocumented field %s", at, name)
			}
		}
		if err := fits(property, value, at+"/"+name); err != nil {
			return err
		}
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := fields[name.(string)]; !ok {
			return fmt.Errorf("%s: field %v is missing", at, name)
		}
	}
	return nil
}

func fitsScalar(kind string, schema map[string]any, v any, at string) error {
	n, isNumber := v.(float64)
	s, isString := v.(string)
	_, isBool := v.(bool)
	ok := map[string]bool{"string": isString, "boolean": isBool, "number": isNumber, "integer": isNumber && n == math.Trunc(n)}[kind]
	if !ok {
		return fmt.Errorf("%s: %v is no %s", at, v, kind)
	}
	if low, ok := schema["minimum"].(float64); ok && n < low {
		return fmt.Errorf("%s: %v is below %v", at, n, low)
	}
	if high, ok := schema["maximum"].(float64); ok && n > high {
		return fmt.Errorf("%s: %v is above %v", at, n, high)
	}
	if schema["format"] == "date-time" {
		if at, err := time.Parse(time.RFC3339, s); err != nil || at.Location() != time.UTC {
			return fmt.Errorf("%s: %q is no RFC 3339 time in UTC: %v", at, s, err)
		}
	}
	return nil
}

// The page's own examples fit its schemas, and every field is described.
func TestDescribe(t *testing.T) {
	doc := document()
	if doc["openapi"] != "3.1.0" {
		t.Errorf("openapi = %v, want 3.1.0", doc["openapi"])
	}
	ids := map[string]bool{}
	for path, item := range doc["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			op := op.(map[string]any)
			if id := op["operationId"].(string); ids[id] {
				t.Errorf("%s %s: operationId %s is there twice", method, path, id)
			} else {
				ids[id] = true
			}
			contents := []any{op["requestBody"]}
			for _, r := range op["responses"].(map[string]any) {
				contents = append(contents, r)
			}
			for _, c := range contents {
				holder, _ := c.(map[string]any)
				content, _ := holder["content"].(map[string]any)
				for _, media := range content {
					media := media.(map[string]any)
					if example, ok := media["example"]; ok {
						if err := fits(media["schema"].(map[string]any), example, ""); err != nil {
							t.Errorf("%s %s: example %v: %v", method, path, example, err)
						}
					}
				}
			}
		}
	}
	for name, schema := range doc["components"].(map[string]any)["schemas"].(map[string]any) {
		properties, _ := schema.(map[string]any)["properties"].(map[string]any)
		for field, p := range properties {
			if p.(map[string]any)["description"] == "" {
				t.Errorf("%s.%s has no description", name, field)
			}
		}
	}
}

func TestDescribe_isServed(t *testing.T) {
	s := newStage(t)
	w := s.do(t, call{method: "GET", path: "/openapi.json"})
	if want := string(api.Describe(api.Routes())); w.Code != 200 || w.Body.String() != want {
		t.Errorf("GET /openapi.json = %d with %d bytes, want the %d of Describe", w.Code, w.Body.Len(), len(want))
	}
}

// The route table and template.yaml send every request to the same function.
func TestRoutes_template(t *testing.T) {
	raw, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	function := map[string]api.Function{"PredictFunction": api.PredictFunction, "TrainTriggerFunction": api.TrainingFunction, "RegistryFunction": api.RegistryFunction}
	resource := regexp.MustCompile(`^  (\w+):$`)
	event := regexp.MustCompile(`Type: HttpApi, Properties: \{ApiId: !Ref HttpApi, Path: '?([^',]+)'?, Method: (\w+)(, Auth: \{Authorizer: NONE\})?\}`)
	var current api.Function
	type target struct {
		function api.Function
		open     bool
	}
	template := map[string]target{}
	count := map[api.Function]int{}
	for line := range strings.SplitSeq(string(raw), "\n") {
		if m := resource.FindStringSubmatch(line); m != nil {
			current = function[m[1]]
		}
		if m := event.FindStringSubmatch(line); m != nil {
			template[m[2]+" "+m[1]] = target{current, m[3] != ""}
			count[current]++
		}
	}
	if template["ANY /{proxy+}"].function != api.RegistryFunction {
		t.Fatalf("template routes = %v, want ANY /{proxy+} at model-registry", template)
	}
	used := map[string]bool{}
	for _, r := range api.Routes() {
		key := r.Method + " " + r.Pattern
		named := covering(slices.Collect(maps.Keys(template)), key)
		used[named] = true
		got := template[named]
		if got.function != r.Function {
			t.Errorf("%s: the template sends it to %q, the table to %q", key, got.function, r.Function)
		}
		if open := r.Scope == ""; open != got.open {
			t.Errorf("%s: open without a key is %v in the table and %v in the template", key, open, got.open)
		}
	}
	for key := range template {
		if used[key] || strings.HasPrefix(key, "GET /console") { // the pages, which stand before the table
			continue
		}
		t.Errorf("template.yaml routes %s, which the table does not have", key)
	}
	for f, n := range count {
		if n > 15 { // more would overflow the function's policy
			t.Errorf("%s has %d HTTP events, the most is 15", f, n)
		}
	}
}

// covering returns which route of the template takes a route of the table, as
// the gateway chooses: the same route, else the longest that ends in {proxy+}.
func covering(template []string, key string) string {
	if slices.Contains(template, key) {
		return key
	}
	_, path, _ := strings.Cut(key, " ")
	best := ""
	for _, candidate := range template {
		prefix, greedy := strings.CutSuffix(strings.TrimPrefix(candidate, "ANY "), "{proxy+}")
		if greedy && strings.HasPrefix(path, prefix) && len(candidate) > len(best) {
			best = candidate
		}
	}
	return best
}

// Every wire field has a comment, and every request and response type is a
// struct of this package.
func TestRoutes_wireTypes(t *testing.T) {
	for _, r := range api.Routes() {
		for _, v := range []any{r.Request, r.Response, r.Or} {
			if v == nil || reflect.TypeOf(v).Kind() != reflect.Struct {
				continue
			}
			for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
				if !f.Anonymous && f.Tag.Get("doc") == "" {
					t.Errorf("%s %s: %T.%s has no doc tag", r.Method, r.Pattern, v, f.Name)
				}
			}
		}
		if r.Summary == "" || r.Noun == "" || r.Status == 0 {
			t.Errorf("%s %s lacks a summary, noun or status", r.Method, r.Pattern)
		}
	}
}
