package access_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/access"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
)

// office makes keys on a store in memory and knows them again.
type office struct {
	access.Keys
	authorizer access.Authorizer
	ahead      atomic.Int64
	tokens     atomic.Int64
}

func newOffice() *office {
	o := &office{}
	clock := func() time.Time { return now.Add(time.Duration(o.ahead.Load())) }
	store := memory.New(clock)
	o.Keys = access.Keys{Store: store, Now: clock, NewToken: func() string { return fmt.Sprint("t", o.tokens.Add(1)) }, Random: rand.Reader}
	o.authorizer = access.Authorizer{Store: store, Now: clock, Log: slog.New(slog.DiscardHandler)}
	return o
}

// issue makes a key of acme.
func (o *office) issue(t testing.TB, draft access.Key) (id, secret string) {
	t.Helper()
	draft.ID = access.NewKeyID(o.Now(), o.NewToken())
	secret, err := o.Create(t.Context(), "acme", draft)
	if err != nil {
		t.Fatal(err)
	}
	return draft.ID, secret
}

// who is the principal of a key's text.
func (o *office) who(t testing.TB, secret string) access.Principal {
	t.Helper()
	p, err := o.authorizer.Principal(t.Context(), "Bearer "+secret)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestKeys_life(t *testing.T) {
	o := newOffice()
	draft := access.Key{Name: "shop", Scopes: []string{"predict:intents"}, Budget: access.Budget{Rows: 9}, CreatedBy: "key_bootstrap", ExpiresAt: now.Add(time.Hour)}
	id, secret := o.issue(t, draft)
	if len(secret) != 43 || !strings.HasPrefix(secret, "gw_") || strings.Contains(secret, id[4:]) {
		t.Errorf("secret = %q of %q, want gw_ and 40 characters of its own", secret, id)
	}
	want := access.Principal{Tenant: "acme", KeyID: id, Scopes: []access.Scope{{Action: access.Predict, Model: "intents"}}, Budget: access.Budget{Rows: 9}}
	if got := o.who(t, secret); !reflect.DeepEqual(got, want) {
		t.Errorf("principal = %+v, want %+v", got, want)
	}
	k, err := o.Key(t.Context(), "acme", id)
	if err != nil || k.Name != "shop" || k.Tenant != "acme" || !k.CreatedAt.Equal(now) || k.Digest != digest(secret) {
		t.Errorf("key = %+v, %v", k, err)
	}
	o.ahead.Store(int64(time.Hour))
	if got := o.who(t, secret); !got.Rejected {
		t.Errorf("principal after its time = %+v, want rejected", got)
	}
	if k, err := o.Key(t.Context(), "acme", id); err != nil || k.Valid(o.Now()) {
		t.Errorf("key after its time = %+v, %v; want it there and not valid", k, err)
	}
	o.ahead.Store(int64(401 * 24 * time.Hour))
	if _, err := o.Key(t.Context(), "acme", id); !fault.Is(err, fault.NotFound) {
		t.Errorf("key a year later: %v, want not found", err)
	}
}

// Nothing that is stored lets anybody in.
func TestKeys_storeHoldsNoSecret(t *testing.T) {
	o := newOffice()
	id, secret := o.issue(t, access.Key{Scopes: []string{"admin"}})
	for _, key := range []registry.Key{registry.TenantKeyKey("acme", id), registry.APIKeyKey(digest(secret))} {
		rec, err := o.Store.Get(t.Context(), key)
		if err != nil || strings.Contains(string(rec.Body), secret[3:]) {
			t.Errorf("record %v = %s, %v; want it without the secret", key, rec.Body, err)
		}
	}
}

func TestKeys_Create_refused(t *testing.T) {
	o := newOffice()
	id, secret := o.issue(t, access.Key{Scopes: []string{"admin"}})
	if _, err := o.Create(t.Context(), "acme", access.Key{ID: id, Scopes: []string{"admin"}}); !fault.Is(err, fault.Conflict) {
		t.Errorf("Create under a taken id = %v, want conflict", err)
	}
	if o.who(t, secret).Rejected {
		t.Error("the key whose id was asked for again does not work any more")
	}
	o.Random = io.LimitReader(rand.Reader, 3)
	if _, err := o.Create(t.Context(), "acme", access.Key{ID: access.NewKeyID(now, "x")}); !fault.Is(err, fault.Internal) {
		t.Errorf("Create without random numbers = %v, want internal", err)
	}
}

func TestKeys_List(t *testing.T) {
	o := newOffice()
	var want []string
	for i := range 5 {
		o.ahead.Add(int64(time.Second))
		id, _ := o.issue(t, access.Key{Name: fmt.Sprint(i), Scopes: []string{"admin"}})
		want = append([]string{id}, want...)
	}
	// Leaves a guard record behind, which is no key.
	if err := o.Revoke(t.Context(), "acme", want[2], want[0], false); err != nil {
		t.Fatal(err)
	}
	var got []string
	for p := (registry.PageRequest{Limit: 2}); ; {
		page, err := o.List(t.Context(), "acme", p)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range page.Items {
			got = append(got, k.ID)
		}
		if p.After = page.Next; p.After == "" {
			break
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("List = %q, want %q", got, want)
	}
	if page, err := o.List(t.Context(), "rival", registry.PageRequest{Limit: 10}); err != nil || len(page.Items) != 0 {
		t.Errorf("the rival's List = %v, %v; want none", page.Items, err)
	}
}

func TestKeys_Revoke(t *testing.T) {
	admin, predict := access.Key{Scopes: []string{"admin"}}, access.Key{Scopes: []string{"predict", "admin:intents"}}
	expired := admin
	expired.ExpiresAt = now.Add(time.Second)
	tests := []struct {
		name  string
		keys  []access.Key // the first is revoked
		by    string       // "" is the second key
		force bool
		want  fault.Code
	}{
		{"by another admin", []access.Key{admin, admin}, "", false, ""},
		{"no admin", []access.Key{predict, admin}, "", false, ""},
		{"the last admin, by itself", []access.Key{admin, predict}, "self", false, fault.Conflict},
		{"the last admin, by itself, forced", []access.Key{admin, predict}, "self", true, ""},
		{"the last admin, another has expired", []access.Key{admin, expired}, "", false, fault.Conflict},
		{"one that has expired, by the last admin", []access.Key{expired, admin}, "", false, ""},
		{"the last admin, by the first admin key", []access.Key{admin}, access.Bootstrap, false, ""},
		{"the last admin, by the local tenant", []access.Key{admin}, "local", false, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			o := newOffice()
			var ids, secrets []string
			for _, k := range tc.keys {
				id, secret := o.issue(t, k)
				ids, secrets = append(ids, id), append(secrets, secret)
			}
			o.ahead.Store(int64(time.Minute))
			by := tc.by
			switch by {
			case "self":
				by = ids[0]
			case "":
				by = ids[1]
			}
			for range 2 { // repeated, it is the success it was
				if err := o.Revoke(t.Context(), "acme", ids[0], by, tc.force); fault.CodeOf(err) != tc.want {
					t.Fatalf("Revoke = %v, want %q", err, tc.want)
				}
			}
			wantRejected := tc.want == "" || !tc.keys[0].ExpiresAt.IsZero()
			if got := o.who(t, secrets[0]); got.Rejected != wantRejected {
				t.Errorf("principal afterwards = %+v, want rejected %v", got, wantRejected)
			}
			if k, err := o.Key(t.Context(), "acme", ids[0]); err != nil || tc.want == "" && (k.RevokedBy != by || !k.RevokedAt.Equal(o.Now())) {
				t.Errorf("key = %+v, %v; want it revoked by %s", k, err, by)
			}
		})
	}
}

// A foreign key, an absent one and what is no id at all are the same.
func TestKeys_Revoke_absent(t *testing.T) {
	o := newOffice()
	id, secret := o.issue(t, access.Key{Scopes: []string{"admin"}})
	absent := access.NewKeyID(now, "nobody")
	for _, other := range []string{id, absent, "", "GUARD", "key_", access.Bootstrap, "key_" + strings.Repeat("z", 26), id + "#", "../" + id} {
		err := o.Revoke(t.Context(), "rival", other, access.Bootstrap, true)
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("Revoke(%q) by a rival = %v, want not found", other, err)
		}
	}
	if o.who(t, secret).Rejected {
		t.Error("a rival revoked the key")
	}
}

// Of two admin keys that revoke each other at once one stays, and of sixteen
// revocations of one key one counts.
func TestKeys_Revoke_races(t *testing.T) {
	for round := range 20 {
		o := newOffice()
		a, secretA := o.issue(t, access.Key{Scopes: []string{"admin"}})
		b, secretB := o.issue(t, access.Key{Scopes: []string{"admin"}})
		var wg sync.WaitGroup
		for _, pair := range [][2]string{{a, b}, {b, a}} {
			wg.Go(func() {
				if err := o.Revoke(t.Context(), "acme", pair[0], pair[1], false); err != nil && !fault.Is(err, fault.Conflict) {
					t.Errorf("Revoke = %v, want nil or conflict", err)
				}
			})
		}
		wg.Wait()
		if o.who(t, secretA).Rejected == o.who(t, secretB).Rejected {
			t.Fatalf("round %d: both admin keys are rejected: %v; want one", round, o.who(t, secretA).Rejected)
		}
	}
	o := newOffice()
	id, _ := o.issue(t, access.Key{Scopes: []string{"predict"}})
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if err := o.Revoke(t.Context(), "acme", id, fmt.Sprint("admin", i), false); err != nil {
				t.Errorf("Revoke = %v", err)
			}
		})
	}
	wg.Wait()
	rec, err := o.Store.Get(t.Context(), registry.TenantKeyKey("acme", id))
	if err != nil || rec.Rev != 2 {
		t.Errorf("record at revision %d, %v; want it written once more after its creation", rec.Rev, err)
	}
}

func TestBudget(t *testing.T) {
	tests := []struct {
		budget            access.Budget
		predictions, rows int64
		want              bool
	}{
		{access.Budget{}, 1 << 40, 1 << 40, false},
		{access.Budget{Predictions: 2}, 1, 100, false},
		{access.Budget{Predictions: 2}, 2, 0, true},
		{access.Budget{Rows: 10}, 100, 9, false},
		{access.Budget{Rows: 10}, 0, 11, true},
		{access.Budget{Predictions: 5, Rows: 10}, 1, 10, true},
	}
	for _, tc := range tests {
		if got := tc.budget.Exceeded(tc.predictions, tc.rows); got != tc.want {
			t.Errorf("%+v.Exceeded(%d, %d) = %v, want %v", tc.budget, tc.predictions, tc.rows, got, tc.want)
		}
		p := access.Principal{Tenant: "acme", KeyID: "k", Scopes: []access.Scope{{Action: access.Predict}}, Budget: tc.budget}
		if got := access.FromAuthorizer(p.Context()); !reflect.DeepEqual(got, p) {
			t.Errorf("FromAuthorizer(Context()) = %+v, want %+v", got, p)
		}
	}
	// A budget that cannot be read is spent: never more rights.
	for _, bad := range []any{"", "x 1", "1", 7, nil} {
		p := access.FromAuthorizer(map[string]any{"tenant": "acme", "scopes": "predict", "budget": bad})
		if !p.Budget.Exceeded(0, 0) {
			t.Errorf("budget %v = %+v, want one that is spent", bad, p.Budget)
		}
	}
}

func ExampleKeys() {
	at := func() time.Time { return now }
	store := memory.New(at)
	keys := &access.Keys{Store: store, Now: at, NewToken: func() string { return "unique" }, Random: rand.Reader}
	ctx := context.Background()
	id := access.NewKeyID(now, "unguessable")
	secret, err := keys.Create(ctx, "acme", access.Key{ID: id, Name: "shop", Scopes: []string{"predict"}})
	fmt.Println(id[:4], len(secret), err)
	fmt.Println(keys.Revoke(ctx, "acme", id, access.Bootstrap, false))
	// Output:
	// key_ 43 <nil>
	// <nil>
}
