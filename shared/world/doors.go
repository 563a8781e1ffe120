package world

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"godwit/shared/access"
	"godwit/shared/api"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// idempotent is what an Idempotency-Key brought.
type idempotent struct {
	id   string
	body int
	at   time.Time
}

// keyLife is how long a key is remembered.
const keyLife = 24 * time.Hour

// deaf counts no requests.
type deaf struct{}

// Observe does nothing.
func (deaf) Observe(context.Context, string, int, time.Duration, ...slog.Attr) {}

// handler returns the model-registry function of this process.
func (l *lane) handler() http.Handler {
	if l.door == nil {
		l.door = api.Registry(api.Deps{
			Registry: l.registry(), Training: l.training(), Uploads: l.uploads(), Models: l.models(),
			Secret: l.secret, Now: l.w.Now, NewToken: l.token, Log: l.w.discard, Meter: deaf{},
		})
	}
	return l.door
}

// request makes a request of the lane's tenant to its model-registry function.
func (l *lane) request(ctx context.Context, method, path, body, key string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	who := access.FromAuthorizer(map[string]any{"tenant": string(l.act.tenant), "key_id": "key", "scopes": "admin"})
	w := httptest.NewRecorder()
	l.handler().ServeHTTP(w, r.WithContext(access.With(r.Context(), who)))
	return w
}

// create announces a data set over HTTP under an Idempotency-Key. Whatever
// happens to the first request, the key and body name one data set.
func (l *lane) create(ctx context.Context) {
	key, body := l.act.B%2, l.act.C/10
	text := fmt.Sprintf(`{"model":%q,"filename":"key%d-%d.csv","size":10,"sha256":%q}`, intents, key, body, strings.Repeat("a", 64))
	w := l.request(ctx, "POST", "/v1/datasets", text, fmt.Sprintf("key-%d", key))
	if l.dead || w.Code >= 300 {
		return
	}
	var made struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || made.ID == "" {
		l.w.raise(27, "a creation is answered with %d %s", w.Code, w.Body)
		return
	}
	name := fmt.Sprintf("%s key-%d", l.act.tenant, key)
	was := l.w.idempotent[name]
	// The record's life begins within the request, so at its very end both may be.
	if was != nil && l.w.clock.Sub(was.at) < keyLife && (was.id != made.ID || was.body != body) {
		l.w.raise(27, "%s made %s with body %d, and %s with body %d", name, was.id, was.body, made.ID, body)
	}
	if was == nil || was.id != made.ID {
		l.w.idempotent[name] = &idempotent{made.ID, body, l.act.began}
	}
}

// discard deletes a data set over HTTP, anybody's.
func (l *lane) discard(ctx context.Context) {
	if len(l.w.ledger.datasets) == 0 {
		return
	}
	d := l.w.ledger.datasets[l.act.B%len(l.w.ledger.datasets)]
	w := l.request(ctx, "DELETE", "/v1/datasets/"+d.ID, "", "")
	switch {
	case l.dead:
	case w.Code < 300 && d.Tenant != l.act.tenant:
		l.w.raise(31, "%s deleted the data set %s of %s", l.act.tenant, d.ID, d.Tenant)
	case w.Code < 300 && !d.ever:
		l.w.raise(10, "the deletion of the data set %s is answered with %d, and it never was deleted", d.ID, w.Code)
	case w.Code == 404 || w.Code == 409:
		l.judge(fault.New(fault.Conflict, "%s", w.Body))
	}
}

// retrain asks for a job on a data set, anybody's.
func (l *lane) retrain(ctx context.Context) {
	if len(l.w.ledger.datasets) == 0 {
		return
	}
	d := l.w.ledger.datasets[l.act.B%len(l.w.ledger.datasets)]
	_, err := l.training().Submit(ctx, l.act.tenant, training.Submission{
		Origin: fmt.Sprintf("retrain-%d", l.act.C%4), Model: intents, Dataset: d.ID, By: "key",
	})
	if l.dead {
		return
	}
	if err == nil && d.Tenant != l.act.tenant {
		l.w.raise(31, "%s trains on the data set %s of %s", l.act.tenant, d.ID, d.Tenant)
	}
	l.judge(err)
}

// secretKey is an API key as its tenant has it.
type secretKey struct {
	tenant  registry.Tenant
	id      string
	secret  string
	revoked bool
}

// key makes an API key, revokes one, or presents one.
func (l *lane) key(ctx context.Context) {
	keys := access.Keys{Store: table{l}, Now: l.w.Now, NewToken: l.token, Random: strings.NewReader(fmt.Sprintf("%025d", l.tokens*laneCount+l.id))}
	if l.act.C%3 == 0 || len(l.w.secrets) == 0 {
		id := access.NewKeyID(l.w.clock, l.token())
		secret, err := keys.Create(ctx, l.act.tenant, access.Key{ID: id, Scopes: []string{"predict"}})
		if err == nil && !l.dead {
			l.w.secrets = append(l.w.secrets, secretKey{l.act.tenant, id, secret, false})
		}
		return
	}
	i := l.act.B % len(l.w.secrets)
	if l.act.C%3 == 1 && l.w.secrets[i].tenant == l.act.tenant {
		err := keys.Revoke(ctx, l.act.tenant, l.w.secrets[i].id, "key", true)
		if err == nil && !l.dead {
			l.w.secrets[i].revoked = true
		}
		return
	}
	before := l.w.secrets[i]
	door := access.Authorizer{Store: table{l}, Now: l.w.Now, Log: l.w.discard}
	p, err := door.Principal(ctx, "Bearer "+before.secret)
	switch {
	case err != nil || l.dead:
	case before.revoked && !p.Rejected:
		l.w.raise(31, "the key %s opens although it is revoked", before.id)
	case !p.Rejected && p.Tenant != before.tenant:
		l.w.raise(31, "the key %s of %s opens %s", before.id, before.tenant, p.Tenant)
	}
}
