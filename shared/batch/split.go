package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/ml/dataset"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// split reads the job's object once, stores its records in chunks and lists
// them for the Map. It holds one chunk at a time.
func (s *Steps) split(ctx context.Context, job Job) (Next, error) {
	job, err := s.Jobs.book().Update(ctx, job.Tenant, job.ID, func(j *Job) bool {
		// Split runs again after a lost answer: the job began when it first did.
		if j.Status == jobs.Running {
			return false
		}
		j.Status, j.StartedAt = jobs.Running, s.Jobs.Now().UTC()
		return true
	})
	if err != nil {
		return Next{}, err
	}
	items, err := s.cut(ctx, job)
	if err != nil {
		return Next{}, err
	}
	// The list before the record: whoever sees the number of chunks finds them.
	next := Next{
		Ticket: jobs.Ticket{Tenant: job.Tenant, Job: job.ID, Attempt: job.Attempt},
		Items:  workKey(job, "items.json"), Results: workKey(job, "map"), Batch: batchOf(len(items)),
	}
	if err := s.putJSON(ctx, next.Items, items); err != nil {
		return Next{}, err
	}
	job, err = s.Jobs.book().Update(ctx, job.Tenant, job.ID, func(j *Job) bool {
		j.Chunks, j.Counts = len(items), Counts{Rows: rowsOf(items)}
		return true
	})
	// Cancelled while the file was read: the Map must not begin.
	if err == nil && job.Status != jobs.Running {
		err = fault.New(fault.Conflict, "batch job %s is over: %s", job.ID, job.Status).WithReason("job_final")
	}
	return next, err
}

// functions is how many the Map keeps at work: its MaxConcurrency.
const functions = 100

// batchOf returns how many of so many chunks one function scores: one where there
// are functions enough for each, and otherwise as many as make one wave of them,
// which are started, and load the model, once.
func batchOf(chunks int) int { return (chunks + functions - 1) / functions }

// cut stores the chunks.
func (s *Steps) cut(ctx context.Context, job Job) ([]Item, error) {
	// The version that was there when the job was opened, whatever is there now.
	body, _, err := s.Uploads.GetVersion(ctx, job.Key, job.SourceVersion)
	if err != nil {
		return nil, gone(err)
	}
	defer body.Close()
	entries, err := s.open(ctx, job, body)
	if err != nil {
		return nil, readable(err)
	}
	var items []Item
	w := newChunkWriter()
	for {
		entry, err := entries.Next()
		if err != nil && err != io.EOF {
			return nil, readable(err)
		}
		// A chunk ends after a record, never inside one: a quoted line end, or a
		// broken record and where reading goes on after it, is Split's to decide.
		last := err == io.EOF
		if !last {
			if err := w.add(rowOf(entry)); err != nil {
				return nil, fmt.Errorf("encode a row: %w", err)
			}
		}
		if w.item.Rows > 0 && (last || w.item.Rows == int64(s.chunkRows()) || w.buf.Len() >= s.chunkBytes()) {
			if err := s.put(ctx, workKey(job, "chunks/%06d.jsonl", w.item.Chunk), w.buf.Bytes()); err != nil {
				return nil, err
			}
			items = append(items, w.item)
			w.next()
		}
		switch {
		case last && len(items) == 0:
			return nil, fault.New(fault.Invalid, "the file holds no rows")
		case last:
			return items, nil
		}
	}
}

// open finds out how the file is written and holds it against the model.
func (s *Steps) open(ctx context.Context, job Job, body io.Reader) (*dataset.Entries, error) {
	version, model, err := s.load(ctx, job)
	if err != nil {
		return nil, err
	}
	defer model.Release()
	// The model is asked before a row is read: a file that does not fit it would
	// otherwise fail row by row, in every function of the Map.
	columns := model.Columns()
	entries, err := dataset.ReadEntries(ctx, body, dataset.EntryOptions{
		Filename: lastOf(job.Key), TextColumns: textColumns(version), Columns: columns, MaxBytes: s.maxBytes(),
	})
	if err != nil {
		return nil, err
	}
	if len(columns) > 0 && len(entries.Found()) == 0 {
		return nil, fault.New(fault.Invalid, "the file has none of the columns the model reads: %s", strings.Join(columns[:min(len(columns), 20)], ", "))
	}
	return entries, nil
}

// load takes the model of the job's version.
func (s *Steps) load(ctx context.Context, job Job) (registry.Version, *serving.Loaded, error) {
	version, err := s.Jobs.Registry.Version(ctx, job.Tenant, job.Model, job.Version)
	if err != nil {
		return version, nil, err
	}
	model, err := s.Serving.Load(ctx, job.Tenant, version)
	return version, model, err
}

// textColumns returns the columns of texts the version was asked to learn from.
func textColumns(v registry.Version) []string {
	var settings struct {
		Columns struct {
			Text []string `json:"text"`
		} `json:"columns"`
	}
	// Settings that cannot be read name no columns: the file is asked then.
	_ = json.Unmarshal(v.Settings, &settings)
	return settings.Columns.Text
}

// rowsOf adds up the rows of the chunks.
func rowsOf(items []Item) (n int64) {
	for _, i := range items {
		n += i.Rows
	}
	return n
}

// readable is err for the owner of the file: what the data are to blame for is
// told, what the store is to blame for may be tried again.
func readable(err error) error {
	if input, ok := errors.AsType[*dataset.InputError](err); ok {
		return fault.Wrap(fault.Invalid, err, "%s", input.Message)
	}
	if _, ok := errors.AsType[*fault.Error](err); ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fault.Wrap(fault.Unavailable, err, "the file could not be read whole")
}

// gone says that the object went away after the job was opened.
func gone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.NotFound, err, "the file is no longer there; upload it and submit it again")
	}
	return err
}
