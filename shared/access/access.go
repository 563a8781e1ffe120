// Package access says who calls and what the caller may do: keys, tenants and
// scopes.
//
// The authorizer function turns an API key into a Principal (Authorizer), the
// gateway carries it to the other functions as a flat map (Principal.Context,
// FromAuthorizer), and the HTTP door asks it once for each request, after
// reading the model's name (Principal.May). The gateway caches one answer for
// every route, so nothing here knows a route, and a bad key is passed on as
// such: the door behind answers 401 in its own format. Keys makes, lists and
// revokes the keys themselves.
//
// Keys are never logged and never stored: only their SHA-256 is.
package access

import (
	"context"
	"slices"
	"strings"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// Action is what a scope allows.
type Action string

// The actions. Read is not a scope of its own: whoever may do anything with a
// model may read its records. Nothing stands for "no key needed".
const (
	Nothing  Action = ""
	Read     Action = "read"
	Predict  Action = "predict"
	Feedback Action = "feedback"
	Train    Action = "train"
	Admin    Action = "admin"
)

// grantable are the actions a scope may name.
var grantable = []Action{Predict, Feedback, Train, Admin}

// Scope allows one action on one model, or on all when Model is empty. An
// admin scope allows every action.
type Scope struct {
	Action Action        // Predict, Feedback, Train or Admin
	Model  registry.Name // empty: all
}

// ParseScope reads "action" or "action:model". The error is fault.Invalid.
func ParseScope(s string) (Scope, error) {
	action, model, limited := strings.Cut(s, ":")
	if !slices.Contains(grantable, Action(action)) {
		return Scope{}, fault.New(fault.Invalid, "a scope is predict, feedback, train or admin, with :model to limit it")
	}
	scope := Scope{Action: Action(action)}
	if limited {
		name, err := registry.ParseName(model)
		if err != nil {
			return Scope{}, err
		}
		scope.Model = name
	}
	return scope, nil
}

// String returns the form ParseScope reads.
func (s Scope) String() string {
	if s.Model == "" {
		return string(s.Action)
	}
	return string(s.Action) + ":" + string(s.Model)
}

// Principal is the authenticated caller. The zero value is nobody and may do
// nothing. It is immutable and safe for concurrent use.
type Principal struct {
	Tenant registry.Tenant // empty: nobody
	KeyID  string          // names the key in logs and records; not secret
	Scopes []Scope         // in no order; none allows nothing
	Budget Budget          // zero: none
	// Rejected says that a key was presented and is not valid.
	Rejected bool
}

// Authenticated reports whether p is somebody.
func (p Principal) Authenticated() bool { return p.Tenant != "" && !p.Rejected }

// May decides whether p may do action on the model; an empty model asks for the
// action on all models. Read is allowed by any scope that covers the model,
// and, with an empty model, by any scope at all: lists show what p may see.
// The error is fault.Unauthenticated or fault.Forbidden.
func (p Principal) May(action Action, model registry.Name) error {
	if action == Nothing {
		return nil
	}
	if !p.Authenticated() {
		if p.Rejected {
			return fault.New(fault.Unauthenticated, "the API key is not valid: it is unknown, expired or revoked").WithReason("bad_key")
		}
		return fault.New(fault.Unauthenticated, "send an API key as \"Authorization: Bearer gw_...\"").WithReason("no_key")
	}
	for _, s := range p.Scopes {
		if s.covers(action, model) {
			return nil
		}
	}
	return fault.New(fault.Forbidden, "this key's scopes do not allow %q here", action).WithReason("scope_missing")
}

// covers reports whether the scope allows action on model; see May.
func (s Scope) covers(action Action, model registry.Name) bool {
	if action == Read {
		return model == "" || s.Model == "" || s.Model == model
	}
	return (s.Action == action || s.Action == Admin) && (s.Model == "" || s.Model == model)
}

// The fields of the authorizer's context, as the gateway passes them on.
const (
	contextTenant = "tenant"
	contextKeyID  = "key_id"
	contextScopes = "scopes" // separated by spaces
	contextBudget = "budget" // as Budget.String writes it; absent: none
	contextError  = "error"
	badKey        = "bad_key"
)

// Context returns p as the flat map of strings the gateway carries.
func (p Principal) Context() map[string]any {
	if p.Rejected {
		return map[string]any{contextError: badKey}
	}
	scopes := make([]string, len(p.Scopes))
	for i, s := range p.Scopes {
		scopes[i] = s.String()
	}
	fields := map[string]any{contextTenant: string(p.Tenant), contextKeyID: p.KeyID, contextScopes: strings.Join(scopes, " ")}
	if p.Budget != (Budget{}) {
		fields[contextBudget] = p.Budget.String()
	}
	return fields
}

// FromAuthorizer reads what Context wrote. Anything else, a tenant of the wrong
// form or a scope it does not know included, gives less: never more rights.
func FromAuthorizer(fields map[string]any) Principal {
	if len(fields) == 0 {
		return Principal{}
	}
	if e, _ := fields[contextError].(string); e != "" {
		return Principal{Rejected: true}
	}
	raw, _ := fields[contextTenant].(string)
	tenant, err := registry.ParseTenant(raw)
	if err != nil {
		// No tenant at all is a request without a key; one of the wrong form did
		// not come from Context.
		return Principal{Rejected: raw != ""}
	}
	p := Principal{Tenant: tenant}
	p.KeyID, _ = fields[contextKeyID].(string)
	scopes, _ := fields[contextScopes].(string)
	if raw, given := fields[contextBudget]; given {
		text, _ := raw.(string)
		p.Budget = parseBudget(text)
	}
	p.Scopes = make([]Scope, 0, 4)
	for s := range strings.SplitSeq(scopes, " ") {
		if scope, err := ParseScope(s); err == nil {
			p.Scopes = append(p.Scopes, scope)
		}
	}
	return p
}

// contextKey is a type of this package alone, so no other value can stand under it.
type contextKey struct{}

// With returns a context that carries p.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// From returns the caller that With put into ctx, or nobody.
func From(ctx context.Context) Principal {
	p, _ := ctx.Value(contextKey{}).(Principal)
	return p
}
