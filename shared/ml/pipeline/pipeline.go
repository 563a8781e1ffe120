// Package pipeline joins features, learner and calibration into one model: fit
// on counted documents or on a table, it answers for new inputs with calibrated
// probabilities or a number and with exact explanations, and it is written to
// and read from one safetensors file (FORMAT.md).
//
// Model is fitted on texts by Fit, TableModel on tables by FitTable; Predictor
// is what both can do, and Open reads either. The text side trains class by
// class and never holds a classes x features matrix: the weights of each class
// are pruned and rounded to half precision as soon as it is solved, and the
// model keeps for each feature the list of classes that use it. What Fit
// returns is what Encode writes and Decode reads: pruned, rounded and evaluated
// are one and the same model. A Trial scores held-out rows for the search over
// settings, and says what pruning would change.
//
// Fitting and Trial work block by block of the classes. Each block comes to a
// Part, which may be made anywhere and stored, and the parts of all blocks join
// to the very bytes that one go gives; Fit and Margins are that one go.
//
// The weights of a multinomial regression and of a Descent are found together, in
// one block, and held as a classes x features matrix meanwhile; where that would
// be too much the fit is refused with ErrMemory before anything is allocated. A
// Descent reads the rows of a corpus some at a time and makes no matrix of them.
//
// The package does not split rows, search settings, fit calibrations or judge
// results; that is the work of tune, calibrate, metric and the rooms above.
package pipeline

import (
	"errors"
	"fmt"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/text"
)

// DefaultPruneBelow is the PruneBelow of a zero Settings.
const DefaultPruneBelow = 1e-3

// Quantise values of Settings.
const Float16 = "f16" // IEEE 754 half precision, the only one and the default

// Settings says how a model is fitted. They are kept in its manifest.
type Settings struct {
	Recipe  text.Recipe `json:"recipe"`
	Learner string      `json:"learner,omitempty"` // SVM, the default, or Logistic
	Loss    linear.Loss `json:"loss,omitempty"`    // of SVM, default linear.SquaredHinge
	C       float64     `json:"c"`                 // cost of an error against the size of the weights, default 1
	Epsilon float64     `json:"epsilon"`           // stopping tolerance of the solver, default 0.1, of Logistic 1e-4
	Seed    uint64      `json:"seed"`              // order in which the solver visits rows
	Balance string      `json:"balance,omitempty"` // BalanceSqrt, or "" for rows that count as they are
	L1Ratio float64     `json:"l1_ratio,omitzero"` // of Logistic: share of L1 in the penalty, in [0, 1]
	// Multinomial, of Logistic, trains all classes together by the softmax instead
	// of each against the rest.
	Multinomial bool    `json:"multinomial,omitzero"`
	Descent     Descent `json:"descent,omitzero"` // in place of the learner's own solver; default none
	// MinDocs leaves out terms of fewer training rows, where the recipe asks
	// for less; 0 leaves the recipe alone.
	MinDocs int `json:"min_docs,omitzero"`
	// HashBits makes the features buckets that terms are hashed to, 2^HashBits
	// of each block of the recipe, text.MinHashBits to text.MaxHashBits: the
	// model then holds no terms and can tell none. 0 keeps the terms.
	HashBits int `json:"hash_bits,omitzero"`
	// PruneBelow drops a weight smaller than this share of the largest weight
	// of its class; 0 means DefaultPruneBelow, below 0 keeps all that round to
	// something.
	PruneBelow float64 `json:"prune_below"`
	Quantise   string  `json:"quantise"` // Float16 or "" for it
}

// withDefaults fills the zero fields.
func (s Settings) withDefaults() Settings {
	l := s.learner().withDefaults()
	s.Learner, s.Loss, s.Epsilon, s.Descent = l.kind, l.loss, l.epsilon, l.descent
	if s.C == 0 {
		s.C = 1
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
	if s.Learner == Ridge {
		return fmt.Errorf("%w: %s learns numbers, not classes", ErrInvalid, s.Learner)
	}
	if err := s.learner().check(); err != nil {
		return err
	}
	if err := checkCost(s.C); err != nil {
		return err
	}
	if s.PruneBelow >= 1 || s.PruneBelow != s.PruneBelow || s.Quantise != Float16 || s.MinDocs < 0 {
		return fmt.Errorf("%w: prune below %v, quantise %q, terms of %d documents", ErrInvalid, s.PruneBelow, s.Quantise, s.MinDocs)
	}
	if s.HashBits != 0 && (s.HashBits < text.MinHashBits || s.HashBits > text.MaxHashBits) {
		return fmt.Errorf("%w: %d hash bits, want %d to %d or none", ErrInvalid, s.HashBits, text.MinHashBits, text.MaxHashBits)
	}
	return nil
}

// learner returns the learner the settings describe.
func (s Settings) learner() learner {
	return learner{
		kind: s.Learner, loss: s.Loss, epsilon: s.Epsilon, seed: s.Seed, l1: s.L1Ratio, balance: s.Balance,
		joint: s.Multinomial, descent: s.Descent,
	}
}

// recipe returns the recipe with the floor of MinDocs.
func (s Settings) recipe() text.Recipe {
	r := s.Recipe
	for f, floor := range r.MinDocs {
		if floor > 0 {
			r.MinDocs[f] = max(floor, s.MinDocs)
		}
	}
	return r
}

// Data is a labelled corpus. It is not changed by this package.
type Data struct {
	Corpus *text.Corpus
	Y      []int32   // class of each document, in [0, len(Labels))
	Labels []string  // at least two, all different
	Weight []float32 // of each document; nil means 1 for all
	Group  []uint64  // of each document, for Descent: those alike have one; nil: each its own
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
	if d.Corpus == nil || d.Corpus.Docs() != len(d.Y) {
		return fmt.Errorf("%w: corpus and %d classes differ in length", ErrInvalid, len(d.Y))
	}
	if err := checkClasses(d.Y, d.Labels, d.Weight); err != nil {
		return err
	}
	if err := checkGroups(d.Group, len(d.Y)); err != nil {
		return err
	}
	return checkRows(len(d.Y), rows...)
}

// checkClasses verifies that classes, labels and weights fit each other.
func checkClasses(y []int32, labels []string, weight []float32) error {
	if weight != nil && len(weight) != len(y) {
		return fmt.Errorf("%w: %d weights for %d rows", ErrInvalid, len(weight), len(y))
	}
	if err := checkLabels(labels); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	for i, class := range y {
		if class < 0 || int(class) >= len(labels) {
			return fmt.Errorf("%w: row %d has class %d of %d", ErrInvalid, i, class, len(labels))
		}
	}
	return nil
}

// checkGroups verifies that each of n rows has a group, if any has.
func checkGroups(group []uint64, n int) error {
	if group != nil && len(group) != n {
		return fmt.Errorf("%w: %d groups for %d rows", ErrInvalid, len(group), n)
	}
	return nil
}

// checkRows verifies that row numbers are below n.
func checkRows(n int, rows ...[]int32) error {
	for _, set := range rows {
		for _, i := range set {
			if i < 0 || int(i) >= n {
				return fmt.Errorf("%w: row %d of %d", ErrInvalid, i, n)
			}
		}
	}
	return nil
}

// checkTwo verifies that rows of two classes at least are there.
func checkTwo(y, rows []int32) error {
	for _, i := range rows {
		if y[i] != y[rows[0]] {
			return nil
		}
	}
	return ErrOneClass
}

// pick returns the elements of v at rows; nil stays nil.
func pick[T any](v []T, rows []int32) []T {
	if v == nil {
		return nil
	}
	out := make([]T, len(rows))
	for k, i := range rows {
		out[k] = v[i]
	}
	return out
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

// problems returns how many sets of weights classes need, one against the rest
// each: two classes are one problem, whose margin speaks for the second, and a
// regression, which has no classes, is one too.
func problems(classes int) int {
	if classes <= 2 {
		return 1
	}
	return classes
}

// problemOf returns which of n problems speaks for a class.
func problemOf(class, n int) int {
	if n == 1 {
		return 0
	}
	return class
}

// sideOf returns which of n problems speaks for a class of so many, and the sign
// of its margin for it: the one problem of two classes speaks for class 1, so that
// to class 0 all of it means the opposite. Of a regression classes are none.
func sideOf(class, n, classes int) (problem int, sign float64) {
	if n == 1 && classes == 2 && class == 0 {
		return 0, -1
	}
	return problemOf(class, n), 1
}
