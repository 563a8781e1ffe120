package pipeline

import (
	"iter"

	"godwit/shared/ml/linear/sgd"
	"godwit/shared/ml/sparse"
)

// stream gives the rows of a lesson some at a time, so that descent needs no
// matrix of all of them.
type stream struct {
	rows     int
	columns  int
	nonZeros int64                               // of all rows, or a bound of it
	some     func(places []int32) *sparse.Matrix // the features of the rows at some places
	target   []float64                           // the class of each row, or its number
	weight   []float32                           // nil means 1 for all
	group    []uint64                            // rows of one group are learnt from or judged by together; nil: each its own
	classes  int                                 // 0 of a regression
}

// handful is how many rows are made into features at one time: enough to make the
// cost of a call nothing, few enough to be no matrix worth mentioning.
const handful = 1024

// source gives the rows at some places, in an order of its own each epoch.
func (s stream) source(places []int32, seed uint64) sgd.Source {
	return func(epoch int) iter.Seq2[sgd.Row, error] {
		return func(yield func(sgd.Row, error) bool) {
			next := make([]int32, 0, min(handful, len(places)))
			for i := range sgd.Shuffled(len(places), seed, uint64(epoch)) {
				next = append(next, places[i])
				if len(next) < handful {
					continue
				}
				if !s.give(next, yield) {
					return
				}
				next = next[:0]
			}
			s.give(next, yield)
		}
	}
}

// give yields the rows at some places and reports whether more are wanted.
func (s stream) give(places []int32, yield func(sgd.Row, error) bool) bool {
	x := s.some(places)
	for k, i := range places {
		row := sgd.Row{Target: s.target[i], Weight: 1}
		row.Index, row.Value = x.Row(k)
		if s.weight != nil {
			row.Weight = s.weight[i]
		}
		if !yield(row, nil) {
			return false
		}
	}
	return true
}

// judges is the share of the rows, one in so many, that say when to stop.
const judges = 10

// divide parts the places of the rows into those to learn from and those that
// say when to stop. A row's group decides, so that rows that are alike are on
// one side, whatever their order and number; the groups in which a class is
// seen first are learnt from, for nothing can be learnt of a class that is only
// asked about.
func (s stream) divide() (learn, judge []int32) {
	group := func(i int) uint64 {
		if s.group == nil {
			return uint64(i)
		}
		return s.group[i]
	}
	needed := map[uint64]bool{}
	seen := make([]bool, max(s.classes, 1))
	for i, target := range s.target {
		class := 0
		if s.classes > 0 {
			class = int(target)
		}
		if !seen[class] {
			seen[class], needed[group(i)] = true, true
		}
	}
	for i := range s.target {
		// Fibonacci hashing: the upper bits depend on all of the group's.
		const golden = 0x9e3779b97f4a7c15
		if g := group(i); g*golden>>32%judges == 0 && !needed[g] {
			judge = append(judge, int32(i))
		} else {
			learn = append(learn, int32(i))
		}
	}
	return learn, judge
}

// places are those of all rows.
func (s stream) places() []int32 {
	all := make([]int32, s.rows)
	for i := range all {
		all[i] = int32(i)
	}
	return all
}

// total is the weight of all rows.
func (s stream) total() float64 {
	if s.weight == nil {
		return float64(s.rows)
	}
	sum := 0.0
	for _, w := range s.weight {
		sum += float64(w)
	}
	return sum
}

// longest returns the largest square length of a row, on which the rate of
// descent depends: one pass more over the rows.
func (s stream) longest() float64 {
	most := 0.0
	all := s.places()
	for from := 0; from < len(all); from += handful {
		x := s.some(all[from:min(from+handful, len(all))])
		for i := range x.Rows {
			_, value := x.Row(i)
			square := 0.0
			for _, v := range value {
				square += float64(v) * float64(v)
			}
			most = max(most, square)
		}
	}
	return most
}

// streamOf gives the rows of a matrix that is held anyway.
func streamOf(x *sparse.Matrix) stream {
	return stream{rows: x.Rows, columns: x.Cols, nonZeros: x.NonZeros(), some: func(places []int32) *sparse.Matrix {
		part := &sparse.Matrix{Rows: len(places), Cols: x.Cols, Start: make([]int64, 1, len(places)+1)}
		for _, i := range places {
			index, value := x.Row(int(i))
			part.Index, part.Value = append(part.Index, index...), append(part.Value, value...)
			part.Start = append(part.Start, int64(len(part.Index)))
		}
		return part
	}}
}

// ofClasses completes a stream with what a classifier is to learn.
func (s stream) ofClasses(l learner, r lesson) stream {
	s.target, s.classes, s.weight = make([]float64, len(r.y)), r.classes, l.weights(r)
	for i, class := range r.y {
		s.target[i] = float64(class)
	}
	return s
}
