package pipeline

import (
	"fmt"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/linear"
	"godwit/shared/ml/tabular"
)

// TableData is a table with what is to be learnt from it. It is not changed by
// this package.
type TableData struct {
	Table  tabular.Table
	Task   string    // dataset.Classification or dataset.Regression
	Y      []int32   // of a classification: the class of each row, in [0, len(Labels))
	Labels []string  // of a classification: at least two, all different
	Values []float64 // of a regression: the number of each row
	Weight []float32 // of each row; nil means 1 for all
	Group  []uint64  // of each row, for Descent: those alike have one; nil: each its own
}

// TableSettings says how a table model is fitted. They are kept in its
// manifest.
type TableSettings struct {
	Learner string          `json:"learner"`           // SVM, the default, or Logistic; of a regression Ridge
	Options tabular.Options `json:"options"`           // of the features
	C       float64         `json:"c"`                 // cost of an error against the size of the weights, default 1; of Ridge 1/alpha
	Loss    linear.Loss     `json:"loss,omitempty"`    // of SVM, default linear.SquaredHinge
	Balance string          `json:"balance,omitempty"` // BalanceSqrt, or "" for rows that count as they are
	Epsilon float64         `json:"epsilon"`           // stopping tolerance of the solver, default 0.1, of Logistic 1e-4, of Ridge 1e-10
	Seed    uint64          `json:"seed"`              // order in which the solver visits rows
	// Multinomial and Descent are those of Settings.
	Multinomial bool    `json:"multinomial,omitzero"`
	Descent     Descent `json:"descent,omitzero"`
}

// withDefaults fills the zero fields but those of Options, which the encoder
// fills.
func (s TableSettings) withDefaults(regression bool) TableSettings {
	if s.Learner == "" && regression {
		s.Learner = Ridge
	}
	l := s.learner().withDefaults()
	s.Learner, s.Loss, s.Epsilon, s.Descent = l.kind, l.loss, l.epsilon, l.descent
	if s.C == 0 {
		s.C = 1
	}
	return s
}

// check reports settings that cannot be used; tabular checks Options.
func (s TableSettings) check(regression bool) error {
	if regression != (s.Learner == Ridge) {
		return fmt.Errorf("%w: learner %q for a regression: %v", ErrInvalid, s.Learner, regression)
	}
	if err := s.learner().check(); err != nil {
		return err
	}
	return checkCost(s.C)
}

// learner returns the learner the settings describe.
func (s TableSettings) learner() learner {
	return learner{
		kind: s.Learner, loss: s.Loss, epsilon: s.Epsilon, seed: s.Seed, balance: s.Balance,
		joint: s.Multinomial, descent: s.Descent,
	}
}

// regression reports whether numbers are to be predicted.
func (d TableData) regression() bool { return d.Task == dataset.Regression }

// len returns the number of rows.
func (d TableData) len() int {
	if d.regression() {
		return len(d.Values)
	}
	return len(d.Y)
}

// check verifies the data, that row numbers are of its rows, and that the
// train rows can be told apart. Values are for the learner to judge.
func (d TableData) check(train, held []int32) error {
	if d.Task != dataset.Classification && !d.regression() {
		return fmt.Errorf("%w: task %q", ErrInvalid, d.Task)
	}
	for i := range d.Table.Columns {
		if c := &d.Table.Columns[i]; c.Len() != d.len() {
			return fmt.Errorf("%w: column %q has %d rows of %d", ErrInvalid, c.Name, c.Len(), d.len())
		}
	}
	if err := checkGroups(d.Group, d.len()); err != nil {
		return err
	}
	if err := checkRows(d.len(), train, held); err != nil {
		return err
	}
	if !d.regression() {
		if err := checkClasses(d.Y, d.Labels, d.Weight); err != nil {
			return err
		}
		return checkTwo(d.Y, train)
	}
	if d.Weight != nil && len(d.Weight) != len(d.Values) {
		return fmt.Errorf("%w: %d weights for %d rows", ErrInvalid, len(d.Weight), len(d.Values))
	}
	return nil
}
