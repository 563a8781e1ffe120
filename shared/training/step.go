package training

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/ml/foreign"
	"godwit/shared/registry"
	"godwit/shared/usage"
)

// The error types a step ends with, as the state machine's Retry and Catch name them.
const (
	TypeInput     = jobs.TypeInput     // the data or the request: never retried
	TypeTransient = jobs.TypeTransient // a service did not answer: retried with a bound
	TypeInternal  = jobs.TypeInternal  // our mistake: not retried
)

// StepInput is what the state machine hands the trainer.
type StepInput struct {
	Step    string          `json:"step,omitempty"` // prepare, search, block, select, finish, fail, and those of engine rows
	Tenant  registry.Tenant `json:"tenant"`
	Job     string          `json:"job"`
	Attempt int             `json:"attempt"`
	Rung    int             `json:"rung,omitempty"`  // of the search
	Task    int             `json:"task,omitempty"`  // of the rung
	Fit     string          `json:"fit,omitempty"`   // whose block, as Done.Fit says; "" is the task's
	Block   int             `json:"block,omitempty"` // of Done.Blocks
	Turn    Turn            `json:"turn,omitzero"`   // of engine rows
	Shard   int             `json:"shard,omitempty"` // likewise, of a Map's steps
	Error   *StepError      `json:"error,omitempty"` // what Catch caught, for fail
}

// StepError is an error as Catch writes it.
type StepError = jobs.StepError

// Next is what Prepare and Select hand on: the tasks of a rung, by number, or of
// engine rows where the job stands.
type Next struct {
	Tenant  registry.Tenant `json:"tenant"`
	Job     string          `json:"job"`
	Attempt int             `json:"attempt"`
	Rung    int             `json:"rung"`
	Tasks   []int           `json:"tasks"`
	More    bool            `json:"more"` // whether the rung is still to be searched
	Rows    bool            `json:"rows"` // whether the job goes on by Turn
	Turn    Turn            `json:"turn,omitzero"`
}

// Done is what the other steps answer.
type Done struct {
	Task int `json:"task"`
	// More says that the function's time ran short: the same step, run again,
	// goes on from what this one left in the job's work.
	More bool `json:"more"`
	// Spread says that before it runs again the step "block" is to be run for each
	// of Blocks, side by side: blocks of classes of the task, or of Fit.
	Spread bool   `json:"spread"`
	Fit    string `json:"fit"`
	Blocks []int  `json:"blocks"`
}

// Steps runs the steps of jobs. Its fields are set once; it is safe for
// concurrent use, though a function runs one step at a time.
type Steps struct {
	Jobs    *Service
	Uploads blob.Store
	Models  blob.Store
	Build   string // of this program, for the lineage
	Workers int    // goroutines, at least 1; changes speed, never a result
	// Unit is the work, as that of Search.Budget, that one goroutine does at one
	// go; what takes more is cut into blocks of classes, between which another
	// function may go on. 0: 2e9. It changes no result.
	Unit float64
	// FunctionBytes is the memory of the function, which the choice of a solver
	// goes by; 0: 3008 MB.
	FunctionBytes int64
	// ModelBytes is the cap on a model's file, and half as much again that on the
	// model in memory; 0 and whatever is above it: pipeline.MaxFileBytes.
	ModelBytes int64
	Usage      *usage.Gatherer // counts the time of jobs; nil counts nothing
	Engine     foreign.Engine  // runs graphs that are not run here; nil: they are refused
	Judgements Judgements      // what feedback said, for settings that include it; nil: nothing
	Log        *slog.Logger
}

// Run runs one step and returns its output for the state machine. Every step
// may be run again: it overwrites its own work and commits at most once.
// ErrorType tells how the machine should take an error.
func (s *Steps) Run(ctx context.Context, in StepInput) (any, error) {
	job, err := s.Jobs.load(ctx, in.Tenant, in.Job)
	if err != nil {
		return nil, err
	}
	if in.Step == "fail" {
		return Done{}, s.fail(ctx, job, in.Error)
	}
	if job.Status.Final() && in.Step != "finish" {
		return nil, fault.New(fault.Conflict, "job %s is over: %s", job.ID, job.Status).WithReason("job_final")
	}
	if IsGraph(job.Key) {
		return s.importGraph(ctx, job, in)
	}
	switch in.Step {
	case "prepare":
		return s.prepare(ctx, job)
	case "search":
		done, err := s.search(ctx, job, in.Rung, in.Task)
		done.Task = in.Task
		return s.answer(ctx, job, done, err)
	case "block":
		return s.block(ctx, job, in)
	case "select":
		return s.selectRung(ctx, job, in.Rung)
	case "finish":
		more, err := s.finish(ctx, job)
		return s.answer(ctx, job, Done{More: more}, err)
	}
	return s.rowsStep(ctx, job, in)
}

// fail closes the job with a reason its owner can act on, unless the step that
// failed has. The caught text may be internal, so it goes to the log and only its
// type decides the message.
func (s *Steps) fail(ctx context.Context, job Job, caught *StepError) error {
	var errorType string
	if caught != nil {
		s.Log.Error("step failed", "job", job.ID, "type", caught.Error, "cause", caught.Cause)
		errorType = caught.Error
	}
	_, err := s.Jobs.Close(ctx, job.Tenant, job.ID, Failed, FailureOf(job.ID, errorType))
	return err
}

// refuse closes the job because of its data and returns err for the machine.
func (s *Steps) refuse(ctx context.Context, job Job, err error, findings []Finding) error {
	const shown = 50 // in the record; the data set's issues hold all
	if len(findings) > shown {
		findings = findings[:shown]
	}
	if _, cerr := s.Jobs.Close(ctx, job.Tenant, job.ID, Failed, JobError{Code: "input", Message: fault.MessageOf(err, "the data cannot be used"), Findings: findings}); cerr != nil {
		return cerr
	}
	return err
}

// event records progress. It is for people: losing one is no failure.
func (s *Steps) event(ctx context.Context, job Job, e Event) {
	e.At = s.Jobs.Now().UTC()
	e.Seq = max(1, int(e.At.Sub(job.CreatedAt).Milliseconds()))
	for range 50 { // more than the steps of one job that run side by side
		body, err := json.Marshal(e)
		if err != nil {
			s.Log.Error("event not encoded", "job", job.ID, "error", err)
			return
		}
		err = s.Jobs.Store.Write(ctx, s.Jobs.NewToken(), registry.Write{Record: registry.Record{
			Key: registry.EventKey(job.Tenant, job.ID, e.Seq), Body: body, ExpiresAt: e.At.AddDate(0, 3, 0),
		}})
		if err == nil {
			return
		}
		if !fault.Is(err, fault.PreconditionFailed) {
			s.Log.Warn("event not recorded", "job", job.ID, "error", err)
			return
		}
		e.Seq++ // another step of this job had the same millisecond
	}
}

// workKey names a file of the job's work, which expires.
func workKey(job Job, name string) string {
	return fmt.Sprintf("work/%s/%s/%s", job.Tenant, job.ID, name)
}

// IssuesKey is the key, in the models bucket, of what the job found in its data.
// Nothing is there before the job has read it.
func (j Job) IssuesKey() string { return reportKey(j, issuesFile) }

// reportKey names a lasting file about the job's result.
func reportKey(job Job, name string) string {
	return fmt.Sprintf("reports/%s/%s/%s-%s", job.Tenant, job.Model, job.ID, name)
}
