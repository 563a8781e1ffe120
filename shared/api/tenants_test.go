package api_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"godwit/shared/api"
	"godwit/shared/registry"
)

// hidden stands in every text of the victim's: no answer to another may hold it.
const hidden = "victims-own-words"

// victim is what one tenant has, and everything that names a part of it.
type victim struct {
	tenant string
	ids    []string // of resources, as paths and bodies name them
	tokens []string // of pages and predictions
	keys   []string // of objects in the buckets
}

// settle gives a tenant one of everything.
func (s *stage) settle(t testing.TB, tenant registry.Tenant) victim {
	v := victim{tenant: string(tenant)}
	as := func(method, path string, body any, header map[string]string) call {
		return call{method: method, path: path, body: body, header: header, tenant: v.tenant}
	}
	for range 2 {
		s.publish(t, tenant, "intents")
	}
	s.publish(t, tenant, "orders")
	s.want(t, 200, as("PATCH", "/v1/models/intents", m{"description": hidden, "tags": m{"note": hidden}}, m2("If-Match", "*")))
	s.want(t, 200, as("PUT", "/v1/models/intents/aliases/blue", m{"version": 1}, m2("If-None-Match", "*")))
	s.want(t, 200, as("PUT", "/v1/models/intents/route", m{"targets": []m{{"ref": "@blue", "weight": 1}}}, m2("If-None-Match", "*")))
	var sets []string
	for i := range 2 {
		file := fmt.Sprintf("%s%d.csv", hidden, i)
		id := s.want(t, 201, as("POST", "/v1/datasets", m{"model": "intents", "filename": file, "size": 3, "sha256": strings.Repeat("0", 64)}, m2("Idempotency-Key", fmt.Sprint("k", i))))["id"].(string)
		key := "datasets/" + v.tenant + "/" + id + "/" + file
		s.put(t, s.uploads, key, "abc")
		sets, v.keys = append(sets, id), append(v.keys, key)
	}
	job := s.want(t, 202, as("POST", "/v1/training-jobs", m{"model": "intents", "dataset": sets[0]}, nil))["id"].(string)
	s.put(t, s.uploads, "batch/"+v.tenant+"/rows.csv", "text\n"+hidden+"\n")
	rows := s.want(t, 202, as("POST", "/v1/batch-jobs", m{"model": "intents", "input": m{"key": "batch/" + v.tenant + "/rows.csv"}}, nil))["id"].(string)
	key := s.want(t, 201, as("POST", "/v1/keys", m{"name": hidden, "scopes": []string{"predict"}}, nil))["id"].(string)
	prediction := s.want(t, 200, as("POST", "/v1/models/intents/predict", m{"inputs": "where is my card"}, nil))["id"].(string)
	s.want(t, 200, as("POST", "/v1/feedback", m{"prediction": prediction, "label": "card", "comment": hidden, "input": hidden}, nil))
	for _, list := range []string{"/v1/models", "/v1/datasets", "/v1/models/intents/versions"} {
		v.tokens = append(v.tokens, s.want(t, 200, as("GET", list+"?limit=1", nil, nil))["next_page_token"].(string))
	}
	v.tokens = append(v.tokens, prediction)
	v.ids = append(sets, job, rows, key, "intents", "orders", "intents@blue", "intents@champion", "blue", "1", "2")
	v.keys = append(v.keys, "batch/"+v.tenant+"/rows.csv")
	return v
}

// view is all a tenant can see of its own, and the names of its objects.
func (s *stage) view(t testing.TB, tenant string) []string {
	var out []string
	for _, path := range []string{
		"/v1/models", "/v1/models/intents", "/v1/models/intents/versions", "/v1/models/intents/aliases", "/v1/models/intents/aliases/blue/history", "/v1/models/intents/route", "/v1/models/intents/monitor",
		"/v1/models/intents/review-queue", "/v1/datasets", "/v1/training-jobs", "/v1/batch-jobs", "/v1/keys", "/v1/usage",
	} {
		w := httptest.NewRecorder()
		s.front.ServeHTTP(w, call{method: "GET", path: path, tenant: tenant}.request(t))
		out = append(out, w.Body.String())
	}
	for _, prefix := range []string{"inbox/", "datasets/", "batch/", "feedback/"} {
		list, _, err := s.uploads.List(t.Context(), prefix+tenant+"/", "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprint(list))
	}
	return out
}

// disguises write a name in another way; in a path they are escaped already.
var disguises = []func(string) string{
	func(s string) string { return s },
	strings.ToUpper,
	func(s string) string { return s + "%00" },
	func(s string) string { return s + "%20" },
	func(s string) string { return s + "." },
	func(s string) string { return s + "%C2%AD" },                                                  // a soft hyphen
	func(s string) string { return s + "%E2%80%AE" },                                               // right to left
	func(s string) string { return "%EF%BC%81"[:6] + "%89" + s },                                   // fullwidth i
	func(s string) string { return strings.Replace(s, "i", "%D1%96", 1) },                          // Cyrillic i
	func(s string) string { return strings.Replace(s, "e", "e%CC%81", 1) },                         // a combining accent
	func(s string) string { return strings.Replace(s, "s", "%C5%BF", 1) },                          // long s, which NFKC folds
	func(s string) string { return "..%2F..%2Facme%2F" + s },                                       // climbs
	func(s string) string { return "%2e%2e%2facme%2f" + s },                                        // climbs
	func(s string) string { return "%252e%252e%252f" + s },                                         // escaped twice
	func(s string) string { return "acme%23" + s },                                                 // the separator of records' keys
	func(s string) string { return s + "%23" },                                                     //
	func(s string) string { return "acme:" + s },                                                   //
	func(s string) string { return "T%23acme%23MODEL%23" + s },                                     //
	func(s string) string { return strings.ReplaceAll(url.PathEscape("x\\..\\"+s), "%5C", "%5c") }, // another system's separator
	func(s string) string { return s + "%0d%0aX-Tenant:%20acme" },                                  // a header
}

// disguised draws a name of the victim's in some form, escaped.
func disguised(rt *rapid.T, names []string) string {
	name := rapid.SampledFrom(names).Draw(rt, "name")
	return disguises[rapid.IntRange(0, len(disguises)-1).Draw(rt, "form")](name)
}

// plainly is disguised for bodies.
func plainly(rt *rapid.T, names []string) string {
	escaped := disguised(rt, names)
	if s, err := url.PathUnescape(escaped); err == nil {
		return s
	}
	return escaped
}

// attackable are the routes a request to which can name something.
var attackable = slices.DeleteFunc(api.Routes(), func(r api.Route) bool {
	return !strings.Contains(r.Pattern, "{") && r.Request == nil && r.Query == nil && r.Options == nil
})

// attack draws a request of the rival's that names what is the victim's.
func attack(rt *rapid.T, v victim) call {
	route := rapid.SampledFrom(attackable).Draw(rt, "route")
	names := append(slices.Clone(v.ids), "mine", "mine@champion", "champion")
	path := regexp.MustCompile(`\{\w+\}`).ReplaceAllStringFunc(route.Pattern, func(string) string { return disguised(rt, names) })
	query := url.Values{}
	if rapid.Bool().Draw(rt, "token") && route.Query != nil {
		query.Set("page_token", rapid.SampledFrom(v.tokens).Draw(rt, "page_token"))
	}
	for _, f := range slices.Concat(route.Query, route.Options) {
		if f.Enum == nil && rapid.Bool().Draw(rt, f.Name) {
			query.Set(f.Name, plainly(rt, names))
		}
	}
	if route.Pattern == "/v1/models" {
		query.Del("prefix") // any text is a good one, and finds the rival's own
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	c := call{method: route.Method, path: path, tenant: "rival", header: m2("If-Match", rapid.SampledFrom([]string{"*", `"1"`, `"2"`}).Draw(rt, "if-match"))}
	if route.Request != nil {
		c.body = attackBody(rt, route.Pattern, v, names)
		if route.Creates && rapid.Bool().Draw(rt, "repeat") {
			c.header["Idempotency-Key"] = rapid.SampledFrom([]string{"k0", "k1"}).Draw(rt, "key")
		}
	}
	return c
}

// attackBody draws a body that would be good if the names in it were the rival's.
func attackBody(rt *rapid.T, pattern string, v victim, names []string) any {
	name := func() string { return plainly(rt, names) }
	object := func() string {
		return plainly(rt, append(slices.Clone(v.keys), "batch/rival/../"+v.tenant+"/rows.csv"))
	}
	switch {
	case pattern == "/v1/models":
		return m{"name": name()}
	case pattern == "/v1/keys":
		return m{"name": "x", "scopes": []string{"predict:" + name()}}
	case pattern == "/v1/datasets":
		return m{"model": "mine", "filename": name(), "size": 3, "sha256": strings.Repeat("0", 64)}
	case pattern == "/v1/training-jobs":
		return m{"model": rapid.SampledFrom([]string{"mine", "intents"}).Draw(rt, "model"), "dataset": name()}
	case pattern == "/v1/batch-jobs" && rapid.Bool().Draw(rt, "by key"):
		return m{"model": "mine", "input": m{"key": object()}}
	case pattern == "/v1/batch-jobs":
		return m{"model": name(), "input": m{"dataset": name()}}
	case pattern == "/v1/feedback":
		return m{"prediction": rapid.SampledFrom(v.tokens).Draw(rt, "prediction"), "label": "card"}
	case strings.HasSuffix(pattern, "/route"):
		return m{"targets": []m{{"ref": name(), "weight": 1}}}
	case strings.HasSuffix(pattern, "/aliases/{alias}"):
		return m{"version": 1}
	case strings.HasSuffix(pattern, "/rollback"):
		return m{"to": 1}
	case strings.HasSuffix(pattern, "/infer"):
		return m{"inputs": []m{{"name": "text", "shape": []int{1}, "datatype": "BYTES", "data": []string{"x"}}}}
	case strings.HasPrefix(pattern, "/v1/models/{name}") && !strings.HasSuffix(pattern, "predict") && !strings.HasSuffix(pattern, "explain"):
		return m{"description": "changed"}
	}
	return m{"inputs": "x"}
}

// Invariant 31: whatever a tenant asks for under any id, name, token or key, the
// answer is the same whether another tenant has it or nobody does, and nothing
// of the other's is shown or changed.
func TestTenants(t *testing.T) {
	with, without := newStage(t), newStage(t)
	v := with.settle(t, "acme")
	without.settle(t, "somebody") // so that both have used as many tokens and as much time
	before := with.view(t, "acme")
	for _, s := range []*stage{with, without} {
		s.publish(t, "rival", "mine")
	}
	rapid.Check(t, func(rt *rapid.T) {
		for range 40 {
			c := attack(rt, v)
			with.advance(time.Millisecond) // what is made is listed by time
			without.advance(time.Millisecond)
			a, b := httptest.NewRecorder(), httptest.NewRecorder()
			with.front.ServeHTTP(a, c.request(t))
			without.front.ServeHTTP(b, c.request(t))
			if a.Code == b.Code && a.Body.String() == b.Body.String() && fmt.Sprint(a.Header()) == fmt.Sprint(b.Header()) && !strings.Contains(a.Body.String(), hidden) {
				continue // the usual case, without the work of the next line
			}
			if got, want := v.bare(a), v.bare(b); got != want {
				rt.Fatalf("%s %s %v\n%s\nwhere the other has it, and where nobody does\n%s", c.method, c.path, c.body, got, want)
			}
			if strings.Contains(a.Body.String(), hidden) {
				rt.Fatalf("%s %s %v shows what is another's: %s", c.method, c.path, c.body, a.Body)
			}
		}
	})
	for i, after := range with.view(t, "acme") {
		if after != before[i] {
			t.Errorf("the rival changed what is another's:\n%s\nwas\n%s", after, before[i])
		}
	}
}

// made is an id of the service's making, a secret, a time that is signed, or the
// token of a page, which is encrypted under another nonce each time.
var made = regexp.MustCompile(`\b(ds|tj|bj|key|pr|gw)_[A-Za-z0-9_-]+|\bnext_page_token:[A-Za-z0-9_-]+`)

// bare is an answer without what differs between two stages by chance: the id of
// the request and those that were just made. The victim's own stay.
func (v victim) bare(w *httptest.ResponseRecorder) string {
	body := bare(w)
	if !json.Valid(w.Body.Bytes()) {
		body = w.Body.String()
	}
	header := w.Header().Clone()
	header.Del("X-Request-Id")
	return made.ReplaceAllStringFunc(fmt.Sprint(w.Code, header, body), func(id string) string {
		if slices.Contains(v.ids, id) || slices.Contains(v.tokens, id) {
			return id
		}
		return "ID"
	})
}

// bare is an answer's body without the id of its request.
func bare(w *httptest.ResponseRecorder) string {
	var p map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &p)
	delete(p, "request_id")
	return fmt.Sprint(p)
}
