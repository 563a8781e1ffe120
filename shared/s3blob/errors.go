package s3blob

import (
	"context"
	"errors"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"godwit/shared/fault"
)

// codeOf is the service's name for an error, or "".
func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// statusOf is the HTTP status of an error's answer, 0 without an answer.
func statusOf(err error) int {
	if resp, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return resp.HTTPStatusCode()
	}
	return 0
}

// failure is what the port's caller sees of an error of the SDK, which has
// already retried what it could.
func failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil { // the SDK wraps it as a cancelled request
		return ctx.Err()
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	switch codeOf(err) {
	case "NoSuchKey", "NoSuchVersion", "NotFound":
		return notFound(err)
	case "MethodNotAllowed": // the named version is a delete marker
		return notFound(err)
	case "ObjectParentIsFile", "ExistingObjectIsDirectory": // a file system behind the bucket
		return fault.Wrap(fault.Conflict, err, "the object's key is also a folder of other keys")
	// Both answer If-None-Match only: it is the one condition writes carry.
	case "PreconditionFailed", "ConditionalRequestConflict":
		return exists(err)
	case "KeyTooLongError", "InvalidURI":
		return fault.Wrap(fault.Invalid, err, "the object store does not take this key")
	case "EntityTooLarge":
		return fault.Wrap(fault.TooLarge, err, "the object is larger than the object store takes")
	case "SlowDown", "RequestTimeout", "BadDigest", "XAmzContentSHA256Mismatch", "OperationAborted":
		return unavailable(err) // asked too fast, or damaged on the way
	}
	// HEAD answers have no body and so no code, and a proxy's have their own:
	// what is left to go by is the status.
	switch status := statusOf(err); {
	case status == 404 && codeOf(err) != "NoSuchBucket":
		return notFound(err)
	case status == 412 || status == 409:
		return exists(err)
	case status == 0 || status >= 500 || status == 429 || 200 <= status && status < 300:
		return unavailable(err) // no answer, or one that makes no sense
	}
	return fault.Wrap(fault.Internal, err, "the object store refused a request")
}

// notFound is an absent key or version.
func notFound(err error) error { return fault.Wrap(fault.NotFound, err, "no such object") }

// exists is the outcome of a conditional write that found the key taken.
func exists(err error) error {
	return fault.Wrap(fault.PreconditionFailed, err, "the object exists already")
}

// unavailable is what may succeed when the caller asks again.
func unavailable(err error) error {
	return fault.Wrap(fault.Unavailable, err, "the object store did not answer; try again")
}
