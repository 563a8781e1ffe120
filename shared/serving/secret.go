package serving

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"sync"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// secretName is the record of the installation's signing secret.
const secretName = "tokens"

// Secret is the installation's signing secret: made once, by whoever comes
// first, and kept in memory after the first read. It is safe for concurrent use.
type Secret struct {
	Store  registry.Store
	Random io.Reader // of a new secret, and of what is signed once only; read concurrently

	reading flight[struct{}, []byte]
	mu      sync.Mutex
	signers map[string]*Signer
	value   []byte
}

// storedSecret is the record's body.
type storedSecret struct {
	Secret []byte `json:"secret"` // 32 random bytes
}

// Signer returns the signer for one purpose; tokens of one purpose are never
// valid for another. The error is fault.Unavailable while the secret cannot be
// read.
func (s *Secret) Signer(ctx context.Context, purpose string) (*Signer, error) {
	s.mu.Lock()
	signer, known := s.signers[purpose]
	s.mu.Unlock()
	if known {
		return signer, nil
	}
	key, err := s.key(ctx, purpose)
	if err != nil {
		return nil, err
	}
	signer = newSigner(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.signers == nil {
		s.signers = make(map[string]*Signer)
	}
	s.signers[purpose] = signer
	return signer, nil
}

// Cipher returns the cipher for one purpose, which is to be another than any
// signer's. The error is fault.Unavailable while the secret cannot be read.
func (s *Secret) Cipher(ctx context.Context, purpose string) (*Cipher, error) {
	key, err := s.key(ctx, purpose)
	if err != nil {
		return nil, err
	}
	return newCipher(key)
}

// key derives the 32 bytes for one purpose. Callers that find no secret in memory
// read it once together, and none waits longer than his own context lets him.
func (s *Secret) key(ctx context.Context, purpose string) ([]byte, error) {
	value, ok := s.known()
	if !ok {
		var err error
		if value, err = s.reading.do(ctx, struct{}{}, s.known, func() ([]byte, error) { return s.keep(ctx) }); err != nil {
			return nil, err
		}
	}
	mac := hmac.New(sha256.New, value)
	io.WriteString(mac, purpose)
	return mac.Sum(nil), nil
}

// known returns the secret in memory, if there is one.
func (s *Secret) known() ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value, s.value != nil
}

// keep reads the secret into memory.
func (s *Secret) keep(ctx context.Context) ([]byte, error) {
	value, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value = value
	return value, nil
}

// read returns the stored secret, making it when absent. When another function
// makes it at the same moment, the one that was stored counts.
func (s *Secret) read(ctx context.Context) ([]byte, error) {
	key := registry.SecretKey(secretName)
	record, err := s.Store.Get(ctx, key)
	if fault.Is(err, fault.NotFound) {
		fresh := make([]byte, 32)
		if _, err := io.ReadFull(s.Random, fresh); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "no randomness")
		}
		body, err := json.Marshal(storedSecret{fresh})
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "the secret cannot be stored")
		}
		token := base64.RawURLEncoding.EncodeToString(fresh[:8]) + "-secret"
		err = s.Store.Write(ctx, token, registry.Write{Record: registry.Record{Key: key, Body: body}})
		if err != nil && !fault.Is(err, fault.PreconditionFailed) {
			return nil, err
		}
		if record, err = s.Store.Get(ctx, key); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	var stored storedSecret
	if err := json.Unmarshal(record.Body, &stored); err != nil || len(stored.Secret) < 32 {
		return nil, fault.Wrap(fault.Internal, err, "the stored secret cannot be read")
	}
	return stored.Secret, nil
}
