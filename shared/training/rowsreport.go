package training

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"godwit/shared/blob"
)

// Dollars is what the fits of a job are estimated to be charged: by rows, and what
// the same fits by classes would be, had one function the memory for the matrix.
type Dollars struct {
	Rows    float64 `json:"rows"`
	Classes float64 `json:"classes"`
}

// What is charged, in dollars as published for arm64 in us-east-1: a second of one
// processor, which comes with 1,769 MB of memory, an object written, one read, and
// a transition of a state machine.
const (
	dollarsCPU    = 1.769 * .0000133334
	dollarsPut    = .005 / 1000
	dollarsGet    = .0004 / 1000
	dollarsStates = .025 / 1000
)

// settledKey names what a phase that is over came to.
func settledKey(job Job, t Turn) string {
	return workKey(job, fmt.Sprintf("rows/%d/settled/%s-%d.json", job.Attempt, t.Phase, t.Floor))
}

// keepTrail keeps how a phase went where Finish finds it.
func (s *Steps) keepTrail(ctx context.Context, job Job, t Turn) error {
	var end trail
	if err := s.getJSON(ctx, t.trailKey(job), &end); err != nil {
		return err
	}
	return s.putJSON(ctx, settledKey(job, t), end)
}

// distributedRows tells how a job of engine rows went.
func (s *Steps) distributedRows(ctx context.Context, job Job, p *plan) (*Distributed, error) {
	d := &Distributed{Engine: engineRows, Shards: p.Shards.Count}
	found, _, err := s.Models.List(ctx, path.Dir(settledKey(job, Turn{}))+"/", "", 1000)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b blob.Info) int { return phaseNumber(a.Key) - phaseNumber(b.Key) })
	for _, f := range found {
		var t trail
		if err := s.getJSON(ctx, f.Key, &t); err != nil {
			return nil, err
		}
		d.Costs = append(d.Costs, t.Costs...)
	}
	for _, c := range d.Costs {
		d.Rounds += c.Rounds
		d.Bytes += c.Bytes
	}
	d.Dollars = p.dollars(d)
	return d, nil
}

// phaseNumber is the place of the phase that a file is named after.
func phaseNumber(key string) int {
	return slices.IndexFunc(phases, func(f phase) bool { return strings.HasPrefix(path.Base(key), f.name+"-") })
}

// Closed reports whether the rounds ended because the gap was as small as asked
// for, and not because there were enough of them.
func (c RowsCost) Closed() bool { return c.Gap <= closedGap }

// warnings tells of fits whose gap was not closed.
func (d *Distributed) warnings() (all []string) {
	if d == nil {
		return nil
	}
	for _, c := range d.Costs {
		if !c.Closed() {
			all = append(all, fmt.Sprintf("training by rows was stopped after %d rounds of %s at C %g: the objective may be %.2g above the least", c.Rounds, c.Phase, c.C, c.Gap))
		}
	}
	return all
}

// What a non-zero takes one processor for each class, in seconds: in a whole fit
// on one machine, and in a round by rows: what `make bench-scale SET=shopping10`
// comes to.
const (
	fitSeconds   = 3.9e-8
	roundSeconds = 7.8e-9
)

// dollars estimates what the fits were charged, from the work and what was stored
// and read, and what those of the whole matrix by classes would be.
func (p *plan) dollars(d *Distributed) *Dollars {
	unit := float64(p.Shards.NonZeros)
	if n := len(p.Labels); n > 2 {
		unit *= float64(n)
	}
	shards, rounds := float64(d.Shards), float64(d.Rounds)
	// Of a round a shard reads its rows, layout, weights and variables and writes
	// variables and changes; Reduce reads all changes and writes the weights. A child
	// execution has two transitions, the states around it four.
	rows := rounds * (unit*roundSeconds*dollarsCPU + (2*shards+2)*dollarsPut + (5*shards+4)*dollarsGet + (2*shards+4)*dollarsStates)
	blocks := shardsAsked * float64(len(d.Costs))
	classes := float64(len(d.Costs))*unit*fitSeconds*dollarsCPU + blocks*(dollarsPut+2*dollarsGet+dollarsStates)
	return &Dollars{Rows: rows, Classes: classes}
}
