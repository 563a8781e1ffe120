package linear

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
)

const (
	// A working set is solved until its violation has fallen to innerShare of
	// that of the last full sweep, or to finalShare of Epsilon. The figures
	// were measured on three text sets of 10,000 to 45,000 rows; between .1
	// and .4, and between .3 and 1, the cost differs by less than a tenth.
	innerShare = .2
	finalShare = .6
	// innerLimit bounds the sweeps of one working set, so that a hard problem
	// still sees all its rows before MaxIterations ends it.
	innerLimit = 30
	// blockRows rows are visited in memory order, blocks at random: a wholly
	// random order cost up to a quarter more time for cache misses, memory
	// order throughout a fifth more visits.
	blockRows = 4
	// tiny is the gradient below which a row counts as solved: LIBLINEAR's figure.
	tiny = 1e-12
)

// solver holds one worker's state. It is reused from class to class.
type solver struct {
	*problem
	w      []float64 // weights of the packed columns: sum of sign*alpha*x
	bias   float64   // weight of the bias feature
	alpha  []float64 // dual variable of each packed row
	active []int32   // working set, packed rows
	blocks []int32   // order of blocks in a full sweep
	random *rand.PCG
	out    []float32 // weights of the original columns

	// Of the class and C being solved:
	class    int32
	value    float64 // of the bias feature, 0 for none
	c        float64
	softness float64 // 1/(2C) for the squared hinge, 0 for the hinge
	low      float64 // least and greatest projected gradient of the sweep
	high     float64
}

func newSolver(p *problem) *solver {
	n := len(p.rows)
	return &solver{
		problem: p,
		w:       make([]float64, p.columns),
		alpha:   make([]float64, n),
		active:  make([]int32, 0, n),
		blocks:  make([]int32, (n+blockRows-1)/blockRows),
		random:  rand.NewPCG(0, 0),
		out:     make([]float32, len(p.place)),
		value:   max(p.set.Bias, 0),
	}
}

// path solves one class for every C, each starting where the last one ended:
// the dual variables stay feasible as C grows, and with them the weights.
func (s *solver) path(ctx context.Context, class int32, each func(Solution) error) error {
	s.class = class
	s.random.Seed(s.set.Seed, classStream+uint64(class))
	clear(s.w)
	clear(s.alpha)
	s.bias = 0
	for i := range s.blocks {
		s.blocks[i] = int32(i)
	}
	for step, c := range s.set.C {
		s.c = c
		if s.set.Loss == SquaredHinge {
			s.softness = .5 / c
		}
		iterations, converged, err := s.solve(ctx)
		if err != nil {
			return fmt.Errorf("linear: class %d: %w", class, err)
		}
		s.unpack()
		err = each(Solution{
			Class: int(class), Step: step, C: c,
			Weight: s.out, Bias: float32(s.bias * s.value),
			Objective: s.objective(), Iterations: iterations, Converged: converged,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// solve alternates full sweeps, which find the rows that matter and tell when
// to stop, with sweeps over those rows alone. Most rows of one class against
// the rest are safely negative and never change again: dropping every row the
// gradient presses against its bound at once, and looking again later, visited
// a row 5.0 times where LIBLINEAR's shrinking took 8.0 (banking77, C=1).
func (s *solver) solve(ctx context.Context) (iterations int, converged bool, err error) {
	for iterations < s.set.MaxIterations {
		if err := ctx.Err(); err != nil {
			return iterations, false, context.Cause(ctx)
		}
		violation := s.sweepAll()
		iterations++
		if violation <= s.set.Epsilon {
			return iterations, true, nil
		}
		if s.set.NoShrinking {
			continue
		}
		target := max(violation*innerShare, s.set.Epsilon*finalShare)
		for range min(innerLimit, s.set.MaxIterations-iterations) {
			if err := ctx.Err(); err != nil {
				return iterations, false, context.Cause(ctx)
			}
			iterations++
			if s.sweepActive() <= target {
				break
			}
		}
	}
	return iterations, false, nil
}

// sweepAll visits every row once, blocks in random order, makes the working
// set of those that are not safely inactive, and returns the violation: how
// far apart the projected gradients lie.
func (s *solver) sweepAll() float64 {
	shuffle(s.random, s.blocks)
	s.active = s.active[:0]
	// From 0 and not from infinity: at the optimum all projected gradients are 0,
	// so a lone row far from it counts by its distance from 0.
	s.low, s.high = 0, 0
	for _, b := range s.blocks {
		first := b * blockRows
		for i := first; i < min(first+blockRows, int32(len(s.rows))); i++ {
			if s.visit(i) {
				s.active = append(s.active, i)
			}
		}
	}
	return s.high - s.low
}

// sweepActive visits the working set once in random order, drops the rows
// that have become safely inactive, and returns the violation within the set.
func (s *solver) sweepActive() float64 {
	s.low, s.high = 0, 0
	kept := 0
	for k := range s.active {
		// One step of the shuffle that fills the places behind k.
		j := k + below(s.random, len(s.active)-k)
		i := s.active[j]
		s.active[j] = s.active[k]
		// Places below k are free: their rows were visited.
		s.active[k] = i
		if s.visit(i) {
			s.active[k] = s.active[kept]
			s.active[kept] = i
			kept++
		}
	}
	s.active = s.active[:kept]
	return s.high - s.low
}

// visit solves the dual for row i's variable alone, all others fixed: a
// Newton step on a quadratic, cut to the box [0, limit] (Hsieh et al. 2008,
// algorithm 1 and equation 9). It reports whether the row belongs in the
// working set, that is, is not pressed against its bound by the gradient.
func (s *solver) visit(i int32) bool {
	r := &s.rows[i]
	sign := -1.0
	if r.class == s.class {
		sign = 1
	}
	limit, softness := math.Inf(1), s.softness*r.scale
	if s.softness == 0 {
		limit = s.c * r.scale
	}
	entries := s.entries[r.first:r.end]
	alpha := s.alpha[i]
	gradient := sign*(dot(s.w, entries)+s.bias*s.value) - 1 + (r.own+softness)*alpha
	// At a bound, a gradient that presses against it is projected to 0.
	switch {
	case alpha == 0 && gradient > 0, alpha == limit && gradient < 0:
		return false
	}
	s.low, s.high = min(s.low, gradient), max(s.high, gradient)
	if math.Abs(gradient) > tiny {
		// A row without columns or bias has norm 0 under the hinge: the
		// quotient is infinite and the box cuts it, as it should.
		moved := min(max(alpha-gradient/(r.norm+softness), 0), limit)
		s.alpha[i] = moved
		step := sign * (moved - alpha)
		add(s.w, entries, step)
		s.bias += step * s.value
	}
	return true
}

// dot returns w.x. Two sums hide the latency of the additions.
func dot(w []float64, x []entry) float64 {
	var even, odd float64
	for len(x) >= 2 {
		even += w[x[0].column] * float64(x[0].value)
		odd += w[x[1].column] * float64(x[1].value)
		x = x[2:]
	}
	if len(x) > 0 {
		even += w[x[0].column] * float64(x[0].value)
	}
	return even + odd
}

// add adds step*x to w.
func add(w []float64, x []entry, step float64) {
	for _, e := range x {
		w[e.column] += step * float64(e.value)
	}
}

// unpack writes the weights of the original columns to out.
func (s *solver) unpack() {
	for j, at := range s.place {
		if at >= 0 {
			s.out[j] = float32(s.w[at])
			continue
		}
		sign := -1.0
		if s.rows[^at].class == s.class {
			sign = 1
		}
		s.out[j] = float32(sign * s.alpha[^at] * float64(s.single[j]))
	}
}

// objective returns the dual objective at the current point,
//
//	sum of alpha - (w.w + v*v + sum of softness*alpha^2)/2,
//
// where w includes the folded columns.
func (s *solver) objective() float64 {
	squares := s.bias * s.bias
	for _, w := range s.w {
		squares += w * w
	}
	sum := 0.0
	for i, a := range s.alpha {
		r := &s.rows[i]
		sum += a
		squares += (r.own + s.softness*r.scale) * a * a
	}
	return sum - squares/2
}
