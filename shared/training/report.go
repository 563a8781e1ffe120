package training

import (
	"encoding/json"
	"fmt"

	"godwit/shared/blob"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tune"
	"godwit/shared/registry"
)

// Report is the file with everything the evaluation found, kept beside the version.
type Report struct {
	Model      registry.Name     `json:"model"`
	Job        string            `json:"job"`
	Task       registry.Task     `json:"task"`
	TaskReason string            `json:"task_reason,omitempty"` // when it was found out
	Algorithm  string            `json:"algorithm"`
	Settings   Settings          `json:"settings"`
	Chosen     tune.Candidate    `json:"chosen"`
	Pruning    *pipeline.Pruning `json:"pruning,omitempty"`  // how far small weights were left out, of texts
	Warnings   []string          `json:"warnings,omitempty"` // what about the model its owner should know
	Rows       Rows              `json:"rows"`
	Classes    map[string]int    `json:"classes"` // rows per label
	Split      string            `json:"split"`
	Issues     map[string]int    `json:"issues"`
	Metric     string            `json:"metric"` // of Search
	Search     []Searched        `json:"search"` // every candidate, in the order tried
	// Folding is how its folds came about: "stratified", or "forward", each judged
	// on rows newer than all it learned from.
	Folding     string                   `json:"folding"`
	Work        float64                  `json:"work"`                  // units the search took, see Search.Budget
	Distributed *Distributed             `json:"distributed,omitempty"` // when fits were divided, by classes or by rows
	Calibration Calibration              `json:"calibration,omitzero"`
	Courses     []Course                 `json:"courses,omitempty"`  // of networks: how the trainings of the search went
	Rounding    *Rounding                `json:"rounding,omitempty"` // of a network whose weights are stored in fewer bytes
	Test        *Evaluation              `json:"test,omitempty"`     // on held-out rows; absent when none could be held out
	Versus      *Comparison              `json:"versus,omitempty"`
	TopFeatures []pipeline.ClassFeatures `json:"top_features"` // of the served model
	Artifact    blob.Digest              `json:"artifact"`
	Sizes       map[string]int64         `json:"sizes"`
}

// Searched is a line of the search table: figures as people read them, an rmse
// being better when it is less.
type Searched struct {
	tune.Candidate
	Value     float64   `json:"value"` // of all held rows together: what decides
	Mean      float64   `json:"mean"`  // of the folds
	Deviation float64   `json:"deviation"`
	Folds     []float64 `json:"folds"`
	Terms     int64     `json:"terms"`
	Share     float64   `json:"share"` // of the training rows it learned from
}

// Calibration tells what the probabilities and prediction sets, or of a
// regression the prediction intervals, rest on.
type Calibration struct {
	Method string `json:"method,omitempty"` // temperature or isotonic; none of a regression
	// Approximate says that the served model saw more rows than the out-of-fold
	// ones, so that a coverage holds about, not exactly.
	Approximate bool `json:"approximate"`
}

// topFeatures is how many features of either sign a class shows.
const topFeatures = 10

func newReport(job Job, p *plan, draft registry.Version, made result) Report {
	served := made.served
	report := Report{
		Model: job.Model, Job: job.ID, Task: p.Settings.Task, TaskReason: p.Reason, Algorithm: draft.Algorithm,
		Settings: p.Settings, Chosen: p.Best.Candidate, Pruning: p.Best.Pruning, Rows: p.Rows, Split: p.Split, Issues: p.Issues,
		Metric: p.Settings.Metric, Folding: "stratified", Work: p.Spent, TopFeatures: served.TopFeatures(topFeatures), Artifact: draft.Artifact.Digest,
		Classes: map[string]int{}, Sizes: map[string]int64{"artifact": draft.Artifact.Size, "evaluation": draft.Evaluation.Size},
	}
	if p.Forward {
		report.Folding = "forward"
	}
	if made.warning != "" {
		report.Warnings = []string{made.warning}
	}
	for i, l := range p.Labels {
		report.Classes[l] = p.Counts[i]
	}
	report.Calibration = Calibration{Method: served.Manifest().Calibration, Approximate: true}
	for _, sc := range p.Scores {
		line := Searched{
			Candidate: sc.Candidate, Value: shown(sc.Value), Mean: shown(sc.Mean), Deviation: sc.Deviation, Terms: sc.Terms, Share: sc.Share,
		}
		for _, f := range sc.Folds {
			line.Folds = append(line.Folds, shown(f))
		}
		report.Search = append(report.Search, line)
	}
	return report
}

// field is one input or output of a signature.
type field struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"` // string, number, image; of a column number, category, date or text
	Minimum *float64 `json:"minimum,omitempty"`
	Maximum *float64 `json:"maximum,omitempty"`
	Shape   []int    `json:"shape,omitempty"` // of an image as the model reads it: lines, pixels of each, channels
}

// signature says what a model takes and answers.
func signature(m pipeline.Predictor) (json.RawMessage, error) {
	var sig struct {
		Inputs  []field `json:"inputs"`
		Outputs []field `json:"outputs"`
	}
	table, _ := m.(*pipeline.TableModel)
	for _, c := range m.Columns() {
		f := field{Name: c, Type: "string"} // of an imported graph, which says no more
		if table != nil {
			f.Type = table.ColumnType(c)
		}
		sig.Inputs = append(sig.Inputs, f)
	}
	if shape, images := shapeOf(m); images {
		sig.Inputs = []field{{Name: "image", Type: "image", Shape: []int{shape.Height, shape.Width, shape.Channels}}}
	}
	if sig.Inputs == nil {
		sig.Inputs = []field{{Name: "text", Type: "string"}}
	}
	if m.Labels() == nil {
		sig.Outputs = []field{{Name: "value", Type: "number"}}
	} else {
		zero, one := 0., 1.
		sig.Outputs = []field{{Name: "label", Type: "string"}, {Name: "score", Type: "number", Minimum: &zero, Maximum: &one}}
	}
	data, err := json.Marshal(sig)
	if err != nil {
		return nil, fmt.Errorf("encode signature: %w", err)
	}
	return data, nil
}
