package logistic

import (
	"math"

	"godwit/shared/ml/sparse"
)

// problem is the training data packed for the solvers: built once, shared by
// all classes and never changed after.
//
// Packed columns are numbered from the most frequent down, so the weights that
// are touched all the time share cache lines; the intercept is a column of
// ones, which makes it the first. Under L2 all the columns that only row i has
// are replaced by one: at the optimum their weights are proportional to their
// values (both are the row's residual times the value), so a single column
// whose value is their norm has the same penalty and the same margins. Of word
// pairs and character n-grams that is most columns.
type problem struct {
	set     Regression
	rows    *sparse.Matrix // packed
	columns *sparse.Matrix // its transpose
	y       []int32        // class of each packed row
	weight  []float64      // of each packed row, above 0
	free    int            // columns at the front without penalty: the intercept, if any

	// How to get back the weight of an original column j: share[j] times that
	// of packed column place[j], or 0 when place[j] is negative, since no row
	// has it.
	place []int32
	share []float32
}

// newProblem packs checked rows whose weight is above 0.
func newProblem(x *sparse.Matrix, y []int32, weight []float32, set Regression) *problem {
	p := &problem{set: set, place: make([]int32, x.Cols), share: make([]float32, x.Cols)}
	if !set.NoIntercept {
		p.free = 1
	}
	var kept []int
	for i := range x.Rows {
		of := 1.0
		if weight != nil {
			of = float64(weight[i])
		}
		if of > 0 {
			kept = append(kept, i)
			p.y = append(p.y, y[i])
			p.weight = append(p.weight, of)
		}
	}
	p.columns = pack(x, kept, p)
	p.rows = p.columns.Transpose()
	return p
}

// packer lays out the packed columns.
type packer struct {
	*problem
	x         *sparse.Matrix
	kept      []int   // rows of x that are packed
	frequency []int32 // in how many of them each column is
	length    []int32 // entries of each packed column
	single    int32   // packed columns from here on stand for all that one row has alone
}

// pack sets p.place and p.share and returns the packed columns.
func pack(x *sparse.Matrix, kept []int, p *problem) *sparse.Matrix {
	a := &packer{problem: p, x: x, kept: kept, frequency: make([]int32, x.Cols)}
	for _, i := range kept {
		index, _ := x.Row(i)
		for _, j := range index {
			a.frequency[j]++
		}
	}
	least := int32(1)
	if p.set.L1Ratio == 0 {
		least = 2
	}
	a.number(least)
	norm := make([]float32, len(kept))
	if least > 1 {
		for k := range kept {
			norm[k] = a.merge(k)
		}
	}
	return a.fill(norm)
}

// number places the intercept and the columns that at least least rows have,
// the most frequent first and ties in their own order: a counting sort.
func (a *packer) number(least int32) {
	rows := int32(len(a.kept))
	next := make([]int32, rows+1)
	for _, f := range a.frequency {
		next[f]++
	}
	at := int32(a.free)
	for f := rows; f >= least; f-- {
		next[f], at = at, at+next[f]
	}
	a.single = at
	a.length = make([]int32, at, at+rows)
	if a.free > 0 {
		a.length[0] = rows
	}
	for j, f := range a.frequency {
		a.place[j] = -1
		if f >= least {
			a.place[j], a.share[j] = next[f], 1
			a.length[next[f]] = f
			next[f]++
		}
	}
}

// merge places what packed row k has alone in one packed column and returns
// its value, 0 for none.
func (a *packer) merge(k int) float32 {
	index, value := a.x.Row(a.kept[k])
	norm := 0.0
	for n, j := range index {
		if a.frequency[j] == 1 {
			norm = math.Hypot(norm, float64(value[n]))
		}
	}
	if norm == 0 {
		return 0
	}
	for n, j := range index {
		if a.frequency[j] == 1 {
			a.place[j], a.share[j] = int32(len(a.length)), float32(float64(value[n])/norm)
		}
	}
	a.length = append(a.length, 1)
	return float32(norm)
}

// fill returns the packed columns; norm[k] is the entry of what row k has alone.
func (a *packer) fill(norm []float32) *sparse.Matrix {
	out := &sparse.Matrix{Rows: len(a.length), Cols: len(a.kept), Start: make([]int64, len(a.length)+1)}
	for c, n := range a.length {
		out.Start[c+1] = out.Start[c] + int64(n)
	}
	out.Index = make([]int32, out.Start[out.Rows])
	out.Value = make([]float32, out.Start[out.Rows])
	next := append([]int64(nil), out.Start...)
	put := func(column int32, row int, value float32) {
		out.Index[next[column]], out.Value[next[column]] = int32(row), value
		next[column]++
	}
	single := a.single
	for k, i := range a.kept {
		if a.free > 0 {
			put(0, k, 1)
		}
		index, value := a.x.Row(i)
		for n, j := range index {
			if c := a.place[j]; c >= 0 && c < a.single {
				put(c, k, value[n])
			}
		}
		if norm[k] > 0 {
			put(single, k, norm[k])
			single++
		}
	}
	return out
}

// unpack sets out to the weights of the original columns, given those of the
// packed ones: every width-th of w from at.
func (p *problem) unpack(w []float64, width, at int, out []float32) {
	for j, c := range p.place {
		out[j] = 0
		if c >= 0 {
			out[j] = float32(w[int(c)*width+at] * float64(p.share[j]))
		}
	}
}

// intercept returns what unpack leaves out.
func (p *problem) intercept(w []float64, at int) float32 {
	if p.free == 0 {
		return 0
	}
	return float32(w[at])
}

// start sets the weights of the given classes to 0, their intercepts to the
// logarithms of how often they occur (against the rest, for one class alone),
// and their margins z accordingly: what the model without columns would say.
// It saves a rare class half its steps.
func (p *problem) start(w, z []float64, classes []int32) {
	clear(w)
	clear(z)
	if p.free == 0 {
		return
	}
	total := 0.0
	for _, v := range p.weight {
		total += v
	}
	width := len(classes)
	for k, class := range classes {
		count := 0.0
		for i, y := range p.y {
			if y == class {
				count += p.weight[i]
			}
		}
		// Half a row keeps a class that is absent, or alone, finite.
		half := total / float64(2*len(p.y))
		w[k] = math.Log(max(count, half))
		if width == 1 {
			w[k] -= math.Log(max(total-count, half))
		}
	}
	p.centre(w, z, width)
	for i := range z {
		z[i] = w[i%width]
	}
}

// centre moves the intercepts of width classes trained at once to mean 0 and
// their margins z with them, which changes nothing but their look: only the
// differences within a row count.
func (p *problem) centre(w, z []float64, width int) {
	if width == 1 || p.free == 0 {
		return
	}
	mean := 0.0
	for _, b := range w[:width] {
		mean += b
	}
	mean /= float64(width)
	for k := range width {
		w[k] -= mean
	}
	for k := range z {
		z[k] -= mean
	}
}
