package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// How long a key is remembered, and how long a creation that has not answered
// is taken to be still running.
const (
	keyLife  = 24 * time.Hour
	keyLease = time.Minute
)

// maxIdempotencyKey is the longest Idempotency-Key, in bytes.
const maxIdempotencyKey = 255

// creation is what one POST creates.
type creation struct {
	// mint returns the identity the resource will have, before it is made, so
	// that a repetition after a crash makes the same one.
	mint func() string
	// create makes the resource and returns its final id. again says that an
	// earlier try may have made it: then finding it there is success.
	create func(seed string, again bool) (id string, err error)
	// show answers with the resource, on a repetition as it is then.
	show func(id string) error
}

// attempt is the record of an Idempotency-Key. It holds no body: a repetition
// is rendered anew.
type attempt struct {
	Hash string    `json:"hash"` // of the request's body
	Seed string    `json:"seed"`
	ID   string    `json:"id,omitempty"`        // of the resource; empty while it is being made
	Held time.Time `json:"held_until,omitzero"` // until when the maker is taken to be alive
}

// create runs c, once for each Idempotency-Key: the same key and body gives the
// same resource for 24 hours. Errors besides c's own: fault.Malformed (the key),
// fault.Invalid (the key was used with another body), fault.Conflict (its first
// request is still running).
func (x *exchange) create(body []byte, c creation) error {
	raw := x.r.Header.Get("Idempotency-Key")
	if raw == "" {
		id, err := c.create(c.mint(), false)
		if err != nil {
			return err
		}
		return c.show(id)
	}
	if !isKey(raw) {
		return fault.New(fault.Malformed, "an Idempotency-Key has 1 to %d visible ASCII characters", maxIdempotencyKey).WithReason("bad_idempotency_key")
	}
	slot := registry.Record{Key: idempotencyKey(x.tenant(), x.route, raw)}
	mine, rev, again, err := x.claim(slot, body, c)
	if err != nil {
		return err
	}
	if mine.ID != "" {
		return c.show(mine.ID)
	}
	id, err := c.create(mine.Seed, again)
	if err != nil {
		x.giveUp(slot, rev, mine, err)
		return err
	}
	mine.ID, mine.Held = id, time.Time{}
	// Not noting it costs nothing but time: a repetition waits out the lease and
	// makes the same resource from the same seed.
	_ = x.note(slot, rev, mine)
	return c.show(id)
}

// claim takes the key for this request, or returns the finished attempt of an
// earlier one. again says an earlier attempt may have got half way.
func (x *exchange) claim(slot registry.Record, body []byte, c creation) (mine attempt, rev int64, again bool, err error) {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	for range 3 {
		mine, rev = attempt{Hash: hash}, 0
		found, err := x.Registry.Store.Get(x.r.Context(), slot.Key)
		switch {
		case fault.Is(err, fault.NotFound):
			mine.Seed = c.mint()
		case err != nil:
			return mine, 0, false, err
		default:
			if err := json.Unmarshal(found.Body, &mine); err != nil {
				return mine, 0, false, fault.Wrap(fault.Internal, err, "the record of the Idempotency-Key cannot be read")
			}
			if mine.Hash != hash {
				return mine, 0, false, fault.New(fault.Invalid, "this Idempotency-Key was used with another body").WithReason("idempotency_key_reused")
			}
			if mine.ID != "" {
				return mine, 0, false, nil
			}
			if x.Now().Before(mine.Held) {
				x.w.Header().Set("Retry-After", "1")
				return mine, 0, false, fault.New(fault.Conflict, "the first request with this Idempotency-Key is still running").WithReason("idempotency_key_in_progress")
			}
			rev, again = found.Rev, true
		}
		mine.Held = x.Now().Add(keyLease).UTC()
		err = x.note(slot, rev, mine)
		if err == nil {
			return mine, rev + 1, again, nil
		}
		if !fault.Is(err, fault.PreconditionFailed) {
			return mine, 0, false, err
		}
		// Somebody else took the key in between: look at what they are doing.
	}
	return mine, 0, false, fault.New(fault.Unavailable, "the Idempotency-Key is being used at the same moment; try again")
}

// giveUp lets go of the key after a failure: a request that was refused may be
// corrected under the same key, one that failed on our side goes on where it
// was. Should this fail too, the lease runs out.
func (x *exchange) giveUp(slot registry.Record, rev int64, mine attempt, why error) {
	switch fault.CodeOf(why) {
	case fault.Internal, fault.Unavailable:
		mine.Held = time.Time{}
		_ = x.note(slot, rev, mine)
	default:
		_ = x.Registry.Store.Write(x.r.Context(), x.NewToken(), registry.Write{Op: registry.Delete, Record: slot, IfRev: rev})
	}
}

// note writes the attempt under the revision it was read at.
func (x *exchange) note(slot registry.Record, rev int64, a attempt) error {
	var err error
	if slot.Body, err = json.Marshal(a); err != nil {
		return fault.Wrap(fault.Internal, err, "the Idempotency-Key cannot be recorded")
	}
	slot.ExpiresAt = x.Now().Add(keyLife).Truncate(time.Second).UTC()
	return x.Registry.Store.Write(x.r.Context(), x.NewToken(), registry.Write{Record: slot, IfRev: rev})
}

// idempotencyKey is the record's key: of one tenant and one route.
func idempotencyKey(t registry.Tenant, route *Route, raw string) registry.Key {
	sum := sha256.Sum256([]byte(route.Method + " " + route.Pattern + "\n" + raw))
	return registry.IdempotencyKey(t, hex.EncodeToString(sum[:]))
}

// isKey reports whether s is short, visible ASCII.
func isKey(s string) bool {
	for _, c := range []byte(s) {
		if c < '!' || c > '~' {
			return false
		}
	}
	return s != "" && len(s) <= maxIdempotencyKey
}
