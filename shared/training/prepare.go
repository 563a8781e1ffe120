package training

import (
	"context"
	"errors"
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

// Issues is the file behind a data set's /issues: everything Prepare found.
type Issues struct {
	Counts  map[string]int  `json:"counts"` // findings per code, also those beyond Items
	Items   []dataset.Issue `json:"items"`  // in file order, at most 1,000
	Source  dataset.Source  `json:"source"` // how the file was read
	Records int64           `json:"records"`
	Kept    int64           `json:"kept"`
}

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
	settings = settings.resolved()
	s.event(ctx, job, Event{Phase: "prepare", Message: "reading the data", Progress: .01})
	set, err := s.read(ctx, job, settings)
	if err != nil {
		return Next{}, err
	}
	r, how, err := s.encodeRows(ctx, job, set, settings)
	if err != nil {
		return Next{}, err
	}
	recipes, err := distinctRecipes(settings, r)
	if err != nil {
		return Next{}, err
	}
	p := newPlan(settings, set, r, how, recipes)
	data, err := r.encode()
	if err != nil {
		return Next{}, fmt.Errorf("encode rows: %w", err)
	}
	if err := s.putWork(ctx, workKey(job, dataFile), data); err != nil {
		return Next{}, err
	}
	if err := s.putJSON(ctx, workKey(job, planFile), p); err != nil {
		return Next{}, err
	}
	s.event(ctx, job, Event{Phase: "prepare", Progress: .2, Message: fmt.Sprintf("%d rows in %d classes, %d held out, %d rejected", len(r.Y), len(r.Labels), len(r.Test), set.Rejected),
		Values: map[string]float64{"rows": float64(len(r.Y)), "classes": float64(len(r.Labels)), "held_out": float64(len(r.Test)), "rejected": float64(set.Rejected)}})
	return Next{Tenant: job.Tenant, Job: job.ID, Attempt: job.Attempt, Tasks: p.Rungs[0].numbers(), More: true}, nil
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

// read returns the checked rows and files the findings, whether or not the data can be used.
func (s *Steps) read(ctx context.Context, job Job, settings Settings) (*dataset.Set, error) {
	body, _, err := s.Uploads.GetVersion(ctx, job.Key, job.SourceVersion)
	if fault.Is(err, fault.NotFound) {
		return nil, s.refuse(ctx, job, fault.New(fault.NotFound, "the uploaded file is gone"), nil)
	}
	if err != nil {
		return nil, err
	}
	defer body.Close()
	set, err := dataset.Read(ctx, body, dataset.Options{
		Filename: job.Key, TextColumns: settings.Columns.Text, LabelColumn: settings.Columns.Label,
	})
	input, bad := errors.AsType[*dataset.InputError](err)
	if err != nil && !bad {
		return nil, fault.Wrap(fault.Unavailable, err, "the uploaded file could not be read to its end")
	}
	issues := Issues{}
	if set != nil {
		issues = Issues{Counts: set.IssueCounts, Items: set.Issues, Source: set.Source, Records: set.Records, Kept: set.Records - set.Rejected}
	} else {
		issues.Items = input.Issues
	}
	if err := s.fileIssues(ctx, job, issues, bad); err != nil {
		return nil, err
	}
	if bad {
		return nil, s.refuse(ctx, job, fault.Wrap(fault.Invalid, input, "%s", input.Message), findings(input.Issues))
	}
	return set, nil
}

// fileIssues writes the findings and tells the data set where they are.
func (s *Steps) fileIssues(ctx context.Context, job Job, issues Issues, bad bool) error {
	key := reportKey(job, "issues.json")
	if err := s.putJSON(ctx, key, issues); err != nil {
		return err
	}
	_, err := s.Jobs.Registry.UpdateDataset(ctx, job.Tenant, job.Dataset, registry.AnyRev, func(d *registry.Dataset) error {
		d.IssuesKey, d.Job, d.Status = key, job.ID, DatasetChecked
		if bad {
			d.Status = DatasetFailed
		}
		return nil
	})
	if fault.Is(err, fault.NotFound) {
		return nil // the data set was deleted meanwhile; the job goes on with the object it names
	}
	return err
}

func findings(issues []dataset.Issue) []Finding {
	out := make([]Finding, 0, len(issues))
	for _, i := range issues {
		if i.Severity == "error" {
			out = append(out, Finding{Code: i.Code, Line: i.Line, Record: i.Record, Column: i.Column, Message: i.Message, Fix: i.Fix})
		}
	}
	return out
}

// encodeRows splits the rows, assigns folds and counts every document's terms.
func (s *Steps) encodeRows(ctx context.Context, job Job, set *dataset.Set, settings Settings) (*rows, string, error) {
	salt := string(job.Model)
	if settings.Split.Seed != 0 {
		salt = fmt.Sprintf("%s/%d", salt, settings.Split.Seed)
	}
	r := &rows{Group: groupsOf(set.Rows)}
	var how string
	r.Train, r.Test, how = dataset.Split(set.Rows, set.Labels, dataset.SplitOptions{Test: settings.Split.Test, Salt: salt})
	r.Labels = set.Labels
	docs := make([]string, len(set.Rows))
	r.Y, r.Weight = make([]int32, len(docs)), make([]float32, len(docs))
	for i, row := range set.Rows {
		class, _ := slices.BinarySearch(set.Labels, row.Label)
		docs[i], r.Y[i], r.Weight[i] = row.Text, int32(class), row.Weight
	}
	for _, i := range r.Test {
		r.TestText = append(r.TestText, docs[i])
	}
	y, group := make([]int32, len(r.Train)), make([]uint64, len(r.Train))
	for i, row := range r.Train {
		y[i], group[i] = r.Y[row], r.Group[row]
	}
	r.Fold = tune.Folds(y, group, settings.Search.Folds, settings.Seed)
	recipes, err := recipesOf(settings)
	if err != nil {
		return nil, "", err
	}
	heard := s.Jobs.Now()
	r.Corpus, err = text.Count(ctx, docs, recipes, s.Workers, func(done int) {
		if now := s.Jobs.Now(); now.Sub(heard) > 2*time.Second {
			heard = now
			s.event(ctx, job, Event{Phase: "prepare", Message: fmt.Sprintf("counted %d of %d rows", done, len(docs)), Progress: .02 + .17*float64(done)/float64(len(docs))})
		}
	})
	return r, how, err
}

func recipesOf(settings Settings) ([]text.Recipe, error) {
	var recipes []text.Recipe
	for _, name := range recipeNames(settings) {
		recipe, ok := text.RecipeNamed(name)
		if !ok {
			return nil, fault.New(fault.Invalid, "unknown features %q", name)
		}
		recipes = append(recipes, recipe)
	}
	return recipes, nil
}

// distinct is the share of terms a recipe must add to the one before it to be
// worth a candidate of its own. Text of a script without spaces has no inner
// n-grams, so that its recipes differ by the odd foreign word.
const distinct = .02

// distinctRecipes leaves out recipes that would make the same model again. A
// caller who named the features gets each of them.
func distinctRecipes(settings Settings, r *rows) ([]string, error) {
	if len(settings.Params.Features) > 0 {
		return settings.Params.Features, nil
	}
	recipes, err := recipesOf(settings)
	if err != nil {
		return nil, err
	}
	var names []string
	last := 0
	for _, recipe := range recipes {
		terms := r.Corpus.Vocabulary(r.Train, recipe).Len()
		if len(names) > 0 && float64(terms) < float64(last)*(1+distinct) {
			continue
		}
		names, last = append(names, recipe.Name), terms
	}
	return names, nil
}

// imbalanced is the ratio of the largest to the smallest class from which
// macro-F1 is the better judge.
const imbalanced = 10

func newPlan(settings Settings, set *dataset.Set, r *rows, how string, recipes []string) *plan {
	if settings.Metric == "" {
		settings.Metric = "accuracy"
		if slices.Max(set.Counts) > imbalanced*slices.Min(set.Counts) {
			settings.Metric = "macro_f1"
		}
	}
	folds := int(slices.Max(r.Fold)) + 1
	return &plan{
		Settings: settings, Labels: set.Labels, Counts: set.Counts, Split: how, Source: set.Source,
		Issues: set.IssueCounts, SHA256: set.SHA256,
		Rows:  Rows{Read: set.Records, Trained: int64(len(r.Train)), HeldOut: int64(len(r.Test)), Rejected: set.Rejected},
		Rungs: []rung{firstRung(settings, recipes, folds)},
	}
}

// pipelineSettings are those of one candidate.
func pipelineSettings(s Settings, c tune.Candidate) (pipeline.Settings, error) {
	recipe, ok := text.RecipeNamed(c.Recipe)
	if !ok {
		return pipeline.Settings{}, fault.New(fault.Internal, "unknown features %q", c.Recipe)
	}
	return pipeline.Settings{Recipe: recipe, Loss: lossOf(c.Loss), C: c.C, Seed: s.Seed}, nil
}
