package training_test

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// faults makes calls fail: before they have an effect, or after (a lost answer).
type faults struct {
	mu    sync.Mutex
	calls int
	at    int  // call that fails, from 1; 0 none
	lost  bool // the call has its effect, only its answer is lost
	dead  bool // every call after it fails too: the worker is no more
}

// hit reports whether this call fails, and whether it still has its effect.
func (f *faults) hit() (fails, effect bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.dead && f.at > 0 && f.calls > f.at {
		return true, false
	}
	return f.calls == f.at, f.lost
}

func errInjected() error { return fault.New(fault.Unavailable, "injected") }

// flakyStore fails writes. Reads of a lost answer are plain failures.
type flakyStore struct {
	registry.Store
	f *faults
}

func (s flakyStore) Write(ctx context.Context, token string, w ...registry.Write) error {
	fails, effect := s.f.hit()
	if fails && !effect {
		return errInjected()
	}
	err := s.Store.Write(ctx, token, w...)
	if fails {
		return errInjected()
	}
	return err
}

func (s flakyStore) Get(ctx context.Context, k registry.Key) (registry.Record, error) {
	if fails, _ := s.f.hit(); fails {
		return registry.Record{}, errInjected()
	}
	return s.Store.Get(ctx, k)
}

// flakyBlob fails writes and reads of bytes.
type flakyBlob struct {
	blob.Store
	f *faults
}

func (s flakyBlob) Put(ctx context.Context, key string, body io.ReadSeeker, size int64, o blob.PutOptions) (blob.Info, error) {
	fails, effect := s.f.hit()
	if fails && !effect {
		return blob.Info{}, errInjected()
	}
	info, err := s.Store.Put(ctx, key, body, size, o)
	if fails {
		return blob.Info{}, errInjected()
	}
	return info, err
}

func (s flakyBlob) Get(ctx context.Context, key string) (io.ReadCloser, blob.Info, error) {
	if fails, _ := s.f.hit(); fails {
		return nil, blob.Info{}, errInjected()
	}
	return s.Store.Get(ctx, key)
}

// flaky returns the house with every write and read of training behind f.
func (h *house) flaky(f *faults) *house {
	store := flakyStore{h.store, f}
	reg := *h.jobs.Registry
	reg.Store = store
	jobs := *h.jobs
	jobs.Store, jobs.Registry = store, &reg
	steps := *h.steps
	steps.Jobs, steps.Models, steps.Uploads = &jobs, flakyBlob{h.models, f}, flakyBlob{h.uploads, f}
	return &house{store: h.store, uploads: h.uploads, models: h.models, jobs: h.jobs, steps: &steps, machine: h.machine, clock: h.clock}
}

// A failure at any one call, with or without its effect, is retried by the
// machine and ends in exactly one version whose artifacts are whole.
func TestSteps_AnyOneFailureIsSurvived(t *testing.T) {
	run := taped(t, csv(60, 14), `{"params":{"c":[1],"features":["word"]},"search":{"folds":2}}`, false)
	if run.calls < 30 {
		t.Fatalf("a run makes %d calls, want at least 30 to fail at", run.calls)
	}
	for _, lost := range []bool{false, true} {
		for at := 1; at <= run.calls; at++ {
			t.Run(fmt.Sprintf("call %d lost %v", at, lost), func(t *testing.T) {
				h, err := run.resume(t.Context(), &faults{at: at, lost: lost})
				if err != nil {
					t.Fatalf("run: %v", err)
				}
				h.checkOneVersion(t, run.job)
			})
		}
	}
}

// checkOneVersion holds what must be true after a success.
func (h *house) checkOneVersion(t *testing.T, id string) {
	t.Helper()
	job, err := h.jobs.Job(t.Context(), tenant, id)
	if err != nil || job.Status != training.Succeeded || job.Version != 1 {
		t.Fatalf("job = %+v, %v, want succeeded with version 1", job, err)
	}
	page, err := h.jobs.Registry.Versions(t.Context(), tenant, "intents", registry.PageRequest{})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("%d versions, %v, want 1", len(page.Items), err)
	}
	if v := page.Items[0]; !h.artifactIs(t, v.Artifact) || !h.artifactIs(t, v.Evaluation) {
		t.Error("a visible version's artifact is not whole")
	}
	history, err := h.jobs.Registry.AliasHistory(t.Context(), tenant, "intents", registry.Champion, registry.PageRequest{})
	if err != nil || len(history.Items) != 1 {
		t.Errorf("%d history entries, %v, want 1", len(history.Items), err)
	}
}

// A worker killed at any call leaves nothing visible, or everything; the retry
// completes.
func TestSteps_KilledAnywhere(t *testing.T) {
	quick := `{"params":{"c":[1],"features":["word"]},"search":{"folds":2}}`
	for at := 1; ; at += 3 {
		h := newHouse(t, 1)
		job := h.upload(t, tenant, "intents", csv(60, 15), quick)
		f := &faults{at: at, lost: at%2 == 0}
		err := h.flaky(f).machineRun(t.Context(), training.StepInput{Tenant: tenant, Job: job.ID, Attempt: 1})
		page, verr := h.jobs.Registry.Versions(t.Context(), tenant, "intents", registry.PageRequest{})
		if verr != nil {
			t.Fatal(verr)
		}
		for _, v := range page.Items {
			if !h.artifactIs(t, v.Artifact) {
				t.Fatalf("killed at call %d: a version is visible without its artifact", at)
			}
		}
		if err == nil && f.calls < at {
			return // past the last call of a run
		}
		if err := h.run(t.Context(), tenant, job.ID); err != nil && !fault.Is(err, fault.Conflict) {
			t.Fatalf("retry after a kill at call %d: %v", at, err)
		}
		h.checkOneVersion(t, job.ID)
	}
}

// The worker that was thought dead and comes back cannot commit.
func TestSteps_LateWorkerCannotCommit(t *testing.T) {
	ctx := t.Context()
	h := newHouse(t, 1)
	job := h.upload(t, tenant, "intents", csv(60, 16), `{"params":{"c":[1],"features":["word"]},"search":{"folds":2}}`)
	stalled := &stall{Store: h.models, at: "report.json", reached: make(chan struct{}), resume: make(chan struct{})}
	slow := *h.steps
	slow.Models = stalled
	in := training.StepInput{Tenant: tenant, Job: job.ID, Attempt: 1}
	for _, step := range []string{"prepare", "search", "search", "select"} {
		in.Step = step
		if _, err := h.steps.Run(ctx, in); err != nil {
			t.Fatal(err)
		}
		if step == "search" {
			in.Task++
		}
	}
	in.Step, in.Task = "finish", 0
	result := make(chan error, 1)
	go func() {
		_, err := slow.Run(ctx, in)
		result <- err
	}()
	<-stalled.reached
	if _, err := h.steps.Run(ctx, in); err != nil {
		t.Fatalf("the second worker: %v", err)
	}
	close(stalled.resume)
	select {
	case err := <-result:
		if err != nil && !fault.Is(err, fault.PreconditionFailed) {
			t.Errorf("the first worker = %v, want it refused or told of the version that is there", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the first worker hangs")
	}
	h.checkOneVersion(t, job.ID)
}

// stall holds a Put of one key until told to go on.
type stall struct {
	blob.Store
	at              string
	once            sync.Once
	reached, resume chan struct{}
}

func (s *stall) Put(ctx context.Context, key string, body io.ReadSeeker, size int64, o blob.PutOptions) (blob.Info, error) {
	if len(key) > len(s.at) && key[len(key)-len(s.at):] == s.at {
		s.once.Do(func() { close(s.reached) })
		<-s.resume
	}
	return s.Store.Put(ctx, key, body, size, o)
}
