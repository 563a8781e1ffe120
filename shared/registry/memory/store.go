// Package memory is a registry.Store in memory: the port's exact semantics in
// little code, for tests and for comparing other adapters with. Nothing
// survives the process.
//
// One lock makes every call atomic, so unlike DynamoDB the index never lags.
// Tokens of winning writes are kept for the life of the Store.
package memory

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// Store is a registry.Store. Its methods are safe for concurrent use.
type Store struct {
	now func() time.Time

	mu      sync.Mutex
	records map[registry.Key]registry.Record
	won     map[string]bool // tokens of writes that were made
}

var _ registry.Store = (*Store)(nil)

// New returns an empty Store. now decides which records have expired.
func New(now func() time.Time) *Store {
	return &Store{now: now, records: map[registry.Key]registry.Record{}, won: map[string]bool{}}
}

// Copy returns a Store with the same records and tokens, which goes its own way
// from here. It costs no more than a map's entry for each.
func (s *Store) Copy() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A record's bytes are never changed once stored.
	return &Store{now: s.now, records: maps.Clone(s.records), won: maps.Clone(s.won)}
}

// Get returns a copy of the record under key.
func (s *Store) Get(ctx context.Context, key registry.Key) (registry.Record, error) {
	if err := cmp.Or(ctx.Err(), registry.CheckKey(key)); err != nil {
		return registry.Record{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, ok := s.live(key)
	if !ok {
		return registry.Record{}, fault.New(fault.NotFound, "no such record")
	}
	return clone(rec), nil
}

// GetMany returns copies of the records that exist, in the order of keys.
func (s *Store) GetMany(ctx context.Context, keys []registry.Key) ([]registry.Record, error) {
	if err := cmp.Or(ctx.Err(), registry.CheckKeys(keys)); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []registry.Record
	for _, k := range keys {
		if rec, ok := s.live(k); ok {
			out = append(out, clone(rec))
		}
	}
	return out, nil
}

// Query returns a page of a partition or of the index.
func (s *Store) Query(ctx context.Context, q registry.Query) ([]registry.Record, bool, error) {
	empty, err := registry.CheckQuery(q)
	if err := cmp.Or(ctx.Err(), err); err != nil {
		return nil, false, err
	}
	if empty {
		return nil, false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []registry.Record
	for key := range s.records {
		if rec, ok := s.live(key); ok && matches(q, rec) {
			found = append(found, rec)
		}
	}
	slices.SortFunc(found, func(a, b registry.Record) int {
		// Entries of the index may share a sort key: the table's own keys decide.
		order := cmp.Or(strings.Compare(at(q, a), at(q, b)), strings.Compare(a.Key.Partition, b.Key.Partition), strings.Compare(a.Key.Sort, b.Key.Sort))
		if q.Descending {
			return -order
		}
		return order
	})
	more := len(found) > q.Limit
	found = found[:min(len(found), q.Limit)]
	for i := range found {
		found[i] = clone(found[i])
	}
	return found, more, nil
}

// at is the sort key a query orders by.
func at(q registry.Query, r registry.Record) string {
	if q.Index {
		return r.Index.Sort
	}
	return r.Key.Sort
}

// matches reports whether a record answers q.
func matches(q registry.Query, r registry.Record) bool {
	partition := r.Key.Partition
	if q.Index {
		partition = r.Index.Partition
	}
	sort := at(q, r)
	if partition != q.Partition || !strings.HasPrefix(sort, q.Prefix) {
		return false
	}
	switch {
	case q.After == "":
		return true
	case q.Descending:
		return sort < q.After
	}
	return sort > q.After
}

// Write makes all writes or none.
func (s *Store) Write(ctx context.Context, token string, writes ...registry.Write) error {
	if err := cmp.Or(ctx.Err(), registry.CheckWrites(token, writes)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.won[token] {
		return nil
	}
	for _, w := range writes {
		rec, _ := s.live(w.Record.Key) // zero when absent: revision 0
		if w.IfRev != registry.AnyRev && w.IfRev != rec.Rev {
			return fault.New(fault.PreconditionFailed, "the record has changed since it was read")
		}
	}
	for _, w := range writes {
		s.apply(w)
	}
	s.won[token] = true
	return nil
}

// apply makes one write, whose condition holds. The lock is held.
func (s *Store) apply(w registry.Write) {
	key := w.Record.Key
	switch w.Op {
	case registry.Put:
		old, _ := s.live(key) // zero when absent: revision 1, no counters
		rec := clone(w.Record)
		rec.Rev, rec.Counters = old.Rev+1, old.Counters
		rec.ExpiresAt = seconds(rec.ExpiresAt)
		s.records[key] = rec
	case registry.Delete:
		delete(s.records, key)
	}
}

// Add changes counters, creating the record with revision 1 and an empty body.
func (s *Store) Add(ctx context.Context, key registry.Key, delta map[string]int64, expiresAt time.Time) error {
	if err := cmp.Or(ctx.Err(), registry.CheckAdd(key, delta)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, ok := s.live(key)
	if !ok {
		rec = registry.Record{Key: key, Rev: 1, Body: []byte("{}")}
	}
	// A copy: a Store made by Copy shares the old one.
	counters := maps.Clone(rec.Counters)
	if counters == nil {
		counters = map[string]int64{}
	}
	for name, d := range delta {
		counters[name] += d
	}
	rec.Counters = counters
	if !expiresAt.IsZero() {
		rec.ExpiresAt = seconds(expiresAt)
	}
	s.records[key] = rec
	return nil
}

// live returns the record under key unless it is absent or has expired.
func (s *Store) live(key registry.Key) (registry.Record, bool) {
	rec, ok := s.records[key]
	if !ok || !rec.ExpiresAt.IsZero() && !rec.ExpiresAt.After(s.now()) {
		return registry.Record{}, false
	}
	return rec, true
}

// clone keeps a caller's bytes and the Store's apart.
func clone(r registry.Record) registry.Record {
	r.Body = bytes.Clone(r.Body)
	r.Counters = maps.Clone(r.Counters)
	return r
}

// seconds drops what a table does not keep.
func seconds(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.Unix(t.Unix(), 0).UTC()
}
