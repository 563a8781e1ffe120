package training

import (
	"context"
	"errors"
	"fmt"

	"godwit/shared/fault"
	"godwit/shared/ml/artifact"
	"godwit/shared/ml/linear/cocoa"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

// settle ends a phase by what its shards were judged to be: it chooses, or makes a
// model, and says which phase is next.
func (s *Steps) settle(ctx context.Context, job Job, d shardJob) (Next, error) {
	if err := s.keepTrail(ctx, job, d.turn); err != nil {
		return Next{}, err
	}
	turn := d.turn.at(0)
	turn.Next = toCensus
	if d.phase.fit == nil {
		turn.Phase = evaluationFit.name
		return turn.on(job), s.settleSearch(ctx, job, d)
	}
	err := s.settleFit(ctx, job, d)
	if errors.Is(err, artifact.ErrTooLarge) {
		// Both models have the same features: the evaluation begins anew.
		floor, err := s.raise(ctx, job, d.plan, d.turn.Floor, err)
		turn.Phase, turn.Floor, turn.Next = evaluationFit.name, floor.MinDocs, toEncode
		return turn.on(job), err
	}
	turn.Phase = servedFit.name
	if d.phase.fit == &servedFit || !d.plan.refits() {
		turn.Next = toFinish
	}
	return turn.on(job), err
}

// refits reports whether the served model is fitted anew, on all rows.
func (p *plan) refits() bool { return *p.Settings.Split.Refit && p.Rows.HeldOut > 0 }

// settleSearch makes of what the shards found the files of the one task of the
// search, and chooses by them as any search does.
func (s *Steps) settleSearch(ctx context.Context, job Job, d shardJob) error {
	_, path := d.variant()
	found := scored{Values: make([]tally, len(path)), Pruning: make([][]pipeline.Pruning, len(path))}
	pooled := make([]pool, len(path))
	for k := range d.plan.Shards.Count {
		var one scored
		if err := s.getJSON(ctx, d.turn.judgedKey(job, k), &one); err != nil {
			return err
		}
		data, err := s.readWork(ctx, d.turn.key(job, "margins", k))
		if err != nil {
			return err
		}
		// Left by a path of another length, it would be of another job.
		if len(one.Values) != len(path) {
			return fault.New(fault.Internal, "shard %d scored %d of %d costs", k, len(one.Values), len(path))
		}
		found.Terms = max(found.Terms, one.Terms)
		for c := range path {
			found.Values[c].add(one.Values[c])
			if err := pooled[c].add(data, c); err != nil {
				return fault.Wrap(fault.Internal, err, "the margins of shard %d cannot be read", k)
			}
			if len(one.Pruning) > c { // no held row, no pruning
				found.Pruning[c] = addPruning(found.Pruning[c], one.Pruning[c])
			}
		}
	}
	margins := make([][]float32, len(path))
	for c := range path {
		margins[c] = pooled[c].margins
	}
	if err := s.keepMargins(ctx, job, 0, 0, margins, pooled[0].rows); err != nil {
		return err
	}
	if err := s.putJSON(ctx, workKey(job, scoreFile(0, 0)), found); err != nil {
		return err
	}
	_, err := s.selectRung(ctx, job, 0)
	return err
}

// addPruning adds what another ladder of pruning came to on other rows. Of the
// weights the most is taken, as of folds: each ladder counts those of common columns.
func addPruning(sum, ladder []pipeline.Pruning) []pipeline.Pruning {
	if sum == nil {
		return ladder
	}
	for k, step := range ladder {
		sum[k].Same += step.Same
		sum[k].Rows += step.Rows
		sum[k].Weights = max(sum[k].Weights, step.Weights)
	}
	return sum
}

// settleFit makes the model of a phase, calibrates it by the margins of the search
// and keeps it for Finish. It fails with artifact.ErrTooLarge.
func (s *Steps) settleFit(ctx context.Context, job Job, d shardJob) error {
	// Calibration needs the classes of the search's held rows, which are dealt out.
	model, err := s.assembled(ctx, job, d)
	if err != nil {
		return err
	}
	r, _, err := s.gatherShards(ctx, job, d.plan)
	if err != nil {
		return err
	}
	out, err := s.pooled(ctx, job, d.plan)
	if err != nil {
		return err
	}
	m := fitted{Predictor: calibrated(r, out)(model)}
	if m.data, err = s.encoded(d.plan, m.Predictor); err != nil {
		return err
	}
	return s.keepFitted(ctx, job, *d.phase.fit, d.turn.Floor, m)
}

// assembled puts the weights of common columns and those that each shard has alone
// together, problem by problem.
func (s *Steps) assembled(ctx context.Context, job Job, d shardJob) (pipeline.Predictor, error) {
	all, err := loadTensors(ctx, s, mergedKey(job, d.turn), text.CensusOf)
	if err != nil {
		return nil, err
	}
	variant, path := d.variant()
	v := all.Vocabulary(variant.features())
	w, err := loadFile(ctx, s, d.turn.key(job, "ended", len(path)-1), cocoa.OpenWeights)
	if err != nil {
		return nil, err
	}
	l, err := s.layout(ctx, job, d.turn)
	if err != nil {
		return nil, err
	}
	var owns []*own
	for k := range d.plan.Shards.Count {
		o, err := s.loadOwn(ctx, d.turn.key(job, "own", k), len(w.Problems), v.Len())
		if err != nil {
			return nil, err
		}
		owns = append(owns, o)
	}
	settings, err := prunedSettings(variant.at(path[0]), d.plan.Best.Pruning, d.plan.Settings.Seed)
	if err != nil {
		return nil, err
	}
	fit, err := pipeline.FoundFitting(v, d.plan.Labels, all.Docs(), settings, weightsOf(w, l, owns))
	if err != nil {
		return nil, fmt.Errorf("assemble %s: %w", d.phase.fit.what, err)
	}
	return fit.Whole(ctx, s.Workers)
}

// weightsOf gives the weights of all columns, one problem after the other.
func weightsOf(w *cocoa.Weights, l *cocoa.Layout, owns []*own) pipeline.Found {
	return func(ctx context.Context, each func(problem, step int, weight []float32, bias float32) error) error {
		all := make([]float32, len(l.Holders))
		for problem := range w.Problems {
			if err := ctx.Err(); err != nil {
				return err
			}
			clear(all)
			common, bias := w.Common(problem, 1)
			for k, j := range l.Common {
				all[j] = common[k]
			}
			for _, o := range owns {
				column, weight := o.of(problem)
				for k, j := range column {
					all[j] = weight[k]
				}
			}
			if err := each(problem, 0, all, bias); err != nil {
				return err
			}
		}
		return nil
	}
}

// takeFitted takes the models that Settle kept.
func (s *Steps) takeFitted(ctx context.Context, job Job, p *plan, made *result) error {
	floor, err := s.floorOf(ctx, job)
	if err != nil {
		return err
	}
	made.floor, made.warning = floor.MinDocs, floor.Warning
	if made.evaluation, err = s.fittedBefore(ctx, job, evaluationFit, floor.MinDocs); err != nil {
		return gone(err)
	}
	// Settle kept both, or the one that is served as it was evaluated.
	made.served = made.evaluation
	if p.refits() {
		made.served, err = s.fittedBefore(ctx, job, servedFit, floor.MinDocs)
	}
	return gone(err)
}

// gone makes the absence of a file of the job's work our own mistake.
func gone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.Internal, err, "a file of the job's work is gone")
	}
	return err
}
