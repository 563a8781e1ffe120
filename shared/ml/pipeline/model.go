package pipeline

import (
	"cmp"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/tabular"
	"godwit/shared/ml/text"
)

// Model is a fitted text classifier. It does not change and is safe for
// concurrent use; every goroutine brings its own Scratch.
type Model struct {
	labels      []string
	settings    Settings
	calibration calibrate.Calibration
	conformal   calibrate.Conformal
	documents   int               // it was fitted on; 0 in files that do not say
	extra       map[string]string // additions to the manifest of a decoded model
	tokenizer   int               // versions at the time of the fit: a file keeps them when it is written anew
	unicode     string

	vocabulary *text.Vocabulary
	lists
	weight []uint16  // half precision, at the places of lists
	bias   []float32 // by problem
}

// Scratch holds what one prediction needs, for reuse. The zero Scratch is
// ready; it must not be used by two goroutines at a time.
type Scratch struct {
	text    text.Scratch
	table   tabular.Scratch
	sum     []float32 // of texts: by problem, at least (classList.room)
	exact   []float64 // of tables: by problem
	margins []float32 // by class
	scores  []float32 // by class

	// Of explanations.
	shares  []float64 // by feature that was found: what it adds to the margin
	times   []int     // by feature that was found: how often it occurs
	runes   []rune    // of the document
	weights []float64 // by code point: its part of the shares

	// Kept is what a model of another room keeps from one prediction to the
	// next; that room alone reads it, and what it does not know it replaces.
	Kept any
}

// Labels returns the classes in the order of margins and scores. The slice is
// the model's and must not be changed.
func (m *Model) Labels() []string { return m.labels }

// Task returns what the model does, the constant TextClassification.
func (m *Model) Task() string { return TextClassification }

// Algorithm returns how it was learnt: LinearSVM or LogisticRegression.
func (m *Model) Algorithm() string { return algorithms[m.settings.Learner] }

// Settings returns what the model was fitted with, defaults filled in.
func (m *Model) Settings() Settings { return m.settings }

// Temperature returns the temperature of the calibration.
func (m *Model) Temperature() float64 { return temperature(m.calibration) }

// temperature is the T of a calibration, whose zero means 1.
func temperature(c calibrate.Calibration) float64 { return cmp.Or(c.T, 1) }

// Features returns how many features carry weights.
func (m *Model) Features() int { return m.vocabulary.Len() }

// Weights returns how many weights there are.
func (m *Model) Weights() int { return len(m.weight) }

// Bytes returns the memory the model holds. A decoded model includes the file
// it aliases.
func (m *Model) Bytes() int64 {
	return m.vocabulary.Bytes() + m.lists.bytes() + int64(len(m.weight))*2 + int64(len(m.bias))*4
}

// Margins returns the signed distances of a document from the boundary of each
// class, in units of the margin; the largest is the answer. Of two classes
// they are -m and m. The slice belongs to s and holds until its next use. Once
// s is warm nothing is allocated.
func (m *Model) Margins(s *Scratch, doc string) []float32 {
	index, value := m.vocabulary.Features(&s.text, doc)
	s.sum = resize(s.sum, m.class.room())
	clear(s.sum)
	m.class.add(s.sum, m.start, m.weight, index, value)
	s.margins = resize(s.margins, len(m.labels))
	if len(m.bias) == 1 {
		margin := s.sum[0] + m.bias[0]
		s.margins[0], s.margins[1] = -margin, margin
		return s.margins
	}
	for c, b := range m.bias {
		s.margins[c] = s.sum[c] + b
	}
	return s.margins
}

// Scores returns the calibrated probability of each class; they sum to 1. The
// slice belongs to s and holds until its next use; so does that of Margins,
// which Scores calls. Once s is warm nothing is allocated.
func (m *Model) Scores(s *Scratch, doc string) []float32 {
	margins := m.Margins(s, doc)
	s.scores = resize(s.scores, len(margins))
	m.calibration.Apply(s.scores, margins)
	return s.scores
}

// resize returns a slice of n elements, reusing the memory of v.
func resize[T any](v []T, n int) []T {
	if cap(v) < n {
		return make([]T, n)
	}
	return v[:n]
}

// weightOf returns the weight of a feature for a problem, 0 when it has none.
func (m *Model) weightOf(feature int32, problem int) float64 {
	if i, there := m.find(feature, problem); there {
		return float64(artifact.Float16(m.weight[i]))
	}
	return 0
}
