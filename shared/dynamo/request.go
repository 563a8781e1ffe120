package dynamo

import (
	"bytes"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// wholeRequests makes a client send each request's body from memory.
//
// The SDK's own body ends with an error once the answer's head is there, and
// the transport, if it has not looked for the end of the body by then, takes
// that for a broken request and cuts the answer off. It happens where the
// service is near, and to long answers. A body from memory also lets the
// transport send a request again that met a connection gone stale, as one
// kept over a frozen function is.
type wholeRequests struct{ client dynamodb.HTTPClient }

// Do sends req.
func (w wholeRequests) Do(req *http.Request) (*http.Response, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return w.client.Do(req)
	}
	data, err := io.ReadAll(req.Body) // no longer than a Write: 4 MB and its escapes
	if err != nil {
		return nil, fmt.Errorf("read the request's body: %w", err)
	}
	if err := req.Body.Close(); err != nil {
		return nil, fmt.Errorf("close the request's body: %w", err)
	}
	out := req.WithContext(req.Context()) // a copy: the SDK keeps req for its next attempt
	out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	out.Body = io.NopCloser(bytes.NewReader(data))
	out.ContentLength = int64(len(data))
	return w.client.Do(out)
}
