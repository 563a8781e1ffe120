package api

import (
	"strings"
	"time"

	"godwit/shared/access"
	"godwit/shared/batch"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/registry"
)

// outputLease is how long the URLs of a job's files work.
const outputLease = time.Hour

// batchPath is where batch jobs are.
const batchPath = "/v1/batch-jobs"

// batchRoutes tell of jobs that score files, and sign for the files.
func batchRoutes() []Route {
	statuses := Filter{Name: "status", Doc: "only jobs in this status", Enum: jobStatuses}
	return []Route{
		{Method: "GET", Pattern: batchPath, Function: RegistryFunction, Scope: access.Read, Summary: "List batch jobs, newest first", Noun: "batch job",
			Response: Page[BatchJob]{}, Status: 200, Query: []Filter{{Name: "model", Doc: "only jobs of this model"}, statuses}, serve: listBatchJobs},
		{Method: "GET", Pattern: batchPath + "/{id}", Function: RegistryFunction, Late: true, Scope: access.Predict, Summary: "One batch job, with URLs of its files", Noun: "batch job",
			Response: BatchJob{}, Status: 200, serve: getBatchJob},
	}
}

// batchStarts start and stop executions, which train-trigger's role allows.
func batchStarts() []Route {
	return []Route{
		{Method: "POST", Pattern: batchPath, Function: TrainingFunction, Late: true, Scope: access.Predict, Summary: "Score a file of rows", Noun: "model, version, alias or object",
			Request: NewBatchJob{}, Response: BatchJob{}, Status: 202, Creates: true, Failures: []fault.Code{fault.NotFound, fault.Conflict}, serve: createBatchJob},
		{Method: "POST", Pattern: batchPath + "/{id}/cancel", Function: TrainingFunction, Late: true, Scope: access.Predict, Summary: "Stop a batch job that is not over", Noun: "batch job",
			Response: BatchJob{}, Status: 200, Failures: []fault.Code{fault.Conflict}, serve: cancelBatchJob},
	}
}

// createBatchJob opens a job. It answers before the work begins.
func createBatchJob(x *exchange) error {
	var in NewBatchJob
	body, err := x.read(&in)
	if err != nil {
		return err
	}
	ref, err := registry.ParseReference(in.Model)
	if err != nil {
		return invalid("/model", understood(err).Msg)
	}
	if err := x.allow(access.Predict, ref.Model); err != nil {
		return err
	}
	if err := x.withinBudget(); err != nil {
		return err
	}
	sub, err := in.submission(ref)
	if err != nil {
		return err
	}
	sub.By = x.caller.KeyID
	// Before the Idempotency-Key is taken: a refusal leaves it free.
	if err := x.mayReadInput(in.Input); err != nil {
		return err
	}
	return x.create(body, creation{
		mint: x.NewToken,
		create: func(seed string, _ bool) (string, error) {
			sub.Origin = "api/" + seed // the same origin is the same job, so a repetition finds it
			job, err := x.Batches.Submit(x.r.Context(), x.tenant(), sub)
			return job.ID, err
		},
		show: func(id string) error {
			job, err := x.Batches.Job(x.r.Context(), x.tenant(), id)
			if err != nil {
				return err
			}
			x.w.Header().Set("Location", pathOf("batch-jobs", id))
			x.w.Header().Set("Retry-After", "1")
			return x.json(202, batchJobOf(job))
		},
	})
}

// submission checks what was asked for.
func (in NewBatchJob) submission(ref registry.Reference) (batch.Submission, error) {
	sub := batch.Submission{Ref: ref, Dataset: in.Input.Dataset, Key: in.Input.Key, Format: batch.Format(in.Format)}
	p := in.Parameters
	if p == nil {
		return sub, nil
	}
	switch {
	case p.TopK < 0 || p.TopK > 1e6:
		return sub, invalid("/parameters/top_k", "must be a whole number from 1")
	case p.MinScore < 0 || p.MinScore > 1:
		return sub, invalid("/parameters/min_score", "must be a number from 0 to 1")
	case p.Coverage < 0 || p.Coverage > 1:
		return sub, invalid("/parameters/coverage", "must be a number from 0 to 1")
	}
	sub.Parameters = batch.Parameters{TopK: p.TopK, MinScore: p.MinScore, Coverage: p.Coverage, Explain: p.Explain}
	return sub, nil
}

// mayReadInput decides on a data set of another model: results quote its rows.
func (x *exchange) mayReadInput(in BatchInput) error {
	// By its key a data set is still a data set.
	id := in.Dataset
	if parts := strings.Split(in.Key, "/"); id == "" && len(parts) > 3 && parts[0] == "datasets" {
		id = parts[2]
	}
	if id == "" {
		return nil
	}
	return x.mayUse(id, access.Read)
}

// listBatchJobs lists jobs newest first, optionally of one model or status.
func listBatchJobs(x *exchange) error {
	p, err := x.page()
	if err != nil {
		return err
	}
	status, err := x.choice("status", jobStatuses)
	if err != nil {
		return err
	}
	filter := batch.Filter{Status: jobs.Status(status)}
	if raw := x.r.URL.Query().Get("model"); raw != "" {
		if filter.Model, err = registry.ParseName(raw); err != nil {
			return err
		}
	}
	page, err := readable(x, p, func(p registry.PageRequest) (registry.Page[batch.Job], error) {
		return x.Batches.Jobs(x.r.Context(), x.tenant(), filter, p)
	}, func(j batch.Job) registry.Name { return j.Model })
	if err != nil {
		return err
	}
	return list(x, page, batchJobOf)
}

// batchJob reads the path's job and decides the scope on its model.
func (x *exchange) batchJob() (batch.Job, error) {
	job, err := x.Batches.Job(x.r.Context(), x.tenant(), x.r.PathValue("id"))
	if err != nil {
		return job, err
	}
	return job, x.allow(x.route.Scope, job.Model)
}

// getBatchJob answers with one job; Retry-After is there while it is worth polling.
func getBatchJob(x *exchange) error {
	job, err := x.batchJob()
	if err != nil {
		return err
	}
	out := batchJobOf(job)
	if !job.Status.Final() {
		x.w.Header().Set("Retry-After", "1")
	}
	// Only here: URLs are signed with the role of model-registry, which alone of
	// the functions with these routes may read results.
	if job.Status == jobs.Succeeded && x.Now().Before(job.FinishedAt.Add(batch.Kept)) {
		if out.Outputs, err = x.outputs(job); err != nil {
			return err
		}
	}
	return x.json(200, out)
}

// outputs signs the URLs of a job's files.
func (x *exchange) outputs(job batch.Job) (*BatchOutputs, error) {
	out := &BatchOutputs{Results: []BatchFile{}, Errors: []BatchFile{}, ExpiresAt: x.Now().Add(outputLease).UTC()}
	for _, list := range []struct {
		files []batch.File
		to    *[]BatchFile
	}{{job.Results, &out.Results}, {job.Errors, &out.Errors}} {
		for _, f := range list.files {
			signed, err := x.Models.PresignGet(x.r.Context(), f.Key, f.Name(), outputLease)
			if err != nil {
				return nil, err
			}
			*list.to = append(*list.to, BatchFile{Filename: f.Name(), URL: signed.URL, Size: f.Size, Rows: f.Rows})
		}
	}
	return out, nil
}

// cancelBatchJob ends a job that is not over.
func cancelBatchJob(x *exchange) error {
	job, err := x.batchJob()
	if err != nil {
		return err
	}
	if job, err = x.Batches.Cancel(x.r.Context(), x.tenant(), job.ID); err != nil {
		return err
	}
	return x.json(200, batchJobOf(job))
}

// batchJobOf is the wire form of a job, without the URLs of its files.
func batchJobOf(j batch.Job) BatchJob {
	out := BatchJob{
		ID: j.ID, Status: string(j.Status), Progress: j.Progress, Phase: j.Phase, Model: string(j.Model), Version: j.Version,
		Digest: string(j.Digest), Variant: j.Variant, Input: BatchInput{Dataset: j.Dataset}, Parameters: PredictParameters(j.Parameters),
		Format: string(j.Format), Counts: BatchCounts(j.Counts), CreatedAt: j.CreatedAt, StartedAt: moment(j.StartedAt),
		FinishedAt: moment(j.FinishedAt), CreatedBy: j.CreatedBy,
	}
	if j.Dataset == "" { // the key of a data set's file is not part of it
		out.Input.Key = j.Key
	}
	if j.Error != nil {
		out.Error = &JobError{Code: j.Error.Code, Message: j.Error.Message}
	}
	if s := j.Summary; s != nil {
		out.Summary = &BatchSummary{Others: s.Others, Abstained: s.Abstained, Least: s.Least, Greatest: s.Greatest, Seconds: s.Seconds}
		if s.Labels != nil {
			out.Summary.MeanScore = &s.MeanScore
		}
		for _, l := range s.Labels {
			out.Summary.Labels = append(out.Summary.Labels, BatchLabel(l))
		}
	}
	return out
}
