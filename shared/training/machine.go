package training

import "context"

// The states of an execution, as Machine.Status returns them.
const (
	ExecutionRunning   = "running"
	ExecutionSucceeded = "succeeded"
	ExecutionFailed    = "failed"
	ExecutionTimedOut  = "timed_out"
	ExecutionAborted   = "aborted"
	ExecutionAbsent    = "absent" // never started, or forgotten
)

// Machine is the port for the engine that runs a job's steps: a state machine
// with one execution a job and attempt. shared/stepfn implements it.
type Machine interface {
	// Start begins the execution called name. One of that name that exists
	// already is success: Start may be repeated.
	Start(ctx context.Context, name string, input []byte) error
	// Status returns the state of the execution and, when it did not succeed, why.
	Status(ctx context.Context, name string) (state, cause string, err error)
	// Stop ends the execution; one that is over or absent is no error.
	Stop(ctx context.Context, name, cause string) error
}
