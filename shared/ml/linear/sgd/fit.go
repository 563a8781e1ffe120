package sgd

import (
	"context"
	"fmt"
	"math"

	"godwit/shared/ml/linear"
)

// Model is a trained model. It is not changed after Fit and is safe for
// concurrent use.
type Model struct {
	Columns, Outputs int       // Outputs is 1 for numbers and for two classes, else one for each class
	Weight           []float64 // of output k for column j at j*Outputs+k
	Bias             []float64 // of each output
	Best             int       // the epoch the weights are from
	History          []Epoch   // every epoch trained
}

// Epoch is what one pass over the rows came to.
type Epoch struct {
	Rows       int     // of weight above 0
	Loss       float64 // mean loss of each row before its own step, without the penalty
	Validation float64 // mean loss on the validation rows after the epoch, NaN without any
}

// Margins sets out, of length Outputs, to w.x + b: the predicted number, the
// margin of class 1 against class 0, or that of each class. Columns the model
// does not have are ignored.
func (m *Model) Margins(index []int32, value []float32, out []float64) {
	copy(out, m.Bias)
	for n, j := range index {
		if j < 0 || int(j) >= m.Columns {
			continue
		}
		for k, w := range m.Weight[int(j)*m.Outputs : (int(j)+1)*m.Outputs] {
			out[k] += float64(value[n]) * w
		}
	}
}

// Fit trains on the rows of train and, with a validation source that is not
// nil, stops early and returns the weights of the best epoch. Memory is 24
// bytes for each column and output; Adam takes 16 more, averaging and
// validation 8 each.
//
// It returns a *linear.InputError for settings or rows that cannot be trained
// (named by epoch and row, both from 0) and for a loss that is no longer
// finite, the error of a source, or the context's error, which is checked
// before every step.
func Fit(ctx context.Context, s Settings, train, validation Source) (*Model, error) {
	s = s.withDefaults()
	if err := s.check(); err != nil {
		return nil, err
	}
	l := newLearner(s)
	best, lowest := l.model(), math.Inf(1)
	now := best
	var history []Epoch
	for e := range s.Epochs {
		report, err := l.epoch(ctx, train, e)
		if err != nil {
			return nil, err
		}
		if e > 0 && now == best && validation != nil {
			now = l.model()
		}
		l.read(now)
		now.Best = e
		report.Validation = math.NaN()
		if validation != nil {
			if report.Validation, err = l.validate(ctx, now, validation); err != nil {
				return nil, err
			}
		}
		history = append(history, report)
		if report.Validation < lowest*(1-s.Tolerance) {
			lowest = report.Validation
			best, now = now, best
		}
		if e-best.Best >= s.Patience {
			break
		}
	}
	best.History = history
	return best, nil
}

// model returns a model for read to fill.
func (l *learner) model() *Model {
	return &Model{Columns: l.set.Columns, Outputs: l.outputs, Weight: make([]float64, len(l.v)), Bias: make([]float64, l.outputs)}
}

// validate returns the mean loss of a model.
func (l *learner) validate(ctx context.Context, m *Model, rows Source) (float64, error) {
	loss, total := 0.0, 0.0
	n := 0
	for row, err := range rows(0) {
		if err == nil {
			err = l.check(row)
		}
		if err != nil {
			return 0, fmt.Errorf("validation row %d: %w", n, err)
		}
		if n%l.set.Batch == 0 && ctx.Err() != nil {
			return 0, fmt.Errorf("linear: validation: %w", context.Cause(ctx))
		}
		n++
		m.Margins(row.Index, row.Value, l.margin)
		loss += float64(row.Weight) * l.loss(row.Target)
		total += float64(row.Weight)
	}
	if total == 0 {
		return 0, linear.Invalid("no validation row has a weight above 0")
	}
	return loss / total, nil
}
