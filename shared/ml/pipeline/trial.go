package pipeline

import (
	"context"
	"fmt"
	"sync"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/sparse"
)

// Trial scores one candidate on one fold: it is fitted on some rows, once for
// every cost of a path, each starting from the solution before it, and what
// comes of it are the margins of other rows. It is done block by block of its
// problems, here or in several functions: Block makes a Part, Join the margins
// of all, which do not depend on the blocks. Weights are neither pruned nor
// rounded. A Trial is safe for concurrent use once PruneRows is set.
type Trial struct {
	rounds
	held *sparse.Matrix
	// PruneRows is on how many of the held rows, evenly spaced, pruning is
	// tried. 0, the default, tries none, and so do tables, which are not pruned.
	PruneRows int
}

// Outcome is what a Trial found, an element for each cost of its path.
type Outcome struct {
	// Margins of the held rows, rows x classes, row by row; of two classes they
	// are -m and m. Of a regression the number predicted for each row.
	Margins [][]float32
	// Pruning tells what each step of PruneLadder would come to; nil when the
	// Trial tried none.
	Pruning [][]Pruning
}

// NewTrial prepares the scoring of a candidate that is fitted on the train rows
// for every cost of path (rising; s.C is not used) and judged on the held rows.
// The vocabulary and its frequencies come from the train rows alone. It fails
// with ErrInvalid, ErrOneClass or ErrMemory.
func NewTrial(d Data, train, held []int32, s Settings, path []float64) (*Trial, error) {
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
	r, err := d.rounds(v, train, s, path)
	if err != nil {
		return nil, err
	}
	return &Trial{rounds: r, held: d.Corpus.Matrix(v, held)}, nil
}

// Margins is a Trial of texts at one go, for its margins alone.
//
// The result does not depend on workers. It fails with ErrInvalid, ErrOneClass,
// the context's or the learner's error.
func Margins(ctx context.Context, d Data, train, held []int32, s Settings, path []float64, workers int) ([][]float32, error) {
	t, err := NewTrial(d, train, held, s, path)
	if err != nil {
		return nil, err
	}
	return t.whole(ctx, workers)
}

// TableMargins is Margins for tables.
func TableMargins(ctx context.Context, d TableData, train, held []int32, s TableSettings, path []float64, workers int) ([][]float32, error) {
	t, err := NewTableTrial(ctx, d, train, held, s, path)
	if err != nil {
		return nil, err
	}
	return t.whole(ctx, workers)
}

// whole returns the margins of all problems.
func (t *Trial) whole(ctx context.Context, workers int) ([][]float32, error) {
	out, err := t.Whole(ctx, workers)
	return out.Margins, err
}

// Block scores the problems of a block. The part does not depend on workers. It
// fails with the context's or the learner's error.
func (t *Trial) Block(ctx context.Context, block linear.Range, workers int) (*Part, error) {
	p := &Part{block: block, rows: t.held.Rows, margins: make([][]float32, len(t.path))}
	width := block.Len()
	for c := range p.margins {
		p.margins[c] = make([]float32, p.rows*width)
	}
	sample := t.sample()
	var scratch sync.Pool // of as many as there are workers
	var features *sparse.Matrix
	if sample != nil {
		features = byFeature(t.held, sample)
		p.pruned = make([]thinned, len(t.path))
		for c := range p.pruned {
			p.pruned[c] = newThinned(len(sample), width)
		}
	}
	err := t.solve(ctx, block, workers, func(w weights) error {
		out, at := p.margins[w.step], w.problem-block.From
		for i := range t.held.Rows {
			out[i*width+at] = w.margin(t.held, i)
		}
		if sample != nil {
			s, _ := scratch.Get().(*tryout)
			if s == nil {
				s = &tryout{}
			}
			p.pruned[w.step].try(s, w, features, at, width)
			scratch.Put(s)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("pipeline: fit fold: %w", err)
	}
	return p, nil
}

// margin returns the margin of a row.
func (w weights) margin(x *sparse.Matrix, row int) float32 {
	if w.double != nil {
		return float32(dot(x, row, w.double, w.bias))
	}
	return float32(dot(x, row, w.single, w.bias))
}

// Join returns the outcome of parts that Block made of this trial, in ascending
// order and of all problems. It may share memory with them. It fails with
// ErrInvalid when they are not that.
func (t *Trial) Join(parts ...*Part) (Outcome, error) {
	if err := inOrder(parts, t.Problems(), t.fits); err != nil {
		return Outcome{}, err
	}
	var out Outcome
	for c := range t.path {
		out.Margins = append(out.Margins, t.joined(parts, c))
	}
	if sample := t.sample(); sample != nil {
		for c := range t.path {
			out.Pruning = append(out.Pruning, t.pruning(parts, c, out.Margins[c], sample))
		}
	}
	return out, nil
}

// joined returns the margins of all classes for one cost.
func (t *Trial) joined(parts []*Part, cost int) []float32 {
	if len(parts) == 1 && t.classes != 2 {
		return parts[0].margins[cost]
	}
	n := max(t.classes, 1)
	out := make([]float32, t.held.Rows*n)
	for _, p := range parts {
		width := p.block.Len()
		for i := range t.held.Rows {
			from := p.margins[cost][i*width : (i+1)*width]
			if t.classes == 2 {
				out[2*i], out[2*i+1] = -from[0], from[0]
				continue
			}
			copy(out[i*n+p.block.From:], from)
		}
	}
	return out
}

// fits reports whether a part is of a trial of this shape.
func (t *Trial) fits(p *Part) bool {
	width := p.block.Len()
	ok := p.rows == t.held.Rows && len(p.margins) == len(t.path)
	for _, m := range p.margins {
		ok = ok && len(m) == p.rows*width
	}
	if sample := t.sample(); sample != nil {
		ok = ok && len(p.pruned) == len(t.path)
		for _, x := range p.pruned {
			ok = ok && x.fits(len(sample), width)
		}
	}
	return ok
}
