package batch_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/shared/batch"
	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/registry"
)

// However often and however late a request comes, one Origin is one job and
// one execution; the job stays on the version it began with.
func TestService_Submit_once(t *testing.T) {
	h := newHouse(t)
	h.publish(t, "intents", artifact)
	h.machine.Refuse = fault.New(fault.Unavailable, "no answer")
	key := "batch/acme/a.csv"
	if _, err := h.uploads.Put(t.Context(), key, strings.NewReader("text\na\n"), 7, blob.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	sub := batch.Submission{Origin: "api/1", Ref: registry.Reference{Model: "intents"}, Key: key, By: "key_1"}
	_, err := h.jobs.Submit(t.Context(), tenant, sub)
	wantCode(t, "Submit without an engine", err, fault.Unavailable)
	h.machine.Refuse = nil
	h.publish(t, "intents", artifact)
	if err := h.uploads.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	var all sync.Map
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			job, err := h.jobs.Submit(t.Context(), tenant, sub)
			if err != nil || job.Version != 1 {
				t.Errorf("Submit = %+v, %v, want the job of version 1", job, err)
			}
			all.Store(job.ID, true)
		})
	}
	work.Wait()
	n := 0
	all.Range(func(any, any) bool { n++; return true })
	if n != 1 || len(h.machine.Input) != 1 {
		t.Errorf("%d jobs, %d executions, want one of each", n, len(h.machine.Input))
	}
	for name, input := range h.machine.Input {
		id := strings.TrimSuffix(name, "-1")
		if want := fmt.Sprintf(`{"tenant":"acme","job":%q,"attempt":1}`, id); input != want || !batch.IsID(id) {
			t.Errorf("execution %s got %s, want %s", name, input, want)
		}
	}
}

// A job that is silent is held against its execution.
func TestService_Job_reconciles(t *testing.T) {
	for _, tc := range []struct {
		name, state string
		split       bool
		want        jobs.Status
		code        string
	}{
		{"running", jobs.ExecutionRunning, true, jobs.Running, ""},
		{"failed", jobs.ExecutionFailed, true, jobs.Failed, "internal"},
		{"timed out", jobs.ExecutionTimedOut, true, jobs.Failed, "timeout"},
		{"aborted", jobs.ExecutionAborted, false, jobs.Failed, "aborted"},
		{"gone", "", true, jobs.Failed, "aborted"},
		{"never started", "", false, jobs.Queued, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t)
			h.publish(t, "intents", artifact)
			job := h.submit(t, "a.csv", "text\na\nb\n", nil)
			if tc.split {
				if _, err := h.steps.Run(t.Context(), batch.StepInput{Step: "split", Tenant: tenant, Job: job.ID}); err != nil {
					t.Fatal(err)
				}
			}
			if h.machine.State[job.ID+"-1"] = tc.state; tc.state == "" {
				delete(h.machine.State, job.ID+"-1")
			}
			if got, err := h.jobs.Job(t.Context(), tenant, job.ID); err != nil || got.Status.Final() {
				t.Errorf("at once: job = %+v, %v, want it left alone", got, err)
			}
			starts := h.machine.Starts
			h.skew.Add(int64(time.Minute))
			got, err := h.jobs.Job(t.Context(), tenant, job.ID)
			if err != nil || got.Status != tc.want || tc.code != "" && got.Error.Code != tc.code {
				t.Errorf("a minute later: job = %+v, %v, want %s %s", got, err, tc.want, tc.code)
			}
			if again := h.machine.Starts > starts; again != (tc.name == "never started") {
				t.Errorf("started again: %v", again)
			}
		})
	}
}

func TestService_progress(t *testing.T) {
	h := newHouse(t)
	h.publish(t, "intents", artifact)
	h.steps.ChunkRows = 2
	job := h.submit(t, "a.csv", "id,text\n1,my card\n2,cash\n3,,\n4,rate\n", nil)
	step := func(name string, chunk int, phase string, progress float64, counts batch.Counts) {
		t.Helper()
		if name != "" {
			if _, err := h.steps.Run(t.Context(), batch.StepInput{Step: name, Tenant: tenant, Job: job.ID, Items: []batch.Item{{Chunk: chunk}}}); err != nil {
				t.Fatal(err)
			}
		}
		got, err := h.jobs.Job(t.Context(), tenant, job.ID)
		if err != nil || got.Phase != phase || got.Progress < progress-.01 || got.Progress > progress+.01 || got.Counts != counts {
			t.Errorf("after %s: phase %s, progress %.2f, counts %+v, %v, want %s, %.2f, %+v", name, got.Phase, got.Progress, got.Counts, err, phase, progress, counts)
		}
	}
	step("", 0, "split", 0, batch.Counts{})
	step("split", 0, "score", .1, batch.Counts{Rows: 4})
	step("score", 1, "score", .5, batch.Counts{Rows: 4, OK: 1, Failed: 1})
	step("score", 1, "score", .5, batch.Counts{Rows: 4, OK: 1, Failed: 1}) // scored twice, counted once
	step("score", 0, "merge", .9, batch.Counts{Rows: 4, OK: 3, Failed: 1})
	step("merge", 0, "done", 1, batch.Counts{Rows: 4, OK: 3, Failed: 1})
	step("merge", 0, "done", 1, batch.Counts{Rows: 4, OK: 3, Failed: 1})
}

func TestService_Jobs(t *testing.T) {
	h := newHouse(t)
	h.publish(t, "intents", artifact)
	h.publish(t, "prices", prices)
	var want []string
	for i := range 7 {
		job := h.submit(t, fmt.Sprintf("%d.csv", i), "grams,text\n1,a\n", func(s *batch.Submission) {
			if i%2 == 1 {
				s.Ref.Model = "prices"
			}
		})
		want = append([]string{job.ID}, want...)
	}
	var got []string
	for p := (registry.PageRequest{Limit: 2}); ; {
		page, err := h.jobs.Jobs(t.Context(), tenant, batch.Filter{}, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range page.Items {
			got = append(got, j.ID)
		}
		if p.After = page.Next; p.After == "" {
			break
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("jobs = %v, want %v", got, want)
	}
	for _, tc := range []struct {
		f    batch.Filter
		want int
	}{{batch.Filter{Model: "prices"}, 3}, {batch.Filter{Status: jobs.Queued}, 7}, {batch.Filter{Status: jobs.Failed}, 0}} {
		if page, err := h.jobs.Jobs(t.Context(), tenant, tc.f, registry.PageRequest{}); err != nil || len(page.Items) != tc.want {
			t.Errorf("%+v: %d jobs, %v, want %d", tc.f, len(page.Items), err, tc.want)
		}
	}
	if page, err := h.jobs.Jobs(t.Context(), "rival", batch.Filter{}, registry.PageRequest{}); err != nil || len(page.Items) != 0 {
		t.Errorf("rival sees %d jobs, %v", len(page.Items), err)
	}
}

// A cancelled job stays so, whatever the step under way still does.
func TestService_Cancel(t *testing.T) {
	h, job := prepared(t)
	if _, err := h.steps.Run(t.Context(), batch.StepInput{Step: "split", Tenant: tenant, Job: job.ID}); err != nil {
		t.Fatal(err)
	}
	got, err := h.jobs.Cancel(t.Context(), tenant, job.ID)
	if err != nil || got.Status != jobs.Cancelled || h.machine.State[job.ID+"-1"] != jobs.ExecutionAborted {
		t.Errorf("Cancel = %+v, %v, want it cancelled and its execution stopped", got, err)
	}
	if err := h.run(t.Context(), job.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("run = %v, want %s", err, fault.Conflict)
	}
	if got, err = h.jobs.Job(t.Context(), tenant, job.ID); err != nil || got.Status != jobs.Cancelled || got.Error != nil {
		t.Errorf("job = %+v, %v, want it cancelled", got, err)
	}
	_, err = h.jobs.Cancel(t.Context(), tenant, "bj_none")
	wantCode(t, "Cancel of nothing", err, fault.NotFound)
}
