package cocoa

import (
	"math"
	"math/rand/v2"

	"godwit/shared/ml/linear"
)

const (
	// innerShare ends the sweeps of a round when the violation within the
	// working set has fallen to this share of what it was: more would be exact
	// for weights that are about to change.
	innerShare = .1
	// tiny is the gradient below which a row counts as solved: LIBLINEAR's figure.
	tiny = 1e-12
)

// solver holds one worker's state. It is reused from problem to problem.
type solver struct {
	*Shard
	w, start []float64 // weights of the shard's columns, divided by root: now, and where the round started
	alpha    []float64
	active   []int32 // working set
	pcg      *rand.PCG
	random   *rand.Rand

	class    int32
	bias     float64 // what the bias feature adds to a row's product
	softness float64 // 1/(2C) for the squared hinge, 0 for the hinge
	low      float64 // least and greatest projected gradient of the sweep
	high     float64
}

func newSolver(p *Shard) *solver {
	s := &solver{
		Shard: p, pcg: rand.NewPCG(0, 0),
		w:     make([]float64, len(p.common)+len(p.own)),
		start: make([]float64, len(p.common)+len(p.own)),
		alpha: make([]float64, len(p.rows)),
	}
	s.random = rand.New(s.pcg)
	if p.set.Loss == linear.SquaredHinge {
		s.softness = .5 / p.set.C
	}
	return s
}

// load takes up a problem with the dual variables of some rows, all others zero.
func (s *solver) load(class int32, common []float32, rows []int32, alpha []float64) {
	s.class = class
	s.bias = float64(common[len(common)-1]) * max(s.set.Bias, 0)
	clear(s.w)
	clear(s.alpha)
	for j, place := range s.common {
		s.w[j] = float64(common[place]) / s.root[j]
	}
	for k, i := range rows {
		s.alpha[i] = alpha[k]
		// The weights of own columns are nowhere else.
		r := &s.rows[i]
		for _, e := range s.entries[r.first:r.end] {
			if int(e.column) >= len(s.common) {
				s.w[e.column] += s.sign(r) * s.alpha[i] * float64(e.value)
			}
		}
	}
	copy(s.start, s.w)
}

// sign returns the label of a row in the problem being solved.
func (s *solver) sign(r *row) float64 {
	if r.class == s.class {
		return 1
	}
	return -1
}

// q returns what the square of a row's dual variable costs.
func (s *solver) q(r *row) float64 { return s.softness / r.weight }

// limit returns the greatest value of a row's dual variable.
func (s *solver) limit(r *row) float64 {
	if s.softness > 0 {
		return math.Inf(1)
	}
	return s.set.C * r.weight
}

// look goes over all rows without a change: it returns the weighted sum of
// losses and makes the working set of the rows that are not pressed against
// their bounds.
func (s *solver) look() (loss float64) {
	s.active = s.active[:0]
	s.low, s.high = 0, 0
	for i := range s.rows {
		r := &s.rows[i]
		margin := s.sign(r) * s.product(r)
		if slack := 1 - margin; slack > 0 {
			if s.softness > 0 {
				slack *= slack
			}
			loss += s.set.C * r.weight * slack
		}
		if s.counts(margin-1+s.q(r)*s.alpha[i], s.alpha[i], s.limit(r)) {
			s.active = append(s.active, int32(i))
		}
	}
	return loss
}

// counts reports whether a row belongs in the working set, and notes its
// gradient if so.
func (s *solver) counts(gradient, alpha, limit float64) bool {
	if alpha == 0 && gradient > 0 || alpha == limit && gradient < 0 {
		return false
	}
	s.low, s.high = min(s.low, gradient), max(s.high, gradient)
	return true
}

// descend sweeps over the working set until it is good enough for one round.
func (s *solver) descend() {
	target := (s.high - s.low) * innerShare
	for range s.set.Sweeps {
		s.low, s.high = 0, 0
		kept := 0
		for k := range s.active {
			// One step of the shuffle that fills the places behind k; those
			// below it are free.
			j := k + s.random.IntN(len(s.active)-k)
			i := s.active[j]
			s.active[j] = s.active[k]
			s.active[k] = i
			if s.visit(i) {
				s.active[k] = s.active[kept]
				s.active[kept] = i
				kept++
			}
		}
		s.active = s.active[:kept]
		if s.high-s.low <= target {
			return
		}
	}
}

// visit solves for one row's variable alone, as package linear does, and reports
// whether the row stays in the working set.
func (s *solver) visit(i int32) bool {
	r := &s.rows[i]
	sign, alpha, q, limit := s.sign(r), s.alpha[i], s.q(r), s.limit(r)
	gradient := sign*s.product(r) - 1 + q*alpha
	if !s.counts(gradient, alpha, limit) {
		return false
	}
	if math.Abs(gradient) > tiny {
		// Without columns and q the quotient is infinite, and the box cuts it.
		s.move(i, min(max(alpha-gradient/(r.norm+q), 0), limit))
	}
	return true
}

// move sets a row's variable and takes the weights along.
func (s *solver) move(i int32, alpha float64) {
	r := &s.rows[i]
	step := s.sign(r) * (alpha - s.alpha[i])
	s.alpha[i] = alpha
	for _, e := range s.entries[r.first:r.end] {
		s.w[e.column] += step * float64(e.value)
	}
}

// advance goes on from what the round found, in the direction in which it lies
// from what the round before found, by the share beta of that distance, within
// the box (Beck and Teboulle, "A Fast Iterative Shrinking-Thresholding Algorithm
// for Linear Inverse Problems", 2009).
func (s *solver) advance(found, last []float64, beta float64) {
	for i := range s.rows {
		if moved := found[i] - last[i]; moved != 0 {
			s.move(int32(i), min(max(found[i]+beta*moved, 0), s.limit(&s.rows[i])))
		}
	}
}

// product returns w.x of a row and its bias; the roots of m in w and x cancel.
// Two sums hide the latency of the additions.
func (s *solver) product(r *row) float64 {
	even, odd := s.bias, 0.0
	x := s.entries[r.first:r.end]
	for ; len(x) >= 2; x = x[2:] {
		even += s.w[x[0].column] * float64(x[0].value)
		odd += s.w[x[1].column] * float64(x[1].value)
	}
	if len(x) > 0 {
		even += s.w[x[0].column] * float64(x[0].value)
	}
	return even + odd
}
