package training_test

import (
	"fmt"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/training"
)

const quickRows = `{"engine":"rows","params":{"c":[0.01],"features":["word"]}}` // a cost that needs few rounds

// rowsTape runs a job by rows and returns its tape and which of its calls of the
// stores are made by the first step of each kind, in each phase where phases
// differ: what later ones do is the same.
func rowsTape(t *testing.T) (*tape, []int) {
	t.Helper()
	run := taped(t, csv(24, 36), quickRows, false)
	first, kinds := run.first(func(in training.StepInput) string {
		kind := fmt.Sprint(in.Step, in.Turn.Next, min(in.Turn.Round, 1))
		if in.Step == "judge" || in.Step == "settle" || in.Step == "census" {
			kind += in.Turn.Phase
		}
		return kind
	})
	if kinds < 16 || len(first) < 100 || len(first) > 400 {
		t.Fatalf("%d kinds of steps make %d calls, want those of three phases", kinds, len(first))
	}
	return run, first
}

// A failure at any one call of a job by rows, one with its effect, the next without, is
// retried by the machine and ends in exactly one version, of the same digest.
func TestSteps_RowsSurviveAnyOneFailure(t *testing.T) {
	run, calls := rowsTape(t)
	want := run.house.outcome(t, run.job)
	for _, at := range calls {
		lost := at%2 == 0
		h, err := run.resume(t.Context(), &faults{at: at, lost: lost})
		if err != nil {
			t.Fatalf("call %d fails, lost %v: %v", at, lost, err)
		}
		if got := h.outcome(t, run.job); got != want {
			t.Errorf("call %d fails, lost %v: %s, want %s", at, lost, got, want)
		}
	}
}

// A job by rows that is killed at any call and begun again, over what is left of
// it, comes to the same version.
func TestSteps_RowsKilledAnywhere(t *testing.T) {
	run, calls := rowsTape(t)
	want := run.house.outcome(t, run.job)
	for k, at := range calls {
		if k%3 != 0 {
			continue
		}
		h, err := run.resume(t.Context(), &faults{at: at, lost: at%2 == 0, dead: true})
		if err == nil {
			t.Errorf("a worker dead from call %d on came to its end", at)
		}
		if err := h.run(t.Context(), tenant, run.job); err != nil && !fault.Is(err, fault.Conflict) {
			t.Fatalf("again after a kill at call %d: %v", at, err)
		}
		if got := h.outcome(t, run.job); got != want {
			t.Errorf("killed at call %d: %s, want %s", at, got, want)
		}
	}
}

// Shards, phases and turns that there are not are refused, as are steps of rows of
// a job that is not trained so, and whatever a shard's files should not be.
func TestSteps_RowsRefuseSteps(t *testing.T) {
	h := newHouse(t, 1)
	job := h.upload(t, tenant, "intents", csv(60, 3), quickRows)
	out, err := h.step(t.Context(), training.StepInput{Step: "prepare", Tenant: tenant, Job: job.ID, Attempt: 1})
	if err != nil {
		t.Fatal(err)
	}
	turn := out.(training.Next).Turn
	for _, tc := range []struct {
		name string
		in   training.StepInput
		want string
	}{
		{"a shard too many", training.StepInput{Step: "census", Shard: 99, Turn: turn}, training.TypeInput},
		{"a negative shard", training.StepInput{Step: "census", Shard: -1, Turn: turn}, training.TypeInput},
		{"no phase", training.StepInput{Step: "census", Turn: training.Turn{Phase: "later"}}, training.TypeInput},
		{"a step there is not", training.StepInput{Step: "guess", Turn: turn}, training.TypeInput},
		{"a fit before the choice", training.StepInput{Step: "census", Turn: training.Turn{Phase: "served"}}, training.TypeInternal},
		{"a round before its layout", training.StepInput{Step: "round", Turn: turn}, training.TypeInternal},
		{"a reduction of nothing", training.StepInput{Step: "reduce", Turn: turn}, training.TypeInternal},
	} {
		tc.in.Tenant, tc.in.Job, tc.in.Attempt = tenant, job.ID, 1
		if _, err := h.step(t.Context(), tc.in); jobs.ErrorType(err) != tc.want {
			t.Errorf("%s = %v, want %s", tc.name, err, tc.want)
		}
	}
	h.putModel(t, "work/local/"+job.ID+"/rows/1/rows/00000.safetensors", "no rows")
	if _, err := h.step(t.Context(), training.StepInput{Step: "census", Tenant: tenant, Job: job.ID, Attempt: 1, Turn: turn}); jobs.ErrorType(err) != training.TypeInternal {
		t.Errorf("a damaged shard = %v, want our own mistake", err)
	}
	h = newHouse(t, 1)
	job = h.upload(t, tenant, "intents", csv(60, 3), "")
	if _, err := h.step(t.Context(), training.StepInput{Step: "prepare", Tenant: tenant, Job: job.ID, Attempt: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.step(t.Context(), training.StepInput{Step: "census", Tenant: tenant, Job: job.ID, Attempt: 1, Turn: turn}); jobs.ErrorType(err) != training.TypeInput {
		t.Errorf("a shard of a job without = %v, want an input error", err)
	}
}
