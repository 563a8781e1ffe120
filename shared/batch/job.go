package batch

import (
	"time"

	"godwit/shared/blob"
	"godwit/shared/jobs"
	"godwit/shared/registry"
)

// Format is how results and errors are written.
type Format string

// The formats.
const (
	JSONL Format = "jsonl" // one object a line
	CSV   Format = "csv"   // RFC 4180 with a header line; cells a spreadsheet would run are quoted with '
)

// Parameters say how to answer, as those of a prediction.
type Parameters struct {
	TopK     int     `json:"top_k,omitempty"`     // scores of each row, 0 means 1
	Explain  bool    `json:"explain,omitempty"`   // only with JSONL
	MinScore float64 `json:"min_score,omitempty"` // 0 to 1; an answer scored lower is marked as abstained
	Coverage float64 `json:"coverage,omitempty"`  // 0 to 1; 0: no prediction sets
}

// Job is one scoring of one object of the uploads bucket.
type Job struct {
	ID            string          `json:"id"` // "bj_" and 26 characters
	Tenant        registry.Tenant `json:"tenant"`
	Model         registry.Name   `json:"model"`
	Version       int             `json:"version"`                  // that answers every row
	Digest        blob.Digest     `json:"digest"`                   // of its artifact
	Variant       string          `json:"variant"`                  // how the version was chosen, as registry.Resolve says
	Dataset       string          `json:"dataset,omitempty"`        // id; empty for a key of the tenant's own
	Key           string          `json:"key"`                      // of the rows in the uploads bucket
	SourceVersion string          `json:"source_version,omitempty"` // of the object when the job was opened; empty without versions
	Parameters    Parameters      `json:"parameters"`
	Format        Format          `json:"format"`
	Status        jobs.Status     `json:"status"`
	Attempt       int             `json:"attempt"`              // of the execution, from 1
	Chunks        int             `json:"chunks,omitempty"`     // 0 before the rows are split
	Counts        Counts          `json:"counts"`               // Rows is known after the split, the others at the end
	Summary       *Summary        `json:"summary,omitempty"`    // set when succeeded
	Results       []File          `json:"results,omitempty"`    // one, or several in order when one would be too large
	Errors        []File          `json:"errors,omitempty"`     // none when no row failed
	Error         *JobError       `json:"error,omitempty"`      // set when failed
	CreatedBy     string          `json:"created_by"`           // key id
	CreatedAt     time.Time       `json:"created_at"`           // UTC
	StartedAt     time.Time       `json:"started_at,omitzero"`  // UTC; zero while queued
	FinishedAt    time.Time       `json:"finished_at,omitzero"` // UTC; zero before the end
	Rev           int64           `json:"-"`                    // of the record: the ETag

	// Phase and Progress come from what is counted while the job runs.
	Phase    string  `json:"-"` // split, score, merge, done
	Progress float64 `json:"-"` // 0 to 1
}

// Counts account for every record: Rows = OK + Failed once the job succeeded.
// While it runs they are approximate: a chunk scored twice may count twice.
type Counts struct {
	Rows   int64 `json:"rows"`   // records of the file, bad ones included
	OK     int64 `json:"ok"`     // answered
	Failed int64 `json:"failed"` // in the errors file
}

// Summary says what the answers were.
type Summary struct {
	Labels    []LabelCount `json:"labels,omitempty"`     // the most frequent first, at most MaxLabels
	Others    int64        `json:"others,omitempty"`     // rows of labels that are not listed
	MeanScore float64      `json:"mean_score,omitempty"` // of the best labels
	Abstained int64        `json:"abstained,omitempty"`  // answers below MinScore
	Least     *float64     `json:"least,omitempty"`      // of a regression, the lowest value
	Greatest  *float64     `json:"greatest,omitempty"`   // of a regression, the highest
	Seconds   float64      `json:"seconds"`              // from the start to the end of the work
}

// MaxLabels is how many labels a Summary lists: a record has room for them.
const MaxLabels = 200

// LabelCount is how many rows were given a label.
type LabelCount struct {
	Label string `json:"label"`
	Rows  int64  `json:"rows"`
}

// File is one file of results or errors in the models bucket.
type File struct {
	Key  string `json:"key"`  // in the models bucket
	Size int64  `json:"size"` // bytes
	Rows int64  `json:"rows"` // a header line is not counted
}

// Name returns the file's name without folders.
func (f File) Name() string { return lastOf(f.Key) }

// Kept is how long the files of a finished job are there; the bucket's
// lifecycle rule drops them after it.
const Kept = 30 * 24 * time.Hour

// JobError says why a job failed, for the person who can act on it.
type JobError struct {
	Code    string `json:"code"`    // input, transient, internal, timeout, aborted
	Message string `json:"message"` // what to do about it; nothing internal
}

// kind tells jobs.Book how batch jobs are stored.
var kind = jobs.Kind[Job]{
	Noun: "batch job", Prefix: "bj_", Key: registry.BatchKey, Index: registry.BatchIndex,
	Head: func(j *Job) jobs.Head {
		return jobs.Head{Tenant: j.Tenant, ID: j.ID, Status: j.Status, Attempt: j.Attempt, CreatedAt: j.CreatedAt, Rev: j.Rev}
	},
	SetRev: func(j *Job, rev int64) { j.Rev = rev },
}

// IsID reports whether id has the form of a batch job's id.
func IsID(id string) bool { return kind.IsID(id) }
