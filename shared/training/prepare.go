package training

import (
	"context"
	"fmt"
	"slices"
	"time"

	"godwit/shared/fault"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
	"godwit/shared/ml/tune"
	"godwit/shared/registry"
)

// prepare reads, checks and splits the data, plans the search and writes the
// encoded rows once. Data that cannot be trained closes the job with every
// reason and line.
func (s *Steps) prepare(ctx context.Context, job Job) (Next, error) {
	job, err := s.begin(ctx, job)
	if err != nil {
		return Next{}, err
	}
	settings, err := ParseSettings(job.Settings)
	if err != nil {
		return Next{}, s.refuse(ctx, job, err, nil)
	}
	s.event(ctx, job, Event{Phase: "prepare", Message: "reading the data", Progress: .01})
	in, err := s.read(ctx, job, settings.resolved())
	if err != nil {
		return Next{}, err
	}
	if settings, err = settings.resolved().forTask(in.task); err != nil {
		return Next{}, s.refuse(ctx, job, err, nil)
	}
	r, how, err := s.splitRows(ctx, job, in, settings)
	if err != nil {
		return Next{}, err
	}
	settings, divided, why, err := s.counted(ctx, job, in, settings, r)
	if err != nil {
		return Next{}, err
	}
	p := newPlan(settings, in, r, how, divided)
	p.Parent = job.Parent
	if err := p.measureNetworks(r, textsOf(in.set.Rows, p.table())); err != nil {
		return Next{}, s.refuse(ctx, job, err, nil)
	}
	p.firstRung()
	if err := s.describe(ctx, job, in, r, how); err != nil {
		return Next{}, err
	}
	next, err := s.keepRows(ctx, job, in, r, p)
	if err != nil {
		return Next{}, err
	}
	if err := s.putJSON(ctx, workKey(job, planFile), p); err != nil {
		return Next{}, err
	}
	s.tellSolver(ctx, job, why)
	s.event(ctx, job, Event{Phase: "prepare", Progress: .2, Message: p.summary(),
		Values: map[string]float64{"rows": float64(r.len()), "classes": float64(len(r.Labels)), "held_out": float64(len(r.Test)), "rejected": float64(in.set.Rejected)}})
	return next, nil
}

// counted counts the terms of texts, unless shards are to do that, and decides on
// what is left to settings: the engine and the solver. why tells people.
func (s *Steps) counted(ctx context.Context, job Job, in *input, settings Settings, r *rows) (_ Settings, divided *shards, why string, err error) {
	if divided, why, err = s.divide(ctx, settings, in, r); divided != nil || err != nil {
		return settings, divided, why, err
	}
	if err := s.count(ctx, job, in, settings, r); err != nil {
		return settings, nil, "", err
	}
	settings, why = s.solver(settings, r)
	return settings, nil, why, nil
}

// begin marks the job as running.
func (s *Steps) begin(ctx context.Context, job Job) (Job, error) {
	job, err := s.Jobs.update(ctx, job.Tenant, job.ID, func(j *Job) bool {
		if j.Status == Running {
			return false // Prepare is being run again
		}
		j.Status, j.StartedAt = Running, s.Jobs.Now().UTC()
		return true
	})
	if err == nil && job.Status != Running {
		err = fault.New(fault.Conflict, "job %s is over: %s", job.ID, job.Status)
	}
	return job, err
}

// summary tells what was read.
func (p *plan) summary() string {
	what := fmt.Sprintf("%d classes", len(p.Labels))
	if p.regression() {
		what = "numbers"
	}
	text := fmt.Sprintf("%s: %d rows of %s, %d held out, %d rejected", p.Settings.Task, p.Rows.Trained+p.Rows.HeldOut, what, p.Rows.HeldOut, p.Rows.Rejected)
	if p.Reason != "" {
		text += " (" + p.Reason + ")"
	}
	switch timeSplit(p.Source, p.Split) {
	case timeOffered:
		text += fmt.Sprintf("; column %q holds times: split by time to hold out the newest rows", p.Source.TimeColumn)
	case timeUsed:
		text += fmt.Sprintf("; the newest by column %q are held out, and each fold is judged on what is newer than all it learns from", p.Source.TimeColumn)
	}
	return text
}

// keepRows writes what the later steps read, and says which are next. The texts
// go into a file of their own and out of memory first: only Finish needs them.
func (s *Steps) keepRows(ctx context.Context, job Job, in *input, r *rows, p *plan) (Next, error) {
	if p.Shards != nil {
		return s.keepShards(ctx, job, in, r, p)
	}
	if in.images != nil {
		in.set.Rows = named(in.set.Rows)
	}
	data, err := textsOf(in.set.Rows, in.table != nil).encode()
	if err != nil {
		return Next{}, fmt.Errorf("encode texts: %w", err)
	}
	in.set.Rows = nil
	if err := s.putWork(ctx, workKey(job, textFile), data); err != nil {
		return Next{}, err
	}
	if data, err = r.encode(); err != nil {
		return Next{}, fmt.Errorf("encode rows: %w", err)
	}
	next := Next{Tenant: job.Tenant, Job: job.ID, Attempt: job.Attempt, Tasks: p.Rungs[0].numbers(), More: true}
	return next, s.putWork(ctx, workKey(job, dataFile), data)
}

// splitRows holds rows out and assigns the others to folds.
func (s *Steps) splitRows(ctx context.Context, job Job, in *input, settings Settings) (*rows, string, error) {
	salt := string(job.Model)
	if settings.Split.Seed != 0 {
		salt = fmt.Sprintf("%s/%d", salt, settings.Split.Seed)
	}
	set := in.set
	r := &rows{task: in.task, Labels: set.Labels, Weight: make([]float32, len(set.Rows)), Y: make([]int32, len(set.Rows)), Group: make([]uint64, len(set.Rows))}
	for i := range set.Rows {
		class, _ := slices.BinarySearch(set.Labels, set.Rows[i].Label)
		r.Y[i], r.Weight[i], r.Group[i] = int32(class), set.Rows[i].Weight, in.groupKey(i)
	}
	var how string
	options := dataset.SplitOptions{Test: settings.Split.Test, Salt: salt, Newest: settings.Split.By == dataset.ByTime}
	if in.table != nil {
		r.Train, r.Test, how = in.table.Split(options)
		r.Columns, r.DecimalComma, r.Values = in.table.Columns, set.Source.DecimalComma, in.table.Values
	} else {
		r.Train, r.Test, how = dataset.Split(set.Rows, set.Labels, options)
	}
	if in.images != nil {
		r.Shape, r.Pixels = in.images.Shape, in.images.Pixels
	}
	if options.Newest && len(r.Test) == 0 {
		return nil, how, s.refuse(ctx, job, fault.New(fault.Invalid, "no rows can be held out by the times in column %q", set.Source.TimeColumn), nil)
	}
	if r.task == registry.TableRegression {
		r.Y, r.Labels = make([]int32, r.len()), nil // one class, so that folds are even
	}
	return r, how, s.assignFolds(ctx, job, in, settings, r, how)
}

// assignFolds divides the training rows: at random, or forward in time when the
// newest rows are held out, so that a candidate is chosen as it will be judged.
func (s *Steps) assignFolds(ctx context.Context, job Job, in *input, settings Settings, r *rows, how string) error {
	y := of(r.Y, r.Train)
	if how != dataset.ByTime {
		r.Fold = tune.Folds(y, of(r.Group, r.Train), settings.Search.Folds, settings.Seed)
		return nil
	}
	if r.task == registry.TableRegression {
		y = nil
	}
	r.Forward = true
	var n int
	if r.Fold, n = tune.Forward(of(dataset.Ages(in.set.Rows, in.groupKey), r.Train), y, settings.Search.Folds); n > 0 {
		return nil
	}
	return s.refuse(ctx, job, fault.New(fault.Invalid,
		"the times in column %q do not part the rows into some to learn from and later ones to judge by; train without split.by", in.set.Source.TimeColumn), nil)
}

// count counts the terms of every text; other rows have none.
func (s *Steps) count(ctx context.Context, job Job, in *input, settings Settings, r *rows) error {
	if in.task != registry.TextClassification {
		return nil
	}
	docs := make([]string, len(in.set.Rows))
	for i := range docs {
		docs[i] = in.set.Rows[i].Text
	}
	var recipes []text.Recipe
	for _, name := range featureNames(settings) {
		recipe, known := text.RecipeNamed(name)
		if !known {
			recipe = text.Word() // a network has none; the profile tells of words
		}
		recipes = append(recipes, recipe)
	}
	heard := s.Jobs.Now()
	var err error
	r.Corpus, err = text.Count(ctx, docs, recipes, s.Workers, func(done int) {
		if now := s.Jobs.Now(); now.Sub(heard) > 2*time.Second {
			heard = now
			s.event(ctx, job, Event{Phase: "prepare", Message: fmt.Sprintf("counted %d of %d rows", done, len(docs)), Progress: .02 + .17*float64(done)/float64(len(docs))})
		}
	})
	return err
}

// distinct is the share of terms a recipe must add to the one before it to be
// worth a candidate of its own. Text of a script without spaces has no inner
// n-grams, so that its recipes differ by the odd foreign word.
const distinct = .02

// distinctFeatures leaves out recipes that would make the same model again. A
// caller who named the features gets each of them, and tables try every shape.
func distinctFeatures(settings Settings, r *rows) []string {
	names := featureNames(settings)
	if len(settings.Params.Features) > 0 || r.Corpus == nil || settings.learner() == pipeline.RNN {
		return names
	}
	var kept []string
	last := int64(0)
	for _, name := range names {
		terms := r.terms(r.Train, variant{Recipe: name, HashBits: settings.Params.HashBits})
		if len(kept) > 0 && float64(terms) < float64(last)*(1+distinct) {
			continue
		}
		kept, last = append(kept, name), terms
	}
	return kept
}

func newPlan(settings Settings, in *input, r *rows, how string, divided *shards) *plan {
	set := in.set
	p := &plan{
		Settings: settings, Reason: in.reason, Labels: r.Labels, Split: how, Source: set.Source,
		Issues: set.IssueCounts, SHA256: set.SHA256, Features: distinctFeatures(settings, r),
		Rows:  Rows{Read: set.Records, Trained: int64(len(r.Train)), HeldOut: int64(len(r.Test)), Rejected: set.Rejected},
		Folds: r.folds(), Forward: r.Forward, Shards: divided,
	}
	if divided != nil {
		p.Features, r.estimated = rowsFeatures(settings), divided.NonZeros
	}
	if !p.regression() {
		p.Counts = set.Counts
	}
	p.Work = r.work(p.Folds)
	switch {
	case settings.Metric != "":
	case p.regression():
		p.Settings.Metric = "rmse"
	case p.imbalance() > imbalanced:
		p.Settings.Metric = "macro_f1"
	default:
		p.Settings.Metric = "accuracy"
	}
	return p
}
