package training

import (
	"godwit/shared/jobs"
	"godwit/shared/registry"
)

// The states of an execution, as Machine.Status returns them.
const (
	ExecutionRunning   = jobs.ExecutionRunning
	ExecutionSucceeded = jobs.ExecutionSucceeded
	ExecutionFailed    = jobs.ExecutionFailed
	ExecutionTimedOut  = jobs.ExecutionTimedOut
	ExecutionAborted   = jobs.ExecutionAborted
	ExecutionAbsent    = jobs.ExecutionAbsent
)

// Machine is the engine that runs a job's steps.
type Machine = jobs.Machine

// kind tells jobs.Book how training jobs are stored.
var kind = jobs.Kind[Job]{
	Noun: "job", Prefix: "tj_", Key: registry.JobKey, Index: registry.JobIndex,
	Head: func(j *Job) jobs.Head {
		return jobs.Head{Tenant: j.Tenant, ID: j.ID, Status: j.Status, Attempt: j.Attempt, CreatedAt: j.CreatedAt, Rev: j.Rev}
	},
	SetRev: func(j *Job, rev int64) { j.Rev = rev },
}
