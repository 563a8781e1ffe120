package pipeline

import (
	"fmt"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/calibrate"
)

// The tasks of models.
const (
	TextClassification  = "text-classification"
	TableClassification = "table-classification"
	TableRegression     = "table-regression"
	ImageClassification = "image-classification" // of package network
)

// Input is what a model answers for: a text model reads Text, a table model
// the cells by the name of their column, written as in the training file. A
// column that is not there is empty; a name of no column is passed over. An
// image model reads Pixels, which must be of its own shape (neural.Images).
type Input struct {
	Text   string
	Cells  map[string]string // by column
	Pixels []uint8           // 0 to 255, channel by channel and line by line
}

// Predictor is a fitted model of any kind. It does not change and is safe for
// concurrent use; every goroutine brings its own Scratch.
type Predictor interface {
	Manifest() Manifest
	Task() string      // TextClassification, TableClassification, TableRegression or ImageClassification
	Algorithm() string // LinearSVM, LogisticRegression, RidgeRegression, CNN or RNN
	Labels() []string  // in the order of scores; nil for a regression. Not to be changed
	Bytes() int64      // of memory
	// Columns returns the names of the columns a table model reads, in their
	// order in the training file; nil for a text model. Not to be changed.
	Columns() []string
	// Scores returns the calibrated probability of each class, which sum to 1,
	// or nil for a regression. The slice belongs to s and holds until its next
	// use. Once s is warm nothing is allocated.
	Scores(s *Scratch, in Input) []float32
	// Value returns the number a regression predicts, 0 from other models. Once
	// s is warm nothing is allocated.
	Value(s *Scratch, in Input) float64
	// Set appends to dst the classes that together hold the true one with a
	// probability of coverage, in (0, 1), the most probable first: all classes
	// when the model was calibrated on too few rows for it. scores are those of
	// Scores.
	Set(dst []int32, scores []float32, coverage float64) []int32
	// Interval returns the bounds around a number that Value predicted which hold
	// the true one with a probability of coverage. ok is false when the model has
	// none to tell: it is no regression, it was measured on fewer than
	// 1/(1-coverage) rows, or the coverage is not in (0, 1).
	Interval(value, coverage float64) (low, high float64, ok bool)
	// Explain returns how the margin of a class, or the number of a regression,
	// comes about. class must be a place in Labels and 0 for a regression.
	Explain(s *Scratch, in Input, class int) Explanation
	// TopFeatures returns, for each class in the order of Labels, the features
	// that speak most for and against it, at most perClass each; a regression
	// has one entry without a label. What fewer than MinTold training rows have
	// is left out, for it could name one of them.
	TopFeatures(perClass int) []ClassFeatures
	// With returns the same model with another calibration, which must pass
	// Check for its classes, and other prediction sets; the two share their
	// weights. A regression has neither and returns itself: it has WithSpread.
	With(c calibrate.Calibration, f calibrate.Conformal) Predictor
	// Encode returns the model as a file, see Model.Encode.
	Encode(extra map[string]string) ([]byte, error)
}

// Both kinds of model are Predictors, a Model by its Predictor method.
var (
	_ Predictor = textPredictor{}
	_ Predictor = (*TableModel)(nil)
)

// Open reads a model of any format and version of this package, from a file
// which it aliases: data must not change while the model lives. Everything is
// checked, as Decode does, and the errors are Decode's.
func Open(data []byte) (Predictor, error) {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: MaxFileBytes})
	if err != nil {
		return nil, fmt.Errorf("pipeline: open model: %w", err)
	}
	return PredictorOf(f, len(data))
}

// PredictorOf is Open for a file of so many bytes that is decoded already, which
// a model's file should be once: of a small model the header is most of the work.
func PredictorOf(f *artifact.File, size int) (Predictor, error) {
	if f.Metadata[keyFormat] == formatTable {
		m, err := tableModelOf(f, size)
		if err != nil {
			return nil, err // not m: a nil model in an interface is not nil
		}
		return m, nil
	}
	m, err := modelOf(f, size)
	if err != nil {
		return nil, err
	}
	return m.Predictor(), nil
}

// Predictor returns the model in the form all kinds of models have.
func (m *Model) Predictor() Predictor { return textPredictor{m} }

// textPredictor is a Model that takes an Input where the Model takes a text. What
// only other kinds of models have it answers as Predictor says of a text model.
type textPredictor struct{ *Model }

func (p textPredictor) Columns() []string                     { return nil }
func (p textPredictor) Scores(s *Scratch, in Input) []float32 { return p.Model.Scores(s, in.Text) }
func (p textPredictor) Value(*Scratch, Input) float64         { return 0 }
func (p textPredictor) Interval(float64, float64) (low, high float64, ok bool) {
	return 0, 0, false
}
func (p textPredictor) Explain(s *Scratch, in Input, class int) Explanation {
	return p.Model.Explain(s, in.Text, class)
}

func (p textPredictor) With(c calibrate.Calibration, f calibrate.Conformal) Predictor {
	return p.Model.With(c, f).Predictor()
}

// With returns the same model with another calibration and other prediction
// sets; the two share their weights.
func (m *Model) With(c calibrate.Calibration, f calibrate.Conformal) *Model {
	other := *m
	other.calibration, other.conformal = c, f
	return &other
}

// Set appends to dst a prediction set, as Predictor says.
func (m *Model) Set(dst []int32, scores []float32, coverage float64) []int32 {
	return m.conformal.Set(dst, scores, coverage)
}
