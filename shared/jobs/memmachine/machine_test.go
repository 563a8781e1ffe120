package memmachine_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/jobs/memmachine"
)

var _ jobs.Machine = (*memmachine.Machine)(nil)

func TestMachine(t *testing.T) {
	ctx, m := t.Context(), memmachine.New()
	status := func(name, want string) {
		t.Helper()
		if got, cause, err := m.Status(ctx, name); got != want || cause != "" || err != nil {
			t.Errorf("Status(%s) = %q, %q, %v, want %q", name, got, cause, err, want)
		}
	}
	status("a", jobs.ExecutionAbsent)
	for _, input := range []string{"first", "second"} { // the same name again changes nothing
		if err := m.Start(ctx, "a", []byte(input)); err != nil {
			t.Fatal(err)
		}
	}
	status("a", jobs.ExecutionRunning)
	if m.Starts != 2 || m.Input["a"] != "first" || !slices.Equal(m.Names(), []string{"a"}) {
		t.Errorf("%d starts, %v with %q, want 2, and a with its first input", m.Starts, m.Names(), m.Input["a"])
	}
	if err := m.Stop(ctx, "a", "cancelled"); err != nil || m.Cause["a"] != "cancelled" {
		t.Errorf("Stop = %v for %q, want it with its cause", err, m.Cause["a"])
	}
	status("a", jobs.ExecutionAborted)
	m.Refuse = fault.New(fault.Unavailable, "down")
	_, _, err := m.Status(ctx, "a")
	for name, err := range map[string]error{"Start": m.Start(ctx, "b", nil), "Stop": m.Stop(ctx, "a", ""), "Status": err} {
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s of a machine that is down = %v, want %s", name, err, fault.Unavailable)
		}
	}
}

// A machine with Run does each execution once and notes how it ended, unless it
// was stopped before.
func TestMachine_run(t *testing.T) {
	ctx, m := t.Context(), memmachine.New()
	var ran atomic.Int64
	hold := make(chan struct{})
	m.Run = func(input []byte) error {
		ran.Add(1)
		switch string(input) {
		case "bad":
			return errors.New("no")
		case "slow":
			<-hold
		}
		return nil
	}
	for _, name := range []string{"good", "bad", "slow", "good"} {
		if err := m.Start(ctx, name, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Stop(ctx, "slow", "cancelled"); err != nil {
		t.Fatal(err)
	}
	close(hold)
	m.Wait()
	for name, want := range map[string]string{"good": jobs.ExecutionSucceeded, "bad": jobs.ExecutionFailed, "slow": jobs.ExecutionAborted} {
		if got, _, err := m.Status(ctx, name); got != want || err != nil {
			t.Errorf("Status(%s) = %q, %v, want %q", name, got, err, want)
		}
	}
	if got := ran.Load(); got != 3 {
		t.Errorf("%d executions ran, want 3: one for each name", got)
	}
}
