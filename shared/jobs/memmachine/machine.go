// Package memmachine is jobs.Machine in memory, for tests: it remembers what was
// started, and runs it where the test says how. Otherwise the test says what
// became of an execution.
package memmachine

import (
	"context"
	"maps"
	"slices"
	"sync"

	"godwit/shared/jobs"
)

// Machine is an engine without executions of its own. New makes one. Its methods
// are safe for concurrent use; the fields are the test's while none is called and
// nothing runs.
type Machine struct {
	Refuse error             // what every call answers; nil: it is performed
	State  map[string]string // by execution name, as Status answers; one that is deleted is absent
	Input  map[string]string // of each execution that was started, by its name
	Cause  map[string]string // of each that was stopped, as Stop was given it
	Starts int               // calls of Start, refused ones and repetitions included

	// Run does an execution's work, once, on a goroutine of its own. Without an
	// error the execution has succeeded, else it has failed. nil: it goes on until
	// the test says what became of it.
	Run func(input []byte) error

	mu   sync.Mutex
	runs sync.WaitGroup
}

// New returns a Machine on which nothing was started.
func New() *Machine {
	return &Machine{State: map[string]string{}, Input: map[string]string{}, Cause: map[string]string{}}
}

// Start remembers an execution as running; one that is there already stays as it is.
func (m *Machine) Start(_ context.Context, name string, input []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Starts++
	if m.Refuse != nil {
		return m.Refuse
	}
	if _, ok := m.State[name]; ok {
		return nil
	}
	m.State[name], m.Input[name] = jobs.ExecutionRunning, string(input)
	if m.Run != nil {
		m.runs.Go(func() { m.end(name, m.Run(input)) })
	}
	return nil
}

// end notes what became of an execution that was run; one that was stopped
// meanwhile stays so.
func (m *Machine) end(name string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.State[name] != jobs.ExecutionRunning:
	case err != nil:
		m.State[name] = jobs.ExecutionFailed
	default:
		m.State[name] = jobs.ExecutionSucceeded
	}
}

// Wait returns when nothing runs any more.
func (m *Machine) Wait() { m.runs.Wait() }

// Status answers what State has, without a cause.
func (m *Machine) Status(_ context.Context, name string) (state, cause string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.State[name]; ok {
		return s, "", m.Refuse
	}
	return jobs.ExecutionAbsent, "", m.Refuse
}

// Stop aborts an execution that was started. What is at work on it goes on: a
// step that finds its job over stops by itself.
func (m *Machine) Stop(_ context.Context, name, cause string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Refuse != nil {
		return m.Refuse
	}
	m.Cause[name] = cause
	if _, ok := m.State[name]; ok {
		m.State[name] = jobs.ExecutionAborted
	}
	return nil
}

// Names returns the executions that were started, sorted.
func (m *Machine) Names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.Input))
}
