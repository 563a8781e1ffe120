package usage_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/usage"
)

func day(s string) time.Time {
	at, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return at
}

// show is a day in short.
func show(d usage.Day) string {
	return fmt.Sprintf("%s %s %d/%d/%d", d.Date.Format(time.DateOnly), d.KeyID, d.Predictions, d.Rows, d.TrainingSeconds)
}

// tester is a *testing.T or a *rapid.T.
type tester interface {
	Context() context.Context
	Fatalf(format string, args ...any)
}

// all reads a range in pages of limit.
func all(t tester, s registry.Store, r usage.Range, limit int) []string {
	var out []string
	for after := ""; ; {
		page, err := usage.Days(t.Context(), s, "acme", r, registry.PageRequest{Limit: limit, After: after})
		if err != nil || len(page.Items) > limit {
			t.Fatalf("Days(%+v) = %d items, %v", r, len(page.Items), err)
		}
		for _, d := range page.Items {
			out = append(out, show(d))
		}
		if after = page.Next; after == "" {
			return out
		}
	}
}

func TestDays(t *testing.T) {
	_, s, c := open()
	for shard := range usage.Shards {
		g := &usage.Gatherer{Store: s, Now: c.now, Shard: shard}
		g.Request("acme", "key_b", 10)
		g.Request("acme", "key_a", 1)
		g.Request("rival", "key_a", 1000)
		flush(t, g)
	}
	c.advance(2 * time.Minute) // the 31st
	g := &usage.Gatherer{Store: s, Now: c.now}
	g.Request("acme", "key_a", 5)
	g.Trained("acme", "upload", 1499*time.Millisecond)
	flush(t, g)
	c.advance(24 * time.Hour) // April
	g.Request("acme", "key_b", 2)
	flush(t, g)

	march := []string{"2026-03-30 key_a 4/4/0", "2026-03-31 key_a 1/5/0", "2026-03-30 key_b 4/40/0", "2026-03-31 upload 0/0/1"}
	april := []string{"2026-04-01 key_b 1/2/0"}
	for _, tc := range []struct {
		name     string
		from, to string
		key      string
		want     []string
	}{
		{"all", "2026-01-15", "2026-04-02", "", slices.Concat(march, april)},
		{"a month", "2026-03-01", "2026-03-31", "", march},
		{"a day", "2026-03-31", "2026-03-31", "", []string{march[1], march[3]}},
		{"a key", "2026-03-01", "2026-04-30", "key_b", []string{march[2], april[0]}},
		{"the beginning of a key", "2026-03-01", "2026-04-30", "key", nil},
		{"before", "2025-12-01", "2026-02-28", "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := usage.Range{From: day(tc.from), To: day(tc.to), KeyID: tc.key}
			for limit := 1; limit <= 6; limit++ {
				if got := all(t, s, r, limit); !slices.Equal(got, tc.want) {
					t.Errorf("in pages of %d: %q, want %q", limit, got, tc.want)
				}
			}
		})
	}
	for _, bad := range []string{"x", "2026-03", "2026-13 key#01#~", " "} {
		_, err := usage.Days(t.Context(), s, "acme", usage.Range{From: start, To: start}, registry.PageRequest{After: bad})
		if !fault.Is(err, fault.Malformed) {
			t.Errorf("Days after %q = %v, want malformed", bad, err)
		}
	}
}

// Whatever is counted, the days add up to it, in pages of any size and however
// many records a key has.
func TestDays_addUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		_, s, c := open()
		want := map[string]int64{}
		for range rapid.IntRange(1, 60).Draw(rt, "requests") {
			g := &usage.Gatherer{Store: s, Now: c.now, Shard: rapid.IntRange(0, usage.Shards-1).Draw(rt, "shard")}
			key := rapid.SampledFrom([]string{"key_a", "key_ab", "local"}).Draw(rt, "key")
			rows := rapid.IntRange(1, 9).Draw(rt, "rows")
			g.Request("acme", key, rows)
			if err := g.Flush(rt.Context()); err != nil {
				rt.Fatal(err)
			}
			want[c.now().Format(time.DateOnly)+" "+key] += int64(rows)
			c.advance(time.Duration(rapid.IntRange(0, 30).Draw(rt, "hours")) * time.Hour)
		}
		r := usage.Range{From: usage.Date(start), To: usage.Date(c.now())}
		got := all(rt, s, r, rapid.IntRange(1, 7).Draw(rt, "limit"))
		if len(got) != len(want) {
			rt.Fatalf("%d days, want %d: %q, %v", len(got), len(want), got, want)
		}
		for _, line := range got {
			var date, key string
			var n, rows, seconds int64
			if _, err := fmt.Sscanf(line, "%s %s %d/%d/%d", &date, &key, &n, &rows, &seconds); err != nil || want[date+" "+key] != rows {
				rt.Fatalf("%q (%v), want %d rows", line, err, want[date+" "+key])
			}
		}
	})
}

func TestTrafficDays(t *testing.T) {
	_, s, c := open()
	g := &usage.Gatherer{Store: s, Now: c.now}
	answer := usage.Traffic{Requests: 1, Rows: 4, Errors: 1, Abstained: 1}
	for i, score := range []float64{0, .1, .95, 1} {
		answer.Answer(63*i, score) // 0, 63, 126 and 189
	}
	g.Answered("acme", "intents", 7, answer)
	g.Answered("acme", "intents", 70, usage.Traffic{Requests: 1, Rows: 1})
	g.Answered("acme", "intents", 7, usage.Traffic{ShadowRows: 3, ShadowAgreed: 2})
	g.Answered("acme", "other", 7, usage.Traffic{Requests: 1})
	flush(t, g)
	other := &usage.Gatherer{Store: s, Now: c.now, Shard: 3}
	other.Answered("acme", "intents", 7, answer)
	flush(t, other)
	c.advance(time.Hour)
	g.Answered("acme", "intents", 7, usage.Traffic{Requests: 1, Rows: 2})
	flush(t, g)

	got, err := usage.TrafficDays(t.Context(), s, "acme", "intents", 7, day("2026-03-30"), day("2026-03-31"))
	want := []usage.TrafficDay{
		{Date: day("2026-03-30"), Traffic: usage.Traffic{
			Requests: 2, Rows: 8, Errors: 2, Abstained: 2, ScoreMicros: 4_100_000,
			Scores: [usage.Buckets]int64{0: 2, 1: 2, 9: 4}, Labels: [usage.Groups]int64{0: 2, 61: 2, 62: 2, 63: 2}, ShadowRows: 3, ShadowAgreed: 2,
		}},
		{Date: day("2026-03-31"), Traffic: usage.Traffic{Requests: 1, Rows: 2}},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("TrafficDays = %+v, %v; want %+v", got, err, want)
	}
	for _, tc := range []struct {
		from, to string
		want     int
	}{{"2026-03-31", "2026-03-31", 1}, {"2026-03-30", "2026-03-30", 1}, {"2026-01-01", "2026-03-29", 0}, {"2026-04-01", "2026-04-01", 0}} {
		got, err := usage.TrafficDays(t.Context(), s, "acme", "intents", 7, day(tc.from), day(tc.to))
		if err != nil || len(got) != tc.want {
			t.Errorf("TrafficDays from %s to %s = %+v, %v; want %d days", tc.from, tc.to, got, err, tc.want)
		}
	}
}

// FuzzDays: whatever comes as a cursor, the answer is a page or a refusal.
func FuzzDays(f *testing.F) {
	for _, s := range []string{"", "2026-03 key_a#30#~", "2026-03 ", "2026-99 x", "9999-12 \xff", "2026-03 #"} {
		f.Add(s)
	}
	_, s, c := open()
	g := &usage.Gatherer{Store: s, Now: c.now}
	g.Request("acme", "key_a", 1)
	flush(f, g)
	f.Fuzz(func(t *testing.T, after string) {
		page, err := usage.Days(t.Context(), s, "acme", usage.Range{From: day("2026-03-01"), To: day("2026-03-31")}, registry.PageRequest{After: after, Limit: 1})
		if len(page.Items) > 1 || err != nil && !fault.Is(err, fault.Malformed) {
			t.Errorf("Days after %q = %v, %v; want a page or malformed", after, page, err)
		}
	})
}
