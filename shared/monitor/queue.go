package monitor

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/registry"
)

// Entry is an example of the review queue: an answer that was judged by somebody
// who sent the input or a comment along.
type Entry struct {
	Prediction  string    `json:"prediction"`           // its id
	Index       int       `json:"index"`                // of the answer in the prediction, from 0
	Version     int       `json:"version"`              // that answered
	PredictedAt time.Time `json:"predicted_at"`         // UTC
	Regression  bool      `json:"regression,omitempty"` // then Value and Actual count, else Predicted, Score and Label
	Predicted   string    `json:"predicted,omitempty"`  // the label that was answered
	Score       float64   `json:"score,omitempty"`      // of Predicted, 0 to 1
	Value       float64   `json:"value,omitempty"`      // that was answered
	Label       string    `json:"label,omitempty"`      // the true one
	Actual      float64   `json:"actual,omitempty"`     // the true value
	Correct     bool      `json:"correct,omitempty"`    // the answer was right
	NewLabel    bool      `json:"new_label,omitempty"`  // the version does not have Label
	Comment     string    `json:"comment,omitempty"`    // of whoever judged, at most MaxComment
	Object      string    `json:"object,omitempty"`     // that holds the input, in the uploads bucket
	By          string    `json:"by"`                   // key id
	At          time.Time `json:"at"`                   // when it was judged

	Input json.RawMessage `json:"-"` // a text or an object of columns; nil when none was sent, or it is gone

	key registry.Key // of its record
}

// entry is what the queue says of a judgement.
func (j *Judgement) entry(as judged, v verdict) Entry {
	return Entry{
		Prediction: j.Prediction, Index: j.Index, Version: j.Version, PredictedAt: j.At.UTC(), Regression: v.regression,
		Predicted: j.Predicted, Score: j.Score, Value: j.Value, Label: as.Label, Actual: as.Actual,
		Correct: v.correct(), NewLabel: v.isNew(), Comment: as.Comment, Object: as.Object, By: as.By, At: as.At,
	}
}

// example is the one line of an example's object. The label is not in it: it may
// be corrected, and stands in the entry alone.
type example struct {
	Input      json.RawMessage `json:"input"`
	Model      registry.Name   `json:"model"`
	Version    int             `json:"version"`
	Prediction string          `json:"prediction"`
	Index      int             `json:"index"`
	At         time.Time       `json:"predicted_at"`
}

// maxExample is the greatest object that is read, in bytes.
const maxExample = 2 << 20

// putExample stores what was asked and returns its key, which names the content:
// the same example is the same object, and another one never takes its place.
func (s *Service) putExample(ctx context.Context, t registry.Tenant, j *Judgement) (string, error) {
	line, err := json.Marshal(example{j.Input, j.Model, j.Version, j.Prediction, j.Index, j.At.UTC()})
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "the input is not JSON")
	}
	line = append(line, '\n')
	key := fmt.Sprintf("feedback/%s/%s/%s/%s-%03d-%s.jsonl", t, j.Model, j.At.UTC().Format(time.DateOnly), j.hash(), j.Index, blob.DigestOf(line).Hex()[:16])
	_, err = s.Uploads.Put(ctx, key, bytes.NewReader(line), int64(len(line)), blob.PutOptions{ContentType: "application/x-ndjson", IfAbsent: true})
	if fault.Is(err, fault.PreconditionFailed) {
		err = nil // sent before
	}
	return key, err
}

// fetch reads the inputs of entries. One that is gone leaves its entry without.
func (s *Service) fetch(ctx context.Context, entries []Entry) error {
	return each(ctx, len(entries), func(ctx context.Context, i int) error {
		e := &entries[i]
		if e.Object == "" {
			return nil
		}
		line, err := blob.ReadAll(ctx, s.Uploads, e.Object, maxExample)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		var found example
		if err := json.Unmarshal(line, &found); err != nil {
			return fault.Wrap(fault.Internal, err, "a stored example cannot be read")
		}
		e.Input = found.Input
		return nil
	})
}

// Queue returns a page of a model's review queue: wrong answers first, the surest
// of them first, then right ones, the least sure first. p.Limit is 1 to 200.
// fault.Malformed when p.After is not the Next of a page.
func (s *Service) Queue(ctx context.Context, t registry.Tenant, model registry.Name, p registry.PageRequest) (registry.Page[Entry], error) {
	// No key of the queue is longer; the store would take such a cursor for a
	// mistake of ours.
	if len(p.After) > 300 || !utf8.ValidString(p.After) {
		return registry.Page[Entry]{}, fault.New(fault.Malformed, "page_token is not one this list gave out").WithReason("bad_page_token")
	}
	page, err := s.entries(ctx, t, model, p)
	if err != nil {
		return page, err
	}
	return page, s.fetch(ctx, page.Items)
}

// entries returns a page of entries without their inputs.
func (s *Service) entries(ctx context.Context, t registry.Tenant, model registry.Name, p registry.PageRequest) (registry.Page[Entry], error) {
	page := registry.Page[Entry]{Items: []Entry{}}
	found, more, err := s.Store.Query(ctx, registry.Query{Partition: registry.ReviewPartition(t, model), After: p.After, Limit: p.Limit})
	if err != nil {
		return page, err
	}
	for _, rec := range found {
		var e Entry
		if err := decode(rec, &e); err != nil {
			return page, err
		}
		e.key = rec.Key
		page.Items = append(page.Items, e)
		if more {
			page.Next = rec.Key.Sort
		}
	}
	return page, nil
}

// Example is an input with its true label, to train on.
type Example struct {
	Input json.RawMessage // a text or an object of columns
	Label string          // the true one
	ID    string          // of the prediction and its answer
}

// Examples returns the examples of a model that feedback carried, at most limit
// (above 0) and the most urgent of more, by the time of their predictions.
// Regressions have none.
func (s *Service) Examples(ctx context.Context, t registry.Tenant, model registry.Name, limit int) ([]Example, error) {
	var entries []Entry
	for p := (registry.PageRequest{Limit: registry.MaxQuery}); ; {
		page, err := s.entries(ctx, t, model, p)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Items {
			if e.Object != "" && !e.Regression && len(entries) < limit {
				entries = append(entries, e)
			}
		}
		if p.After = page.Next; p.After == "" || len(entries) == limit {
			break
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(a.PredictedAt.Compare(b.PredictedAt), strings.Compare(a.Prediction, b.Prediction), cmp.Compare(a.Index, b.Index))
	})
	if err := s.fetch(ctx, entries); err != nil {
		return nil, err
	}
	var out []Example
	for _, e := range entries {
		if e.Input != nil {
			out = append(out, Example{Input: e.Input, Label: e.Label, ID: fmt.Sprintf("%s/%d", e.Prediction, e.Index)})
		}
	}
	return out, nil
}
