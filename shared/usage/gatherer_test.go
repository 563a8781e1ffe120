package usage_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/registry"
	"godwit/shared/registry/memory"
	"godwit/shared/usage"
)

var start = time.Date(2026, 3, 30, 23, 59, 0, 0, time.UTC)

// clock is a time that tests move.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return start.Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// store counts the writes and refuses them while down.
type store struct {
	*memory.Store
	adds atomic.Int64
	down atomic.Bool
}

var errDown = errors.New("the table is away")

func (s *store) Add(ctx context.Context, key registry.Key, delta map[string]int64, expires time.Time) error {
	s.adds.Add(1)
	if s.down.Load() {
		return errDown
	}
	return s.Store.Add(ctx, key, delta, expires)
}

// open returns a gatherer on a store in memory.
func open() (*usage.Gatherer, *store, *clock) {
	c := &clock{}
	s := &store{Store: memory.New(c.now)}
	return &usage.Gatherer{Store: s, Now: c.now}, s, c
}

// used is what the table says of a key in the month.
func used(t testing.TB, s registry.Store, keyID string, at time.Time) usage.Totals {
	t.Helper()
	got, err := usage.Month(t.Context(), s, "acme", keyID, at)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func flush(t testing.TB, g *usage.Gatherer) {
	t.Helper()
	if err := g.Flush(t.Context()); err != nil {
		t.Fatalf("Flush = %v", err)
	}
}

// One write for each record, however many requests, and none without any.
func TestGatherer_FlushIfDue(t *testing.T) {
	g, s, c := open()
	due := func(wantWrites int64) {
		t.Helper()
		if err := g.FlushIfDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.adds.Load(); got != wantWrites {
			t.Errorf("%d writes, want %d", got, wantWrites)
		}
	}
	due(0)
	g.Request("acme", "key_a", 3)
	due(1) // the first request of a process may be its only one
	for range 50 {
		g.Request("acme", "key_a", 2)
		due(1)
	}
	c.advance(9 * time.Second)
	due(1)
	c.advance(time.Second)
	due(2)
	c.advance(time.Minute)
	due(2) // nothing was counted
	if got, want := used(t, s, "key_a", c.now()), (usage.Totals{Predictions: 51, Rows: 103}); got != want {
		t.Errorf("used = %+v, want %+v", got, want)
	}
}

// Counts of a flush that failed are written by the next, once.
func TestGatherer_failedFlush(t *testing.T) {
	g, s, c := open()
	g.Request("acme", "key_a", 3)
	s.down.Store(true)
	if err := g.FlushIfDue(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("FlushIfDue = %v, want %v", err, errDown)
	}
	g.Request("acme", "key_a", 4)
	if err := g.FlushIfDue(t.Context()); err != nil || s.adds.Load() != 1 {
		t.Errorf("FlushIfDue = %v after %d writes, want none before ten seconds", err, s.adds.Load())
	}
	s.down.Store(false)
	c.advance(10 * time.Second)
	if err := g.FlushIfDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := used(t, s, "key_a", start), (usage.Totals{Predictions: 2, Rows: 7}); got != want {
		t.Errorf("used = %+v, want %+v", got, want)
	}
	flush(t, g)
	if s.adds.Load() != 2 {
		t.Errorf("%d writes, want none without counts", s.adds.Load())
	}
}

// Memory is bounded: what finds no room is dropped, and said to be.
func TestGatherer_bounded(t *testing.T) {
	g, s, _ := open()
	s.down.Store(true)
	for i := range 1200 {
		g.Request("acme", fmt.Sprintf("key_%d", i), 1)
	}
	err := g.Flush(t.Context())
	if !errors.Is(err, errDown) || !strings.Contains(err.Error(), "adding up to 400 were dropped") {
		t.Errorf("Flush = %v, want the failure and 400 dropped counts", err)
	}
	s.down.Store(false)
	flush(t, g)
	if got := used(t, s, "key_999", start); got.Rows != 1 {
		t.Errorf("key_999 used %+v, want what was kept", got)
	}
	if got := used(t, s, "key_1000", start); got.Rows != 0 {
		t.Errorf("key_1000 used %+v, want nothing", got)
	}
	// What is written makes room at once.
	g.Request("acme", "key_1001", 5)
	flush(t, g)
	if got := used(t, s, "key_1001", start); got.Rows != 5 {
		t.Errorf("key_1001 used %+v, want 5 rows", got)
	}
}

// Half of the room taken is reason enough to flush before the time.
func TestGatherer_manyRecords(t *testing.T) {
	g, s, _ := open()
	g.Request("acme", "key_first", 1)
	if err := g.FlushIfDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 499 {
		g.Request("acme", fmt.Sprintf("key_%d", i), 1)
	}
	if err := g.FlushIfDue(t.Context()); err != nil || s.adds.Load() != 1 {
		t.Errorf("FlushIfDue = %v after %d writes, want no further one", err, s.adds.Load())
	}
	g.Request("acme", "key_last", 1)
	if err := g.FlushIfDue(t.Context()); err != nil || s.adds.Load() != 501 {
		t.Errorf("FlushIfDue = %v after %d writes, want 501", err, s.adds.Load())
	}
}

// While the table is down nobody tries before the time, however much waits.
func TestGatherer_manyRecordsDown(t *testing.T) {
	g, s, c := open()
	s.down.Store(true)
	for i := range 600 {
		g.Request("acme", fmt.Sprintf("key_%d", i), 1)
	}
	if err := g.FlushIfDue(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("FlushIfDue = %v, want %v", err, errDown)
	}
	tried := s.adds.Load()
	if err := g.FlushIfDue(t.Context()); err != nil || s.adds.Load() != tried {
		t.Errorf("FlushIfDue = %v after %d writes more, want none before ten seconds", err, s.adds.Load()-tried)
	}
	s.down.Store(false)
	c.advance(10 * time.Second)
	if err := g.FlushIfDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := used(t, s, "key_599", start); got.Rows != 1 {
		t.Errorf("key_599 used %+v, want what was kept", got)
	}
}

// No count is lost or made twice by flushes in between.
func TestGatherer_concurrent(t *testing.T) {
	g, s, c := open()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				g.Request("acme", "key_a", 2)
				c.advance(time.Millisecond)
				if err := g.FlushIfDue(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := g.Spent(t.Context(), "acme", "key_a"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	flush(t, g)
	if got, want := used(t, s, "key_a", start), (usage.Totals{Predictions: 1600, Rows: 3200}); got != want {
		t.Errorf("used = %+v, want %+v", got, want)
	}
}

// A counter that was added to before costs no memory.
func TestGatherer_Add_allocations(t *testing.T) {
	g, _, _ := open()
	key := registry.UsageKey("acme", "key_a", start, 0)
	g.Add(key, "rows", 1)
	flush(t, g)
	if n := testing.AllocsPerRun(100, func() { g.Add(key, "rows", 1) }); n != 0 {
		t.Errorf("Add allocates %v times, want 0", n)
	}
}

// Nobody has to ask whether there is a gatherer.
func TestGatherer_none(t *testing.T) {
	var g *usage.Gatherer
	g.Add(registry.Key{Partition: "p", Sort: "s"}, "rows", 1)
	g.Request("acme", "key_a", 1)
	g.Trained("acme", "key_a", time.Second)
	g.Answered("acme", "intents", 1, usage.Traffic{Rows: 1})
	if err := errors.Join(g.Flush(t.Context()), g.FlushIfDue(t.Context())); err != nil {
		t.Errorf("flushes = %v, want nil", err)
	}
}

// Whatever fits no more than twenty counters at once is written in pieces.
func TestGatherer_manyCounters(t *testing.T) {
	g, s, _ := open()
	key := registry.UsageKey("acme", "key_a", start, 0)
	for i := range 45 {
		g.Add(key, fmt.Sprintf("c%d", i), int64(i))
	}
	flush(t, g)
	rec, err := s.Get(t.Context(), key)
	if err != nil || len(rec.Counters) != 44 || rec.Counters["c44"] != 44 || s.adds.Load() != 3 {
		t.Errorf("record = %v, %v after %d writes; want the counters 1 to 44 in 3", rec.Counters, err, s.adds.Load())
	}
}

func ExampleGatherer() {
	now := func() time.Time { return start }
	table := memory.New(now)
	g := &usage.Gatherer{Store: table, Now: now}
	ctx := context.Background()
	g.Request("acme", "key_a", 8)
	g.Request("acme", "key_a", 1)
	if err := g.FlushIfDue(ctx); err != nil {
		fmt.Println(err)
	}
	used, err := usage.Month(ctx, table, "acme", "key_a", start)
	fmt.Println(used.Predictions, used.Rows, err)
	// Output: 2 9 <nil>
}

func BenchmarkGatherer(b *testing.B) {
	g, _, _ := open()
	b.Run("one request", func(b *testing.B) {
		b.ReportAllocs()
		answer := usage.Traffic{Requests: 1, Rows: 1}
		answer.Answer(3, .93)
		for b.Loop() {
			g.Request("acme", "key_a", 1)
			g.Answered("acme", "intents", 7, answer)
		}
	})
}
