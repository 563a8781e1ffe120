package tune

import (
	"cmp"
	"slices"
)

// Rung is one round of successive halving.
type Rung struct {
	Candidates int     // that are scored
	Share      float64 // of the training rows each learns from, in (0, 1]
}

// eta is by how much a rung narrows the field. 3 wastes little on candidates
// that a third of the rows would have ruled out and is close to the e that
// minimises the worst case (Jamieson and Talwalkar, "Non-stochastic Best Arm
// Identification and Hyperparameter Optimization", AISTATS 2016).
const eta = 3

// Halving returns the rungs that lead from n candidates to one or two: each keeps a
// third of the candidates of the one before on three times the rows, and the
// last sees all. cost is the work of one candidate on all rows; when the rungs
// would take more than budget, every share shrinks by one factor so that they
// do not. A budget of 0 is none. It returns nil without candidates.
func Halving(n int, cost, budget float64) []Rung {
	if n < 1 {
		return nil
	}
	var rungs []Rung
	for {
		rungs = append(rungs, Rung{Candidates: n, Share: 1})
		if n == 1 || len(rungs) > 1 && n < eta {
			break
		}
		n = (n + eta - 1) / eta
	}
	total, share := 0.0, 1.0
	for i := len(rungs) - 1; i >= 0; i-- {
		rungs[i].Share = share
		total += float64(rungs[i].Candidates) * share * cost
		share /= eta
	}
	if budget > 0 && total > budget {
		for i := range rungs {
			rungs[i].Share *= budget / total
		}
	}
	return rungs
}

// Sample returns a share of rows, ascending: of each class those with the
// lowest keys, its share rounded and at least two as far as it has them. y and
// key are indexed by row. Rows of equal key and class are taken in their order.
// A greater share holds every row of a smaller one, so that rungs grow.
func Sample(rows []int32, y []int32, key []uint64, share float64) []int32 {
	if share >= 1 {
		return rows
	}
	order := slices.Clone(rows)
	slices.SortStableFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(y[a], y[b]), cmp.Compare(key[a], key[b]))
	})
	var taken []int32
	for len(order) > 0 {
		n := 1
		for n < len(order) && y[order[n]] == y[order[0]] {
			n++
		}
		want := max(int(share*float64(n)+.5), 2)
		taken = append(taken, order[:min(want, n)]...)
		order = order[n:]
	}
	slices.Sort(taken)
	return taken
}
