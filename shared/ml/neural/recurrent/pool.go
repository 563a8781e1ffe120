package recurrent

import (
	"math"

	"godwit/shared/ml/neural/vector"
)

// Pooling is how the states of a sequence become one vector.
type Pooling string

// The ways of pooling.
const (
	Last Pooling = "last" // the state the layer ends with: of a reverse one that of the first token
	Max  Pooling = "max"  // the largest of each unit over all tokens
	Mean Pooling = "mean" // the mean of each unit over all tokens
)

// Pool makes one vector of the states of each sequence.
type Pool struct {
	how     Pooling
	units   int
	reverse bool

	p    *Packed
	from []int32 // of Max: for each number of y the row it came from, by rank
	dy   []float32
}

// NewPool returns a pool over the states of a layer.
func NewPool(how Pooling, r *Recurrent) *Pool {
	return &Pool{how: how, units: r.units, reverse: r.reverse}
}

// Replica returns the pool for another goroutine.
func (q *Pool) Replica() *Pool { return &Pool{how: q.how, units: q.units, reverse: q.reverse} }

// Forward writes the vector of each sequence of h, rows x units, to y, where
// that of the sequence at place i of the batch begins at i*stride+offset: two
// directions share one y.
func (q *Pool) Forward(y, h []float32, p *Packed, stride, offset int) {
	q.p = p
	if q.how == Max {
		q.from = growIndex(q.from, p.active(0)*q.units)
	}
	for rank, place := range p.Order {
		out := y[place*stride+offset:][:q.units]
		switch q.how {
		case Last:
			copy(out, h[q.end(rank)*q.units:])
		case Max:
			q.largest(out, h, rank)
		case Mean:
			clear(out)
			n := q.each(rank, func(row int) { vector.Add(out, h[row*q.units:][:q.units]) })
			vector.Scale(out, 1/float32(n))
		}
	}
}

// Backward returns the derivatives by h of those by y.
func (q *Pool) Backward(dy []float32, stride, offset int) []float32 {
	q.dy = grow(q.dy, q.p.Rows()*q.units)
	clear(q.dy)
	for rank, place := range q.p.Order {
		d := dy[place*stride+offset:][:q.units]
		switch q.how {
		case Last:
			copy(q.dy[q.end(rank)*q.units:], d)
		case Max:
			for j, row := range q.from[rank*q.units:][:q.units] {
				q.dy[int(row)*q.units+j] = d[j]
			}
		case Mean:
			n := float32(q.each(rank, func(int) {}))
			q.each(rank, func(row int) { vector.Axpy(q.dy[row*q.units:][:q.units], d, 1/n) })
		}
	}
	return q.dy
}

// each calls f with the rows of the sequence of a rank in their order, and
// returns how many there are.
func (q *Pool) each(rank int, f func(row int)) int {
	n := 0
	for n < q.p.Steps() && rank < q.p.active(n) {
		f(q.p.Start[n] + rank)
		n++
	}
	return n
}

// end returns the row the layer ends with for the sequence of a rank.
func (q *Pool) end(rank int) int {
	if q.reverse {
		return rank
	}
	row := rank
	q.each(rank, func(r int) { row = r })
	return row
}

// largest writes the largest of each unit to out, of equal ones the first.
func (q *Pool) largest(out, h []float32, rank int) {
	from := q.from[rank*q.units:][:q.units]
	for j := range out {
		out[j] = float32(math.Inf(-1))
		from[j] = int32(rank)
	}
	q.each(rank, func(row int) {
		for j, v := range h[row*q.units:][:q.units] {
			if v > out[j] {
				out[j], from[j] = v, int32(row)
			}
		}
	})
}

// growIndex is grow for row numbers.
func growIndex(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n)
	}
	return s[:n]
}
