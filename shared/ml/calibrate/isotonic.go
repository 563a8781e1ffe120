package calibrate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Steps is a function of one variable that never falls: straight lines between
// its knots, constant before the first and after the last. Without knots it is
// 0. It must not be changed while in use.
type Steps struct {
	X []float32 // strictly ascending
	Y []float32 // at each X, not descending
}

// At returns the value at x. Nothing is allocated.
func (s Steps) At(x float32) float32 {
	if len(s.X) == 0 {
		return 0
	}
	i, found := slices.BinarySearch(s.X, x)
	switch {
	case found || i == 0:
		return s.Y[i]
	case i == len(s.X):
		return s.Y[i-1]
	}
	share := (x - s.X[i-1]) / (s.X[i] - s.X[i-1])
	return s.Y[i-1] + share*(s.Y[i]-s.Y[i-1])
}

// check reports knots that Isotonic would not make of values in [0, 1].
func (s Steps) check() error {
	if len(s.X) != len(s.Y) || len(s.X) == 0 {
		return fmt.Errorf("knots at %d places with %d values", len(s.X), len(s.Y))
	}
	for i, x := range s.X {
		// Written so that NaN fails.
		if math.IsInf(float64(x), 0) || !(i == 0 && x == x || i > 0 && x > s.X[i-1]) {
			return fmt.Errorf("knot %d is at %v, not after the one before it", i, x)
		}
		if y := s.Y[i]; !(y >= 0 && y <= 1) || i > 0 && y < s.Y[i-1] {
			return fmt.Errorf("knot %d has the value %v", i, y)
		}
	}
	return nil
}

// block is a run of points that share one value.
type block struct {
	first, last float32 // x
	sum, weight float64
}

func (b block) mean() float64 { return b.sum / b.weight }

// pool pools adjacent violators among points that come by ascending x. The zero
// pool is empty and ready.
type pool struct {
	blocks []block // of rising mean
	point  block   // points of one x so far: only their mean counts
}

func (p *pool) add(x float32, y float64) {
	if p.point.weight > 0 && p.point.last != x {
		p.flush()
	}
	p.point.first, p.point.last = x, x
	p.point.sum += y
	p.point.weight++
}

// flush makes a block of the point. Equal means pool too: it makes the run one
// block and changes nothing.
func (p *pool) flush() {
	b := p.point
	for n := len(p.blocks); n > 0 && p.blocks[n-1].mean() >= b.mean(); n-- {
		before := p.blocks[n-1]
		p.blocks = p.blocks[:n-1]
		b = block{before.first, b.last, before.sum + b.sum, before.weight + b.weight}
	}
	p.blocks, p.point = append(p.blocks, b), block{}
}

// steps returns the function through the ends of the blocks and empties the pool.
func (p *pool) steps() Steps {
	if p.point.weight > 0 {
		p.flush()
	}
	var s Steps
	for _, b := range p.blocks {
		s.X, s.Y = append(s.X, b.first), append(s.Y, float32(b.mean()))
		if b.last != b.first {
			s.X, s.Y = append(s.X, b.last), append(s.Y, float32(b.mean()))
		}
	}
	p.blocks = p.blocks[:0]
	return s
}

// Isotonic returns the function that never falls and has the least sum of
// squares to y at x, found by pooling adjacent violators (Barlow, Bartholomew,
// Bremner and Brunk, "Statistical Inference under Order Restrictions", 1972) in
// O(n log n). Between the points it is linear, as in scikit-learn's
// IsotonicRegression; equal x count as one point with their mean. x must be
// finite. It panics when lengths differ.
func Isotonic(x, y []float32) Steps {
	if len(x) != len(y) {
		panic(fmt.Sprintf("calibrate: Isotonic: %d places and %d values", len(x), len(y)))
	}
	// Equal x are put in order of y, so that sums do not depend on the order of
	// the rows.
	order := make([]int32, len(x))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(x[a], x[b]), cmp.Compare(y[a], y[b]))
	})
	var p pool
	for _, i := range order {
		p.add(x[i], float64(y[i]))
	}
	return p.steps()
}
