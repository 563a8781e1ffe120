package world

import (
	"context"
	"strings"
	"time"
)

// deeds perform the acts.
var deeds = [kinds]func(*lane, context.Context){
	Upload: (*lane).upload, Deliver: (*lane).deliver, Work: (*lane).work, Promote: (*lane).promote, Rollback: (*lane).rollback,
	Unalias: (*lane).unalias, Route: (*lane).route, Unroute: (*lane).unroute, Remove: (*lane).remove, RemoveModel: (*lane).removeModel,
	Predict: (*lane).predict, List: (*lane).list, Create: (*lane).create, Key: (*lane).key, Cancel: (*lane).cancel, Ask: (*lane).ask,
	Clean: (*lane).clean, Rot: (*lane).rot, Outage: (*lane).outage, Tick: (*lane).tick,
	Score: (*lane).submit, Judge: (*lane).feedback, Count: (*lane).count, Discard: (*lane).discard, Retrain: (*lane).retrain,
}

// expiring are the folders of the models bucket that the template lets expire.
var expiring = []string{"work/", "batch/", "exports/"}

// clean is the buckets' lifecycle: what expires goes, at the worst moment.
func (l *lane) clean(ctx context.Context) {
	gone := expiring
	if l.w.Seams.CleanAll {
		gone = append(gone[:len(gone):len(gone)], "artifacts/")
	}
	l.w.swept = true
	infos, _, err := l.w.models.List(ctx, "", "", 1000)
	if err != nil {
		return
	}
	for _, info := range infos {
		for _, folder := range gone {
			if strings.HasPrefix(info.Key, folder) {
				l.w.changed = true
				_ = l.w.models.Delete(ctx, info.Key) // of a store in memory
			}
		}
	}
}

// rotten says what became of an object.
type rotten uint8

const (
	fresh   rotten = iota
	bitten         // one bit is wrong
	swapped        // it holds another model, whole
)

// spoiled returns what a reader of a rotten object gets.
func (w *World) spoiled(key string, data []byte) []byte {
	switch w.rotten[key] {
	case bitten:
		data[len(data)/2] ^= 1
	case swapped:
		data = w.library.artifacts[len(data)%len(w.library.artifacts)]
	}
	return data
}

// rot lets an artifact's bytes go bad, or good again, for all who read it.
func (l *lane) rot(context.Context) {
	m := l.w.model(l.act.tenant, intents)
	if len(m.versions) == 0 {
		return
	}
	key := m.versions[l.act.B%len(m.versions)].Artifact.Key
	if l.w.rotten[key] != fresh {
		delete(l.w.rotten, key)
	} else if key != "" {
		l.w.rotten[key] = bitten + rotten(l.act.C%2)
	}
}

// outage takes the registry from the servers, or gives it back.
func (l *lane) outage(context.Context) {
	l.w.down = !l.w.down
	l.w.turned++
}

// steps of the clock: less than a TTL, more, the silence after which a job is
// asked after, and the life of an Idempotency-Key.
var steps = []time.Duration{time.Second, 6 * time.Second, time.Second, 6 * time.Second, 61 * time.Second, 25 * time.Hour}

// tick lets time pass, little of it while others are busy: no function lives
// through a night.
func (l *lane) tick(context.Context) {
	step := steps[l.act.B%len(steps)]
	for _, other := range l.w.lanes {
		if other != l && other.act != nil {
			step = min(step, steps[1])
		}
	}
	l.w.clock = l.w.clock.Add(step)
}
