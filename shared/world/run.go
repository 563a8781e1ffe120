package world

import (
	"slices"
	"time"

	"godwit/shared/jobs"
	"godwit/shared/registry"
)

// maxTurns bounds a run: acts that do not end are a failure too.
const maxTurns = 200_000

// Run plays a schedule and returns the first invariant that breaks, or nil. The
// world begins anew. When the turns are used up the lanes finish, then the
// installation comes to rest without faults: every event is delivered and every
// execution worked off, and nothing may have been lost.
func (w *World) Run(s Schedule) *Failure {
	if err := w.reset(); err != nil {
		return &Failure{Err: err}
	}
	w.Tally.Schedules++
	defer func() {
		for _, l := range w.lanes {
			l.end()
		}
	}()
	for _, a := range s.Acts {
		l := w.lanes[a.Lane%laneCount]
		l.acts = append(l.acts, a)
	}
	n := 0
	for ; n < maxTurns; n++ {
		t := Turn{}
		if n < len(s.Turns) {
			t = s.Turns[n]
		}
		l := w.pick(t.Lane)
		if l == nil {
			break
		}
		if f := w.play(l, t.Fault, n); f != nil {
			return f
		}
	}
	if f := w.rest(n); f != nil {
		return f
	}
	return w.check(n)
}

// pick returns the n-th lane, or the next one that has something to do; nil when
// none has. What other lanes have to do makes no difference, so that taking an
// act away leaves the turns of the others as they are.
func (w *World) pick(n int) *lane {
	for i := range laneCount {
		if l := w.lanes[(n+i)%laneCount]; l.busy() {
			return l
		}
	}
	return nil
}

// play is one turn of a lane and what every turn ends with.
func (w *World) play(l *lane, f Fault, n int) *Failure {
	w.Tally.Turns++
	w.clock = w.clock.Add(time.Millisecond)
	l.turn(f)
	return w.check(n)
}

// check asks all invariants, unless nothing has changed.
func (w *World) check(turn int) *Failure {
	if !w.changed {
		return nil
	}
	w.changed = false
	for _, i := range invariants {
		if i.Check == nil {
			continue
		}
		w.Tally.Checks++
		if err := i.Check(w); err != nil {
			return &Failure{i.Number, turn, err}
		}
	}
	return nil
}

// rest lets the installation come to rest: without faults, all lanes at the same
// time and in step, which makes them meet at the same records.
func (w *World) rest(n int) *Failure {
	w.down, w.resting = false, true
	for w.handOut() {
		for turn := 0; ; turn++ {
			l := w.pick(turn)
			if l == nil {
				break
			}
			if n++; n > maxTurns {
				w.raise(16, "the installation does not come to rest: %d events and %d executions are left", len(w.mail), len(w.running()))
				return w.check(n)
			}
			if f := w.play(l, None, n); f != nil {
				return f
			}
		}
	}
	w.rested()
	return nil
}

// handOut gives each lane something of what is left to do, and reports whether
// there was anything.
func (w *World) handOut() bool {
	var acts []Act
	for i := range w.mail {
		acts = append(acts, Act{Kind: Deliver, B: i})
	}
	for _, e := range w.running() {
		acts = append(acts, Act{Kind: Work, B: e})
	}
	if len(acts) == 0 {
		a, more := w.reminder()
		if !more {
			return false
		}
		acts = append(acts, a)
	}
	for i, a := range acts[:min(len(acts), laneCount)] {
		w.lanes[i].acts = append(w.lanes[i].acts, a)
	}
	return true
}

// reminder asks after a job that nobody works on, as its owner would after some
// time: a start that was lost is made good by whoever reads the job.
func (w *World) reminder() (Act, bool) {
	for i, j := range w.ledger.jobs {
		if a, more := w.after(j.ID, j.Tenant, j.Status, i); more {
			return a, true
		}
	}
	for i, b := range w.ledger.batches {
		if a, more := w.after(b.ID, b.Tenant, b.Status, len(w.ledger.jobs)+i); more {
			return a, true
		}
	}
	return Act{}, false
}

// after is the act that asks after a job, once, unless it is over.
func (w *World) after(id string, of registry.Tenant, status jobs.Status, number int) (Act, bool) {
	if status.Final() || w.reminded[id] {
		return Act{}, false
	}
	w.reminded[id] = true
	w.clock = w.clock.Add(2 * time.Minute)
	return Act{Kind: Ask, A: slices.Index(tenants, of), B: number}, true
}
