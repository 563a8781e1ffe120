package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxAnswer bounds one answer in memory: a batch read may bring 16 MB of items,
// and JSON may escape each byte in six.
const maxAnswer = 100 << 20

// verified makes a client send whole requests and check each answer's CRC-32. The SDK's own check runs
// when the body is closed, after the answer has been used, and only logs.
func verified(o *dynamodb.Options) {
	o.HTTPClient = wholeRequests{o.HTTPClient}
	o.DisableValidateResponseChecksum = true
	// A slice of its own capacity: the given client's options are not written
	// into. Added last, the step stands next to the transport, so the SDK's
	// parsing sees only answers that passed.
	o.APIOptions = append(o.APIOptions[:len(o.APIOptions):len(o.APIOptions)], func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(checkAnswer{}, middleware.After)
	})
}

// checkAnswer reads each answer whole before it is parsed.
type checkAnswer struct{}

// ID names the step in the SDK's stack.
func (checkAnswer) ID() string { return "GodwitVerifyAnswer" }

// HandleDeserialize verifies the answer of one attempt. Its error counts as a
// broken connection, so the SDK tries again.
func (checkAnswer) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, meta, err := next.HandleDeserialize(ctx, in)
	if err != nil {
		return out, meta, err
	}
	resp, ok := out.RawResponse.(*smithyhttp.Response)
	if !ok {
		return out, meta, fmt.Errorf("an answer of type %T", out.RawResponse)
	}
	// An answer cut by the limit fails its checksum below.
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	_ = resp.Body.Close() // all of it has been read: nothing is lost
	if err != nil {
		return out, meta, damaged{err}
	}
	if err := sum(resp.Header.Get("X-Amz-Crc32"), body); err != nil {
		return out, meta, damaged{err}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return out, meta, nil
}

// sum compares body with its checksum, when the service sent one.
func sum(header string, body []byte) error {
	if header == "" {
		return nil
	}
	want, err := strconv.ParseUint(header, 10, 32)
	if err != nil {
		return fmt.Errorf("read the answer's checksum: %w", err)
	}
	if uint32(want) != crc32.ChecksumIEEE(body) {
		return errors.New("the answer does not match its checksum")
	}
	return nil
}

// damaged is an answer that did not arrive as it was sent.
type damaged struct{ err error }

// Error is for the log.
func (d damaged) Error() string { return "damaged answer: " + d.err.Error() }

// Unwrap returns what was wrong with the answer.
func (d damaged) Unwrap() error { return d.err }

// RetryableError tells the SDK to try again.
func (damaged) RetryableError() bool { return true }
