package usage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"godwit/shared/registry"
)

// The pace and the bounds of a Gatherer.
const (
	every       = 10 * time.Second // between two flushes
	flushTime   = 2 * time.Second  // a flush at the end of a request takes at most
	maxRecords  = 1000             // records whose counts are in memory, about 1 kB each
	maxCounters = 20               // that registry.Store.Add takes at once
	writers     = 4                // records written at the same time
)

// Gatherer adds counts up in memory and writes them from time to time. Its
// exported fields are set once before use; a nil *Gatherer counts nothing. All
// methods are safe for concurrent use.
type Gatherer struct {
	Store registry.Store
	Now   func() time.Time // decides on which day, UTC, is counted
	Shard int              // which of the Shards this process writes, from 0

	mu      sync.Mutex
	records map[registry.Key]*record
	dirty   int       // records with counts
	lost    int64     // counts that found no room since the last flush
	flushed time.Time // when the last flush began; zero before the first
	failed  bool      // the last flush: the next waits its time, however much there is
	spent   map[spender]*spending

	flushing sync.Mutex // held by the one flush there is at a time
}

// record is the counts of one record that are not written yet. It is kept,
// empty, for one flush longer, so that adding to it again allocates nothing.
type record struct {
	counts []count
	dirty  bool
}

// count is what one counter has grown by since it was last written.
type count struct {
	name string
	n    int64
}

// Add adds n to a counter of the record under key. Nothing is written until a
// flush. Where a thousand records wait to be written, the counts of a further
// one are dropped, and the next flush says how many.
func (g *Gatherer) Add(key registry.Key, name string, n int64) {
	if g == nil || n == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.record(key)
	if r == nil {
		g.lost += n
		return
	}
	if !r.dirty {
		r.dirty = true
		g.dirty++
	}
	// A list, not a map: a request counts the same few names in the same order.
	for i := range r.counts {
		if r.counts[i].name == name {
			r.counts[i].n += n
			return
		}
	}
	r.counts = append(r.counts, count{name, n})
}

// record returns the counts under key, or nil when there is no room for them.
func (g *Gatherer) record(key registry.Key) *record {
	if r, ok := g.records[key]; ok {
		return r
	}
	if len(g.records) >= maxRecords {
		if g.dirty == len(g.records) {
			return nil
		}
		for k, r := range g.records {
			if !r.dirty {
				delete(g.records, k)
			}
		}
	}
	if g.records == nil {
		g.records = make(map[registry.Key]*record)
	}
	r := &record{}
	g.records[key] = r
	return r
}

// FlushIfDue flushes when the last flush began ten seconds ago or more, when
// there was none yet, or when half the room is taken; it is for the end of a
// request. It takes two seconds at most, and nothing when another request is
// flushing. A flush that fails is tried again after ten seconds.
func (g *Gatherer) FlushIfDue(ctx context.Context) error {
	if g == nil || !g.due() || !g.flushing.TryLock() {
		return nil
	}
	defer g.flushing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	return g.flush(ctx)
}

// due reports whether it is time for a flush.
func (g *Gatherer) due() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dirty == 0 {
		return false
	}
	return g.flushed.IsZero() || g.Now().Sub(g.flushed) >= every || g.dirty >= maxRecords/2 && !g.failed
}

// Flush writes what was gathered and reads again what the keys with a budget
// have used. Counts that could not be written are kept for the next flush. The
// error is that of the first write that failed, or says that counts were
// dropped.
func (g *Gatherer) Flush(ctx context.Context) error {
	if g == nil {
		return nil
	}
	g.flushing.Lock()
	defer g.flushing.Unlock()
	return g.flush(ctx)
}

// flush is Flush for who holds g.flushing.
func (g *Gatherer) flush(ctx context.Context) error {
	batches, lost := g.take()
	expires := g.Now().Add(kept)
	failures := make([]error, len(batches))
	gate := make(chan struct{}, writers)
	var wg sync.WaitGroup
	for i, b := range batches {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			if failures[i] = g.Store.Add(ctx, b.key, b.delta, expires); failures[i] != nil {
				for name, n := range b.delta { // sums: the order does not matter
					g.Add(b.key, name, n)
				}
			}
		})
	}
	wg.Wait()
	// The first in the order of keys, not of time.
	err := cmp.Or(failures...)
	if err == nil {
		// Only after a flush that was whole: counts still in memory must not be
		// taken off what a budget was held to.
		err = g.refresh(ctx)
	}
	g.mu.Lock()
	g.failed = err != nil
	g.mu.Unlock()
	if lost > 0 {
		err = errors.Join(err, fmt.Errorf("usage: counts adding up to %d were dropped: more than %d records waited to be written", lost, maxRecords))
	}
	return err
}

// batch is one write of a flush.
type batch struct {
	key   registry.Key
	delta map[string]int64
}

// take empties the gatherer into batches, in the order of their keys. Records
// nothing was added to since the last flush are let go.
func (g *Gatherer) take() (batches []batch, lost int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, r := range g.records {
		if !r.dirty {
			delete(g.records, key)
			continue
		}
		for some := range slices.Chunk(r.counts, maxCounters) {
			b := batch{key, make(map[string]int64, len(some))}
			for i, c := range some {
				if c.n != 0 {
					b.delta[c.name] = c.n
				}
				some[i].n = 0
			}
			if len(b.delta) > 0 {
				batches = append(batches, b)
			}
		}
		r.dirty = false
	}
	// Two chunks of one record stay as they came: their counters differ.
	slices.SortStableFunc(batches, func(a, b batch) int {
		return cmp.Or(cmp.Compare(a.key.Partition, b.key.Partition), cmp.Compare(a.key.Sort, b.key.Sort))
	})
	lost, g.lost, g.dirty, g.flushed = g.lost, 0, 0, g.Now()
	return batches, lost
}
