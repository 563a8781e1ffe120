// Package fault is the one vocabulary of failures a caller can act on.
//
// Every room above the learning library returns a *Error for such a failure;
// each door (HTTP, events, the trainer) holds one table that turns its Code
// into an outcome. Error.Msg is written for the caller and may leave the
// process; Error.Err is for the log and may not.
package fault

import (
	"errors"
	"fmt"
)

// Code names a kind of failure. Codes are few and append-only: clients and
// doors switch on them.
type Code string

// The codes, in the order of the HTTP statuses they become at the door.
const (
	Malformed            Code = "malformed"             // 400: not understood
	Unauthenticated      Code = "unauthenticated"       // 401: no valid key
	Forbidden            Code = "forbidden"             // 403: the key lacks the scope
	NotFound             Code = "not_found"             // 404: absent, or another tenant's
	Conflict             Code = "conflict"              // 409: the state does not allow it
	PreconditionFailed   Code = "precondition_failed"   // 412: If-Match names an old revision
	TooLarge             Code = "too_large"             // 413: over a limit
	UnsupportedMedia     Code = "unsupported_media"     // 415: wrong Content-Type
	Invalid              Code = "invalid"               // 422: understood, but not acceptable
	PreconditionRequired Code = "precondition_required" // 428: If-Match missing
	RateLimited          Code = "rate_limited"          // 429: try again later
	Unavailable          Code = "unavailable"           // 503: a dependency failed, try again
	Internal             Code = "internal"              // 500: our mistake
)

// Detail is one finding inside a failure. Zero fields are absent.
type Detail struct {
	Pointer string // JSON pointer (RFC 6901) into the request
	Line    int64  // physical line in a file, from 1
	Record  int64  // logical record in a file, from 1
	Column  string // column name
	Text    string // what is wrong and how to fix it, for the caller
}

// Error is a failure a caller can act on.
type Error struct {
	Code    Code     // its kind; never empty
	Reason  string   // stable machine-readable refinement such as "dataset_awaiting_upload"; may be empty
	Msg     string   // for the caller: what, where, how to fix it
	Err     error    // for the log; may be nil
	Details []Detail // findings, may be nil
}

// New returns an Error whose message is for the caller.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Msg: fmt.Sprintf(format, args...)}
}

// Wrap returns an Error that shows msg to the caller and keeps err for the log.
func Wrap(code Code, err error, format string, args ...any) *Error {
	return &Error{Code: code, Msg: fmt.Sprintf(format, args...), Err: err}
}

// WithReason sets the machine-readable reason and returns e.
func (e *Error) WithReason(reason string) *Error {
	e.Reason = reason
	return e
}

// WithDetails sets the findings and returns e.
func (e *Error) WithDetails(d ...Detail) *Error {
	e.Details = d
	return e
}

// Error returns the text for the log: code, message and cause.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Msg, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Msg)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the outermost Error in err's chain, Internal for
// any other error and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// MessageOf returns what the outermost Error in err's chain says to the caller, and
// otherwise for any other error and nil, whose text may be internal.
func MessageOf(err error, otherwise string) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Msg
	}
	return otherwise
}

// Is reports whether err's code is code.
func Is(err error, code Code) bool { return CodeOf(err) == code }

// Retryable reports whether the same call may succeed later unchanged.
func Retryable(err error) bool {
	switch CodeOf(err) {
	case RateLimited, Unavailable:
		return true
	}
	return false
}
