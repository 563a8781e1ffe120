// Package delivery is the EventBridge of the local stage: it takes events,
// filters them by the template's rules and carries them to functions at least
// once, through crashes of the stage.
//
// Offer writes an event down, once for each rule that wants it, before it
// returns; from then on it is pending until the function took it or every
// retry failed. A failed one ends as a JSON file in the dead-letter folder,
// where DeadLetterConfig and OnFailure send it on AWS. Settled events stay in
// the ledger, so that offering an event again, as the sweep over the uploads
// does at every start, delivers only what was missed.
//
// Events may arrive more than once and out of order, as on AWS. Unlike there
// an event does not grow old while the stage is down, and the pauses between
// retries are seconds.
package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"
)

// Names inside Options.Dir.
const (
	ledgerFile       = "ledger.db"
	deadLetterFolder = "dead-letters"
)

// Defaults of Options.
const (
	defaultConcurrency = 4
	firstDelay         = time.Second
	longestDelay       = 30 * time.Second
)

// Rule sends events it matches to a function.
type Rule struct {
	Name     string // unique, stable over restarts: it is part of the ledger's keys
	Function string // as Options.Invoke knows it
	// Match reports whether the rule wants the event.
	Match func(event []byte) bool
	// HandoverRetries bounds retries after the function could not be reached:
	// RetryPolicy on AWS.
	HandoverRetries int
	// FunctionRetries bounds retries after the function answered with an
	// error: EventInvokeConfig on AWS.
	FunctionRetries int
}

// Options say what to deliver and how. Dir, Rules and Invoke are required.
type Options struct {
	Dir   string // made when absent; holds the ledger and the dead letters
	Rules []Rule // names distinct
	// Invoke runs a function on an event. functionError is what the function
	// answered if it failed, err that it was not reached. It is called from
	// many goroutines, at most Concurrency at a time.
	Invoke func(ctx context.Context, function string, event []byte) (functionError string, err error)
	// Concurrency bounds invocations under way; 0 means 4.
	Concurrency int
	// Delay is the pause before retry n, from 1. Nil doubles from 1 s to 30 s.
	Delay func(n int) time.Duration
	Now   func() time.Time // nil means time.Now
	Log   *slog.Logger     // nil discards
}

// Deliverer carries events. Its methods are safe for concurrent use.
type Deliverer struct {
	opts   Options
	ledger *ledger
	slots  chan struct{} // one element per invocation under way
	ctx    context.Context
	cancel context.CancelFunc
	mu     sync.Mutex // guards closed, and with it carriers.Go against Wait
	closed bool
	// carriers are one goroutine for each pending delivery.
	carriers sync.WaitGroup
}

// ErrClosed is returned by Offer after Close.
var ErrClosed = errors.New("delivery: closed")

// Open opens the ledger in opts.Dir and resumes what was pending in it. A
// ledger held by another process is an error within a second.
func Open(opts Options) (*Deliverer, error) {
	opts = withDefaults(opts)
	book, err := openLedger(filepath.Join(opts.Dir, ledgerFile))
	if err != nil {
		return nil, err
	}
	pending, err := book.pending()
	if err != nil {
		return nil, errors.Join(err, book.close())
	}
	d := &Deliverer{opts: opts, ledger: book, slots: make(chan struct{}, opts.Concurrency)}
	// Of its own life, not of a caller's: deliveries go on after Open and Offer
	// have returned.
	d.ctx, d.cancel = context.WithCancel(context.Background())
	for _, p := range pending {
		d.carriers.Go(func() { d.carry(p) })
	}
	return d, nil
}

// withDefaults returns opts with zero fields filled in.
func withDefaults(opts Options) Options {
	if opts.Concurrency <= 0 {
		opts.Concurrency = defaultConcurrency
	}
	if opts.Delay == nil {
		opts.Delay = doubling
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return opts
}

// doubling is the default pause before retry n.
func doubling(n int) time.Duration {
	const longestShift = 10 // past longestDelay, short of overflow
	return min(firstDelay<<min(n-1, longestShift), longestDelay)
}

// Offer takes an EventBridge event for delivery. Its "id" says which event it
// is: one offered before, pending or settled, is not taken again. An event no
// rule wants is dropped. When Offer returns nil the event is written down.
func (d *Deliverer) Offer(event []byte) error {
	var head struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(event, &head); err != nil {
		return fmt.Errorf("delivery: event: %w", err)
	}
	if head.ID == "" {
		return errors.New("delivery: event has no id")
	}
	for _, rule := range d.opts.Rules {
		if !rule.Match(event) {
			continue
		}
		p := parcel{
			ID: head.ID, Rule: rule.Name, Function: rule.Function,
			Event: event, OfferedAt: d.opts.Now().UTC(),
		}
		if err := d.take(p); err != nil {
			return err
		}
	}
	return nil
}

// take writes p down unless it is known and starts carrying it.
func (d *Deliverer) take(p parcel) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrClosed
	}
	// Under the lock: of two offers of one event at a moment one is carried.
	added, err := d.ledger.add(p)
	if err != nil || !added {
		return err
	}
	d.carriers.Go(func() { d.carry(p) })
	return nil
}

// Counts returns how many deliveries are pending, were made, and ended as dead letters.
func (d *Deliverer) Counts() (pending, delivered, dead int, err error) {
	return d.ledger.counts()
}

// DeadLetters returns the folder of dead letters. It exists after the first.
func (d *Deliverer) DeadLetters() string { return filepath.Join(d.opts.Dir, deadLetterFolder) }

// Close cancels invocations under way and closes the ledger. What was not
// settled is pending at the next Open. Further calls do nothing.
func (d *Deliverer) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	d.mu.Unlock()
	// From here on nothing is taken, so the carriers that Wait counts only end.
	d.cancel()
	d.carriers.Wait()
	return d.ledger.close()
}
