package api

import (
	"godwit/shared/fault"
	"godwit/shared/serving"
	"godwit/shared/strictjson"
)

// hfLabels is how many labels a text gets when top_k does not say: all of
// nearly every model, and never an answer larger than a function may send.
const hfLabels = 100

// hfClassify answers as Hugging Face's text-classification task: for each text
// a list of labels with their scores, best first. One text is answered as a
// list of one: huggingface_hub takes the first element.
func hfClassify(x *exchange) error {
	return buffered(func(buf []byte) ([]byte, error) {
		body, err := readBody(buf, x.r)
		if err != nil {
			return body, err
		}
		req, err := decodeHF(body)
		if err != nil {
			return body, err
		}
		out, err := x.predicted(req)
		if err != nil {
			return body, err
		}
		if out.Regression {
			return body, fault.New(fault.Invalid, "this model answers with a number, which is no classification: ask it at /v1/models/%s/predict", out.Model).WithReason("not_a_classification")
		}
		if err := whole(out, fault.Invalid); err != nil {
			return body, err
		}
		b := append(body[:0], '[')
		for i := range out.Results {
			b = appendScores(appendComma(b, i), out.Results[i].Scores)
		}
		b = append(b, "]\n"...)
		return b, x.send(200, b)
	})
}

// decodeHF reads a request. The clients differ in what they send besides, so
// unknown fields are ignored.
func decodeHF(body []byte) (serving.Request, error) {
	req := serving.Request{TopK: hfLabels}
	s := newScanner(body)
	err := s.Object(func(key string) *fault.Error {
		switch key {
		case "inputs":
			return s.inputs(&req)
		case "parameters":
			return s.pipelineParameters(&req)
		}
		return s.pipelineParameter(key, &req)
	})
	return finishRequest(&s, req, err)
}

// pipelineParameters consumes the parameters of a text-classification pipeline.
func (s *scanner) pipelineParameters(req *serving.Request) *fault.Error {
	switch s.Kind() {
	case 'n':
		return s.Skip()
	case '{':
		return s.Object(func(key string) *fault.Error { return s.pipelineParameter(key, req) })
	}
	return strictjson.Complain(fault.Invalid, "wrong_type", "must be an object")
}

// pipelineParameter consumes one of them; null is as good as absent.
func (s *scanner) pipelineParameter(key string, req *serving.Request) *fault.Error {
	if s.Kind() == 'n' {
		return s.Skip()
	}
	switch key {
	case "top_k":
		return s.topK(&req.TopK)
	case "function_to_apply":
		name := ""
		if s.Kind() == '"' {
			var err *fault.Error
			if name, err = s.Text(); err != nil {
				return err
			}
		}
		if name != "softmax" {
			return strictjson.Complain(fault.Invalid, "invalid_field", "must be softmax or absent: scores are calibrated probabilities, and others are not kept")
		}
		return nil
	}
	return s.Skip()
}

// appendScores writes labels with their scores as an array.
func appendScores(b []byte, scores []serving.LabelScore) []byte {
	b = append(b, '[')
	for i, s := range scores {
		b = append(appendComma(b, i), '{')
		b = appendScored(b, s.Label, s.Score)
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendComma separates element i from the one before it.
func appendComma(b []byte, i int) []byte {
	if i == 0 {
		return b
	}
	return append(b, ',')
}
