// Package gateway turns HTTP into Lambda events and back as an API Gateway
// HTTP API does, payload format 2.0, so that a function on this machine gets
// the events it would get on AWS.
//
// A request passes, in this order: the guard (this is a loopback listener, and
// a web page of another origin must not use it), the router, the authorizer
// with its cache, the event, the function, the response. Where `sam local` and
// AWS differ, AWS is followed: lower-case header names, no cookie header beside
// cookies, a unique requestId, timeEpoch in milliseconds, absent instead of
// empty or null members, no body in an authorizer's event.
//
// What it deliberately does not do: throttling, CORS, custom domains, JWT and
// IAM authorizers, payload format 1.0, X-Ray (no x-amzn-trace-id). The injected tenant of the local stage
// is the one thing AWS does not have; see Options.LocalTenant.
//
// References:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
package gateway

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Limits of an HTTP API and of the Lambda invocation behind it.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const (
	MaxBody            = 10 << 20         // bytes of a request body
	MaxHeader          = 10_240           // bytes of request line and headers
	MaxEvent           = 6 << 20          // bytes of the event that a function is given
	IntegrationTimeout = 30 * time.Second // a function's answer, at most
	AuthorizerTimeout  = 10 * time.Second // an authorizer's answer, at most
)

// Invoke calls a function. functionError is "" for an answer; err means that
// there is no answer. It must be safe for concurrent use.
type Invoke func(ctx context.Context, function string, payload []byte) (out []byte, functionError string, err error)

// Route sends what matches Method and Path to a function.
type Route struct {
	Method     string // GET, POST, ...; ANY matches all methods without a route of their own
	Path       string // such as /v1/models/{name} or /{proxy+}; "$default" matches what nothing else does
	Function   string // for Invoke
	Authorizer string // key of Options.Authorizers; "" is open to all
}

// Authorizer is a Lambda authorizer: REQUEST, payload format 2.0, simple responses.
type Authorizer struct {
	Function string        // for Invoke
	Header   string        // the identity source; default Authorization
	TTL      time.Duration // how long an answer is reused for an equal identity; 0 asks each time
}

// Options configure a Gateway. Invoke and Routes are needed.
type Options struct {
	Invoke      Invoke
	Routes      []Route               // no two that match the same requests
	Authorizers map[string]Authorizer // by the name routes give

	// LocalTenant, when not empty, lets a request without an identity pass
	// the authorizer as this tenant, with key_id "local" and scopes "admin". A
	// request with one is always put to the authorizer's function. Empty
	// refuses with 401 as AWS does.
	LocalTenant string

	Region    string           // default us-east-1
	AccountID string           // default 000000000000
	APIID     string           // default local
	Stage     string           // default $default
	Timeout   time.Duration    // of a function; default IntegrationTimeout
	Now       func() time.Time // default time.Now
	NewID     func() string    // request ids, unique; default random
	Log       *slog.Logger     // one line per request; default discards
}

// Gateway is an http.Handler. It is safe for concurrent use; New makes one.
type Gateway struct {
	opts   Options
	router *router

	mu      sync.Mutex
	answers map[string]cached // of authorizers, by authorizer and digest of the identity
}

// New returns a Gateway, or an error that names the route or authorizer that
// is wrong.
func New(opts Options) (*Gateway, error) {
	opts = opts.withDefaults()
	if opts.Invoke == nil {
		return nil, errors.New("gateway: no Invoke")
	}
	for name, a := range opts.Authorizers {
		if a.Function == "" {
			return nil, fmt.Errorf("gateway: authorizer %s has no function", name)
		}
	}
	for _, route := range opts.Routes {
		if _, known := opts.Authorizers[route.Authorizer]; route.Authorizer != "" && !known {
			return nil, fmt.Errorf("gateway: route %s has an unknown authorizer %s", route.key(), route.Authorizer)
		}
	}
	r, err := newRouter(opts.Routes)
	if err != nil {
		return nil, err
	}
	return &Gateway{opts: opts, router: r, answers: map[string]cached{}}, nil
}

// withDefaults fills what is unset.
func (o Options) withDefaults() Options {
	o.Region = cmp.Or(o.Region, "us-east-1")
	o.AccountID = cmp.Or(o.AccountID, "000000000000")
	o.APIID = cmp.Or(o.APIID, "local")
	o.Stage = cmp.Or(o.Stage, "$default")
	o.Timeout = cmp.Or(o.Timeout, IntegrationTimeout)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = newID
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// ServeHTTP answers one request. It must be served on a loopback listener, of
// which Listen makes one: the guard compares Host with the address that the
// connection came in on, and refuses when that is unknown.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{gateway: g, w: w, r: r, id: g.opts.NewID(), start: g.opts.Now()}
	w.Header().Set("Apigw-Requestid", x.id)
	err := x.serve()
	if err != nil {
		x.refuse(err)
	}
	g.opts.Log.Info("request", "request_id", x.id, "method", r.Method, "path", r.URL.Path, "route", x.match.routeKey(),
		"status", x.status, "ms", g.opts.Now().Sub(x.start).Milliseconds(), "error", err)
}

// exchange is one request and its response.
type exchange struct {
	gateway *Gateway
	w       http.ResponseWriter
	r       *http.Request
	id      string
	start   time.Time
	match   match
	status  int
}

// refusal is an answer of the gateway itself, in AWS's form {"message": ...}.
type refusal struct {
	status  int
	message string
	cause   error // for the log; may be nil
}

// Error is for the log; clients are told message alone.
func (e *refusal) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%d %s: %v", e.status, e.message, e.cause)
	}
	return fmt.Sprintf("%d %s", e.status, e.message)
}

// Unwrap returns the cause, nil where there is none.
func (e *refusal) Unwrap() error { return e.cause }

// internal is what a client sees of every failure behind the gateway.
func internal(cause error) *refusal {
	return &refusal{http.StatusInternalServerError, "Internal Server Error", cause}
}

// serve handles the request up to its response.
func (x *exchange) serve() error {
	if err := guard(x.r); err != nil {
		return err
	}
	if headerBytes(x.r) > MaxHeader {
		return &refusal{status: http.StatusRequestHeaderFieldsTooLarge, message: "Request Header Fields Too Large"}
	}
	path := decodedPath(x.r)
	found, ok := x.gateway.router.find(x.r.Method, path)
	if !ok {
		return &refusal{status: http.StatusNotFound, message: "Not Found"}
	}
	x.match = found
	event := x.event(path)
	if name := found.route.Authorizer; name != "" {
		// Before the body is read: who may not call need not send ten megabytes.
		context, err := x.authorize(name, event)
		if err != nil {
			return err
		}
		event.RequestContext.Authorizer = &authorizerContext{Lambda: context}
	}
	if err := event.setBody(x.w, x.r); err != nil {
		return err
	}
	out, err := x.invoke(event)
	if err != nil {
		return err
	}
	answer, err := decodeResponse(out)
	if err != nil {
		return internal(err)
	}
	x.respond(answer)
	return nil
}

// invoke gives the event to the route's function and returns its answer.
func (x *exchange) invoke(e *event) ([]byte, error) {
	payload, err := json.Marshal(e)
	if err != nil {
		return nil, internal(err)
	}
	if len(payload) > MaxEvent {
		// A body below the gateway's limit can exceed Lambda's, base64 above all.
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, message: "Request Entity Too Large"}
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), x.gateway.opts.Timeout)
	defer cancel()
	out, functionError, err := x.gateway.opts.Invoke(ctx, x.match.route.Function, payload)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, &refusal{http.StatusServiceUnavailable, "Service Unavailable", err}
	case err != nil:
		return nil, internal(err)
	case functionError != "":
		return nil, internal(fmt.Errorf("function error %s: %.500s", functionError, out))
	}
	return out, nil
}

// refuse writes err as AWS does.
func (x *exchange) refuse(err error) {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		r = internal(err)
	}
	body, err := json.Marshal(map[string]string{"message": r.message})
	if err != nil {
		body = []byte(`{}`) // a string always encodes
	}
	x.respond(response{status: r.status, headers: map[string]string{"Content-Type": "application/json"}, body: body})
}

// newID returns a request id in the form of API Gateway's: 16 characters.
func newID() string {
	var b [11]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return base64.URLEncoding.EncodeToString(b[:])
}
