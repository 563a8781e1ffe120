package training

import (
	"context"

	"godwit/shared/ml/metric"
	"godwit/shared/ml/pipeline"
)

const (
	// agreement is the least share of out-of-fold rows whose answer pruning must
	// leave as it was.
	agreement = .998
	// pruneRows and pruneCells bound, for each fold, the rows it is measured on
	// and these times the classes: up to a tenth of a search, some megabytes.
	pruneRows  = 4096
	pruneCells = 1 << 17
)

// pruneSample returns on how many rows of each fold pruning is measured.
func (p *plan) pruneSample(share float64) int {
	// Rungs of a halving that cannot win need not know.
	if p.table() || len(p.Halving) > 0 && share != p.Halving[len(p.Halving)-1].Share {
		return 0
	}
	return min(pruneRows, pruneCells/len(p.Labels))
}

// choosePruning settles how far the weights of the best candidate are pruned, by
// what the models of the folds say of rows they did not see, with and without
// their small weights. No held-out row has a say.
func (s *Steps) choosePruning(ctx context.Context, job Job, p *plan) error {
	var ladder []pipeline.Pruning
	for i, t := range p.Rungs[p.Best.Rung].Tasks {
		c := p.Best.at(t)
		if c < 0 || p.pruneSample(t.Share) == 0 || t.isNetwork() {
			continue
		}
		var found scored
		if err := s.getJSON(ctx, workKey(job, scoreFile(p.Best.Rung, i)), &found); err != nil {
			return err
		}
		p.Best.Terms = max(p.Best.Terms, found.Terms)
		if ladder == nil {
			ladder = make([]pipeline.Pruning, len(found.Pruning[c]))
		}
		for k, step := range found.Pruning[c] {
			ladder[k].Below = step.Below
			ladder[k].Same += step.Same
			ladder[k].Rows += step.Rows
			ladder[k].Weights = max(ladder[k].Weights, step.Weights)
		}
	}
	p.Best.Pruning = furthest(ladder)
	return nil
}

// furthest returns the last step of a ladder up to which enough answers surely
// stay the same: the lower end of the 95 % interval of their share is at least
// agreement. Where too few rows are there to be sure even of no change, about
// 1,900, it is pipeline.DefaultPruneBelow; where rounding alone changes too
// much, nothing is pruned. nil is for no ladder.
func furthest(ladder []pipeline.Pruning) *pipeline.Pruning {
	var best *pipeline.Pruning
	for i := range ladder {
		step := &ladder[i]
		if metric.Wilson(step.Rows, step.Rows).Low < agreement {
			if step.Below == pipeline.DefaultPruneBelow {
				return step
			}
			continue
		}
		if best != nil && metric.Wilson(step.Same, step.Rows).Low < agreement {
			break
		}
		best = step
	}
	return best
}
