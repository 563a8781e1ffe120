package api

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"unicode/utf8"

	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// readInvocation reads a body of a media type.
func (x *exchange) readInvocation(media string, body []byte) (invocation, error) {
	if media == jsonMedia {
		return decodeInvocation(body)
	}
	var in invocation
	if !utf8.Valid(body) {
		return in, fault.New(fault.Malformed, "the body is not UTF-8").WithReason("encoding_invalid")
	}
	var err error
	switch media {
	case linesMedia:
		err = eachLine(body, func(line []byte) error { return in.addJSON(line) })
	case plainMedia:
		err = eachLine(body, func(line []byte) error {
			in.Inputs = append(in.Inputs, serving.Input{Text: string(line)})
			return nil
		})
	case csvMedia:
		// Without a header only the model says which field is which column.
		var d serving.Description
		if d, err = x.Serving.Describe(x.r.Context(), x.tenant(), x.ref); err == nil {
			err = in.addCSV(body, x.ref.Model, d.Columns)
		}
	}
	if err == nil && len(in.Inputs) == 0 {
		err = fault.New(fault.Invalid, "the body has no rows: send at least one line").WithReason("invalid_field")
	}
	return in, err
}

// decodeInvocation reads the JSON form.
func decodeInvocation(body []byte) (invocation, error) {
	var in invocation
	s := newScanner(body)
	err := s.Object(func(key string) *fault.Error {
		switch key {
		case "inputs", "instances":
			in.bare = key == "inputs"
			if in.Inputs != nil {
				return fault.New(fault.Invalid, "send inputs or instances, not both").WithReason("invalid_field")
			}
			return s.inputs(&in.Request)
		case "parameters":
			return s.pipelineParameters(&in.Request)
		}
		return s.Skip() // such as configuration
	})
	var failed error
	in.Request, failed = finishRequest(&s, in.Request, err)
	in.ranked = in.TopK > 0
	return in, failed
}

// eachLine calls add with each line of body that is not empty, until there are
// more than one request may have.
func eachLine(body []byte, add func(line []byte) error) error {
	n := 0
	for line := range bytes.Lines(body) {
		line = bytes.TrimRight(line, "\r\n")
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if n++; n > serving.MaxInputs {
			return tooManyRows()
		}
		if err := add(line); err != nil {
			return err
		}
	}
	return nil
}

// tooManyRows is the error of more rows than one request may have, told before
// all of them are read.
func tooManyRows() error {
	return fault.New(fault.TooLarge, "more than %d rows in one request: send several requests, or upload a file to score many rows", serving.MaxInputs)
}

// addJSON reads a line of JSON lines: an input, or an object that holds it under
// the name inputs.
func (in *invocation) addJSON(line []byte) error {
	s := newScanner(line)
	if s.Kind() == '{' { // a row's columns are an object too: only one that holds inputs is unwrapped
		wrapped, err := decodeInvocation(line)
		if err == nil && len(wrapped.Inputs) == 1 {
			in.Inputs = append(in.Inputs, wrapped.Inputs[0])
			return nil
		}
	}
	one, err := s.input()
	if err == nil {
		err = s.End()
	}
	if err != nil {
		return fault.New(err.Code, "line %d: %s", len(in.Inputs)+1, err.Msg).WithReason(err.Reason)
	}
	in.Inputs = append(in.Inputs, one)
	return nil
}

// addCSV reads rows without a header: a text, or the model's columns in their order.
func (in *invocation) addCSV(body []byte, model registry.Name, columns []string) error {
	want := max(len(columns), 1)
	r := csv.NewReader(bytes.NewReader(body))
	r.FieldsPerRecord = -1 // checked below, with a message that helps
	for n := 1; ; n++ {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		switch {
		case err != nil:
			return fault.Wrap(fault.Invalid, err, "row %d is not CSV: put a field that holds a quote, a comma or a line break in quotes, and double the quotes in it", n).WithReason("csv_quote")
		case n > serving.MaxInputs:
			return tooManyRows()
		case len(fields) != want && columns == nil:
			return fault.New(fault.Invalid, "row %d has %d fields, this model takes one text: put a text that holds a comma in quotes", n, len(fields)).WithReason("csv_field_count")
		case len(fields) != want:
			return fault.New(fault.Invalid, "row %d has %d fields, the model reads %d columns: GET /v2/models/%s names them in order", n, len(fields), want, model).WithReason("csv_field_count")
		}
		one := serving.Input{Text: fields[0]}
		if columns != nil {
			one = serving.Input{Columns: make(map[string]string, want)}
			for i, name := range columns {
				one.Columns[name] = fields[i]
			}
		}
		in.Inputs = append(in.Inputs, one)
	}
}
