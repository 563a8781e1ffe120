package world

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"godwit/shared/batch"
	"godwit/shared/blob"
	"godwit/shared/jobs"
	"godwit/shared/registry"
	"godwit/shared/training"
	"godwit/shared/trigger"
)

const uploadsBucket = "godwit-uploads"

// jobKind is training's own, which it keeps to itself.
var jobKind = jobs.Kind[training.Job]{
	Noun: "job", Prefix: "tj_", Key: registry.JobKey, Index: registry.JobIndex,
	Head: func(j *training.Job) jobs.Head {
		return jobs.Head{Tenant: j.Tenant, ID: j.ID, Status: j.Status, Attempt: j.Attempt, CreatedAt: j.CreatedAt, Rev: j.Rev}
	},
	SetRev: func(j *training.Job, rev int64) { j.Rev = rev },
}

// arrival is an object that a customer put under inbox/.
type arrival struct {
	tenant  registry.Tenant
	key     string
	version string
	bad     bool // not data at all
}

// opened reports whether it was the object's arrival that opened the job, which
// whoever trains on its data set again does not.
func (a arrival) opened(j *jobState) bool {
	return j.Key == a.key && j.SourceVersion == a.version && j.CreatedBy == "upload"
}

// letter is an event on its way; one object may have several.
type letter struct {
	event []byte
}

// execution is a run of the state machine.
type execution struct {
	name   string
	ticket jobs.Ticket
	state  string
	tries  int // of its work that failed
	error  error
	done   int // of a batch job: states that were passed
	chunks int
}

// patience is how often the state machine tries a step, and the sender an event.
const patience = 6

func (w *World) begin(name string, input []byte) error {
	for _, e := range w.executions {
		if e.name == name {
			return nil
		}
	}
	e := &execution{name: name, state: training.ExecutionRunning}
	if err := json.Unmarshal(input, &e.ticket); err != nil {
		return fmt.Errorf("decode the input of an execution: %w", err)
	}
	w.executions = append(w.executions, e)
	return nil
}

func (w *World) stateOf(name string) string {
	for _, e := range w.executions {
		if e.name == name {
			return e.state
		}
	}
	return training.ExecutionAbsent
}

func (w *World) abort(name string) {
	for _, e := range w.executions {
		if e.name == name && e.state == training.ExecutionRunning {
			e.state = training.ExecutionAborted
		}
	}
}

// running returns the numbers of the executions that are not over.
func (w *World) running() (out []int) {
	for i, e := range w.executions {
		if e.state == training.ExecutionRunning {
			out = append(out, i)
		}
	}
	return out
}

// upload puts data where it trains. Its event comes once or several times, and
// in any order with others.
func (l *lane) upload(ctx context.Context) {
	kind := l.act.B % 4
	key := fmt.Sprintf("inbox/%s/%s/train.csv", l.act.tenant, intents)
	data := fmt.Sprintf("data %d", kind)
	if s := l.w.Seams.Data; s != nil {
		data = s(kind)
	}
	info, err := l.w.uploads.Put(ctx, key, strings.NewReader(data), int64(len(data)), blob.PutOptions{})
	if err != nil {
		return
	}
	l.w.uploaded = append(l.w.uploaded, arrival{l.act.tenant, key, info.VersionID, kind == 3})
	event := fmt.Appendf(nil, `{"source":"aws.s3","detail-type":"Object Created","time":%q,"detail":{"bucket":{"name":%q},"object":{"key":%q,"size":%d,"etag":%q,"version-id":%q}}}`,
		l.w.clock.Format("2006-01-02T15:04:05.000Z07:00"), uploadsBucket, key, info.Size, info.ETag, info.VersionID)
	for range 1 + l.act.C%3 {
		l.w.mail = append(l.w.mail, &letter{event: event})
	}
	if l.act.C == 11 { // what a bucket of ours, or nobody, would send
		l.w.mail = append(l.w.mail, &letter{event: []byte(`{"source":"aws.s3","detail-type":"Object Created","detail":7}`)},
			&letter{event: bytes.ReplaceAll(event, []byte(uploadsBucket), []byte("godwit-models"))})
	}
}

// deliver hands an event to the trigger; one it did not work off comes again.
func (l *lane) deliver(ctx context.Context) {
	l.act.tenant = ""
	if len(l.w.mail) == 0 {
		return
	}
	m := l.w.mail[l.act.B%len(l.w.mail)]
	h := trigger.Handler{Jobs: l.training(), Batches: l.batches(), Uploads: uploadsBucket, Log: l.w.discard}
	err := h.Handle(ctx, m.event)
	if l.dead || err != nil {
		return
	}
	for i, other := range l.w.mail {
		if other == m {
			l.w.mail = append(l.w.mail[:i:i], l.w.mail[i+1:]...)
			return
		}
	}
}

// work does what an execution still has to do, as the state machine would: what
// failed for a moment again, up to a bound, and then, or when the data is to
// blame, the job's end.
func (l *lane) work(ctx context.Context) {
	if len(l.w.executions) == 0 {
		l.act.tenant = ""
		return
	}
	e := l.w.executions[l.act.B%len(l.w.executions)]
	l.act.tenant = e.ticket.Tenant
	if e.state != training.ExecutionRunning {
		return
	}
	perform, giveUp := (*lane).perform, (*lane).close
	if batch.IsID(e.ticket.Job) {
		perform, giveUp = (*lane).score, (*lane).giveUp
	}
	if e.error == nil {
		err := perform(l, ctx, e)
		switch {
		case l.dead:
		case err == nil:
			e.state = training.ExecutionSucceeded
		case jobs.ErrorType(err) == training.TypeTransient && e.tries < patience:
			e.tries++
		default:
			e.error = err
		}
		return
	}
	if giveUp(l, ctx, e) == nil && !l.dead {
		e.state = training.ExecutionFailed
	}
}

// perform does a training job's work.
func (l *lane) perform(ctx context.Context, e *execution) error {
	if s := l.w.Seams.Train; s != nil {
		return l.train(ctx, e.ticket)
	}
	return l.finish(ctx, e.ticket)
}

// close writes down why a training job failed.
func (l *lane) close(ctx context.Context, e *execution) error {
	why := training.JobError{Code: "internal", Message: e.error.Error()}
	if jobs.ErrorType(e.error) == training.TypeInput {
		why.Code = "input"
	}
	_, err := l.training().Close(ctx, e.ticket.Tenant, e.ticket.Job, training.Failed, why)
	return err
}

// cancel ends a job, whoever is at work on it.
func (l *lane) cancel(ctx context.Context) {
	j := l.someJob()
	switch {
	case j == "":
	case batch.IsID(j):
		_, err := l.batches().Cancel(ctx, l.act.tenant, j)
		l.judge(err)
	default:
		_, err := l.training().Cancel(ctx, l.act.tenant, j)
		l.judge(err)
	}
}

// ask reads a job, which holds a silent one against its execution.
func (l *lane) ask(ctx context.Context) {
	j, of := l.someJob(), l.act.tenant
	switch {
	case j == "":
	case batch.IsID(j):
		if got, err := l.batches().Job(ctx, of, j); err == nil {
			of = got.Tenant
		}
	default:
		if got, err := l.training().Job(ctx, of, j); err == nil {
			of = got.Tenant
		}
	}
	if of != l.act.tenant {
		l.w.raise(31, "%s read a job of %s", l.act.tenant, of)
	}
}

// someJob returns a job's id, of any tenant: another's must be as good as absent.
func (l *lane) someJob() string {
	jobs, batches := l.w.ledger.jobs, l.w.ledger.batches
	if len(jobs)+len(batches) == 0 {
		return ""
	}
	if n := l.act.B % (len(jobs) + len(batches)); n >= len(jobs) {
		return batches[n-len(jobs)].ID
	}
	return jobs[l.act.B%(len(jobs)+len(batches))].ID
}
