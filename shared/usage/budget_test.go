package usage_test

import (
	"context"
	"testing"
	"time"

	"godwit/shared/registry"
	"godwit/shared/usage"
)

// reads counts the queries and refuses them while down.
type reads struct {
	*store
	queries int
}

func (r *reads) Query(ctx context.Context, q registry.Query) ([]registry.Record, bool, error) {
	r.queries++
	if r.down.Load() {
		return nil, false, errDown
	}
	return r.store.Query(ctx, q)
}

// Two processes see what the other used after their next flush.
func TestGatherer_Spent(t *testing.T) {
	_, s, c := open()
	r := &reads{store: s}
	one := &usage.Gatherer{Store: r, Now: c.now, Shard: 1}
	two := &usage.Gatherer{Store: s, Now: c.now, Shard: 2}
	spent := func(want int64) {
		t.Helper()
		got, err := one.Spent(t.Context(), "acme", "key_a")
		if err != nil || got.Rows != want {
			t.Errorf("Spent = %+v, %v; want %d rows", got, err, want)
		}
	}
	spent(0)
	for range 5 {
		one.Request("acme", "key_a", 2)
	}
	two.Request("acme", "key_a", 100)
	flush(t, two)
	spent(10)
	if r.queries != 1 {
		t.Errorf("%d queries, want one until a flush", r.queries)
	}
	flush(t, one)
	spent(110)
	one.Request("acme", "key_a", 1)
	spent(111)
	flush(t, one)
	spent(111)
	if r.queries != 3 {
		t.Errorf("%d queries, want one for each flush", r.queries)
	}
	// One that nobody asks about any more is not read any more.
	flush(t, one)
	one.Request("acme", "key_b", 1)
	flush(t, one)
	one.Request("acme", "key_b", 1)
	flush(t, one)
	if r.queries != 4 {
		t.Errorf("%d queries, want none for a key that is not asked about", r.queries)
	}
}

// A new month begins at nothing, and a table that is away does not take away
// what is known.
func TestGatherer_Spent_monthAndOutage(t *testing.T) {
	_, s, c := open()
	r := &reads{store: s}
	g := &usage.Gatherer{Store: r, Now: c.now}
	g.Request("acme", "key_a", 7)
	flush(t, g)
	spent := func(want int64) {
		t.Helper()
		if got, err := g.Spent(t.Context(), "acme", "key_a"); err != nil || got.Rows != want {
			t.Errorf("Spent at %v = %+v, %v; want %d rows", c.now(), got, err, want)
		}
	}
	spent(7)
	g.Request("acme", "key_a", 1)
	r.down.Store(true)
	if err := g.Flush(t.Context()); err == nil {
		t.Error("Flush = nil while the table is away")
	}
	spent(8)
	if _, err := g.Spent(t.Context(), "acme", "key_new"); err == nil {
		t.Error("Spent of an unknown key = nil while the table is away, want its error")
	}
	r.down.Store(false)
	c.advance(24*time.Hour + 2*time.Minute) // April
	spent(0)
	g.Request("acme", "key_a", 3)
	spent(3)
	flush(t, g)
	if got := used(t, s, "key_a", start); got.Rows != 8 {
		t.Errorf("March = %+v, want 8 rows: they were counted then", got)
	}
	if want := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC); !usage.NextMonth(c.now()).Equal(want) {
		t.Errorf("NextMonth = %v, want %v", usage.NextMonth(c.now()), want)
	}
}

func TestNextMonth(t *testing.T) {
	east := time.FixedZone("east", 9*3600)
	for _, tc := range []struct{ at, want time.Time }{
		{time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)},
		{time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
		{time.Date(2026, 3, 1, 8, 0, 0, 0, east), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}, // still February in UTC
	} {
		if got := usage.NextMonth(tc.at); !got.Equal(tc.want) {
			t.Errorf("NextMonth(%v) = %v, want %v", tc.at, got, tc.want)
		}
	}
}
