package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"godwit/shared/fault"
)

// Problem is the one body of every error, an RFC 9457 problem object.
type Problem struct {
	Type      string    `json:"type" doc:"URI naming the kind of problem" example:"urn:godwit:problem:not_found"`
	Title     string    `json:"title" doc:"the HTTP status in words" example:"Not Found"`
	Status    int       `json:"status" doc:"the HTTP status" example:"404"`
	Detail    string    `json:"detail" doc:"what went wrong and how to fix it, for a person" example:"no such model"`
	Code      string    `json:"code" doc:"what went wrong, stable, for a program" example:"not_found"`
	Error     string    `json:"error" doc:"the same as detail, for clients that expect it here" example:"no such model"`
	RequestID string    `json:"request_id" doc:"names this request in the logs" example:"8f5f0e0c-6a3f-4b1c-9d0a-3f6a1c9d7e55"`
	Retryable bool      `json:"retryable" doc:"whether the same request may succeed later"`
	Errors    []Finding `json:"errors,omitempty" doc:"the single findings, where there are any"`
}

// Finding is one thing wrong with a request or a file.
type Finding struct {
	Pointer string `json:"pointer,omitempty" doc:"JSON pointer into the request" example:"/inputs/0"`
	Line    int64  `json:"line,omitempty" doc:"physical line of the file, from 1" example:"17"`
	Record  int64  `json:"record,omitempty" doc:"logical record of the file, from 1" example:"16"`
	Column  string `json:"column,omitempty" doc:"name of the column" example:"label"`
	Detail  string `json:"detail" doc:"what is wrong" example:"the label is empty"`
}

// statuses is the one table from fault codes to HTTP statuses.
var statuses = map[fault.Code]int{
	fault.Malformed:            http.StatusBadRequest,
	fault.Unauthenticated:      http.StatusUnauthorized,
	fault.Forbidden:            http.StatusForbidden,
	fault.NotFound:             http.StatusNotFound,
	fault.Conflict:             http.StatusConflict,
	fault.PreconditionFailed:   http.StatusPreconditionFailed,
	fault.TooLarge:             http.StatusRequestEntityTooLarge,
	fault.UnsupportedMedia:     http.StatusUnsupportedMediaType,
	fault.Invalid:              http.StatusUnprocessableEntity,
	fault.PreconditionRequired: http.StatusPreconditionRequired,
	fault.RateLimited:          http.StatusTooManyRequests,
	fault.Unavailable:          http.StatusServiceUnavailable,
	fault.Internal:             http.StatusInternalServerError,
}

// understood turns any error into one of the table. A request that ran out of
// time may succeed later; text of an error that is not a *fault.Error stays inside.
func understood(err error) *fault.Error {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		if _, known := statuses[e.Code]; known {
			return e
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fault.Wrap(fault.Unavailable, err, "the request ran out of time; try again")
	}
	return fault.Wrap(fault.Internal, err, "something went wrong on our side")
}

// problemOf renders e for one request.
func problemOf(e *fault.Error, status int, requestID string) Problem {
	code := e.Reason
	if code == "" {
		code = string(e.Code)
	}
	p := Problem{
		Type: "urn:godwit:problem:" + code, Title: http.StatusText(status), Status: status,
		Detail: e.Msg, Code: code, Error: e.Msg, RequestID: requestID, Retryable: fault.Retryable(e),
	}
	for _, d := range e.Details {
		p.Errors = append(p.Errors, Finding{Pointer: d.Pointer, Line: d.Line, Record: d.Record, Column: d.Column, Detail: d.Text})
	}
	return p
}

// problemMedia is the media type of problems at a path. The protocols of others
// know no application/problem+json: there a problem is their object with a
// string error, and more fields.
func problemMedia(path string) string {
	plane, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch plane {
	case "v2", "hf", "ping", "invocations":
		return "application/json"
	}
	return "application/problem+json"
}

// writeProblem answers with e and returns the status and code it became.
func writeProblem(w http.ResponseWriter, media string, e *fault.Error, status int, requestID string) (int, string) {
	p := problemOf(e, status, requestID)
	body, err := json.Marshal(p)
	if err != nil { // strings and numbers only: cannot fail
		body = []byte(`{"title":"Internal Server Error","status":500}`)
	}
	h := w.Header()
	h.Set("Content-Type", media)
	switch e.Code {
	case fault.Unauthenticated:
		h.Set("WWW-Authenticate", `Bearer realm="godwit"`)
	case fault.RateLimited, fault.Unavailable:
		if h.Get("Retry-After") == "" { // who knows better has said so
			h.Set("Retry-After", "1")
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller is gone: nobody is left to tell
	return status, p.Code
}
