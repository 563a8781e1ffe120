package pipeline

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/linear"
	"godwit/shared/ml/text"
)

// Margins fits on the train rows, once for every cost of path (rising, each
// starting from the solution before it; s.C is not used), and returns for each
// the margins of the held rows, len(held) x len(d.Labels), row by row. The
// vocabulary and its frequencies come from the train rows alone. Weights are
// neither pruned nor rounded. Of two classes the margins are -m and m.
//
// The result does not depend on workers. It fails with ErrInvalid, ErrOneClass,
// the context's or the learner's error.
func Margins(ctx context.Context, d Data, train, held []int32, s Settings, path []float64, workers int) ([][]float32, error) {
	s = s.withDefaults()
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := d.check(train, held); err != nil {
		return nil, err
	}
	if err := checkPath(path); err != nil {
		return nil, err
	}
	if err := checkTwo(d.Y, train); err != nil {
		return nil, err
	}
	v := d.vocabulary(train, s)
	return s.learner().margins(ctx, d.lesson(v, train), d.Corpus.Matrix(v, held), path, workers)
}

// vocabulary returns the features that rows give.
func (d Data) vocabulary(rows []int32, s Settings) *text.Vocabulary {
	if s.HashBits > 0 {
		return d.Corpus.Hashed(rows, s.recipe(), s.HashBits)
	}
	return d.Corpus.Vocabulary(rows, s.recipe())
}

// lesson returns what is to be learnt from rows.
func (d Data) lesson(v *text.Vocabulary, rows []int32) lesson {
	return lesson{d.Corpus.Matrix(v, rows), pick(d.Y, rows), pick(d.Weight, rows), len(d.Labels)}
}

// Fit fits a model on rows. progress, when not nil, is told how many of the
// problems are solved, possibly by several goroutines at a time.
//
// The model does not depend on workers. It fails with ErrInvalid, ErrOneClass,
// the context's or the learner's error.
func Fit(ctx context.Context, d Data, rows []int32, s Settings, workers int, progress func(done, classes int)) (*Model, error) {
	s = s.withDefaults()
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := d.check(rows); err != nil {
		return nil, err
	}
	if err := checkTwo(d.Y, rows); err != nil {
		return nil, err
	}
	v := d.vocabulary(rows, s)
	n := problems(len(d.Labels))
	columns := make([]column[uint16], n)
	bias := make([]float32, n)
	var done atomic.Int64
	err := s.learner().train(ctx, d.lesson(v, rows), []float64{s.C}, workers, func(sol linear.Solution) error {
		p := problemOf(sol.Class, n)
		columns[p] = prune(sol.Weight, s.PruneBelow)
		bias[p] = sol.Bias
		if progress != nil {
			progress(int(done.Add(1)), n)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("pipeline: fit: %w", err)
	}
	m := &Model{
		labels: slices.Clone(d.Labels), settings: s, documents: len(rows), bias: bias,
		tokenizer: text.TokenizerVersion, unicode: text.UnicodeVersion(),
	}
	m.assemble(v, columns)
	return m, nil
}

// maxHalf is the largest number half precision holds.
const maxHalf = 65504

// prune keeps the weights of at least below times the largest, rounded to half
// precision; what rounds to zero goes too. The rule is relative so that it
// means the same at every cost C, which scales the weights.
func prune(w []float32, below float64) column[uint16] {
	largest := float32(0)
	for _, x := range w {
		largest = max(largest, abs(x))
	}
	floor := float32(below * float64(largest))
	var p column[uint16]
	for j, x := range w {
		if abs(x) < floor {
			continue
		}
		bits := artifact.ToFloat16(min(max(x, -maxHalf), maxHalf))
		if bits&0x7fff != 0 {
			p.feature = append(p.feature, int32(j))
			p.weight = append(p.weight, bits)
		}
	}
	return p
}

// abs is math.Abs for single precision.
func abs(x float32) float32 { return float32(math.Abs(float64(x))) }

// assemble turns the weights by problem into lists by feature, and drops the
// features nobody uses. A dropped feature no longer counts in the length of a
// row, so that the margins of documents that have it grow by a few percent;
// the model that is evaluated is the one without it.
func (m *Model) assemble(v *text.Vocabulary, columns []column[uint16]) {
	keep := make([]bool, v.Len())
	for _, p := range columns {
		for _, f := range p.feature {
			keep[f] = true
		}
	}
	var order []int32
	m.vocabulary, order = v.Compact(keep)
	renumber := make([]int32, v.Len())
	for now, old := range order {
		renumber[old] = int32(now)
	}
	for _, p := range columns {
		for k, f := range p.feature {
			p.feature[k] = renumber[f]
		}
	}
	m.lists, m.weight = gather(len(order), columns)
}
