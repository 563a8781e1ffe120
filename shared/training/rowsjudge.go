package training

import (
	"cmp"
	"context"
	"fmt"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/linear/cocoa"
	"godwit/shared/ml/pipeline"
)

// judge makes of a shard's last round what Settle needs: in the search the margins
// of the held rows, after a fit the weights of the columns that no other shard has.
func (s *Steps) judge(ctx context.Context, job Job, d shardJob) error {
	if d.phase.fit == nil {
		return s.judgeHeld(ctx, job, d)
	}
	return s.keepOwn(ctx, job, d)
}

// ended are the weights and a shard's variables at the end of each cost.
type ended struct {
	weights []*cocoa.Weights
	shards  []*cocoa.Shard
	duals   []*cocoa.Duals
	layout  *cocoa.Layout
}

// endings reads how the costs of a phase ended, and the shard's matrix.
func (s *Steps) endings(ctx context.Context, job Job, d shardJob) (*ended, *shardMatrix, error) {
	var t trail
	if err := s.getJSON(ctx, d.turn.trailKey(job), &t); err != nil {
		return nil, nil, err
	}
	shard, m, err := s.packed(ctx, job, d, t.Costs[0].C)
	if err != nil {
		return nil, nil, err
	}
	e := &ended{}
	if e.layout, err = s.layout(ctx, job, d.turn); err != nil {
		return nil, nil, err
	}
	at := d
	at.turn.Round = 0
	// A cost ended after its own rounds and those of the costs before it.
	for i, c := range t.Costs {
		at.turn.Round += c.Rounds
		w, err := loadFile(ctx, s, d.turn.key(job, "ended", i), cocoa.OpenWeights)
		if err != nil {
			return nil, nil, err
		}
		duals, err := s.duals(ctx, job, at)
		if err != nil {
			return nil, nil, err
		}
		here, err := shard.At(c.C)
		if err != nil {
			return nil, nil, err
		}
		e.weights, e.duals, e.shards = append(e.weights, w), append(e.duals, duals), append(e.shards, here)
	}
	return e, m, nil
}

// found gives the weights of all columns that the shard has: others do not occur
// in its rows.
func (e *ended) found() pipeline.Found {
	return func(ctx context.Context, each func(problem, step int, weight []float32, bias float32) error) error {
		// One vector for all problems and costs: each is read before the next is told.
		all := make([]float32, len(e.layout.Holders))
		for step, w := range e.weights {
			err := e.shards[step].Own(ctx, w, e.duals[step], func(problem int, column []int32, weight []float32) error {
				clear(all)
				common, bias := w.Common(problem, 1)
				for k, j := range e.layout.Common {
					all[j] = common[k]
				}
				for k, j := range column {
					all[j] = weight[k]
				}
				return each(problem, step, all, bias)
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// judgeHeld scores the shard's held rows at every cost. How far weights may be
// pruned is tried with the weights that the shard knows; those of columns that
// other shards have alone cannot change its answers.
func (s *Steps) judgeHeld(ctx context.Context, job Job, d shardJob) error {
	e, m, err := s.endings(ctx, job, d)
	if err != nil {
		return err
	}
	_, path := d.variant()
	trial, err := pipeline.FoundTrial(m.held, len(d.plan.Labels), path, e.found())
	if err != nil {
		return fmt.Errorf("judge shard %d: %w", d.shard, err)
	}
	n := d.plan.Shards.Count
	// Its share of the sample that other jobs take of a fold.
	trial.PruneRows = (d.plan.pruneSample(1) + n - 1) / n
	out, err := trial.Whole(ctx, s.Workers)
	if err != nil {
		return fmt.Errorf("judge shard %d: %w", d.shard, err)
	}
	judged := scored{Terms: int64(m.x.Cols), Pruning: out.Pruning}
	for _, margins := range out.Margins {
		judged.Values = append(judged.Values, tallyClasses(margins, m.truth, len(d.plan.Labels)))
	}
	if err := s.putMargins(ctx, d.turn.key(job, "margins", d.shard), out.Margins, m.row, marginCells/n); err != nil {
		return err
	}
	return s.putJSON(ctx, d.turn.judgedKey(job, d.shard), judged)
}

// judgedKey names what a shard's held rows came to.
func (t Turn) judgedKey(job Job, shard int) string {
	return workKey(job, fmt.Sprintf("%s/judged/%05d.json", t.folder(job), shard))
}

const ownFormat = "godwit-own-1"

// keepOwn keeps the weights of the columns that the shard has alone, as many as
// pruning can leave: its floor rises with the weights of the other shards.
func (s *Steps) keepOwn(ctx context.Context, job Job, d shardJob) error {
	e, _, err := s.endings(ctx, job, d)
	if err != nil {
		return err
	}
	below, err := d.pruneBelow()
	if err != nil {
		return err
	}
	var end []int64
	var feature []int32
	var kept []float32
	last := len(e.weights) - 1
	err = e.shards[last].Own(ctx, e.weights[last], e.duals[last], func(problem int, column []int32, weight []float32) error {
		common, _ := e.weights[last].Common(problem, 1)
		// The greatest weight of all shards is at least as great, and so is its floor:
		// what is left out here would be left out of the model.
		floor := float32(below * float64(max(greatest(common), greatest(weight))))
		for k, w := range weight {
			if w != 0 && max(w, -w) >= floor {
				feature, kept = append(feature, column[k]), append(kept, w)
			}
		}
		end = append(end, int64(len(feature)))
		return nil
	})
	if err != nil {
		return err
	}
	return s.keepTensors(ctx, d.turn.key(job, "own", d.shard), map[string]string{"format": ownFormat},
		artifact.FromInt64s("end", nil, end), artifact.FromInt32s("column", nil, feature), artifact.FromFloat32s("weight", nil, kept))
}

// pruneBelow is the share of its greatest weight below which a model's are pruned.
func (d shardJob) pruneBelow() (float64, error) {
	v, path := d.variant()
	settings, err := prunedSettings(v.at(path[0]), d.plan.Best.Pruning, d.plan.Settings.Seed)
	return cmp.Or(settings.PruneBelow, pipeline.DefaultPruneBelow), err
}

// greatest returns the size of the greatest weight, 0 of none.
func greatest(weight []float32) float32 {
	most := float32(0)
	for _, w := range weight {
		most = max(most, w, -w)
	}
	return most
}

// own is what keepOwn left: of each problem the columns and their weights.
type own struct {
	end    []int64
	column []int32
	weight []float32
}

// loadOwn reads the weights of columns that a shard has alone, of so many problems
// and columns in all.
func (s *Steps) loadOwn(ctx context.Context, key string, problems, columns int) (*own, error) {
	return loadTensors(ctx, s, key, func(f *artifact.File) (*own, error) { return ownOf(f, problems, columns) })
}

// ownOf reads what keepOwn wrote.
func ownOf(f *artifact.File, problems, columns int) (*own, error) {
	o := &own{}
	for _, read := range []error{
		view(f, "end", artifact.Int64s, &o.end), view(f, "column", artifact.Int32s, &o.column), view(f, "weight", artifact.Float32s, &o.weight),
	} {
		if read != nil {
			return nil, read
		}
	}
	if f.Metadata["format"] != ownFormat || len(o.end) != problems || len(o.weight) != len(o.column) {
		return nil, fmt.Errorf("format %q, %d problems, %d columns, %d weights", f.Metadata["format"], len(o.end), len(o.column), len(o.weight))
	}
	from := int64(0)
	for _, to := range o.end {
		if to < from || to > int64(len(o.column)) {
			return nil, fmt.Errorf("weights end at %d of %d", to, len(o.column))
		}
		from = to
	}
	for _, j := range o.column {
		if j < 0 || int(j) >= columns {
			return nil, fmt.Errorf("column %d of %d", j, columns)
		}
	}
	return o, nil
}

// of returns what is kept of a problem.
func (o *own) of(problem int) ([]int32, []float32) {
	from := int64(0)
	if problem > 0 {
		from = o.end[problem-1]
	}
	return o.column[from:o.end[problem]], o.weight[from:o.end[problem]]
}
