package suite

import "fmt"

// pointers moves aliases and the route.
func (s *session) pointers() {
	one, two := s.versions[0], s.versions[1]
	base := "/v1/models/" + s.model + "/aliases"
	path := base + "/canary"
	s.do(call{method: "GET", path: path, want: 404, what: "an alias before it is made"})
	s.do(call{method: "PUT", path: path, body: object{"version": one}, want: 428, what: "make an alias without a condition"})
	s.do(call{method: "PUT", path: path, body: object{"version": 99999}, header: header("If-None-Match", "*"), want: 404, what: "an alias for no version"})
	s.do(call{method: "PUT", path: path, body: object{"version": 0}, header: header("If-None-Match", "*"), want: 422, what: "an alias for version 0"})
	for _, bad := range []string{"latest", "v1", "v23", "a.b", "a%20b"} {
		s.do(call{method: "PUT", path: base + "/" + bad, body: object{"version": one}, header: header("If-None-Match", "*"), want: 422, what: "no alias may be called " + bad})
	}
	made := s.do(call{method: "PUT", path: path, body: object{"version": one}, header: header("If-None-Match", "*"), want: 200, what: "make an alias"}, is("/version", one), strong)
	s.do(call{method: "PUT", path: path, body: object{"version": one}, header: header("If-None-Match", "*"), want: 412, what: "make it once more"})
	moved := s.conditions("PUT", path, object{"version": two}, made.header.Get("ETag"), 200)
	s.result("the alias points at the other version", is("/version", two)(moved))
	read := s.do(call{method: "GET", path: path, want: 200}, is("/version", two), strong)
	s.do(call{method: "GET", path: path, header: header("If-None-Match", read.header.Get("ETag")), want: 304, what: "an alias the caller has already"})
	s.do(call{method: "GET", path: base, want: 200}, has("/items/1/alias"))
	s.do(call{method: "GET", path: "/v1/models/" + s.model + "@canary", want: 200, what: "the version behind an alias"}, is("/version", two))
	s.do(call{method: "GET", path: "/v1/models/" + s.model + "%40canary", want: 200, what: "the same with %40"}, is("/version", two))
	s.do(call{method: "POST", path: path + "/rollback", header: header("If-Match", `"999999"`), want: 412, what: "roll back under an old ETag"})
	s.do(call{method: "POST", path: path + "/rollback", body: object{"to": 99999}, want: 404, what: "roll back to no version"})
	s.do(call{method: "POST", path: path + "/rollback", body: object{}, want: 200}, is("/version", one), strong)
	s.do(call{method: "GET", path: path + "/history", want: 200}, many("/items", 3), is("/items/0/to", one), is("/items/0/from", two), is("/items/0/rollback", true), is("/items/2/from", 0))
	s.do(call{method: "GET", path: path + "/history?limit=1", want: 200, what: "history by pages"}, has("/next_page_token"))
	s.do(call{method: "DELETE", path: fmt.Sprintf("/v1/models/%s/versions/%d", s.model, one), want: 409, what: "delete a version that an alias points at"})
	s.do(call{method: "DELETE", path: "/v1/models/" + s.model, want: 409, what: "delete a model that has aliases"})
	tag := s.do(call{method: "GET", path: path, want: 200, what: "the alias once more"}).header.Get("ETag")
	s.conditions("DELETE", path, nil, tag, 204)
	s.do(call{method: "GET", path: path, want: 404, what: "the alias is gone"})
	s.do(call{method: "GET", path: path + "/history", want: 200, what: "its history stays"}, many("/items", 4), is("/items/0/to", 0))
	s.route(one, two)
}

// route divides the requests of the model's name.
func (s *session) route(one, two int) {
	path := "/v1/models/" + s.model + "/route"
	targets := func(weights ...int) object {
		return object{"targets": []object{{"ref": fmt.Sprintf("versions/%d", one), "weight": weights[0]}, {"ref": fmt.Sprintf("versions/%d", two), "weight": weights[1]}}}
	}
	s.do(call{method: "GET", path: path, want: 404, what: "a route before it is made"})
	s.do(call{method: "PUT", path: path, body: targets(1, 1), want: 428, what: "make a route without a condition"})
	for _, bad := range []struct {
		what string
		body any
		want int
	}{
		{"no targets", object{"targets": []any{}}, 422}, {"a weight of 0", targets(0, 1), 422}, {"a weight below 0", targets(-1, 1), 422},
		{"a ref that is none", object{"targets": []object{{"ref": "", "weight": 1}}}, 422}, {"sticky by nothing", object{"targets": targets(1, 1)["targets"], "sticky": object{"by": "user"}}, 422},
		{"a shadow of 101 percent", object{"targets": targets(1, 1)["targets"], "shadow": []object{{"ref": "@champion", "percent": 101}}}, 422},
		{"a version that is absent", object{"targets": []object{{"ref": "versions/99999", "weight": 1}}}, 422},
	} {
		s.do(call{method: "PUT", path: path, body: bad.body, header: header("If-None-Match", "*"), want: bad.want, what: "a route with " + bad.what})
	}
	body := targets(1, 3)
	body["sticky"], body["shadow"] = object{"by": "context.user"}, []object{{"ref": "@champion", "percent": 20}}
	made := s.do(call{method: "PUT", path: path, body: body, header: header("If-None-Match", "*"), want: 200, what: "make a route"}, many("/targets", 2), strong)
	s.do(call{method: "GET", path: path, want: 200}, is("/sticky/by", "context.user"), is("/targets/1/weight", 3))
	s.do(call{method: "DELETE", path: fmt.Sprintf("/v1/models/%s/versions/%d", s.model, two), want: 409, what: "delete a version that a route points at"})
	seen := s.assigned(one, two)
	if seen[one] == 0 || seen[two] == 0 {
		s.result("a route divides the callers", fmt.Errorf("of 40 callers %v", seen))
	} else {
		s.result("a route divides the callers", nil)
	}
	changed := s.conditions("PUT", path, targets(1, 1), made.header.Get("ETag"), 200)
	if _, ok := s.page.find("DELETE", path); ok {
		s.do(call{method: "DELETE", path: path, header: header("If-Match", changed.header.Get("ETag")), want: 204})
		s.do(call{method: "GET", path: path, want: 404, what: "the route is gone"})
	}
}

// assigned asks for forty callers, twice each, and counts who answered.
func (s *session) assigned(one, two int) map[int]int {
	seen := map[int]int{}
	var err error
	c := call{method: "POST", path: "/v1/models/" + s.model + "/predict", want: 200, what: "the route is in force"}
	for i := range 40 {
		c.body = object{"inputs": "where is the parcel", "context": object{"user": fmt.Sprint("caller", i)}}
		variant := func(a *answer) error {
			v := int(a.number("/version"))
			if want := fmt.Sprintf("versions/%d", v); a.text("/variant") != want || v != one && v != two {
				return fmt.Errorf("the variant is %q, want %s", a.text("/variant"), want)
			}
			return nil
		}
		var first *answer
		if i == 0 {
			first = s.eventually(c, variant) // a route is seen within seconds
		} else if first, err = s.try(c, variant); err != nil {
			break
		}
		second, again := s.try(c, is("/version", first.at("/version")))
		if again != nil || second.status != 200 {
			err = again
			break
		}
		seen[int(first.number("/version"))]++
	}
	s.result("a caller stays at one target", err)
	return seen
}
