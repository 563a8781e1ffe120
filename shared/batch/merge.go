package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/registry"
)

// maxScored bounds the description of a chunk: labels and the names of parts.
const maxScored = 16 << 20

// merge joins the parts of all chunks, in order, to the files the job leaves,
// and ends the job. It holds no part in memory. more says that the function's
// time ran short; the files that are there already are not written again.
func (s *Steps) merge(ctx context.Context, job Job) (more bool, err error) {
	all, err := s.gather(ctx, job)
	if err != nil {
		return false, err
	}
	// The labels and the task decide the header; a version never changes.
	version, err := s.Jobs.Registry.Version(ctx, job.Tenant, job.Model, job.Version)
	if err != nil {
		return false, err
	}
	l := newLines(job, s.Render, version.Task == registry.TableRegression, len(version.Labels))
	written := job
	var longest time.Duration
	for _, f := range []struct {
		name    string
		parts   []part
		results bool
		to      *[]File
	}{{"results", all.Results, true, &written.Results}, {"errors", all.Errors, false, &written.Errors}} {
		*f.to, more, err = s.join(ctx, job, f.name, l.header(f.results), f.parts, &longest)
		if err != nil || more {
			return more, err
		}
	}
	return false, s.succeed(ctx, written, &all.Tally)
}

// gather adds up what all chunks came to, their parts in the order of the file.
func (s *Steps) gather(ctx context.Context, job Job) (scored, error) {
	var all scored
	for chunk := range job.Chunks {
		data, err := blob.ReadAll(ctx, s.Models, scoredKey(job, chunk), maxScored)
		if err != nil {
			return all, lost(err)
		}
		var one scored
		if err := json.Unmarshal(data, &one); err != nil {
			return all, fault.Wrap(fault.Internal, err, "a scored chunk cannot be read")
		}
		all.Tally.add(&one.Tally)
		all.Results, all.Errors = append(all.Results, one.Results...), append(all.Errors, one.Errors...)
	}
	// What the Map says is not taken for granted: a row that is in neither file
	// would be the worst of failures, for nobody would notice it.
	if n := all.Tally.OK + all.Tally.Failed; n != job.Counts.Rows {
		return all, fault.New(fault.Internal, "%d rows were scored of %d", n, job.Counts.Rows)
	}
	return all, nil
}

// join writes the files of one kind, beginning another when one would be too
// large: S3 takes 5 GB at once, and what breaks off is sent again from its
// beginning. Most jobs have one.
func (s *Steps) join(ctx context.Context, job Job, name string, head []byte, parts []part, longest *time.Duration) ([]File, bool, error) {
	groups := s.divide(parts, int64(len(head)))
	var files []File
	for i, group := range groups {
		file := File{Key: outputKey(job, name+"."+string(job.Format))}
		if len(groups) > 1 {
			file.Key = outputKey(job, fmt.Sprintf("%s-%03d.%s", name, i+1, job.Format))
		}
		body := newConcat(ctx, s.Models, head, group)
		file.Size = body.size
		for _, p := range group {
			file.Rows += p.Rows
		}
		info, err := s.Models.Stat(ctx, file.Key)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, false, err
		}
		// The same parts give the same bytes, so one of this size is this one.
		if err != nil || info.Size != file.Size {
			more, err := s.piece(ctx, longest, func() error {
				_, err := s.Models.Put(ctx, file.Key, body, body.size, blob.PutOptions{ContentType: mediaTypes[job.Format]})
				return errors.Join(err, body.close())
			})
			if more || err != nil {
				return nil, more, lost(err)
			}
		}
		files = append(files, file)
	}
	return files, false, nil
}

var mediaTypes = map[Format]string{JSONL: "application/jsonl", CSV: "text/csv; charset=utf-8"}

// divide groups parts to files of at most fileBytes, but for one large part.
func (s *Steps) divide(parts []part, head int64) [][]part {
	var groups [][]part
	size := int64(0)
	for _, p := range parts {
		if len(groups) == 0 || size+p.Size > s.fileBytes() {
			groups, size = append(groups, nil), head
		}
		last := len(groups) - 1
		groups[last], size = append(groups[last], p), size+p.Size
	}
	return groups
}

// succeed ends the job.
func (s *Steps) succeed(ctx context.Context, written Job, all *tally) error {
	// The one place where results become visible: a worker that died before it
	// left nothing to be seen, whatever files it wrote.
	ended := s.Jobs.Now().UTC()
	job, err := s.Jobs.book().Update(ctx, written.Tenant, written.ID, func(j *Job) bool {
		j.Status, j.FinishedAt = jobs.Succeeded, ended
		j.Counts = Counts{Rows: all.OK + all.Failed, OK: all.OK, Failed: all.Failed}
		j.Results, j.Errors = slices.Clip(written.Results), slices.Clip(written.Errors)
		j.Summary = all.summary()
		j.Summary.Seconds = j.FinishedAt.Sub(j.StartedAt).Seconds()
		return true
	})
	if err == nil && job.Status != jobs.Succeeded {
		return fault.New(fault.Conflict, "batch job %s is over: %s", job.ID, job.Status).WithReason("job_final")
	}
	if err == nil && job.FinishedAt.Equal(ended) { // else another worker ended it, and counted
		s.charge(ctx, job)
	}
	return err
}

// charge counts the rows of a job for the key that asked for it. Counts are
// approximate: one that cannot be written is lost, and no job fails for it.
func (s *Steps) charge(ctx context.Context, job Job) {
	s.Usage.Request(job.Tenant, job.CreatedBy, int(job.Counts.Rows))
	if err := s.Usage.Flush(ctx); err != nil {
		s.Log.Warn("usage cannot be written", "job", job.ID, "error", err)
	}
}
