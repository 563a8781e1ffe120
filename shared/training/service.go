package training

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/registry"
)

// silence is how long a job may go without an event before a reader asks the
// engine what became of it.
const silence = time.Minute

// Service opens, reads and closes jobs. Its fields are set once; it is safe for
// concurrent use.
type Service struct {
	Store    registry.Store
	Registry *registry.Registry
	Uploads  blob.Store // only Stat, to hold a request against what is there
	Machine  Machine
	Now      func() time.Time
	NewToken func() string // unique, unguessable
}

// Submit opens a job and starts its execution. The same Origin again returns
// the job that is there, starting it if its start was lost. Errors:
// fault.NotFound (no such data set, or one that is deleted at this moment),
// fault.Conflict (data set not uploaded yet), fault.Invalid (settings),
// fault.Unavailable (try again).
func (s *Service) Submit(ctx context.Context, t registry.Tenant, sub Submission) (Job, error) {
	job, d, err := s.draft(ctx, t, sub)
	if err != nil {
		return Job{}, err
	}
	job, opened, err := s.open(ctx, job, d)
	if err != nil || !opened && job.Status != Queued {
		return job, err
	}
	if err := s.announce(ctx, job, sub); err != nil {
		return Job{}, err
	}
	return job, s.book().Start(ctx, job)
}

// Refuse stores a job that failed before it began, so that whoever sent what it
// was to read learns why where they look for any job. As with Submit the same
// Origin is the same job, which Refuse leaves as it is. Model is empty where the
// submission names none that can be; else what was sent is announced as a data
// set. The error is fault.Unavailable.
func (s *Service) Refuse(ctx context.Context, t registry.Tenant, sub Submission, why JobError) (Job, error) {
	job := s.begun(t, sub)
	job.Settings, job.Status, job.Error, job.FinishedAt = nil, Failed, &why, job.CreatedAt
	if sub.Model == "" {
		job.Dataset = ""
	}
	job, _, err := s.book().Open(ctx, job)
	if err != nil || job.Dataset == "" {
		return job, err
	}
	return job, s.announce(ctx, job, sub)
}

func (s *Service) book() *jobs.Book[Job] {
	return &jobs.Book[Job]{Kind: kind, Store: s.Store, Machine: s.Machine, NewToken: s.NewToken}
}

// open stores the job. A data set it reads is told so in the same write, so that
// of the job and a deletion of the data set at the same moment one wins: a data
// set is never deleted under a job. d is zero of an object under inbox/.
func (s *Service) open(ctx context.Context, job Job, d registry.Dataset) (Job, bool, error) {
	// Each round lost means that another job was opened on it, or a step told it
	// something.
	for range 10 {
		var with []registry.Write
		if d.ID != "" {
			read, err := s.Registry.ReadBy(d, job.ID)
			if err != nil {
				return Job{}, false, err
			}
			with = append(with, read)
		}
		stored, opened, err := s.book().Open(ctx, job, with...)
		if !fault.Is(err, fault.PreconditionFailed) {
			return stored, opened, err
		}
		if d, err = s.Registry.Dataset(ctx, job.Tenant, d.ID); err != nil {
			return Job{}, false, err
		}
	}
	return Job{}, false, fault.New(fault.Unavailable, "data set %s is being changed by others; try again", d.ID)
}

// draft builds the job a submission asks for, without storing it, and returns the
// data set it is to read, zero for an object under inbox/.
func (s *Service) draft(ctx context.Context, t registry.Tenant, sub Submission) (job Job, d registry.Dataset, err error) {
	job = s.begun(t, sub)
	if sub.Dataset != "" {
		if d, err = s.readyDataset(ctx, t, sub.Dataset); err != nil {
			return Job{}, d, err
		}
		job.Key, job.SourceVersion, job.DataTime = d.Key, d.VersionID, d.CreatedAt
		if job.Model == "" {
			job.Model = d.Model
		}
	}
	if absent(job.Settings) {
		if job.Settings, job.Parent, err = s.inherited(ctx, t, job.Model); err != nil {
			return Job{}, d, err
		}
	}
	_, err = ParseSettings(job.Settings)
	return job, d, err
}

// begun is the job of a submission as far as nothing needs to be looked up for it.
func (s *Service) begun(t registry.Tenant, sub Submission) Job {
	job := Job{
		Tenant: t, Model: sub.Model, Dataset: sub.Dataset, Key: sub.Key, SourceVersion: sub.Version,
		DataTime: sub.DataTime.UTC(), Settings: sub.Settings, Status: Queued, Attempt: 1,
		CreatedBy: sub.By, CreatedAt: s.Now().UTC(),
	}
	origin := sub.Origin
	if origin == "" {
		origin = s.NewToken()
	}
	job.ID = kind.NewID(string(t), origin)
	if sub.Dataset == "" {
		job.Dataset = DatasetID(job.DataTime, string(t), origin)
	}
	return job
}

// The statuses of a data set.
const (
	DatasetAwaiting = "awaiting_upload" // announced, the file is not there yet
	DatasetReady    = "ready"           // the file is there
	DatasetChecked  = "checked"         // read by a job: its issues can be asked for
	DatasetFailed   = "failed"          // read by a job that could not use it
)

// readyDataset returns a data set whose file is there. The event that says so
// may be late, so the bucket is asked before the request is refused.
func (s *Service) readyDataset(ctx context.Context, t registry.Tenant, id string) (registry.Dataset, error) {
	d, err := s.Registry.Dataset(ctx, t, id)
	if err != nil || d.Status != DatasetAwaiting {
		return d, err
	}
	info, err := s.Uploads.Stat(ctx, d.Key)
	if fault.Is(err, fault.NotFound) {
		return d, fault.New(fault.Conflict, "data set %s is still awaiting its upload: PUT the file to its upload URL first", d.ID).WithReason("dataset_awaiting_upload")
	}
	if err != nil {
		return d, err
	}
	return s.MarkReady(ctx, t, id, info)
}

// MarkReady notes that the file of an announced data set has arrived. A data
// set that a job has read keeps its status.
func (s *Service) MarkReady(ctx context.Context, t registry.Tenant, id string, info blob.Info) (registry.Dataset, error) {
	return s.Registry.UpdateDataset(ctx, t, id, registry.AnyRev, func(d *registry.Dataset) error {
		if d.Status == DatasetAwaiting {
			d.Status, d.VersionID, d.Size = DatasetReady, info.VersionID, info.Size
		}
		return nil
	})
}

// announce makes the data set of an object that came through the inbox, so
// that its findings have a place. It is there already when the event comes again.
func (s *Service) announce(ctx context.Context, job Job, sub Submission) error {
	if sub.Dataset != "" {
		return nil
	}
	_, err := s.Registry.CreateDataset(ctx, job.Tenant, registry.Dataset{
		ID: job.Dataset, Model: job.Model, Filename: job.Key[strings.LastIndexByte(job.Key, '/')+1:],
		Key: job.Key, VersionID: job.SourceVersion, Size: sub.Size, Status: DatasetReady, Job: job.ID,
	})
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// Job returns a job with its newest progress. A job silent for a minute is
// reconciled with its execution first. Absent is fault.NotFound.
func (s *Service) Job(ctx context.Context, t registry.Tenant, id string) (Job, error) {
	job, err := s.load(ctx, t, id)
	if err != nil {
		return Job{}, err
	}
	last, err := s.lastEvent(ctx, job)
	if err != nil {
		return Job{}, err
	}
	job.Phase, job.Progress = last.Phase, last.Progress
	heard := job.CreatedAt
	if last.At.After(heard) {
		heard = last.At
	}
	if job.Status.Final() || s.Now().Sub(heard) < silence {
		return job, nil
	}
	return s.book().Reconcile(ctx, job, func(state string) (Job, error) {
		why := DeathOf(state)
		if state == ExecutionAbsent {
			why = JobError{Code: "aborted", Message: "the execution is gone; submit the data again"}
		}
		return s.Close(ctx, t, id, Failed, why)
	})
}

// words are how training jobs tell why they failed.
var words = jobs.Words{
	Work: "training", Unfit: "the data or the settings cannot be used", Again: "submit the data again",
	Late: "training took longer than the state machine allows; use less data or fewer candidates",
}

// DeathOf returns the reason a job carries when its execution ended in state
// without saying why itself.
func DeathOf(state string) JobError {
	switch state {
	case ExecutionTimedOut:
		return JobError{Code: "timeout", Message: words.Late}
	case ExecutionAborted:
		return JobError{Code: "aborted", Message: "the execution was stopped; submit the data again"}
	}
	return JobError{Code: "internal", Message: "training stopped without a result; submit the data again"}
}

// FailureOf returns the reason a job carries when its execution gave up on an
// error of a type, as Catch names it; "" is one nobody knows.
func FailureOf(job, errorType string) JobError {
	code, message := words.Failure(job, errorType)
	return JobError{Code: code, Message: message}
}

// Jobs returns a page of jobs, newest first.
func (s *Service) Jobs(ctx context.Context, t registry.Tenant, f JobFilter, p registry.PageRequest) (registry.Page[Job], error) {
	page, err := s.book().List(ctx, t, p, func(j *Job) bool {
		return (f.Model == "" || f.Model == j.Model) && (f.Dataset == "" || f.Dataset == j.Dataset) && (f.Status == "" || f.Status == j.Status)
	})
	for i, j := range page.Items {
		if j.Status == Succeeded {
			page.Items[i].Phase, page.Items[i].Progress = "done", 1 // the others' progress is in their events, one query each
		}
	}
	return page, err
}

// Events returns a page of a job's events, oldest first.
func (s *Service) Events(ctx context.Context, t registry.Tenant, id string, p registry.PageRequest) (registry.Page[Event], error) {
	var page registry.Page[Event]
	if _, err := s.load(ctx, t, id); err != nil {
		return page, err
	}
	limit := p.Limit
	if limit == 0 {
		limit = 50
	}
	records, more, err := s.Store.Query(ctx, registry.Query{
		Partition: registry.EventKey(t, id, 0).Partition, Prefix: registry.EventPrefix, After: p.After, Limit: limit,
	})
	if err != nil {
		return page, err
	}
	for _, r := range records {
		var e Event
		if err := json.Unmarshal(r.Body, &e); err != nil {
			return page, fault.Wrap(fault.Internal, err, "a stored event cannot be read")
		}
		page.Items = append(page.Items, e)
		if more {
			page.Next = r.Key.Sort
		}
	}
	return page, nil
}

// Cancel ends a job that is not over. A final one is fault.Conflict.
func (s *Service) Cancel(ctx context.Context, t registry.Tenant, id string) (Job, error) {
	job, err := s.Close(ctx, t, id, Cancelled, JobError{})
	if err != nil {
		return Job{}, err
	}
	if job.Status != Cancelled {
		return Job{}, fault.New(fault.Conflict, "job %s is over: %s", id, job.Status).WithReason("job_final")
	}
	return job, s.book().Stop(ctx, job, "cancelled")
}

// Close moves a job to a final status and returns it as it is then: a job that
// was final before keeps the status it had.
func (s *Service) Close(ctx context.Context, t registry.Tenant, id string, status Status, why JobError) (Job, error) {
	return s.update(ctx, t, id, func(job *Job) bool {
		job.Status, job.FinishedAt = status, s.Now().UTC()
		if status == Failed {
			job.Error = &why
		}
		return true
	})
}

// update changes a job that is not final, under its revision, again when
// somebody else was faster. change returns false to leave the job as it is.
func (s *Service) update(ctx context.Context, t registry.Tenant, id string, change func(*Job) bool) (Job, error) {
	return s.book().Update(ctx, t, id, change)
}

func (s *Service) load(ctx context.Context, t registry.Tenant, id string) (Job, error) {
	return s.book().Load(ctx, t, id)
}

// abreast is how many steps of one job may write their events out of order.
const abreast = 10

// lastEvent returns the newest event, with the most progress that any of the
// newest tells: steps side by side say how far they see the job, and the one
// that saw least may write last.
func (s *Service) lastEvent(ctx context.Context, job Job) (Event, error) {
	var last Event
	records, _, err := s.Store.Query(ctx, registry.Query{
		Partition: registry.EventKey(job.Tenant, job.ID, 0).Partition, Prefix: registry.EventPrefix, Limit: abreast, Descending: true,
	})
	for i, r := range records {
		var e Event
		if err := json.Unmarshal(r.Body, &e); err != nil {
			return Event{}, fault.Wrap(fault.Internal, err, "a stored event cannot be read")
		}
		if i == 0 {
			last = e
		}
		last.Progress = max(last.Progress, e.Progress)
	}
	return last, err
}

// DatasetID makes the id of a data set: ids sort by time, and the same parts at
// the same time give the same id.
func DatasetID(at time.Time, parts ...string) string {
	return fmt.Sprintf("ds_%011x%s", max(0, at.UnixMilli()), jobs.Suffix(parts...)[:16])
}
