package training

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/linear"
	"godwit/shared/ml/open"
	"godwit/shared/ml/pipeline"
)

// A function has a quarter of an hour, and large jobs need more. What is fitted,
// a task of the search or one of the models of Finish, is fitted block by block
// of its classes, each along its whole path of C, and each block is kept as one
// object of the job's work. When the time left may not do for another block, the
// step answers Done.More, and the state machine runs it again: it goes on from
// the blocks that are there. Joined they are what one go would have found, to the
// bit: the clock and the size of a block decide only which function does what.

const (
	// reserve is the time a step leaves before the function's deadline, for
	// writing what it has.
	reserve = time.Minute
	// wholeTask is the default of Steps.Unit: some minutes on one core.
	wholeTask = 2e9
)

// short reports whether the function's time may not do for more work that takes
// as long as the last did. A context without a deadline has all the time.
func (s *Steps) short(ctx context.Context, last time.Duration) bool {
	deadline, limited := ctx.Deadline()
	return limited && deadline.Sub(s.Jobs.Now()) < reserve+last
}

func (s *Steps) unit() float64 { return cmp.Or(s.Unit, wholeTask) }

// blocks is a fit that is done in blocks.
type blocks struct {
	engine string  // Settings.Engine
	fitted string  // the name of the fitting, "" for a task of the search
	what   string  // is fitted, for people
	folder string  // of its finished blocks, in the job's work
	all    int     // problems: sets of weights to find
	each   float64 // work of one
	joint  bool    // all problems are solved at one time, in one block
	most   int     // blocks
	// fit fits a block of the problems.
	fit func(context.Context, linear.Range) (*pipeline.Part, error)
	// progress tells how far the job is before the fit.
	progress func(context.Context) (float64, error)
}

// inBlocks returns the parts of a fit in ascending order, those that an earlier
// function left and those that it makes now, or, with more, none: the rest is
// for the next function. A fit of one block leaves nothing behind. One of many
// blocks is left to functions side by side: a *spread says which.
func (s *Steps) inBlocks(ctx context.Context, job Job, b blocks) (parts []*pipeline.Part, more bool, err error) {
	cut := s.cut(b)
	if len(cut) == 1 {
		part, err := b.fit(ctx, cut[0])
		return []*pipeline.Part{part}, false, err
	}
	if b.spreads(len(cut)) {
		parts, err := s.gatherBlocks(ctx, job, b, cut)
		return parts, false, err
	}
	for i, block := range cut {
		began := s.Jobs.Now()
		part, made, err := s.fitBlock(ctx, job, b, block)
		if err != nil {
			return nil, false, err
		}
		parts = append(parts, part)
		if made && i < len(cut)-1 && s.short(ctx, s.Jobs.Now().Sub(began)) {
			return nil, true, nil
		}
	}
	return parts, false, nil
}

// fitBlock fits one block and keeps it, unless it is there already: made says
// which. It needs nothing of the other blocks, so that they may be fitted by
// functions side by side as well as one after the other.
func (s *Steps) fitBlock(ctx context.Context, job Job, b blocks, block linear.Range) (p *pipeline.Part, made bool, err error) {
	key := b.key(job, block)
	if p, err = s.part(ctx, key, block); p != nil || err != nil {
		return p, false, err
	}
	if p, err = b.fit(ctx, block); err != nil {
		return nil, false, err
	}
	data, err := p.Encode()
	if err != nil {
		return nil, false, err
	}
	return p, true, s.putWork(ctx, key, data)
}

// key names the file of a block.
func (b blocks) key(job Job, block linear.Range) string {
	return workKey(job, fmt.Sprintf("%s/%d-%d.safetensors", b.folder, block.From, block.To))
}

// part reads the part of a block, nil when there is none or it was damaged: it
// is then made again.
func (s *Steps) part(ctx context.Context, key string, block linear.Range) (*pipeline.Part, error) {
	data, err := blob.ReadAll(ctx, s.Models, key, workLimit)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := pipeline.OpenPart(data)
	if err != nil || p.Block() != block {
		s.Log.Warn("a block of classes cannot be read and is fitted again", "key", key, "error", err)
		return nil, nil
	}
	return p, nil
}

// partFolder is where a task's blocks are kept. It is named after the attempt: a
// new one begins anew.
func partFolder(job Job, rung, task int) string {
	return fmt.Sprintf("parts/%d/%d/%d", job.Attempt, rung, task)
}

// fitting is one of the fits of Finish.
type fitting struct {
	name, what string  // in the job's work, and for people
	from, to   float64 // share of the fits' progress
	last       bool    // no other fit follows
}

var (
	evaluationFit = fitting{name: "evaluation", what: "the evaluation model", to: .45}
	servedFit     = fitting{name: "served", what: "the model on all rows", from: .55, to: 1}
)

// progress returns how far the job is when a share of the fit is done. Each floor
// of document frequency that is tried has half of what is left, so that progress
// never falls.
func (f fitting) progress(floor int, share float64) float64 {
	const begin, end = .72, .9
	tried := slices.Index(floors, floor) + 1 // 0 without a floor
	left := math.Ldexp(1, -tried)
	done := f.from + (f.to-f.from)*share
	return begin + (end-begin)*(1-left+left/2*done)
}

// folder is where its blocks are kept, of one attempt as partFolder says and of
// one floor of document frequency.
func (f fitting) folder(job Job, floor int) string {
	return fmt.Sprintf("fitted/%d/%s-%d", job.Attempt, f.name, floor)
}

// key names the file of the whole model.
func (f fitting) key(job Job, floor int) string {
	return workKey(job, f.folder(job, floor)+".safetensors")
}

// keepFitted leaves a fitted model to a later function.
func (s *Steps) keepFitted(ctx context.Context, job Job, f fitting, floor int, m fitted) error {
	s.event(ctx, job, Event{Phase: "finish", Progress: f.progress(floor, 1), Message: "fitted " + f.what})
	return s.putWork(ctx, f.key(job, floor), m.data)
}

// fittedBefore returns a model that an earlier function left, fault.NotFound when
// none did.
func (s *Steps) fittedBefore(ctx context.Context, job Job, f fitting, floor int) (fitted, error) {
	data, err := blob.ReadAll(ctx, s.Models, f.key(job, floor), workLimit)
	if err != nil {
		return fitted{}, err
	}
	m, err := open.Model(ctx, data)
	if err != nil {
		return fitted{}, fault.Wrap(fault.Internal, err, "%s of this job cannot be read", f.what)
	}
	return fitted{m, data}, nil
}
