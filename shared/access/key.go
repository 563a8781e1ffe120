package access

import (
	"encoding/base32"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// Key is the record of an API key. It is stored twice, in one transaction:
// under the SHA-256 of its text, where the authorizer finds it, and under its
// tenant and id, where its tenant does.
type Key struct {
	ID        string          `json:"id"` // of NewKeyID; not secret
	Tenant    registry.Tenant `json:"tenant"`
	Name      string          `json:"name,omitempty"`       // for people
	Scopes    []string        `json:"scopes"`               // as ParseScope reads them
	Budget    Budget          `json:"budget,omitzero"`      // zero: none
	CreatedBy string          `json:"created_by,omitempty"` // key id
	CreatedAt time.Time       `json:"created_at"`           // UTC
	ExpiresAt time.Time       `json:"expires_at,omitzero"`  // zero: never
	RevokedAt time.Time       `json:"revoked_at,omitzero"`  // zero: not revoked
	RevokedBy string          `json:"revoked_by,omitempty"` // key id
	// Digest is the SHA-256 of the key's text, which leads from the tenant's
	// record to the authorizer's; only the former has it.
	Digest string `json:"digest,omitempty"`
}

// Valid reports whether the key is neither revoked nor past its time.
func (k Key) Valid(now time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// admin reports whether the key may do everything on all models.
func (k Key) admin() bool {
	for _, s := range k.Scopes {
		if s == string(Admin) {
			return true
		}
	}
	return false
}

// kept is how long the record of a key is kept after its end: as long as what
// it used is.
const kept = 400 * 24 * time.Hour

// records are the two records of the key, under the revisions they must have.
func (k Key) records(tenantRev, lookupRev int64) ([]registry.Write, error) {
	tenantBody, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	digest := k.Digest
	k.Digest = ""
	lookupBody, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	var gone time.Time
	switch {
	case !k.RevokedAt.IsZero():
		gone = k.RevokedAt.Add(kept)
	case !k.ExpiresAt.IsZero():
		gone = k.ExpiresAt.Add(kept)
	}
	return []registry.Write{
		{Record: registry.Record{Key: registry.TenantKeyKey(k.Tenant, k.ID), Body: tenantBody, ExpiresAt: gone}, IfRev: tenantRev},
		{Record: registry.Record{Key: registry.APIKeyKey(digest), Body: lookupBody, ExpiresAt: gone}, IfRev: lookupRev},
	}, nil
}

// The form of ids and secrets.
const (
	idPrefix    = "key_"
	idLength    = 26 // 11 of time, 15 of hash
	secretBytes = 25 // 200 bits, 40 characters
)

// NewKeyID returns an id for a key made at the time: 11 hexadecimal digits of
// milliseconds, so that ids sort by age, and 15 characters of token, which must
// be unguessable and have no part in the secret.
func NewKeyID(at time.Time, token string) string {
	// 11 digits are 44 bits, enough until the year 2527; a time before 1970 would
	// bring a sign.
	return fmt.Sprintf("%s%011x%s", idPrefix, max(0, at.UnixMilli()), digestOf(token)[:15])
}

// isKeyID reports whether s has the form NewKeyID gives.
func isKeyID(s string) bool {
	tail, ok := strings.CutPrefix(s, idPrefix)
	return ok && len(tail) == idLength && strings.Trim(tail, "0123456789abcdef") == ""
}

// newSecret returns the text of a key: gw_ and 200 random bits in base 32.
func newSecret(random io.Reader) (string, error) {
	var raw [secretBytes]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fault.Wrap(fault.Internal, err, "no random numbers for a key")
	}
	return keyPrefix + strings.ToLower(base32.StdEncoding.EncodeToString(raw[:])), nil
}
