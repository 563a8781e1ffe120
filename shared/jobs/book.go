package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// Book keeps the jobs of one kind. Its fields are set once; it is safe for
// concurrent use.
type Book[J any] struct {
	Kind     Kind[J]
	Store    registry.Store
	Machine  Machine       // runs the jobs' executions
	NewToken func() string // unique
}

// Open stores a new job and returns it as it is stored: one that is there
// under its id already is returned as it is, with opened false. What is given
// besides is written with the job or not at all. The error is fault.Unavailable,
// or fault.PreconditionFailed when a condition of what is given does not hold.
func (b *Book[J]) Open(ctx context.Context, job J, with ...registry.Write) (stored J, opened bool, err error) {
	h := b.Kind.Head(&job)
	err = b.write(ctx, &job, 0, with...)
	if !fault.Is(err, fault.PreconditionFailed) {
		return job, err == nil, err
	}
	stored, absent := b.Load(ctx, h.Tenant, h.ID)
	if fault.Is(absent, fault.NotFound) && len(with) > 0 {
		return stored, false, err // it was not the job that was in the way
	}
	return stored, false, absent
}

// Load returns a job. Absent, or not an id of this kind, is fault.NotFound.
func (b *Book[J]) Load(ctx context.Context, t registry.Tenant, id string) (J, error) {
	var job J
	// One answer for no id and an id that is not there: ids are not to be probed.
	absent := fault.New(fault.NotFound, "no such %s", b.Kind.Noun)
	if !b.Kind.IsID(id) {
		return job, absent
	}
	r, err := b.Store.Get(ctx, b.Kind.Key(t, id))
	if fault.Is(err, fault.NotFound) {
		return job, absent
	}
	if err != nil {
		return job, err
	}
	return b.decode(r)
}

// decode reads a job from its record.
func (b *Book[J]) decode(r registry.Record) (J, error) {
	var job J
	if err := json.Unmarshal(r.Body, &job); err != nil {
		return job, fault.Wrap(fault.Internal, err, "the stored %s cannot be read", b.Kind.Noun)
	}
	b.Kind.SetRev(&job, r.Rev)
	return job, nil
}

// Update changes a job that is not final, under its revision, again when
// somebody else was faster. change returns false to leave the job as it is. The
// job is returned as it is then; a final one as it was.
func (b *Book[J]) Update(ctx context.Context, t registry.Tenant, id string, change func(*J) bool) (J, error) {
	// A job has few writers: its step, its owner and whoever reads it. Ten
	// rounds lost is none of these.
	for range 10 {
		job, err := b.Load(ctx, t, id)
		// change is asked anew each round, of the job as it is then.
		if err != nil || b.Kind.Head(&job).Status.Final() || !change(&job) {
			return job, err
		}
		err = b.write(ctx, &job, b.Kind.Head(&job).Rev)
		if err == nil {
			return job, nil
		}
		if !fault.Is(err, fault.PreconditionFailed) {
			return job, err
		}
	}
	var none J
	return none, fault.New(fault.Unavailable, "%s %s is being changed by others; try again", b.Kind.Noun, id)
}

// write stores job, together with others, under the revision it was read at and
// sets its new one.
func (b *Book[J]) write(ctx context.Context, job *J, rev int64, with ...registry.Write) error {
	w, err := b.Kind.Write(*job, rev)
	if err != nil {
		return err
	}
	if err := b.Store.Write(ctx, b.NewToken(), append([]registry.Write{w}, with...)...); err != nil {
		return err
	}
	b.Kind.SetRev(job, rev+1)
	return nil
}

const (
	defaultPage = 50   // jobs on a page when its size is not said
	maxQuery    = 200  // records asked for at once
	maxScan     = 1000 // records read for one page: a filter that nothing passes must not read every job there is
)

// List returns a page of the jobs that match, newest first. Where few do, a page
// may hold fewer than its limit, or none, and still have a Next.
func (b *Book[J]) List(ctx context.Context, t registry.Tenant, p registry.PageRequest, match func(*J) bool) (registry.Page[J], error) {
	limit := p.Limit
	if limit == 0 {
		limit = defaultPage
	}
	var page registry.Page[J]
	q := registry.Query{
		Partition: b.Kind.Index(t, time.Time{}, "").Partition, After: p.After, Limit: min(limit, maxQuery), Descending: true, Index: true,
	}
	for read := 0; ; {
		records, more, err := b.Store.Query(ctx, q)
		if err != nil {
			return page, err
		}
		read += len(records)
		for i, r := range records {
			q.After = r.Index.Sort
			job, err := b.decode(r)
			if err != nil {
				return page, err
			}
			if !match(&job) {
				continue
			}
			page.Items = append(page.Items, job)
			if len(page.Items) == limit {
				if more || i < len(records)-1 {
					page.Next = q.After
				}
				return page, nil
			}
		}
		if !more {
			return page, nil
		}
		if read >= maxScan {
			page.Next = q.After
			return page, nil
		}
		q.Limit = maxQuery // a page's worth at a time would be many round trips
	}
}

// Start begins the job's execution; one already begun is success.
func (b *Book[J]) Start(ctx context.Context, job J) error {
	h := b.Kind.Head(&job)
	input, err := json.Marshal(Ticket{h.Tenant, h.ID, h.Attempt})
	if err != nil {
		return fmt.Errorf("encode execution input: %w", err)
	}
	return b.Machine.Start(ctx, ExecutionName(h), input)
}

// Stop ends the job's execution.
func (b *Book[J]) Stop(ctx context.Context, job J, cause string) error {
	return b.Machine.Stop(ctx, ExecutionName(b.Kind.Head(&job)), cause)
}

// Reconcile holds a silent job against its execution: a lost start is made
// again, and an execution that is dead, or gone though it had begun, is told to
// died, which closes the job. While the engine does not answer the job is
// returned as it is: the record is still the best there is.
func (b *Book[J]) Reconcile(ctx context.Context, job J, died func(state string) (J, error)) (J, error) {
	h := b.Kind.Head(&job)
	state, _, err := b.Machine.Status(ctx, ExecutionName(h))
	if err != nil {
		return job, nil
	}
	switch state {
	// Silent and queued, it was never started: the starter died between record and
	// start. Silent and begun, its execution was forgotten.
	case ExecutionAbsent:
		if h.Status == Queued {
			return job, b.Start(ctx, job)
		}
		return died(state)
	case ExecutionFailed, ExecutionTimedOut, ExecutionAborted:
		return died(state)
	}
	return job, nil
}
