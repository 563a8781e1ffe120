package batch

import (
	"context"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/registry"
)

// silence is how long after its start a job that is read is held against its
// execution.
const silence = time.Minute

// Service opens, reads and closes jobs. Its fields are set once; it is safe for
// concurrent use.
type Service struct {
	Store    registry.Store
	Registry *registry.Registry
	Uploads  blob.Store   // only Stat, to hold a request against what is there
	Machine  jobs.Machine // runs batch.asl.json
	Now      func() time.Time
	NewToken func() string // unique, unguessable
}

// Submission asks for a job.
type Submission struct {
	// Origin identifies the cause: the same Origin is the same job. Empty makes
	// a new job each time.
	Origin     string
	Ref        registry.Reference // resolved once, when the job is opened
	Dataset    string             // id of an uploaded data set, or else
	Key        string             // of an object in the uploads bucket, in a folder of the tenant's own
	Parameters Parameters
	Format     Format // empty: JSONL
	By         string // key id
}

// Filter narrows a list of jobs; zero fields match all.
type Filter struct {
	Model  registry.Name // empty: any
	Status jobs.Status   // empty: any
}

// book is the jobs' storage, made of the Service's own fields.
func (s *Service) book() *jobs.Book[Job] {
	return &jobs.Book[Job]{Kind: kind, Store: s.Store, Machine: s.Machine, NewToken: s.NewToken}
}

// Submit opens a job and starts its execution. The same Origin again returns
// the job that is there, starting it if its start was lost. Errors:
// fault.NotFound (no such model, version, data set or object), fault.Conflict
// (not uploaded yet, or no version may serve), fault.Invalid (parameters),
// fault.Unavailable (try again).
func (s *Service) Submit(ctx context.Context, t registry.Tenant, sub Submission) (Job, error) {
	if sub.Origin == "" {
		sub.Origin = s.NewToken()
	}
	// A repetition is answered by the job that is there, whatever its alias or
	// its object have become since.
	job, err := s.book().Load(ctx, t, kind.NewID(string(t), sub.Origin))
	if fault.Is(err, fault.NotFound) {
		if job, err = s.draft(ctx, t, sub); err != nil {
			return Job{}, err
		}
		job, _, err = s.book().Open(ctx, job)
	}
	if err != nil {
		return Job{}, err
	}
	if job.Status != jobs.Queued {
		return s.withProgress(ctx, job)
	}
	job.Phase = phaseSplit
	return job, s.book().Start(ctx, job)
}

// draft builds the job a submission asks for, without storing it.
func (s *Service) draft(ctx context.Context, t registry.Tenant, sub Submission) (Job, error) {
	if sub.Format == "" {
		sub.Format = JSONL
	}
	version, variant, err := s.Registry.Resolve(ctx, t, sub.Ref)
	if err != nil {
		return Job{}, err
	}
	if err := sub.check(version); err != nil {
		return Job{}, err
	}
	job := Job{
		ID: kind.NewID(string(t), sub.Origin), Tenant: t, Model: version.Model, Version: version.Number, Digest: version.Artifact.Digest,
		Variant: variant, Parameters: sub.Parameters, Format: sub.Format, Status: jobs.Queued, Attempt: 1,
		CreatedBy: sub.By, CreatedAt: s.Now().UTC(),
	}
	return job, s.find(ctx, &job, sub)
}

// check refuses what the version cannot answer.
func (sub Submission) check(v registry.Version) error {
	p := sub.Parameters
	switch {
	case sub.Format != JSONL && sub.Format != CSV:
		return refuse("/format", "format is jsonl or csv")
	case p.Explain && sub.Format == CSV:
		return refuse("/parameters/explain", "explanations do not fit into cells; ask for the format jsonl")
	case v.Task == registry.TableRegression && p.MinScore > 0:
		return refuse("/parameters/min_score", "min_score is about labels, and this model answers with a number; leave it out").
			WithReason("not_for_regression")
	}
	return nil
}

// refuse is a fault.Invalid about one field of the submission.
func refuse(pointer, text string) *fault.Error {
	return fault.New(fault.Invalid, "%s: %s", pointer, text).WithDetails(fault.Detail{Pointer: pointer, Text: text})
}

// Job returns a job with its progress. One that has been running for a minute
// is held against its execution first. Absent is fault.NotFound.
func (s *Service) Job(ctx context.Context, t registry.Tenant, id string) (Job, error) {
	job, err := s.book().Load(ctx, t, id)
	if err != nil {
		return Job{}, err
	}
	heard := job.CreatedAt
	if job.StartedAt.After(heard) {
		heard = job.StartedAt
	}
	if !job.Status.Final() && s.Now().Sub(heard) >= silence {
		job, err = s.book().Reconcile(ctx, job, func(state string) (Job, error) {
			return s.Close(ctx, t, id, jobs.Failed, DeathOf(state))
		})
		if err != nil {
			return Job{}, err
		}
	}
	return s.withProgress(ctx, job)
}

// words are how batch jobs tell why they failed.
var words = jobs.Words{
	Work: "scoring", Unfit: "the file cannot be scored", Again: "submit the file again",
	Late: "scoring took longer than the state machine allows; divide the file",
}

// DeathOf returns the reason a job carries when its execution ended in state
// without saying why itself.
func DeathOf(state string) JobError {
	switch state {
	case jobs.ExecutionTimedOut:
		return JobError{Code: "timeout", Message: words.Late}
	case jobs.ExecutionAborted, jobs.ExecutionAbsent:
		return JobError{Code: "aborted", Message: "the execution was stopped or is gone; submit the file again"}
	}
	return JobError{Code: "internal", Message: "scoring stopped without a result; submit the file again"}
}

// FailureOf returns the reason a job carries when its execution gave up on an
// error of a type, as Catch names it; "" is one nobody knows.
func FailureOf(job, errorType string) JobError {
	code, message := words.Failure(job, errorType)
	return JobError{Code: code, Message: message}
}

// Jobs returns a page of jobs, newest first. Their counts are those of the
// record: what a job has done so far is with the job alone.
func (s *Service) Jobs(ctx context.Context, t registry.Tenant, f Filter, p registry.PageRequest) (registry.Page[Job], error) {
	page, err := s.book().List(ctx, t, p, func(j *Job) bool {
		return (f.Model == "" || f.Model == j.Model) && (f.Status == "" || f.Status == j.Status)
	})
	for i := range page.Items {
		page.Items[i].advance(Counts{}, 0)
	}
	return page, err
}

// Cancel ends a job that is not over. A final one is fault.Conflict.
func (s *Service) Cancel(ctx context.Context, t registry.Tenant, id string) (Job, error) {
	job, err := s.Close(ctx, t, id, jobs.Cancelled, JobError{})
	if err != nil {
		return Job{}, err
	}
	if job.Status != jobs.Cancelled {
		return Job{}, fault.New(fault.Conflict, "batch job %s is over: %s", id, job.Status).WithReason("job_final")
	}
	job.advance(Counts{}, 0)
	return job, s.book().Stop(ctx, job, "cancelled")
}

// Close moves a job to a final status and returns it as it is then: a job that
// was final before keeps the status it had.
func (s *Service) Close(ctx context.Context, t registry.Tenant, id string, status jobs.Status, why JobError) (Job, error) {
	return s.book().Update(ctx, t, id, func(job *Job) bool {
		job.Status, job.FinishedAt = status, s.Now().UTC()
		if status == jobs.Failed {
			job.Error = &why
		}
		return true
	})
}
