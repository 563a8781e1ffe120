package pipeline

import (
	"context"
	"fmt"
	"slices"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/ridge"
	"godwit/shared/ml/sparse"
	"godwit/shared/ml/tabular"
	"godwit/shared/ml/text"
)

// TableMargins is Margins for tables: the encoder, too, is fitted on the train
// rows alone. Of a regression it returns, for each cost, the number predicted
// for each held row.
//
// The result does not depend on workers. It fails with ErrInvalid, ErrOneClass,
// tabular.ErrInvalid, the context's or the learner's error.
func TableMargins(ctx context.Context, d TableData, train, held []int32, s TableSettings, path []float64, workers int) ([][]float32, error) {
	s = s.withDefaults(d.regression())
	if err := s.check(d.regression()); err != nil {
		return nil, err
	}
	if err := d.check(train, held); err != nil {
		return nil, err
	}
	if err := checkPath(path); err != nil {
		return nil, err
	}
	e, x, err := encode(ctx, d, train, s)
	if err != nil {
		return nil, err
	}
	rest, err := e.Matrix(ctx, d.Table.Columns, held)
	if err != nil {
		return nil, fmt.Errorf("pipeline: encode rows: %w", err)
	}
	if !d.regression() {
		return s.learner().margins(ctx, d.lesson(x, train), rest, path, workers)
	}
	out := make([][]float32, len(path))
	err = d.ridge(ctx, x, train, s, path, workers, func(sol ridge.Solution) error {
		out[sol.Step] = make([]float32, rest.Rows)
		for i := range rest.Rows {
			out[sol.Step][i] = float32(dot(rest, i, sol.Weight, sol.Intercept))
		}
		return nil
	})
	return out, err
}

// encode fits an encoder on rows and encodes them.
func encode(ctx context.Context, d TableData, rows []int32, s TableSettings) (*tabular.Encoder, *sparse.Matrix, error) {
	e, err := tabular.Fit(ctx, d.Table, rows, s.Options)
	if err != nil {
		return nil, nil, fmt.Errorf("pipeline: fit columns: %w", err)
	}
	x, err := e.Matrix(ctx, d.Table.Columns, rows)
	if err != nil {
		return nil, nil, fmt.Errorf("pipeline: encode rows: %w", err)
	}
	return e, x, nil
}

// lesson returns what a classifier is to learn from rows, which x holds.
func (d TableData) lesson(x *sparse.Matrix, rows []int32) lesson {
	return lesson{x, pick(d.Y, rows), pick(d.Weight, rows), len(d.Labels)}
}

// ridge fits a regression on rows, which x holds, for each cost of path.
func (d TableData) ridge(ctx context.Context, x *sparse.Matrix, rows []int32, s TableSettings, path []float64, workers int, each func(ridge.Solution) error) error {
	r := ridge.Regression{Epsilon: s.Epsilon}
	for _, c := range path {
		r.Alpha = append(r.Alpha, 1/c)
	}
	if err := r.Fit(ctx, x, pick(d.Values, rows), pick(d.Weight, rows), workers, each); err != nil {
		return fmt.Errorf("pipeline: fit regression: %w", err)
	}
	return nil
}

// FitTable fits a model on rows of a table.
//
// The model does not depend on workers. It fails with ErrInvalid, ErrOneClass,
// tabular.ErrInvalid, the context's or the learner's error.
func FitTable(ctx context.Context, d TableData, rows []int32, s TableSettings, workers int) (*TableModel, error) {
	s = s.withDefaults(d.regression())
	if err := s.check(d.regression()); err != nil {
		return nil, err
	}
	if err := d.check(rows, nil); err != nil {
		return nil, err
	}
	e, x, err := encode(ctx, d, rows, s)
	if err != nil {
		return nil, err
	}
	s.Options = e.Options()
	m := &TableModel{
		settings: s, documents: len(rows), encoder: e, support: support(x),
		tokenizer: text.TokenizerVersion, unicode: text.UnicodeVersion(),
	}
	if !d.regression() {
		m.labels = slices.Clone(d.Labels)
	}
	n := problems(len(m.labels))
	columns := make([]column[float32], n)
	m.bias = make([]float64, n)
	if d.regression() {
		err = d.ridge(ctx, x, rows, s, []float64{s.C}, workers, func(sol ridge.Solution) error {
			columns[0], m.bias[0] = nonZero(sol.Weight), sol.Intercept
			return nil
		})
	} else {
		err = s.learner().train(ctx, d.lesson(x, rows), []float64{s.C}, workers, func(sol linear.Solution) error {
			p := problemOf(sol.Class, n)
			columns[p], m.bias[p] = nonZero(sol.Weight), float64(sol.Bias)
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("pipeline: fit table: %w", err)
	}
	m.lists, m.weight = gather(e.Len(), columns)
	m.name()
	return m, nil
}

// support counts the rows that have each feature.
func support(x *sparse.Matrix) []uint32 {
	n := make([]uint32, x.Cols)
	for _, j := range x.Index {
		n[j]++
	}
	return n
}

// nonZero keeps the weights that are something, in single precision.
func nonZero[W float32 | float64](w []W) column[float32] {
	var c column[float32]
	for j, x := range w {
		if x := float32(x); x != 0 {
			c.feature = append(c.feature, int32(j))
			c.weight = append(c.weight, x)
		}
	}
	return c
}
