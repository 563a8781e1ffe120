package api

import "godwit/shared/serving"

// AppendResult appends one answer as an element of a prediction's results, so
// that a row of a file is answered in the same words as an input of a request.
// It is a batch.Render; scores must be numbers.
func AppendResult(b []byte, r *serving.Result, regression bool) []byte {
	return appendResult(b, r, regression)
}
