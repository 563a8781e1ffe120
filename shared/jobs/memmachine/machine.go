// Package memmachine is jobs.Machine in memory, for tests: it remembers what was
// started and runs nothing. The test says what became of an execution.
package memmachine

import (
	"context"
	"maps"
	"slices"
	"sync"

	"godwit/shared/jobs"
)

// Machine is an engine without executions of its own. New makes one. Its methods
// are safe for concurrent use; the fields are the test's while none is called.
type Machine struct {
	Refuse error             // what Start answers; nil: it starts
	State  map[string]string // by execution name, as Status answers; one that is deleted is absent
	Input  map[string]string // of each execution that was started, by its name
	Starts int               // calls of Start, refused ones and repetitions included

	mu sync.Mutex
}

// New returns a Machine on which nothing was started.
func New() *Machine { return &Machine{State: map[string]string{}, Input: map[string]string{}} }

// Start remembers an execution as running; one that is there already stays as it is.
func (m *Machine) Start(_ context.Context, name string, input []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Starts++
	if m.Refuse != nil {
		return m.Refuse
	}
	if _, ok := m.State[name]; !ok {
		m.State[name], m.Input[name] = jobs.ExecutionRunning, string(input)
	}
	return nil
}

// Status answers what State has, without a cause.
func (m *Machine) Status(_ context.Context, name string) (state, cause string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.State[name]; ok {
		return s, "", nil
	}
	return jobs.ExecutionAbsent, "", nil
}

// Stop aborts an execution that was started.
func (m *Machine) Stop(_ context.Context, name, _ string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
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
