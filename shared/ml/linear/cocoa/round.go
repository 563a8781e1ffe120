package cocoa

import (
	"context"
	"slices"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/kernel"
)

// Round improves the dual variables of the shard's rows, starting from weights
// and from what the shard's last round left, nil before the first. It returns
// what to reduce and what to keep for the next round. At most workers goroutines
// run (at least one), each on a problem at a time with 16 bytes a column of the
// shard and 12 a row; the result does not depend on them.
//
// It fails with a *linear.InputError when weights or duals are of another
// training or round, or with the context's error, asked for before each problem.
func (p *Shard) Round(ctx context.Context, w *Weights, d *Duals, workers int) (*Update, *Duals, error) {
	d, err := p.fit(w, d)
	if err != nil {
		return nil, nil, err
	}
	u := &Update{shard: p.number, rounds: w.Rounds, problem: make([]change, len(p.problems))}
	next := &Duals{rounds: w.Rounds + 1, problem: make([]dual, len(p.problems))}
	err = kernel.Crew(workers).Tasks(ctx, len(p.problems), func() func(context.Context, int) error {
		s := newSolver(p)
		return func(ctx context.Context, k int) error {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			at := w.Problems[k]
			if at.Done {
				next.problem[k] = d.problem[k]
				return nil
			}
			// A stream for each shard, round and problem, so that a step that
			// runs twice, or on another worker, draws the same numbers.
			s.pcg.Seed(p.set.Seed, uint64(p.number)<<48^uint64(w.Rounds)<<24^uint64(k))
			s.load(p.problems[k], w.vector[k], d.problem[k].row, d.problem[k].start(at.Kept))
			u.problem[k], next.problem[k] = s.round(d.problem[k], momentum(at.Age))
			return nil
		}
	})
	if err != nil {
		return nil, nil, err
	}
	return u, next, nil
}

// fit verifies that weights and duals belong to the shard and to one round.
func (p *Shard) fit(w *Weights, d *Duals) (*Duals, error) {
	if d == nil {
		d = &Duals{problem: make([]dual, len(p.problems))}
	}
	if len(w.Problems) != len(p.problems) || len(w.vector[0]) != p.places+1 || w.C != p.set.C {
		return nil, linear.Invalid("weights of %d problems x %d columns for C %v, and a shard of %d x %d for C %v",
			len(w.Problems), len(w.vector[0]), w.C, len(p.problems), p.places+1, p.set.C)
	}
	if d.rounds != w.Rounds || len(d.problem) != len(p.problems) {
		return nil, linear.Invalid("duals of %d problems after %d rounds for weights of %d after %d", len(d.problem), d.rounds, len(w.Problems), w.Rounds)
	}
	for _, one := range d.problem {
		if n := len(one.row); n > 0 && int(one.row[n-1]) >= len(p.rows) {
			return nil, linear.Invalid("duals of row %d for a shard of %d rows", one.row[n-1], len(p.rows))
		}
	}
	return d, nil
}

// momentum returns how far a round goes on in the direction it went: (t-1)/t'
// of the sequence t' = (1+sqrt(1+4t^2))/2 nearly, which is age/(age+3).
func momentum(age int) float64 { return float64(age) / float64(age+3) }

// round solves the loaded problem and tells what changed. The sums of the
// objectives are of the point where the round started (b), not of where it ends:
// there all shards agree on w, so that Reduce can put their parts together.
func (s *solver) round(d dual, beta float64) (change, dual) {
	c := change{}
	c.sums.loss = s.look()
	before := slices.Clone(s.alpha)
	s.descend()
	found, last := slices.Clone(s.alpha), make([]float64, len(s.alpha))
	for k, i := range d.row {
		last[i] = d.found[k]
	}
	if beta > 0 {
		s.advance(found, last, beta)
	}
	var next dual
	for i, b := range before {
		a, r := s.alpha[i], &s.rows[i]
		c.sums.pull += s.sign(r) * b
		c.sums.nextPull += s.sign(r) * a
		// Only a row inside its box yields: one at a bound stays there when the
		// bias moves a little. 1/bend is its Newton step for a change of 1.
		if bend := r.norm + s.q(r); found[i] > 0 && found[i] < s.limit(r) && bend > 0 {
			c.sums.yield += 1 / bend
		}
		if a == 0 && b == 0 && found[i] == 0 {
			continue
		}
		next.row = append(next.row, int32(i))
		next.before, next.found, next.next = append(next.before, b), append(next.found, found[i]), append(next.next, a)
		c.sums.alpha += b
		c.sums.soft += s.q(r) * b * b
	}
	for j, place := range s.common {
		// w is divided by the root of m, and moved m times as far.
		if moved := float32((s.w[j] - s.start[j]) / s.root[j]); moved != 0 {
			c.column, c.weight = append(c.column, place), append(c.weight, moved)
		}
	}
	for _, w := range s.start[len(s.common):] {
		c.sums.square += w * w
	}
	return c, next
}

// Own calls each with the weights of the columns that no other shard has, for
// one problem after the other: the columns ascend, and both slices hold during
// the call only. It fails as Round does, or with the error of each.
func (p *Shard) Own(ctx context.Context, w *Weights, d *Duals, each func(problem int, column []int32, weight []float32) error) error {
	d, err := p.fit(w, d)
	if err != nil {
		return err
	}
	s := newSolver(p)
	weight := make([]float32, len(p.own))
	for k, class := range p.problems {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		s.load(class, w.vector[k], d.problem[k].row, d.problem[k].start(w.Problems[k].Kept))
		for j := range weight {
			weight[j] = float32(s.w[len(p.common)+j])
		}
		if err := each(k, p.own, weight); err != nil {
			return err
		}
	}
	return nil
}
