package api

import (
	"mime"
	"net/http"
	"strings"

	"godwit/shared/access"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/serving"
	"godwit/shared/strictjson"
)

// The media types of a SageMaker container's requests and answers; see
// https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html.
const (
	jsonMedia  = "application/json"
	linesMedia = "application/jsonlines"
	csvMedia   = "text/csv"
	plainMedia = "text/plain"
)

var (
	invocationMedia = []string{csvMedia, plainMedia, linesMedia}
	invokedMedia    = []string{csvMedia, linesMedia}
)

// Invocation is the JSON form of a SageMaker request: inputs as the Hugging Face
// containers take them, or instances as the built-in algorithms do.
type Invocation struct {
	Inputs     *Inputs       `json:"inputs,omitempty" doc:"a text, an object of named columns, or an array of them, at most 128; answered with a bare array"`
	Parameters *HFParameters `json:"parameters,omitempty" doc:"for inputs; with top_k each input is answered with an array"`
	Instances  *Inputs       `json:"instances,omitempty" doc:"instead of inputs; answered with predictions"`
}

// Invoked is the answer to instances and to what is not JSON.
type Invoked struct {
	Predictions []Instance `json:"predictions" doc:"one for each row, in order"`
}

// Instance is the answer for one row, as SageMaker's linear learner gives it.
type Instance struct {
	Score          float64 `json:"score" doc:"the label's probability; of a regression the value" example:"0.94"`
	PredictedLabel string  `json:"predicted_label,omitempty" doc:"the label; absent for regression" example:"card_arrival"`
}

// ping says that the function runs, with an empty body.
func ping(x *exchange) error { return x.send(http.StatusOK, nil) }

// invoke predicts for a body in any of the forms and answers in the one asked for.
func invoke(x *exchange) error {
	if err := x.invoked(); err != nil {
		return err
	}
	media := mediaOf(x.r.Header.Get("Content-Type"))
	if media != jsonMedia && media != linesMedia && media != csvMedia && media != plainMedia {
		return fault.New(fault.UnsupportedMedia, "send the body as Content-Type: %s, %s, %s or %s", jsonMedia, linesMedia, csvMedia, plainMedia)
	}
	return buffered(func(buf []byte) ([]byte, error) {
		body, err := readAny(buf, x.r)
		if err != nil {
			return body, err
		}
		in, err := x.readInvocation(media, body)
		if err != nil {
			return body, err
		}
		out, err := x.predicted(in.Request)
		if err != nil {
			return body, err
		}
		if err := whole(out, fault.Invalid); err != nil {
			return body, err
		}
		answer, media := in.append(body[:0], out, x.r.Header.Get("Accept"))
		return answer, x.sendAs(200, media, answer)
	})
}

// invoked finds the model and decides the scope.
func (x *exchange) invoked() error {
	raw := x.r.URL.Query().Get("model")
	if raw == "" {
		raw = onlyModel(x.caller) // SageMaker's clients name an endpoint, not a model
	}
	if raw == "" {
		return fault.New(fault.Invalid, "name the model with ?model=NAME: this key is not for one model alone").WithReason("model_missing")
	}
	ref, err := registry.ParseReference(raw)
	if err != nil {
		// As enter does: a name that cannot be one is absent, for whoever could see it.
		if err := x.allow(access.Read, ""); err != nil {
			return err
		}
		return fault.New(fault.NotFound, "")
	}
	x.ref = ref
	return x.allow(x.route.Scope, ref.Model)
}

// onlyModel returns the name of the one model that all scopes are limited to, or "".
func onlyModel(p access.Principal) string {
	name := registry.Name("")
	for i, s := range p.Scopes {
		if i > 0 && s.Model != name {
			return ""
		}
		name = s.Model
	}
	return string(name)
}

// invocation is a request and how it wants to be answered.
type invocation struct {
	serving.Request
	bare   bool // JSON "inputs": an array without a name
	ranked bool // of labels for each input
}

// append writes the answer in the form that accept asks for, JSON where it asks
// for none that there is.
func (in *invocation) append(b []byte, out serving.Response, accept string) ([]byte, []string) {
	form := jsonMedia
	for one := range strings.SplitSeq(accept, ",") {
		if m := mediaOf(one); m == csvMedia || m == linesMedia || m == jsonMedia {
			form = m
			break
		}
	}
	switch {
	case form == csvMedia:
		for i := range out.Results {
			b = appendCSV(b, &out.Results[i], out.Regression)
		}
		return b, []string{csvMedia}
	case form == linesMedia:
		for i := range out.Results {
			b = append(appendInstance(b, &out.Results[i], out.Regression), '\n')
		}
		return b, []string{linesMedia}
	case in.bare:
		b = append(b, '[')
		for i := range out.Results {
			b = in.appendBare(appendComma(b, i), &out.Results[i], out.Regression)
		}
		return append(b, "]\n"...), asJSON
	}
	b = append(b, `{"predictions":[`...)
	for i := range out.Results {
		b = appendInstance(appendComma(b, i), &out.Results[i], out.Regression)
	}
	return append(b, "]}\n"...), asJSON
}

// appendBare writes one answer as the Hugging Face containers do.
func (in *invocation) appendBare(b []byte, r *serving.Result, regression bool) []byte {
	switch {
	case regression:
		return append(appendExact(append(b, `{"score":`...), r.Value), '}') // a pipeline's regression has one label, whose name says nothing
	case in.ranked:
		return appendScores(b, r.Scores)
	}
	return append(appendScored(append(b, '{'), r.Label, r.Score), '}')
}

// appendInstance writes one answer as the built-in algorithms do.
func appendInstance(b []byte, r *serving.Result, regression bool) []byte {
	b = append(b, `{"score":`...)
	if regression {
		return append(appendExact(b, r.Value), '}')
	}
	b = append(appendScore(b, r.Score), `,"predicted_label":`...)
	return append(strictjson.AppendText(b, r.Label), '}')
}

// appendCSV writes one answer as a row: the label and its score, or the value.
func appendCSV(b []byte, r *serving.Result, regression bool) []byte {
	if regression {
		return append(appendExact(b, r.Value), '\n')
	}
	if strings.ContainsAny(r.Label, ",\"\r\n") || strings.HasPrefix(r.Label, " ") {
		b = append(b, '"')
		b = append(b, strings.ReplaceAll(r.Label, `"`, `""`)...)
		b = append(b, '"')
	} else {
		b = append(b, r.Label...)
	}
	return append(appendScore(append(b, ','), r.Score), '\n')
}

// mediaOf returns the media type of a header's value without its parameters.
func mediaOf(value string) string {
	media, _, err := mime.ParseMediaType(value)
	if err != nil {
		return ""
	}
	return media
}
