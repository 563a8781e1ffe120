package api

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"

	"godwit/shared/fault"
	"godwit/shared/ml/pipeline"
	"godwit/shared/serving"
	"godwit/shared/strictjson"
)

// appendResponse writes a prediction's answer as PredictResponse shows it,
// without reflection: a test holds the two together. The error is a score that
// is not a number, which JSON cannot say.
func appendResponse(b []byte, r serving.Response) ([]byte, error) {
	b = append(b, `{"id":`...)
	b = strictjson.AppendText(b, r.ID)
	b = append(b, `,"model":`...)
	b = strictjson.AppendText(b, string(r.Model))
	b = append(b, `,"version":`...)
	b = strconv.AppendInt(b, int64(r.Version), 10)
	b = append(b, `,"digest":`...)
	b = strictjson.AppendText(b, string(r.Digest))
	b = append(b, `,"variant":`...)
	b = strictjson.AppendText(b, r.Variant)
	if r.Stale != "" {
		b = append(b, `,"stale":`...)
		b = strictjson.AppendText(b, r.Stale)
	}
	if r.SetApproximate {
		b = append(b, `,"set_approximate":true`...)
	}
	b = append(b, `,"results":[`...)
	for i := range r.Results {
		if i > 0 {
			b = append(b, ',')
		}
		if err := finite(&r.Results[i]); err != nil {
			return nil, err
		}
		b = appendResult(b, &r.Results[i], r.Regression)
	}
	return append(b, "]}\n"...), nil
}

// finite checks what strconv would write as NaN or Inf.
func finite(r *serving.Result) error {
	for _, s := range r.Scores {
		if math.IsNaN(s.Score) || math.IsInf(s.Score, 0) {
			return fmt.Errorf("the model scored %q with %v", s.Label, s.Score)
		}
	}
	if math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
		return fmt.Errorf("the model answered with %v", r.Value)
	}
	return nil
}

// appendResult writes one element of results.
func appendResult(b []byte, r *serving.Result, regression bool) []byte {
	switch {
	case r.Err != nil:
		return appendElementError(b, r.Err)
	case regression:
		b = append(b, `{"value":`...)
		b = appendExact(b, r.Value)
		if r.Interval != nil {
			b = appendExact(append(b, `,"interval":[`...), r.Interval[0])
			b = append(appendExact(append(b, ','), r.Interval[1]), ']')
		}
	default:
		b = appendLabels(append(b, '{'), r)
	}
	if r.Explanation != nil {
		b = append(b, `,"explanation":`...)
		b = appendExplanation(b, r.Explanation)
	}
	return append(b, '}')
}

// appendLabels writes the fields of a classified input.
func appendLabels(b []byte, r *serving.Result) []byte {
	b = appendScored(b, r.Label, r.Score)
	b = append(b, `,"abstained":`...)
	b = strconv.AppendBool(b, r.Abstained)
	b = append(b, `,"scores":[`...)
	for i, s := range r.Scores {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '{')
		b = appendScored(b, s.Label, s.Score)
		b = append(b, '}')
	}
	b = append(b, ']')
	if r.Set == nil {
		return b
	}
	b = append(b, `,"set":[`...)
	for i, label := range r.Set {
		if i > 0 {
			b = append(b, ',')
		}
		b = strictjson.AppendText(b, label)
	}
	return append(b, ']')
}

// appendScored writes a label and its score.
func appendScored(b []byte, label string, score float64) []byte {
	b = append(b, `"label":`...)
	b = strictjson.AppendText(b, label)
	b = append(b, `,"score":`...)
	return appendScore(b, score)
}

// appendElementError writes the element of an input that was not scored.
func appendElementError(b []byte, e *fault.Error) []byte {
	code := e.Reason
	if code == "" {
		code = string(e.Code)
	}
	b = append(b, `{"error":{"code":`...)
	b = strictjson.AppendText(b, code)
	b = append(b, `,"detail":`...)
	b = strictjson.AppendText(b, e.Msg)
	return append(b, "}}"...)
}

// appendExplanation writes an explanation with all its digits: spans of a text,
// or columns of a row.
func appendExplanation(b []byte, e *pipeline.Explanation) []byte {
	b = append(b, `{"method":`...)
	b = strictjson.AppendText(b, e.Method)
	b = append(b, `,"baseline":`...)
	b = appendExact(b, e.Baseline)
	b = append(b, `,"margin":`...)
	b = appendExact(b, e.Margin)
	if e.Image != nil {
		return appendSaliency(b, e.Image)
	}
	if e.Columns != nil {
		b = append(b, `,"columns":[`...)
		for i, c := range e.Columns {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"column":`...)
			b = strictjson.AppendText(b, c.Column)
			b = append(b, `,"value":`...)
			b = strictjson.AppendText(b, c.Value)
			b = appendWeight(b, c.Weight)
		}
		return append(b, "]}"...)
	}
	b = append(b, `,"spans":[`...)
	for i, s := range e.Spans {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"start":`...)
		b = strconv.AppendInt(b, int64(s.Start), 10)
		b = append(b, `,"end":`...)
		b = strconv.AppendInt(b, int64(s.End), 10)
		b = append(b, `,"text":`...)
		b = strictjson.AppendText(b, s.Text)
		b = appendWeight(b, s.Weight)
	}
	if b = append(b, ']'); e.Rest != 0 {
		b = append(b, `,"rest":`...)
		b = appendExact(b, e.Rest)
	}
	return append(b, '}')
}

// appendSaliency ends the explanation of an image.
func appendSaliency(b []byte, s *pipeline.Saliency) []byte {
	b = append(b, `,"image":{"png":"`...)
	b = base64.StdEncoding.AppendEncode(b, s.PNG)
	b = append(b, `","width":`...)
	b = strconv.AppendInt(b, int64(s.Width), 10)
	b = append(b, `,"height":`...)
	b = strconv.AppendInt(b, int64(s.Height), 10)
	return append(b, "}}"...)
}

// appendWeight ends a part of an explanation.
func appendWeight(b []byte, weight float64) []byte {
	b = append(b, `,"weight":`...)
	b = appendExact(b, weight)
	return append(b, '}')
}

// appendScore writes a probability with the digits a float32 holds.
func appendScore(b []byte, v float64) []byte { return strconv.AppendFloat(b, v, 'g', -1, 32) }

// appendExact writes all digits: explanations add up to within 1e-9.
func appendExact(b []byte, v float64) []byte { return strconv.AppendFloat(b, v, 'g', -1, 64) }
