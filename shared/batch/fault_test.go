package batch_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/shared/batch"
	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// faults makes calls fail: before they have an effect, or after (a lost answer).
type faults struct {
	mu    sync.Mutex
	calls int
	at    int  // call that fails, from 1; 0 none
	lost  bool // the call has its effect, only its answer is lost
}

// try makes one call, or lets it fail.
func try[T any](f *faults, call func() (T, error)) (T, error) {
	f.mu.Lock()
	f.calls++
	fails := f.calls == f.at
	f.mu.Unlock()
	var none T
	injected := fault.New(fault.Unavailable, "injected")
	if fails && !f.lost {
		return none, injected
	}
	v, err := call()
	if fails {
		if c, ok := any(v).(io.Closer); ok && err == nil {
			return none, fault.Wrap(fault.Unavailable, c.Close(), "injected")
		}
		return none, injected
	}
	return v, err
}

// flakyStore fails its calls.
type flakyStore struct {
	registry.Store
	f *faults
}

func (s flakyStore) Write(ctx context.Context, token string, w ...registry.Write) error {
	_, err := try(s.f, func() (any, error) { return nil, s.Store.Write(ctx, token, w...) })
	return err
}

func (s flakyStore) Get(ctx context.Context, k registry.Key) (registry.Record, error) {
	return try(s.f, func() (registry.Record, error) { return s.Store.Get(ctx, k) })
}

func (s flakyStore) Add(ctx context.Context, k registry.Key, delta map[string]int64, until time.Time) error {
	_, err := try(s.f, func() (any, error) { return nil, s.Store.Add(ctx, k, delta, until) })
	return err
}

// flakyBlob fails its calls, and one in two of its bodies in the middle.
type flakyBlob struct {
	blob.Store
	f *faults
}

func (s flakyBlob) Put(ctx context.Context, key string, body io.ReadSeeker, size int64, o blob.PutOptions) (blob.Info, error) {
	return try(s.f, func() (blob.Info, error) { return s.Store.Put(ctx, key, body, size, o) })
}

func (s flakyBlob) Stat(ctx context.Context, key string) (blob.Info, error) {
	return try(s.f, func() (blob.Info, error) { return s.Store.Stat(ctx, key) })
}

func (s flakyBlob) Get(ctx context.Context, key string) (io.ReadCloser, blob.Info, error) {
	return s.GetVersion(ctx, key, "")
}

func (s flakyBlob) GetVersion(ctx context.Context, key, version string) (io.ReadCloser, blob.Info, error) {
	var info blob.Info
	body, err := try(s.f, func() (io.ReadCloser, error) {
		body, i, err := s.Store.GetVersion(ctx, key, version)
		info = i
		return body, err
	})
	if err != nil {
		return nil, blob.Info{}, err
	}
	if _, err := try(s.f, func() (any, error) { return nil, nil }); err != nil {
		return breaking{io.LimitReader(body, info.Size/2), body, err}, info, nil
	}
	return body, info, nil
}

// breaking is a body that ends in an error.
type breaking struct {
	io.Reader
	io.Closer
	err error
}

func (b breaking) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}

// flaky puts every call of batch's stores behind f.
func (h *house) flaky(f *faults) {
	store := flakyStore{h.store, f}
	reg := *h.jobs.Registry
	reg.Store = store
	jobs := *h.jobs
	jobs.Store, jobs.Registry = store, &reg
	steps := *h.steps
	steps.Jobs, steps.Models, steps.Uploads = &jobs, flakyBlob{h.models, f}, flakyBlob{h.uploads, f}
	steps.Serving = serving.New(serving.Options{
		Registry: &reg, Models: steps.Models, Secret: &serving.Secret{Store: store, Random: zeros{}}, Now: jobs.Now, TTL: time.Nanosecond,
	})
	h.steps = &steps
}

// prepared is a house with a job of three chunks and errors, ready to run.
func prepared(t *testing.T) (*house, batch.Job) {
	t.Helper()
	h := newHouse(t)
	h.publish(t, "intents", artifact)
	h.steps.ChunkRows = 10
	return h, h.submit(t, "a.csv", mixed(30), nil)
}

// A failure at any one call, with or without its effect, or in the middle of
// any body, is retried by the machine and ends in the same bytes.
func TestSteps_AnyOneFailureIsSurvived(t *testing.T) {
	probe := &faults{}
	h, job := prepared(t)
	calm := h.steps.Jobs
	h.flaky(probe)
	if err := h.run(t.Context(), job.ID); err != nil {
		t.Fatal(err)
	}
	done, err := calm.Job(t.Context(), tenant, job.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := [2]string{h.read(t, done.Results), h.read(t, done.Errors)}
	if probe.calls < 40 {
		t.Fatalf("a run makes %d calls, want at least 40 to fail at", probe.calls)
	}
	for _, lost := range []bool{false, true} {
		for at := 1; at <= probe.calls; at++ {
			t.Run(fmt.Sprintf("call %d lost %v", at, lost), func(t *testing.T) {
				h, job := prepared(t)
				h.flaky(&faults{at: at, lost: lost})
				job = h.finish(t, job)
				if got := [2]string{h.read(t, job.Results), h.read(t, job.Errors)}; got != want {
					t.Errorf("results = %q, want %q", got, want)
				}
			})
		}
	}
}

// A worker killed at any call leaves no result to be seen, or all; the machine,
// run again from its beginning or from the step that was killed, completes.
func TestSteps_KilledAnywhere(t *testing.T) {
	for at := 1; ; at += 2 {
		h, job := prepared(t)
		whole := h.steps
		f := &faults{at: at, lost: at%4 == 1}
		h.flaky(f)
		err := h.once(t.Context(), job.ID)
		h.steps = whole
		got, gerr := h.jobs.Job(t.Context(), tenant, job.ID)
		if gerr != nil {
			t.Fatal(gerr)
		}
		if got.Status != jobs.Succeeded && (got.Results != nil || got.Summary != nil) {
			t.Fatalf("killed at call %d: results are visible of a job that is %s", at, got.Status)
		}
		if err == nil && f.calls < at {
			return // past the last call of a run
		}
		if got.Status == jobs.Succeeded {
			continue // killed after the end was written
		}
		h.finish(t, job)
	}
}

// once runs the steps without retries: a worker that dies.
func (h *house) once(ctx context.Context, id string) error {
	in := batch.StepInput{Step: "split", Tenant: tenant, Job: id, Attempt: 1}
	if _, err := h.steps.Run(ctx, in); err != nil {
		return err
	}
	in.Step = "score"
	for _, chunks := range [][]batch.Item{{{Chunk: 0}, {Chunk: 1}}, {{Chunk: 2}}} {
		in.Items = chunks
		if _, err := h.steps.Run(ctx, in); err != nil {
			return err
		}
	}
	in.Step = "merge"
	_, err := h.steps.Run(ctx, in)
	return err
}

// What cannot be had in several tries closes the job with a reason.
func TestSteps_GivesUp(t *testing.T) {
	h, job := prepared(t)
	in := batch.StepInput{Step: "split", Tenant: tenant, Job: job.ID, Attempt: 1}
	if _, err := h.steps.Run(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if err := h.models.Delete(t.Context(), "work/acme/"+job.ID+"/chunks/000001.jsonl"); err != nil {
		t.Fatal(err)
	}
	if err := h.run(t.Context(), job.ID); err != nil { // Split makes it again
		t.Fatal(err)
	}
	for _, tc := range []struct{ caught, want string }{
		{"States.ExceedToleratedFailureThreshold", "transient"}, {jobs.TypeTransient, "transient"}, {"States.Timeout", "timeout"},
		{jobs.TypeInternal, "internal"}, {"Lambda.Unknown", "internal"}, {jobs.TypeInput, "input"},
	} {
		h, job := prepared(t)
		in := batch.StepInput{Step: "fail", Tenant: tenant, Job: job.ID, Attempt: 1, Error: &jobs.StepError{Error: tc.caught, Cause: "secret"}}
		if _, err := h.steps.Run(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		got, err := h.jobs.Job(t.Context(), tenant, job.ID)
		if err != nil || got.Status != jobs.Failed || got.Error.Code != tc.want || strings.Contains(got.Error.Message, "secret") {
			t.Errorf("after %s: job = %+v, %v, want it failed with %s", tc.caught, got.Error, err, tc.want)
		}
		in.Step = "score"
		_, err = h.steps.Run(t.Context(), in)
		wantCode(t, "a step of a closed job", err, fault.Conflict)
		in.Step = "dance"
		if _, err := h.steps.Run(t.Context(), in); err == nil {
			t.Error("an unknown step succeeds")
		}
	}
}
