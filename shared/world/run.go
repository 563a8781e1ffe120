package world

import "time"

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

// pick returns the n-th of the lanes that have something to do, or nil.
func (w *World) pick(n int) *lane {
	var busy [laneCount]*lane
	k := 0
	for _, l := range w.lanes {
		if l.busy() {
			busy[k] = l
			k++
		}
	}
	if k == 0 {
		return nil
	}
	return busy[n%k]
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

// rest lets the installation come to rest on the first lane.
func (w *World) rest(n int) *Failure {
	l := w.lanes[0]
	w.down, w.resting = false, true
	for again := true; again; {
		again = false
		var a Act
		switch {
		case len(w.mail) > 0:
			a, again = Act{Kind: Deliver}, true
		case w.running() >= 0:
			a, again = Act{Kind: Work, B: w.running()}, true
		}
		if !again {
			break
		}
		l.acts = append(l.acts, a)
		for l.busy() {
			if n++; n > maxTurns {
				w.raise(16, "the installation does not come to rest: %d events and execution %d are left", len(w.mail), w.running())
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
