package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"godwit/shared/access"
)

// authorized sends every request through the authorizer, as the gateway does,
// but without its cache. The first admin key is gw_first, acme's.
func (s *stage) authorized() http.Handler {
	sum := sha256.Sum256([]byte("gw_first"))
	a := &access.Authorizer{
		Store: s.registry.Store, AdminDigest: hex.EncodeToString(sum[:]), AdminTenant: "acme", Now: s.now, Log: s.deps.Log,
	}
	behind := s.front
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := a.Principal(r.Context(), r.Header.Get("Authorization"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		// The gateway carries the principal as text.
		behind.ServeHTTP(w, r.WithContext(access.With(r.Context(), access.FromAuthorizer(p.Context()))))
	})
}

// bearer returns c with a key.
func bearer(key string, c call) call {
	c.nobody, c.header = true, m2("Authorization", "Bearer "+key)
	return c
}

// The life of a key, each step by the key itself: made by the first admin key,
// it predicts, may not see other keys, and is refused once it is revoked.
func TestKeys_life(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.front = s.authorized()
	made := s.want(t, 201, bearer("gw_first", call{method: "POST", path: "/v1/keys", body: m{"name": "shop", "scopes": []string{"predict:intents"}, "expires_at": "2026-03-02T00:00:00+02:00"}}))
	secret, id := made["secret"].(string), made["id"].(string)
	if made["status"] != "active" || made["created_by"] != access.Bootstrap || made["expires_at"] != "2026-03-01T22:00:00Z" || len(secret) != 43 {
		t.Errorf("made = %v", made)
	}
	predict := bearer(secret, call{method: "POST", path: "/v1/models/intents/predict", body: m{"inputs": []string{"where is my card", ""}}})
	s.want(t, 200, predict)
	s.problem(t, 403, "scope_missing", bearer(secret, call{method: "GET", path: "/v1/keys"}))
	s.problem(t, 403, "scope_missing", bearer(secret, call{method: "POST", path: "/v1/keys", body: m{"name": "x", "scopes": []string{"admin"}}}))
	s.problem(t, 403, "scope_missing", bearer(secret, call{method: "DELETE", path: "/v1/keys/" + id}))
	who := s.want(t, 200, bearer(secret, call{method: "GET", path: "/v1/whoami"}))
	if who["name"] != "shop" || who["key_id"] != id || fmt.Sprint(who["used"]) != "map[predictions:1 rows:2 training_seconds:0]" || who["budget"] != nil {
		t.Errorf("whoami = %v", who)
	}
	items := s.want(t, 200, bearer("gw_first", call{method: "GET", path: "/v1/keys"}))["items"].([]any)
	if len(items) != 1 || items[0].(m)["id"] != id || items[0].(m)["secret"] != nil || strings.Contains(fmt.Sprint(items), secret) {
		t.Errorf("keys = %v, want the one without its secret", items)
	}
	s.want(t, 204, bearer("gw_first", call{method: "DELETE", path: "/v1/keys/" + id}))
	s.want(t, 204, bearer("gw_first", call{method: "DELETE", path: "/v1/keys/" + id}))
	s.problem(t, 401, "bad_key", predict)
	items = s.want(t, 200, bearer("gw_first", call{method: "GET", path: "/v1/keys"}))["items"].([]any)
	if got := items[0].(m); got["status"] != "revoked" || got["revoked_by"] != access.Bootstrap || got["revoked_at"] != "2026-03-01T09:00:00Z" {
		t.Errorf("revoked = %v", got)
	}
	if strings.Contains(s.log.String()+fmt.Sprint(s.meter.seen), secret[3:]) {
		t.Error("the key's text is in the log")
	}
}

func TestKeys_refused(t *testing.T) {
	s := newStage(t)
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprint("predict:m", i)
	}
	for _, tc := range []struct {
		name    string
		field   string
		value   any
		pointer string
	}{
		{"no name", "name", "", "/name"},
		{"a long name", "name", strings.Repeat("x", 101), "/name"},
		{"a name that turns round", "name", "a\u202eb", "/name"},
		{"no scopes", "scopes", []string{}, "/scopes"},
		{"too many scopes", "scopes", many, "/scopes"},
		{"an unknown scope", "scopes", []string{"predict", "root"}, "/scopes/1"},
		{"read is no scope", "scopes", []string{"read"}, "/scopes/0"},
		{"a model that cannot be", "scopes", []string{"predict:UPPER"}, "/scopes/0"},
		{"a scope twice", "scopes", []string{"predict", "train", "predict"}, "/scopes/2"},
		{"expired before it begins", "expires_at", "2026-03-01T09:00:00Z", "/expires_at"},
		{"no time", "expires_at", "tomorrow", "/expires_at"},
		{"an empty budget", "budget", m{}, "/budget"},
		{"a negative budget", "budget", m{"rows": -1}, "/budget"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body := m{"name": "shop", "scopes": []string{"predict"}}
			body[tc.field] = tc.value
			got := s.problem(t, 422, "invalid_field", call{method: "POST", path: "/v1/keys", body: body})
			if e, _ := got["errors"].([]any); len(e) != 1 || e[0].(m)["pointer"] != tc.pointer {
				t.Errorf("errors = %v, want pointer %s", got["errors"], tc.pointer)
			}
		})
	}
	for _, scopes := range []string{"admin:intents", "predict train feedback"} {
		s.problem(t, 403, "scope_missing", call{method: "GET", path: "/v1/keys", scopes: scopes})
	}
	s.problem(t, 422, "invalid_filter", call{method: "DELETE", path: "/v1/keys/key_x?force=please"})
	if items := s.want(t, 200, call{method: "GET", path: "/v1/keys"})["items"].([]any); len(items) != 0 {
		t.Errorf("keys = %v, want none", items)
	}
}

// The secret is shown once, also to whoever repeats the request.
func TestKeys_idempotency(t *testing.T) {
	s := newStage(t)
	create := call{method: "POST", path: "/v1/keys", body: m{"name": "shop", "scopes": []string{"predict"}}, header: m2("Idempotency-Key", "k")}
	answers := race(16, func(int) *httptest.ResponseRecorder { return s.do(t, create) })
	secrets, ids := 0, map[string]bool{}
	for _, w := range answers {
		switch w.Code {
		case 201:
			ids[w.Header().Get("Location")] = true
			secrets += strings.Count(w.Body.String(), `"secret":"gw_`)
		case 409:
		default:
			t.Errorf("answer = %d %s, want 201 or 409", w.Code, w.Body)
		}
	}
	keys := s.want(t, 200, call{method: "GET", path: "/v1/keys"})["items"].([]any)
	if len(ids) != 1 || len(keys) != 1 || secrets != 1 {
		t.Errorf("%d keys were answered, %d made, %d secrets shown; want one each", len(ids), len(keys), secrets)
	}
	s.advance(time.Hour)
	again := s.want(t, 201, create)
	if again["secret"] != nil || !ids["/v1/keys/"+again["id"].(string)] {
		t.Errorf("repeated = %v, want the key without its secret", again)
	}
	create.body = m{"name": "other", "scopes": []string{"predict"}}
	s.problem(t, 422, "idempotency_key_reused", create)
}

func TestKeys_lastAdmin(t *testing.T) {
	s := newStage(t)
	s.front = s.authorized()
	made := s.want(t, 201, bearer("gw_first", call{method: "POST", path: "/v1/keys", body: m{"name": "boss", "scopes": []string{"admin"}}}))
	secret, path := made["secret"].(string), "/v1/keys/"+made["id"].(string)
	s.problem(t, 409, "last_admin_key", bearer(secret, call{method: "DELETE", path: path}))
	s.problem(t, 409, "last_admin_key", bearer(secret, call{method: "DELETE", path: path + "?force=false"}))
	s.want(t, 204, bearer(secret, call{method: "DELETE", path: path + "?force=true"}))
	s.problem(t, 401, "bad_key", bearer(secret, call{method: "GET", path: "/v1/keys"}))
}

// What another tenant has looks like what nobody has.
func TestKeys_foreign(t *testing.T) {
	s := newStage(t)
	made := s.want(t, 201, call{method: "POST", path: "/v1/keys", body: m{"name": "shop", "scopes": []string{"predict"}}})
	var bodies []string
	for _, id := range []string{made["id"].(string), "key_00000000000000000000000000", "GUARD", "key_bootstrap", "acme%23KEYS"} {
		w := s.do(t, call{method: "DELETE", path: "/v1/keys/" + id + "?force=true", tenant: "rival"})
		if w.Code != 404 {
			t.Errorf("DELETE %s = %d %s, want 404", id, w.Code, w.Body)
		}
		bodies = append(bodies, bare(w))
	}
	for _, b := range bodies {
		if b != bodies[0] {
			t.Errorf("answers differ: %s and %s", b, bodies[0])
		}
	}
	if items := s.want(t, 200, call{method: "GET", path: "/v1/keys"})["items"].([]any); items[0].(m)["status"] != "active" {
		t.Errorf("key = %v, want it active", items[0])
	}
}
