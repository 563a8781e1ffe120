package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/jobs/memmachine"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
)

const tenant = registry.Tenant("acme")

// errand is the simplest job there is.
type errand struct {
	jobs.Head
	Done int
}

var errands = jobs.Kind[errand]{
	Noun: "errand", Prefix: "er_", Key: registry.BatchKey, Index: registry.BatchIndex,
	Head:   func(e *errand) jobs.Head { return e.Head },
	SetRev: func(e *errand, rev int64) { e.Rev = rev },
}

func newBook() (*jobs.Book[errand], *memmachine.Machine) {
	var tokens atomic.Int64
	m := memmachine.New()
	return &jobs.Book[errand]{
		Kind: errands, Store: memory.New(time.Now), Machine: m, NewToken: func() string { return fmt.Sprint("token", tokens.Add(1)) },
	}, m
}

// made is an errand that was just asked for.
func made(n int) errand {
	return errand{Head: jobs.Head{
		Tenant: tenant, ID: errands.NewID("acme", fmt.Sprint(n)), Status: jobs.Queued, Attempt: 1,
		CreatedAt: time.Date(2026, 11, 23, 12, 0, n, 0, time.UTC),
	}}
}

func TestKind_IsID(t *testing.T) {
	id := errands.NewID("acme", "1")
	if id != errands.NewID("acme", "1") || id == errands.NewID("acm", "e1") || id == errands.NewID("acme1") {
		t.Errorf("NewID = %s, want one for each list of parts", id)
	}
	for _, tc := range []struct {
		id   string
		want bool
	}{{id, true}, {"", false}, {"er_", false}, {"bj_" + id[3:], false}, {id + "a", false}, {id[:28], false}, {id[:28] + "#", false}, {id[:28] + "A", false}} {
		if got := errands.IsID(tc.id); got != tc.want {
			t.Errorf("IsID(%q) = %v, want %v", tc.id, got, tc.want)
		}
	}
}

func TestBook_Open(t *testing.T) {
	b, _ := newBook()
	first, opened, err := b.Open(t.Context(), made(1))
	if err != nil || !opened || first.Rev != 1 {
		t.Fatalf("Open = %+v, %v, %v, want it stored at revision 1", first, opened, err)
	}
	if _, err := b.Update(t.Context(), tenant, first.ID, func(e *errand) bool { e.Done = 5; return true }); err != nil {
		t.Fatal(err)
	}
	again, opened, err := b.Open(t.Context(), made(1))
	if err != nil || opened || again.Done != 5 || again.Rev != 2 {
		t.Errorf("Open again = %+v, %v, %v, want the one that is there", again, opened, err)
	}
	for _, id := range []string{"er_none", errands.NewID("none"), "er_" + first.ID} {
		if _, err := b.Load(t.Context(), tenant, id); !fault.Is(err, fault.NotFound) {
			t.Errorf("Load(%q) = %v, want %s", id, err, fault.NotFound)
		}
	}
	if _, err := b.Load(t.Context(), "rival", first.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("Load by another tenant = %v, want %s", err, fault.NotFound)
	}
}

// However many change a job at once, each change is made once, and none after
// the job is over.
func TestBook_Update(t *testing.T) {
	b, _ := newBook()
	job, _, err := b.Open(t.Context(), made(1))
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	var refused atomic.Int64
	for range 16 {
		work.Go(func() {
			_, err := b.Update(t.Context(), tenant, job.ID, func(e *errand) bool { e.Done++; return true })
			if fault.Is(err, fault.Unavailable) {
				refused.Add(1) // it lost ten races
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	end := func(e *errand) bool { e.Status = jobs.Succeeded; return true }
	job, err = b.Update(t.Context(), tenant, job.ID, end)
	if err != nil || int64(job.Done)+refused.Load() != 16 {
		t.Errorf("%d changes made and %d refused, %v, want 16", job.Done, refused.Load(), err)
	}
	after, err := b.Update(t.Context(), tenant, job.ID, func(e *errand) bool { e.Status = jobs.Failed; return true })
	if err != nil || after.Status != jobs.Succeeded || after.Rev != job.Rev {
		t.Errorf("a final job became %+v, %v", after, err)
	}
}

func TestBook_List(t *testing.T) {
	b, _ := newBook()
	var want []string
	for n := range 9 {
		job, _, err := b.Open(t.Context(), made(n))
		if err != nil {
			t.Fatal(err)
		}
		if n%2 == 0 {
			want = append([]string{job.ID}, want...)
		}
	}
	for _, limit := range []int{0, 1, 2, 5} {
		var got []string
		pages := 0
		for p := (registry.PageRequest{Limit: limit}); ; pages++ {
			page, err := b.List(t.Context(), tenant, p, func(e *errand) bool { return e.CreatedAt.Second()%2 == 0 })
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Items {
				got = append(got, e.ID)
			}
			if p.After = page.Next; p.After == "" {
				break
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("limit %d: %v in %d pages, want %v", limit, got, pages, want)
		}
	}
}

// A filter that nothing passes reads a bounded part of the jobs for each page,
// and all of them in the end.
func TestBook_List_bounded(t *testing.T) {
	b, _ := newBook()
	const all = 2300
	for n := range all {
		if _, _, err := b.Open(t.Context(), made(n)); err != nil {
			t.Fatal(err)
		}
	}
	looked, pages := 0, 0
	for p := (registry.PageRequest{Limit: 3}); ; {
		before := looked
		page, err := b.List(t.Context(), tenant, p, func(*errand) bool { looked++; return false })
		if err != nil || len(page.Items) != 0 {
			t.Fatalf("List = %v, %v, want an empty page", page, err)
		}
		if pages++; looked-before > 1200 {
			t.Errorf("page %d read %d jobs, want about a thousand at most", pages, looked-before)
		}
		if p.After = page.Next; p.After == "" {
			break
		}
	}
	if looked != all || pages != 3 {
		t.Errorf("%d jobs read for %d pages, want %d for 3", looked, pages, all)
	}
}

func TestBook_Reconcile(t *testing.T) {
	for _, tc := range []struct {
		name, state string
		err         error
		status      jobs.Status
		want        string // died:STATE, start, or nothing
	}{
		{"it runs", jobs.ExecutionRunning, nil, jobs.Running, ""},
		{"it succeeded, and its last step speaks for it", jobs.ExecutionSucceeded, nil, jobs.Running, ""},
		{"failed", jobs.ExecutionFailed, nil, jobs.Running, "died:failed"},
		{"timed out", jobs.ExecutionTimedOut, nil, jobs.Running, "died:timed_out"},
		{"aborted", jobs.ExecutionAborted, nil, jobs.Queued, "died:aborted"},
		{"its start was lost", jobs.ExecutionAbsent, nil, jobs.Queued, "start"},
		{"forgotten", jobs.ExecutionAbsent, nil, jobs.Running, "died:absent"},
		{"no answer", "", fault.New(fault.Unavailable, "down"), jobs.Running, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, m := newBook()
			job, got := made(1), ""
			execution := job.ID + "-1"
			m.State[execution], m.Refuse = tc.state, tc.err
			if tc.state == jobs.ExecutionAbsent {
				delete(m.State, execution)
			}
			job.Status = tc.status
			_, err := b.Reconcile(t.Context(), job, func(state string) (errand, error) { got = "died:" + state; return job, nil })
			if m.Starts > 0 {
				got = "start"
				if want := fmt.Sprintf(`{"tenant":"acme","job":"%s","attempt":1}`, job.ID); m.Input[execution] != want {
					t.Errorf("started with %s, want %s", m.Input[execution], want)
				}
			}
			if err != nil || got != tc.want {
				t.Errorf("Reconcile = %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

func TestBook_Stop(t *testing.T) {
	b, m := newBook()
	if err := b.Stop(t.Context(), made(1), "cancelled"); err != nil || len(m.Cause) != 1 || m.Cause[made(1).ID+"-1"] != "cancelled" {
		t.Errorf("Stop = %v, stopped %q", err, m.Cause)
	}
}

func TestErrorType(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{fault.New(fault.Invalid, "m"), jobs.TypeInput}, {fault.New(fault.NotFound, "m"), jobs.TypeInput}, {fault.New(fault.Conflict, "m"), jobs.TypeInput},
		{fault.New(fault.Unavailable, "m"), jobs.TypeTransient}, {fault.New(fault.RateLimited, "m"), jobs.TypeTransient},
		{fmt.Errorf("read: %w", context.DeadlineExceeded), jobs.TypeTransient}, {context.Canceled, jobs.TypeTransient},
		{fault.New(fault.Internal, "m"), jobs.TypeInternal}, {errors.New("surprise"), jobs.TypeInternal},
	} {
		if got := jobs.ErrorType(tc.err); got != tc.want {
			t.Errorf("ErrorType(%v) = %s, want %s", tc.err, got, tc.want)
		}
	}
}
