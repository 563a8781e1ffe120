package remote

import (
	"slices"

	"godwit/shared/blob"
)

// sessionKey names a stored graph. The key of the object begins with the tenant,
// so that nobody learns from the time an answer takes what another tenant has.
type sessionKey struct {
	key    string
	digest blob.Digest
}

// kept is a session with what it counts for.
type kept struct {
	sessionKey
	session Session
	bytes   int64
}

// sessions are those in memory, the least recently used first. Few fit, so that a
// list is looked through. The zero value holds none.
type sessions struct{ list []kept }

// get returns a session, nil when it is not held.
func (s *sessions) get(key sessionKey) Session {
	i := slices.IndexFunc(s.list, func(k kept) bool { return k.sessionKey == key })
	if i < 0 {
		return nil
	}
	found := s.list[i]
	s.list = append(slices.Delete(s.list, i, i+1), found)
	return found.session
}

// add holds a session that is not held yet.
func (s *sessions) add(key sessionKey, session Session, bytes int64) {
	s.list = append(s.list, kept{key, session, bytes})
}

// trim closes sessions until those held count at most limit.
func (s *sessions) trim(limit int64) {
	total := int64(0)
	for _, k := range s.list {
		total += k.bytes
	}
	for len(s.list) > 0 && total > limit {
		total -= s.list[0].bytes
		s.list[0].session.Close()
		s.list = slices.Delete(s.list, 0, 1)
	}
}
