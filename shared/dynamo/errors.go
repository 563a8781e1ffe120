package dynamo

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"godwit/shared/fault"
)

// kind is what an error of the service means for a write.
type kind int

const (
	done        kind = iota // no error
	conditional             // a condition did not hold
	contended               // another request was at the same item
	unanswered              // no answer, or none that tells: it may have been made
	refused                 // the request itself is wrong; repeating it is no use
)

// kindOf sorts an error of the SDK, which has already retried what it could.
func kindOf(err error) kind {
	if err == nil {
		return done
	}
	if cancelled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		// One error stands for all items of a transaction; the reasons are per item.
		return kindOfReasons(cancelled.CancellationReasons)
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return unanswered // a connection that broke, or an answer that was not whole
	}
	switch api.ErrorCode() {
	case "ConditionalCheckFailedException":
		return conditional
	case "TransactionConflictException", "TransactionInProgressException", "ReplicatedWriteConflictException",
		// The request token covers the content, so this names an earlier
		// request that reads the same: let look find out what it did.
		"IdempotentParameterMismatchException":
		return contended
	case "ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "LimitExceededException":
		return unanswered
	}
	// Server faults are told by status 5xx; two codes are named because they may
	// come with another.
	if api.ErrorFault() == smithy.FaultServer || api.ErrorCode() == "InternalServerError" || api.ErrorCode() == "ServiceUnavailable" {
		return unanswered
	}
	return refused
}

// kindOfReasons sorts a cancelled transaction: a condition that did not hold
// outweighs a collision, since it would fail again.
func kindOfReasons(reasons []types.CancellationReason) kind {
	found := refused
	for _, r := range reasons {
		if r.Code == nil {
			continue
		}
		switch *r.Code {
		case "ConditionalCheckFailed":
			return conditional
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			found = contended
		}
	}
	return found
}

// failure is what the port's caller sees of an error of the SDK.
func failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil { // the SDK wraps it as a cancelled request
		return ctx.Err()
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if kindOf(err) == refused {
		return fault.Wrap(fault.Internal, err, "the metadata table refused a request")
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok && isThrottle(api.ErrorCode()) {
		return throttled(err)
	}
	return fault.Wrap(fault.Unavailable, err, "the metadata table did not answer; try again")
}

// isThrottle tells a table that is asked too much from one that is silent: the
// reason lets an operator see which.
func isThrottle(code string) bool {
	return code == "ThrottlingException" || code == "ProvisionedThroughputExceededException" || code == "RequestLimitExceeded"
}

// notFound is an absent or an expired record.
func notFound() error { return fault.New(fault.NotFound, "no such record") }

// stale is a condition that does not hold; the registry turns it into the text
// its caller reads.
func stale() error {
	return fault.New(fault.PreconditionFailed, "the record has changed since it was read")
}

// busy ends a write that lost every round to other writers.
func busy() error {
	return fault.New(fault.Unavailable, "too many changes to the same record at once; try again").WithReason("contended")
}

// throttled ends a call that the table had no capacity for; err may be nil.
func throttled(err error) error {
	return fault.Wrap(fault.Unavailable, err, "the metadata table is busy; try again").WithReason("throttled")
}

// tooMany refuses a write that has no room for its marker.
func tooMany() error {
	return fault.New(fault.Internal, "a write that only deletes has at most 99 records")
}

func unix(sec int64) time.Time { return time.Unix(sec, 0).UTC() }

// sortedNames fixes the order of an expression, so that a repeat is the same bytes.
func sortedNames(m map[string]int64) []string { return slices.Sorted(maps.Keys(m)) }
