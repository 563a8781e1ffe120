package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// session is one run of the suite.
type session struct {
	Target
	ctx    context.Context
	out    io.Writer
	prefix string // of the names this run makes

	mu             sync.Mutex // guards what follows: races report from several goroutines
	passed, failed int
	seen           map[string]map[int]bool // statuses by operation

	page page // what the service says of itself

	model    string // the name of texts most checks are about
	versions []int  // its versions
	dataset  string // one that was trained on
	job      string // and the job that did
	stranger string // a key for another model
	revokeds []string
	made     made
}

// made is what the run has to remove at its end.
type made struct{ models, keys []string }

// Canary is a word in every text the suite sends, and a header of every request:
// it must never be found in a log.
const Canary = "quetzal-7f3a"

// nobody stands for no key at all.
const nobody = "nobody"

// call is one request and the status it must have.
type call struct {
	what         string // the check, for its line; empty: method and path
	method, path string
	body         any               // string or []byte as it is, anything else as JSON, nil none
	header       map[string]string // an empty value removes the header
	key          string            // "" is the target's, nobody none
	want         int
	gateway      bool // the gateway itself may answer, with {"message"}
}

// expect is what else must hold of an answer.
type expect func(*answer) error

// do makes a call and reports it as one check. The answer is never nil.
func (s *session) do(c call, also ...expect) *answer {
	a, err := s.try(c, also...)
	s.result(c.name(), err)
	return a
}

// eventually is do for what takes its time: it asks until everything holds.
func (s *session) eventually(c call, also ...expect) *answer {
	end := time.Now().Add(s.Patience)
	for {
		a, err := s.try(c, also...)
		if err == nil || s.ctx.Err() != nil || time.Now().After(end) {
			s.result(c.name(), err)
			return a
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (c call) name() string {
	if c.what != "" {
		return c.what
	}
	return c.method + " " + c.path
}

// result reports one check.
func (s *session) result(what string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.passed++
		fmt.Fprintf(s.out, "ok      %s\n", what)
		return
	}
	s.failed++
	fmt.Fprintf(s.out, "not ok  %s: %s\n", what, strings.ReplaceAll(err.Error(), "\n", " "))
}

// try makes a call and holds the answer against everything that must be so.
func (s *session) try(c call, also ...expect) (*answer, error) {
	a, err := s.send(c)
	if err != nil {
		return &answer{header: http.Header{}}, err
	}
	if c.want != a.status {
		return a, fmt.Errorf("%s %s answered %d %.300s, want %d", c.method, c.path, a.status, a.raw, c.want)
	}
	if c.gateway && a.isMessage() {
		return a, nil
	}
	if err := s.page.holds(c, a); err != nil {
		return a, fmt.Errorf("%s %s answered %d %.300s: %w", c.method, c.path, a.status, a.raw, err)
	}
	for _, f := range also {
		if err := f(a); err != nil {
			return a, fmt.Errorf("%s %s answered %.300s: %w", c.method, c.path, a.raw, err)
		}
	}
	return a, nil
}

// send makes the request.
func (s *session) send(c call) (*answer, error) {
	body, err := c.bytes()
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(s.ctx, c.method, s.URL+c.path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("X-Canary", Canary)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	switch {
	case c.key != "" && c.key != nobody:
		r.Header.Set("Authorization", "Bearer "+c.key)
	case c.key == "" && s.Key != "":
		r.Header.Set("Authorization", "Bearer "+s.Key)
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
	}
	a, err := s.receive(r)
	if err == nil {
		s.note(c, a.status)
	}
	return a, err
}

// receive performs a request of any kind, whole.
func (s *session) receive(r *http.Request) (*answer, error) {
	w, err := s.Client.Do(r)
	if err != nil {
		return nil, err
	}
	defer w.Body.Close()
	a := &answer{status: w.StatusCode, header: w.Header}
	if a.raw, err = io.ReadAll(io.LimitReader(w.Body, 64<<20)); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if strings.HasSuffix(mediaOf(w.Header), "json") && len(a.raw) > 0 {
		if err := json.Unmarshal(a.raw, &a.value); err != nil {
			return nil, fmt.Errorf("the answer says it is JSON: %w: %.200q", err, a.raw)
		}
	}
	return a, nil
}

// bytes is the body as it is sent.
func (c call) bytes() ([]byte, error) {
	switch b := c.body.(type) {
	case nil:
		return nil, nil
	case string:
		return []byte(b), nil
	case []byte:
		return b, nil
	}
	return json.Marshal(c.body)
}
