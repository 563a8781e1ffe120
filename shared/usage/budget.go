package usage

import (
	"context"
	"time"

	"godwit/shared/registry"
)

// spender is a key in a month.
type spender struct {
	tenant registry.Tenant
	key    string
	month  time.Time
}

// spending is what a spender used, as far as this process knows.
type spending struct {
	known Totals // in the table, when it was last read
	since Totals // counted here after that
	asked bool   // since the last flush
}

// Request counts one answered request of a key with so many inputs.
func (g *Gatherer) Request(t registry.Tenant, keyID string, inputs int) {
	if g == nil {
		return
	}
	now := g.Now()
	key := registry.UsageKey(t, keyID, now, g.Shard)
	g.Add(key, predictions, 1)
	g.Add(key, rows, int64(inputs))
	g.mu.Lock()
	defer g.mu.Unlock()
	if s, ok := g.spent[spender{t, keyID, month(now.UTC())}]; ok {
		s.since.Predictions++
		s.since.Rows += int64(inputs)
	}
}

// Trained counts the time of a finished training job, to the second, for the
// key that asked for it.
func (g *Gatherer) Trained(t registry.Tenant, keyID string, took time.Duration) {
	if g == nil {
		return
	}
	g.Add(registry.UsageKey(t, keyID, g.Now(), g.Shard), trainingSeconds, int64(took.Round(time.Second)/time.Second))
}

// Spent returns what a key used this month, approximately: what the table said
// when it was last read, which is after a flush or when a key is first asked
// about, and what this process counted since. What other processes have not
// flushed yet is not in it. The error is that of the first read of a key.
func (g *Gatherer) Spent(ctx context.Context, t registry.Tenant, keyID string) (Totals, error) {
	who := spender{t, keyID, month(g.Now().UTC())}
	if used, ok := g.recall(who); ok {
		return used, nil
	}
	known, err := Month(ctx, g.Store, who.tenant, who.key, who.month)
	if err != nil {
		return Totals{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.spent == nil {
		g.spent = make(map[spender]*spending)
	}
	if len(g.spent) >= maxRecords {
		clear(g.spent) // it is only a cache
	}
	g.spent[who] = &spending{known: known, asked: true}
	return known, nil
}

// recall returns what is known of a spender.
func (g *Gatherer) recall(who spender) (Totals, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, ok := g.spent[who]
	if !ok {
		return Totals{}, false
	}
	s.asked = true
	return Totals{
		Predictions:     s.known.Predictions + s.since.Predictions,
		Rows:            s.known.Rows + s.since.Rows,
		TrainingSeconds: s.known.TrainingSeconds,
	}, true
}

// refresh reads again what the spenders asked about since the last flush have
// used, and forgets the others. One that cannot be read keeps what is known.
func (g *Gatherer) refresh(ctx context.Context) error {
	var failure error
	for _, who := range g.asked() {
		known, err := Month(ctx, g.Store, who.tenant, who.key, who.month)
		if err != nil {
			failure = err
			continue
		}
		g.mu.Lock()
		if s, ok := g.spent[who]; ok {
			// What was counted while this flush wrote is in neither until the next
			// one: an undercount of moments, where adding it twice would hold
			// back callers who have budget left.
			s.known, s.since = known, Totals{}
		}
		g.mu.Unlock()
	}
	return failure
}

// asked returns the spenders asked about since the last flush and lets go of
// the others.
func (g *Gatherer) asked() []spender {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []spender
	for who, s := range g.spent {
		if !s.asked {
			delete(g.spent, who)
			continue
		}
		s.asked = false
		out = append(out, who)
	}
	return out
}

// Month returns what a key used in the month of at, as far as it is written: at
// most 31 days of Shards records, which is one query.
func Month(ctx context.Context, store registry.Store, t registry.Tenant, keyID string, at time.Time) (Totals, error) {
	var out Totals
	found, _, err := store.Query(ctx, registry.Query{
		Partition: registry.UsagePartition(t, at), Prefix: registry.UsagePrefix(keyID), Limit: maxQuery,
	})
	for _, rec := range found {
		out.add(rec.Counters)
	}
	return out, err
}
