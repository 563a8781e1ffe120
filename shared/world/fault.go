package world

import (
	"context"
	"errors"
	"time"

	"godwit/shared/fault"
)

// Fault is what happens to one call of a lane.
type Fault uint8

// The faults.
const (
	None      Fault = iota
	Lost            // performed; the answer is lost and the adapter repeats the call
	Silent          // performed; no repeat is answered either
	Reset           // not performed: the connection breaks
	Throttled       // not performed: the service refuses for now
	Stalled         // not performed: no answer until the deadline
	Cut             // the body that is read breaks off half way
	Flipped         // the body that is read has a wrong bit
	Killed          // the process dies before the call
	Orphaned        // the process dies after the call was performed
	faults
)

// Faults are all faults, in the order of their numbers.
func Faults() []Fault {
	all := make([]Fault, 0, faults-1)
	for f := Lost; f < faults; f++ {
		all = append(all, f)
	}
	return all
}

// String returns the fault's name.
func (f Fault) String() string {
	return [...]string{"none", "answer lost", "no answer", "reset", "throttled", "stalled", "cut", "flipped", "killed", "killed after"}[f]
}

// errDead is what the calls of a dead process return: nobody reads it.
var errDead = errors.New("world: the process is dead")

// call is the gate before every call to the outside: it lets the other lanes go
// on, then performs the call with the fault planned for it. repeated says to
// effect that the adapter makes the call for the second time.
func (l *lane) call(ctx context.Context, effect func(repeated bool) error) error {
	if beside(ctx) {
		return effect(false)
	}
	f := l.pass()
	switch f {
	case Killed:
		l.dead = true
		return errDead
	case Reset, Throttled:
		return fault.New(fault.Unavailable, "%s", f)
	case Stalled:
		return context.DeadlineExceeded
	}
	if l.dead {
		return errDead
	}
	err := effect(false)
	switch f {
	case Lost, Cut, Flipped:
		// An adapter takes an answer that is cut or does not fit its checksum for
		// one that was lost. A body is another matter: see bucket.
		return effect(true)
	case Silent:
		return fault.New(fault.Unavailable, "%s", f)
	case Orphaned:
		l.dead = true
		return errDead
	}
	return err
}

// hasty is how long a shadow may take in a world, less than all else that is
// bounded. No run lasts a thousandth of it.
const hasty = 10 * time.Minute

// beside reports whether a call is a shadow's: made on a goroutine beside the
// lane's own while that one only reckons. It cannot stop for others, and meets no
// fault, since nothing of a shadow is an error.
func beside(ctx context.Context) bool {
	deadline, bounded := ctx.Deadline()
	return bounded && time.Until(deadline) <= hasty
}

// pass waits for the lane's turn and returns the fault of the call it is about
// to make.
func (l *lane) pass() Fault {
	if l.dead {
		return None
	}
	l.calls++
	if l.yield != nil {
		l.yield(struct{}{})
	} else if l.aim--; l.aim == 0 {
		l.strike = l.aimed
	}
	f := l.strike
	l.strike, l.struck = None, f
	if f != None {
		l.w.Tally.Faults[f]++
	}
	return f
}
