package api

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"godwit/shared/fault"
	"godwit/shared/ml/doctor"
	"godwit/shared/monitor"
	"godwit/shared/registry"
)

// reviewFilters document what reviewQueue reads.
func reviewFilters() []Filter {
	return []Filter{{Name: "source", Doc: "only those of feedback, or only label errors", Enum: reviewSources}}
}

// The queue's cursors are one of these, a space and what follows.
const (
	afterFeedback = "f" // the place in the feedback
	afterLabels   = "l" // the data set, a space and how many of its label errors were shown
)

// reviewQueue answers with a page of the examples of feedback and, behind them,
// of the label errors of the newest training data, so that there is something to
// do from the first day on.
func reviewQueue(x *exchange) error {
	source, err := x.choice("source", reviewSources)
	if err != nil {
		return err
	}
	p, err := x.page()
	if err != nil {
		return err
	}
	if _, err := x.Registry.Model(x.r.Context(), x.tenant(), x.ref.Model); err != nil {
		return err
	}
	var page registry.Page[ReviewItem]
	kind, after, _ := strings.Cut(cmp.Or(p.After, afterFeedback), " ")
	if kind == afterFeedback && source != reviewSources[1] {
		if page, err = x.judgedItems(registry.PageRequest{Limit: p.Limit, After: after}); err != nil {
			return err
		}
		after = ""
	}
	if page.Next == "" && source != reviewSources[0] {
		if err := x.labelErrors(&page, after, p.Limit); err != nil {
			return err
		}
	}
	return list(x, page, func(r ReviewItem) ReviewItem { return r })
}

// judgedItems returns a page of what feedback brought.
func (x *exchange) judgedItems(p registry.PageRequest) (registry.Page[ReviewItem], error) {
	var out registry.Page[ReviewItem]
	page, err := x.Monitor.Queue(x.r.Context(), x.tenant(), x.ref.Model, p)
	if err != nil {
		return out, err
	}
	for _, e := range page.Items {
		out.Items = append(out.Items, reviewItemOf(e))
	}
	if page.Next != "" {
		out.Next = afterFeedback + " " + page.Next
	}
	return out, nil
}

// labelErrors fills the page with probable label errors, from the place that
// after names: of the newest version's data at the beginning, of the same data
// set on later pages.
func (x *exchange) labelErrors(page *registry.Page[ReviewItem], after string, limit int) error {
	id, shown, _ := strings.Cut(after, " ")
	from, _ := strconv.Atoi(shown) // the token is signed: a number or nothing
	if id == "" {
		newest, err := x.Registry.Versions(x.r.Context(), x.tenant(), x.ref.Model, registry.PageRequest{Limit: 1})
		if err != nil || len(newest.Items) == 0 {
			return err
		}
		id = newest.Items[0].Lineage.Dataset
	}
	d, err := x.Registry.Dataset(x.r.Context(), x.tenant(), id)
	if err == nil && d.IssuesKey != "" {
		var stored storedIssues
		if stored, err = readIssues(x.r.Context(), x.Models, d.IssuesKey); err == nil {
			found := slices.DeleteFunc(stored.Items, func(i Issue) bool { return i.Code != doctor.ProbableLabelError })
			from = min(from, len(found))
			to := min(from+limit-len(page.Items), len(found))
			for _, i := range found[from:to] {
				page.Items = append(page.Items, ReviewItem{
					Source: reviewSources[1], Dataset: d.ID, Line: i.Line, Record: i.Record, Column: i.Column, Excerpt: i.Excerpt, Message: i.Message, Fix: i.Fix,
				})
			}
			if to < len(found) {
				page.Next = afterLabels + " " + d.ID + " " + strconv.Itoa(to)
			}
		}
	}
	if fault.Is(err, fault.NotFound) {
		return nil // the data set or its findings are gone
	}
	return err
}

// reviewItemOf is the wire form of an entry of the queue.
func reviewItemOf(e monitor.Entry) ReviewItem {
	out := ReviewItem{
		Source: reviewSources[0], Prediction: e.Prediction, Index: &e.Index, Version: e.Version, PredictedAt: moment(e.PredictedAt),
		Input: e.Input, Comment: e.Comment, JudgedAt: moment(e.At), JudgedBy: e.By,
	}
	if e.Regression {
		out.Value, out.Actual = &e.Value, &e.Actual
		return out
	}
	out.Predicted, out.Score, out.Label, out.Correct, out.NewLabel = e.Predicted, &e.Score, e.Label, &e.Correct, e.NewLabel
	return out
}
