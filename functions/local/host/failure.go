package host

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"time"
)

// startError says that the child could not be started at all.
type startError struct{ err error }

func (e *startError) Error() string { return e.err.Error() }
func (e *startError) Unwrap() error { return e.err }

// failure returns the Result of an error that Lambda itself reports.
func failure(errorType, message string) Result {
	payload, err := json.Marshal(struct {
		ErrorType    string `json:"errorType"`
		ErrorMessage string `json:"errorMessage"`
	}{errorType, message})
	if err != nil {
		payload = []byte(`{}`) // two strings always encode
	}
	return Result{Payload: payload, FunctionError: "Unhandled", ErrorType: errorType}
}

// timeoutFailure is the Result of an event that outlived the timeout.
func timeoutFailure(id string, limit time.Duration) Result {
	return failure("Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", id, limit.Seconds()))
}

// exitFailure is the Result of an event whose process ended without an answer,
// in AWS's words.
func exitFailure(id string, how error) Result {
	if _, ok := errors.AsType[*startError](how); ok {
		// Never show a path of this machine in what may reach a client.
		reason := how
		if path, ok := errors.AsType[*fs.PathError](how); ok {
			reason = path.Err
		}
		return failure("Runtime.InvalidEntrypoint", fmt.Sprintf("RequestId: %s Error: %v", id, reason))
	}
	message := "Runtime exited without providing a reason"
	if exit, ok := errors.AsType[*exec.ExitError](how); ok {
		message = "Runtime exited with error: " + exit.ProcessState.String()
	}
	return failure("Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: %s", id, message))
}

// errorType returns the type of a reported error: the payload's errorType,
// which is what Step Functions and other callers go by, else the header's.
func errorType(payload []byte, header string) string {
	// Only the member that callers switch on; the rest passes untouched.
	var body struct {
		ErrorType string `json:"errorType"`
	}
	if json.Unmarshal(payload, &body) == nil && body.ErrorType != "" {
		return body.ErrorType
	}
	return header
}

// newUUID returns a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
