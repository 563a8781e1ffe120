package monitor

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

const (
	// shards is how many records share the counts of one version and day: a
	// prediction always counts in the same one.
	shards = 4
	// perWrite is how many judgements one transaction records: each writes at
	// most three records, and the counts one more, of registry.MaxWrites.
	perWrite = 30
	// attempts bounds how often a transaction that met another is made again.
	attempts = 64
)

// judged is the record of what was said of one answer.
type judged struct {
	Label   string    `json:"label,omitempty"`
	Actual  float64   `json:"actual,omitempty"`
	Comment string    `json:"comment,omitempty"`
	Object  string    `json:"object,omitempty"` // of the example in the uploads bucket
	Rank    string    `json:"rank,omitempty"`   // of its entry in the review queue; empty: it has none
	By      string    `json:"by"`
	At      time.Time `json:"at"`
}

// Record records judgements of a tenant's predictions, each pair of prediction
// and index at most once in js, and returns what each came to, in order. A
// judgement of an answer that was judged before takes the earlier one's place;
// an input or a comment that is not sent again stays. When it fails, some
// judgements may have been recorded: recording them again does no harm.
//
// The error is fault.Unavailable when the same call may succeed later.
func (s *Service) Record(ctx context.Context, t registry.Tenant, js []Judgement) ([]Outcome, error) {
	objects := make([]string, len(js))
	err := each(ctx, len(js), func(ctx context.Context, i int) (err error) {
		if js[i].Input != nil {
			objects[i], err = s.putExample(ctx, t, &js[i])
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]Outcome, len(js))
	// Judgements of one count go into one transaction, in the order they came: two
	// transactions on one record would only lose races against each other.
	groups, order := map[registry.Key][]int{}, []registry.Key{}
	for i := range js {
		key := js[i].tallyKey(t)
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], i)
	}
	for _, key := range order {
		for some := range slices.Chunk(groups[key], perWrite) {
			c := change{Service: s, tenant: t, tally: key, js: js, some: some, objects: objects, out: out}
			if err := c.commit(ctx); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// tallyKey is the record that counts j.
func (j *Judgement) tallyKey(t registry.Tenant) registry.Key {
	n, _ := strconv.ParseUint(j.hash()[:1], 16, 8) // a hexadecimal digit
	return registry.FeedbackKey(t, j.Model, j.Version, j.At, int(n%shards))
}

// change is one transaction: some judgements that one record counts. For each of
// them it writes up to three records (JUDGED, what was said of the answer;
// REVIEW, its new place in the queue, and the deletion of its old one), and for
// all of them the tally. Nothing but the tally is shared with other judgements,
// so it alone, and JUDGED, are written under a revision.
type change struct {
	*Service
	tenant  registry.Tenant
	tally   registry.Key
	js      []Judgement
	some    []int // of js
	objects []string
	out     []Outcome
}

// commit makes the change, again as long as others change the same records.
// There is no pause: a lost race means that the winner has finished.
func (c *change) commit(ctx context.Context) error {
	for range attempts {
		writes, err := c.plan(ctx)
		if err != nil || len(writes) == 0 {
			return err
		}
		err = c.Store.Write(ctx, c.NewToken(), writes...)
		if !fault.Is(err, fault.PreconditionFailed) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return fault.New(fault.Unavailable, "too much feedback on this version at the same moment; try again")
}

// plan reads what is there and returns the writes that bring it to what was
// judged, none when it says so already.
func (c *change) plan(ctx context.Context) ([]registry.Write, error) {
	keys := []registry.Key{c.tally}
	for _, i := range c.some {
		keys = append(keys, c.key(i))
	}
	found, err := c.Store.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	records := make(map[registry.Key]registry.Record, len(found))
	for _, rec := range found {
		records[rec.Key] = rec
	}
	var tally Tally
	if err := decode(records[c.tally], &tally); err != nil {
		return nil, err
	}
	var writes []registry.Write
	counted := false
	for _, i := range c.some {
		w, counts, err := c.judge(i, records[c.key(i)], &tally)
		if err != nil {
			return nil, err
		}
		writes, counted = append(writes, w...), counted || counts
	}
	if counted {
		// Under the revision that was read (0: there is none), which makes the counts
		// exact: whoever comes second counts anew.
		w, err := put(c.tally, records[c.tally].Rev, tally, c.js[c.some[0]].At.Add(kept))
		return append(writes, w), err
	}
	return writes, nil
}

// key is the record of judgement i.
func (c *change) key(i int) registry.Key {
	return registry.JudgedKey(c.tenant, c.js[i].hash(), c.js[i].Index)
}

// judge counts judgement i over what its record holds, and returns the writes
// that note it. counts says that the tally changed.
func (c *change) judge(i int, rec registry.Record, tally *Tally) (writes []registry.Write, counts bool, err error) {
	j, known := &c.js[i], rec.Rev != 0
	var before judged
	if err := decode(rec, &before); err != nil {
		return nil, false, err
	}
	v := j.verdict(j.Label, j.Actual)
	after := judged{Label: j.Label, Actual: j.Actual, Comment: j.Comment, Object: c.objects[i], By: j.By, At: c.Now().UTC()}
	if after.Object == "" {
		after.Object = before.Object
	}
	if after.Comment == "" {
		after.Comment = before.Comment
	}
	if after.Object != "" || after.Comment != "" {
		after.Rank = j.rank(v)
	}
	c.out[i] = Outcome{Status: Recorded, Correct: v.correct(), NewLabel: v.isNew(), Deviation: v.deviation}
	same := known && before.Label == after.Label && before.Actual == after.Actual
	switch {
	case same:
		c.out[i].Status = Repeated
		if before.Object == after.Object && before.Comment == after.Comment {
			return nil, false, nil
		}
	case known:
		c.out[i].Status = Corrected
		// Taken back exactly as it was counted: the answer is in the signed id
		// and what it was judged in the record.
		tally.count(j.verdict(before.Label, before.Actual), -1)
		tally.Corrected++
	}
	if !same {
		tally.count(v, 1)
	}
	writes, err = c.note(j, rec, before, after, v)
	return writes, !same, err
}

// note returns the writes of a judgement's record and of its entry in the queue.
func (c *change) note(j *Judgement, rec registry.Record, before, after judged, v verdict) ([]registry.Write, error) {
	// A day more than feedback is taken: the record outlives the last that counts.
	w, err := put(registry.JudgedKey(c.tenant, j.hash(), j.Index), rec.Rev, after, j.At.Add(Window+24*time.Hour))
	if err != nil {
		return nil, err
	}
	writes := []registry.Write{w}
	if before.Rank != "" && before.Rank != after.Rank {
		old := registry.Record{Key: registry.ReviewKey(c.tenant, j.Model, before.Rank, j.hash(), j.Index)}
		writes = append(writes, registry.Write{Op: registry.Delete, Record: old, IfRev: registry.AnyRev})
	}
	if after.Rank != "" {
		entry := j.entry(after, v)
		w, err := put(registry.ReviewKey(c.tenant, j.Model, after.Rank, j.hash(), j.Index), registry.AnyRev, entry, j.At.Add(kept))
		if err != nil {
			return nil, err
		}
		writes = append(writes, w)
	}
	return writes, nil
}

// put is a write of v under a condition.
func put(key registry.Key, ifRev int64, v any, expires time.Time) (registry.Write, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return registry.Write{}, fault.Wrap(fault.Internal, err, "the feedback cannot be stored")
	}
	return registry.Write{Record: registry.Record{Key: key, Body: body, ExpiresAt: expires.UTC().Truncate(time.Second)}, IfRev: ifRev}, nil
}

// decode reads a record's body into v; of an absent one v stays as it is.
func decode(rec registry.Record, v any) error {
	if rec.Rev == 0 {
		return nil
	}
	if err := json.Unmarshal(rec.Body, v); err != nil {
		return fault.Wrap(fault.Internal, err, "stored feedback cannot be read")
	}
	return nil
}
