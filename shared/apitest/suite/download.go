package suite

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
)

// fetch reads a presigned URL, which needs no key.
func (s *session) fetch(url string) (*answer, error) {
	r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	a, err := s.receive(r)
	if err == nil && a.status != 200 {
		err = fmt.Errorf("GET of the presigned URL answered %d %.200s", a.status, a.raw)
	}
	return a, err
}

// download reads a presigned URL and holds the bytes against a digest and size.
func (s *session) download(url, digest string, size int64) error {
	a, err := s.fetch(url)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(a.raw)
	if got := "sha256:" + hex.EncodeToString(sum[:]); got != digest || int64(len(a.raw)) != size {
		return fmt.Errorf("%d bytes of %s, want %d of %s", len(a.raw), got, size, digest)
	}
	return nil
}
