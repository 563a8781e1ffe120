package api

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"godwit/shared/access"
	"godwit/shared/fault"
	"godwit/shared/registry"
)

// exchange is one request on its way through a route.
type exchange struct {
	*service
	route  *Route
	w      http.ResponseWriter
	r      *http.Request
	id     string // of the request
	caller access.Principal
	ref    registry.Reference // what {name} in the path refers to, when the route has it

	decided bool   // the scope was checked
	status  int    // sent, 0 before
	code    string // of the problem sent
}

// nowhere stands for requests that match no route.
var nowhere = Route{Pattern: "(none)", Noun: "route"}

// ServeHTTP finds the route. A path that is not in its simplest form, or names
// nothing, is 404; net/http's own redirects and plain-text errors never show.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := s.mux.Handler(r); pattern != "" && plain(r.URL.Path) {
		s.mux.ServeHTTP(w, r)
		return
	}
	s.run(&nowhere, w, r)
}

// plain reports whether a decoded path holds no empty, "." or ".." segment.
func plain(path string) bool {
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// allowed returns the methods any function has for r's path, as an Allow header.
func (s *service) allowed(r *http.Request) string {
	if !plain(r.URL.Path) {
		return ""
	}
	var methods []string
	for _, method := range []string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodPost, http.MethodPut} {
		other := *r
		other.Method = method
		if _, pattern := s.every().Handler(&other); pattern != "" {
			methods = append(methods, method)
		}
	}
	return strings.Join(methods, ", ")
}

// run answers one request: the only place that renders errors, recovers
// panics, logs and counts.
func (s *service) run(route *Route, w http.ResponseWriter, r *http.Request) {
	began := s.Now()
	x := exchange{service: s, route: route, w: w, r: r, caller: access.From(r.Context())}
	if lc, ok := lambdacontext.FromContext(r.Context()); ok {
		x.id = lc.AwsRequestID
	} else {
		x.id = s.NewToken()
	}
	h := w.Header()
	h["X-Request-Id"] = []string{x.id}
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	if err := x.guarded(); err != nil {
		x.fail(err)
	}
	s.flushUsage(r)
	s.Meter.Observe(r.Context(), route.Pattern, x.status, s.Now().Sub(began),
		slog.String("method", r.Method), slog.String("request_id", x.id),
		slog.String("tenant", string(x.caller.Tenant)), slog.String("key_id", x.caller.KeyID), slog.String("code", x.code))
}

var (
	noStore = []string{"no-store"}
	noSniff = []string{"nosniff"}
	asJSON  = []string{"application/json"}
)

// guarded runs the handler; a panic in it is an error like any other.
func (x *exchange) guarded() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if x.route.serve == nil {
		return x.unmatched()
	}
	if err := x.enter(); err != nil {
		return err
	}
	if err := x.known(); err != nil {
		return err
	}
	return x.route.serve(x)
}

// unmatched answers a request no route takes. Nobody without a key learns which
// routes there are.
func (x *exchange) unmatched() error {
	if err := x.allow(access.Read, ""); err != nil {
		return err
	}
	if allow := x.allowed(x.r); allow != "" {
		x.w.Header().Set("Allow", allow)
		return errMethod
	}
	return fault.New(fault.NotFound, "")
}

// errMethod is the one failure that is about HTTP alone.
var errMethod = fault.New(fault.NotFound, "this resource does not have that method; Allow names those it has").WithReason("method_not_allowed")

// enter reads the model's name from the path and decides the scope. Routes
// whose model stands in the body or in a record decide there, with allow.
func (x *exchange) enter() error {
	raw := x.r.PathValue("name")
	if raw == "" {
		if x.route.Late {
			// Nobody gets as far as the record without a key.
			return x.caller.May(access.Read, "")
		}
		return x.allow(x.route.Scope, "")
	}
	// A name that cannot be one is absent, for whoever could see it.
	ref, err := registry.ParseReference(raw)
	if err != nil || ref.Version != 0 || ref.Alias != "" && !x.route.Aliased {
		if err := x.allow(access.Read, ""); err != nil {
			return err
		}
		return fault.New(fault.NotFound, "")
	}
	x.ref = ref
	return x.allow(x.route.Scope, ref.Model)
}

// allow decides, once, whether the caller may do action on the model.
func (x *exchange) allow(action access.Action, model registry.Name) error {
	x.decided = true
	return x.caller.May(action, model)
}

// fail answers with err. Text of a failure on our side goes to the log only.
func (x *exchange) fail(err error) {
	e := understood(err)
	status := statuses[e.Code]
	switch {
	case e == errMethod:
		status = http.StatusMethodNotAllowed
	case e.Code == fault.NotFound && e.Reason == "":
		// One text for absent, malformed and foreign alike.
		e = fault.Wrap(fault.NotFound, err, "there is no such %s", x.route.Noun)
	}
	if status >= http.StatusInternalServerError {
		x.Log.ErrorContext(x.r.Context(), "request failed", slog.String("id", x.id),
			slog.String("route", x.route.Pattern), slog.String("error", err.Error()))
	}
	if x.status != 0 {
		return // too late: an answer is on its way
	}
	x.status, x.code = writeProblem(x.w, problemMedia(x.r.URL.Path), e, status, x.id)
}

// json answers with v. It refuses to answer a request whose scope nobody
// decided: that would be a route with a hole.
func (x *exchange) json(status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	return x.send(status, append(body, '\n'))
}

// send answers with a JSON body that is encoded already.
func (x *exchange) send(status int, body []byte) error {
	return x.sendAs(status, asJSON, body)
}

// maxAnswer is the largest answer, in bytes. A function may send 6 MB, and the
// gateway's form of an answer escapes its quotes or is base64: a third is kept
// for that. More would reach the caller as a 502 that says nothing.
const maxAnswer = 4 << 20

// sendAs answers with a body of any media type; nil sends none. A body that the
// gateway could not carry is fault.TooLarge.
func (x *exchange) sendAs(status int, media []string, body []byte) error {
	if !x.decided {
		return fmt.Errorf("route %s %s decided no scope", x.route.Method, x.route.Pattern)
	}
	if len(body) > maxAnswer {
		return fault.New(fault.TooLarge, "the answer has %d bytes and at most %d can be sent: ask for less at a time, with fewer inputs, a lower top_k or a smaller limit", len(body), maxAnswer).WithReason("answer_too_large")
	}
	if body != nil {
		x.w.Header()["Content-Type"] = media
	}
	x.status = status
	x.w.WriteHeader(status)
	if body == nil {
		return nil
	}
	if _, err := x.w.Write(body); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

// read decodes the JSON body into v and returns its bytes.
func (x *exchange) read(v any) ([]byte, error) {
	body, err := readBody(nil, x.r)
	if err != nil {
		return nil, err
	}
	return body, decode(body, v)
}

// tenant is whose data this request may touch: always the key's.
func (x *exchange) tenant() registry.Tenant { return x.caller.Tenant }
