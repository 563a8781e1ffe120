package api

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"godwit/shared/access"
	"godwit/shared/fault"
)

// Limits of a key.
const (
	maxKeyName = 100 // characters
	maxScopes  = 50
)

// yesOrNo are the values of an option that is on or off.
var yesOrNo = []string{"true", "false"}

// keyRoutes make, list and revoke API keys.
func keyRoutes() []Route {
	return []Route{
		{Method: "POST", Pattern: "/v1/keys", Function: RegistryFunction, Scope: access.Admin, Summary: "Make an API key; its text is shown this once", Noun: "key",
			Request: NewKey{}, Response: Key{}, Status: 201, Creates: true, serve: createKey},
		{Method: "GET", Pattern: "/v1/keys", Function: RegistryFunction, Scope: access.Admin, Summary: "List API keys, newest first, the revoked ones among them", Noun: "key",
			Response: Page[Key]{}, Status: 200, Query: listed, serve: listKeys},
		{Method: "DELETE", Pattern: "/v1/keys/{id}", Function: RegistryFunction, Scope: access.Admin, Summary: "Revoke an API key: it is refused within 60 seconds", Noun: "key",
			Status: 204, Options: []Filter{{Name: "force", Doc: "revoke it even if it is the last admin key", Enum: yesOrNo}},
			Failures: []fault.Code{fault.Conflict}, serve: revokeKey},
	}
}

// createKey makes a key. Its text leaves in this answer and is kept nowhere:
// whoever loses the answer revokes the key and makes another one.
func createKey(x *exchange) error {
	var in NewKey
	body, err := x.read(&in)
	if err != nil {
		return err
	}
	draft, err := in.draft(x.Now())
	if err != nil {
		return err
	}
	draft.CreatedBy = x.caller.KeyID
	secret := ""
	return x.create(body, creation{
		mint: func() string { return access.NewKeyID(x.Now(), x.NewToken()) },
		create: func(id string, again bool) (string, error) {
			draft.ID = id
			made, err := x.Keys.Create(x.r.Context(), x.tenant(), draft)
			if again && fault.Is(err, fault.Conflict) {
				return id, nil
			}
			secret = made
			return id, err
		},
		show: func(id string) error {
			k, err := x.Keys.Key(x.r.Context(), x.tenant(), id)
			if err != nil {
				return err
			}
			out := keyOf(k, x.Now())
			out.Secret = secret
			x.w.Header().Set("Location", pathOf("keys", id))
			return x.json(http.StatusCreated, out)
		},
	})
}

// draft checks what was asked for.
func (in NewKey) draft(now time.Time) (access.Key, error) {
	k := access.Key{Name: in.Name, Scopes: in.Scopes}
	if in.Name == "" || !isPlain(in.Name, maxKeyName, false) {
		return k, invalid("/name", fmt.Sprintf("1 to %d characters, no control characters", maxKeyName))
	}
	if len(in.Scopes) == 0 || len(in.Scopes) > maxScopes {
		return k, invalid("/scopes", fmt.Sprintf("1 to %d scopes, such as predict or predict:intents", maxScopes))
	}
	for i, s := range in.Scopes {
		pointer := fmt.Sprintf("/scopes/%d", i)
		if _, err := access.ParseScope(s); err != nil {
			return k, invalid(pointer, understood(err).Msg)
		}
		if slices.Contains(in.Scopes[:i], s) {
			return k, invalid(pointer, "is there twice")
		}
	}
	if in.ExpiresAt != "" {
		at, err := time.Parse(time.RFC3339, in.ExpiresAt)
		if err != nil || !at.After(now) || at.Year() > 9999 {
			return k, invalid("/expires_at", "a time to come as RFC 3339 writes it, such as 2031-01-01T00:00:00Z")
		}
		k.ExpiresAt = at.UTC().Truncate(time.Second)
	}
	if b := in.Budget; b != nil {
		if b.Predictions < 0 || b.Rows < 0 || *b == (KeyBudget{}) {
			return k, invalid("/budget", "predictions, rows or both, each at least 1; leave the budget out for no limit")
		}
		k.Budget = access.Budget(*b)
	}
	return k, nil
}

// listKeys answers with a page of the tenant's keys.
func listKeys(x *exchange) error {
	p, err := x.page()
	if err != nil {
		return err
	}
	page, err := x.Keys.List(x.r.Context(), x.tenant(), p)
	if err != nil {
		return err
	}
	now := x.Now()
	return list(x, page, func(k access.Key) Key { return keyOf(k, now) })
}

// revokeKey ends a key. Revoking it again is no error.
func revokeKey(x *exchange) error {
	force, err := x.choice("force", yesOrNo)
	if err != nil {
		return err
	}
	if err := x.Keys.Revoke(x.r.Context(), x.tenant(), x.r.PathValue("id"), x.caller.KeyID, force == "true"); err != nil {
		return err
	}
	return x.send(http.StatusNoContent, nil)
}

// keyOf is the wire form of a key; its digest is not part of it.
func keyOf(k access.Key, now time.Time) Key {
	status := "active"
	switch {
	case !k.RevokedAt.IsZero():
		status = "revoked"
	case !k.Valid(now):
		status = "expired"
	}
	return Key{
		ID: k.ID, Name: k.Name, Scopes: k.Scopes, Budget: budgetOf(k.Budget), Status: status, CreatedAt: k.CreatedAt, CreatedBy: k.CreatedBy,
		ExpiresAt: moment(k.ExpiresAt), RevokedAt: moment(k.RevokedAt), RevokedBy: k.RevokedBy,
	}
}

// budgetOf is the wire form of a budget; nil stands for none.
func budgetOf(b access.Budget) *KeyBudget {
	if b == (access.Budget{}) {
		return nil
	}
	out := KeyBudget(b)
	return &out
}
