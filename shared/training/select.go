package training

import (
	"context"
	"fmt"

	"godwit/shared/fault"
	"godwit/shared/ml/tune"
)

// selectRung gathers the scores of a rung, and either opens the next rung or
// settles on the best candidate.
func (s *Steps) selectRung(ctx context.Context, job Job, number int) (Next, error) {
	var p plan
	if err := s.getJSON(ctx, workKey(job, planFile), &p); err != nil {
		return Next{}, err
	}
	if number < 0 || number >= len(p.Rungs) {
		return Next{}, fault.New(fault.Invalid, "no rung %d", number)
	}
	p.reopen(number)
	var of []int // the rung each score belongs to
	for n := range p.Rungs {
		found, err := s.gather(ctx, job, &p, n)
		if err != nil {
			return Next{}, err
		}
		for range found {
			of = append(of, n)
		}
		p.Scores = append(p.Scores, found...)
	}
	best := tune.Best(p.Scores)
	p.Best = &chosen{Candidate: p.Scores[best].Candidate, Rung: of[best]}
	if err := s.choosePruning(ctx, job, &p); err != nil {
		return Next{}, err
	}
	next := p.nextRung(number)
	out := Next{Tenant: job.Tenant, Job: job.ID, Attempt: job.Attempt, Rung: number + 1, Tasks: next.numbers(), More: len(next.Tasks) > 0}
	if out.More {
		p.Rungs = append(p.Rungs, next)
	}
	if err := s.putJSON(ctx, workKey(job, planFile), p); err != nil {
		return Next{}, err
	}
	won := p.Scores[best]
	s.event(ctx, job, Event{
		Phase: "search", Progress: searchFrom(number + 1),
		Message: fmt.Sprintf("best so far: %s, %s: %s %s +- %s", variantOf(won.Candidate), variantOf(won.Candidate).setting(won.C), p.Settings.Metric, figure(won.Value), figure(won.Deviation)),
		Values:  map[string]float64{"best_" + p.Settings.Metric: shown(won.Value)},
	})
	return out, nil
}

// reopen puts the plan back to where the first Select of a rung found it, so
// that a repeated one decides the same.
func (p *plan) reopen(number int) {
	p.Rungs, p.Scores, p.Best, p.Spent = p.Rungs[:number+1], nil, nil, 0
	for _, r := range p.Rungs {
		for _, t := range r.Tasks {
			p.Spent += p.cost(t)
		}
	}
}

// gather turns the results of a rung's tasks into one score per candidate, in
// the order of the tasks. The value is the metric of all held rows together;
// the folds stay apart for the paired comparison.
func (s *Steps) gather(ctx context.Context, job Job, p *plan, number int) ([]tune.Score, error) {
	at := map[tune.Candidate]int{}
	var scores []tune.Score
	var pooled []tally
	for i, t := range p.Rungs[number].Tasks {
		var found scored
		if err := s.getJSON(ctx, workKey(job, scoreFile(number, i)), &found); err != nil {
			return nil, err
		}
		if len(found.Values) != len(t.C) {
			return nil, fault.New(fault.Internal, "task %d of rung %d scored %d of %d costs", i, number, len(found.Values), len(t.C))
		}
		for k, c := range t.C {
			n, known := at[t.at(c)]
			if !known {
				n = len(scores)
				at[t.at(c)] = n
				scores, pooled = append(scores, tune.Score{Candidate: t.at(c), Share: t.Share}), append(pooled, tally{})
			}
			scores[n].Folds = append(scores[n].Folds, found.Values[k].score(p.Settings.Metric))
			scores[n].Terms = max(scores[n].Terms, found.Terms)
			pooled[n].add(found.Values[k])
		}
	}
	for n := range scores {
		done := tune.NewScore(scores[n].Candidate, scores[n].Folds, scores[n].Terms)
		done.Value, done.Share = pooled[n].score(p.Settings.Metric), scores[n].Share
		scores[n] = done
	}
	return scores, nil
}
