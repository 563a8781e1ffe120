package cocoa

import (
	"math"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/sparse"
)

// Shard is the rows of one machine, packed for rounds. It does not change and
// is safe for concurrent use.
//
// Columns are numbered anew: those in common with other shards by their place
// among all common ones, then the bias feature, then those the shard alone has.
// Values are multiplied by the square root of m and weights divided by it, which
// turns the bound of the package comment into a plain inner product: a visit is
// that of any dual coordinate descent.
type Shard struct {
	set      SVM
	number   int
	problems []int32 // the class that is positive in each
	rows     []row
	entries  []entry

	places int       // common columns of all shards
	common []int32   // of the shard's common columns: place among those
	root   []float64 // of the shard's common columns: square root of m
	own    []int32   // original numbers of the columns of no other shard
}

// entry is one non-zero: a column of the shard and its scaled value.
type entry struct {
	column int32
	value  float32
}

// row is everything a visit needs besides the entries, side by side in memory.
type row struct {
	first, end int64 // its entries
	class      int32
	norm       float64 // sum of squares of its entries; the bias feature is none
	weight     float64
}

// NewShard packs the rows of shard `number`, counted from 0, of a layout made of
// all shards. Row i of x has class y[i] in [0, classes) and counts weight[i]
// times, nil meaning 1 for all. Weights that depend on the whole data, as those
// of linear.SquareRootBalanced, are the caller's to work out over all shards.
// Nothing given is changed or retained; memory is 8 bytes a non-zero and 48 a row.
//
// It fails with a *linear.InputError or a wrapped *sparse.ShapeError for rows or
// settings that cannot be trained; a shard whose rows all weigh 0 is one.
func (s SVM) NewShard(x *sparse.Matrix, y []int32, weight []float32, classes, number int, l *Layout) (*Shard, error) {
	s = s.withDefaults()
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := linear.CheckClasses(x, y, weight, classes); err != nil {
		return nil, err
	}
	if x.Cols != len(l.Holders) || number < 0 || number >= l.Shards {
		return nil, linear.Invalid("shard %d of %d columns in a layout of %d shards and %d columns", number, x.Cols, l.Shards, len(l.Holders))
	}
	p := &Shard{set: s, number: number, problems: linear.Problems(classes), places: len(l.Common)}
	places, err := p.place(x, l)
	if err != nil {
		return nil, err
	}
	for i := range x.Rows {
		switch {
		case weight == nil:
			p.pack(x, i, places, y[i], 1)
		case weight[i] > 0:
			p.pack(x, i, places, y[i], float64(weight[i]))
		}
	}
	return p, nil
}

// place numbers the columns anew and returns the new number of each that the
// shard has.
func (p *Shard) place(x *sparse.Matrix, l *Layout) ([]int32, error) {
	held := HeldBy(x)
	places := make([]int32, x.Cols)
	for place, j := range l.Common {
		if held[j/64]>>(j%64)&1 == 1 {
			places[j] = int32(len(p.common))
			p.common = append(p.common, int32(place))
			p.root = append(p.root, math.Sqrt(float64(l.Holders[j])))
		}
	}
	for j, n := range l.Holders {
		if n > 1 || held[j/64]>>(j%64)&1 == 0 {
			continue
		}
		places[j] = int32(len(p.common) + len(p.own))
		p.own = append(p.own, int32(j))
	}
	for _, j := range x.Index {
		if l.Holders[j] == 0 {
			return nil, linear.Invalid("column %d is not in the layout: it was counted without shard %d", j, p.number)
		}
	}
	return places, nil
}

// pack appends row i of x.
func (p *Shard) pack(x *sparse.Matrix, i int, places []int32, class int32, weight float64) {
	r := row{first: int64(len(p.entries)), class: class, weight: weight}
	add := func(column int32, value float64) {
		if int(column) < len(p.root) {
			value *= p.root[column]
		}
		// The norm is that of the rounded value, by which the row will move.
		e := entry{column, float32(value)}
		r.norm += float64(e.value) * float64(e.value)
		p.entries = append(p.entries, e)
	}
	index, value := x.Row(i)
	for k, j := range index {
		add(places[j], float64(value[k]))
	}
	r.end = int64(len(p.entries))
	p.rows = append(p.rows, r)
}

// At returns the shard for another penalty, sharing its rows. From the Duals of
// a smaller C a training goes on: they are feasible. It fails with a
// *linear.InputError.
func (p *Shard) At(c float64) (*Shard, error) {
	if err := linear.CheckPath([]float64{c}); err != nil {
		return nil, err
	}
	q := *p
	q.set.C = c
	return &q, nil
}
