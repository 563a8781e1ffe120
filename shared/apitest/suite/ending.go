package suite

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// deletions removes what nothing points at any more.
func (s *session) deletions() {
	base := "/v1/models/" + s.model
	s.clearPointers(s.model, s.do)
	last := s.versions[len(s.versions)-1]
	path := fmt.Sprintf("%s/versions/%d", base, last)
	s.do(call{method: "DELETE", path: path, header: header("If-Match", `"999999"`), want: 412, what: "delete a version under an old ETag"})
	s.do(call{method: "DELETE", path: path, want: 204})
	s.do(call{method: "GET", path: path, want: 404, what: "a version that was deleted"})
	s.do(call{method: "GET", path: base + "/versions", want: 200, what: "lists skip what was deleted"}, many("/items", len(s.versions)-1))
	if _, ok := s.page.find("DELETE", "/v1/datasets/x"); ok {
		s.do(call{method: "DELETE", path: "/v1/datasets/" + s.dataset, want: 204})
		s.do(call{method: "GET", path: "/v1/datasets/" + s.dataset, want: 404, what: "a data set that was deleted"})
	}
	s.do(call{method: "DELETE", path: base, want: 204})
	s.eventually(call{method: "POST", path: base + "/predict", body: object{"inputs": "x"}, want: 404, what: "a deleted model answers nothing once it is forgotten"})
}

// clearPointers removes a model's route and aliases.
func (s *session) clearPointers(model string, do func(call, ...expect) *answer) {
	base := "/v1/models/" + model
	if a, err := s.send(call{method: "GET", path: base + "/route"}); err == nil && a.status == 200 {
		do(call{method: "DELETE", path: base + "/route", header: header("If-Match", "*"), want: 204, what: "remove the route"})
	}
	a, err := s.send(call{method: "GET", path: base + "/aliases"})
	if err != nil {
		return
	}
	for i := range a.list("/items") {
		alias := a.text(fmt.Sprintf("/items/%d/alias", i))
		do(call{method: "DELETE", path: base + "/aliases/" + alias, header: header("If-Match", "*"), want: 204, what: "remove the alias " + alias})
	}
}

// cleanUp removes what is left, quietly: most of it is gone already. It runs on
// a time of its own, so that an interrupted run leaves nothing behind either.
func (s *session) cleanUp() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), time.Minute)
	defer cancel()
	s.ctx = ctx
	quiet := func(c call, _ ...expect) *answer {
		a, err := s.send(c)
		if err != nil {
			s.result("clean up: "+c.name(), err)
		}
		return a
	}
	for _, model := range s.made.models {
		s.clearPointers(model, quiet)
		quiet(call{method: http.MethodDelete, path: "/v1/models/" + model})
	}
	for _, id := range s.made.keys {
		quiet(call{method: http.MethodDelete, path: "/v1/keys/" + id})
	}
}

// coverage wants every operation of the page to have succeeded once, and tells
// which of the failures the page documents were never met.
func (s *session) coverage() {
	met, documented := 0, 0
	for _, o := range s.page.operations {
		responses, _ := o.spec["responses"].(object)
		succeeded := false
		var missed []string
		for status := range responses {
			n := 0
			if _, err := fmt.Sscan(status, &n); err != nil {
				continue
			}
			if n < 400 {
				succeeded = succeeded || s.seen[o.name()][n]
			} else if n < 500 && n != 429 {
				documented++
				if s.seen[o.name()][n] {
					met++
				} else {
					missed = append(missed, status)
				}
			}
		}
		if strings.HasSuffix(o.path, "/cancel") { // a fast service has ended every job before
			succeeded = succeeded || s.seen[o.name()][http.StatusConflict]
		}
		var err error
		if !succeeded {
			err = fmt.Errorf("it never did")
		}
		s.result("it succeeded at least once: "+o.name(), err)
		if len(missed) > 0 {
			slices.Sort(missed)
			fmt.Fprintf(s.out, "        not met: %s of %s\n", strings.Join(missed, " "), o.name())
		}
	}
	fmt.Fprintf(s.out, "        %d of %d documented refusals were met\n", met, documented)
}
