package foreign

import (
	"context"
	"math"

	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/pipeline"
)

var _ pipeline.Predictor = (*Model)(nil)

// Note is what a version of an imported graph tells its owner.
const Note = "imported: scores are those of the graph, nothing is calibrated, and no row was held out to measure it on"

// Manifest describes the model.
func (m *Model) Manifest() pipeline.Manifest {
	return pipeline.Manifest{
		Format: Format, FormatVersion: FormatVersion, Task: m.task, Algorithm: Algorithm,
		Labels: m.labels, Columns: m.Columns(), Calibration: "none", Note: Note, Extra: m.extra,
	}
}

// Task returns what the graph does.
func (m *Model) Task() string { return m.task }

// Algorithm returns the constant Algorithm.
func (m *Model) Algorithm() string { return Algorithm }

// Labels returns the classes in the order of scores, nil for a regression. The
// slice is the model's and must not be changed.
func (m *Model) Labels() []string { return m.labels }

// Columns returns the names of the columns, nil when the graph reads a text. The
// slice is the model's and must not be changed.
func (m *Model) Columns() []string {
	if m.task == pipeline.TextClassification {
		return nil
	}
	return m.columns
}

// Wholes returns the inputs of several numbers, whose names are taken as columns
// that hold a JSON list, beside Columns.
func (m *Model) Wholes() []string {
	var names []string
	for i := range m.inputs {
		if m.inputs[i].size > 1 {
			names = append(names, m.inputs[i].port.Name)
		}
	}
	return names
}

// Bytes returns about the memory held: the graph's file, its tensors and what
// its operators keep.
func (m *Model) Bytes() int64 {
	n := int64(len(m.graph)) + m.settled
	if m.program != nil {
		n += m.program.Bytes()
	}
	return n
}

// Scores returns the graph's scores of a row, nil for a regression. Where Ask
// fails they are not numbers.
func (m *Model) Scores(_ *pipeline.Scratch, in pipeline.Input) []float32 {
	if m.labels == nil {
		return nil
	}
	a, err := m.Ask(context.Background(), in)
	if err == nil {
		return a.Scores
	}
	none := make([]float32, len(m.labels))
	for k := range none {
		none[k] = float32(math.NaN())
	}
	return none
}

// Value returns the number a regression answers, not a number where Ask fails,
// and 0 from a classifier.
func (m *Model) Value(_ *pipeline.Scratch, in pipeline.Input) float64 {
	if m.labels != nil {
		return 0
	}
	a, err := m.Ask(context.Background(), in)
	if err != nil {
		return math.NaN()
	}
	return a.Value
}

// Set appends every class, the one of the highest score first: on how many rows
// the scores are right is not known.
func (m *Model) Set(dst []int32, scores []float32, coverage float64) []int32 {
	return calibrate.Conformal{}.Set(dst, scores, coverage)
}

// Interval has none to tell.
func (m *Model) Interval(float64, float64) (low, high float64, ok bool) { return 0, 0, false }

// TopFeatures has none to tell: what a graph goes by shows only row by row.
func (m *Model) TopFeatures(int) []pipeline.ClassFeatures { return nil }

// With returns the model itself: it is not calibrated here.
func (m *Model) With(calibrate.Calibration, calibrate.Conformal) pipeline.Predictor { return m }
