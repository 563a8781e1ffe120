package world

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"godwit/shared/fault"
	"godwit/shared/monitor"
	"godwit/shared/registry"
	"godwit/shared/usage"
)

// asked is an answer that its caller may judge.
type asked struct {
	tenant registry.Tenant
	id     string // of the prediction
	hash   string // of the id, as records name it
	label  string
}

// remember keeps an answer to be judged.
func (w *World) remember(t registry.Tenant, id, label string) {
	sum := sha256.Sum256([]byte(id))
	w.asked = append(w.asked, asked{t, id, hex.EncodeToString(sum[:16]), label})
}

// feedback says what was right about an answer, anybody's: of another tenant it
// must be as good as none. Nothing is sent along, so all calls are the lane's own.
func (l *lane) feedback(ctx context.Context) {
	if len(l.w.asked) == 0 {
		return
	}
	a := l.w.asked[l.act.B%len(l.w.asked)]
	p, err := l.secret.Prediction(ctx, l.act.tenant, a.id)
	switch {
	case l.dead:
		return
	case err != nil:
		if a.tenant == l.act.tenant && fault.Is(err, fault.NotFound) {
			l.w.raise(22, "the answer %s of %s is not known", a.id, a.tenant)
		}
		return
	case a.tenant != l.act.tenant:
		l.w.raise(31, "%s may judge an answer of %s", l.act.tenant, a.tenant)
		return
	}
	labels := labelsBeside(a.label)
	j := monitor.Judgement{
		Prediction: a.id, Model: p.Model, Version: p.Version, At: p.At, Labels: labels,
		Predicted: p.Answers[0].Label, Score: p.Answers[0].Score, Label: append(labels[:len(labels):len(labels)], "something new", a.label)[l.act.C%5], By: "key",
	}
	service := monitor.Service{Store: table{l}, Uploads: l.uploads(), Now: l.w.Now, NewToken: l.token}
	_, err = service.Record(ctx, l.act.tenant, []monitor.Judgement{j})
	l.judge(err)
}

// enterTally notes the counts of some answers.
func (w *World) enterTally(rec registry.Record) {
	now := tallyState{rec.Key, read[monitor.Tally](w, rec)}
	for i, t := range w.ledger.tallies {
		if t.key == rec.Key {
			w.ledger.tallies[i] = now
			return
		}
	}
	w.ledger.tallies = append(w.ledger.tallies, now)
}

// feedbackCountsOnce holds the counts of feedback against the judgements that are
// there: each answer counts once, as it was judged last.
func feedbackCountsOnce(w *World) error {
	if len(w.ledger.tallies) == 0 {
		return w.raised[8]
	}
	var rows, right, wantRight int64
	for _, t := range w.ledger.tallies {
		rows, right = rows+t.Rows, right+t.Correct
	}
	known := map[string]bool{}
	for _, a := range w.asked {
		name := string(a.tenant) + " " + a.hash
		if w.ledger.judged[name] == a.label && !known[name] {
			wantRight++
		}
		known[name] = true
	}
	if want := int64(len(w.ledger.judged)); rows != want || right != wantRight {
		return fmt.Errorf("feedback counts %d answers, %d of them right, and %d were judged, %d right", rows, right, want, wantRight)
	}
	return w.raised[8]
}

// counted is what a tenant's key used, in rows: what the table says, and the
// least and the most it may say.
type counted struct {
	records     map[registry.Key]int64
	least, most int64
}

// enterCounts notes counters after an addition.
func (w *World) enterCounts(key registry.Key, now, delta map[string]int64) {
	tenant, kind, _ := strings.Cut(key.Partition, "#")
	w.ownedBy(registry.Tenant(tenant), key)
	if !strings.HasPrefix(kind, "USAGE#") {
		return
	}
	w.changed = true
	c := w.ledger.used[tenant]
	if c.records == nil {
		c.records = map[registry.Key]int64{}
	}
	c.records[key] = now["rows"]
	c.most += delta["rows"]
	w.ledger.used[tenant] = c
}

// usageAddsUp holds that what was reported as counted is, and nothing that nobody
// used: of what a process may have counted twice, or lost as it died, it says
// nothing.
func usageAddsUp(w *World) error {
	for _, t := range tenants {
		c := w.ledger.used[string(t)]
		n := int64(0)
		for _, rows := range c.records {
			n += rows
		}
		if n < c.least || n > c.most {
			return fmt.Errorf("the key of %s used %d rows, it must be from %d to %d", t, n, c.least, c.most)
		}
	}
	return w.raised[10]
}

// count is a function that counts what a key used and flushes it, again when that
// fails, as it does at its end. The flush writes on a goroutine of its own, so it
// does not stop for others, and its fault is chosen by the act.
func (l *lane) count(ctx context.Context) {
	g := &usage.Gatherer{Store: table{l}, Now: l.w.Now}
	rows := 1 + l.act.B%5
	g.Request(l.act.tenant, "key", rows)
	for try := range 2 {
		f := None
		if try == 0 && !l.w.resting {
			f = Fault(l.act.C % int(faults))
		}
		var err error
		l.apart(1, f, func() { err = g.Flush(ctx) })
		if l.dead {
			return
		}
		if err == nil {
			c := l.w.ledger.used[string(l.act.tenant)]
			c.least += int64(rows)
			l.w.ledger.used[string(l.act.tenant)] = c
			l.w.changed = true
			break
		}
	}
	used, err := g.Spent(ctx, l.act.tenant, "key")
	if c := l.w.ledger.used[string(l.act.tenant)]; err == nil && !l.dead && used.Rows > c.most {
		l.w.raise(31, "%s is said to have used %d rows of at most %d", l.act.tenant, used.Rows, c.most)
	}
}

// apart does what makes its calls from goroutines of its own, one at a time: they
// do not stop for others. The n-th of them meets f.
func (l *lane) apart(n int, f Fault, do func()) {
	yield := l.yield
	l.yield, l.aim, l.aimed = nil, n, f
	defer func() { l.yield, l.aim = yield, 0 }()
	do()
}
