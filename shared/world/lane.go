package world

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"godwit/shared/jobs"
	"godwit/shared/registry"
	"godwit/shared/serving"
	"godwit/shared/training"
)

// lane is one process: a client, a function's instance, or both by turns.
type lane struct {
	w    *World
	id   int
	acts []Act // still to do

	act    *act // under way, nil when idle
	next   func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
	idle   bool  // the act is done
	strike Fault // of the call that is about to be made
	struck Fault // of the call that was made last
	aim    int   // calls until the fault of an act that does not yield
	aimed  Fault
	dead   bool
	calls  int
	tokens int

	server *serving.Server
	secret *serving.Secret
	chance uint64 // drawn last
	looks  *looks
	served map[string]bool // references this server has answered
	door   http.Handler
	seen   map[string]int64 // revisions this client read
}

// act is an Act under way.
type act struct {
	Act
	kind   Kind
	tenant registry.Tenant // whose it is, empty for the installation's own
	tokens []string        // of its writes
	began  time.Time
}

// boot starts the process: what it held in memory is gone.
func (l *lane) boot() {
	l.dead, l.served = false, map[string]bool{}
	l.looks = &looks{Resolver: l.registry(), l: l, last: map[string]look{}}
	var r serving.Resolver = l.looks
	if s := l.w.Seams.Resolver; s != nil {
		r = s(r, l.w)
	}
	l.secret = &serving.Secret{Store: table{l}, Random: zeros{}}
	l.server = serving.New(serving.Options{
		Registry: r, Models: l.models(), Now: l.w.Now, TTL: l.w.Seams.TTL, Secret: l.secret, Chance: l.draw,
		RefreshTimeout: time.Hour, ShadowTimeout: hasty, ShadowLoad: hasty,
	})
}

// draw is chance that can be repeated: a linear congruential generator (Knuth's
// MMIX) of the lane's own.
func (l *lane) draw() float64 {
	l.chance = l.chance*6364136223846793005 + 1442695040888963407
	return float64(l.chance>>11) / (1 << 53)
}

// zeros is randomness that can be repeated.
type zeros struct{}

// Read gives zeros.
func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// String names the lane.
func (l *lane) String() string { return fmt.Sprintf("lane %d", l.id) }

// token returns a token and notes whose it is.
func (l *lane) token() string {
	l.tokens++
	t := fmt.Sprintf("lane%d-%d", l.id, l.tokens)
	if l.act != nil {
		l.act.tokens = append(l.act.tokens, t)
	}
	return t
}

func (l *lane) registry() *registry.Registry {
	return &registry.Registry{Store: table{l}, Now: l.w.Now, NewToken: l.token}
}

func (l *lane) training() *training.Service {
	return &training.Service{
		Store: table{l}, Registry: l.registry(), Uploads: l.uploads(), Machine: engine{l}, Now: l.w.Now, NewToken: l.token,
	}
}

func (l *lane) book() *jobs.Book[training.Job] {
	return &jobs.Book[training.Job]{Kind: jobKind, Store: table{l}, Machine: engine{l}, NewToken: l.token}
}

func (l *lane) uploads() bucket { return bucket{l, false} }
func (l *lane) models() bucket  { return bucket{l, true} }

// busy reports whether there is anything left to do.
func (l *lane) busy() bool { return l.act != nil || len(l.acts) > 0 }

// turn lets the lane go on to its next call, which meets f.
func (l *lane) turn(f Fault) {
	if l.act == nil {
		a := l.acts[0]
		l.acts = l.acts[1:]
		l.calls, l.idle = 0, false
		l.act = &act{Act: a, kind: a.Kind, tenant: tenants[a.A%len(tenants)], began: l.w.clock}
	}
	if l.next == nil {
		l.next, l.stop = iter.Pull(l.live)
	}
	l.strike = f
	if l.next(); !l.idle {
		return
	}
	if l.calls > maxCalls && l.act.kind != Work {
		l.w.raise(25, "%s made %d calls", l.act, l.calls)
	}
	l.w.Tally.Acts++
	l.w.Tally.Calls += l.calls
	l.act, l.strike = nil, None
	if l.dead {
		l.boot()
	}
}

// live is the lane's coroutine, one for all runs, since its stack takes longer to
// grow than an act to do: it does act after act, and stops before each of their
// calls and after each of them.
func (l *lane) live(yield func(struct{}) bool) {
	l.yield = yield
	for more := true; more; more = yield(struct{}{}) {
		deeds[l.act.kind](l, context.Background())
		l.idle = true
	}
}

// end ends a run: an act that is under way goes on to its end, without effect.
func (l *lane) end() {
	if l.act != nil {
		l.dead, l.strike = true, None
		l.next() // nothing stops what is dead
	}
}

// again makes the lane another run's.
func (l *lane) again(w *World, id int) {
	// Its door is built once: that takes longer than a run.
	*l = lane{w: w, id: id, seen: map[string]int64{}, door: l.door, next: l.next, stop: l.stop, yield: l.yield}
	l.boot()
}

// judge holds the end of a change that is one write: what is reported as
// refused was not made.
func (l *lane) judge(err error) {
	if l.dead || !definite(err) {
		return
	}
	if i := slices.IndexFunc(l.act.tokens, func(t string) bool { return l.w.ledger.won[t] }); i >= 0 {
		l.w.raise(10, "%s was made and is reported as %v", l.act, err)
	}
}
