package onnx

import (
	"fmt"
	"strconv"
)

// Error says why a model cannot be used. All errors of this room and the rooms
// below it about a model or an input are of this type, but for a context's end.
type Error struct {
	Reason Reason
	Where  string // the node, constant or port at fault, "" for the whole file
	Msg    string
	Err    error // the cause, may be nil
}

// Reason sorts errors.
type Reason uint8

// The reasons.
const (
	Corrupt     Reason = iota + 1 // the file contradicts itself or the format
	Unsupported                   // valid ONNX that nobody here runs
	TooLarge                      // beyond a limit
	BadInput                      // types or axes that do not fit the graph, or each other in it
	BadValue                      // values that an operator cannot take, such as a string that is no number
)

// Error names the place and the fault.
func (e *Error) Error() string {
	s := "onnx: "
	if e.Where != "" {
		s += e.Where + ": "
	}
	if s += e.Msg; e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// At returns err with the place where it happened, if it has none yet.
func At(where string, err error) error {
	if e, ok := err.(*Error); ok && e.Where == "" {
		at := *e
		at.Where = where
		return &at
	}
	return err
}

// Errorf returns an Error without a place.
func Errorf(r Reason, format string, args ...any) error {
	return &Error{Reason: r, Msg: fmt.Sprintf(format, args...)}
}

func corrupt(format string, args ...any) error     { return Errorf(Corrupt, format, args...) }
func unsupported(format string, args ...any) error { return Errorf(Unsupported, format, args...) }
func tooLarge(format string, args ...any) error    { return Errorf(TooLarge, format, args...) }

// quoted quotes a name of a file, cut so that it does not fill an error.
func quoted(name string) string {
	const most = 80
	if len(name) > most {
		return strconv.Quote(name[:most]) + "..."
	}
	return strconv.Quote(name)
}
