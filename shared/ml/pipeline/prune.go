package pipeline

import (
	"slices"

	"godwit/shared/ml/sparse"
)

// PruneLadder are the values of Settings.PruneBelow that a Trial tries, rising;
// the first prunes nothing, and then rounding alone is measured.
var PruneLadder = []float64{-1, DefaultPruneBelow, 2e-3, 3e-3, 5e-3, .01, .02, .03}

// Pruning is what a step of PruneLadder comes to.
type Pruning struct {
	Below   float64 `json:"below"`   // the step, as Settings.PruneBelow
	Same    int     `json:"same"`    // rows whose answer stays as it was
	Rows    int     `json:"rows"`    // that it was tried on
	Weights int64   `json:"weights"` // kept
}

// thinned is what pruned weights, rounded to half precision, say of the sampled
// rows, for one cost and for each step of the ladder.
type thinned struct {
	margins []float32 // problems x ladder x rows
	kept    []int64   // ladder x problems
}

func newThinned(rows, width int) thinned {
	n := len(PruneLadder)
	return thinned{make([]float32, n*rows*width), make([]int64, n*width)}
}

// fits reports whether the measures are of so many rows and problems.
func (t thinned) fits(rows, width int) bool {
	n := len(PruneLadder)
	return len(t.margins) == n*rows*width && len(t.kept) == n*width
}

// tryout is the scratch memory of one try: for each sampled row the sums of what
// reaches 0, 1, 2 ... steps of the ladder.
type tryout []float64

// try measures the weights of one problem, at place at of width ones, on every
// step of the ladder in one go: a weight counts for the steps up to the last whose
// floor it reaches. features holds the sampled rows, features x rows, so that the
// many weights that are 0 cost nothing.
func (t thinned) try(scratch *tryout, w weights, features *sparse.Matrix, at, width int) {
	n, rows := len(PruneLadder), features.Cols
	floor := make([]float32, n)
	most := float64(largest(w.single))
	for s, below := range PruneLadder {
		floor[s] = float32(below * most)
	}
	*scratch = resize(*scratch, rows*(n+1))
	sum := *scratch
	clear(sum)
	kept := make([]int64, n+1)
	for j, v := range w.single {
		if v == 0 {
			continue
		}
		half, s := float64(halved(v)), 0
		if half == 0 {
			continue
		}
		for a := abs(v); s < n && a >= floor[s]; {
			s++
		}
		kept[s]++
		index, value := features.Row(j)
		for e, k := range index {
			sum[int(k)*(n+1)+s] += float64(value[e]) * half
		}
	}
	for k := range rows {
		margin := w.bias
		for s := n; s > 0; s-- {
			margin += sum[k*(n+1)+s]
			t.margins[(at*n+s-1)*rows+k] = float32(margin)
		}
	}
	total := int64(0)
	for s := n; s > 0; s-- {
		total += kept[s]
		t.kept[(s-1)*width+at] = total
	}
}

// byFeature returns the sampled rows as a matrix of features x rows.
func byFeature(x *sparse.Matrix, sample []int32) *sparse.Matrix {
	m := &sparse.Matrix{Rows: len(sample), Cols: x.Cols, Start: []int64{0}}
	for _, row := range sample {
		index, value := x.Row(int(row))
		m.Index, m.Value = append(m.Index, index...), append(m.Value, value...)
		m.Start = append(m.Start, int64(len(m.Index)))
	}
	return m.Transpose()
}

// sample returns the held rows on which pruning is tried, nil for none.
func (t *Trial) sample() []int32 {
	n := min(t.PruneRows, t.held.Rows)
	if n <= 0 {
		return nil
	}
	// Evenly spread and not drawn: every part must sample the same rows.
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i * t.held.Rows / n)
	}
	return rows
}

// pruning tells what each step comes to for one cost. The dropped features'
// part in the length of a row is left in: it scales all classes alike.
func (t *Trial) pruning(parts []*Part, cost int, margins []float32, sample []int32) []Pruning {
	out := make([]Pruning, len(PruneLadder))
	answer := make([]float32, t.Problems())
	for s := range out {
		same := 0
		for k, row := range sample {
			for _, p := range parts {
				for q := range p.block.Len() {
					answer[p.block.From+q] = p.pruned[cost].margins[(q*len(out)+s)*len(sample)+k]
				}
			}
			if answerOf(answer) == answerOf(margins[int(row)*t.classes:(int(row)+1)*t.classes]) {
				same++
			}
		}
		out[s] = Pruning{Below: PruneLadder[s], Same: same, Rows: len(sample)}
		for _, p := range parts {
			width := p.block.Len()
			for _, n := range p.pruned[cost].kept[s*width : (s+1)*width] {
				out[s].Weights += n
			}
		}
	}
	return out
}

// answerOf returns the class that margins speak for, those of the classes or
// that of the only problem of two.
func answerOf(margins []float32) int {
	if len(margins) > 1 {
		return slices.Index(margins, slices.Max(margins))
	}
	if margins[0] > 0 {
		return 1
	}
	return 0
}
