package world_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"godwit/shared/dynamo"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
	"godwit/shared/stagetest"
)

// Of what the clients race for.
const (
	racers    = 6
	raceModel = registry.Name("intents")
	raceOwner = registry.Tenant("acme")
	raceMany  = 12 // versions
)

// trial is something that clients change and read at once, and the sequential
// thing that all of them together must look like.
type trial struct {
	name  string
	model porcupine.Model
	// ask is the i-th operation of a client; known is what learned returned last.
	ask func(client, i int, known int64) any
	act func(ctx context.Context, r *registry.Registry, input any) answer
	// kinds are answers that must occur, or the trial tried nothing.
	kinds []verdict
}

// verdict is how an operation ended.
type verdict string

const (
	done    verdict = "done"
	refused verdict = "refused"
	unknown verdict = "unknown" // no answer: it was made, or not, or will be
)

// answer is what a client was told, and what it knows from it.
type answer struct {
	verdict
	rev   int64 // of what was read or made
	value int
}

// TestLinearizable lets clients read and change pointers at once, while every
// fifth answer is lost, over the store in memory and over DynamoDB's adapter on
// the local stage, and looks for one order of all operations that explains every
// answer (Herlihy and Wing 1990).
func TestLinearizable(t *testing.T) {
	for _, tr := range []trial{aliasTrial, routeTrial, deletionTrial} {
		t.Run("memory "+tr.name, func(t *testing.T) {
			shared := yielding{memory.New(time.Now)}
			tr.run(t, func(int) registry.Store { return shared }, 100)
		})
	}
	t.Run("dynamo", func(t *testing.T) {
		at := stagetest.Start(t)
		quiet := stagetest.DynamoDB(stagetest.Config(at.DynamoDB, at.AccessKey, at.SecretKey, nil))
		for _, tr := range []trial{aliasTrial, routeTrial, deletionTrial} {
			t.Run(tr.name, func(t *testing.T) {
				table := "linear-" + tr.name
				stagetest.Table(t, quiet, table)
				tr.run(t, func(client int) registry.Store {
					line := &stagetest.Line{Plan: stagetest.Every(5+client, stagetest.Lost)}
					return dynamo.New(stagetest.DynamoDB(stagetest.Config(at.DynamoDB, at.AccessKey, at.SecretKey, line)), table, time.Now)
				}, 30)
			})
		}
	})
}

// run lets the clients of a trial do some operations each on a model of several
// versions, of which the champion is the first. open gives each its way to the
// store.
func (tr trial) run(t *testing.T, open func(client int) registry.Store, operations int) {
	t.Helper()
	history := tr.history(t, open, operations)
	ended := map[verdict]int{}
	for _, op := range history {
		ended[op.Output.(answer).verdict]++
	}
	for _, k := range tr.kinds {
		if ended[k] == 0 {
			t.Errorf("%v: nothing was %s", ended, k)
		}
	}
	result, info := porcupine.CheckOperationsVerbose(tr.model, history, time.Minute)
	if result != porcupine.Ok {
		t.Errorf("%d operations, %v: %s, want %s: longest explained part %d", len(history), ended, result, porcupine.Ok, len(info.PartialLinearizations()))
	}
	t.Logf("%d operations, %v: one order explains all answers", len(history), ended)
}

// history lays a fresh model and lets the clients race on it.
func (tr trial) history(t *testing.T, open func(client int) registry.Store, operations int) []porcupine.Operation {
	t.Helper()
	var tokens atomic.Int64
	var clients []*registry.Registry
	for i := range racers {
		clients = append(clients, &registry.Registry{Store: open(i), Now: time.Now, NewToken: func() string { return fmt.Sprint("linear", tokens.Add(1)) }})
	}
	for v := range raceMany {
		c := registry.Commit{Token: fmt.Sprint("v", v), Draft: registry.Version{Model: raceModel}}
		if v == 0 {
			c.Promote = registry.Champion
		}
		if _, err := clients[0].Commit(t.Context(), raceOwner, c); err != nil {
			t.Fatal(err)
		}
	}
	return tr.race(t.Context(), clients, operations)
}

// yielding lets other clients go first before each call.
type yielding struct{ registry.Store }

func (s yielding) Get(ctx context.Context, key registry.Key) (registry.Record, error) {
	runtime.Gosched()
	return s.Store.Get(ctx, key)
}

func (s yielding) Write(ctx context.Context, token string, ws ...registry.Write) error {
	runtime.Gosched()
	return s.Store.Write(ctx, token, ws...)
}

// TestLinearizable_notices takes one condition from the writes of each trial:
// then no order explains the answers.
func TestLinearizable_notices(t *testing.T) {
	const tries = 50 // of races that may end well by chance
	for _, tc := range []struct {
		trial trial
		table func(registry.Store) registry.Store
	}{
		{aliasTrial, free("A#", "H#")}, {routeTrial, free("R")}, {deletionTrial, without(registry.Check, "V#", "G")},
	} {
		t.Run(tc.trial.name, func(t *testing.T) {
			for range tries {
				shared := tc.table(yielding{memory.New(time.Now)})
				if history := tc.trial.history(t, func(int) registry.Store { return shared }, 60); !porcupine.CheckOperations(tc.trial.model, history) {
					return
				}
			}
			t.Errorf("%d histories without the condition are explained, want one that is not", tries)
		})
	}
}

// race returns what every client asked and was answered, and when.
func (tr trial) race(ctx context.Context, clients []*registry.Registry, operations int) []porcupine.Operation {
	began := time.Now()
	since := func() int64 { return int64(time.Since(began)) }
	var mu sync.Mutex
	var history []porcupine.Operation
	var work sync.WaitGroup
	for id, r := range clients {
		work.Go(func() {
			known := int64(0)
			for i := range operations {
				op := porcupine.Operation{ClientId: id, Input: tr.ask(id, i, known), Call: since()}
				out := tr.act(ctx, r, op.Input)
				op.Output, op.Return = out, since()
				switch out.verdict {
				case done:
					known = out.rev
				case unknown:
					op.Return = int64(time.Hour) // it may still happen
				}
				mu.Lock()
				history = append(history, op)
				mu.Unlock()
			}
		})
	}
	work.Wait()
	return history
}
