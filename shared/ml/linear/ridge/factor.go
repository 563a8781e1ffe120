package ridge

import (
	"math"
	"slices"

	"godwit/shared/ml/linear/kernel"
)

const (
	// flat is the share of a column's sum of squares below which what its
	// centring leaves is rounding: the column is constant.
	flat = 1e-13
	// lift raises the diagonal when columns depend on each other, by this
	// share first and a hundred times more with each attempt.
	lift = 1e-12
)

// diagonal is the preconditioner for many columns.
type diagonal struct {
	square []float64 // sum of squares of each column of X, by weight
	alpha  float64
}

func newDiagonal(s *solver) *diagonal {
	d := &diagonal{square: make([]float64, s.columns.Rows)}
	s.crew.MultiplySquares(s.columns, s.weight, 1, d.square)
	total := s.crew.Sum(len(s.weight), func(low, high int) float64 {
		sum := 0.0
		for _, v := range s.weight[low:high] {
			sum += v
		}
		return sum
	})
	for j, m := range s.mean {
		d.square[j] = centred(d.square[j], total*m*m)
	}
	return d
}

// centred returns square-shift, 0 when that is rounding.
func centred(square, shift float64) float64 {
	if c := square - shift; c > flat*square {
		return c
	}
	return 0
}

// prepare notes alpha: the diagonal is added up anew for each column.
func (d *diagonal) prepare(alpha float64) { d.alpha = alpha }

// solve divides by the diagonal; a constant column without penalty gets 0, for
// nothing is known of it.
func (d *diagonal) solve(right, out []float64) {
	for j, v := range right {
		out[j] = 0
		if h := d.square[j] + d.alpha; h > 0 {
			out[j] = v / h
		}
	}
}

// factor is the preconditioner for few columns: the Cholesky factor of the
// normal equations transpose(X) W X + alpha.
type factor struct {
	n     int
	gram  []float64 // transpose(X) W X, n x n, from the diagonal on
	lower []float64 // n x n, its lower triangle holds the factor
}

// newFactor forms the normal equations. Each row of them is summed by one
// goroutine in the order of the training rows.
func newFactor(s *solver) *factor {
	n := s.columns.Rows
	f := &factor{n: n, gram: make([]float64, n*n), lower: make([]float64, n*n)}
	total := 0.0
	for _, v := range s.weight {
		total += v
	}
	s.crew.Each(n, func(j int) {
		out := f.gram[j*n : (j+1)*n]
		rows, of := s.columns.Row(j)
		for t, i := range rows {
			index, value := s.rows.Row(int(i))
			from, _ := slices.BinarySearch(index, int32(j)) // the upper half: it is symmetric
			v := s.weight[i] * float64(of[t])
			for k := from; k < len(index); k++ {
				out[index[k]] += v * float64(value[k])
			}
		}
		for k := n - 1; k > j; k-- {
			out[k] -= total * s.mean[j] * s.mean[k]
		}
		out[j] = centred(out[j], total*s.mean[j]*s.mean[j])
	})
	return f
}

// prepare factors the equations with alpha on their diagonal, raised until
// they are safely positive.
func (f *factor) prepare(alpha float64) {
	// It ends: once raise is large the diagonal outweighs all else.
	for raise := 0.0; !f.try(alpha, raise); raise = max(raise*100, lift) {
	}
}

// try computes the Cholesky factor and reports whether all pivots were
// clearly positive.
func (f *factor) try(alpha, raise float64) bool {
	n, l := f.n, f.lower
	for i := range n {
		whole := f.gram[i*n+i]*(1+raise) + alpha
		if whole == 0 {
			whole = 1 // a constant column: nothing depends on it
		}
		row := l[i*n : i*n+i+1]
		for j := range i {
			row[j] = (f.gram[j*n+i] - kernel.Dot(row[:j], l[j*n:])) / l[j*n+j]
		}
		pivot := whole - kernel.Dot(row[:i], row)
		if !(pivot > flat*whole) {
			return false
		}
		row[i] = math.Sqrt(pivot)
	}
	return true
}

// solve substitutes forwards and backwards.
func (f *factor) solve(right, out []float64) {
	n, l := f.n, f.lower
	for i := range n {
		out[i] = (right[i] - kernel.Dot(out[:i], l[i*n:])) / l[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		out[i] /= l[i*n+i]
		for j := range i {
			out[j] -= l[i*n+j] * out[i]
		}
	}
}
