package serving

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// Cipher seals small payloads into URL-safe tokens that cannot be made, changed
// or read without the secret, by AES-256-GCM (NIST SP 800-38D). It is safe for
// concurrent use.
type Cipher struct {
	aead   cipher.AEAD
	naming []byte // key of the nonces
}

// newCipher takes a key of 32 bytes.
func newCipher(key []byte) (*Cipher, error) {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("nonce"))
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &Cipher{aead: aead, naming: mac.Sum(nil)}, err
}

// Seal returns the token of payload. bound is authenticated along and must be the
// same when the token is opened; it is not part of the token.
//
// The nonce is a MAC of both, as in RFC 5297: equal payloads have equal tokens,
// which a list that did not change may well show, and no others share a nonce.
func (c *Cipher) Seal(bound string, payload []byte) string {
	mac := hmac.New(sha256.New, c.naming)
	mac.Write([]byte(bound + "\x00"))
	mac.Write(payload)
	nonce := mac.Sum(nil)[:c.aead.NonceSize()]
	return base64.RawURLEncoding.EncodeToString(c.aead.Seal(nonce, nonce, payload, []byte(bound)))
}

// Open returns the payload of a token sealed with the same bound. The error is
// fault.Malformed for anything else.
func (c *Cipher) Open(bound, token string) ([]byte, error) {
	// Strict: the last digit's unused bits must be zero, so a token has one spelling.
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err == nil && len(raw) >= c.aead.NonceSize() {
		nonce, sealed := raw[:c.aead.NonceSize()], raw[c.aead.NonceSize():]
		if payload, err := c.aead.Open(nil, nonce, sealed, []byte(bound)); err == nil {
			return payload, nil
		}
	}
	return nil, errToken
}
