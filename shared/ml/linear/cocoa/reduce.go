package cocoa

import (
	"slices"

	"godwit/shared/ml/linear"
)

// Reduce adds the updates of all shards of a round, which may come in any order,
// and returns the weights to go on from.
//
// The objectives it notes are those of w, where the round started. When the gap
// of all problems, or that of one, is within the tolerance, or the rounds are
// used up, their weights stay as they are, so that the gap is that of the
// result; Weights.Done says that nothing is left to do. A problem whose dual
// objective fell has been carried too far by its momentum, which begins anew
// (O'Donoghue and Candes, "Adaptive Restart for Accelerated Gradient Schemes",
// 2015).
//
// It fails with a *linear.InputError when updates are missing, there twice, or of
// another training or round.
func (s SVM) Reduce(w *Weights, updates []*Update, l *Layout) (*Weights, error) {
	s = s.withDefaults()
	if err := s.check(); err != nil {
		return nil, err
	}
	updates, err := inOrder(w, updates, l)
	if err != nil {
		return nil, err
	}
	next := &Weights{Rounds: w.Rounds + 1, C: w.C, Problems: slices.Clone(w.Problems), vector: slices.Clone(w.vector)}
	for k := range next.Problems {
		if !w.Problems[k].Done {
			next.vector[k] = s.judge(&next.Problems[k], w.vector[k], k, updates)
		}
	}
	enough := next.Gap() <= s.Tolerance || next.Rounds >= s.Rounds
	for k := range next.Problems {
		if p := &next.Problems[k]; enough || p.Done {
			p.Done, p.Kept = true, true
			next.vector[k] = w.vector[k]
		}
	}
	return next, nil
}

// inOrder returns the updates by shard.
func inOrder(w *Weights, updates []*Update, l *Layout) ([]*Update, error) {
	updates = slices.Clone(updates)
	slices.SortStableFunc(updates, func(a, b *Update) int { return a.shard - b.shard })
	if len(updates) != l.Shards {
		return nil, linear.Invalid("updates of %d shards: want those of %d", len(updates), l.Shards)
	}
	for k, u := range updates {
		if u.shard != k || u.rounds != w.Rounds || len(u.problem) != len(w.Problems) {
			return nil, linear.Invalid("update of shard %d, %d problems, after %d rounds: want shard %d, %d problems, after %d",
				u.shard, len(u.problem), u.rounds, k, len(w.Problems), w.Rounds)
		}
		for _, c := range u.problem {
			if n := len(c.column); n > 0 && int(c.column[n-1]) >= len(l.Common) {
				return nil, linear.Invalid("update of shard %d changes column %d of %d", k, c.column[n-1], len(l.Common))
			}
		}
	}
	return updates, nil
}

// judge works out the objectives of one problem and whether it is done, and
// returns its weights with the changes of all shards, added in their order.
func (s SVM) judge(p *Problem, w []float32, k int, updates []*Update) []float32 {
	moved := make([]float64, len(w))
	var all sums
	for _, u := range updates {
		c := u.problem[k]
		for n, j := range c.column {
			moved[j] += float64(c.weight[n])
		}
		all.add(c.sums)
	}
	last := len(w) - 1
	for _, v := range w[:last] {
		all.square += float64(v) * float64(v)
	}
	bias, value := float64(w[last]), max(s.Bias, 0)
	dual := all.alpha - all.soft/2 - (all.square+value*all.pull*value*all.pull)/2
	age := p.Age
	p.Age++
	if dual < p.Dual {
		age, p.Age = 0, 0
	}
	p.Primal, p.Dual, p.Kept = all.square/2+bias*bias/2+all.loss, dual, false
	// Half, so that what the last problems lack does not decide alone.
	p.Done = p.Primal-p.Dual <= s.Tolerance/2*p.Primal

	next := make([]float32, len(w))
	for j := range w {
		next[j] = float32(float64(w[j]) + moved[j])
	}
	// One Newton step towards the bias that equals the pull, see the package comment.
	found := bias - (bias-value*all.nextPull)/(1+value*value*all.yield)
	next[last] = float32(found + momentum(age)*(found-p.Bias))
	p.Bias = found
	return next
}

// add adds the sums of another shard.
func (s *sums) add(o sums) {
	of := o.fields()
	for k, v := range s.fields() {
		*v += *of[k]
	}
}

// fields lists the sums in the order in which they are stored.
func (s *sums) fields() [7]*float64 {
	return [7]*float64{&s.loss, &s.alpha, &s.soft, &s.square, &s.pull, &s.nextPull, &s.yield}
}
