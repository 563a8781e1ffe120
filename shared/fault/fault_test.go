package fault_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"godwit/shared/fault"
)

func TestCodeOf(t *testing.T) {
	inner := fault.New(fault.NotFound, "no model is called %q", "x")
	for _, tc := range []struct {
		name string
		err  error
		want fault.Code
	}{
		{"nil", nil, ""},
		{"another error", io.EOF, fault.Internal},
		{"itself", inner, fault.NotFound},
		{"wrapped by fmt", fmt.Errorf("resolve: %w", inner), fault.NotFound},
		{"joined", errors.Join(io.EOF, inner), fault.NotFound},
		{"the outermost decides", fault.Wrap(fault.Conflict, inner, "busy"), fault.Conflict},
	} {
		if got := fault.CodeOf(tc.err); got != tc.want {
			t.Errorf("%s: CodeOf(%v) = %q, want %q", tc.name, tc.err, got, tc.want)
		}
		if tc.err != nil && (!fault.Is(tc.err, tc.want) || fault.Is(tc.err, "other")) {
			t.Errorf("%s: Is disagrees with CodeOf", tc.name)
		}
	}
}

func TestMessageOf(t *testing.T) {
	said := fault.Wrap(fault.Invalid, io.EOF, "the file is empty")
	for _, tc := range []struct {
		err  error
		want string
	}{
		{said, "the file is empty"},
		{fmt.Errorf("read the data: %w", said), "the file is empty"},
		{fault.Wrap(fault.Conflict, said, "busy"), "busy"},
		{io.EOF, "otherwise"},
		{nil, "otherwise"},
	} {
		if got := fault.MessageOf(tc.err, "otherwise"); got != tc.want {
			t.Errorf("MessageOf(%v) = %q, want %q", tc.err, got, tc.want)
		}
	}
}

func TestRetryable(t *testing.T) {
	for _, code := range []fault.Code{
		fault.Malformed, fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.Conflict, fault.PreconditionFailed,
		fault.TooLarge, fault.UnsupportedMedia, fault.Invalid, fault.PreconditionRequired, fault.RateLimited, fault.Unavailable, fault.Internal,
	} {
		want := code == fault.RateLimited || code == fault.Unavailable
		if got := fault.Retryable(fault.New(code, "m")); got != want {
			t.Errorf("Retryable(%s) = %v, want %v", code, got, want)
		}
	}
	if fault.Retryable(nil) || fault.Retryable(io.EOF) {
		t.Error("Retryable(nil) or of an unknown error = true, want false")
	}
}

// TestError_Msg checks that the cause is in the log's text and not in the caller's.
func TestError_Msg(t *testing.T) {
	cause := errors.New("dial 10.0.0.1: refused")
	err := fault.Wrap(fault.Unavailable, cause, "try %d times", 2).
		WithReason("throttled").
		WithDetails(fault.Detail{Line: 7, Text: "no label"})
	if err.Msg != "try 2 times" || err.Reason != "throttled" || len(err.Details) != 1 || err.Details[0].Line != 7 {
		t.Errorf("Wrap = %+v, want message, reason and detail as given", err)
	}
	if text := err.Error(); !strings.Contains(text, "refused") || !strings.Contains(text, "unavailable") || strings.Contains(err.Msg, "refused") {
		t.Errorf("Error() = %q, Msg = %q, want the cause in the first only", text, err.Msg)
	}
	if !errors.Is(err, cause) {
		t.Error("errors.Is does not find the cause")
	}
	if got, want := fault.New(fault.Invalid, "bad").Error(), "invalid: bad"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}
