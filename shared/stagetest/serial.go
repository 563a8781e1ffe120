package stagetest

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// Serial is a transport that performs one request at a time, answer included.
// moto needs it: its transactions are undone by restoring a copy of the table,
// so requests under way together overwrite each other. Callers still race for
// whose request comes first.
type Serial struct {
	mu   sync.Mutex
	Base http.RoundTripper // nil means http.DefaultTransport
}

// RoundTrip performs req once no other is under way.
func (s *Serial) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	base := s.Base
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, err
}
