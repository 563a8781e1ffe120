package training

import (
	"context"

	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/ml/artifact"
)

// shardJob is what every step of engine rows begins with.
type shardJob struct {
	plan  *plan
	turn  Turn
	phase phase
	shard int
}

// rowsStep runs one of the steps of engine rows.
func (s *Steps) rowsStep(ctx context.Context, job Job, in StepInput) (any, error) {
	shards := map[string]func(context.Context, Job, shardJob) error{
		"census": s.census, "encode": s.encodeShard, "round": s.round, "judge": s.judge,
	}
	single := map[string]func(context.Context, Job, shardJob) (Next, error){
		"vocabulary": s.vocabulary, "reduce": s.reduce, "settle": s.settle,
	}
	if shards[in.Step] == nil && single[in.Step] == nil {
		return nil, fault.New(fault.Invalid, "unknown step %q", in.Step)
	}
	d, err := s.shardStep(ctx, job, in)
	if err != nil {
		return nil, err
	}
	var out any
	if run := single[in.Step]; run != nil {
		out, err = run(ctx, job, d)
	} else {
		out, err = Done{Task: in.Shard}, shards[in.Step](ctx, job, d)
	}
	if err != nil && jobs.ErrorType(err) == jobs.TypeInput {
		// Here the reason is known: its Map would tell only that a part failed.
		err = s.refuse(ctx, job, err, nil)
	}
	return out, err
}

// shardStep reads the plan and finds the phase and the shard.
func (s *Steps) shardStep(ctx context.Context, job Job, in StepInput) (shardJob, error) {
	d := shardJob{plan: &plan{}, turn: in.Turn, shard: in.Shard}
	var err error
	if d.phase, err = phaseOf(in.Turn); err != nil {
		return d, err
	}
	if err := s.getJSON(ctx, workKey(job, planFile), d.plan); err != nil {
		return d, err
	}
	// A step may come late, or from elsewhere: what it asks for must be there.
	switch {
	case d.plan.Shards == nil:
		return d, fault.New(fault.Invalid, "job %s is not divided by rows", job.ID)
	case in.Shard < 0 || in.Shard >= d.plan.Shards.Count:
		return d, fault.New(fault.Invalid, "no shard %d of %d", in.Shard, d.plan.Shards.Count)
	case d.phase.fit != nil && d.plan.Best == nil:
		return d, fault.New(fault.Internal, "the search did not choose")
	}
	return d, nil
}

// variant returns what is trained in the phase, with the turn's floor, and along
// which costs.
func (d shardJob) variant() (variant, []float64) {
	t := d.plan.Rungs[0].Tasks[0]
	if d.phase.fit == nil {
		return t.variant, t.C
	}
	c := d.plan.floored(d.turn.Floor)
	return variantOf(c), []float64{c.C}
}

// learnt are the places of a shard's rows that the phase learns from.
func (d shardJob) learnt(x *shardRows) []int32 {
	var some []int32
	for at, r := range x.Role {
		if d.phase.learns(role(r)) {
			some = append(some, int32(at))
		}
	}
	return some
}

// heldBack are the places of those that the search is judged by.
func (d shardJob) heldBack(x *shardRows) []int32 {
	var some []int32
	for at, r := range x.Role {
		if d.phase.fit == nil && role(r) == heldRow {
			some = append(some, int32(at))
		}
	}
	return some
}

// loadTensors reads what of made of a work file, which it aliases.
func loadTensors[T any](ctx context.Context, s *Steps, key string, of func(*artifact.File) (T, error)) (T, error) {
	var none T
	data, err := s.readWork(ctx, key)
	if err != nil {
		return none, err
	}
	f, err := artifact.Decode(data, artifact.Limits{Bytes: workLimit})
	if err == nil {
		var v T
		if v, err = of(f); err == nil {
			return v, nil
		}
	}
	return none, fault.Wrap(fault.Internal, err, "a file of the job's work cannot be read")
}
