package serving

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"io"
	"sync"

	"godwit/shared/fault"
)

// errToken is the failure of whatever was not sealed here.
var errToken = fault.New(fault.Malformed, "the token is not one this service gave out")

// macSize is the length of a token's signature in bytes: 128 of HMAC-SHA-256's
// 256 bits, as RFC 2104 section 5 allows.
const macSize = 16

// Signer seals small payloads into URL-safe tokens that cannot be made or
// changed without the secret. The payload can be read by anybody. It is safe
// for concurrent use.
type Signer struct{ macs sync.Pool }

// newSigner keeps keyed HMAC states: keying one costs two blocks of SHA-256.
func newSigner(key []byte) *Signer {
	return &Signer{sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// Seal returns the token of payload. bound is signed along and must be the same
// when the token is opened; it is not part of the token.
func (s *Signer) Seal(bound string, payload []byte) string {
	sealed := s.sum(payload[:len(payload):len(payload)], bound, payload)
	return base64.RawURLEncoding.EncodeToString(sealed[:len(payload)+macSize])
}

// Open returns the payload of a token sealed with the same bound. The error is
// fault.Malformed for anything else.
func (s *Signer) Open(bound, token string) ([]byte, error) {
	// Strict: the last digit's unused bits must be zero, so a token has one spelling.
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < macSize {
		return nil, errToken
	}
	payload, mac := raw[:len(raw)-macSize], raw[len(raw)-macSize:]
	if want := s.sum(nil, bound, payload); !hmac.Equal(mac, want[:macSize]) {
		return nil, errToken
	}
	return payload, nil
}

// sum appends the whole MAC of bound and payload to dst.
func (s *Signer) sum(dst []byte, bound string, payload []byte) []byte {
	mac := s.macs.Get().(hash.Hash)
	defer s.macs.Put(mac)
	mac.Reset()
	var size [8]byte
	binary.LittleEndian.PutUint64(size[:], uint64(len(bound)))
	mac.Write(size[:])
	io.WriteString(mac, bound)
	mac.Write(payload)
	return mac.Sum(dst)
}
