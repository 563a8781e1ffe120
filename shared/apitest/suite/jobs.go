package suite

import (
	"fmt"
	"strings"
)

// jobs reads the jobs the run has made so far.
func (s *session) jobs() {
	path := "/v1/training-jobs/" + s.job
	s.do(call{method: "GET", path: path, want: 200, what: "a job that succeeded"}, is("/status", "succeeded"), is("/model", s.model), is("/version", 1), is("/progress", 1),
		is("/dataset", s.dataset), is("/result/promotion", "promoted"), is("/error", nil), func(a *answer) error {
			read, rest := a.number("/result/rows/read"), a.number("/result/rows/trained")+a.number("/result/rows/held_out")+a.number("/result/rows/rejected")
			if read != rest || read != 48 {
				return fmt.Errorf("%v rows were read and %v accounted for, want 48 and 48", read, rest)
			}
			return nil
		})
	s.do(call{method: "GET", path: path + "/events?limit=200", want: 200}, has("/items/0/message"), func(a *answer) error {
		last := 0.0
		for i := range a.list("/items") {
			seq := a.number(fmt.Sprintf("/items/%d/seq", i))
			if seq <= last {
				return fmt.Errorf("event %d has seq %v after %v", i, seq, last)
			}
			last = seq
		}
		return nil
	})
	s.do(call{method: "GET", path: "/v1/training-jobs?model=" + s.model, want: 200}, func(a *answer) error { return among(a, s.job) })
	s.do(call{method: "GET", path: "/v1/training-jobs?status=queued&model=" + s.model, want: 200, what: "no job is queued"}, many("/items", 0))
	s.do(call{method: "GET", path: "/v1/training-jobs?status=asleep", want: 422})
	s.do(call{method: "GET", path: "/v1/training-jobs?model=No", want: 422})
	s.do(call{method: "POST", path: path + "/cancel", want: 409, what: "cancel a job that is over"})
}

// hopeless trains on data that cannot be used: nothing is registered, and the
// job and the issues say why and where.
func (s *session) hopeless() {
	model := s.newModel("hopeless")
	id := s.announce("a file of one class", model, "train.csv", []byte("label,text\n"+strings.Repeat("same,one text and then another\n", 20)+"same,\n"), nil)
	a := s.do(call{method: "POST", path: "/v1/training-jobs", body: object{"model": model, "dataset": id}, want: 202, what: "train on one class"})
	s.finished("the job of one class", a.text("/id"), "failed")
	s.do(call{method: "GET", path: "/v1/training-jobs/" + a.text("/id"), want: 200, what: "a job that failed says why"}, is("/error/code", "input"), has("/error/message"), is("/version", nil), is("/result", nil))
	s.do(call{method: "GET", path: "/v1/models/" + model + "@champion", want: 404, what: "data that cannot be used registers nothing"})
	s.do(call{method: "GET", path: "/v1/datasets/" + id + "/issues", want: 200, what: "and its issues name the rows"}, func(a *answer) error {
		for i := range a.list("/items") {
			if a.text(fmt.Sprintf("/items/%d/code", i)) == "text_empty" && a.number(fmt.Sprintf("/items/%d/line", i)) == 22 {
				return nil
			}
		}
		return fmt.Errorf("no text_empty in line 22")
	})
	again := s.do(call{method: "POST", path: "/v1/training-jobs", body: object{"model": model, "dataset": id}, want: 202, what: "train once more, to cancel"})
	s.cancel("/v1/training-jobs/" + again.text("/id"))
}

// cancel stops a job, unless a fast service has ended it before.
func (s *session) cancel(job string) {
	c := call{method: "POST", path: job + "/cancel", what: "cancel " + job}
	a, err := s.send(c)
	if err == nil {
		err = s.page.holds(c, a)
		if a.status != 200 && a.status != 409 {
			err = fmt.Errorf("answered %d %.200s, want 200 or 409", a.status, a.raw)
		}
	}
	s.result(c.what, err)
}

// among wants all ids in a list.
func among(a *answer, ids ...string) error {
	for _, id := range ids {
		found := false
		for i := range a.list("/items") {
			found = found || a.text(fmt.Sprintf("/items/%d/id", i)) == id
		}
		if !found {
			return fmt.Errorf("%s is not among the %d items", id, len(a.list("/items")))
		}
	}
	return nil
}

// records reads what is kept of a version, and changes the little of it that
// may be changed.
func (s *session) records() {
	base := fmt.Sprintf("/v1/models/%s/versions/%d", s.model, s.versions[0])
	v := s.do(call{method: "GET", path: base, want: 200}, is("/model", s.model), is("/version", s.versions[0]), has("/digest", "/size", "/signature", "/labels/0", "/metrics/test", "/lineage/job"),
		is("/status", "ready"), is("/task", "text-classification"), is("/lineage/dataset", s.dataset), is("/lineage/job", s.job), is("/lineage/seed", 7), strong)
	s.do(call{method: "GET", path: base + "/metrics", want: 200}, has("/report"))
	s.do(call{method: "GET", path: base + "/signature", want: 200}, has("/signature"))
	s.do(call{method: "GET", path: base + "/lineage", want: 200}, is("/job", s.job))
	s.do(call{method: "GET", path: base + "/card", want: 200})
	artifact := s.do(call{method: "GET", path: base + "/artifact", want: 302}, sent("Location", ""))
	s.result("the artifact is what the record says", s.download(artifact.header.Get("Location"), v.text("/digest"), int64(v.number("/size"))))
	s.files(base, v)
	done := s.conditions("PATCH", base, object{"tags": object{"suite": "yes"}, "description": "seen"}, v.header.Get("ETag"), 200)
	s.result("a patch changes what may be changed", is("/tags/suite", "yes")(done))
	s.do(call{method: "PATCH", path: base, body: object{"digest": "sha256:0"}, header: header("If-Match", "*"), want: 400, what: "a version's digest cannot be changed"})
	s.do(call{method: "GET", path: "/v1/models/" + s.model + "/versions?tag=suite%3Dyes", want: 200, what: "versions by tag"}, many("/items", 1))
	s.do(call{method: "GET", path: "/v1/models/" + s.model + "/versions?status=lost", want: 422})
	for _, number := range []string{"0", "-1", "99999", "01", "x", "1.0", "%31%00", "18446744073709551617"} {
		s.do(call{method: "GET", path: "/v1/models/" + s.model + "/versions/" + number, want: 404, what: "no version " + number})
	}
	compare := "/v1/models/" + s.model + "/compare"
	s.do(call{method: "GET", path: fmt.Sprintf("%s?base=%d&candidate=%d", compare, s.versions[0], s.versions[1]), want: 200, what: "compare two versions"})
	s.do(call{method: "GET", path: compare + "?base=champion&candidate=champion", want: 200, what: "compare by alias"})
	s.do(call{method: "GET", path: compare, want: 422, what: "compare with nothing"})
	s.do(call{method: "GET", path: compare + "?base=absent&candidate=1", want: 404, what: "compare with what is absent"})
	s.do(call{method: "GET", path: "/v1/models/" + s.model + "@champion", want: 200, what: "the record of an alias"}, has("/version", "/digest"))
}

// files are what a version can be handed out as.
func (s *session) files(base string, v *answer) {
	for _, format := range []string{"onnx", "safetensors"} {
		c := call{method: "POST", path: base + "/exports", body: object{"format": format}, want: 200, what: "export as " + format}
		a := s.do(c, is("/format", format), has("/url", "/digest"))
		s.result("the "+format+" is what the answer says", s.download(a.text("/url"), a.text("/digest"), int64(a.number("/size"))))
		c.what = "exported again it is the same " + format
		s.do(c, is("/digest", a.at("/digest")))
	}
	s.do(call{method: "POST", path: base + "/exports", body: object{"format": "pickle"}, want: 422, what: "export as what is no format"})
	for _, language := range []string{"en", "zh"} {
		s.do(call{method: "GET", path: base + "/report?lang=" + language, header: header("Accept", "text/html"), want: 200, what: "the report in " + language}, sent("Content-Security-Policy", ""), func(a *answer) error {
			page := string(a.raw)
			if mediaOf(a.header) != "text/html" || !strings.Contains(page, s.model) || strings.Contains(page, "<script") || strings.Contains(page, "src=\"http") {
				return fmt.Errorf("%s without the model's name, or with what it must not load", a.header.Get("Content-Type"))
			}
			return nil
		})
	}
	s.do(call{method: "GET", path: base + "/report?lang=tlh", want: 422, what: "the report in another language"})
}
