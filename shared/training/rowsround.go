package training

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"godwit/shared/fault"
	"godwit/shared/ml/artifact"
	"godwit/shared/ml/linear/cocoa"
)

// round improves a shard's dual variables, starting from the weights of the
// turn's round and from what the shard left in the round before.
func (s *Steps) round(ctx context.Context, job Job, d shardJob) error {
	w, err := loadFile(ctx, s, d.turn.key(job, d.turn.rounded("weights"), whole), cocoa.OpenWeights)
	if err != nil {
		return err
	}
	shard, _, err := s.packed(ctx, job, d, w.C)
	if err != nil {
		return err
	}
	duals, err := s.duals(ctx, job, d)
	if err != nil {
		return err
	}
	update, next, err := shard.Round(ctx, w, duals, s.Workers)
	if err != nil {
		return fmt.Errorf("round %d of shard %d: %w", d.turn.Round, d.shard, err)
	}
	// The variables first: a change that is there without them would be reduced, and
	// the next round would find nothing to go on from.
	after := d.turn.at(d.turn.Round + 1)
	if err := s.putEncoded(ctx, after.key(job, after.rounded("duals"), d.shard), next.Encode); err != nil {
		return err
	}
	return s.putEncoded(ctx, d.turn.key(job, d.turn.rounded("update"), d.shard), update.Encode)
}

// packed reads a shard's matrix and packs it for rounds at a cost.
func (s *Steps) packed(ctx context.Context, job Job, d shardJob, c float64) (*cocoa.Shard, *shardMatrix, error) {
	m, err := s.loadMatrix(ctx, d.turn.key(job, "matrix", d.shard))
	if err != nil {
		return nil, nil, err
	}
	l, err := s.layout(ctx, job, d.turn)
	if err != nil {
		return nil, nil, err
	}
	shard, err := d.plan.svm(c, roundMost).NewShard(m.x, m.y, m.weight, len(d.plan.Labels), d.shard, l)
	if err != nil {
		return nil, nil, fmt.Errorf("pack shard %d: %w", d.shard, err)
	}
	return shard, m, nil
}

// duals reads what a shard's last round left, nil before the first.
func (s *Steps) duals(ctx context.Context, job Job, d shardJob) (*cocoa.Duals, error) {
	if d.turn.Round == 0 {
		return nil, nil
	}
	return loadFile(ctx, s, d.turn.key(job, d.turn.rounded("duals"), d.shard), cocoa.OpenDuals)
}

// layout reads which columns the shards of a phase have in common.
func (s *Steps) layout(ctx context.Context, job Job, t Turn) (*cocoa.Layout, error) {
	return loadFile(ctx, s, t.key(job, "layout", whole), cocoa.OpenLayout)
}

// loadFile reads and opens a work file.
func loadFile[T any](ctx context.Context, s *Steps, key string, open func([]byte) (T, error)) (T, error) {
	data, err := s.readWork(ctx, key)
	if err != nil {
		var none T
		return none, err
	}
	v, err := open(data)
	if err != nil {
		return v, fault.Wrap(fault.Internal, err, "a file of the job's work cannot be read")
	}
	return v, nil
}

// reduce adds what all shards changed in a round to the weights, and says whether
// there is to be another round, at this cost or the next. Before the first round
// it finds out which columns the shards have in common.
func (s *Steps) reduce(ctx context.Context, job Job, d shardJob) (Next, error) {
	if d.turn.Next != toRounds {
		return s.layOut(ctx, job, d)
	}
	var t trail
	if err := s.getJSON(ctx, d.turn.trailKey(job), &t); err != nil {
		return Next{}, err
	}
	if len(t.Costs) == 0 {
		return Next{}, fault.New(fault.Internal, "a phase of no cost")
	}
	next, moved, err := s.reduced(ctx, job, d, t.before())
	if err != nil {
		return Next{}, err
	}
	_, path := d.variant()
	at := len(t.Costs) - 1
	cost := &t.Costs[at]
	cost.Rounds++
	cost.Gap, cost.Primal, cost.Bytes = finite(next.Gap()), finite(next.Primal()), cost.Bytes+moved+t.Matrix
	turn := d.turn.at(d.turn.Round + 1)
	turn.Turns++
	s.tellRound(ctx, job, d, turn, &t, len(path))
	if next.Done() {
		// What the next cost begins with is the same weights under another name: the
		// ones kept here are those that the variables of this round belong to.
		if err := s.putEncoded(ctx, turn.key(job, "ended", at), next.Encode); err != nil {
			return Next{}, err
		}
		turn.Next = toJudge
		if at+1 < len(path) {
			turn.Next = toRounds
			if next, err = next.Next(path[at+1]); err != nil {
				return Next{}, err
			}
			t.Costs = append(t.Costs, RowsCost{Phase: d.turn.Phase, C: path[at+1]})
		}
	}
	if err := s.putEncoded(ctx, turn.key(job, turn.rounded("weights"), whole), next.Encode); err != nil {
		return Next{}, err
	}
	// The trail comes last: with it all of the round is there.
	return turn.on(job), s.putJSON(ctx, turn.trailKey(job), t)
}

// reduced reads what a round left and reduces it. moved is what of it was written
// and read, but for the matrices.
func (s *Steps) reduced(ctx context.Context, job Job, d shardJob, begun int) (next *cocoa.Weights, moved int64, err error) {
	l, err := s.layout(ctx, job, d.turn)
	if err != nil {
		return nil, 0, err
	}
	data, err := s.readWork(ctx, d.turn.key(job, d.turn.rounded("weights"), whole))
	if err != nil {
		return nil, 0, err
	}
	w, err := cocoa.OpenWeights(data)
	if err != nil {
		return nil, 0, fault.Wrap(fault.Internal, err, "the weights of round %d cannot be read", d.turn.Round)
	}
	n := d.plan.Shards.Count
	moved = int64(len(data)) * int64(n+2) // written once, read by each shard and here
	// All at one time, which fitsRounds has room for: an update aliases its file.
	var updates []*cocoa.Update
	for k := range n {
		data, err := s.readWork(ctx, d.turn.key(job, d.turn.rounded("update"), k))
		if err != nil {
			return nil, 0, err
		}
		u, err := cocoa.OpenUpdate(data)
		if err != nil {
			return nil, 0, fault.Wrap(fault.Internal, err, "the changes of shard %d cannot be read", k)
		}
		updates, moved = append(updates, u), moved+2*int64(len(data))
	}
	after := d.turn.at(d.turn.Round + 1)
	duals, err := s.bytesUnder(ctx, after.under(job, after.rounded("duals")))
	if err != nil {
		return nil, 0, err
	}
	if next, err = d.plan.svm(w.C, d.turn.limit(begun)).Reduce(w, updates, l); err != nil {
		return nil, 0, fmt.Errorf("reduce round %d: %w", d.turn.Round, err)
	}
	return next, moved + 2*duals, nil
}

// layOut begins the rounds of a phase.
func (s *Steps) layOut(ctx context.Context, job Job, d shardJob) (Next, error) {
	var held []cocoa.Held
	columns := 0
	for k := range d.plan.Shards.Count {
		has, err := loadTensors(ctx, s, d.turn.key(job, "columns", k), func(f *artifact.File) (has cocoa.Held, err error) {
			if columns, err = strconv.Atoi(f.Metadata["columns"]); err != nil {
				return nil, err
			}
			words, err := artifact.Elements(f, "has", artifact.Uint64s)
			return words, err
		})
		if err != nil {
			return Next{}, err
		}
		held = append(held, has)
	}
	l, err := cocoa.NewLayout(columns, held)
	if err != nil {
		return Next{}, fmt.Errorf("lay out %d columns: %w", columns, err)
	}
	if err := s.fitsRounds(d, len(l.Common)); err != nil {
		return Next{}, err
	}
	_, path := d.variant()
	t := trail{Columns: columns, Common: len(l.Common), Costs: []RowsCost{{Phase: d.turn.Phase, C: path[0]}}}
	if t.Matrix, err = s.bytesUnder(ctx, d.turn.under(job, "matrix")); err != nil {
		return Next{}, err
	}
	w, err := d.plan.svm(path[0], roundMost).Start(len(d.plan.Labels), l)
	if err != nil {
		return Next{}, fmt.Errorf("begin rounds: %w", err)
	}
	turn := d.turn.at(0)
	turn.Next = toRounds
	if err := s.putEncoded(ctx, turn.key(job, "layout", whole), l.Encode); err != nil {
		return Next{}, err
	}
	if err := s.putEncoded(ctx, turn.key(job, turn.rounded("weights"), whole), w.Encode); err != nil {
		return Next{}, err
	}
	return turn.on(job), s.putJSON(ctx, turn.trailKey(job), t)
}

// fitsRounds refuses more weights than Reduce can hold: of each class all common
// columns, as they were, as they become and as their file, and what of them every
// shard changed, a quarter at most where it was measured.
func (s *Steps) fitsRounds(d shardJob, common int) error {
	const copies, changed = 5, .25
	classes := len(d.plan.Labels)
	if classes == 2 {
		classes = 1
	}
	need := float64(classes) * float64(common) * (4*copies + 8*changed*float64(d.plan.Shards.Count))
	most := widthShare * float64(cmp.Or(s.FunctionBytes, functionBytes))
	if need <= most {
		return nil
	}
	return fault.New(fault.TooLarge, "the weights of %d classes for the %d terms that shards have in common would take %.0f MB, more than the %.0f MB there are for them: "+
		"choose a higher params.min_docs, params.features word, or train fewer classes", len(d.plan.Labels), common, need/(1<<20), most/(1<<20))
}

// putEncoded stores a thing of package cocoa.
func (s *Steps) putEncoded(ctx context.Context, key string, encode func() ([]byte, error)) error {
	data, err := encode()
	if err != nil {
		return err
	}
	return s.putWork(ctx, key, data)
}

// tellRound records how far a phase is.
func (s *Steps) tellRound(ctx context.Context, job Job, d shardJob, turn Turn, t *trail, costs int) {
	at := len(t.Costs) - 1
	cost := t.Costs[at]
	s.event(ctx, job, Event{
		Phase: d.phase.stage(), Progress: turn.progress(d.phase, at, costs, cost.Rounds),
		Message: fmt.Sprintf("%s, C %g: round %d of %d shards, gap %.2g, %.1f MB moved", d.phase.what(), cost.C, cost.Rounds, d.plan.Shards.Count, cost.Gap, float64(cost.Bytes)/1e6),
		Values: map[string]float64{
			"shards": float64(d.plan.Shards.Count), "round": float64(cost.Rounds), "gap": cost.Gap, "bytes": float64(cost.Bytes), "c": cost.C,
		},
	})
}

// stage is the phase of the job's events, what what is trained, for people.
func (f phase) stage() string {
	if f.fit == nil {
		return "search"
	}
	return "finish"
}

func (f phase) what() string {
	if f.fit == nil {
		return "search by rows"
	}
	return "fitting " + f.fit.what
}
