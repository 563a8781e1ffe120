package training

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"

	"godwit/shared/fault"
	"godwit/shared/ml/dataset"
	"godwit/shared/registry"
)

// Judged is an input of a prediction with the label that feedback said is true.
type Judged struct {
	Input json.RawMessage // a text, or an object of columns
	Label string
}

// Judgements returns at most limit inputs of a model that were judged, in an
// order that stays. Its errors are those of a step.
type Judgements func(ctx context.Context, t registry.Tenant, model registry.Name, limit int) ([]Judged, error)

// maxJudged is how many judged inputs a job takes: each is an object of its own.
const maxJudged = 10_000

// minPerClass is how many rows make a class, in a file and here.
const minPerClass = 2

// addFeedback adds what was judged of the model's answers to the rows of the
// file, when the settings ask for it.
func (s *Steps) addFeedback(ctx context.Context, job Job, in *input, settings Settings) error {
	if !settings.IncludeFeedback || s.Judgements == nil {
		return nil
	}
	if in.table != nil {
		return s.refuse(ctx, job, fault.New(fault.Invalid, "include_feedback: only feedback on models of texts can be trained on"), nil)
	}
	judged, err := s.Judgements(ctx, job.Tenant, job.Model, maxJudged)
	if err != nil {
		return err
	}
	added := addJudged(in.set, judged)
	s.event(ctx, job, Event{Phase: "prepare", Progress: .015, Message: fmt.Sprintf("added %d rows of feedback", added),
		Values: map[string]float64{"feedback": float64(added), "feedback_left_out": float64(len(judged) - added)}})
	return nil
}

// addJudged adds judged texts to a set and returns how many. Left out are texts
// the file holds (it may have been corrected since, so it counts), repeated
// ones, and labels that would be a class of one row. Added rows have no line;
// where the file marks the rows to hold out they are trained on, else they are
// held out by their hashes like others. The digest covers them.
func addJudged(set *dataset.Set, judged []Judged) int {
	seen, rows := make(map[uint64]bool, len(set.Rows)), map[string]int{}
	for _, row := range set.Rows {
		seen[dataset.GroupKey(dataset.Row{Text: row.Text})] = true
	}
	for i, label := range set.Labels {
		rows[label] = set.Counts[i]
	}
	var found []dataset.Row
	for _, j := range judged {
		row := dataset.Row{Text: textOf(j.Input), Label: j.Label, Weight: 1}
		if key := dataset.GroupKey(row); row.Text != "" && row.Label != "" && !seen[key] {
			seen[key] = true
			found = append(found, row)
			rows[row.Label]++
		}
	}
	found = slices.DeleteFunc(found, func(r dataset.Row) bool { return rows[r.Label] < minPerClass })
	if len(found) == 0 {
		return 0
	}
	digest := sha256.New()
	io.WriteString(digest, set.SHA256)
	for i := range found {
		r := &found[i]
		set.Records++
		r.Record = set.Records
		at, known := slices.BinarySearch(set.Labels, r.Label)
		if !known {
			set.Labels, set.Counts = slices.Insert(set.Labels, at, r.Label), slices.Insert(set.Counts, at, 0)
		}
		set.Counts[at]++
		io.WriteString(digest, "\n"+strconv.Quote(r.Text)+strconv.Quote(r.Label))
	}
	set.Rows = append(set.Rows, found...)
	set.SHA256 = hex.EncodeToString(digest.Sum(nil))
	return len(found)
}

// textOf returns the text of an input, "" when it is none.
func textOf(input json.RawMessage) string {
	var text string
	var row struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(input, &text) != nil && json.Unmarshal(input, &row) != nil {
		return ""
	}
	return cmp.Or(text, row.Text)
}
