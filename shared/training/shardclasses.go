package training

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"path"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/linear"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tune"
)

// The engines of Settings: how a fit that is too much for one function is done.
const (
	engineAuto    = "auto"    // functions side by side when there are many blocks of classes
	engineOne     = "one"     // one function after the other
	engineClasses = "classes" // functions side by side, in several blocks whatever the work
	engineRows    = "rows"    // functions side by side, each for a shard of the rows; see rows.go
)

const (
	// spreadFrom is how many blocks are worth functions side by side: each reads
	// and encodes the rows again, and two or three blocks, some minutes each, one
	// function does on the way.
	spreadFrom = 4
	// spreadAsked is in how many blocks, if there are classes for it, a fit is
	// done that was asked to be spread.
	spreadAsked = 4
	// spreadMost bounds the blocks of a fit with five folds, fewer with more: each
	// takes some ten events of the execution's history, which may have 25,000, and a
	// block may take ten times Steps.Unit before its function's time is over.
	spreadMost = 48
)

// mostBlocks is in how many blocks a fit of the plan is cut at most.
func (p *plan) mostBlocks() int { return max(1, spreadMost*5/max(p.Folds, 5)) }

// spread is the error by which a step leaves blocks of classes to other
// functions: Run makes it an answer that the state machine maps over, after which
// it runs the step again. It is an error so that whatever would follow the fit
// ends as it does when a fit fails.
type spread struct {
	fitted string // see blocks
	blocks []int  // numbers of those that are to be fitted
}

// Error says what is left to do; only a bug lets anybody read it.
func (e *spread) Error() string {
	return fmt.Sprintf("%d blocks of classes are left to other functions", len(e.blocks))
}

// spreads reports whether a fit of so many blocks is done side by side.
func (b blocks) spreads(n int) bool {
	switch b.engine {
	case engineOne:
		return false
	case engineClasses:
		return true
	}
	return n >= spreadFrom
}

// cut divides a fit into blocks, the same in every function of a job.
func (s *Steps) cut(b blocks) []linear.Range {
	if b.joint {
		return []linear.Range{{To: b.all}}
	}
	// Half a problem more, for the rounding of their product.
	fewest := math.Ceil(float64(b.all) / float64(b.most*max(s.Workers, 1)))
	most := max(s.unit(), b.each*(fewest+.5))
	if b.engine == engineClasses {
		most = min(most, b.each*float64(b.all)/float64(spreadAsked*max(s.Workers, 1)))
	}
	return linear.Cut(b.all, b.each, most, s.Workers)
}

// gatherBlocks returns the parts of a fit when all blocks are there, and else a
// *spread of those that are not.
func (s *Steps) gatherBlocks(ctx context.Context, job Job, b blocks, cut []linear.Range) ([]*pipeline.Part, error) {
	left := &spread{fitted: b.fitted}
	var parts []*pipeline.Part
	for i, block := range cut {
		part, err := s.part(ctx, b.key(job, block), block)
		if err != nil {
			return nil, err
		}
		if part == nil {
			left.blocks = append(left.blocks, i)
		}
		parts = append(parts, part)
	}
	if len(left.blocks) == 0 {
		return parts, nil
	}
	progress, err := b.progress(ctx)
	if err != nil {
		return nil, err
	}
	s.event(ctx, job, Event{
		Phase: b.phase(), Progress: progress,
		Message: fmt.Sprintf("%s: %d of %d classes, in %d functions side by side", b.what, b.left(cut, left.blocks), b.all, len(left.blocks)),
		Values:  map[string]float64{"functions": float64(len(left.blocks))},
	})
	return nil, left
}

// left counts the problems of some of the blocks.
func (b blocks) left(cut []linear.Range, some []int) int {
	n := 0
	for _, i := range some {
		n += cut[i].Len()
	}
	return n
}

// phase is the phase of the job to which the fit belongs.
func (b blocks) phase() string {
	if b.fitted == "" {
		return "search"
	}
	return "finish"
}

// answer makes what a step came to an answer: of a *spread, what is to be mapped
// over.
func (s *Steps) answer(ctx context.Context, job Job, done Done, err error) (any, error) {
	left, ok := errors.AsType[*spread](err)
	if !ok {
		return done, err
	}
	s.Log.InfoContext(ctx, "blocks of classes are fitted side by side", "job", job.ID, "fit", left.fitted, "task", done.Task, "blocks", len(left.blocks))
	done.More, done.Spread, done.Fit, done.Blocks = true, true, left.fitted, left.blocks
	return done, nil
}

// block fits one block of classes of a task of the search or of a fit of Finish.
func (s *Steps) block(ctx context.Context, job Job, in StepInput) (Done, error) {
	var b blocks
	var err error
	if in.Fit == "" {
		b, err = s.taskBlocks(ctx, job, in.Rung, in.Task)
	} else {
		b, err = s.fitBlocks(ctx, job, in.Fit)
	}
	if err != nil {
		return Done{}, err
	}
	cut := s.cut(b)
	if in.Block < 0 || in.Block >= len(cut) {
		return Done{}, fault.New(fault.Invalid, "no block %d of %d", in.Block, len(cut))
	}
	_, _, err = s.fitBlock(ctx, job, b, cut[in.Block])
	return Done{Task: in.Task}, err
}

// taskBlocks are the blocks of a task of the search.
func (s *Steps) taskBlocks(ctx context.Context, job Job, number, taskNumber int) (blocks, error) {
	p, t, err := s.task(ctx, job, number, taskNumber)
	if err != nil {
		return blocks{}, err
	}
	r, err := s.loadRows(ctx, job)
	if err != nil {
		return blocks{}, err
	}
	train, held := r.taskRows(t)
	_, b, err := s.trialBlocks(ctx, job, p, r, number, taskNumber, train, held)
	return b, err
}

// fitBlocks are the blocks of a fit of Finish.
func (s *Steps) fitBlocks(ctx context.Context, job Job, name string) (blocks, error) {
	p := &plan{}
	if err := s.getJSON(ctx, workKey(job, planFile), p); err != nil {
		return blocks{}, err
	}
	r, err := s.loadRows(ctx, job)
	if err != nil {
		return blocks{}, err
	}
	floor, err := s.floorOf(ctx, job)
	if err != nil {
		return blocks{}, err
	}
	f, some := evaluationFit, r.Train
	switch {
	case p.Best == nil || name != evaluationFit.name && name != servedFit.name:
		return blocks{}, fault.New(fault.Invalid, "no fit %q", name)
	case name == servedFit.name:
		f, some = servedFit, everyRow(r.len())
	}
	_, b, err := s.fittingBlocks(ctx, job, p, &result{rows: r, floor: floor.MinDocs}, f, some)
	return b, err
}

// fittingBlocks prepares a fit of Finish and how it is cut into blocks.
func (s *Steps) fittingBlocks(ctx context.Context, job Job, p *plan, made *result, f fitting, some []int32) (*pipeline.Fitting, blocks, error) {
	fit, err := made.rows.fitting(ctx, some, p.floored(made.floor), p.Best.Pruning, p.Settings.Seed)
	if err != nil {
		return nil, blocks{}, fmt.Errorf("prepare %s: %w", f.what, err)
	}
	return fit, blocks{
		engine: p.Settings.Engine, fitted: f.name, what: f.what, folder: f.folder(job, made.floor), all: fit.Problems(), each: fit.Work(), joint: fit.Joint(), most: p.mostBlocks(),
		progress: func(context.Context) (float64, error) { return f.progress(made.floor, 0), nil },
		fit: func(ctx context.Context, b linear.Range) (*pipeline.Part, error) {
			return fit.Block(ctx, b, s.Workers, nil)
		},
	}, nil
}

// taskRows are the rows that a task of the search learns from and those it is
// judged on.
func (r *rows) taskRows(t task) (train, held []int32) {
	train, held = r.fold(t.Fold)
	return tune.Sample(train, r.Y, r.Group, t.Share), held // numbers are of one class
}

// trialBlocks prepares the scoring of a task of the search and how it is cut
// into blocks.
func (s *Steps) trialBlocks(ctx context.Context, job Job, p *plan, r *rows, number, taskNumber int, train, held []int32) (*pipeline.Trial, blocks, error) {
	t := p.Rungs[number].Tasks[taskNumber]
	var trial *pipeline.Trial
	err := pipeline.ErrOneClass
	if len(train) > 0 {
		trial, err = r.trial(ctx, train, held, t.variant, t.C, p.Settings.Seed)
	}
	if errors.Is(err, pipeline.ErrOneClass) {
		return nil, blocks{}, s.refuse(ctx, job, fault.Wrap(fault.Invalid, err, "there are too few different rows to learn from some and test on others"), nil)
	}
	if err != nil {
		return nil, blocks{}, fmt.Errorf("prepare fold %d of %s: %w", t.Fold, t.Recipe, err)
	}
	trial.PruneRows = p.pruneSample(t.Share)
	return trial, blocks{
		engine: p.Settings.Engine, what: fmt.Sprintf("%s, fold %d", t.variant, t.Fold+1),
		folder: partFolder(job, number, taskNumber), all: trial.Problems(), each: trial.Work(), joint: trial.Joint(), most: p.mostBlocks(),
		progress: func(ctx context.Context) (float64, error) {
			_, progress, err := s.searched(ctx, job, p, number)
			return progress, err
		},
		fit: func(ctx context.Context, b linear.Range) (*pipeline.Part, error) {
			return trial.Block(ctx, b, s.Workers)
		},
	}, nil
}

// Distributed tells how the fits of a job were divided, by classes or by rows,
// and what that moved. Of classes it counts the blocks that were kept as files, by
// functions side by side or one after the other.
type Distributed struct {
	Engine string `json:"engine"`           // auto, one or classes; rows also where auto chose it
	Blocks int    `json:"blocks,omitempty"` // of classes
	// Bytes were read and written for it: of classes the encoded rows once for each
	// block, and each block's file twice; of rows what RowsCost says.
	Bytes int64 `json:"bytes"`

	Shards  int        `json:"shards,omitempty"`  // of rows
	Rounds  int        `json:"rounds,omitempty"`  // likewise, of all costs
	Costs   []RowsCost `json:"costs,omitempty"`   // likewise, as they were trained
	Dollars *Dollars   `json:"dollars,omitempty"` // likewise
}

// distributed counts the blocks of this attempt, nil when no fit was divided.
func (s *Steps) distributed(ctx context.Context, job Job, p *plan) (*Distributed, error) {
	if p.Shards != nil {
		return s.distributedRows(ctx, job, p)
	}
	rows, err := s.Models.Stat(ctx, workKey(job, dataFile))
	if err != nil {
		return nil, err
	}
	d := &Distributed{Engine: cmp.Or(p.Settings.Engine, engineAuto)}
	for _, folder := range []string{"parts", "fitted"} {
		prefix, after := workKey(job, fmt.Sprintf("%s/%d/", folder, job.Attempt)), ""
		for more := true; more; {
			var found []blob.Info
			if found, more, err = s.Models.List(ctx, prefix, after, 1000); err != nil {
				return nil, err
			}
			for _, f := range found {
				after = f.Key
				if !isBlock(f.Key) {
					continue
				}
				d.Blocks++
				d.Bytes += rows.Size + 2*f.Size
			}
		}
	}
	if d.Blocks == 0 {
		return nil, nil
	}
	return d, nil
}

// isBlock reports whether a file is named as blocks.key names them; whole models
// and the epochs of networks lie beside them.
func isBlock(key string) bool {
	var from, to int
	n, err := fmt.Sscanf(path.Base(key), "%d-%d.safetensors", &from, &to)
	return err == nil && n == 2
}
