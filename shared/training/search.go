package training

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"godwit/shared/fault"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tune"
	"godwit/shared/registry"
)

// search scores one variant on one fold along its path of C and keeps the
// out-of-fold margins for what is fitted on them. It does so unit by unit and
// hands over between two when time runs short.
func (s *Steps) search(ctx context.Context, job Job, number, taskNumber int) (Done, error) {
	p, t, err := s.task(ctx, job, number, taskNumber)
	if err != nil {
		return Done{}, err
	}
	units := p.units(t, s.unit())
	unit, found, err := s.resume(ctx, job, number, taskNumber, units)
	if err != nil {
		return Done{}, err
	}
	r, err := s.loadRows(ctx, job)
	if err != nil {
		return Done{}, err
	}
	train, held := r.fold(t.Fold)
	train = tune.Sample(train, r.Y, r.Group, t.Share) // numbers are of one class
	for ; unit < len(units); unit++ {
		began := s.Jobs.Now()
		margins, err := s.score(ctx, job, p, r, t, units[unit], train, held)
		if err != nil {
			return Done{}, err
		}
		found.Values = append(found.Values, r.tallies(margins, held)...)
		if err := s.keepMargins(ctx, job, number, taskNumber, unit, margins, held); err != nil {
			return Done{}, err
		}
		if unit == len(units)-1 {
			break
		}
		if err := s.putJSON(ctx, workKey(job, partFile(job, number, taskNumber)), found); err != nil {
			return Done{}, err
		}
		if s.short(ctx, s.Jobs.Now().Sub(began)) {
			return Done{Task: taskNumber, More: true}, s.tellScore(ctx, job, p, number, t, found)
		}
	}
	if t.Fold == 0 { // the other folds' models are as large
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

// score returns the margins of the held rows for each C of one unit.
func (s *Steps) score(ctx context.Context, job Job, p *plan, r *rows, t task, path []float64, train, held []int32) (margins [][]float32, err error) {
	if err = pipeline.ErrOneClass; len(train) > 0 {
		margins, err = r.margins(ctx, train, held, t.variant, path, p.Settings.Seed, s.Workers)
	}
	if errors.Is(err, pipeline.ErrOneClass) {
		return nil, s.refuse(ctx, job, fault.Wrap(fault.Invalid, err, "there are too few different rows to learn from some and test on others"), nil)
	}
	if err != nil {
		return nil, fmt.Errorf("score fold %d of %s: %w", t.Fold, t.Recipe, err)
	}
	return margins, nil
}

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
	done, _, err := s.Models.List(ctx, workKey(job, fmt.Sprintf("scores/%d/", number)), "", 1000)
	if err != nil {
		return err
	}
	values := make([]float64, len(found.Values))
	for i, v := range found.Values {
		values[i] = v.score(p.Settings.Metric)
	}
	best := slices.Max(values)
	tasks := len(p.Rungs[number].Tasks)
	share := float64(len(done)) / float64(tasks)
	s.event(ctx, job, Event{
		Phase: "search", Progress: searchFrom(number) + (searchFrom(number+1)-searchFrom(number))*share,
		Message: fmt.Sprintf("%s, fold %d, C %g: %s %s (%d of %d)", t.variant, t.Fold+1, t.C[slices.Index(values, best)],
			p.Settings.Metric, figure(best), len(done), tasks),
		Values: map[string]float64{p.Settings.Metric: shown(best), "fold": float64(t.Fold + 1)},
	})
	return nil
}

// String names a variant in a message.
func (v variant) String() string {
	name := v.Recipe + " features, " + v.Learner
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
