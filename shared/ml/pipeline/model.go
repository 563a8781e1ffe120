package pipeline

import (
	"math"
	"slices"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/text"
)

// Model is a fitted text classifier. It does not change and is safe for
// concurrent use; every goroutine brings its own Scratch.
type Model struct {
	labels      []string
	settings    Settings
	temperature float64
	extra       map[string]string // additions to the manifest of a decoded model
	tokenizer   int               // versions at the time of the fit
	unicode     string

	vocabulary *text.Vocabulary
	// The weights of feature f are weight[start[f]:start[f+1]], half precision,
	// for the problems at the same places of class, ascending.
	start  []uint32
	class  classList
	weight []uint16
	bias   []float32 // by problem
}

// Scratch holds what one prediction needs, for reuse. The zero Scratch is
// ready; it must not be used by two goroutines at a time.
type Scratch struct {
	text    text.Scratch
	sum     []float32 // by problem, at least
	margins []float32
	scores  []float32
}

// Labels returns the classes in the order of margins and scores. The slice is
// the model's and must not be changed.
func (m *Model) Labels() []string { return m.labels }

// Task returns what the model does, the constant Task.
func (m *Model) Task() string { return Task }

// Algorithm returns how it was learnt, the constant Algorithm.
func (m *Model) Algorithm() string { return Algorithm }

// Settings returns what the model was fitted with, defaults filled in.
func (m *Model) Settings() Settings { return m.settings }

// Temperature returns the calibration: scores are softmax(margins/temperature).
func (m *Model) Temperature() float64 { return m.temperature }

// Features returns how many features carry weights.
func (m *Model) Features() int { return m.vocabulary.Len() }

// Weights returns how many weights there are.
func (m *Model) Weights() int { return len(m.weight) }

// Bytes returns the memory the model holds. A decoded model includes the file
// it aliases.
func (m *Model) Bytes() int64 {
	return m.vocabulary.Bytes() + int64(len(m.start))*4 + m.class.bytes() + int64(len(m.weight))*2 + int64(len(m.bias))*4
}

// WithTemperature returns the same model with another calibration, which must
// be positive and finite; the two share their weights.
func (m *Model) WithTemperature(t float64) *Model {
	c := *m
	c.temperature = t
	return &c
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
	softmax(s.scores, margins, 1/m.temperature)
	return s.scores
}

// softmax writes exp(beta x margin) scaled to sum 1. The largest margin is
// taken off first so that nothing overflows.
func softmax(score, margin []float32, beta float64) {
	top := float64(slices.Max(margin))
	sum := 0.0
	for c, m := range margin {
		e := math.Exp(beta * (float64(m) - top))
		score[c] = float32(e)
		sum += e
	}
	for c := range score {
		score[c] = float32(float64(score[c]) / sum)
	}
}

// resize returns a slice of n elements, reusing the memory of v.
func resize(v []float32, n int) []float32 {
	if cap(v) < n {
		return make([]float32, n)
	}
	return v[:n]
}

// weightOf returns the weight of a feature for a problem, 0 when it has none.
func (m *Model) weightOf(feature int32, problem int) float64 {
	for i := m.start[feature]; i < m.start[feature+1]; i++ {
		if m.class.at(i) == problem {
			return float64(artifact.Float16(m.weight[i]))
		}
	}
	return 0
}
