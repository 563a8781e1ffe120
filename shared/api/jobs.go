package api

import (
	"strings"
	"time"

	"godwit/shared/access"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// createJob starts a training. It answers before the work begins; Location and
// Retry-After say where and when to look.
func createJob(x *exchange) error {
	var in NewJob
	body, err := x.read(&in)
	if err != nil {
		return err
	}
	model, err := modelName("/model", in.Model)
	if err != nil {
		return err
	}
	if err := x.allow(access.Train, model); err != nil {
		return err
	}
	if in.Dataset == "" {
		return invalid("/dataset", "the id of an uploaded data set")
	}
	// Before the Idempotency-Key is taken: a refusal leaves it free.
	if err := x.mayUse(in.Dataset, access.Train); err != nil {
		return err
	}
	sub := training.Submission{Model: model, Dataset: in.Dataset, By: x.caller.KeyID}
	// Settings that say nothing are the model's own.
	if in.TrainingSettings != (TrainingSettings{}) {
		if sub.Settings, err = settingsOf(&in.TrainingSettings, ""); err != nil {
			return err
		}
	}
	return x.create(body, creation{
		mint: x.NewToken,
		create: func(seed string, _ bool) (string, error) {
			// The same origin is the same job, so a repetition finds it.
			sub.Origin = "api/" + seed
			job, err := x.Training.Submit(x.r.Context(), x.tenant(), sub)
			return job.ID, err
		},
		show: func(id string) error {
			job, err := x.Training.Job(x.r.Context(), x.tenant(), id)
			if err != nil {
				return err
			}
			x.w.Header().Set("Location", pathOf("training-jobs", id))
			x.w.Header().Set("Retry-After", "1")
			return x.json(202, jobOf(job))
		},
	})
}

// listJobs lists jobs newest first, optionally of one model or status.
func listJobs(x *exchange) error {
	p, err := x.page()
	if err != nil {
		return err
	}
	status, err := x.choice("status", jobStatuses)
	if err != nil {
		return err
	}
	filter := training.JobFilter{Status: training.Status(status)}
	if raw := x.r.URL.Query().Get("model"); raw != "" {
		if filter.Model, err = registry.ParseName(raw); err != nil {
			return err
		}
	}
	page, err := readable(x, p, func(p registry.PageRequest) (registry.Page[training.Job], error) {
		return x.Training.Jobs(x.r.Context(), x.tenant(), filter, p)
	}, func(j training.Job) registry.Name { return j.Model })
	if err != nil {
		return err
	}
	return list(x, page, jobOf)
}

// job reads the path's job and decides the scope on its model.
func (x *exchange) job() (training.Job, error) {
	job, err := x.Training.Job(x.r.Context(), x.tenant(), x.r.PathValue("id"))
	if err != nil {
		return job, err
	}
	if x.route.Scope == access.Read {
		return job, x.mayRead(job.Model)
	}
	return job, x.allow(x.route.Scope, job.Model)
}

// getJob answers with one job; Retry-After is there while it is worth polling.
func getJob(x *exchange) error {
	job, err := x.job()
	if err != nil {
		return err
	}
	if !job.Status.Final() {
		x.w.Header().Set("Retry-After", "1")
	}
	return x.json(200, jobOf(job))
}

// listEvents lists a job's progress, oldest first: a follower keeps the last
// page's token and asks again.
func listEvents(x *exchange) error {
	job, err := x.job()
	if err != nil {
		return err
	}
	p, err := x.page()
	if err != nil {
		return err
	}
	page, err := x.Training.Events(x.r.Context(), x.tenant(), job.ID, p)
	if err != nil {
		return err
	}
	return list(x, page, func(e training.Event) Event {
		return Event{Seq: int64(e.Seq), At: e.At, Phase: e.Phase, Message: e.Message, Progress: e.Progress, Values: e.Values}
	})
}

// cancelJob ends a job. One that is cancelled already is cancelled: a caller who
// lost the first answer repeats without harm.
func cancelJob(x *exchange) error {
	job, err := x.job()
	if err != nil {
		return err
	}
	if job, err = x.Training.Cancel(x.r.Context(), x.tenant(), job.ID); err != nil {
		return err
	}
	return x.json(200, jobOf(job))
}

// jobOf is the wire form of a job. Lease, attempt and keys are not part of it.
func jobOf(j training.Job) Job {
	out := Job{
		ID: j.ID, Status: string(j.Status), Progress: j.Progress, Phase: j.Phase, Model: string(j.Model), Dataset: j.Dataset, Parent: j.Parent,
		CreatedAt: j.CreatedAt, StartedAt: moment(j.StartedAt), FinishedAt: moment(j.FinishedAt), CreatedBy: j.CreatedBy,
	}
	if j.Version != 0 {
		out.Version = &j.Version
	}
	if j.Error != nil {
		out.Error = &JobError{Code: j.Error.Code, Message: j.Error.Message}
		for _, f := range j.Error.Findings {
			text := strings.TrimSuffix(f.Message+"; "+f.Fix, "; ")
			out.Error.Errors = append(out.Error.Errors, Finding{Line: f.Line, Record: f.Record, Column: f.Column, Detail: text})
		}
	}
	if r := j.Result; r != nil {
		out.Result = &JobResult{Promotion: r.Promotion, Reason: r.Reason, Detail: r.Detail, Metrics: r.Metrics, Rows: JobRows(r.Rows)}
	}
	return out
}

// moment is t, or nil for the zero time.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
