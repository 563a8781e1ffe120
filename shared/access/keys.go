package access

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// Keys makes, lists and revokes API keys. Its fields are set once; it is safe
// for concurrent use. Who may do so is decided before: every method takes the
// caller's own tenant.
type Keys struct {
	Store    registry.Store
	Now      func() time.Time // dates keys and their revocation
	NewToken func() string    // unique for each call
	Random   io.Reader        // of secrets: crypto/rand.Reader
}

// attempts bounds how often a revocation is made again after losing a race.
const attempts = 32

// Create makes a key with the draft's ID (of NewKeyID), Name, Scopes, Budget,
// CreatedBy and ExpiresAt, and returns its text, which is not kept anywhere.
// fault.Conflict: the id is taken, so an earlier try has made the key and its
// text is lost.
func (ks *Keys) Create(ctx context.Context, t registry.Tenant, draft Key) (secret string, err error) {
	if secret, err = newSecret(ks.Random); err != nil {
		return "", err
	}
	draft.Tenant, draft.CreatedAt, draft.Digest = t, ks.Now().UTC(), digestOf(secret)
	writes, err := draft.records(0, 0)
	if err != nil {
		return "", err
	}
	err = ks.Store.Write(ctx, ks.NewToken(), writes...)
	if fault.Is(err, fault.PreconditionFailed) {
		return "", fault.New(fault.Conflict, "there is a key with the id %s", draft.ID).WithReason("key_exists")
	}
	if err != nil {
		return "", err
	}
	return secret, nil
}

// Key returns one key of the tenant, or fault.NotFound. One that is revoked or
// past its time is returned for 400 days more.
func (ks *Keys) Key(ctx context.Context, t registry.Tenant, id string) (Key, error) {
	k, _, err := ks.read(ctx, t, id)
	return k, err
}

// read returns a key and the revision of the tenant's record.
func (ks *Keys) read(ctx context.Context, t registry.Tenant, id string) (Key, int64, error) {
	if !isKeyID(id) { // an id from a URL: never let it reach the table
		return Key{}, 0, fault.New(fault.NotFound, "no key has this id")
	}
	rec, err := ks.Store.Get(ctx, registry.TenantKeyKey(t, id))
	if err != nil {
		return Key{}, 0, err
	}
	k, err := decodeKey(rec)
	return k, rec.Rev, err
}

// List returns a page of the tenant's keys, newest first, the revoked ones
// among them.
func (ks *Keys) List(ctx context.Context, t registry.Tenant, p registry.PageRequest) (registry.Page[Key], error) {
	found, more, err := ks.Store.Query(ctx, registry.Query{
		Partition: registry.TenantKeysPartition(t), Prefix: idPrefix, After: p.After, Limit: p.Limit, Descending: true,
	})
	if err != nil {
		return registry.Page[Key]{}, err
	}
	out := registry.Page[Key]{Items: make([]Key, 0, len(found))}
	for _, rec := range found {
		k, err := decodeKey(rec)
		if err != nil {
			return registry.Page[Key]{}, err
		}
		out.Items = append(out.Items, k)
	}
	if more {
		out.Next = found[len(found)-1].Key.Sort
	}
	return out, nil
}

// Revoke ends a key of the tenant; to end one twice is no error. by is the
// caller's key id. fault.NotFound: there is no such key. fault.Conflict: it is
// the last valid one with admin on all models, and nobody but itself has come
// to revoke it; with force it ends all the same.
//
// A caller whose own key is not among the stored ones, as the first admin key
// is not, stays able to make new ones: it may revoke the last. Two admin keys
// that revoke each other meet at a guard record, and one of them stays.
func (ks *Keys) Revoke(ctx context.Context, t registry.Tenant, id, by string, force bool) error {
	guarded := !force && isKeyID(by)
	for range attempts {
		k, rev, err := ks.read(ctx, t, id)
		if err != nil || !k.RevokedAt.IsZero() {
			return err
		}
		var guard []registry.Write
		if guarded && k.admin() && k.Valid(ks.Now()) {
			if guard, err = ks.guard(ctx, t, id); err != nil {
				return err
			}
		}
		k.RevokedAt, k.RevokedBy = ks.Now().UTC(), by
		// The two records are always written together, so the revision of one
		// stands for both.
		writes, err := k.records(rev, registry.AnyRev)
		if err != nil {
			return err
		}
		err = ks.Store.Write(ctx, ks.NewToken(), append(writes, guard...)...)
		if !fault.Is(err, fault.PreconditionFailed) {
			return err
		}
		// Somebody else revoked a key in between: look at what is left.
	}
	return fault.New(fault.Unavailable, "too many keys are being revoked at the same moment; try again")
}

// guard checks that a valid admin key besides id is left, and returns the
// write that fails when another one is revoked at the same time.
func (ks *Keys) guard(ctx context.Context, t registry.Tenant, id string) ([]registry.Write, error) {
	// First: a revocation after this look changes the guard, and the write that
	// holds it fails.
	rec, err := ks.Store.Get(ctx, registry.TenantKeysGuard(t))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	for p := (registry.PageRequest{Limit: registry.MaxQuery}); ; {
		page, err := ks.List(ctx, t, p)
		if err != nil {
			return nil, err
		}
		for _, k := range page.Items {
			if k.ID != id && k.admin() && k.Valid(ks.Now()) {
				body := registry.Record{Key: registry.TenantKeysGuard(t), Body: []byte(`{}`)}
				return []registry.Write{{Record: body, IfRev: rec.Rev}}, nil
			}
		}
		if p.After = page.Next; p.After == "" {
			return nil, fault.New(fault.Conflict,
				"this is the last admin key: without it no key can be made. Make another one first, or revoke it with ?force=true").WithReason("last_admin_key")
		}
	}
}

// decodeKey reads a key from either of its records.
func decodeKey(rec registry.Record) (Key, error) {
	var k Key
	if err := json.Unmarshal(rec.Body, &k); err != nil {
		return k, fault.Wrap(fault.Internal, err, "a stored key cannot be read")
	}
	return k, nil
}
