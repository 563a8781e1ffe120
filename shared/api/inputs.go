package api

import (
	"strings"

	"godwit/shared/fault"
	"godwit/shared/serving"
	"godwit/shared/strictjson"
)

// decodePredict reads a request without reflection: this is the hot path. It
// holds to the same rules as decode, but for a bad element of inputs, which
// becomes the error in its place.
func decodePredict(body []byte) (serving.Request, error) {
	var req serving.Request
	s := newScanner(body)
	err := s.Object(func(key string) *fault.Error {
		switch key {
		case "inputs":
			return s.inputs(&req)
		case "parameters":
			return s.parameters(&req)
		case "context":
			return s.context(&req)
		}
		return strictjson.Complain(fault.Malformed, "unknown_field", "there is no such field")
	})
	return finishRequest(&s, req, err)
}

// finishRequest ends the reading of a body that has inputs. err is what was
// wrong until then.
func finishRequest(s *scanner, req serving.Request, err *fault.Error) (serving.Request, error) {
	if err == nil {
		err = s.End()
	}
	switch {
	case err != nil:
		return req, strictjson.Worst(s.Data, err)
	case len(req.Inputs) == 0:
		return req, invalid("/inputs", "send at least one input")
	}
	return req, nil
}

func (s *scanner) inputs(req *serving.Request) *fault.Error {
	switch s.Kind() {
	case '[':
		return s.Array(func(int) *fault.Error {
			in, err := s.input()
			req.Inputs = append(req.Inputs, in)
			return err
		})
	case '"', '{':
		in, err := s.input()
		req.Inputs = append(req.Inputs, in)
		return err
	}
	return strictjson.Complain(fault.Invalid, "wrong_type", "must be a text, an object or an array of them")
}

// input consumes one input. What is JSON but no input is the element's own
// error; what is not JSON is the request's.
func (s *scanner) input() (serving.Input, *fault.Error) {
	switch s.Kind() {
	case '"':
		text, err := s.Text()
		return serving.Input{Text: text}, err
	case '{':
		return s.row()
	}
	isArray, start := s.Kind() == '[', s.At()
	if err := s.Skip(); err != nil {
		return serving.Input{}, err
	}
	if isArray {
		return serving.Input{Pixels: s.Since(start)}, nil
	}
	return serving.Input{Bad: fault.New(fault.Invalid, "an input is a text or an object").WithReason("wrong_type")}, nil
}

// row consumes an object of named columns. Numbers and booleans count as they
// are written, null as a cell that is missing; which columns there are only the
// model knows.
func (s *scanner) row() (serving.Input, *fault.Error) {
	in := serving.Input{Columns: map[string]string{}}
	err := s.Object(func(key string) *fault.Error {
		from := s.Kind()
		if from == '"' {
			text, err := s.Text()
			in.Columns[key] = text
			return err
		}
		start := s.At()
		if err := s.Skip(); err != nil {
			return err
		}
		switch from {
		case '{', '[':
			if from == '[' && key == "pixels" {
				in.Pixels = s.Since(start)
			} else if from == '[' {
				in.Columns[key], in.Lists = string(s.Since(start)), append(in.Lists, key)
			} else if in.Bad == nil {
				in.Bad = fault.New(fault.Invalid, "a column holds a text, a number, true, false or null, not an object").WithReason("wrong_columns")
			}
		case 'n':
			in.Columns[key] = ""
		default:
			value := string(s.Since(start))
			in.Columns[key] = value
			if from == '0' && strings.ContainsAny(value, ".eE") { // a whole number is the same in every notation
				in.Numbers = append(in.Numbers, key)
			}
		}
		return nil
	})
	return in, err
}

// parameters consumes the parameters: each is read by the rule of its name.
func (s *scanner) parameters(req *serving.Request) *fault.Error {
	if s.Kind() != '{' {
		return strictjson.Complain(fault.Invalid, "wrong_type", "must be an object")
	}
	return s.Object(func(key string) *fault.Error {
		switch key {
		case "top_k":
			return s.topK(&req.TopK)
		case "explain":
			return s.yesNo(&req.Explain)
		case "min_score":
			return s.share(&req.MinScore)
		case "coverage":
			return s.share(&req.Coverage)
		}
		return strictjson.Complain(fault.Malformed, "unknown_field", "there is no such field")
	})
}

// topK consumes a whole number from 1, written as one.
func (s *scanner) topK(to *int) *fault.Error {
	const text = "must be a whole number from 1"
	if s.Kind() != '0' {
		return strictjson.Complain(fault.Invalid, "wrong_type", text)
	}
	from := s.At()
	v, err := s.Number()
	if err != nil {
		return err
	}
	if v < 1 || v > 1e6 || strings.ContainsAny(string(s.Since(from)), ".eE") {
		return strictjson.Complain(fault.Invalid, "invalid_field", text)
	}
	*to = int(v)
	return nil
}

// yesNo consumes true or false.
func (s *scanner) yesNo(to *bool) *fault.Error {
	kind := s.Kind()
	if kind != 't' && kind != 'f' {
		return strictjson.Complain(fault.Invalid, "wrong_type", "must be true or false")
	}
	*to = kind == 't'
	return s.Skip()
}

// share consumes a number from 0 to 1.
func (s *scanner) share(to *float64) *fault.Error {
	const text = "must be a number from 0 to 1"
	if kind := s.Kind(); kind != '0' && kind != '-' {
		return strictjson.Complain(fault.Invalid, "wrong_type", text)
	}
	v, err := s.Number()
	if err != nil {
		return err
	}
	if v < 0 || v > 1 {
		return strictjson.Complain(fault.Invalid, "invalid_field", text)
	}
	*to = v
	return nil
}
