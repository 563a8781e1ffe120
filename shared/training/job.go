package training

import (
	"encoding/json"
	"time"

	"godwit/shared/jobs"
	"godwit/shared/registry"
)

// Status is where a job stands.
type Status = jobs.Status

// The statuses. The last three are final: a job never leaves them.
const (
	Queued    = jobs.Queued
	Running   = jobs.Running
	Succeeded = jobs.Succeeded
	Failed    = jobs.Failed
	Cancelled = jobs.Cancelled
)

// Job is one training of one model on one object of the uploads bucket.
type Job struct {
	ID            string          `json:"id"` // "tj_" and 26 characters
	Tenant        registry.Tenant `json:"tenant"`
	Model         registry.Name   `json:"model"`
	Dataset       string          `json:"dataset"` // data set id
	Key           string          `json:"key"`     // of the data in the uploads bucket
	SourceVersion string          `json:"source_version,omitempty"`
	DataTime      time.Time       `json:"data_time"` // when the data was uploaded
	Settings      json.RawMessage `json:"settings"`  // a Settings as asked for
	Status        Status          `json:"status"`
	Attempt       int             `json:"attempt"`           // of the execution, from 1
	Parent        int             `json:"parent,omitempty"`  // version whose settings were taken over, 0 for none
	Lease         string          `json:"lease,omitempty"`   // token of the worker that may commit
	Version       int             `json:"version,omitempty"` // registered version, 0 before
	Error         *JobError       `json:"error,omitempty"`   // set when failed
	Result        *Result         `json:"result,omitempty"`  // set when succeeded
	CreatedBy     string          `json:"created_by"`        // key id, or "upload"
	CreatedAt     time.Time       `json:"created_at"`
	StartedAt     time.Time       `json:"started_at,omitzero"`
	FinishedAt    time.Time       `json:"finished_at,omitzero"`
	Rev           int64           `json:"-"`

	// Phase and Progress come from the newest event and are not stored.
	Phase    string  `json:"-"` // prepare, search, finish, done
	Progress float64 `json:"-"` // 0 to 1
}

// JobError says why a job failed, for the person who can act on it.
type JobError struct {
	Code     string    `json:"code"` // input, transient, internal, timeout, aborted
	Message  string    `json:"message"`
	Findings []Finding `json:"findings,omitempty"` // the first ones; all are in the data set's issues
}

// Finding is one thing wrong with the data.
type Finding struct {
	Code    string `json:"code"`
	Line    int64  `json:"line,omitempty"`
	Record  int64  `json:"record,omitempty"`
	Column  string `json:"column,omitempty"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

// Result is what a successful job brought.
type Result struct {
	Promotion string             `json:"promotion"` // promoted, held, none
	Reason    string             `json:"reason,omitempty"`
	Detail    string             `json:"detail,omitempty"`
	Metrics   map[string]float64 `json:"metrics"` // headline metrics on held-out rows
	Rows      Rows               `json:"rows"`
}

// Rows accounts for every record of the data: Read = Trained + HeldOut + Rejected.
type Rows struct {
	Read     int64 `json:"read"`
	Trained  int64 `json:"trained"`
	HeldOut  int64 `json:"held_out"`
	Rejected int64 `json:"rejected"`
}

// Event is one step of a job's progress.
type Event struct {
	Seq      int                `json:"seq"` // rising within a job: milliseconds since the job was made
	At       time.Time          `json:"at"`
	Phase    string             `json:"phase"`
	Message  string             `json:"message"`
	Progress float64            `json:"progress"`         // 0 to 1
	Values   map[string]float64 `json:"values,omitempty"` // figures, such as accuracy of a fold
}

// Inbox begins the keys of uploads that train a model without being announced. The
// same key may be uploaded to again and again; each of its versions is a data set.
const Inbox = "inbox/"

// Submission asks for a job.
type Submission struct {
	// Origin identifies the cause: the same Origin is the same job, however
	// often it is delivered. Empty makes a new job each time.
	Origin   string
	Model    registry.Name
	Dataset  string // id of a ready data set; empty for an object under inbox/
	Key      string // in the uploads bucket; taken from the data set when that is given
	Version  string // object version id
	Size     int64  // bytes, for the data set record of an inbox object
	DataTime time.Time
	Settings json.RawMessage // nil: the model's own, else what its champion was asked for, else auto
	By       string          // key id, or "upload"
}

// JobFilter narrows a list of jobs; zero fields match all.
type JobFilter struct {
	Model   registry.Name
	Dataset string
	Status  Status
}
