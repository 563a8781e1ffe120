// Package stepfn is jobs.Machine on AWS Step Functions: it starts, follows and
// stops the executions of training and batch jobs.
//
// A Machine is one state machine. An execution is known by its name alone,
// which Step Functions keeps unique for 90 days, so starting twice is starting
// once: that is what makes an event that arrives twice train once.
package stepfn

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"

	"godwit/shared/fault"
	"godwit/shared/jobs"
)

// maxCause is the longest cause Step Functions keeps, in characters.
const maxCause = 32768

// Machine is one state machine. Its methods are safe for concurrent use.
type Machine struct {
	client client
	arn    string
}

// call is an operation of the service.
type call[In, Out any] func(ctx context.Context, in *In, options ...func(*sfn.Options)) (*Out, error)

// client holds the operations that are used and not the SDK's client, for the
// reason that package dynamo gives.
type client struct {
	DescribeExecution call[sfn.DescribeExecutionInput, sfn.DescribeExecutionOutput]
	StartExecution    call[sfn.StartExecutionInput, sfn.StartExecutionOutput]
	StopExecution     call[sfn.StopExecutionInput, sfn.StopExecutionOutput]
}

var _ jobs.Machine = (*Machine)(nil)

// New returns the Machine with the ARN
// arn:PARTITION:states:REGION:ACCOUNT:stateMachine:NAME.
func New(c *sfn.Client, machineARN string) *Machine {
	return &Machine{client: client{c.DescribeExecution, c.StartExecution, c.StopExecution}, arn: machineARN}
}

// Start begins an execution called name (1 to 80 letters, digits, "-" and "_")
// with a JSON object of at most 256 KB as input. One of that name that is
// running or closed already is success: it is the same work. fault.Unavailable
// when the service did not answer: the same Start may be repeated.
func (m *Machine) Start(ctx context.Context, name string, input []byte) error {
	_, err := m.client.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: &m.arn, Name: &name, Input: aws.String(string(input)),
	})
	// The service itself answers success for the same name and input while the
	// execution runs; this error is of one that is closed.
	if _, ok := errors.AsType[*types.ExecutionAlreadyExists](err); ok {
		return nil
	}
	return failure(ctx, err)
}

// Status returns the state of the execution called name and, when it failed or
// was aborted, the service's account of why, for the log.
func (m *Machine) Status(ctx context.Context, name string) (state, cause string, err error) {
	arn, err := m.execution(name)
	if err != nil {
		return "", "", err
	}
	out, err := m.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if _, ok := errors.AsType[*types.ExecutionDoesNotExist](err); ok {
		return jobs.ExecutionAbsent, "", nil
	}
	if err != nil {
		return "", "", failure(ctx, err)
	}
	cause = aws.ToString(out.Cause)
	if name := aws.ToString(out.Error); name != "" {
		cause = strings.TrimSuffix(name+": "+cause, ": ")
	}
	switch out.Status {
	// Nobody redrives an execution here, but a console can: it goes on then.
	case types.ExecutionStatusRunning, types.ExecutionStatusPendingRedrive:
		return jobs.ExecutionRunning, cause, nil
	case types.ExecutionStatusSucceeded:
		return jobs.ExecutionSucceeded, cause, nil
	case types.ExecutionStatusFailed:
		return jobs.ExecutionFailed, cause, nil
	case types.ExecutionStatusTimedOut:
		return jobs.ExecutionTimedOut, cause, nil
	case types.ExecutionStatusAborted:
		return jobs.ExecutionAborted, cause, nil
	}
	return "", "", fault.Wrap(fault.Internal, fmt.Errorf("execution status %q", out.Status), "the workflow is in an unknown state")
}

// Stop aborts the execution called name, saying why. One that is absent or
// closed already is no error.
func (m *Machine) Stop(ctx context.Context, name, cause string) error {
	arn, err := m.execution(name)
	if err != nil {
		return err
	}
	_, err = m.client.StopExecution(ctx, &sfn.StopExecutionInput{
		ExecutionArn: &arn, Error: aws.String("Godwit.Stopped"), Cause: aws.String(clip(cause)),
	})
	if _, ok := errors.AsType[*types.ExecutionDoesNotExist](err); ok {
		return nil
	}
	return failure(ctx, err)
}

// clip cuts a cause to what the service takes, at a character's edge.
func clip(cause string) string {
	if len(cause) <= maxCause {
		return cause
	}
	end := maxCause
	for end > 0 && !utf8.RuneStart(cause[end]) {
		end--
	}
	return cause[:end]
}

// execution is the ARN of an execution by name.
func (m *Machine) execution(name string) (string, error) {
	// arn:...:stateMachine:NAME has its executions under arn:...:execution:NAME:EXECUTION.
	head, machine, ok := strings.Cut(m.arn, ":stateMachine:")
	if !ok {
		return "", fault.New(fault.Internal, "the state machine's ARN is not one")
	}
	return head + ":execution:" + machine + ":" + name, nil
}

// failure is what the caller sees of an error of the SDK, which has already
// retried what it could.
func failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil { // the SDK wraps it as a cancelled request
		return ctx.Err()
	}
	// No API error at all is a connection that broke: the call may be repeated.
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || api.ErrorFault() == smithy.FaultServer {
		return fault.Wrap(fault.Unavailable, err, "the workflow service did not answer; try again")
	}
	switch api.ErrorCode() {
	case "ThrottlingException", "ExecutionLimitExceeded", "ServiceUnavailable", "InternalFailure", "InternalServerError":
		return fault.Wrap(fault.Unavailable, err, "the workflow service is busy; try again")
	}
	return fault.Wrap(fault.Internal, err, "the workflow service refused a request")
}
