package pipeline

import (
	"context"
	"fmt"
	"sync/atomic"

	"godwit/shared/ml/linear"
)

// rounds is training that can be done block by block: problems that share
// nothing but the rows, each solved along a path of costs.
type rounds struct {
	path     []float64 // costs, ascending
	classes  int       // 0 of a regression
	nonZeros int64     // of the training rows
	joint    bool      // whether all problems are solved at one time
	// solve solves the problems of a block, for one problem in the order of the
	// path, for different ones concurrently and in any order.
	solve func(ctx context.Context, block linear.Range, workers int, each func(weights) error) error
}

// weights are those of one problem at one cost, of single or double precision
// as the learner has it. They hold during the call.
type weights struct {
	problem, step int       // step: place of the cost in the path
	single        []float32 // one of the two, by feature; nil in the other's place
	double        []float64
	bias          float64
}

// newRounds returns the rounds of a classifier.
func newRounds(r lesson, l learner, path []float64) rounds {
	n := problems(r.classes)
	return rounds{
		path: path, classes: r.classes, nonZeros: r.x.NonZeros(), joint: l.joint,
		solve: func(ctx context.Context, block linear.Range, workers int, each func(weights) error) error {
			return l.train(ctx, r, path, block, workers, func(sol linear.Solution) error {
				return each(weights{problem: problemOf(sol.Class, n), step: sol.Step, single: sol.Weight, bias: float64(sol.Bias)})
			})
		},
	}
}

// descentRounds returns the rounds of a learner that goes down the slope. It
// fails with ErrMemory.
func descentRounds(s stream, l learner, path []float64) (rounds, error) {
	if err := checkMemory(l.descent.memory(s), max(s.classes, 1), s.columns); err != nil {
		return rounds{}, err
	}
	return rounds{
		path: path, classes: s.classes, nonZeros: s.nonZeros, joint: true,
		solve: func(ctx context.Context, block linear.Range, _ int, each func(weights) error) error {
			return l.descend(ctx, s, path, block, each)
		},
	}, nil
}

// Problems returns how many sets of weights there are to find: one for each
// class, a single one for two classes and for a regression. Blocks are ranges
// of them.
func (r *rounds) Problems() int { return problems(r.classes) }

// Work returns what one problem costs, in non-zeros of the training rows times
// costs of the path: what linear.Cut wants to know.
func (r *rounds) Work() float64 { return float64(r.nonZeros) * float64(len(r.path)) }

// Joint reports whether all problems are solved at one time, so that they are
// best left in one block: each of several would solve all and keep its own.
func (r *rounds) Joint() bool { return r.joint }

// all is the block of every problem.
func (r *rounds) all() linear.Range { return linear.Range{To: r.Problems()} }

// Fitting is the fit of one model, done block by block of its problems: Block
// makes a Part, here or in another function, and Join makes the model of all of
// them, whose bytes do not depend on the blocks. It does not change and is safe
// for concurrent use.
type Fitting struct {
	rounds
	features int
	keep     func(weights) column                             // what is left of weights
	model    func(columns []column, bias []float64) Predictor // of all problems
}

// Block fits the problems of a block. progress, when not nil, is told how many
// problems of the block are solved, possibly by several goroutines at a time.
//
// The part does not depend on workers. It fails with the context's or the
// learner's error.
func (f *Fitting) Block(ctx context.Context, block linear.Range, workers int, progress func(done int)) (*Part, error) {
	p := &Part{block: block, bias: make([]float64, block.Len()), columns: make([]column, block.Len())}
	var done atomic.Int64
	err := f.solve(ctx, block, workers, func(w weights) error {
		p.bias[w.problem-block.From] = w.bias
		p.columns[w.problem-block.From] = f.keep(w)
		if progress != nil {
			progress(int(done.Add(1)))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("pipeline: fit: %w", err)
	}
	return p, nil
}

// Join returns the model of parts that Block made of this fit, in ascending
// order and of all problems. It fails with ErrInvalid when they are not that.
func (f *Fitting) Join(parts ...*Part) (Predictor, error) {
	if err := inOrder(parts, f.Problems(), f.fits); err != nil {
		return nil, err
	}
	var columns []column
	var bias []float64
	for _, p := range parts {
		columns, bias = append(columns, p.columns...), append(bias, p.bias...)
	}
	return f.model(columns, bias), nil
}

// fits reports whether a part can be of this fit: what a model would not survive
// is found, another fit of the same shape is not.
func (f *Fitting) fits(p *Part) bool {
	if len(p.bias) != p.block.Len() {
		return false
	}
	for _, c := range p.columns {
		last := int32(-1)
		for _, j := range c.feature {
			if j <= last || int(j) >= f.features {
				return false
			}
			last = j
		}
	}
	return true
}

// whole fits all problems at one go.
func (f *Fitting) whole(ctx context.Context, workers int, progress func(done, classes int)) (Predictor, error) {
	var told func(int)
	if progress != nil {
		told = func(done int) { progress(done, f.Problems()) }
	}
	p, err := f.Block(ctx, f.all(), workers, told)
	if err != nil {
		return nil, err
	}
	return f.Join(p)
}
