package api

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"godwit/shared/fault"
	"godwit/shared/oip"
	"godwit/shared/serving"
)

// asBytes is the media type of bodies with tensors behind the JSON.
var asBytes = []string{"application/octet-stream"}

// infer predicts by tensors. Like predict it is without reflection.
func infer(x *exchange) error {
	if err := x.single(); err != nil {
		return err
	}
	if err := checkTensorMedia(x.r); err != nil {
		return err
	}
	return buffered(func(buf []byte) ([]byte, error) {
		body, err := readAny(buf, x.r)
		if err != nil {
			return body, err
		}
		in, err := oip.Decode(body, x.r.Header.Get(oip.HeaderLength), serving.MaxInputs)
		if err != nil {
			return body, err
		}
		answer, err := x.tensors(&in)
		if err != nil {
			return body, err
		}
		// The request is decoded into strings of its own: its buffer is free again.
		out, length := answer.Append(body[:0])
		if length == 0 {
			return out, x.send(200, out)
		}
		x.w.Header()[oip.HeaderLength] = []string{strconv.Itoa(length)}
		return out, x.sendAs(200, asBytes, out)
	})
}

// checkTensorMedia refuses what no client of the protocol sends. tritonclient
// sends no Content-Type at all.
func checkTensorMedia(r *http.Request) error {
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return fault.New(fault.UnsupportedMedia, "send the body without compression: Content-Encoding %q is not supported", e)
	}
	if t := r.Header.Get("Content-Type"); t != "" && t != asBytes[0] && !isJSON(t) {
		return fault.New(fault.UnsupportedMedia, "send the body as Content-Type: application/json, or %s with tensors behind the JSON", asBytes[0])
	}
	return nil
}

// tensors scores the rows of in and chooses the outputs.
func (x *exchange) tensors(in *oip.Request) (*oip.Answer, error) {
	req := serving.Request{Inputs: make([]serving.Input, in.Rows)}
	var lists, numbers []string
	for _, c := range in.Columns {
		switch {
		case c.Size > 1:
			lists = append(lists, c.Name)
		case c.Fractions:
			numbers = append(numbers, c.Name)
		}
	}
	for i := range req.Inputs {
		// A column called text is taken by a model of texts too, so the model need
		// not be known yet.
		req.Inputs[i].Columns, req.Inputs[i].Lists, req.Inputs[i].Numbers = in.Row(i), lists, numbers
	}
	// They are the larger part of an answer: not made for who wants the label.
	req.Probabilities = in.Outputs == nil || slices.ContainsFunc(in.Outputs, func(o oip.Output) bool { return o.Name == probabilityOutput })
	out, err := x.predicted(req)
	if err != nil {
		return nil, err
	}
	if err := whole(out, fault.Malformed); err != nil {
		return nil, err
	}
	answer := &oip.Answer{
		Model: string(out.Model), Version: out.Version, ID: in.ID,
		Parameters: []oip.Parameter{{Name: "prediction_id", Value: out.ID}, {Name: "digest", Value: string(out.Digest)}, {Name: "variant", Value: out.Variant}},
	}
	if out.Stale != "" {
		answer.Parameters = append(answer.Parameters, oip.Parameter{Name: "stale", Value: out.Stale})
	}
	all, err := withGraph(out, outputsOf(out))
	if err != nil {
		return nil, err
	}
	if in.Outputs == nil {
		for i := range all {
			all[i].Binary = in.Binary
		}
		answer.Outputs = all
		return answer, nil
	}
	for i, want := range in.Outputs {
		at := slices.IndexFunc(all, func(t oip.Tensor) bool { return t.Name == want.Name })
		if at < 0 {
			return nil, noOutput(i, want.Name, all)
		}
		tensor := all[at]
		tensor.Binary = want.Binary
		answer.Outputs = append(answer.Outputs, tensor)
	}
	return answer, nil
}

// noOutput is the error of an output that the model does not have.
func noOutput(i int, name string, all []oip.Tensor) error {
	names := ""
	for j, t := range all {
		if j > 0 {
			names += ", "
		}
		names += t.Name
	}
	pointer := fmt.Sprintf("/outputs/%d/name", i)
	text := fmt.Sprintf("the model has no output %.64q; it has %s", name, names)
	return fault.New(fault.Malformed, "%s: %s", pointer, text).WithReason("unknown_output").
		WithDetails(fault.Detail{Pointer: pointer, Text: text})
}

// whole checks that every input was scored, for protocols that have no place
// for the error of one: the first that was not fails the request with code.
func whole(out serving.Response, code fault.Code) error {
	for i := range out.Results {
		r := &out.Results[i]
		if r.Err != nil {
			return fault.New(code, "row %d: %s", i, r.Err.Msg).WithReason(r.Err.Reason) // from 0, as arrays count
		}
		if err := finite(r); err != nil {
			return err
		}
	}
	return nil
}

// outputsOf turns scored results into the model's outputs. probabilities are
// there only when they were asked for.
func outputsOf(out serving.Response) []oip.Tensor {
	n := len(out.Results)
	if out.Regression {
		values := make([]float64, n)
		for i := range values {
			values[i] = out.Results[i].Value
		}
		return []oip.Tensor{{Name: valueOutput, Rows: n, Doubles: values}}
	}
	labels, scores := make([]string, n), make([]float32, n)
	var all []float32 // row-major
	for i := range out.Results {
		r := &out.Results[i]
		labels[i], scores[i] = r.Label, float32(r.Score)
		if i == 0 && r.Probabilities != nil {
			all = make([]float32, 0, n*len(r.Probabilities))
		}
		all = append(all, r.Probabilities...)
	}
	tensors := []oip.Tensor{{Name: labelOutput, Rows: n, Texts: labels}, {Name: scoreOutput, Rows: n, Floats: scores}}
	if all != nil {
		tensors = append(tensors, oip.Tensor{Name: probabilityOutput, Rows: n, Columns: len(all) / n, Floats: all})
	}
	return tensors
}
