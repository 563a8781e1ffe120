package training_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"godwit/shared/blob/memblob"
	"godwit/shared/registry/memory"
	"godwit/shared/training"
)

// tape is the run of a job with what there was before each of its steps: a sweep
// over the calls of the stores begins each time at the step that makes the call,
// not with training up to it. What follows the step is run every time.
type tape struct {
	house   *house // as the run left it
	job     string
	hands   bool // whether each function hands over after a unit of work
	moments []moment
	outs    []any // what each step answered
	calls   int   // of the stores, in the whole run
}

// moment is what there was before a step.
type moment struct {
	in            training.StepInput
	calls         int // made before it
	clock, tokens int64
	store         *memory.Store
	uploads       *memblob.Store
	models        *memblob.Store
}

// taped runs a job to its version, without a failure.
func taped(t *testing.T, data, settings string, hands bool) *tape {
	t.Helper()
	h, probe := newHouse(t, 1), &faults{}
	run := &tape{house: h, hands: hands, job: h.upload(t, tenant, "intents", data, settings).ID}
	flaky := run.flaky(h, probe)
	flaky.began = func(in training.StepInput) {
		run.moments = append(run.moments, moment{
			in: in, calls: probe.calls, clock: h.clock.Load(), tokens: h.tokens.Load(),
			store: h.store.(*memory.Store).Copy(), uploads: h.uploads.(*memblob.Store).Copy(), models: h.models.(*memblob.Store).Copy(),
		})
	}
	if err := flaky.run(run.context(t.Context()), tenant, run.job); err != nil {
		t.Fatalf("run: %v", err)
	}
	run.outs, run.calls = flaky.answers, probe.calls
	h.checkEvents(t, run.job, 7)
	return run
}

// flaky is the house with the calls of f, as the run has it.
func (run *tape) flaky(h *house, f *faults) *house {
	flaky := h.flaky(f)
	if run.hands {
		flaky.steps.Unit = 1
	}
	return flaky
}

// context is what the functions of the run have.
func (run *tape) context(ctx context.Context) context.Context {
	if run.hands {
		return ending{ctx, run.house}
	}
	return ctx
}

// resume goes on with the run from before the step whose call is to fail, up to
// the job's end or an error that nothing retries, and returns the house it was in.
// It goes by the clock of the tape: only one run at a time.
func (run *tape) resume(ctx context.Context, f *faults) (*house, error) {
	step := len(run.moments) - 1
	for step > 0 && run.moments[step].calls >= f.at {
		step--
	}
	m := run.moments[step]
	h := &house{
		store: m.store.Copy(), uploads: m.uploads.Copy(), models: m.models.Copy(),
		machine: run.house.machine, clock: run.house.clock, tokens: run.house.tokens,
	}
	h.clock.Store(m.clock)
	h.tokens.Store(m.tokens)
	h.wire(h.now, h.token, 1)
	f.calls = m.calls
	flaky := run.flaky(h, f)
	flaky.past = run.outs[:step]
	err := flaky.machineRun(run.context(ctx), training.StepInput{Tenant: tenant, Job: run.job, Attempt: 1})
	if f.calls < f.at {
		err = errors.Join(err, fmt.Errorf("%d calls were made, none failed", f.calls))
	}
	return h, err
}

// first returns the calls that the first step of each kind makes: what later ones
// do is the same.
func (run *tape) first(kind func(training.StepInput) string) (calls []int, kinds int) {
	seen := map[string]bool{}
	for i, m := range run.moments {
		to := run.calls
		if i+1 < len(run.moments) {
			to = run.moments[i+1].calls
		}
		if seen[kind(m.in)] {
			continue
		}
		seen[kind(m.in)] = true
		for at := m.calls + 1; at <= to; at++ {
			calls = append(calls, at)
		}
	}
	return calls, len(seen)
}
