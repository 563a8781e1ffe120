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

// rounds returns what is to be solved on rows, which x holds, along a path.
func (d TableData) rounds(x *sparse.Matrix, rows []int32, s TableSettings, path []float64) (rounds, error) {
	l := s.learner()
	switch {
	case l.descent.on():
		return descentRounds(d.stream(x, rows, l), l, path)
	case !d.regression():
		return newRounds(d.lesson(x, rows), l, path), nil
	}
	// C rises along the path and alpha, its inverse, falls: either way each
	// solution is the next one's start.
	r := ridge.Regression{Epsilon: s.Epsilon}
	for _, c := range path {
		r.Alpha = append(r.Alpha, 1/c)
	}
	values, weight := pick(d.Values, rows), pick(d.Weight, rows)
	return rounds{
		path: path, nonZeros: x.NonZeros(),
		solve: func(ctx context.Context, _ linear.Range, workers int, each func(weights) error) error {
			return r.Fit(ctx, x, values, weight, workers, func(sol ridge.Solution) error {
				return each(weights{step: sol.Step, double: sol.Weight, bias: sol.Intercept})
			})
		},
	}, nil
}

// stream gives the rows of x, which explanations need whole in any case.
func (d TableData) stream(x *sparse.Matrix, rows []int32, l learner) stream {
	s := streamOf(x)
	s.group = pick(d.Group, rows)
	if !d.regression() {
		return s.ofClasses(l, d.lesson(x, rows))
	}
	s.target, s.weight = pick(d.Values, rows), pick(d.Weight, rows)
	return s
}

// NewTableTrial prepares, for tables, what NewTrial does for texts: the encoder,
// too, is fitted on the train rows alone. Of a regression the margins are the
// number predicted for each held row.
//
// It fails with ErrInvalid, ErrOneClass, ErrMemory, tabular.ErrInvalid or the
// context's error.
func NewTableTrial(ctx context.Context, d TableData, train, held []int32, s TableSettings, path []float64) (*Trial, error) {
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
	r, err := d.rounds(x, train, s, path)
	if err != nil {
		return nil, err
	}
	return &Trial{rounds: r, held: rest}, nil
}

// FitTable fits a model on rows of a table at one go.
//
// The model does not depend on workers. It fails with ErrInvalid, ErrOneClass,
// tabular.ErrInvalid, the context's or the learner's error.
func FitTable(ctx context.Context, d TableData, rows []int32, s TableSettings, workers int) (*TableModel, error) {
	f, err := NewTableFitting(ctx, d, rows, s)
	if err != nil {
		return nil, err
	}
	m, err := f.whole(ctx, workers, nil)
	if err != nil {
		return nil, err
	}
	return m.(*TableModel), nil
}

// NewTableFitting prepares the fit of a model on rows of a table. It fails with
// ErrInvalid, ErrOneClass, ErrMemory, tabular.ErrInvalid or the context's error.
func NewTableFitting(ctx context.Context, d TableData, rows []int32, s TableSettings) (*Fitting, error) {
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
	r, err := d.rounds(x, rows, s, []float64{s.C})
	if err != nil {
		return nil, err
	}
	// Filled in: a file must not depend on later defaults.
	s.Options = e.Options()
	whole := &TableModel{
		settings: s, documents: len(rows), encoder: e, support: support(x),
		tokenizer: text.TokenizerVersion, unicode: text.UnicodeVersion(),
	}
	if !d.regression() {
		whole.labels = slices.Clone(d.Labels)
	}
	whole.name()
	return &Fitting{
		rounds: r, features: e.Len(), keep: nonZero,
		model: func(columns []column, bias []float64) Predictor {
			m := *whole
			m.bias = bias
			m.lists, m.weight = gather(e.Len(), columns, func(w float32) float32 { return w })
			return &m
		},
	}, nil
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
func nonZero(w weights) column {
	if w.double != nil {
		return something(w.double)
	}
	return something(w.single)
}

// something is nonZero of either precision. What single precision rounds to 0
// goes too.
func something[W float32 | float64](w []W) column {
	var c column
	for j, x := range w {
		if x := float32(x); x != 0 {
			c.feature = append(c.feature, int32(j))
			c.weight = append(c.weight, x)
		}
	}
	return c
}
