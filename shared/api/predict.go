package api

import (
	"sync"

	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// PredictRequest asks for predictions.
type PredictRequest struct {
	Inputs     Inputs             `json:"inputs" doc:"what to score: a text, an object of named columns whose missing ones are empty, an image as {\"b64\":...} or as an array of pixels, or an array of them, at most 128"`
	Parameters *PredictParameters `json:"parameters,omitempty" doc:"how to answer"`
	Context    map[string]string  `json:"context,omitempty" doc:"who asks, such as user: a route may be sticky by one of them; at most 16 texts of at most 256 characters"`
}

// Inputs is one input or an array of them.
type Inputs []serving.Input

// PredictParameters say how to answer.
type PredictParameters struct {
	TopK     int     `json:"top_k,omitempty" doc:"scores returned for each input, best first; more than there are labels means all; default 1" min:"1" example:"3"`
	Explain  bool    `json:"explain,omitempty" doc:"say what in the input spoke for the answer; always so on the routes called explain" example:"true"`
	MinScore float64 `json:"min_score,omitempty" doc:"mark answers scored lower as abstained; default 0; not for regression" min:"0" max:"1" example:"0.6"`
	Coverage float64 `json:"coverage,omitempty" doc:"also answer with the set of labels, or of a regression the interval, that holds the right one with this probability; default 0: neither" min:"0" max:"1" example:"0.95"`
}

// PredictResponse is the answer.
type PredictResponse struct {
	ID      string `json:"id" doc:"names this prediction in feedback; holds no text" example:"pr_AQVsb2NhbAdpbnRlbnRz"`
	Model   string `json:"model" doc:"the model's name" example:"intents"`
	Version int    `json:"version" doc:"the version that answered" example:"7"`
	Digest  string `json:"digest" doc:"SHA-256 of its artifact" example:"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	Variant string `json:"variant" doc:"how the version was chosen: an alias, latest, or versions/7" example:"champion"`
	Stale   string `json:"stale,omitempty" doc:"why an older version, or another target of the route, may have answered; also in the Warning header" enum:"registry_unavailable,artifact_unavailable,target_unavailable"`
	// SetApproximate speaks of all sets, so it is there once.
	SetApproximate bool         `json:"set_approximate,omitempty" doc:"with coverage: the model was fitted again on more rows after its sets or intervals were calibrated, so their coverage is near the one asked for, not guaranteed" example:"true"`
	Results        []Prediction `json:"results" doc:"one for each input, in order"`
}

// Prediction is the answer for one input: an error, a label with its scores, or
// the value of a regression.
type Prediction struct {
	Label       string        `json:"label,omitempty" doc:"the best label" example:"card_arrival"`
	Score       *float64      `json:"score,omitempty" doc:"its calibrated probability" min:"0" max:"1" example:"0.94"`
	Abstained   *bool         `json:"abstained,omitempty" doc:"the score is below min_score" example:"false"`
	Scores      []Score       `json:"scores,omitempty" doc:"the top_k best labels"`
	Set         []string      `json:"set,omitempty" doc:"with coverage: the labels that hold the right one with that probability, most probable first; all labels when the model was trained on fewer than 1/(1-coverage) rows" example:"card_arrival"`
	Value       *float64      `json:"value,omitempty" doc:"of a regression, in the unit of its training data"`
	Interval    []float64     `json:"interval,omitempty" doc:"of a regression, with coverage: the least and the greatest value that hold the right one between them with that probability; absent when the model was trained on fewer than 1/(1-coverage) rows"`
	Explanation *Explanation  `json:"explanation,omitempty" doc:"what spoke for the label or the value"`
	Error       *ElementError `json:"error,omitempty" doc:"why this input was not scored; then nothing else is there"`
}

// Score is the calibrated probability of one label.
type Score struct {
	Label string  `json:"label" doc:"the label" example:"card_arrival"`
	Score float64 `json:"score" doc:"its probability" min:"0" max:"1" example:"0.94"`
}

// Explanation says what in an input spoke for the answer: baseline and the
// weights add up to the margin.
type Explanation struct {
	Method   string         `json:"method" doc:"how it was found: linear is exact; occlusion leaves parts out in turn; gradient asks how much each pixel counts" example:"linear"`
	Baseline float64        `json:"baseline" doc:"what speaks for the answer without any input" example:"-0.93"`
	Margin   float64        `json:"margin" doc:"the label's score before calibration; of a regression the value" example:"1.12"`
	Spans    []Span         `json:"spans,omitzero" doc:"of a text: its pieces that counted, in order"`
	Columns  []ColumnWeight `json:"columns,omitzero" doc:"of a table's row: its columns that counted"`
	Rest     float64        `json:"rest,omitempty" doc:"of a network for texts: what its pieces do together and none does alone; it belongs to the sum" example:"0.2"`
	Image    *Saliency      `json:"image,omitempty" doc:"of an image: where in it the answer comes from; a picture and no sum"`
}

// Saliency is a small picture of where in an image an answer comes from.
type Saliency struct {
	PNG    string `json:"png" doc:"a PNG file in base64: the image dimmed, the hotter the more a pixel counts" example:"iVBORw0KGgo="`
	Width  int    `json:"width" doc:"pixels of a line" example:"28"`
	Height int    `json:"height" doc:"lines" example:"28"`
}

// Span is a piece of the text.
type Span struct {
	Start  int     `json:"start" doc:"first code point" example:"12"`
	End    int     `json:"end" doc:"code point after the last" example:"16"`
	Text   string  `json:"text" doc:"the piece" example:"card"`
	Weight float64 `json:"weight" doc:"what it added to the margin" example:"0.58"`
}

// ColumnWeight is the part of one column.
type ColumnWeight struct {
	Column string  `json:"column" doc:"the column's name" example:"age"`
	Value  string  `json:"value" doc:"as it was sent; empty when it was missing" example:"41"`
	Weight float64 `json:"weight" doc:"what it added to the margin" example:"0.31"`
}

// ElementError is why one input was not scored.
type ElementError struct {
	Code   string `json:"code" doc:"what is wrong, stable" example:"text_empty"`
	Detail string `json:"detail" doc:"the same for a person" example:"the text is empty"`
}

// buffers keep request and answer bytes between requests.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// predict scores the inputs.
func predict(x *exchange) error { return x.predict(false) }

// explain is predict with the parameter explain set, whatever the body says.
func explain(x *exchange) error { return x.predict(true) }

// predict answers both. Nothing here uses reflection: a whole warm invocation
// has 150 us.
func (x *exchange) predict(explained bool) error {
	if err := x.pinned(); err != nil {
		return err
	}
	return buffered(func(buf []byte) ([]byte, error) {
		body, err := readBody(buf, x.r)
		if err != nil {
			return body, err
		}
		req, err := decodePredict(body)
		if err != nil {
			return body, err
		}
		req.Explain = req.Explain || explained
		out, err := x.predicted(req)
		if err != nil {
			return body, err
		}
		// The request is decoded into strings of its own: its buffer is free again.
		answer, err := appendResponse(body[:0], out)
		if err != nil {
			return body, err
		}
		return answer, x.send(200, answer)
	})
}

// pinned takes the version of the path, where the route has one, into the reference.
func (x *exchange) pinned() error {
	raw := x.r.PathValue("version")
	if raw == "" {
		return nil
	}
	n, err := registry.ParseVersion(raw)
	if err != nil {
		return fault.New(fault.NotFound, "")
	}
	x.ref.Version = n
	return nil
}

// predicted answers with the model that x.ref means: every prediction, whichever
// protocol asks for it, goes through here.
func (x *exchange) predicted(req serving.Request) (serving.Response, error) {
	out, err := x.score(x.ref, req)
	if err != nil {
		return out, err
	}
	if out.Stale != "" {
		// 110 is "response is stale" (RFC 7234 section 5.5.1).
		x.w.Header().Set("Warning", `110 - "`+out.Stale+`"`)
	}
	return out, nil
}

// buffered lends do an empty buffer, which it may grow and gives back; one that
// is not too large is kept for the next request.
func buffered(do func(buf []byte) ([]byte, error)) error {
	kept := buffers.Get().(*[]byte)
	defer buffers.Put(kept)
	buf, err := do((*kept)[:0])
	if buf != nil && cap(buf) <= maxBody {
		*kept = buf
	}
	return err
}
