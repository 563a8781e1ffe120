package host

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Headers of the Runtime API.
const (
	headerRequestID = "Lambda-Runtime-Aws-Request-Id"
	headerDeadline  = "Lambda-Runtime-Deadline-Ms"
	headerARN       = "Lambda-Runtime-Invoked-Function-Arn"
	headerTrace     = "Lambda-Runtime-Trace-Id"
	headerErrorType = "Lambda-Runtime-Function-Error-Type"
	headerErrorBody = "Lambda-Runtime-Function-Error-Body" // a trailer, base64
	headerXRayCause = "Lambda-Runtime-Function-Xray-Error-Cause"
)

// routes returns the Runtime API of one process.
func (e *process) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", e.serveNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", e.serveResponse)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", e.serveError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", e.serveInitError)
	mux.HandleFunc("POST /2020-01-01/extension/register", registerExtension)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", nextExtensionEvent)
	return mux
}

// serveNext waits for an event, as long as it takes, and delivers it.
func (e *process) serveNext(w http.ResponseWriter, r *http.Request) {
	if !e.poll() {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "the current invocation has no response yet")
		return
	}
	select {
	case inv := <-e.fetch:
		if deadline, ok := e.take(inv); ok {
			e.deliver(w, inv, deadline)
		}
	case <-r.Context().Done(): // the child is gone
	}
}

// poll notes that the child asks for work, which completes its start or its
// last event. It reports false when an event is still unanswered.
func (e *process) poll() bool {
	e.pool.mu.Lock()
	defer e.pool.mu.Unlock()
	if e.current != nil {
		return false
	}
	// An event is over for the clock only now: on AWS, too, work after the
	// answer counts against the timeout.
	if e.deadline != nil {
		e.deadline.Stop()
		e.deadline, e.timed = nil, nil
	}
	if !e.polled {
		e.polled = true
		e.pool.starting--
		e.offered = true
		init := e.pool.host.opts.Now().Sub(e.since)
		e.pool.offer(e)
		// The event this process was started for, or one that waited longer, has
		// waited for the start.
		if e.next != nil {
			e.next.init = init
		}
	}
	// After an error or a refused answer this poll is the first sign that the
	// child lives on.
	if !e.offered {
		e.offered = true
		e.pool.offer(e)
	}
	return true
}

// take makes inv the current event and starts its clock. It reports false when
// the process is ending, which gives inv to another one.
func (e *process) take(inv *invocation) (deadline time.Time, ok bool) {
	e.pool.mu.Lock()
	defer e.pool.mu.Unlock()
	if e.doomed || e.next != inv {
		return time.Time{}, false
	}
	e.next, e.current, e.offered = nil, inv, false
	limit := e.pool.fn.Timeout
	// The clock starts with the delivery: a cold start does not eat into it.
	e.timed = inv
	e.deadline = time.AfterFunc(limit, func() { e.expire(inv) })
	return e.pool.host.opts.Now().Add(limit), true
}

// deliver writes the event as the answer to the poll. When that fails, the
// child is gone and its end settles the event.
func (e *process) deliver(w http.ResponseWriter, inv *invocation, deadline time.Time) {
	h := w.Header()
	h.Set(headerRequestID, inv.id)
	h.Set(headerDeadline, strconv.FormatInt(deadline.UnixMilli(), 10))
	h.Set(headerARN, e.pool.host.ARN(e.pool.fn.Name))
	h.Set(headerTrace, traceID(inv.id, deadline))
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(inv.payload)))
	w.Write(inv.payload)
}

// expire ends a process whose event took too long: before its answer, or
// after it by not asking for the next one.
func (e *process) expire(inv *invocation) {
	e.pool.mu.Lock()
	defer e.pool.mu.Unlock()
	if e.timed != inv {
		return // it polled while the clock rang
	}
	if e.current == inv {
		e.current = nil
		inv.done <- outcome{result: timeoutFailure(inv.id, e.pool.fn.Timeout)}
	}
	e.pool.withdraw(e) // it is idle when it has answered
	e.kill()
}

// answer gives the current event its outcome, exactly once. It reports false when id is not
// the current event. With reuse the process may be handed the next event right
// away: its next poll fetches it.
func (e *process) answer(id string, result Result, reuse bool) bool {
	e.pool.mu.Lock()
	defer e.pool.mu.Unlock()
	inv := e.current
	if inv == nil || inv.id != id {
		return false
	}
	e.current = nil
	// Before the caller hears of it, so that its next event finds this process.
	if reuse {
		e.offered = true
		e.pool.offer(e)
	}
	inv.done <- outcome{result: result}
	return true
}

// serveResponse takes the function's answer.
func (e *process) serveResponse(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err != nil {
		return // the child went away while it was sending; its end settles the event
	}
	result, status, reuse := Result{Payload: body}, http.StatusAccepted, true
	switch {
	case len(body) > MaxResponse:
		// The runtime takes our refusal for fatal and exits: no reuse before it polls.
		result = failure("Function.ResponseSizeTooLarge", fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxResponse))
		status, reuse = http.StatusRequestEntityTooLarge, false
	// A streamed answer that broke off says so behind its body.
	case r.Trailer.Get(headerErrorType) != "":
		result, reuse = failureInTrailer(r.Trailer), false
	}
	if !e.answer(r.PathValue("id"), result, reuse) {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "no such invocation is in progress")
		return
	}
	if status != http.StatusAccepted {
		refuse(w, status, result.ErrorType, "the response is too large")
		return
	}
	accept(w)
}

// serveError takes the function's error. The process is not reused before it
// polls again: after a panic the runtime reports and exits.
func (e *process) serveError(w http.ResponseWriter, r *http.Request) {
	result, err := reported(r)
	if err != nil {
		return
	}
	if !e.answer(r.PathValue("id"), result, false) {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "no such invocation is in progress")
		return
	}
	accept(w)
}

// serveInitError takes the reason why the function cannot start. The child is
// expected to exit; if it does not, it is made to.
func (e *process) serveInitError(w http.ResponseWriter, r *http.Request) {
	result, err := reported(r)
	if err != nil {
		return
	}
	e.pool.mu.Lock()
	late := e.polled
	if !late {
		e.initFailure = &result
		e.terminateSoon()
	}
	e.pool.mu.Unlock()
	if late {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "initialisation is over")
		return
	}
	accept(w)
}

// terminateSoon leaves the child time for its last words. The lock is held.
func (e *process) terminateSoon() {
	e.doomed = true
	if e.deadline != nil {
		e.deadline.Stop()
	}
	e.deadline = time.AfterFunc(stopGrace, func() {
		e.pool.mu.Lock()
		defer e.pool.mu.Unlock()
		e.kill()
	})
}

// reported reads an error report.
func reported(r *http.Request) (Result, error) {
	body, err := readBody(r)
	if err != nil {
		return Result{}, err
	}
	if len(body) > MaxResponse {
		body = []byte(`{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"the error is too large"}`)
	}
	return Result{
		Payload:       body,
		FunctionError: "Unhandled",
		ErrorType:     errorType(body, r.Header.Get(headerErrorType)),
		XRayCause:     r.Header.Get(headerXRayCause),
	}, nil
}

// failureInTrailer is the error of a function whose answer broke off.
func failureInTrailer(trailer http.Header) Result {
	kind := trailer.Get(headerErrorType)
	body, err := base64.StdEncoding.DecodeString(trailer.Get(headerErrorBody))
	if err != nil || !json.Valid(body) {
		return failure(kind, "the function failed while it was answering")
	}
	return Result{Payload: body, FunctionError: "Unhandled", ErrorType: kind}
}

// readBody reads at most one byte more than may be answered, which is how a
// larger body shows.
func readBody(r *http.Request) ([]byte, error) {
	// A known length is read in one piece, not in doubling ones.
	if n := r.ContentLength; n >= 0 && n <= MaxResponse {
		body := make([]byte, n)
		_, err := io.ReadFull(r.Body, body)
		return body, err
	}
	return io.ReadAll(io.LimitReader(r.Body, MaxResponse+1))
}

// accept answers 202, which is all a runtime looks for.
func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	io.WriteString(w, `{"status":"OK"}`+"\n")
}

// refuse answers in the form of Lambda's own errors.
func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(failure(kind, message).Payload)
}

// traceID returns an X-Ray tracing header that is not sampled, derived from
// the request id so that a log line and a trace can be matched.
func traceID(id string, at time.Time) string {
	// X-Ray's root id has 24 hexadecimal digits after the time; a UUID has 32.
	digits := fmt.Sprintf("%024s", strings.ReplaceAll(id, "-", ""))
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", at.Unix(), digits[:24], digits[:16])
}
