// Package pipeline joins features, learner and calibration into one model:
// fit on counted documents, it answers for new ones with margins, calibrated
// probabilities and exact explanations, and it is written to and read from one
// safetensors file (FORMAT.md).
//
// Fit trains one-vs-rest linear machines class by class and never holds a
// classes x features matrix: the weights of each class are pruned and rounded
// to half precision as soon as it is solved, and the model keeps for each
// feature the list of classes that use it. What Fit returns is what Encode
// writes and Decode reads: pruned, rounded and evaluated are one and the same
// model. Margins scores held-out rows for the search over settings, and
// FitTemperature turns such margins into a calibration.
//
// The package does not split rows, search settings, or judge results; that is
// the work of tune, metric and the rooms above.
package pipeline

import (
	"errors"
	"fmt"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/text"
)

// The task and the algorithm of every model of this package.
const (
	Task      = "text-classification"
	Algorithm = "linear-svm"
)

// DefaultPruneBelow is the PruneBelow of a zero Settings.
const DefaultPruneBelow = 1e-3

// Quantise values of Settings.
const Float16 = "f16" // IEEE 754 half precision, the only one and the default

// Settings says how a model is fitted. They are kept in its manifest.
type Settings struct {
	Recipe  text.Recipe `json:"recipe"`
	Loss    linear.Loss `json:"loss"`    // default linear.SquaredHinge
	C       float64     `json:"c"`       // cost of an error against the size of the weights, default 1
	Epsilon float64     `json:"epsilon"` // stopping tolerance of the solver, default 0.1
	Seed    uint64      `json:"seed"`    // order in which the solver visits rows
	// PruneBelow drops a weight smaller than this share of the largest weight
	// of its class; 0 means DefaultPruneBelow, below 0 keeps all that round to
	// something.
	PruneBelow float64 `json:"prune_below"`
	Quantise   string  `json:"quantise"` // Float16 or "" for it
}

// withDefaults fills the zero fields.
func (s Settings) withDefaults() Settings {
	if s.Loss == "" {
		s.Loss = linear.SquaredHinge
	}
	if s.C == 0 {
		s.C = 1
	}
	if s.Epsilon == 0 {
		s.Epsilon = 0.1
	}
	if s.PruneBelow == 0 {
		s.PruneBelow = DefaultPruneBelow
	}
	if s.Quantise == "" {
		s.Quantise = Float16
	}
	return s
}

// check reports settings that cannot be used.
func (s Settings) check() error {
	if err := s.Recipe.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if !(s.C > 0) || !(s.Epsilon > 0) || s.PruneBelow >= 1 || s.PruneBelow != s.PruneBelow {
		return fmt.Errorf("%w: C %v, epsilon %v, prune below %v", ErrInvalid, s.C, s.Epsilon, s.PruneBelow)
	}
	if s.Quantise != Float16 || s.Loss != linear.SquaredHinge && s.Loss != linear.Hinge {
		return fmt.Errorf("%w: loss %q, quantise %q", ErrInvalid, s.Loss, s.Quantise)
	}
	return nil
}

// Data is a labelled corpus. It is not changed by this package.
type Data struct {
	Corpus *text.Corpus
	Y      []int32   // class of each document, in [0, len(Labels))
	Labels []string  // at least two, all different
	Weight []float32 // of each document; nil means 1 for all
}

// The ways fitting can fail, besides the context's end and the solver's own
// errors.
var (
	// ErrInvalid is wrapped by every complaint about settings or data that
	// contradict themselves: lengths, ranges, unknown names.
	ErrInvalid = errors.New("pipeline: invalid input")
	// ErrOneClass says that the rows given belong to fewer than two classes.
	ErrOneClass = errors.New("pipeline: rows of at least two classes are needed")
)

// check verifies the data and that every row number is one of its documents.
func (d Data) check(rows ...[]int32) error {
	n := len(d.Y)
	switch {
	case d.Corpus == nil || d.Corpus.Docs() != n:
		return fmt.Errorf("%w: corpus and %d classes differ in length", ErrInvalid, n)
	case d.Weight != nil && len(d.Weight) != n:
		return fmt.Errorf("%w: %d weights for %d documents", ErrInvalid, len(d.Weight), n)
	}
	if err := checkLabels(d.Labels); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	for i, y := range d.Y {
		if y < 0 || int(y) >= len(d.Labels) {
			return fmt.Errorf("%w: document %d has class %d of %d", ErrInvalid, i, y, len(d.Labels))
		}
	}
	for _, set := range rows {
		for _, i := range set {
			if i < 0 || int(i) >= n {
				return fmt.Errorf("%w: row %d of %d", ErrInvalid, i, n)
			}
		}
	}
	return nil
}

// checkClasses verifies that rows of two classes at least are there.
func (d Data) checkClasses(rows []int32) error {
	for _, i := range rows {
		if d.Y[i] != d.Y[rows[0]] {
			return nil
		}
	}
	return ErrOneClass
}

// maxLabels is how many classes the 16-bit class numbers of the format allow.
const maxLabels = 1 << 16

// checkLabels verifies that labels can be told apart and stored.
func checkLabels(labels []string) error {
	if len(labels) < 2 || len(labels) > maxLabels {
		return fmt.Errorf("%d labels", len(labels))
	}
	seen := make(map[string]bool, len(labels))
	for _, l := range labels {
		if seen[l] {
			return fmt.Errorf("label %q is there twice", l)
		}
		seen[l] = true
	}
	return nil
}

// problems returns how many one-vs-rest problems classes need: two classes
// are one problem, whose margin speaks for the second.
func problems(classes int) int {
	if classes == 2 {
		return 1
	}
	return classes
}
