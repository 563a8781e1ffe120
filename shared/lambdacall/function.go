// Package lambdacall asks a Lambda function and waits for its answer.
//
// It signs and sends the one request of the Invoke API itself, with the signer
// that every client of the SDK has anyway: the SDK's Lambda client would add 750 kB
// to each function that might make this call (measured on predict), most of it
// for some eighty other operations. Nothing is sent twice: whoever asks knows
// how much time there is left.
package lambdacall

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"godwit/shared/fault"
)

// The bounds of a synchronous call, from the quotas of Lambda.
const (
	maxRequest  = 6 << 20
	maxResponse = 6<<20 + 100
)

// Function is one Lambda function. It is safe for concurrent use.
type Function struct {
	// Client sends requests; what it waits for an answer, the function's timeout
	// has to fit in.
	Client      aws.HTTPClient
	Credentials aws.CredentialsProvider
	Now         func() time.Time
	Region      string // such as eu-west-1
	Endpoint    string // base URL; empty is the region's own
	Name        string // of letters, digits, "-" and "_"
}

// Invoke sends a JSON payload of at most 6 MiB, once, and returns the JSON that
// the function does. Errors: fault.RateLimited (it runs as often as it may),
// fault.Unavailable (no answer, or the function failed), fault.TooLarge,
// fault.Internal (it is not there, or may not be asked), or the context's.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if len(payload) > maxRequest {
		return nil, fault.New(fault.TooLarge, "the call has %d bytes, a function takes at most %d", len(payload), maxRequest)
	}
	req, err := f.request(ctx, payload)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a function cannot be called")
	}
	resp, err := f.Client.Do(req)
	if err != nil {
		return nil, unanswered(ctx, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if err != nil || len(body) > maxResponse {
		return nil, unanswered(ctx, errors.Join(err, fmt.Errorf("%d bytes of an answer", len(body))))
	}
	if resp.StatusCode != http.StatusOK {
		return nil, refused(resp, body)
	}
	// The function ran and failed: by an error, a crash, or at its timeout.
	if kind := resp.Header.Get("X-Amz-Function-Error"); kind != "" {
		return nil, fault.Wrap(fault.Unavailable, fmt.Errorf("function %s: %s: %.500s", f.Name, kind, body), "a function that is needed for this failed; try again")
	}
	return body, nil
}

// request makes the signed request.
func (f *Function) request(ctx context.Context, payload []byte) (*http.Request, error) {
	base := f.Endpoint
	if base == "" {
		base = "https://lambda." + f.Region + "." + suffix(f.Region)
	}
	url := strings.TrimSuffix(base, "/") + "/2015-03-31/functions/" + f.Name + "/invocations"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(payload))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Amz-Invocation-Type", "RequestResponse")
	keys, err := f.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(payload)
	return req, v4.NewSigner().SignHTTP(ctx, keys, req, hex.EncodeToString(sum[:]), "lambda", f.Region, f.Now())
}

// suffix is the domain of a region's services.
func suffix(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// unanswered is the failure of a connection.
func unanswered(ctx context.Context, err error) error {
	if ctx.Err() != nil { // the client wraps it as its own
		return ctx.Err()
	}
	return fault.Wrap(fault.Unavailable, err, "a function that is needed for this did not answer; try again")
}

// refused is the failure of a call that Lambda did not let through.
func refused(resp *http.Response, body []byte) error {
	err := fmt.Errorf("status %d, %s: %.500s", resp.StatusCode, resp.Header.Get("X-Amzn-Errortype"), body)
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		return fault.Wrap(fault.RateLimited, err, "a function that is needed for this runs as often as it may; try again later")
	case resp.StatusCode >= http.StatusInternalServerError:
		return fault.Wrap(fault.Unavailable, err, "a function that is needed for this is not available; try again")
	}
	return fault.Wrap(fault.Internal, err, "a function that is needed for this cannot be called")
}
