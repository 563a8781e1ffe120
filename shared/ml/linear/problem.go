package linear

import (
	"math/rand/v2"

	"godwit/shared/ml/sparse"
)

// problem is the training data packed for coordinate descent. It is built
// once, shared by all classes and never changed after.
//
// Three things make it faster than the matrix it comes from. A column that
// only one row has is folded into that row: starting from zero its weight is
// always sign*alpha*value, so it adds value^2*alpha to the row's gradient and
// needs no memory of its own; of word pairs and character n-grams that is
// most columns. The other columns are numbered from the most frequent down,
// so the weights that are touched all the time share cache lines. And the
// rows are shuffled once, so that walking through memory in order is walking
// through the rows at random.
type problem struct {
	set     SVM
	rows    []row
	entries []entry
	columns int // after folding

	// How to get back the weight of an original column: the packed column
	// place[j] if that is not negative, else the row ^place[j] that alone has
	// the column, with value single[j].
	place  []int32
	single []float32
}

// entry is one non-zero: a packed column and its value.
type entry struct {
	column int32
	value  float32
}

// row is everything a visit needs besides the entries, side by side in memory.
type row struct {
	first, end int64 // its entries
	class      int32
	own        float64 // sum of squares of the folded columns
	norm       float64 // sum of squares of all columns and the bias feature
	scale      float64 // the row's weight for the hinge, its inverse for the squared hinge
}

// newProblem packs checked rows whose weight is above 0.
func newProblem(x *sparse.Matrix, y []int32, weight []float32, set SVM) *problem {
	p := &problem{set: set}
	order := shuffledRows(x.Rows, weight, set.Seed)
	kept := p.numberColumns(x, order)
	p.rows = make([]row, len(order))
	p.entries = make([]entry, 0, kept)
	for k, i := range order {
		p.rows[k] = p.packRow(x, i, int32(k))
		r := &p.rows[k]
		r.class, r.scale = y[i], 1
		if weight != nil {
			r.scale = float64(weight[i])
		}
		// C*weight bounds alpha under the hinge, 1/(2*C*weight) softens it under
		// the squared hinge: the weight itself, or its inverse, is what a visit
		// multiplies by.
		if set.Loss == SquaredHinge {
			r.scale = 1 / r.scale
		}
	}
	return p
}

// shuffledRows returns the rows of positive weight in random order.
func shuffledRows(rows int, weight []float32, seed uint64) []int32 {
	order := make([]int32, 0, rows)
	for i := range int32(rows) {
		if weight == nil || weight[i] > 0 {
			order = append(order, i)
		}
	}
	shuffle(rand.NewPCG(seed, orderStream), order)
	return order
}

// numberColumns sets place for the columns at least two of the rows have, the
// most frequent first and ties in their own order, and returns how many
// entries those have. The others are left at ^0 for packRow to fold.
func (p *problem) numberColumns(x *sparse.Matrix, rows []int32) (entries int64) {
	frequency := make([]int32, x.Cols)
	for _, i := range rows {
		index, _ := x.Row(int(i))
		for _, j := range index {
			frequency[j]++
		}
	}
	// A counting sort by falling frequency: first the columns of each
	// frequency, then where each frequency begins.
	next := make([]int32, len(rows)+1)
	for _, f := range frequency {
		next[f]++
	}
	at := int32(0)
	for f := len(rows); f >= 2; f-- {
		entries += int64(f) * int64(next[f])
		next[f], at = at, at+next[f]
	}
	p.columns = int(at)
	p.place = make([]int32, x.Cols)
	p.single = make([]float32, x.Cols)
	for j, f := range frequency {
		p.place[j] = ^0
		if f >= 2 {
			p.place[j] = next[f]
			next[f]++
		}
	}
	return entries
}

// packRow appends the entries of row i of x and returns it as packed row k.
func (p *problem) packRow(x *sparse.Matrix, i, k int32) row {
	r := row{first: int64(len(p.entries))}
	if p.set.Bias > 0 {
		r.norm = p.set.Bias * p.set.Bias
	}
	index, value := x.Row(int(i))
	for n, j := range index {
		square := float64(value[n]) * float64(value[n])
		r.norm += square
		if p.place[j] >= 0 {
			p.entries = append(p.entries, entry{p.place[j], value[n]})
			continue
		}
		r.own += square
		p.place[j], p.single[j] = ^k, value[n]
	}
	r.end = int64(len(p.entries))
	return r
}

// The random streams of one seed: the order of rows, and one for each class.
const (
	orderStream = iota
	classStream
)

// below returns a number in [0, n) for n up to 2^32, with a bias under n/2^32
// that an order of visits does not feel (Lemire, "Fast Random Integer
// Generation in an Interval", 2019).
func below(random *rand.PCG, n int) int {
	return int((random.Uint64() >> 32) * uint64(n) >> 32)
}

// shuffle permutes list in place.
func shuffle(random *rand.PCG, list []int32) {
	for i := range list {
		j := i + below(random, len(list)-i)
		list[i], list[j] = list[j], list[i]
	}
}
