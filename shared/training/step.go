package training

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/registry"
)

// The error types a step ends with, as the state machine's Retry and Catch name them.
const (
	TypeInput     = "Godwit.Input"     // the data or the request: never retried
	TypeTransient = "Godwit.Transient" // a service did not answer: retried with a bound
	TypeInternal  = "Godwit.Internal"  // our mistake: not retried
)

// ErrorType returns the type the state machine should see for err.
func ErrorType(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return TypeTransient
	}
	switch fault.CodeOf(err) {
	case fault.Unavailable, fault.RateLimited:
		return TypeTransient
	case fault.Internal:
		return TypeInternal
	}
	return TypeInput
}

// StepInput is what the state machine hands the trainer.
type StepInput struct {
	Step    string          `json:"step,omitempty"` // prepare, search, select, finish, fail
	Tenant  registry.Tenant `json:"tenant"`
	Job     string          `json:"job"`
	Attempt int             `json:"attempt"`
	Rung    int             `json:"rung,omitempty"`  // of the search
	Task    int             `json:"task,omitempty"`  // of the rung
	Error   *StepError      `json:"error,omitempty"` // what Catch caught, for fail
}

// StepError is an error as Catch writes it.
type StepError struct {
	Error string `json:"Error"`
	Cause string `json:"Cause"` // internal text: for the log only
}

// Next is what Prepare and Select hand on: the tasks of a rung, by number.
type Next struct {
	Tenant  registry.Tenant `json:"tenant"`
	Job     string          `json:"job"`
	Attempt int             `json:"attempt"`
	Rung    int             `json:"rung"`
	Tasks   []int           `json:"tasks"`
	More    bool            `json:"more"` // whether the rung is still to be searched
}

// Done is what the other steps answer.
type Done struct {
	Task int `json:"task"`
	// More says that the function's time ran short: the same step, run again,
	// goes on from what this one left in the job's work.
	More bool `json:"more"`
}

// Steps runs the steps of jobs. Its fields are set once; it is safe for
// concurrent use, though a function runs one step at a time.
type Steps struct {
	Jobs    *Service
	Uploads blob.Store
	Models  blob.Store
	Build   string // of this program, for the lineage
	Workers int    // goroutines, at least 1; changes speed, never a result
	// Unit is the work, as that of Search.Budget, up to which a task is done at
	// one go; a longer path of C is cut into pieces of it, between which another
	// function may go on. 0: 2e9. It shapes results within the solver's tolerance.
	Unit float64
	Log  *slog.Logger
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
	switch in.Step {
	case "prepare":
		return s.prepare(ctx, job)
	case "search":
		return s.search(ctx, job, in.Rung, in.Task)
	case "select":
		return s.selectRung(ctx, job, in.Rung)
	case "finish":
		more, err := s.finish(ctx, job)
		return Done{More: more}, err
	}
	return nil, fault.New(fault.Invalid, "unknown step %q", in.Step)
}

// fail closes the job with a reason its owner can act on. The caught text may
// be internal, so it goes to the log and only its type decides the message.
func (s *Steps) fail(ctx context.Context, job Job, caught *StepError) error {
	why := JobError{Code: "internal", Message: "training stopped on an internal error; submit the data again, and report job " + job.ID + " if it happens twice"}
	if caught != nil {
		s.Log.Error("step failed", "job", job.ID, "type", caught.Error, "cause", caught.Cause)
		switch caught.Error {
		case TypeInput:
			why = JobError{Code: "input", Message: "the data or the settings cannot be used"}
		case TypeTransient:
			why = JobError{Code: "transient", Message: "a service did not answer in time, several times; submit the data again"}
		case "States.Timeout", "Sandbox.Timedout":
			why = DeathOf(ExecutionTimedOut)
		}
	}
	_, err := s.Jobs.Close(ctx, job.Tenant, job.ID, Failed, why)
	return err
}

// refuse closes the job because of its data and returns err for the machine.
func (s *Steps) refuse(ctx context.Context, job Job, err error, findings []Finding) error {
	msg := "the data cannot be used"
	if f, ok := errors.AsType[*fault.Error](err); ok {
		msg = f.Msg
	}
	const shown = 50 // in the record; the data set's issues hold all
	if len(findings) > shown {
		findings = findings[:shown]
	}
	if _, cerr := s.Jobs.Close(ctx, job.Tenant, job.ID, Failed, JobError{Code: "input", Message: msg, Findings: findings}); cerr != nil {
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

// reportKey names a lasting file about the job's result.
func reportKey(job Job, name string) string {
	return fmt.Sprintf("reports/%s/%s/%s-%s", job.Tenant, job.Model, job.ID, name)
}
