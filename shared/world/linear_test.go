package world_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"godwit/shared/dynamo"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
	"godwit/shared/stagetest"
)

// move is one operation on an alias: a read, or a change under a revision.
type move struct {
	read    bool
	version int   // to point at
	ifRev   int64 // revision it must have
}

// moved is what an operation answered. rev and version are the alias's then.
type moved struct {
	rev     int64
	version int
	refused bool // the condition did not hold
	unknown bool // no answer: it was made, or not, or will be
}

// pointer is an alias as a register with compare-and-set, by revision.
type pointer struct {
	rev     int64
	version int
}

// register is the sequential alias that all clients together must look like.
var register = porcupine.Model{
	Init: func() any { return pointer{1, 1} },
	Step: func(state, input, output any) (bool, any) {
		at, in, out := state.(pointer), input.(move), output.(moved)
		if in.read {
			return out.unknown || out.rev == at.rev && out.version == at.version, at
		}
		if in.ifRev != at.rev {
			return out.refused || out.unknown, at
		}
		next := pointer{at.rev + 1, in.version}
		return out.unknown || !out.refused && out.rev == next.rev && out.version == next.version, next
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
}

// TestLinearizable lets clients read and promote one alias at once, while every
// fifth answer is lost, over the store in memory and over DynamoDB's adapter on
// the local stage, and looks for one order of all operations that explains every
// answer (Herlihy and Wing 1990).
func TestLinearizable(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		clients(t, func(int) registry.Store { return memory.New(time.Now) }, 200)
	})
	t.Run("dynamo", func(t *testing.T) {
		at := stagetest.Start(t)
		quiet := stagetest.DynamoDB(stagetest.Config(at.DynamoDB, at.AccessKey, at.SecretKey, nil))
		stagetest.Table(t, quiet, "linear")
		clients(t, func(client int) registry.Store {
			line := &stagetest.Line{Plan: stagetest.Every(5+client, stagetest.Lost)}
			return dynamo.New(stagetest.DynamoDB(stagetest.Config(at.DynamoDB, at.AccessKey, at.SecretKey, line)), "linear", time.Now)
		}, 40)
	})
}

// clients runs six clients of some operations each on one alias. open gives each
// its way to the store; one in memory is shared.
func clients(t *testing.T, open func(client int) registry.Store, operations int) {
	t.Helper()
	ctx := t.Context()
	const alias, model, tenant = registry.Champion, registry.Name("intents"), registry.Tenant("acme")
	stores := make([]registry.Store, 6)
	for i := range stores {
		stores[i] = open(i)
		if _, shared := stores[i].(*memory.Store); shared {
			stores[i] = stores[0]
		}
	}
	var tokens atomic.Int64
	at := func(s registry.Store) *registry.Registry {
		return &registry.Registry{Store: s, Now: time.Now, NewToken: func() string { return fmt.Sprint("linear", tokens.Add(1)) }}
	}
	for v := range 3 {
		c := registry.Commit{Token: fmt.Sprint("v", v), Draft: registry.Version{Model: model}}
		if v == 0 {
			c.Promote = alias
		}
		if _, err := at(stores[0]).Commit(ctx, tenant, c); err != nil {
			t.Fatal(err)
		}
	}
	history := race(ctx, tenant, model, operations, stores, at)
	made, refused := 0, 0
	for _, op := range history {
		if out := op.Output.(moved); out.refused {
			refused++
		} else if !op.Input.(move).read {
			made++
		}
	}
	verdict, info := porcupine.CheckOperationsVerbose(register, history, time.Minute)
	if verdict != porcupine.Ok || made == 0 || refused == 0 {
		t.Errorf("%d operations, %d promotions, %d refused: %s, want %s: longest explained part %d", len(history), made, refused, verdict, porcupine.Ok, len(info.PartialLinearizations()))
	}
	t.Logf("%d operations, %d promotions made, %d refused: one order explains all answers", len(history), made, refused)
}

// race lets every client read and promote through its store, and returns what
// each asked and was answered, and when.
func race(ctx context.Context, t registry.Tenant, n registry.Name, operations int, stores []registry.Store, at func(registry.Store) *registry.Registry) []porcupine.Operation {
	began := time.Now()
	since := func() int64 { return int64(time.Since(began)) }
	var mu sync.Mutex
	var history []porcupine.Operation
	var work sync.WaitGroup
	for id, store := range stores {
		work.Go(func() {
			r, known := at(store), int64(1)
			for i := range operations {
				op := porcupine.Operation{ClientId: id, Input: move{read: (i+id)%3 == 0, version: 1 + (id+i)%3, ifRev: known}, Call: since()}
				out := act(ctx, r, t, n, op.Input.(move))
				op.Output, op.Return = out, since()
				if out.unknown {
					op.Return = int64(time.Hour) // it may still happen
				} else if !out.refused {
					known = out.rev
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

// act performs one operation.
func act(ctx context.Context, r *registry.Registry, t registry.Tenant, n registry.Name, m move) moved {
	var a registry.Alias
	var err error
	if m.read {
		a, err = r.Alias(ctx, t, n, registry.Champion)
	} else {
		a, err = r.SetAlias(ctx, t, n, registry.Champion, m.version, m.ifRev, "key")
	}
	switch {
	case err == nil:
		return moved{rev: a.Rev, version: a.Version}
	case fault.Is(err, fault.PreconditionFailed):
		return moved{refused: true}
	}
	return moved{unknown: true}
}
