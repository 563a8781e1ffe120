package batch

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/registry"
	"godwit/shared/serving"
	"godwit/shared/usage"
)

// StepInput is what the state machine hands a step.
type StepInput struct {
	Step    string          `json:"step,omitempty"` // split, score, merge, fail
	Tenant  registry.Tenant `json:"tenant"`
	Job     string          `json:"job"`
	Attempt int             `json:"attempt"`         // from 1
	Items   []Item          `json:"items,omitempty"` // to score
	Error   *jobs.StepError `json:"error,omitempty"` // what Catch caught, for fail
}

// Next is what Split hands on: where the items of the Map are, and where its
// results go. Both are in the models bucket.
type Next struct {
	jobs.Ticket
	Items   string `json:"items"`   // key of a JSON array with an Item for each chunk
	Batch   int    `json:"batch"`   // items that one function scores, at least 1
	Results string `json:"results"` // prefix of what the Map writes about its executions
}

// Item is one chunk in the list the Map reads.
type Item struct {
	Chunk  int   `json:"chunk"`  // from 0
	Record int64 `json:"record"` // the first one
	Line   int64 `json:"line"`   // physical line it begins on
	Rows   int64 `json:"rows"`   // from 1
}

// Done is what the other steps answer.
type Done struct {
	// More says that the function's time ran short: the same step, run again,
	// goes on from what this one left.
	More bool `json:"more"`
}

// Render appends the JSON object of one answer, in the form of a prediction's
// result, without a line end.
type Render func(dst []byte, r *serving.Result, regression bool) []byte

// Steps runs the steps of jobs. Its fields are set once; it is safe for
// concurrent use.
type Steps struct {
	Jobs    *Service
	Uploads blob.Store      // read only
	Models  blob.Store      // work, and what remains of the job
	Serving *serving.Server // loads the version's model
	Render  Render          // how one answer is written
	Usage   *usage.Gatherer // counts the rows of jobs; nil counts nothing
	Workers int             // goroutines that score a chunk, at least 1; changes speed, never a result
	Log     *slog.Logger

	// Bounds of memory and of single objects. None changes a result; only
	// FileBytes decides how many files it is in.
	ChunkRows  int   // rows of a chunk, default 20,000
	ChunkBytes int   // bytes of a chunk past which it is closed, default 4 MiB
	PartBytes  int   // bytes of results kept in memory before they are stored, default 8 MiB
	FileBytes  int64 // bytes of a file of results past which another one begins, default 1 GiB
	MaxBytes   int64 // bytes of the file after decompression, default 8 GiB
}

func (s *Steps) chunkRows() int   { return cmp.Or(s.ChunkRows, 20_000) }
func (s *Steps) chunkBytes() int  { return cmp.Or(s.ChunkBytes, 4<<20) }
func (s *Steps) partBytes() int   { return cmp.Or(s.PartBytes, 8<<20) }
func (s *Steps) fileBytes() int64 { return cmp.Or(s.FileBytes, 1<<30) }
func (s *Steps) maxBytes() int64  { return cmp.Or(s.MaxBytes, 8<<30) }

// reserve is the time a step leaves before the function's deadline.
const reserve = time.Minute

// short reports whether the function's time may not do for another unit of
// work that takes as long as the longest so far. A context without a deadline
// has all the time.
func (s *Steps) short(ctx context.Context, longest time.Duration) bool {
	deadline, limited := ctx.Deadline()
	return limited && deadline.Sub(s.Jobs.Now()) < reserve+longest
}

// piece does one unit of a function's work, unless its time may not do for it:
// then more is true. longest, 0 at first, is the most that one took so far, so
// that each function does one at least, however little time it was given.
func (s *Steps) piece(ctx context.Context, longest *time.Duration, do func() error) (more bool, err error) {
	if *longest > 0 && s.short(ctx, *longest) {
		return true, nil
	}
	began := s.Jobs.Now()
	err = do()
	// At least a nanosecond: 0 means that nothing was done yet.
	*longest = max(*longest, s.Jobs.Now().Sub(began), 1)
	return false, err
}

// Run runs one step and returns its output for the state machine. Every step
// may be run again: it overwrites its own work with the same bytes. What a step
// that died has left, and what the next run makes of it:
//
//	split, before the list        chunks, which are written again
//	split, before the record      chunks and list; the record still says 0 chunks
//	score, before a description   parts of that chunk, which are written again
//	score, after it               that chunk is not scored again
//	merge                         files of the right size are kept, the others written
//
// A step that fails for good has closed the job with the reason; jobs.ErrorType
// tells how the machine should take an error.
func (s *Steps) Run(ctx context.Context, in StepInput) (any, error) {
	job, err := s.Jobs.book().Load(ctx, in.Tenant, in.Job)
	if err != nil {
		return nil, err
	}
	if in.Step == "fail" {
		return Done{}, s.fail(ctx, job, in.Error)
	}
	if job.Status == jobs.Succeeded && in.Step == "merge" {
		return Done{}, nil // its answer was lost
	}
	if job.Status.Final() {
		return nil, fault.New(fault.Conflict, "batch job %s is over: %s", job.ID, job.Status).WithReason("job_final")
	}
	out, err := s.step(ctx, job, in)
	if err != nil && jobs.ErrorType(err) == jobs.TypeInput {
		return nil, s.refuse(ctx, job, err)
	}
	return out, err
}

// step does the work of one step; what it returns is the state's output.
func (s *Steps) step(ctx context.Context, job Job, in StepInput) (any, error) {
	switch in.Step {
	case "split":
		return s.split(ctx, job)
	case "score":
		more, err := s.scoreAll(ctx, job, in.Items)
		return Done{More: more}, err
	case "merge":
		more, err := s.merge(ctx, job)
		return Done{More: more}, err
	}
	return nil, fault.New(fault.Invalid, "unknown step %q", in.Step)
}

// refuse closes the job with the reason its owner can act on and returns err
// for the machine. A Map would tell the machine no more than that an item failed.
func (s *Steps) refuse(ctx context.Context, job Job, err error) error {
	why := JobError{Code: "input", Message: fault.MessageOf(err, words.Unfit)}
	if _, cerr := s.Jobs.Close(ctx, job.Tenant, job.ID, jobs.Failed, why); cerr != nil {
		return cerr
	}
	return err
}

// fail closes the job with a reason its owner can act on, unless the step that
// failed has. The caught text may be internal, so it goes to the log and only
// its type decides the message.
func (s *Steps) fail(ctx context.Context, job Job, caught *jobs.StepError) error {
	var errorType string
	if caught != nil {
		s.Log.Error("step failed", "job", job.ID, "type", caught.Error, "cause", caught.Cause)
		errorType = caught.Error
	}
	_, err := s.Jobs.Close(ctx, job.Tenant, job.ID, jobs.Failed, FailureOf(job.ID, errorType))
	return err
}

// workKey names a file of the job's work.
func workKey(job Job, format string, args ...any) string {
	return fmt.Sprintf("work/%s/%s/%s", job.Tenant, job.ID, fmt.Sprintf(format, args...))
}

// outputKey names a file that the job leaves.
func outputKey(job Job, name string) string {
	return fmt.Sprintf("%s/%s/%s/%s", folder, job.Tenant, job.ID, name)
}

// put stores bytes of the job's work.
func (s *Steps) put(ctx context.Context, key string, data []byte) error {
	_, err := s.Models.Put(ctx, key, bytes.NewReader(data), int64(len(data)), blob.PutOptions{})
	return err
}

// putJSON stores v.
func (s *Steps) putJSON(ctx context.Context, key string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	return s.put(ctx, key, data)
}
