package dynamodb

import (
	"errors"
	"fmt"
	"net/http"

	"godwit/functions/local/dynamodb/attr"
)

// apiError is a failure as the wire carries it.
type apiError struct {
	code   string // such as "ValidationException"
	msg    string
	extra  object // members beside the message
	status int    // 0 = 400
}

// Error returns the code and the message.
func (e *apiError) Error() string { return e.code + ": " + e.msg }

// The two name spaces in which AWS answers error types; clients look at what
// follows the '#'.
const (
	serviceSpace = "com.amazonaws.dynamodb.v20120810#"
	coralSpace   = "com.amazon.coral.service#"
)

// coralErrors are those that AWS's web framework answers, not DynamoDB itself.
var coralErrors = map[string]string{
	"ValidationException":                 "com.amazon.coral.validate#",
	"SerializationException":              coralSpace,
	"UnknownOperationException":           coralSpace,
	"MissingAuthenticationTokenException": coralSpace,
	"IncompleteSignatureException":        coralSpace,
}

// body returns the error as JSON members: the type in its name space, the
// message, and what is specific to the type.
func (e *apiError) body() object {
	space, coral := coralErrors[e.code]
	if !coral {
		space = serviceSpace
	}
	out := object{{"__type", space + e.code}}
	if e.msg != "" {
		out = append(out, member{"message", e.msg})
	}
	return append(out, e.extra...)
}

// wireError turns any error into what the wire carries: the one table of this
// door. Text of unexpected errors stays inside.
func wireError(err error) *apiError {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*attr.Error](err); ok {
		return &apiError{code: "ValidationException", msg: e.Msg}
	}
	if e, ok := errors.AsType[*attr.ShapeError](err); ok {
		return &apiError{code: "SerializationException", msg: e.Msg}
	}
	return &apiError{code: "InternalServerError", msg: "The request processing has failed because of an unknown error", status: http.StatusInternalServerError}
}

// invalid makes a ValidationException; the shared type lets transactions tell
// an item that does not fit from a failed condition.
func invalid(format string, args ...any) error { return attr.Errorf(format, args...) }

// notFound makes a ResourceNotFoundException.
func notFound(format string, args ...any) error {
	return &apiError{code: "ResourceNotFoundException", msg: fmt.Sprintf(format, args...)}
}

// conditionFailed carries the item that failed the condition when the request
// asked for it; nil otherwise.
func conditionFailed(item attr.Item) error {
	e := &apiError{code: "ConditionalCheckFailedException", msg: "The conditional request failed"}
	if item != nil {
		e.extra = object{{"Item", item}}
	}
	return e
}
