// Package lambdahttp serves an http.Handler behind an API Gateway HTTP API.
//
// Handler turns one payload-2.0 event into an *http.Request, calls the handler
// and turns what it wrote into the gateway's answer, without a socket. The
// caller's identity, as the authorizer found it, travels in the context
// (access.From). The differences between the gateway and sam local are evened
// out here: header case, an absent body, paths that arrive decoded or not, and
// request ids, which come from the Lambda context and never from the event.
//
// It does not stream, and it does not know routes, errors or JSON.
package lambdahttp

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// answerMargin is how long before the function is killed the handler's context
// ends, so that a clean answer still leaves.
const answerMargin = 300 * time.Millisecond

// Handler adapts h. The returned function is safe for concurrent use. Its error
// is always nil: an event that cannot be a request is answered 400, and what
// the handler panics with is the handler's affair.
func Handler(h http.Handler) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return func(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		if deadline, ok := ctx.Deadline(); ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline.Add(-answerMargin))
			defer cancel()
		}
		r, err := Request(ctx, &event)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{
				StatusCode: http.StatusBadRequest,
				Headers:    map[string]string{"content-type": "application/json"},
				Body:       `{"message":"Bad Request"}`,
			}, nil
		}
		w := recorders.Get().(*recorder)
		defer w.release()
		h.ServeHTTP(w, r)
		if r.Method == http.MethodHead {
			w.body.Reset() // as net/http's server does
		}
		return w.response(), nil
	}
}

// recorders keeps buffers between requests.
var recorders = sync.Pool{New: func() any { return &recorder{header: make(http.Header, 8)} }}

// maxKept is the largest buffer worth keeping between requests, in bytes.
const maxKept = 1 << 20

// recorder is the http.ResponseWriter that holds the answer until it is whole.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header returns the answer's headers, to be changed before the first write.
func (w *recorder) Header() http.Header { return w.header }

// WriteHeader sets the status; only the first call counts.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write adds to the body.
func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// WriteString adds to the body without a copy.
func (w *recorder) WriteString(s string) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.WriteString(s)
}

// release empties the recorder for the next request. A very large buffer is let
// go, so that one large answer does not hold memory for ever.
func (w *recorder) release() {
	clear(w.header)
	w.status = 0
	w.body.Reset()
	if w.body.Cap() <= maxKept {
		recorders.Put(w)
	}
}

// response builds the gateway's answer. Header names are written in lower case,
// as HTTP/2 and the gateway have them; Set-Cookie has a field of its own.
func (w *recorder) response() events.APIGatewayV2HTTPResponse {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	out := events.APIGatewayV2HTTPResponse{StatusCode: w.status}
	out.Headers = make(map[string]string, len(w.header))
	for name, values := range w.header {
		if name == "Set-Cookie" {
			out.Cookies = append(out.Cookies, values...)
			continue
		}
		if len(values) > 0 {
			out.Headers[lower(name)] = strings.Join(values, ", ")
		}
	}
	out.Body, out.IsBase64Encoded = encodeBody(w.header.Get("Content-Type"), w.body.Bytes())
	return out
}

// encodeBody returns text as it is and anything else in base64.
func encodeBody(contentType string, body []byte) (text string, base64Encoded bool) {
	if isText(contentType) && utf8.Valid(body) || len(body) == 0 {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}

// isText reports whether a media type is text, which travels as it is.
func isText(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "json") || strings.HasSuffix(media, "xml")
}

// lower returns a header name in lower case, without work for the usual ones.
func lower(name string) string {
	switch name {
	case "Content-Type":
		return "content-type"
	case "Content-Length":
		return "content-length"
	case "Cache-Control":
		return "cache-control"
	case "X-Request-Id":
		return "x-request-id"
	}
	return strings.ToLower(name)
}
