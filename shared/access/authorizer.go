package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// keyPrefix begins every API key, so that secret scanners can know one.
const keyPrefix = "gw_"

// maxKey bounds what is hashed, in bytes.
const maxKey = 256

// Bootstrap is the id of the first admin key, the one the template names. It
// has no record, and no other key can have its form.
const Bootstrap = "key_bootstrap"

// Authorizer turns API keys into principals. Its fields are set once; it is
// safe for concurrent use.
type Authorizer struct {
	Store       registry.Store
	AdminDigest string           // SHA-256 of the first admin key, 64 hex digits; empty: there is none
	AdminTenant registry.Tenant  // whose key that is
	Now         func() time.Time // decides which keys have expired
	Log         *slog.Logger     // of failures; no key is ever in it
}

// Authorize answers the gateway. Every request is let through: with the tenant,
// key id and scopes of a good key, or marked as having a bad one. The error is
// set only when the keys could not be read, so that the gateway caches nothing.
func (a *Authorizer) Authorize(ctx context.Context, req events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error) {
	p, err := a.Principal(ctx, authorization(req))
	if err != nil {
		a.Log.ErrorContext(ctx, "keys cannot be read", slog.String("error", err.Error()))
		return events.APIGatewayV2CustomAuthorizerSimpleResponse{}, err
	}
	return events.APIGatewayV2CustomAuthorizerSimpleResponse{IsAuthorized: true, Context: p.Context()}, nil
}

// authorization finds the header whatever its case: the gateway sends lower
// case, sam local does not.
func authorization(req events.APIGatewayV2CustomAuthorizerV2Request) string {
	for name, value := range req.Headers {
		if strings.EqualFold(name, "authorization") {
			return value
		}
	}
	if len(req.IdentitySource) > 0 {
		return req.IdentitySource[0]
	}
	return ""
}

// Principal returns who presents this Authorization header. A key that is not
// valid gives a rejected Principal, not an error; the error is
// fault.Unavailable when the store did not answer.
func (a *Authorizer) Principal(ctx context.Context, header string) (Principal, error) {
	rejected := Principal{Rejected: true}
	scheme, key, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") || !strings.HasPrefix(key, keyPrefix) || len(key) > maxKey {
		return rejected, nil
	}
	// Digests are compared and looked up, not keys: what time a comparison takes
	// tells nothing of use about a key whose hash one cannot steer.
	digest := digestOf(key)
	if a.AdminDigest != "" && subtle.ConstantTimeCompare([]byte(digest), []byte(a.AdminDigest)) == 1 {
		return Principal{Tenant: a.AdminTenant, KeyID: Bootstrap, Scopes: everything()}, nil
	}
	record, err := a.Store.Get(ctx, registry.APIKeyKey(digest))
	if fault.Is(err, fault.NotFound) {
		return rejected, nil
	}
	if err != nil {
		return Principal{}, err
	}
	k, err := decodeKey(record)
	if err != nil {
		return Principal{}, err
	}
	return a.holder(k), nil
}

// holder returns the principal of a stored key, rejected when its time is over.
func (a *Authorizer) holder(k Key) Principal {
	if !k.Valid(a.Now()) {
		return Principal{Rejected: true}
	}
	p := Principal{Tenant: k.Tenant, KeyID: k.ID, Budget: k.Budget}
	for _, s := range k.Scopes {
		if scope, err := ParseScope(s); err == nil {
			p.Scopes = append(p.Scopes, scope)
		}
	}
	return p
}

// digestOf is the SHA-256 of a key in hex, under which it is stored.
func digestOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// everything are the scopes of the first admin key.
func everything() []Scope {
	scopes := make([]Scope, len(grantable))
	for i, action := range grantable {
		scopes[i] = Scope{Action: action}
	}
	return scopes
}
