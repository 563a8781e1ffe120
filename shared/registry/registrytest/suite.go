// Package registrytest holds every registry.Store to the port's contract.
//
// Run is called by the tests of each adapter. It is black-box: it uses nothing
// but the port, so what it finds is what a Registry would meet.
package registrytest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// Run checks the stores that open returns. Each call of open must return an
// empty Store that judges expiry by time.Now; its resources are released by
// tb.Cleanup.
func Run(t *testing.T, open func(tb testing.TB) registry.Store) {
	run(t, open, all)
}

// RunRepeated is Run for stores whose requests are troubled and repeated on the
// way, which nobody may notice. It leaves out what counts with Store.Add, which
// is not idempotent, and what is only about size.
func RunRepeated(t *testing.T, open func(tb testing.TB) registry.Store) {
	run(t, open, repeatable)
}

// part says which run a test belongs to; each includes the ones before it.
type part int

const (
	repeatable part = iota // the same when requests are performed twice
	all
)

func run(t *testing.T, open func(tb testing.TB) registry.Store, parts part) {
	for _, tc := range []struct {
		name string
		run  func(*testing.T, *suite)
		part part
	}{
		{"absent", absent, repeatable},
		{"round trip", roundTrip, repeatable},
		{"conditions", conditions, repeatable},
		{"all or nothing", allOrNothing, repeatable},
		{"delete", deletion, repeatable},
		{"token replay", replay, repeatable},
		{"token replay after others wrote", replayLate, repeatable},
		{"expiry", expiry, all},
		{"expired records replaced", expiryReplaced, all},
		{"counters", counters, all},
		{"query pages", queryPages, repeatable},
		{"query bounds", queryBounds, repeatable},
		{"index", index, repeatable},
		{"sizes", sizes, all},
		{"large pages", largePages, all},
		{"misuse", misuse, repeatable},
		{"race to create", raceCreate, repeatable},
		{"race to increment", raceIncrement, repeatable},
		{"race of transactions", raceTransactions, repeatable},
		{"race of counters", raceCounters, all},
		{"race of commits", raceCommits, repeatable},
		{"race of promotions", racePromotions, repeatable},
		{"race of rollbacks", raceRollbacks, repeatable},
		{"race of routes", raceRoutes, repeatable},
		{"race of deletion and pointers", raceDeletions, repeatable},
		{"race of model deletion and commits", raceModelDeletion, repeatable},
		{"race of data set deletion and jobs", raceDatasetDeletion, repeatable},
		{"context", cancelled, repeatable},
	} {
		if tc.part > parts {
			continue
		}
		t.Run(tc.name, func(t *testing.T) { tc.run(t, &suite{T: t, store: open(t)}) })
	}
}

// suite is one test's store and its shorthands.
type suite struct {
	*testing.T
	store registry.Store
}

var tokens atomic.Int64

// token is unique in this process.
func token() string {
	return fmt.Sprintf("token-%d-%d", time.Now().UnixNano(), tokens.Add(1))
}

func key(sort string) registry.Key { return registry.Key{Partition: "acme#TEST", Sort: sort} }

// put is a write of body under a revision, 0 to create.
func put(k registry.Key, body string, ifRev int64) registry.Write {
	return registry.Write{Op: registry.Put, Record: registry.Record{Key: k, Body: []byte(body)}, IfRev: ifRev}
}

// expiring is put with an expiry.
func expiring(k registry.Key, body string, ifRev int64, at time.Time) registry.Write {
	w := put(k, body, ifRev)
	w.Record.ExpiresAt = at
	return w
}

// drop is a deletion under a revision.
func drop(k registry.Key, ifRev int64) registry.Write {
	return registry.Write{Op: registry.Delete, Record: registry.Record{Key: k}, IfRev: ifRev}
}

// check is a condition alone.
func check(k registry.Key, rev int64) registry.Write {
	return registry.Write{Op: registry.Check, Record: registry.Record{Key: k}, IfRev: rev}
}

// write makes writes that must succeed.
func (s *suite) write(writes ...registry.Write) {
	s.Helper()
	if err := s.store.Write(s.Context(), token(), writes...); err != nil {
		s.Fatalf("Write(%d records) = %v, want success", len(writes), err)
	}
}

// refuse makes writes that must fail with code.
func (s *suite) refuse(code fault.Code, writes ...registry.Write) {
	s.Helper()
	if err := s.store.Write(s.Context(), token(), writes...); !fault.Is(err, code) {
		s.Errorf("Write(%d records) = %v, want %s", len(writes), err, code)
	}
}

// get returns a record that must be there.
func (s *suite) get(k registry.Key) registry.Record {
	s.Helper()
	rec, err := s.store.Get(s.Context(), k)
	if err != nil {
		s.Fatalf("Get(%v) = %v, want a record", k, err)
	}
	return rec
}

// wantAbsent checks that no read finds k.
func (s *suite) wantAbsent(k registry.Key) {
	s.Helper()
	if rec, err := s.store.Get(s.Context(), k); !fault.Is(err, fault.NotFound) {
		s.Errorf("Get(%v) = revision %d, %v, want %s", k, rec.Rev, err, fault.NotFound)
	}
	if recs, err := s.store.GetMany(s.Context(), []registry.Key{k}); err != nil || len(recs) != 0 {
		s.Errorf("GetMany(%v) = %d records, %v, want none", k, len(recs), err)
	}
}

// wantRecord checks revision, body and counters of a record.
func (s *suite) wantRecord(k registry.Key, rev int64, body string, counters map[string]int64) {
	s.Helper()
	rec := s.get(k)
	if rec.Key != k || rec.Rev != rev || string(rec.Body) != body || !maps.Equal(rec.Counters, counters) {
		s.Errorf("Get(%v) = %v revision %d, %.60q, %v, want revision %d, %.60q, %v",
			k, rec.Key, rec.Rev, rec.Body, rec.Counters, rev, body, counters)
	}
}

// query returns one page that must be readable.
func (s *suite) query(q registry.Query) ([]registry.Record, bool) {
	s.Helper()
	recs, more, err := s.store.Query(s.Context(), q)
	if err != nil {
		s.Fatalf("Query(%+v) = %v, want success", q, err)
	}
	return recs, more
}

// pages follows a query to its end and returns the sort keys met.
func (s *suite) pages(q registry.Query) string {
	s.Helper()
	var met []string
	for range 1000 {
		recs, more := s.query(q)
		if len(recs) > q.Limit || more && len(recs) != q.Limit {
			s.Fatalf("Query(%+v) = %d records, more %v", q, len(recs), more)
		}
		for _, r := range recs {
			q.After = r.Key.Sort
			if q.Index {
				q.After = r.Index.Sort
			}
			met = append(met, q.After)
		}
		if !more {
			return strings.Join(met, " ")
		}
	}
	s.Fatalf("Query(%+v) does not end", q)
	return ""
}

// race runs f on n goroutines and returns how many calls succeeded. An error
// without the code lost fails the test.
func (s *suite) race(n int, lost fault.Code, f func(i int) error) int {
	s.Helper()
	var wg sync.WaitGroup
	var won atomic.Int64
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			err := f(i)
			if err == nil {
				won.Add(1)
			} else if !fault.Is(err, lost) {
				s.Errorf("racer %d: %v, want success or %s", i, err, lost)
			}
		})
	}
	// All at once: goroutines that run as they are made would mostly not meet.
	close(start)
	wg.Wait()
	return int(won.Load())
}

// cancelled checks that an ended context comes out as itself, not as an outage.
func cancelled(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.store.Get(ctx, key("a"))
	calls := map[string]error{"Get": err}
	_, calls["GetMany"] = s.store.GetMany(ctx, []registry.Key{key("a")})
	_, _, calls["Query"] = s.store.Query(ctx, registry.Query{Partition: "acme#TEST", Limit: 1})
	calls["Write"] = s.store.Write(ctx, token(), put(key("a"), `{}`, 0))
	calls["Add"] = s.store.Add(ctx, key("a"), map[string]int64{"n": 1}, time.Time{})
	for name, err := range calls {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with an ended context = %v, want context.Canceled", name, err)
		}
	}
	s.wantAbsent(key("a"))
}
