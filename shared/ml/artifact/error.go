package artifact

import "fmt"

// Kind says what is wrong with a file, so that a caller can tell a broken
// download from a file it is too old to read.
type Kind string

// The kinds of failure. Each has a sentinel below for errors.Is.
const (
	KindTruncated Kind = "truncated" // the file ends before what its header promises
	KindCorrupt   Kind = "corrupt"   // the bytes contradict themselves or the format
	KindTooLarge  Kind = "too_large" // over one of the Limits
	KindFuture    Kind = "future"    // well formed, but of a newer format than this code knows
)

// Sentinels for errors.Is: every Error matches the sentinel of its kind.
var (
	ErrTruncated = &Error{Kind: KindTruncated, Msg: "file is truncated"}
	ErrCorrupt   = &Error{Kind: KindCorrupt, Msg: "file is corrupt"}
	ErrTooLarge  = &Error{Kind: KindTooLarge, Msg: "file is too large"}
	ErrFuture    = &Error{Kind: KindFuture, Msg: "file is of a newer format"}
)

// Error is a file that cannot be read, or tensors that cannot be written.
type Error struct {
	Kind Kind
	Msg  string // what and where, for an operator
	Err  error  // the cause, may be nil
}

// Error returns the kind, the message and the cause.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("artifact: %s: %s: %v", e.Kind, e.Msg, e.Err)
	}
	return fmt.Sprintf("artifact: %s: %s", e.Kind, e.Msg)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error of the same kind, which is how the
// sentinels match.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind
}

// failure builds an Error without a cause.
func failure(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Msg: fmt.Sprintf(format, args...)}
}
