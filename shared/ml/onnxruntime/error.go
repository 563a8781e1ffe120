package onnxruntime

import (
	"regexp"
	"strings"

	"godwit/shared/ml/onnx"
)

// The codes of OrtErrorCode that are told apart.
const invalidArgument = 2

// failure is what the library says of a call. Its text tells of places in its
// sources and, after a run, of values in rows: it does not leave this package but
// for the log of a start.
type failure struct {
	code int32
	text string
}

// Error returns the library's text.
func (f *failure) Error() string { return f.text }

// check turns a status into a *failure and gives it back; success is nil.
func (r *Runtime) check(s status) error {
	if s == 0 {
		return nil
	}
	f := &failure{code: r.api.errorCode(s), text: r.api.errorMessage(s)}
	r.api.releaseStatus(s)
	return f
}

// unknown are the ways in which ONNX Runtime names an operator that it does not
// run: with or without its domain, and its version where it tells one.
var unknown = []*regexp.Regexp{
	regexp.MustCompile(`([\w.]*:\w+)\(-?\d+\) is not a registered function/op`),
	regexp.MustCompile(`Could not find an implementation for ([\w.:]+)\((\d+)\) node`),
	regexp.MustCompile(`No Op registered for ([\w.:]+) with domain_version of (\d+)`),
	regexp.MustCompile(`No opset import for domain '?([\w.]+)'?`),
}

// development is how it refuses a version of operators that is newer than itself.
var development = regexp.MustCompile(`Opset (\d+) is under development|current official support for domain ([\w.]+) is till opset (\d+)`)

// maxNamed bounds the name of an operator in an error.
const maxNamed = 80

// refused is the error of a graph that cannot be loaded: the operator at fault
// when the library names one, else that it is at fault.
func (r *Runtime) refused(err error) error {
	text := err.Error()
	for _, form := range unknown {
		found := form.FindStringSubmatch(text)
		if found == nil || len(found[1]) > maxNamed {
			continue
		}
		name := strings.TrimPrefix(strings.ReplaceAll(found[1], ":", "."), ".")
		if len(found) > 2 {
			name += " of version " + found[2]
		}
		return onnx.Errorf(onnx.Unsupported, "ONNX Runtime %s does not run %s", r.version, name)
	}
	if found := development.FindStringSubmatch(text); found != nil {
		return onnx.Errorf(onnx.Unsupported, "ONNX Runtime %s does not run operators of version %s", r.version, found[1]+found[3])
	}
	return onnx.Errorf(onnx.Corrupt, "ONNX Runtime %s cannot load the graph; its types or axes contradict each other", r.version)
}

// failed is the error of a run.
func (r *Runtime) failed(err error) error {
	if f, ok := err.(*failure); ok && f.code == invalidArgument {
		return onnx.Errorf(onnx.BadInput, "ONNX Runtime does not take this row: types or axes do not fit the graph")
	}
	return onnx.Errorf(onnx.BadValue, "ONNX Runtime cannot answer this row; an operator does not take its values")
}
