package states

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"time"
)

// failure is an error as the States Language knows it: a name and a cause.
type failure struct {
	name, cause string
}

func (f *failure) Error() string { return f.name + ": " + f.cause }

// asFailure returns err as a failure; one of another kind is ours.
func asFailure(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	return &failure{name: "States.Runtime", cause: err.Error()}
}

// matches reports whether a name in ErrorEquals stands for f.
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
func (f *failure) matches(names []string) bool {
	// These two are caught by their own names alone: tried again, they fail again.
	terminal := f.name == "States.DataLimitExceeded" || f.name == "States.Runtime"
	switch {
	case slices.Contains(names, f.name):
		return true
	case slices.Contains(names, "States.ALL"):
		return !terminal
	case slices.Contains(names, "States.TaskFailed"):
		return !terminal && f.name != "States.Timeout"
	}
	return false
}

// output is what Catch writes: {"Error": name, "Cause": cause}.
func (f *failure) output() any { return map[string]any{"Error": f.name, "Cause": f.cause} }

// functionFailure is the failure of a function that answered an error: its
// type names it and its whole answer is the cause.
func functionFailure(payload []byte) *failure {
	var answer struct {
		ErrorType string `json:"errorType"`
	}
	if json.Unmarshal(payload, &answer) != nil || answer.ErrorType == "" {
		answer.ErrorType = "Lambda.Unknown"
	}
	return &failure{name: answer.ErrorType, cause: string(payload)}
}

// wait returns how long to wait before attempt n (from 1) of this retrier, and
// whether there is such an attempt.
func (r Retrier) wait(n int) (time.Duration, bool) {
	most, interval, rate := 3, 1, 2. // the defaults of the language
	if r.MaxAttempts != nil {
		most = *r.MaxAttempts
	}
	if r.IntervalSeconds != nil {
		interval = *r.IntervalSeconds
	}
	if r.BackoffRate != nil {
		rate = *r.BackoffRate
	}
	seconds := float64(interval) * math.Pow(rate, float64(n-1))
	if r.MaxDelaySeconds > 0 {
		seconds = min(seconds, float64(r.MaxDelaySeconds))
	}
	return time.Duration(seconds * float64(time.Second)), n <= most
}
