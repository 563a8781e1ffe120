package s3blob

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// repeated makes a client repeat calls whose answer broke off or makes no sense:
// the SDK repeats those that got none, and takes a list that ends half way for
// final. They are repeated in its own count and pace. Doing a call twice is safe:
// the reads change nothing, a Put of the same bytes gives the same object, and a
// conditional one recognises itself.
func repeated(o *s3.Options) {
	if r, ok := o.Retryer.(aws.RetryerV2); ok { // as all of the SDK's are
		o.Retryer = rereading{r}
	}
}

// rereading is a Retryer that also repeats what could not be read.
type rereading struct{ aws.RetryerV2 }

// IsErrorRetryable reports whether the call is worth another attempt.
func (r rereading) IsErrorRetryable(err error) bool {
	if _, unread := errors.AsType[*smithy.DeserializationError](err); unread {
		return true
	}
	return r.RetryerV2.IsErrorRetryable(err)
}
