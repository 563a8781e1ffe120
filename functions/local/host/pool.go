package host

import (
	"slices"
	"sync"
	"time"
)

// invocation is one event on its way to an answer.
type invocation struct {
	id      string
	payload []byte
	init    time.Duration // of the cold start it waited for
	done    chan outcome  // gets exactly one outcome; has room for it
}

// outcome is what an invocation ends with: an answer, or the Host's own error.
type outcome struct {
	result Result
	err    error
}

// pool is the processes of one function and the events waiting for one.
//
// Its lock guards the mutable fields of its processes too: they change
// together, and each change is a few instructions.
type pool struct {
	host *Host
	fn   Function

	mu       sync.Mutex
	live     map[*process]struct{}
	idle     []*process // the last one is taken first, so that the rest may age
	starting int        // live processes that have not polled yet
	started  int
	waiting  []*invocation // in order of arrival
	closed   bool
	ending   sync.WaitGroup // one for each live process
}

// newPool returns a pool without processes: the first event starts one.
func newPool(h *Host, f Function) *pool {
	return &pool{host: h, fn: f, live: map[*process]struct{}{}}
}

// submit hands inv to an idle process, or queues it and starts one.
func (p *pool) submit(inv *invocation) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	// A waiting event has priority over a new one by itself: while any waits,
	// no process is idle.
	if n := len(p.idle); n > 0 {
		e := p.idle[n-1]
		p.idle = p.idle[:n-1]
		e.hand(inv)
		return nil
	}
	p.waiting = append(p.waiting, inv)
	p.grow()
	return nil
}

// grow starts a process for each waiting event that none is being started
// for, within the concurrency. The lock is held.
func (p *pool) grow() {
	for !p.closed && p.starting < len(p.waiting) && len(p.live) < p.fn.MaxConcurrency {
		e := newProcess(p)
		p.live[e] = struct{}{}
		p.starting++
		p.started++
		p.ending.Go(e.run)
	}
}

// offer makes a process that can take an event useful: it gets the event that
// has waited longest, whoever it was started for. The lock is held.
func (p *pool) offer(e *process) {
	if e.doomed || p.closed {
		return
	}
	if len(p.waiting) > 0 {
		inv := p.waiting[0]
		p.waiting = slices.Delete(p.waiting, 0, 1)
		e.hand(inv)
		return
	}
	p.idle = append(p.idle, e)
	e.idleTimer.Reset(p.host.opts.IdleTimeout)
}

// withdraw takes e out of the idle ones and reports whether it was there.
// The lock is held.
func (p *pool) withdraw(e *process) bool {
	i := slices.Index(p.idle, e)
	if i < 0 {
		return false
	}
	p.idle = slices.Delete(p.idle, i, i+1)
	return true
}

// forget drops an event that still waits for a process.
func (p *pool) forget(inv *invocation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Its process may be starting; it stays and becomes idle.
	if i := slices.Index(p.waiting, inv); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
}

// exited settles what a process that has ended leaves behind: the event it
// had is failed, the one it was given but had not fetched goes to another, and
// when it never polled, the first waiting event is told why.
func (p *pool) exited(e *process, how error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.live, e)
	p.withdraw(e)
	e.stopTimers()
	e.doomed = true
	if inv := e.current; inv != nil {
		e.current = nil
		inv.done <- p.ended(exitFailure(inv.id, how))
	}
	// It never reached the child, so running it elsewhere is not a retry.
	if inv := e.next; inv != nil {
		e.next = nil
		p.waiting = slices.Insert(p.waiting, 0, inv)
	}
	// One event for each failed start, so a function that cannot start ends
	// its queue instead of being started for ever.
	if !e.polled {
		p.starting--
		p.failFirst(e, how)
	}
	if p.closed {
		p.dropWaiting()
		return
	}
	p.grow()
}

// failFirst answers the first waiting event with the reason why e could not
// start. When none waits any more, the reason is only logged.
func (p *pool) failFirst(e *process, how error) {
	result := exitFailure("", how)
	if e.initFailure != nil {
		result = *e.initFailure
	}
	p.host.opts.Log.Warn("function did not start", "function", p.fn.Name, "error_type", result.ErrorType, "cause", string(result.Payload))
	if len(p.waiting) == 0 {
		return
	}
	inv := p.waiting[0]
	p.waiting = slices.Delete(p.waiting, 0, 1)
	if e.initFailure == nil {
		result = exitFailure(inv.id, how)
	}
	inv.done <- p.ended(result)
}

// ended returns r as an outcome, unless the Host was the one to end the process.
func (p *pool) ended(r Result) outcome {
	if p.closed {
		return outcome{err: ErrClosed}
	}
	return outcome{result: r}
}

// dropWaiting ends the queue with ErrClosed. The lock is held.
func (p *pool) dropWaiting() {
	for _, inv := range p.waiting {
		inv.done <- outcome{err: ErrClosed}
	}
	p.waiting = nil
}

// close ends every process without waiting for it.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.dropWaiting()
	for e := range p.live {
		e.doomed = true
		e.terminate()
	}
}

// stats counts at one moment.
func (p *pool) stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stats{Live: len(p.live), Idle: len(p.idle), Started: p.started}
}
