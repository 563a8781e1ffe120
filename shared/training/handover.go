package training

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/pipeline"
)

// A function has a quarter of an hour, and large jobs need more. Their work has
// units: some costs of a task's path, or one of the two fits of Finish. Between
// units a step asks how much time is left and, if it may not do for the next,
// keeps what it has and answers Done.More; the state machine runs it again. What
// is done next, and what comes of it, depends on the data alone: the clock
// decides only which function does it.

const (
	// reserve is the time a step leaves before the function's deadline, for
	// writing what it has.
	reserve = time.Minute
	// wholeTask is the default of Steps.Unit: some minutes on one core.
	wholeTask = 2e9
)

// short reports whether the function's time may not do for another unit that
// takes as long as the last one. A context without a deadline has all the time.
func (s *Steps) short(ctx context.Context, last time.Duration) bool {
	deadline, limited := ctx.Deadline()
	return limited && deadline.Sub(s.Jobs.Now()) < reserve+last
}

func (s *Steps) unit() float64 { return cmp.Or(s.Unit, wholeTask) }

// units cuts a task's path of C into pieces of at most most work, or of one C.
// Within a piece each cost starts from the solution of the one before; a piece
// starts afresh, whether or not another function begins with it.
func (p *plan) units(t task, most float64) [][]float64 {
	each := p.Work / float64(max(1, p.Folds)) * t.Share
	if each*float64(len(t.C)) <= most {
		return [][]float64{t.C}
	}
	return slices.Collect(slices.Chunk(t.C, max(1, int(most/each))))
}

// partFile holds the scores of a task's finished units. It is named after the
// attempt: a new one begins anew.
func partFile(job Job, rung, task int) string {
	return fmt.Sprintf("parts/%d/%d/%d.json", job.Attempt, rung, task)
}

// resume returns the unit a task goes on with and what those before it found.
// The last is always done again: a task ends by writing its score.
func (s *Steps) resume(ctx context.Context, job Job, number, task int, units [][]float64) (unit int, found scored, err error) {
	if len(units) == 1 {
		return 0, found, nil
	}
	err = s.getPart(ctx, workKey(job, partFile(job, number, task)), &found)
	if fault.Is(err, fault.NotFound) {
		return 0, scored{}, nil
	}
	if err != nil {
		return 0, scored{}, err
	}
	done := 0
	for unit < len(units)-1 && done+len(units[unit]) <= len(found.Values) {
		done += len(units[unit])
		unit++
	}
	found.Values = found.Values[:done]
	return unit, found, nil
}

// fitting is one of the fits of Finish.
type fitting struct {
	name, what string  // in the job's work, and for people
	from, to   float64 // progress
}

var (
	evaluationFit = fitting{"evaluation", "the evaluation model", .72, .8}
	servedFit     = fitting{"served", "the model on all rows", .82, .9}
)

// key names the file of the fitted model, of one attempt as partFile does.
func (f fitting) key(job Job) string {
	return workKey(job, fmt.Sprintf("fitted/%d/%s.safetensors", job.Attempt, f.name))
}

// keepFitted leaves a fitted model to a later function.
func (s *Steps) keepFitted(ctx context.Context, job Job, f fitting, m pipeline.Predictor) error {
	data, err := m.Encode(nil)
	if err != nil {
		return fmt.Errorf("encode %s: %w", f.what, err)
	}
	s.event(ctx, job, Event{Phase: "finish", Progress: f.to, Message: "fitted " + f.what})
	return s.putWork(ctx, f.key(job), data)
}

// fitted returns a model that an earlier function left, fault.NotFound when
// none did.
func (s *Steps) fitted(ctx context.Context, job Job, f fitting) (pipeline.Predictor, error) {
	data, err := blob.ReadAll(ctx, s.Models, f.key(job), workLimit)
	if err != nil {
		return nil, err
	}
	m, err := pipeline.Open(data)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "%s of this job cannot be read", f.what)
	}
	return m, nil
}
