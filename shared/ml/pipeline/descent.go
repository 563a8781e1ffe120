package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/sgd"
)

// The methods of a Descent.
const (
	MethodSGD  = string(sgd.Descent) // the step goes down the slope
	MethodAdam = string(sgd.Adam)    // slopes are divided by their size so far
)

// Descent trains by steps along the slope of a few rows at a time, for data
// whose matrix would not fit in memory. It comes near the optimum that the
// learner's own solver finds and stops early: one row in ten, chosen by group,
// is kept apart and says after how many epochs the loss no longer falls; then
// all rows are learnt from, for as many epochs. The zero value is the learner's
// own solver.
type Descent struct {
	Method string `json:"method,omitempty"` // MethodSGD or MethodAdam; "" for the learner's own solver
	Epochs int    `json:"epochs,omitzero"`  // passes over the rows at most, default 20
	Batch  int    `json:"batch,omitzero"`   // rows a step, default 1
}

// on reports whether there is a descent at all.
func (d Descent) on() bool { return d.Method != "" }

// withDefaults fills the zero fields of a descent that is on.
func (d Descent) withDefaults() Descent {
	if d.on() {
		d.Epochs, d.Batch = cmp.Or(d.Epochs, 20), cmp.Or(d.Batch, 1)
	}
	return d
}

// check reports a descent that there is not.
func (d Descent) check() error {
	ok := d == Descent{}
	if d.on() {
		ok = (d.Method == MethodSGD || d.Method == MethodAdam) && d.Epochs > 0 && d.Batch > 0
	}
	if !ok {
		return fmt.Errorf("%w: descent by method %q, %d epochs, %d rows a step", ErrInvalid, d.Method, d.Epochs, d.Batch)
	}
	return nil
}

// ErrMemory is wrapped by the refusal of a fit that holds the weights of all
// classes at one time and has too many of them. Fewer features help:
// Settings.HashBits, Settings.MinDocs.
var ErrMemory = errors.New("pipeline: the weights of all classes at one time take too much memory")

// maxWeights bounds that memory, in bytes: half of a function of 3 GB.
const maxWeights = 3 << 29

// checkMemory refuses a number of bytes for classes x features.
func checkMemory(need float64, classes, features int) error {
	if need > maxWeights {
		return fmt.Errorf("%w: %d classes x %d features take %.0f MB, at most %d MB", ErrMemory, classes, features, need/(1<<20), maxWeights>>20)
	}
	return nil
}

// memory estimates what descent takes for its weights: in double precision the
// weights, their slopes, average, and the models of the best and the last
// epoch; of Adam two means more.
func (d Descent) memory(s stream) float64 {
	each := 5 * 8
	if d.Method == MethodAdam {
		each += 2 * 8
	}
	return float64(each) * float64(s.columns+1) * float64(problems(s.classes))
}

// The rate of steps. A step of one row is safe while the rate stays below twice
// one over the curvature of its loss, and the average of many such steps forgets
// only what the penalty forgets (sgd.Penalty). On the words of trec and banking77
// it came within 0.2 points of the accuracy of the SVM's and the logistic
// regression's own solvers, and within 2 of the hinge's, which does not bend.
const (
	steepness = 1.0  // the first rate, over the greatest curvature of a row's loss
	adamRate  = .005 // Adam's, whose steps do not depend on the loss's size
	slowing   = .75  // power of the step by which the rate falls
)

// descentLoss returns the loss of the learner and its greatest second derivative;
// the hinge, which has none, is taken as if it bent over a margin of 1.
func (l learner) descentLoss() (loss sgd.Loss, curvature float64) {
	switch {
	case l.kind == Ridge:
		return sgd.Squared, 1
	case l.kind == Logistic:
		return sgd.Log, .25
	case l.loss == linear.Hinge:
		return sgd.Hinge, 1
	}
	return sgd.SquaredHinge, 2
}

// descend solves all problems by descent, once for every cost of a path, and
// tells each weight of a block. It fails with ErrMemory, the context's or the
// learner's error.
func (l learner) descend(ctx context.Context, s stream, path []float64, block linear.Range, each func(weights) error) error {
	centre, scale := 0.0, 1.0
	if s.classes == 0 {
		centre, scale = s.standardise()
	}
	learn, judge := s.divide()
	longest := s.longest()
	single := make([]float32, s.columns)
	for step, c := range path {
		m, err := l.settle(ctx, s, learn, judge, c, longest)
		if err != nil {
			return err
		}
		for k := block.From; k < block.To; k++ {
			w := weights{problem: k, step: step, bias: m.Bias[k]*scale + centre}
			for j := range single {
				single[j] = float32(m.Weight[j*m.Outputs+k] * scale)
			}
			w.single = single
			if err := each(w); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle finds after how many epochs to stop and trains as many on all rows.
func (l learner) settle(ctx context.Context, s stream, learn, judge []int32, c, longest float64) (*sgd.Model, error) {
	loss, curvature := l.descentLoss()
	set := sgd.Settings{
		Columns: s.columns, Classes: s.classes, Loss: loss, Method: sgd.Method(l.descent.Method),
		Schedule: sgd.Penalty, Power: slowing, Batch: l.descent.Batch, Epochs: l.descent.Epochs, Average: true,
		L2: 1 / (c * s.total()),
	}
	rate := adamRate
	if set.Method == sgd.Descent {
		rate = steepness / (curvature * (1 + longest)) // 1 for the intercept's feature
	}
	// A step may not turn the weights round: rate x L2 stays below 1.
	set.Rate = 1 / (1/rate + set.L2)
	if len(judge) > 0 {
		m, err := sgd.Fit(ctx, set, s.source(learn, l.seed), s.source(judge, l.seed))
		if err != nil {
			return nil, fmt.Errorf("pipeline: descent at C %v: %w", c, err)
		}
		set.Epochs = m.Best + 1 // epochs are counted from 0
	}
	m, err := sgd.Fit(ctx, set, s.source(s.places(), l.seed), nil)
	if err != nil {
		return nil, fmt.Errorf("pipeline: descent at C %v on all rows: %w", c, err)
	}
	return m, nil
}

// standardise gives the numbers mean 0 and deviation 1, for the rate knows
// nothing of their unit, and returns what they had.
func (s *stream) standardise() (mean, deviation float64) {
	total, weight := s.total(), func(i int) float64 {
		if s.weight == nil {
			return 1
		}
		return float64(s.weight[i])
	}
	// Divided first, so that no sum of large numbers is infinite.
	for i, v := range s.target {
		mean += weight(i) * (v / total)
	}
	for i, v := range s.target {
		deviation += weight(i) * (v - mean) * ((v - mean) / total)
	}
	if deviation = math.Sqrt(deviation); !(deviation > 0) || math.IsInf(deviation, 1) {
		deviation = 1
	}
	standard := make([]float64, len(s.target))
	for i, v := range s.target {
		standard[i] = (v - mean) / deviation
	}
	s.target = standard
	return mean, deviation
}
