package suite

import (
	"fmt"
	"strings"
)

// otherClients asks as the clients of two other services do.
func (s *session) otherClients() {
	hf := "/hf/models/" + s.model
	s.do(call{method: "POST", path: hf, body: object{"inputs": question}, want: 200}, many("/0", 3), is("/0/0/label", "delivery"), has("/0/0/score"))
	s.do(call{method: "POST", path: hf, body: object{"inputs": []string{question, "my money back"}, "parameters": object{"top_k": 1}}, want: 200, what: "texts, and top_k"}, many("", 2), many("/0", 1), is("/1/0/label", "refund"))
	s.do(call{method: "POST", path: hf + "@champion", body: object{"inputs": question, "options": object{"wait_for_model": true}}, want: 200, what: "options are ignored"}, many("/0", 3))
	s.do(call{method: "POST", path: hf, body: object{"inputs": []string{}}, want: 422, what: "classify nothing"}, has("/error"))
	s.do(call{method: "POST", path: "/hf/models/absent", body: object{"inputs": question}, want: 404}, has("/error"))
	s.do(call{method: "GET", path: "/ping", want: 200})
	path := "/invocations?model=" + s.model
	for _, form := range []struct{ media, body string }{
		{"application/json", `{"inputs":["` + question + `"]}`}, {"application/json", `{"instances":["` + question + `"]}`}, {"text/csv", question + "\n"},
		{"text/plain", question}, {"application/jsonlines", `{"inputs":"` + question + `"}` + "\n"},
	} {
		s.do(call{method: "POST", path: path, body: form.body, header: header("Content-Type", form.media), want: 200, what: "invoke with " + form.media + " " + form.body[:8]}, func(a *answer) error {
			if !strings.Contains(string(a.raw), "delivery") {
				return fmt.Errorf("the label is not there")
			}
			return nil
		})
	}
	s.do(call{method: "POST", path: "/invocations?model=" + s.model + "@champion", body: question, header: map[string]string{"Content-Type": "text/plain", "Accept": "text/csv"}, want: 200, what: "invoke and get CSV"}, sent("Content-Type", ""))
	s.do(call{method: "POST", path: "/invocations", body: question, header: header("Content-Type", "text/plain"), want: 422, what: "invoke without a model"})
	s.do(call{method: "POST", path: path, body: "x", header: header("Content-Type", "application/x-npy"), want: 415, what: "invoke with another format"})
	s.do(call{method: "POST", path: "/invocations?model=absent", body: question, header: header("Content-Type", "text/plain"), want: 404, what: "invoke an absent model"})
}

// batches scores a file.
func (s *session) batches() {
	rows := "id,text\na1,\"" + question + "\"\na2,\na3,I want my money back\n"
	id := s.announce("a file to be scored", s.model, "rows.csv", []byte(rows), nil)
	body := object{"model": s.model + "@champion", "input": object{"dataset": id}, "parameters": object{"top_k": 2}}
	c := call{method: "POST", path: "/v1/batch-jobs", body: body, want: 202, header: once(s.prefix)}
	a := s.do(c, has("/id"), sent("Retry-After", ""))
	job := "/v1/batch-jobs/" + a.text("/id")
	s.result("Location of the batch job", sent("Location", job)(a))
	c.what = "the same batch again is the same job"
	s.do(c, is("/id", a.at("/id")))
	done := s.eventually(call{method: "GET", path: job, want: 200, what: "the batch succeeds"}, is("/status", "succeeded"), is("/counts/rows", 3), is("/counts/ok", 2), is("/counts/failed", 1), has("/outputs/results/0/url", "/outputs/errors/0/url"), has("/summary"))
	results, err := s.fetch(done.text("/outputs/results/0/url"))
	if err == nil {
		lines := strings.Split(strings.TrimSpace(string(results.raw)), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], `"a1"`) || !strings.Contains(lines[0], "delivery") || !strings.Contains(lines[1], `"a3"`) || !strings.Contains(lines[1], "refund") {
			err = fmt.Errorf("results are %.500q", results.raw)
		}
	}
	s.result("results are in the order of the file, with its ids", err)
	failed, err := s.fetch(done.text("/outputs/errors/0/url"))
	if err == nil && (!strings.Contains(string(failed.raw), `"a2"`) || !strings.Contains(string(failed.raw), "text_empty")) {
		err = fmt.Errorf("errors are %.500q", failed.raw)
	}
	s.result("the row that failed is in a file of its own, with its id", err)
	s.do(call{method: "GET", path: "/v1/batch-jobs?model=" + s.model, want: 200}, func(x *answer) error { return among(x, a.text("/id")) })
	s.do(call{method: "GET", path: "/v1/batch-jobs?status=asleep", want: 422})
	s.do(call{method: "POST", path: job + "/cancel", want: 409, what: "cancel a batch that is over"})
	s.cancel("/v1/batch-jobs/" + s.do(call{method: "POST", path: "/v1/batch-jobs", body: body, want: 202, what: "a batch to be cancelled"}).text("/id"))
	s.refusedBatches(id)
}

// refusedBatches are batch jobs that cannot be.
func (s *session) refusedBatches(id string) {
	for _, bad := range []struct {
		what string
		body object
		want int
	}{
		{"no input", object{"model": s.model, "input": object{}}, 422}, {"two inputs", object{"model": s.model, "input": object{"dataset": id, "key": "batch/x/y.csv"}}, 422},
		{"an absent data set", object{"model": s.model, "input": object{"dataset": "ds_absent"}}, 404}, {"an absent model", object{"model": "absent", "input": object{"dataset": id}}, 404},
		{"another tenant's object", object{"model": s.model, "input": object{"key": "batch/somebody-else/rows.csv"}}, 404}, {"a key that climbs", object{"model": s.model, "input": object{"key": "batch/../datasets/x.csv"}}, 404},
		{"a format that is none", object{"model": s.model, "input": object{"dataset": id}, "format": "xml"}, 422}, {"a model that is none", object{"model": "No!", "input": object{"dataset": id}}, 422},
	} {
		s.do(call{method: "POST", path: "/v1/batch-jobs", body: bad.body, want: bad.want, what: "a batch with " + bad.what})
	}
}
