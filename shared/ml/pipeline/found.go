package pipeline

import (
	"context"
	"fmt"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/sparse"
	"godwit/shared/ml/text"
)

// Found tells the weights that a training elsewhere came to, as one whose rows
// are divided over machines: it calls each for every problem at every cost of the
// path, of a problem in the order of the path. weight has an element for every
// feature and, as in all rounds, holds during the call. each may be called by
// several goroutines, for different problems.
type Found func(ctx context.Context, each func(problem, step int, weight []float32, bias float32) error) error

// rounds makes found weights into rounds of all problems, in one block: what is
// found is found for all.
func (f Found) rounds(classes int, path []float64, nonZeros int64) rounds {
	return rounds{
		path: path, classes: classes, nonZeros: nonZeros, joint: true,
		solve: func(ctx context.Context, _ linear.Range, _ int, each func(weights) error) error {
			return f(ctx, func(problem, step int, weight []float32, bias float32) error {
				return each(weights{problem: problem, step: step, single: weight, bias: float64(bias)})
			})
		},
	}
}

// FoundTrial judges weights that were found elsewhere, for each cost of path
// (rising), by held rows; at least two classes. It fails with ErrInvalid.
func FoundTrial(held *sparse.Matrix, classes int, path []float64, found Found) (*Trial, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	if classes < 2 {
		return nil, fmt.Errorf("%w: %d classes", ErrInvalid, classes)
	}
	return &Trial{rounds: found.rounds(classes, path, held.NonZeros()), held: held}, nil
}

// FoundFitting makes a model of weights that were found elsewhere: those of the
// features of v, which were counted over so many documents, for the only cost
// s.C. Join's model is what a Fitting makes of the same weights. It fails with
// ErrInvalid.
func FoundFitting(v *text.Vocabulary, labels []string, documents int, s Settings, found Found) (*Fitting, error) {
	s = s.withDefaults()
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := checkLabels(labels); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return newFitting(found.rounds(len(labels), []float64{s.C}, 0), v, labels, documents, s), nil
}

// Whole is Block and Join of all problems at one go.
func (f *Fitting) Whole(ctx context.Context, workers int) (Predictor, error) {
	return f.whole(ctx, workers, nil)
}

// Whole is Block and Join of all problems at one go.
func (t *Trial) Whole(ctx context.Context, workers int) (Outcome, error) {
	p, err := t.Block(ctx, t.all(), workers)
	if err != nil {
		return Outcome{}, err
	}
	return t.Join(p)
}
