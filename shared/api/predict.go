package api

import (
	"strings"
	"sync"

	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// PredictRequest asks for predictions.
type PredictRequest struct {
	Inputs     Inputs             `json:"inputs" doc:"what to score: a text, an object of named columns, or an array of them, at most 128"`
	Parameters *PredictParameters `json:"parameters,omitempty" doc:"how to answer"`
}

// Inputs is one input or an array of them.
type Inputs []serving.Input

// PredictParameters say how to answer.
type PredictParameters struct {
	TopK     int     `json:"top_k,omitempty" doc:"scores returned for each input, best first; more than there are labels means all; default 1" min:"1" example:"3"`
	Explain  bool    `json:"explain,omitempty" doc:"say what in the text spoke for the answer" example:"true"`
	MinScore float64 `json:"min_score,omitempty" doc:"mark answers scored lower as abstained; default 0" min:"0" max:"1" example:"0.6"`
}

// PredictResponse is the answer.
type PredictResponse struct {
	ID      string       `json:"id" doc:"names this prediction in feedback; holds no text" example:"pr_AQVsb2NhbAdpbnRlbnRz"`
	Model   string       `json:"model" doc:"the model's name" example:"intents"`
	Version int          `json:"version" doc:"the version that answered" example:"7"`
	Digest  string       `json:"digest" doc:"SHA-256 of its artifact" example:"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	Variant string       `json:"variant" doc:"how the version was chosen: an alias, latest, or versions/7" example:"champion"`
	Stale   string       `json:"stale,omitempty" doc:"why an older version may have answered; also in the Warning header" enum:"registry_unavailable,artifact_unavailable"`
	Results []Prediction `json:"results" doc:"one for each input, in order"`
}

// Prediction is the answer for one input: an error, or a label with its scores.
type Prediction struct {
	Label       string        `json:"label,omitempty" doc:"the best label" example:"card_arrival"`
	Score       *float64      `json:"score,omitempty" doc:"its calibrated probability" min:"0" max:"1" example:"0.94"`
	Abstained   *bool         `json:"abstained,omitempty" doc:"the score is below min_score" example:"false"`
	Scores      []Score       `json:"scores,omitempty" doc:"the top_k best labels"`
	Explanation *Explanation  `json:"explanation,omitempty" doc:"what spoke for the label"`
	Error       *ElementError `json:"error,omitempty" doc:"why this input was not scored; then nothing else is there"`
}

// Score is the calibrated probability of one label.
type Score struct {
	Label string  `json:"label" doc:"the label" example:"card_arrival"`
	Score float64 `json:"score" doc:"its probability" min:"0" max:"1" example:"0.94"`
}

// Explanation says what in a text spoke for the label: baseline and the
// weights add up to the margin.
type Explanation struct {
	Method   string  `json:"method" doc:"how it was found; linear is exact" example:"linear"`
	Baseline float64 `json:"baseline" doc:"what speaks for the label without any text" example:"-0.93"`
	Margin   float64 `json:"margin" doc:"the label's score before calibration" example:"1.12"`
	Spans    []Span  `json:"spans" doc:"pieces of the text that counted, never null"`
}

// Span is a piece of the text.
type Span struct {
	Start  int     `json:"start" doc:"first code point" example:"12"`
	End    int     `json:"end" doc:"code point after the last" example:"16"`
	Text   string  `json:"text" doc:"the piece" example:"card"`
	Weight float64 `json:"weight" doc:"what it added to the margin" example:"0.58"`
}

// ElementError is why one input was not scored.
type ElementError struct {
	Code   string `json:"code" doc:"what is wrong, stable" example:"text_empty"`
	Detail string `json:"detail" doc:"the same for a person" example:"the text is empty"`
}

// buffers keep request and answer bytes between requests.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// predict scores the inputs. Nothing here uses reflection: a whole warm
// invocation has 150 us.
func predict(x *exchange) error {
	if raw := x.r.PathValue("version"); raw != "" {
		n, err := registry.ParseVersion(raw)
		if err != nil {
			return fault.New(fault.NotFound, "")
		}
		x.ref.Version = n
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	body, err := readBody((*buf)[:0], x.r)
	if err != nil {
		return err
	}
	if cap(body) <= maxBody {
		*buf = body
	}
	req, err := decodePredict(body)
	if err != nil {
		return err
	}
	out, err := x.Serving.Predict(x.r.Context(), x.tenant(), x.ref, req)
	if err != nil {
		return err
	}
	if out.Stale != "" {
		// 110 is "response is stale" (RFC 7234 section 5.5.1).
		x.w.Header().Set("Warning", `110 - "`+out.Stale+`"`)
	}
	// The request is decoded into strings of its own: its buffer is free again.
	answer, err := appendResponse(body[:0], out)
	if err != nil {
		return err
	}
	if cap(answer) <= maxBody {
		*buf = answer
	}
	return x.send(200, answer)
}

// decodePredict reads a request without reflection: this is the hot path. It
// holds to the same rules as decode, but for a bad element of inputs, which
// becomes the error in its place.
func decodePredict(body []byte) (serving.Request, error) {
	var req serving.Request
	found := false
	s := scanner{data: body}
	err := s.object(func(key string) *fault.Error {
		switch key {
		case "inputs":
			found = true
			return s.inputs(&req)
		case "parameters":
			return s.parameters(&req)
		}
		return complain(fault.Malformed, "unknown_field", "there is no such field")
	})
	if err == nil {
		err = s.end()
	}
	switch {
	case err != nil:
		return req, worst(body, err)
	case !found || len(req.Inputs) == 0:
		return req, invalid("/inputs", "send at least one input")
	}
	return req, nil
}

func (s *scanner) inputs(req *serving.Request) *fault.Error {
	switch s.kind() {
	case '[':
		return s.array(func(int) *fault.Error {
			in, err := s.input()
			req.Inputs = append(req.Inputs, in)
			return err
		})
	case '"', '{':
		in, err := s.input()
		req.Inputs = append(req.Inputs, in)
		return err
	}
	return complain(fault.Invalid, "wrong_type", "must be a text, an object or an array of them")
}

// input consumes one input. What is JSON but no input is the element's own
// error; what is not JSON is the request's.
func (s *scanner) input() (serving.Input, *fault.Error) {
	switch s.kind() {
	case '"':
		text, err := s.text()
		return serving.Input{Text: text}, err
	case '{':
		return s.columns()
	}
	if err := s.skip(); err != nil {
		return serving.Input{}, err
	}
	return serving.Input{Bad: fault.New(fault.Invalid, "an input is a text or an object").WithReason("wrong_type")}, nil
}

// columns consumes an object of named columns. A text model has one, "text".
func (s *scanner) columns() (serving.Input, *fault.Error) {
	var in serving.Input
	found := false
	err := s.object(func(key string) *fault.Error {
		if key != "text" || s.kind() != '"' {
			in.Bad = fault.New(fault.Invalid, "this model takes a text, or an object with the field \"text\" holding one").WithReason("wrong_columns")
			return s.skip()
		}
		found = true
		var err *fault.Error
		in.Text, err = s.text()
		return err
	})
	if !found && in.Bad == nil {
		in.Bad = fault.New(fault.Invalid, "the field \"text\" is missing").WithReason("wrong_columns")
	}
	return in, err
}

func (s *scanner) parameters(req *serving.Request) *fault.Error {
	if s.kind() != '{' {
		return complain(fault.Invalid, "wrong_type", "must be an object")
	}
	return s.object(func(key string) *fault.Error {
		from := s.kind()
		start := s.at
		if err := s.skip(); err != nil {
			return err
		}
		raw := string(s.data[start:s.at])
		switch {
		case key == "top_k" && from == '0':
			return setTopK(req, raw)
		case key == "explain" && (from == 't' || from == 'f'):
			req.Explain = from == 't'
			return nil
		case key == "min_score" && (from == '0' || from == '-'):
			return setMinScore(req, raw)
		case key == "top_k":
			return complain(fault.Invalid, "wrong_type", "must be a whole number from 1")
		case key == "explain":
			return complain(fault.Invalid, "wrong_type", "must be true or false")
		case key == "min_score":
			return complain(fault.Invalid, "wrong_type", "must be a number from 0 to 1")
		}
		return complain(fault.Malformed, "unknown_field", "there is no such field")
	})
}

// setTopK reads top_k: a whole number, written as one.
func setTopK(req *serving.Request, raw string) *fault.Error {
	s := scanner{data: []byte(raw)}
	v, err := s.number()
	if err != nil || v < 1 || v > 1e6 || strings.ContainsAny(raw, ".eE") {
		return complain(fault.Invalid, "invalid_field", "must be a whole number from 1")
	}
	req.TopK = int(v)
	return nil
}

// setMinScore reads min_score.
func setMinScore(req *serving.Request, raw string) *fault.Error {
	s := scanner{data: []byte(raw)}
	v, err := s.number()
	if err != nil || v < 0 || v > 1 {
		return complain(fault.Invalid, "invalid_field", "must be a number from 0 to 1")
	}
	req.MinScore = v
	return nil
}
