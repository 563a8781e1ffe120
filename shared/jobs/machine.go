package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"godwit/shared/fault"
)

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
// with one execution a job and attempt. Its methods are safe for concurrent
// use; errors are fault.Unavailable while the engine does not answer.
type Machine interface {
	// Start begins the execution called name. One of that name that exists
	// already is success: Start may be repeated.
	Start(ctx context.Context, name string, input []byte) error
	// Status returns the state of the execution and, when it did not succeed, why.
	Status(ctx context.Context, name string) (state, cause string, err error)
	// Stop ends the execution; one that is over or absent is no error.
	Stop(ctx context.Context, name, cause string) error
}

// The error types a step ends with, as the state machine's Retry and Catch name them.
const (
	TypeInput     = "Godwit.Input"     // the data or the request: never retried
	TypeTransient = "Godwit.Transient" // a service did not answer: retried with a bound
	TypeInternal  = "Godwit.Internal"  // our mistake: not retried
)

// ErrorType returns the type the state machine should see for err.
func ErrorType(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return TypeTransient
	}
	switch fault.CodeOf(err) {
	case fault.Unavailable, fault.RateLimited:
		return TypeTransient
	case fault.Internal:
		return TypeInternal
	}
	return TypeInput
}

// Patience is for how long, at least, a step is run again, six times in all, while
// what it needs does not answer: the waits of the state machines' Retry.
const Patience = 31 * time.Second

// Reason returns the code of the error that a job carries for its owner when its
// execution gave up on an error of a type, as Catch names it: "input",
// "transient" (the same job again may succeed), "timeout" or "internal".
func Reason(errorType string) string {
	switch errorType {
	case TypeInput:
		return "input"
	case TypeTransient, "Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.TooManyRequestsException",
		// Step Functions itself could not read or write in a bucket.
		"States.ItemReaderFailed", "States.ResultWriterFailed",
		// Of a Map whose part could not even tell the job why it failed.
		"States.ExceedToleratedFailureThreshold":
		return "transient"
	case "States.Timeout", "Sandbox.Timedout":
		return "timeout"
	}
	return "internal"
}

// Words are how jobs of a kind tell their owner why they failed.
type Words struct {
	Work  string // what they do, such as "training"
	Unfit string // said of what was sent and cannot be used
	Late  string // said when it took longer than the state machine allows
	Again string // how to try it again, such as "submit the data again"
}

// Failure returns the code and the message of the error that a job carries when
// its execution gave up on an error of a type; "" is one nobody knows.
func (w Words) Failure(job, errorType string) (code, message string) {
	switch code = Reason(errorType); code {
	case "input":
		message = w.Unfit
	case "transient":
		message = fmt.Sprintf("a store or a function could not be reached for more than %.0f seconds, in several tries; nothing is wrong with what was sent: %s", Patience.Seconds(), w.Again)
	case "timeout":
		message = w.Late
	default:
		message = w.Work + " stopped on an internal error; " + w.Again + ", and report job " + job + " if it happens twice"
	}
	return code, message
}

// StepError is an error as a state's Catch writes it.
type StepError struct {
	Error string `json:"Error"` // its type
	Cause string `json:"Cause"` // internal text: for the log only
}
