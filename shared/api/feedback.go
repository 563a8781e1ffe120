package api

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"godwit/shared/access"
	"godwit/shared/fault"
	"godwit/shared/monitor"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// maintenanceRoutes tell models what was right, and people how models do.
func maintenanceRoutes() []Route {
	const model = "/v1/models/{name}"
	return []Route{
		{Method: "POST", Pattern: "/v1/feedback", Function: RegistryFunction, Late: true, Scope: access.Feedback, Summary: "Say what was right about answers, by the ids of their predictions; one answer counts once", Noun: "prediction",
			Request: NewFeedback{}, Many: serving.MaxInputs, Response: FeedbackAnswer{}, Status: 200, Failures: []fault.Code{fault.Conflict}, serve: giveFeedback},
		{Method: "GET", Pattern: model + "/monitor", Function: RegistryFunction, Scope: access.Read, Summary: "How the model's versions do at work: traffic, live accuracy, drift", Noun: "model or version",
			Response: Monitor{}, Status: 200, Options: monitorOptions(), serve: getMonitor},
		// The queue shows what people wrote: reading the model is not enough.
		{Method: "GET", Pattern: model + "/review-queue", Function: RegistryFunction, Scope: access.Train, Summary: "Examples a person should look at, the most urgent first", Noun: "model",
			Response: Page[ReviewItem]{}, Status: 200, Query: reviewFilters(), serve: reviewQueue},
	}
}

// giveFeedback records one judgement or an array of them: all that are sent or,
// when one of them cannot be meant, none.
func giveFeedback(x *exchange) error {
	body, err := readBody(nil, x.r)
	if err != nil {
		return err
	}
	given, places, err := decodeFeedback(body)
	if err != nil {
		return err
	}
	f := feedback{exchange: x, opened: map[string]serving.Prediction{}, versions: map[registry.Reference]registry.Version{}}
	if err := f.open(given, places); err != nil {
		return err
	}
	js := make([]monitor.Judgement, len(given))
	first := map[string]int{}
	for i, g := range given {
		answer := fmt.Sprintf("%s %d", g.Prediction, g.Index)
		if _, twice := first[answer]; twice {
			return invalid(places[i]+"/index", fmt.Sprintf("the same answer is judged at %d already", first[answer]))
		}
		first[answer] = i
		if js[i], err = f.judgement(g, places[i]); err != nil {
			return err
		}
	}
	out, err := x.Monitor.Record(x.r.Context(), x.tenant(), js)
	if err != nil {
		return err
	}
	return x.json(200, feedbackAnswer(js, out))
}

// decodeFeedback reads one judgement or an array; places are their JSON pointers.
func decodeFeedback(body []byte) (given []NewFeedback, places []string, err error) {
	if s := newScanner(body); s.Kind() != '[' {
		given = make([]NewFeedback, 1)
		return given, []string{""}, decode(body, &given[0])
	}
	if err := decode(body, &given); err != nil {
		return nil, nil, err
	}
	if len(given) == 0 {
		return nil, nil, fault.New(fault.Invalid, "send at least one judgement").WithReason("invalid_field")
	}
	if len(given) > serving.MaxInputs {
		return nil, nil, fault.New(fault.TooLarge, "%d judgements in one request, the limit is %d: send several requests", len(given), serving.MaxInputs)
	}
	for i := range given {
		places = append(places, "/"+strconv.Itoa(i))
	}
	return given, places, nil
}

// feedback reads what the judgements of one request are about.
type feedback struct {
	*exchange
	opened   map[string]serving.Prediction
	versions map[registry.Reference]registry.Version
}

// open opens every prediction id and then decides the scope on each model: an
// id that is foreign, changed or made up is refused like any other text.
func (f *feedback) open(given []NewFeedback, places []string) error {
	var models []registry.Name
	for i, g := range given {
		if _, done := f.opened[g.Prediction]; done {
			continue
		}
		p, err := f.Secret.Prediction(f.r.Context(), f.tenant(), g.Prediction)
		if fault.Is(err, fault.NotFound) {
			place := places[i] + "/prediction"
			const text = "this is not the id of a prediction; send it as it was answered"
			return fault.New(fault.Malformed, "%s: %s", place, text).WithReason("bad_token").WithDetails(fault.Detail{Pointer: place, Text: text})
		}
		if err != nil {
			return err
		}
		f.opened[g.Prediction] = p
		models = append(models, p.Model)
	}
	for _, m := range models {
		if err := f.allow(access.Feedback, m); err != nil {
			return err
		}
	}
	return nil
}

// judgement checks one judgement and joins it with what its prediction answered.
func (f *feedback) judgement(g NewFeedback, place string) (monitor.Judgement, error) {
	p := f.opened[g.Prediction]
	j := monitor.Judgement{
		Prediction: g.Prediction, Index: g.Index, Model: p.Model, Version: p.Version, At: p.At,
		Label: g.Label, Comment: g.Comment, Input: g.Input, By: f.caller.KeyID,
	}
	if f.Now().Sub(p.At) > monitor.Window {
		return j, invalid(place+"/prediction", "the prediction is more than 90 days old: it takes feedback no longer")
	}
	if g.Index < 0 || g.Index >= len(p.Answers) {
		return j, invalid(place+"/index", fmt.Sprintf("the prediction has %d results, from 0", len(p.Answers)))
	}
	a := p.Answers[g.Index]
	j.Predicted, j.Score, j.Value = a.Label, a.Score, a.Value
	if a.Label == "" && !p.Regression || math.IsNaN(a.Value) {
		return j, invalid(place+"/index", "this input could not be scored: there is no answer to judge")
	}
	if !isPlain(g.Comment, monitor.MaxComment, true) {
		return j, invalid(place+"/comment", fmt.Sprintf("at most %d characters, without control characters", monitor.MaxComment))
	}
	if err := checkExample(g, place+"/input"); err != nil {
		return j, err
	}
	v, err := f.answered(f.r.Context(), p)
	if err != nil {
		return j, err
	}
	if p.Regression {
		return j, truthOfNumber(g, &j, place)
	}
	j.Labels = v.Labels
	return j, truthOfLabel(g, &j, place)
}

// truthOfNumber reads the true number of a regression.
func truthOfNumber(g NewFeedback, j *monitor.Judgement, place string) error {
	switch {
	case g.Label != "":
		return invalid(place+"/label", "this model answers with a number: send the true one as value")
	case g.Value == nil:
		return invalid(place+"/value", "the true number is missing")
	case math.Abs(*g.Value) > monitor.MaxValue:
		return invalid(place+"/value", "a number from -1e30 to 1e30")
	}
	j.Actual = *g.Value
	return nil
}

// truthOfLabel checks the true label of a classification.
func truthOfLabel(g NewFeedback, j *monitor.Judgement, place string) error {
	if g.Value != nil {
		return invalid(place+"/value", "this model answers with a label: send the true one as label")
	}
	if err := j.Check(); err != nil {
		e := understood(err)
		return invalid(place+"/label", e.Msg).WithReason(e.Reason)
	}
	if g.Label == "" || g.Label != strings.TrimSpace(g.Label) || len(g.Label) > monitor.MaxLabel || !isPlain(g.Label, monitor.MaxLabel, false) {
		return invalid(place+"/label", fmt.Sprintf("the true label, 1 to %d bytes without control characters or white space around it", monitor.MaxLabel))
	}
	return nil
}

// checkExample checks an input that is sent to be kept, as predict does.
func checkExample(g NewFeedback, place string) error {
	if g.Input == nil {
		return nil
	}
	s := newScanner(g.Input)
	in, err := s.input()
	if err != nil {
		return err
	}
	if in.Bad != nil {
		return invalid(place, in.Bad.Msg)
	}
	if in.Columns == nil && strings.TrimSpace(in.Text) == "" {
		return invalid(place, "the text is empty")
	}
	longest := len(in.Text)
	for _, cell := range in.Columns {
		longest = max(longest, len(cell))
	}
	if longest > serving.MaxText {
		return fault.New(fault.TooLarge, "%s: a text has at most %d bytes", place, serving.MaxText)
	}
	return nil
}

// answered reads the version that answered.
func (f *feedback) answered(ctx context.Context, p serving.Prediction) (registry.Version, error) {
	ref := registry.Reference{Model: p.Model, Version: p.Version}
	if v, done := f.versions[ref]; done {
		return v, nil
	}
	v, err := f.Registry.Version(ctx, f.tenant(), p.Model, p.Version)
	if fault.Is(err, fault.NotFound) {
		return v, fault.Wrap(fault.Conflict, err, "version %d of the model %s was deleted: it takes feedback no longer", p.Version, p.Model).WithReason("version_deleted")
	}
	if err == nil {
		f.versions[ref] = v
	}
	return v, err
}

// feedbackAnswer is the wire form of what judgements came to.
func feedbackAnswer(js []monitor.Judgement, out []monitor.Outcome) FeedbackAnswer {
	answer := FeedbackAnswer{Items: make([]FeedbackItem, len(js))}
	for i, o := range out {
		j := &js[i]
		item := FeedbackItem{Prediction: j.Prediction, Index: j.Index, Model: string(j.Model), Version: j.Version, Status: string(o.Status), NewLabel: o.NewLabel}
		if j.Labels == nil {
			item.Deviation = &o.Deviation
		} else {
			item.Correct = &o.Correct
		}
		answer.Items[i] = item
		switch o.Status {
		case monitor.Recorded:
			answer.Recorded++
		case monitor.Corrected:
			answer.Corrected++
		case monitor.Repeated:
			answer.Repeated++
		}
	}
	return answer
}
