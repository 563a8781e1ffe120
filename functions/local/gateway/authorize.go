package gateway

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

// maxAnswers bounds the cache; each entry is some hundred bytes.
const maxAnswers = 10_000

// verdict is a simple authorizer response.
type verdict struct {
	Authorized *bool           `json:"isAuthorized"`
	Context    json.RawMessage `json:"context"`
}

// cached is a verdict and the time until which it is reused.
type cached struct {
	verdict verdict
	until   time.Time
}

// authorize puts the request to the authorizer called name and returns the
// context for the function.
func (x *exchange) authorize(name string, e *event) (json.RawMessage, error) {
	a := x.gateway.opts.Authorizers[name]
	// Absent and empty differ: only a request that brings no identity at all
	// can be the local tenant's.
	values := x.r.Header.Values(cmp.Or(a.Header, "Authorization"))
	if len(values) == 0 && x.gateway.opts.LocalTenant != "" {
		return json.Marshal(map[string]string{"tenant": x.gateway.opts.LocalTenant, "key_id": "local", "scopes": "admin"})
	}
	identity := strings.Join(values, ",")
	if identity == "" {
		return nil, &refusal{status: http.StatusUnauthorized, message: "Unauthorized"}
	}
	// The digest keeps keys out of the stage's memory. As on AWS all routes
	// share an answer.
	key := fmt.Sprintf("%s %x", name, sha256.Sum256([]byte(identity)))
	v, ok := x.gateway.recall(key)
	if !ok {
		var err error
		if v, err = x.ask(a, identity, e); err != nil {
			return nil, internal(err)
		}
		// A denial is kept like an allowance, as on AWS: a revoked key stays
		// revoked, and a new one works after the TTL at the latest.
		if a.TTL > 0 {
			x.gateway.remember(key, cached{v, x.gateway.opts.Now().Add(a.TTL)})
		}
	}
	if !*v.Authorized {
		return nil, &refusal{status: http.StatusForbidden, message: "Forbidden"}
	}
	if len(v.Context) == 0 {
		// AWS sends the member as null, not as an empty object.
		return json.RawMessage("null"), nil
	}
	return v.Context, nil
}

// ask calls the authorizer's function. A failure is never cached.
func (x *exchange) ask(a Authorizer, identity string, e *event) (verdict, error) {
	opts := x.gateway.opts
	payload, err := json.Marshal(authorizerEvent{
		Type:           "REQUEST",
		RouteARN:       fmt.Sprintf("arn:aws:execute-api:%s:%s:%s/%s/%s%s", opts.Region, opts.AccountID, opts.APIID, opts.Stage, x.r.Method, e.RawPath),
		IdentitySource: []string{identity},
		event:          e,
	})
	if err != nil {
		return verdict{}, err
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), AuthorizerTimeout)
	defer cancel()
	out, functionError, err := opts.Invoke(ctx, a.Function, payload)
	if err != nil {
		return verdict{}, fmt.Errorf("authorizer %s: %w", a.Function, err)
	}
	if functionError != "" {
		return verdict{}, fmt.Errorf("authorizer %s: %s: %.500s", a.Function, functionError, out)
	}
	var v verdict
	if err := json.Unmarshal(out, &v); err != nil {
		return verdict{}, fmt.Errorf("authorizer %s: decode its answer: %w", a.Function, err)
	}
	// isAuthorized has no default: an answer in another form is a mistake, and
	// must neither let anyone in nor be remembered.
	if v.Authorized == nil {
		return verdict{}, fmt.Errorf("authorizer %s: its answer has no isAuthorized: %w", a.Function, errNotSimple)
	}
	return v, nil
}

// errNotSimple tells an IAM policy from a simple response in the log.
var errNotSimple = errors.New("not a simple response")

// recall returns an answer that may still be reused.
func (g *Gateway) recall(key string) (verdict, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c, ok := g.answers[key]
	if !ok || !g.opts.Now().Before(c.until) {
		return verdict{}, false
	}
	return c.verdict, true
}

// remember keeps an answer. A full cache first drops what has expired, then
// everything: it is only a cache.
func (g *Gateway) remember(key string, c cached) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.answers) >= maxAnswers {
		now := g.opts.Now()
		maps.DeleteFunc(g.answers, func(_ string, c cached) bool { return !now.Before(c.until) })
		if len(g.answers) >= maxAnswers {
			clear(g.answers)
		}
	}
	g.answers[key] = c
}
