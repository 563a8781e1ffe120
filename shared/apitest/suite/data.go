package suite

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
)

// sample is a file of texts of three classes that are easy to tell apart. salt
// makes its bytes another file's.
func sample(salt string) []byte {
	phrases := []struct{ label, start string }{
		{"delivery", "where is the parcel that I ordered"}, {"refund", "I want my money back for"}, {"login", "the password is not accepted by"},
	}
	things := strings.Fields("shoes lamp chair table phone kettle jacket book bicycle mirror guitar carpet camera bottle blanket ladder")
	var b bytes.Buffer
	b.WriteString("label,text\n")
	for i, thing := range things {
		for _, p := range phrases {
			fmt.Fprintf(&b, "%s,\"%s %s, number %d %s\"\n", p.label, p.start, thing, i, salt+" "+Canary)
		}
	}
	return b.Bytes()
}

// fastSettings keep the search small.
func fastSettings() object {
	return object{"params": object{"c": []any{1}}, "search": object{"strategy": "grid", "folds": 2}, "seed": 7}
}

// announce announces a file and uploads it where the answer says. It returns
// the data set's id.
func (s *session) announce(what, model, filename string, data []byte, train any) string {
	sum := sha256.Sum256(data)
	body := object{"model": model, "filename": filename, "size": len(data), "sha256": hex.EncodeToString(sum[:])}
	if train != nil {
		body["train"] = train
	}
	a := s.do(call{method: "POST", path: "/v1/datasets", body: body, want: 201, what: "announce " + what}, is("/status", "awaiting_upload"), has("/upload/url", "/upload/expires_at"), is("/upload/method", "PUT"))
	id := a.text("/id")
	s.result("Location of "+what, sent("Location", "/v1/datasets/"+id)(a))
	s.result("upload "+what, s.upload(a, data, 200))
	s.eventually(call{method: "GET", path: "/v1/datasets/" + id, want: 200, what: what + " is there"}, is("/id", id), func(a *answer) error {
		if a.text("/status") == "awaiting_upload" {
			return fmt.Errorf("still awaiting_upload")
		}
		return nil
	})
	return id
}

// upload sends data to the presigned URL of an announcement.
func (s *session) upload(a *answer, data []byte, want int) error {
	r, err := http.NewRequestWithContext(s.ctx, a.text("/upload/method"), a.text("/upload/url"), bytes.NewReader(data))
	if err != nil {
		return err
	}
	headers, _ := a.at("/upload/headers").(object)
	for name, value := range headers {
		if !strings.EqualFold(name, "content-length") && !strings.EqualFold(name, "host") {
			r.Header.Set(name, fmt.Sprint(value))
		}
	}
	got, err := s.receive(r)
	if err == nil && got.status/100 != want/100 {
		err = fmt.Errorf("PUT answered %d %.300s, want %d", got.status, got.raw, want)
	}
	return err
}

// data takes files all the way to versions.
func (s *session) data() {
	s.model = s.newModel("intents")
	s.refusedUploads()
	s.dataset = s.announce("the first file", s.model, "train.csv", sample("one"), nil)
	s.do(call{method: "GET", path: "/v1/datasets/" + s.dataset + "/issues", want: 409, what: "issues before any job"})
	s.job = s.train("the first version", object{"model": s.model, "dataset": s.dataset, "task": "text-classification"})
	second := s.announce("a second file, trained on arrival", s.model, "train.csv", sample("two"), fastSettings())
	s.arrived(second)
	s.do(call{method: "GET", path: "/v1/datasets/" + s.dataset + "/issues?limit=1", want: 200}, has("/counts"))
	s.do(call{method: "GET", path: "/v1/datasets/" + s.dataset + "/profile", want: 200})
	s.do(call{method: "GET", path: "/v1/datasets?limit=200", want: 200}, func(a *answer) error { return among(a, s.dataset, second) })
	s.jobs()
	s.hopeless()
	a := s.do(call{method: "GET", path: "/v1/models/" + s.model + "/versions?order=version", want: 200, what: "the versions"})
	for i := range a.list("/items") {
		s.versions = append(s.versions, int(a.number(fmt.Sprintf("/items/%d/version", i))))
	}
}

// arrived waits for the job that an upload began.
func (s *session) arrived(dataset string) {
	a := s.eventually(call{method: "GET", path: "/v1/datasets/" + dataset, want: 200, what: "the upload began a job"}, has("/job"))
	s.finished("the job of an upload", a.text("/job"), "succeeded")
}

// train starts a job, waits for its success and returns its id.
func (s *session) train(what string, body object) string {
	for name, value := range fastSettings() {
		body[name] = value
	}
	c := call{method: "POST", path: "/v1/training-jobs", body: body, want: 202, header: once(s.prefix + body["model"].(string)), what: "train " + what}
	a := s.do(c, sent("Retry-After", "1"))
	id := a.text("/id")
	s.result("Location of the job", sent("Location", "/v1/training-jobs/"+id)(a))
	c.what = "the same request again is the same job"
	s.do(c, is("/id", id))
	s.finished(what, id, "succeeded")
	return id
}

// finished waits for the end of a job.
func (s *session) finished(what, id, status string) *answer {
	return s.eventually(call{method: "GET", path: "/v1/training-jobs/" + id, want: 200, what: what + ": " + status}, is("/status", status), has("/finished_at"))
}

// refusedUploads are announcements that cannot be kept.
func (s *session) refusedUploads() {
	good := object{"model": s.model, "filename": "a.csv", "size": 3, "sha256": strings.Repeat("0", 64)}
	for _, change := range []struct {
		field string
		value any
		want  int
	}{
		{"model", "Not A Name", 422}, {"filename", "../a.csv", 422}, {"filename", "a/b.csv", 422}, {"filename", "..", 422}, {"filename", "", 422}, {"filename", "a\u0000b", 422},
		{"filename", "a\u202eb.csv", 422}, {"size", 0, 422}, {"size", 800 << 20, 413}, {"size", "3", 422}, {"sha256", "zz", 422}, {"train", object{"algorithm": "magic"}, 422}, {"surprise", 1, 400},
	} {
		body := object{}
		for name, value := range good {
			body[name] = value
		}
		body[change.field] = change.value
		s.do(call{method: "POST", path: "/v1/datasets", body: body, want: change.want, what: fmt.Sprintf("announce %s %q", change.field, fmt.Sprint(change.value))})
	}
	// A URL is bound to the size and the digest it was made for.
	a := s.do(call{method: "POST", path: "/v1/datasets", body: good, want: 201, what: "announce a file that will not come"})
	s.result("other bytes than were announced are refused", s.upload(a, []byte("abc"), 400))
	s.result("more bytes than were announced are refused", s.upload(a, []byte("abcdef"), 400))
	id := a.text("/id")
	s.do(call{method: "POST", path: "/v1/training-jobs", body: object{"model": s.model, "dataset": id}, want: 409, what: "train on a file that has not come"})
	for _, other := range []string{"ds_nothing", "../" + id, id + "%00", id + "x"} {
		s.do(call{method: "POST", path: "/v1/training-jobs", body: object{"model": s.model, "dataset": other}, want: 404, what: fmt.Sprintf("train on %q", other)})
	}
}
