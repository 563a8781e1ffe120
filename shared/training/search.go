package training

import (
	"context"
	"fmt"
	"slices"

	"godwit/shared/fault"
	"godwit/shared/ml/artifact"
	"godwit/shared/ml/linear"
	"godwit/shared/ml/metric"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tune"
)

func lossOf(name string) linear.Loss { return linear.Loss(name) }

// search scores one recipe on one fold along its path of C and keeps the
// out-of-fold margins for the calibration.
func (s *Steps) search(ctx context.Context, job Job, number, taskNumber int) (Done, error) {
	var p plan
	if err := s.getJSON(ctx, workKey(job, planFile), &p); err != nil {
		return Done{}, err
	}
	if number < 0 || number >= len(p.Rungs) || taskNumber < 0 || taskNumber >= len(p.Rungs[number].Tasks) {
		return Done{}, fault.New(fault.Invalid, "no task %d in rung %d", taskNumber, number)
	}
	t := p.Rungs[number].Tasks[taskNumber]
	r, err := s.loadRows(ctx, job)
	if err != nil {
		return Done{}, err
	}
	train, held := r.fold(t.Fold)
	settings, err := pipelineSettings(p.Settings, tune.Candidate{Recipe: t.Recipe, Loss: t.Loss, C: t.C[0]})
	if err != nil {
		return Done{}, err
	}
	margins, err := pipeline.Margins(ctx, r.Data, train, held, settings, t.C, s.Workers)
	if err != nil {
		return Done{}, fmt.Errorf("score fold %d of %s: %w", t.Fold, t.Recipe, err)
	}
	found := scored{Rung: number, Task: taskNumber, Rows: len(held), Terms: int64(r.Corpus.Vocabulary(train, settings.Recipe).Len())}
	for _, m := range margins {
		found.Values = append(found.Values, judge(p.Settings.Metric, m, classesOf(r.Y, held), len(r.Labels)))
	}
	if err := s.keepMargins(ctx, job, found, margins, held, r); err != nil {
		return Done{}, err
	}
	if err := s.putJSON(ctx, workKey(job, scoreFile(number, taskNumber)), found); err != nil {
		return Done{}, err
	}
	return Done{Task: taskNumber}, s.tellScore(ctx, job, &p, t, found)
}

// fold returns the training rows outside and inside fold f.
func (r *rows) fold(f int) (train, held []int32) {
	for i, row := range r.Train {
		if int(r.Fold[i]) == f {
			held = append(held, row)
		} else {
			train = append(train, row)
		}
	}
	return train, held
}

func classesOf(y, rows []int32) []int32 {
	out := make([]int32, len(rows))
	for i, row := range rows {
		out[i] = y[row]
	}
	return out
}

// judge returns the metric of margins, rows x classes.
func judge(name string, margins []float32, truth []int32, classes int) float64 {
	predicted := make([]int32, len(truth))
	for i := range truth {
		row := margins[i*classes : (i+1)*classes]
		predicted[i] = int32(slices.Index(row, slices.Max(row)))
	}
	if name == "macro_f1" {
		return metric.MacroF1(truth, predicted, classes)
	}
	return metric.Accuracy(truth, predicted)
}

// calibrationCells bounds the margins a task keeps for each C: rows x classes.
// One temperature needs far fewer rows than a large job has.
const calibrationCells = 1 << 22

// keepMargins stores margins of evenly spaced held rows with their classes.
func (s *Steps) keepMargins(ctx context.Context, job Job, found scored, margins [][]float32, held []int32, r *rows) error {
	k := len(r.Labels)
	stride := max(1, (len(held)*k+calibrationCells-1)/calibrationCells)
	var y []int32
	kept := make([][]float32, len(margins))
	for i := 0; i < len(held); i += stride {
		y = append(y, r.Y[held[i]])
		for c := range margins {
			kept[c] = append(kept[c], margins[c][i*k:(i+1)*k]...)
		}
	}
	tensors := []artifact.Tensor{artifact.FromInt32s("class", []int64{int64(len(y))}, y)}
	for c := range kept {
		tensors = append(tensors, artifact.FromFloat32s(fmt.Sprintf("margins.%d", c), []int64{int64(len(y)), int64(k)}, kept[c]))
	}
	data, err := artifact.Encode(map[string]string{"format": "godwit-margins-1"}, tensors)
	if err != nil {
		return fmt.Errorf("encode margins: %w", err)
	}
	return s.putWork(ctx, workKey(job, marginFile(found.Rung, found.Task)), data)
}

func scoreFile(rung, task int) string  { return fmt.Sprintf("scores/%d/%d.json", rung, task) }
func marginFile(rung, task int) string { return fmt.Sprintf("margins/%d/%d.safetensors", rung, task) }

// tellScore records how far the rung is and what this task found.
func (s *Steps) tellScore(ctx context.Context, job Job, p *plan, t task, found scored) error {
	done, _, err := s.Models.List(ctx, workKey(job, fmt.Sprintf("scores/%d/", found.Rung)), "", 1000)
	if err != nil {
		return err
	}
	best := slices.Max(found.Values)
	share := float64(len(done)) / float64(len(p.Rungs[found.Rung].Tasks))
	s.event(ctx, job, Event{
		Phase: "search", Progress: searchFrom(found.Rung) + (searchFrom(found.Rung+1)-searchFrom(found.Rung))*share,
		Message: fmt.Sprintf("%s features, fold %d, C %g: %s %.4f (%d of %d)", t.Recipe, t.Fold+1, t.C[slices.Index(found.Values, best)], p.Settings.Metric, best, len(done), len(p.Rungs[found.Rung].Tasks)),
		Values:  map[string]float64{p.Settings.Metric: best, "fold": float64(t.Fold + 1), "terms": float64(found.Terms)},
	})
	return nil
}

// searchFrom is the progress at which a rung begins.
func searchFrom(rung int) float64 {
	return []float64{.2, .5, .7}[min(rung, 2)]
}

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
	p.Rungs = p.Rungs[:number+1] // a repeated Select starts where the first one did
	var scores []tune.Score
	var of []int // the rung each score belongs to
	for n := range p.Rungs {
		found, err := s.gather(ctx, job, &p, n)
		if err != nil {
			return Next{}, err
		}
		for range found {
			of = append(of, n)
		}
		scores = append(scores, found...)
	}
	best := tune.Best(scores)
	p.Scores, p.Best = scores, &chosen{Candidate: scores[best].Candidate, Rung: of[best]}
	next := nextRung(p.Settings, number, p.Best.Candidate, folds(p.Rungs[0]))
	out := Next{Tenant: job.Tenant, Job: job.ID, Attempt: job.Attempt, Rung: number + 1, Tasks: next.numbers(), More: len(next.Tasks) > 0}
	if out.More {
		p.Rungs = append(p.Rungs, next)
	}
	if err := s.putJSON(ctx, workKey(job, planFile), p); err != nil {
		return Next{}, err
	}
	s.event(ctx, job, Event{
		Phase: "search", Progress: searchFrom(number + 1),
		Message: fmt.Sprintf("best so far: %s features, C %g: %s %.4f +- %.4f", p.Best.Recipe, p.Best.C, p.Settings.Metric, scores[best].Mean, scores[best].Deviation),
		Values:  map[string]float64{"best_" + p.Settings.Metric: scores[best].Mean},
	})
	return out, nil
}

func folds(r rung) int {
	most := 0
	for _, t := range r.Tasks {
		most = max(most, t.Fold+1)
	}
	return most
}

// gather turns the results of a rung's tasks into one score per candidate, in the order of the tasks.
func (s *Steps) gather(ctx context.Context, job Job, p *plan, number int) ([]tune.Score, error) {
	var candidates []tune.Candidate
	var folds [][]float64
	var terms []int64
	for i, t := range p.Rungs[number].Tasks {
		var found scored
		if err := s.getJSON(ctx, workKey(job, scoreFile(number, i)), &found); err != nil {
			return nil, err
		}
		for ci, c := range t.C {
			cand := tune.Candidate{Recipe: t.Recipe, Loss: t.Loss, C: c}
			n := slices.Index(candidates, cand)
			if n < 0 {
				n = len(candidates)
				candidates, folds, terms = append(candidates, cand), append(folds, nil), append(terms, 0)
			}
			folds[n] = append(folds[n], found.Values[ci])
			terms[n] = max(terms[n], found.Terms)
		}
	}
	scores := make([]tune.Score, len(candidates))
	for i := range scores {
		scores[i] = tune.NewScore(candidates[i], folds[i], terms[i])
	}
	return scores, nil
}
