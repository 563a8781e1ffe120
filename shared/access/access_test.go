package access_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"godwit/shared/access"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
)

var now = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func at() time.Time { return now }

func TestPrincipal_May(t *testing.T) {
	tests := []struct {
		scopes string
		action access.Action
		model  registry.Name
		want   fault.Code
	}{
		{"predict", access.Predict, "a", ""},
		{"predict:a", access.Predict, "a", ""},
		{"predict:a", access.Predict, "b", fault.Forbidden},
		{"predict:a", access.Predict, "", fault.Forbidden},
		{"predict", access.Train, "a", fault.Forbidden},
		{"admin", access.Train, "a", ""},
		{"admin:a", access.Train, "a", ""},
		{"admin:a", access.Train, "b", fault.Forbidden},
		{"feedback:a", access.Read, "a", ""},
		{"feedback:a", access.Read, "", ""},
		{"feedback:a", access.Read, "b", fault.Forbidden},
		{"", access.Read, "", fault.Forbidden},
		{"root everything predict:A", access.Read, "a", fault.Forbidden},
		{"", access.Nothing, "a", ""},
	}
	for _, tc := range tests {
		t.Run(fmt.Sprintf("%s/%s/%s", tc.scopes, tc.action, tc.model), func(t *testing.T) {
			p := access.FromAuthorizer(map[string]any{"tenant": "acme", "key_id": "k", "scopes": tc.scopes})
			if got := fault.CodeOf(p.May(tc.action, tc.model)); got != tc.want {
				t.Errorf("May(%q, %q) with %q = %q, want %q", tc.action, tc.model, tc.scopes, got, tc.want)
			}
		})
	}
}

func TestFromAuthorizer(t *testing.T) {
	tests := []struct {
		name     string
		fields   map[string]any
		code     fault.Code // of May(Read)
		rejected bool
	}{
		{"nothing", nil, fault.Unauthenticated, false},
		{"a bad key", map[string]any{"error": "bad_key", "tenant": "acme", "scopes": "admin"}, fault.Unauthenticated, true},
		{"no tenant", map[string]any{"scopes": "admin"}, fault.Unauthenticated, false},
		{"a tenant that reaches other partitions", map[string]any{"tenant": "acme#MODELS", "scopes": "admin"}, fault.Unauthenticated, true},
		{"an upper-case tenant", map[string]any{"tenant": "KEY", "scopes": "admin"}, fault.Unauthenticated, true},
		{"types that are not text", map[string]any{"tenant": 7, "scopes": []any{"admin"}}, fault.Unauthenticated, false},
		{"scopes that are not text", map[string]any{"tenant": "acme", "scopes": true}, fault.Forbidden, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p := access.FromAuthorizer(tc.fields)
			if got := fault.CodeOf(p.May(access.Read, "")); got != tc.code || p.Rejected != tc.rejected {
				t.Errorf("FromAuthorizer(%v) = %+v, May = %q; want %q, rejected %v", tc.fields, p, got, tc.code, tc.rejected)
			}
		})
	}
	p := access.Principal{Tenant: "acme", KeyID: "key_1", Scopes: []access.Scope{{Action: access.Predict}, {Action: access.Train, Model: "a.b_c-1"}}}
	if got := access.FromAuthorizer(p.Context()); !reflect.DeepEqual(got, p) {
		t.Errorf("FromAuthorizer(Context()) = %+v, want %+v", got, p)
	}
	if got := access.From(access.With(t.Context(), p)); !reflect.DeepEqual(got, p) || access.From(t.Context()).Authenticated() {
		t.Errorf("From(With(p)) = %+v, want %+v, and nobody without", got, p)
	}
}

// keyring returns an authorizer that knows an admin key and stored keys.
func keyring(t *testing.T, log *bytes.Buffer) *access.Authorizer {
	t.Helper()
	store := memory.New(at)
	for i, k := range []struct {
		key string
		rec access.Key
	}{
		{"gw_valid", access.Key{ID: "key_1", Tenant: "acme", Scopes: []string{"predict:intents", "train"}, CreatedAt: now}},
		{"gw_expires", access.Key{ID: "key_2", Tenant: "acme", Scopes: []string{"admin"}, ExpiresAt: now}},
		{"gw_later", access.Key{ID: "key_3", Tenant: "acme", Scopes: []string{"admin"}, ExpiresAt: now.Add(time.Second)}},
		{"gw_revoked", access.Key{ID: "key_4", Tenant: "acme", Scopes: []string{"admin"}, RevokedAt: now}},
	} {
		body, err := json.Marshal(k.rec)
		if err != nil {
			t.Fatal(err)
		}
		w := registry.Write{Record: registry.Record{Key: registry.APIKeyKey(digest(k.key)), Body: body}}
		if err := store.Write(t.Context(), fmt.Sprintf("t%d", i), w); err != nil {
			t.Fatal(err)
		}
	}
	return &access.Authorizer{Store: store, AdminDigest: digest("gw_admin"), AdminTenant: "main", Now: at, Log: slog.New(slog.NewJSONHandler(log, nil))}
}

func digest(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func TestAuthorizer_Authorize(t *testing.T) {
	var log bytes.Buffer
	a := keyring(t, &log)
	bad := map[string]any{"error": "bad_key"}
	tests := []struct {
		name   string
		header map[string]string
		source []string
		want   map[string]any
	}{
		{"a stored key", map[string]string{"authorization": "Bearer gw_valid"}, nil, map[string]any{"tenant": "acme", "key_id": "key_1", "scopes": "predict:intents train"}},
		{"header case of sam local", map[string]string{"Authorization": "bearer gw_valid"}, nil, map[string]any{"tenant": "acme", "key_id": "key_1", "scopes": "predict:intents train"}},
		{"the identity source alone", nil, []string{"Bearer gw_valid"}, map[string]any{"tenant": "acme", "key_id": "key_1", "scopes": "predict:intents train"}},
		{"the first admin key", map[string]string{"authorization": "Bearer gw_admin"}, nil, map[string]any{"tenant": "main", "key_id": "key_bootstrap", "scopes": "predict feedback train admin"}},
		{"still valid", map[string]string{"authorization": "Bearer gw_later"}, nil, map[string]any{"tenant": "acme", "key_id": "key_3", "scopes": "admin"}},
		{"expired", map[string]string{"authorization": "Bearer gw_expires"}, nil, bad},
		{"revoked", map[string]string{"authorization": "Bearer gw_revoked"}, nil, bad},
		{"unknown", map[string]string{"authorization": "Bearer gw_nobody"}, nil, bad},
		{"no prefix", map[string]string{"authorization": "Bearer valid"}, nil, bad},
		{"the digest instead of the key", map[string]string{"authorization": "Bearer " + digest("gw_admin")}, nil, bad},
		{"another scheme", map[string]string{"authorization": "Basic gw_valid"}, nil, bad},
		{"no scheme", map[string]string{"authorization": "gw_valid"}, nil, bad},
		{"two spaces", map[string]string{"authorization": "Bearer  gw_valid"}, nil, bad},
		{"too long", map[string]string{"authorization": "Bearer gw_" + strings.Repeat("x", 1<<16)}, nil, bad},
		{"none", nil, nil, bad},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := a.Authorize(t.Context(), events.APIGatewayV2CustomAuthorizerV2Request{Headers: tc.header, IdentitySource: tc.source})
			if err != nil || !got.IsAuthorized || !reflect.DeepEqual(got.Context, tc.want) {
				t.Errorf("Authorize = %+v, %v; want authorised with %v", got, err, tc.want)
			}
		})
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", log.String())
	}
}

// Without an admin digest no key is the admin's, the empty one least of all.
func TestAuthorizer_noAdmin(t *testing.T) {
	a := keyring(t, new(bytes.Buffer))
	a.AdminDigest = ""
	for _, header := range []string{"Bearer gw_admin", "Bearer gw_", "Bearer "} {
		if p, err := a.Principal(t.Context(), header); err != nil || !p.Rejected {
			t.Errorf("Principal(%q) = %+v, %v; want rejected", header, p, err)
		}
	}
}

func FuzzParseScope(f *testing.F) {
	for _, s := range []string{"predict", "train:intents", "admin:", ":a", "predict:A", "read"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if scope, err := access.ParseScope(s); err == nil && scope.String() != s {
			t.Errorf("ParseScope(%q).String() = %q", s, scope)
		}
	})
}

func ExamplePrincipal_May() {
	p := access.FromAuthorizer(map[string]any{"tenant": "acme", "key_id": "key_1", "scopes": "predict:intents"})
	fmt.Println(p.May(access.Predict, "intents"))
	fmt.Println(p.May(access.Train, "intents"))
	// Output:
	// <nil>
	// forbidden: this key's scopes do not allow "train" here
}
