package world

import (
	"context"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// table is the store as one lane reaches it.
type table struct{ l *lane }

var _ registry.Store = table{}

func (t table) base() registry.Store { return t.l.w.store }

// Get is registry.Store's.
func (t table) Get(ctx context.Context, key registry.Key) (rec registry.Record, err error) {
	err = t.l.call(ctx, func(bool) (err error) { rec, err = t.base().Get(ctx, key); return err })
	return rec, err
}

// GetMany is registry.Store's.
func (t table) GetMany(ctx context.Context, keys []registry.Key) (recs []registry.Record, err error) {
	err = t.l.call(ctx, func(bool) (err error) { recs, err = t.base().GetMany(ctx, keys); return err })
	return recs, err
}

// Query is registry.Store's.
func (t table) Query(ctx context.Context, q registry.Query) (recs []registry.Record, more bool, err error) {
	err = t.l.call(ctx, func(bool) (err error) { recs, more, err = t.base().Query(ctx, q); return err })
	return recs, more, err
}

// Write is registry.Store's.
func (t table) Write(ctx context.Context, token string, writes ...registry.Write) error {
	return t.l.call(ctx, func(repeated bool) error {
		if repeated && t.l.w.Seams.ForgetTokens {
			token += "-again"
		}
		t.l.w.writer = t.l
		return t.base().Write(ctx, token, writes...)
	})
}

// Add is registry.Store's.
func (t table) Add(ctx context.Context, key registry.Key, delta map[string]int64, expiresAt time.Time) error {
	return t.l.call(ctx, func(repeated bool) error {
		if repeated {
			return nil
		}
		t.l.w.writer = t.l
		return t.base().Add(ctx, key, delta, expiresAt)
	})
}

// witnessed is the one store below all lanes: it makes each write and enters it
// in the ledger.
type witnessed struct {
	registry.Store
	w *World
}

// Write makes the writes and tells the ledger of those that were made now.
func (s witnessed) Write(ctx context.Context, token string, writes ...registry.Write) error {
	err := s.Store.Write(ctx, token, writes...)
	if err != nil || s.w.ledger.won[token] {
		return err
	}
	s.w.ledger.won[token] = true
	for _, write := range writes {
		if write.Op == registry.Check {
			continue
		}
		rec, err := s.Store.Get(ctx, write.Record.Key)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		rec.Key = write.Record.Key
		s.w.enter(rec)
	}
	return nil
}

// Add changes counters and tells the ledger what they are.
func (s witnessed) Add(ctx context.Context, key registry.Key, delta map[string]int64, expiresAt time.Time) error {
	if err := s.Store.Add(ctx, key, delta, expiresAt); err != nil {
		return err
	}
	rec, err := s.Store.Get(ctx, key)
	if err == nil {
		s.w.enterCounts(key, rec.Counters, delta)
	}
	return err
}

// engine is the machine of executions as one lane reaches it.
type engine struct{ l *lane }

// Start begins an execution; the world's workers take it from there.
func (e engine) Start(ctx context.Context, name string, input []byte) error {
	return e.l.call(ctx, func(bool) error { return e.l.w.begin(name, input) })
}

// Status returns the state of an execution.
func (e engine) Status(ctx context.Context, name string) (state, cause string, err error) {
	err = e.l.call(ctx, func(bool) error { state = e.l.w.stateOf(name); return nil })
	return state, "", err
}

// Stop ends an execution, not the worker that is busy with it.
func (e engine) Stop(ctx context.Context, name, _ string) error {
	return e.l.call(ctx, func(bool) error { e.l.w.abort(name); return nil })
}
