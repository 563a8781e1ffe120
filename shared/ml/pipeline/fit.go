package pipeline

import (
	"context"
	"math"
	"slices"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/sparse"
	"godwit/shared/ml/text"
)

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

// rounds returns what is to be solved on rows, along a path. Descent is given
// the rows some at a time, and no matrix of all of them is made.
func (d Data) rounds(v *text.Vocabulary, rows []int32, s Settings, path []float64) (rounds, error) {
	l := s.learner()
	if !l.descent.on() {
		return newRounds(d.lesson(v, rows), l, path), nil
	}
	return descentRounds(stream{
		rows: len(rows), columns: v.Len(), nonZeros: d.Corpus.NonZeros(), group: pick(d.Group, rows),
		some: func(places []int32) *sparse.Matrix { return d.Corpus.Matrix(v, pick(rows, places)) },
	}.ofClasses(l, lesson{y: pick(d.Y, rows), weight: pick(d.Weight, rows), classes: len(d.Labels)}), l, path)
}

// Fit fits a model on rows at one go; NewFitting does it block by block.
// progress, when not nil, is told how many of the problems are solved, possibly
// by several goroutines at a time.
//
// The model does not depend on workers. It fails with ErrInvalid, ErrOneClass,
// the context's or the learner's error.
func Fit(ctx context.Context, d Data, rows []int32, s Settings, workers int, progress func(done, classes int)) (*Model, error) {
	f, err := NewFitting(d, rows, s)
	if err != nil {
		return nil, err
	}
	m, err := f.whole(ctx, workers, progress)
	if err != nil {
		return nil, err
	}
	return m.(textPredictor).Model, nil
}

// NewFitting prepares the fit of a model on rows. It fails with ErrInvalid,
// ErrOneClass or ErrMemory.
func NewFitting(d Data, rows []int32, s Settings) (*Fitting, error) {
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
	r, err := d.rounds(v, rows, s, []float64{s.C})
	if err != nil {
		return nil, err
	}
	return newFitting(r, v, d.Labels, len(rows), s), nil
}

// newFitting returns the fit of a model of the features of v, counted over so
// many documents.
func newFitting(r rounds, v *text.Vocabulary, labels []string, documents int, s Settings) *Fitting {
	labels = slices.Clone(labels)
	return &Fitting{
		rounds: r, features: v.Len(),
		keep: func(w weights) column { return prune(w.single, s.PruneBelow) },
		model: func(columns []column, bias []float64) Predictor {
			m := &Model{
				labels: labels, settings: s, documents: documents, bias: make([]float32, len(bias)),
				tokenizer: text.TokenizerVersion, unicode: text.UnicodeVersion(),
			}
			for p, b := range bias {
				m.bias[p] = float32(b)
			}
			m.assemble(v, columns)
			return m.Predictor()
		},
	}
}

// maxHalf is the largest number half precision holds.
const maxHalf = 65504

// prune keeps the weights of at least below times the largest, rounded to half
// precision; what rounds to zero goes too. The rule is relative so that it
// means the same at every cost C, which scales the weights.
func prune(w []float32, below float64) column {
	floor := float32(below * float64(largest(w)))
	var p column
	for j, x := range w {
		if abs(x) < floor {
			continue
		}
		if x = halved(x); x != 0 {
			p.feature = append(p.feature, int32(j))
			p.weight = append(p.weight, x)
		}
	}
	return p
}

// halved rounds a weight to half precision.
func halved(x float32) float32 {
	return artifact.Float16(artifact.ToFloat16(min(max(x, -maxHalf), maxHalf)))
}

// largest returns the size of the largest weight.
func largest(w []float32) float32 {
	most := float32(0)
	for _, x := range w {
		most = max(most, abs(x))
	}
	return most
}

// abs is math.Abs for single precision.
func abs(x float32) float32 { return float32(math.Abs(float64(x))) }

// assemble turns the weights by problem into lists by feature, and drops the
// features nobody uses. A dropped feature no longer counts in the length of a
// row, so that the margins of documents that have it grow by a few percent;
// the model that is evaluated is the one without it.
func (m *Model) assemble(v *text.Vocabulary, columns []column) {
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
	packed := make([]column, len(columns)) // not in place: a Part does not change
	for p, c := range columns {
		packed[p] = column{make([]int32, len(c.feature)), c.weight}
		for k, f := range c.feature {
			packed[p].feature[k] = renumber[f]
		}
	}
	m.lists, m.weight = gather(len(order), packed, artifact.ToFloat16)
}
