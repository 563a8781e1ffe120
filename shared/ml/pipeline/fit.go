package pipeline

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/linear"
	"godwit/shared/ml/sparse"
	"godwit/shared/ml/text"
)

// solver returns the learner that settings describe, for a path of costs.
func (s Settings) solver(path []float64) linear.SVM {
	return linear.SVM{Loss: s.Loss, C: path, Epsilon: s.Epsilon, Bias: 1, Seed: s.Seed}
}

// pick returns the classes and weights of rows.
func (d Data) pick(rows []int32) (y []int32, weight []float32) {
	y = make([]int32, len(rows))
	for k, i := range rows {
		y[k] = d.Y[i]
	}
	if d.Weight == nil {
		return y, nil
	}
	weight = make([]float32, len(rows))
	for k, i := range rows {
		weight[k] = d.Weight[i]
	}
	return y, weight
}

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
	if len(path) == 0 || !slices.IsSorted(path) {
		return nil, fmt.Errorf("%w: path of costs %v", ErrInvalid, path)
	}
	if err := d.checkClasses(train); err != nil {
		return nil, err
	}
	v := d.Corpus.Vocabulary(train, s.Recipe)
	x := d.Corpus.Matrix(v, train)
	rest := d.Corpus.Matrix(v, held)
	y, weight := d.pick(train)
	classes := len(d.Labels)
	out := make([][]float32, len(path))
	for i := range out {
		out[i] = make([]float32, len(held)*classes)
	}
	err := s.solver(path).OneVsRest(ctx, x, y, weight, classes, workers, func(sol linear.Solution) error {
		margins := out[sol.Step]
		for i := range rest.Rows {
			m := dot(rest, i, sol)
			margins[i*classes+sol.Class] = m
			if classes == 2 {
				margins[i*classes] = -m
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("pipeline: fit fold: %w", err)
	}
	return out, nil
}

// dot returns the margin of a row.
func dot(x *sparse.Matrix, row int, sol linear.Solution) float32 {
	index, value := x.Row(row)
	sum := float64(sol.Bias)
	for k, j := range index {
		sum += float64(value[k]) * float64(sol.Weight[j])
	}
	return float32(sum)
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
	if err := d.checkClasses(rows); err != nil {
		return nil, err
	}
	v := d.Corpus.Vocabulary(rows, s.Recipe)
	x := d.Corpus.Matrix(v, rows)
	y, weight := d.pick(rows)
	n := problems(len(d.Labels))
	columns := make([]pruned, n)
	bias := make([]float32, n)
	var done atomic.Int64
	err := s.solver([]float64{s.C}).OneVsRest(ctx, x, y, weight, len(d.Labels), workers, func(sol linear.Solution) error {
		p := sol.Class
		if n == 1 {
			p = 0
		}
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
		labels: slices.Clone(d.Labels), settings: s, temperature: 1, bias: bias,
		tokenizer: text.TokenizerVersion, unicode: text.UnicodeVersion(),
	}
	m.assemble(v, columns)
	return m, nil
}

// pruned is what is left of the weights of one problem.
type pruned struct {
	feature []int32 // ascending
	weight  []uint16
}

// maxHalf is the largest number half precision holds.
const maxHalf = 65504

// prune keeps the weights of at least below times the largest, rounded to half
// precision; what rounds to zero goes too. The rule is relative so that it
// means the same at every cost C, which scales the weights.
func prune(w []float32, below float64) pruned {
	largest := float32(0)
	for _, x := range w {
		largest = max(largest, abs(x))
	}
	floor := float32(below * float64(largest))
	var p pruned
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
func (m *Model) assemble(v *text.Vocabulary, columns []pruned) {
	keep := make([]bool, v.Len())
	total := 0
	for _, p := range columns {
		for _, f := range p.feature {
			keep[f] = true
		}
		total += len(p.feature)
	}
	var order []int32
	m.vocabulary, order = v.Compact(keep)
	renumber := make([]int32, v.Len())
	for now, old := range order {
		renumber[old] = int32(now)
	}
	m.start = make([]uint32, len(order)+1)
	for _, p := range columns {
		for _, f := range p.feature {
			m.start[renumber[f]+1]++
		}
	}
	for i := range order {
		m.start[i+1] += m.start[i]
	}
	// next[i] is where the next weight of feature i goes; filling problem by
	// problem leaves every list ascending.
	next := slices.Clone(m.start)
	m.weight = make([]uint16, total)
	m.class = newClassList(len(columns), total)
	for c, p := range columns {
		for k, f := range p.feature {
			at := next[renumber[f]]
			next[renumber[f]]++
			m.weight[at] = p.weight[k]
			m.class.set(at, c)
		}
	}
}
