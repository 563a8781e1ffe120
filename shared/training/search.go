package training

import (
	"context"
	"fmt"
	"slices"

	"godwit/shared/fault"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
)

// search scores one variant on one fold along its path of C and keeps the
// out-of-fold margins for what is fitted on them. It does so block by block of
// the classes and hands over between two when time runs short.
func (s *Steps) search(ctx context.Context, job Job, number, taskNumber int) (Done, error) {
	p, t, err := s.task(ctx, job, number, taskNumber)
	if err != nil {
		return Done{}, err
	}
	r, err := s.loadRows(ctx, job)
	if err != nil {
		return Done{}, err
	}
	train, held := r.taskRows(t)
	var out pipeline.Outcome
	var found scored
	var more bool
	if t.isNetwork() {
		out, found, more, err = s.scoreNetwork(ctx, job, p, r, number, taskNumber, train, held)
	} else {
		out, more, err = s.score(ctx, job, p, r, number, taskNumber, train, held)
	}
	if err != nil {
		return Done{}, err
	}
	if more {
		return Done{Task: taskNumber, More: true}, s.tellMore(ctx, job, p, number, t)
	}
	if err := s.keepMargins(ctx, job, number, taskNumber, out.Margins, held); err != nil {
		return Done{}, err
	}
	found.Values, found.Pruning = r.tallies(out.Margins, held), out.Pruning
	if t.Fold == p.measured() && !t.isNetwork() {
		found.Terms = r.terms(train, t.variant)
	}
	if err := s.putJSON(ctx, workKey(job, scoreFile(number, taskNumber)), found); err != nil {
		return Done{}, err
	}
	return Done{Task: taskNumber}, s.tellScore(ctx, job, p, number, t, found)
}

// task reads the plan and finds a task of a rung in it.
func (s *Steps) task(ctx context.Context, job Job, number, taskNumber int) (*plan, task, error) {
	p := &plan{}
	if err := s.getJSON(ctx, workKey(job, planFile), p); err != nil {
		return nil, task{}, err
	}
	if number < 0 || number >= len(p.Rungs) || taskNumber < 0 || taskNumber >= len(p.Rungs[number].Tasks) {
		return nil, task{}, fault.New(fault.Invalid, "no task %d in rung %d", taskNumber, number)
	}
	return p, p.Rungs[number].Tasks[taskNumber], nil
}

// score fits a task's variant on the train rows and returns what it makes of the
// held ones, unless it is left to the next function to go on.
func (s *Steps) score(ctx context.Context, job Job, p *plan, r *rows, number, taskNumber int, train, held []int32) (out pipeline.Outcome, more bool, err error) {
	trial, b, err := s.trialBlocks(ctx, job, p, r, number, taskNumber, train, held)
	if err != nil {
		return out, false, s.tooWide(ctx, job, err)
	}
	parts, more, err := s.inBlocks(ctx, job, b)
	if err != nil || more {
		return out, more, s.tooWide(ctx, job, err)
	}
	t := p.Rungs[number].Tasks[taskNumber]
	if out, err = trial.Join(parts...); err != nil {
		return out, false, fmt.Errorf("score fold %d of %s: %w", t.Fold, t.Recipe, err)
	}
	return out, false, nil
}

// measured is the fold whose tasks also measure the size of a model: those of
// the others are as large, or smaller where folds go forward in time.
func (p *plan) measured() int { return p.Folds - 1 }

// tallies counts the margins of each C against the truth.
func (r *rows) tallies(margins [][]float32, held []int32) []tally {
	var out []tally
	for _, m := range margins {
		if r.task == registry.TableRegression {
			out = append(out, tallyValues(m, of(r.Values, held)))
		} else {
			out = append(out, tallyClasses(m, of(r.Y, held), len(r.Labels)))
		}
	}
	return out
}

func scoreFile(rung, task int) string { return fmt.Sprintf("scores/%d/%d.json", rung, task) }

// tellScore records how far the rung is and what this task found.
func (s *Steps) tellScore(ctx context.Context, job Job, p *plan, number int, t task, found scored) error {
	done, progress, err := s.searched(ctx, job, p, number)
	if err != nil {
		return err
	}
	values := make([]float64, len(found.Values))
	for i, v := range found.Values {
		values[i] = v.score(p.Settings.Metric)
	}
	best := slices.Max(values)
	s.event(ctx, job, Event{
		Phase: "search", Progress: progress,
		Message: fmt.Sprintf("%s, fold %d, %s: %s %s (%d of %d)", t.variant, t.Fold+1, t.setting(t.C[slices.Index(values, best)]),
			p.Settings.Metric, figure(best), done, len(p.Rungs[number].Tasks)),
		Values: map[string]float64{p.Settings.Metric: shown(best), "fold": float64(t.Fold + 1)},
	})
	return nil
}

// tellMore records that a task goes on in the next function.
func (s *Steps) tellMore(ctx context.Context, job Job, p *plan, number int, t task) error {
	_, progress, err := s.searched(ctx, job, p, number)
	if err != nil {
		return err
	}
	done := "some classes are done"
	if t.isNetwork() {
		done = "some epochs are done"
	}
	s.event(ctx, job, Event{Phase: "search", Progress: progress,
		Message: fmt.Sprintf("%s, fold %d: %s, the next function goes on", t.variant, t.Fold+1, done)})
	return nil
}

// searched returns how many tasks of a rung are done and what the job's progress
// is by that.
func (s *Steps) searched(ctx context.Context, job Job, p *plan, number int) (done int, progress float64, err error) {
	found, _, err := s.Models.List(ctx, workKey(job, fmt.Sprintf("scores/%d/", number)), "", 1000)
	share := float64(len(found)) / float64(len(p.Rungs[number].Tasks))
	return len(found), searchFrom(number) + (searchFrom(number+1)-searchFrom(number))*share, err
}

// String names a variant in a message.
func (v variant) String() string {
	name := v.Recipe + " features, " + v.Learner
	switch v.Learner {
	case pipeline.CNN:
		name = v.Recipe + " images, " + v.Learner
	case pipeline.RNN:
		name = v.Recipe + ", " + v.Learner
	}
	if v.MultiClass != "" {
		name += ", " + v.MultiClass
	}
	if v.Descent.Method != "" {
		name += " by " + v.Descent.Method
	}
	if v.Balance != "" {
		name += ", classes balanced"
	}
	if v.MinDocs > 0 {
		name += fmt.Sprintf(", terms of %d rows on", v.MinDocs)
	}
	return name
}

// figure writes a score for people: shares with four decimals, others with four
// significant digits or all before the point.
func figure(score float64) string {
	switch v := shown(score); {
	case v <= 1:
		return fmt.Sprintf("%.4f", v)
	case v < 1000:
		return fmt.Sprintf("%.4g", v)
	default:
		return fmt.Sprintf("%.0f", v)
	}
}

// searchFrom is the progress at which a rung begins. Two rungs are usual; what
// comes after them is small.
func searchFrom(rung int) float64 {
	return []float64{.2, .45, .6, .65, .68, .7}[min(rung, 5)]
}
