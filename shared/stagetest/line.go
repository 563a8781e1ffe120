package stagetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Trouble is what happens to one request on a Line.
type Trouble int

// The troubles.
const (
	None     Trouble = iota
	Lost             // the request is performed, the connection breaks before its answer
	Reset            // the connection breaks before the request is sent
	Error            // answered 500 without being performed
	Throttle         // answered as a throttled request of the service
	Cut              // performed; the answer's body ends half way
	Flip             // performed; one bit of the answer's body is wrong
	Stall            // no answer until the request's context ends
)

// errBroken is what a client sees of a broken connection.
var errBroken = errors.New("connection reset by the test's plan")

// Line is an http.RoundTripper that troubles requests by plan. It is safe for
// concurrent use.
type Line struct {
	Base http.RoundTripper // nil means http.DefaultTransport
	// Plan chooses the trouble of the n-th request (from 1) since the last
	// Replan; nil troubles none. It is called under a lock.
	Plan func(n int, req *http.Request) Trouble

	mu   sync.Mutex
	sent int
}

// Replan starts counting again under another plan.
func (l *Line) Replan(plan func(n int, req *http.Request) Trouble) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Plan, l.sent = plan, 0
}

// Sent returns how many requests were made since the last Replan.
func (l *Line) Sent() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent
}

// First troubles the first n requests and lets the rest pass.
func First(n int, t Trouble) func(int, *http.Request) Trouble {
	return func(i int, _ *http.Request) Trouble {
		if i <= n {
			return t
		}
		return None
	}
}

// EachFirst troubles the first attempt of every call and lets the SDK's repeats
// pass: the harshest plan that leaves nothing to chance.
func EachFirst(t Trouble) func(int, *http.Request) Trouble {
	return func(_ int, req *http.Request) Trouble {
		if strings.HasPrefix(req.Header.Get("Amz-Sdk-Request"), "attempt=1;") {
			return t
		}
		return None
	}
}

// Always troubles every request.
func Always(t Trouble) func(int, *http.Request) Trouble {
	return func(int, *http.Request) Trouble { return t }
}

// Every troubles one request of n.
func Every(n int, t Trouble) func(int, *http.Request) Trouble {
	return func(i int, _ *http.Request) Trouble {
		if i%n == 0 {
			return t
		}
		return None
	}
}

// RoundTrip performs req with the trouble planned for it.
func (l *Line) RoundTrip(req *http.Request) (*http.Response, error) {
	base := l.Base
	if base == nil {
		base = http.DefaultTransport
	}
	t := l.next(req)
	switch t {
	case None:
		return base.RoundTrip(req)
	case Reset:
		return nil, errBroken
	case Stall:
		if req.Body != nil {
			req.Body.Close() // as a transport does
		}
		<-req.Context().Done()
		return nil, req.Context().Err()
	case Error:
		return answer(req, 500, "InternalServerError"), nil
	case Throttle:
		if req.Header.Get("X-Amz-Target") == "" {
			return answer(req, 503, "SlowDown"), nil
		}
		return answer(req, 400, "ThrottlingException"), nil
	}
	resp, body, err := perform(base, req)
	if err != nil {
		return nil, err
	}
	if t == Lost {
		return nil, errBroken
	}
	damage(resp, body, t)
	return resp, nil
}

// perform makes a request to its very end: the server has answered whole, and
// the transport has let go of the request's body, which the SDK rewinds as soon
// as it hears of a failure.
func perform(base http.RoundTripper, req *http.Request) (*http.Response, []byte, error) {
	var sent chan struct{}
	if req.Body != nil && req.Body != http.NoBody {
		sent = make(chan struct{})
		req = req.Clone(req.Context())
		req.Body = &closing{ReadCloser: req.Body, closed: sent}
	}
	resp, err := base.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, nil, err
	}
	if sent != nil {
		<-sent
	}
	return resp, body, nil
}

// closing tells when a body has been closed.
type closing struct {
	io.ReadCloser
	once   sync.Once
	closed chan struct{}
}

// Close closes the body and tells so.
func (c *closing) Close() error {
	err := c.ReadCloser.Close()
	c.once.Do(func() { close(c.closed) })
	return err
}

func (l *Line) next(req *http.Request) Trouble {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent++
	if l.Plan == nil {
		return None
	}
	return l.Plan(l.sent, req)
}

// answer is an error in the form of the service req is for.
func answer(req *http.Request, status int, code string) *http.Response {
	body := fmt.Sprintf(`<?xml version="1.0"?><Error><Code>%s</Code><Message>planned</Message></Error>`, code)
	if req.Header.Get("X-Amz-Target") != "" { // DynamoDB and Step Functions
		body = fmt.Sprintf(`{"__type":"com.amazonaws#%s","message":"planned"}`, code)
	}
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body) // a transport reads it and closes it
		req.Body.Close()
	}
	return &http.Response{
		StatusCode: status, Status: strconv.Itoa(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body)), Request: req,
	}
}

// damage gives an answer a body that is cut, or has a wrong bit in its middle.
func damage(resp *http.Response, body []byte, t Trouble) {
	var end io.Reader = bytes.NewReader(nil)
	switch half := len(body) / 2; {
	case len(body) == 0: // nothing can happen to nothing
	case t == Cut:
		body, end = body[:half], broken{}
	default:
		body[half] ^= 1
	}
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), end))
}

// broken is the rest of a body that never comes.
type broken struct{}

// Read fails as a transport does on a connection closed early.
func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
