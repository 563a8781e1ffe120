package usage

import (
	"cmp"
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// Range asks for the counts of some days.
type Range struct {
	From, To time.Time // the first and the last day, as Date returns them
	KeyID    string    // of one key; empty for all of the tenant's
}

// Day is what one key used on one day.
type Day struct {
	Date  time.Time // midnight, UTC
	KeyID string    // whose
	Totals
}

// Days returns a page of what a tenant's keys used, by month, then key, then
// day; a day on which a key used nothing is not there. p.Limit is 1 to 200.
// fault.Malformed when p.After is not the Next of a page.
func Days(ctx context.Context, store registry.Store, t registry.Tenant, r Range, p registry.PageRequest) (registry.Page[Day], error) {
	out := registry.Page[Day]{Items: []Day{}}
	at, after := month(r.From), ""
	if p.After != "" {
		var err error
		if at, after, err = resume(p.After, r); err != nil {
			return out, err
		}
	}
	limit := min(cmp.Or(p.Limit, maxQuery), maxQuery)
	for ; !at.After(r.To); at, after = at.AddDate(0, 1, 0), "" {
		q := registry.Query{Partition: registry.UsagePartition(t, at), After: after, Limit: maxQuery}
		if r.KeyID != "" {
			q.Prefix = registry.UsagePrefix(r.KeyID)
		}
		if full, err := addMonth(ctx, store, q, at, r, limit, &out); err != nil || full {
			return out, err
		}
	}
	return out, nil
}

// addMonth adds the days of one month to out, until it is full: then out.Next
// is set. The shards of a day follow each other, so a day is never cut in two.
func addMonth(ctx context.Context, store registry.Store, q registry.Query, at time.Time, r Range, limit int, out *registry.Page[Day]) (full bool, err error) {
	for more := true; more; {
		var found []registry.Record
		if found, more, err = store.Query(ctx, q); err != nil {
			return false, err
		}
		for _, rec := range found {
			q.After = rec.Key.Sort
			d, ok := dayOf(rec, at)
			if !ok || d.Date.Before(r.From) || d.Date.After(r.To) {
				continue
			}
			last := len(out.Items) - 1
			if last < 0 || out.Items[last].KeyID != d.KeyID || !out.Items[last].Date.Equal(d.Date) {
				if len(out.Items) == limit {
					out.Next = cursor(out.Items[last])
					return true, nil
				}
				out.Items = append(out.Items, d)
				last++
			}
			out.Items[last].add(rec.Counters)
		}
	}
	return false, nil
}

// dayOf reads whose record it is, and of which day of the month.
func dayOf(rec registry.Record, at time.Time) (Day, bool) {
	// KEYID#DAY#SHARD, as registry.UsageKey builds it.
	rest, _ := cutLast(rec.Key.Sort)
	key, number := cutLast(rest)
	date, err := time.Parse("2006-01-02", at.Format("2006-01-")+number)
	return Day{Date: date, KeyID: key}, err == nil
}

// cursor continues behind every shard of a day: "~" sorts after all digits.
func cursor(d Day) string {
	sort, _ := cutLast(registry.UsageKey("", d.KeyID, d.Date, 0).Sort)
	return d.Date.Format("2006-01") + " " + sort + "#~"
}

// maxCursor is longer than any record's key here, in bytes.
const maxCursor = 300

// resume reads a cursor of the range.
func resume(s string, r Range) (at time.Time, after string, err error) {
	// The token is the caller's word: a month outside the range would read
	// records that were not asked for.
	first, after, _ := strings.Cut(s, " ")
	at, err = time.Parse("2006-01", first)
	if err != nil || at.Before(month(r.From)) || at.After(r.To) || after == "" || len(s) > maxCursor || !utf8.ValidString(after) {
		return at, "", fault.New(fault.Malformed, "page_token is not one this list gave out").WithReason("bad_page_token")
	}
	return at, after, nil
}
