package delivery

import (
	"slices"
	"time"
)

// carry brings one parcel to its function, with retries, until it is settled
// or the Deliverer closes.
func (d *Deliverer) carry(p parcel) {
	rule, known := d.rule(p.Rule)
	if !known {
		// The template changed while the parcel was waiting.
		d.bury(p, "no rule of this name any more")
		return
	}
	for {
		functionError, err := d.invoke(p)
		if d.ctx.Err() != nil {
			return // cut off by Close: this attempt does not count
		}
		switch {
		case err != nil:
			p.Unreached++
			p.Reason = err.Error()
		case functionError != "":
			p.Failed++
			p.Reason = functionError
		default:
			d.settle(p, delivered)
			return
		}
		// Counted apart, as on AWS: EventBridge retries the handover, Lambda the
		// function.
		if p.Unreached > rule.HandoverRetries || p.Failed > rule.FunctionRetries {
			d.bury(p, p.Reason)
			return
		}
		// A stage that is killed in the pause goes on counting, instead of trying
		// a hopeless event anew at every start.
		if err := d.ledger.update(p); err != nil {
			d.opts.Log.Error("delivery: attempt not recorded", "event", p.ID, "rule", p.Rule, "error", err)
		}
		if !d.pause(d.opts.Delay(p.Unreached + p.Failed)) {
			return
		}
	}
}

// rule returns the rule by name.
func (d *Deliverer) rule(name string) (Rule, bool) {
	i := slices.IndexFunc(d.opts.Rules, func(r Rule) bool { return r.Name == name })
	if i < 0 {
		return Rule{}, false
	}
	return d.opts.Rules[i], true
}

// invoke runs the function when a slot is free.
func (d *Deliverer) invoke(p parcel) (string, error) {
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
		return d.opts.Invoke(d.ctx, p.Function, p.Event)
	case <-d.ctx.Done():
		return "", d.ctx.Err()
	}
}

// pause waits and reports whether the Deliverer is still open.
func (d *Deliverer) pause(wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-d.ctx.Done():
		return false
	}
}

// bury writes p to the dead-letter folder, then settles it. A crash between
// the two writes the same file once more at the next start.
func (d *Deliverer) bury(p parcel, reason string) {
	p.Reason = reason
	path, err := writeDeadLetter(d.DeadLetters(), p, d.opts.Now().UTC())
	if err != nil {
		// Left pending: the next start tries again.
		d.opts.Log.Error("delivery: dead letter not written", "event", p.ID, "rule", p.Rule, "error", err)
		return
	}
	d.opts.Log.Warn("delivery: event given up", "event", p.ID, "rule", p.Rule, "function", p.Function,
		"attempts", p.attempts(), "reason", reason, "file", path)
	d.settle(p, dead)
}

// settle closes the books on p. If that fails it is delivered again after a
// restart, which at-least-once allows.
func (d *Deliverer) settle(p parcel, outcome string) {
	if err := d.ledger.settle(p, outcome, d.opts.Now().UTC()); err != nil {
		d.opts.Log.Error("delivery: outcome not recorded", "event", p.ID, "rule", p.Rule, "outcome", outcome, "error", err)
	}
}
