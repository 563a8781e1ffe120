package world

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// finish is the world's worker: training's Finish on a model fitted before.
func (l *lane) finish(ctx context.Context, t jobs.Ticket) error {
	job, err := l.book().Load(ctx, t.Tenant, t.Job)
	if err != nil || job.Status == training.Succeeded {
		return err
	}
	data, source, err := l.data(ctx, job)
	if err != nil {
		return err
	}
	job, err = l.book().Update(ctx, t.Tenant, t.Job, func(j *training.Job) bool {
		j.Status, j.Lease = training.Running, l.token()
		return true
	})
	if err == nil && job.Status.Final() {
		err = fault.New(fault.Conflict, "the job is over")
	}
	if err != nil {
		return err
	}
	a := artifactOf(job.Tenant, job.Model, data)
	if l.w.Seams.CommitEarly {
		if err := l.commit(ctx, job, a, source); err != nil {
			return err
		}
	}
	if err := l.keep(ctx, a, data); err != nil {
		return err
	}
	return l.commit(ctx, job, a, source)
}

// data reads an upload and returns the model that comes of it, and the digest of
// the upload.
func (l *lane) data(ctx context.Context, job training.Job) (model []byte, source blob.Digest, err error) {
	body, _, err := l.uploads().GetVersion(ctx, job.Key, job.SourceVersion)
	if err != nil {
		return nil, "", err
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, "", err
	}
	var kind int
	if _, err := fmt.Sscanf(string(text), "data %d", &kind); err != nil || kind < 0 || kind >= variants {
		return nil, "", fault.New(fault.Invalid, "the data cannot be read")
	}
	i := 0
	if job.Tenant != tenants[0] {
		i = variants
	}
	if l.w.Seams.Salt {
		kind = (kind + l.tokens) % variants
	}
	return l.w.library.artifacts[i+kind], blob.DigestOf(text), nil
}

// keep stores an artifact as training's keepModel does.
func (l *lane) keep(ctx context.Context, a registry.Artifact, data []byte) error {
	b := l.models()
	_, err := b.Put(ctx, a.Key, bytes.NewReader(data), a.Size, blob.PutOptions{IfAbsent: true})
	if !fault.Is(err, fault.PreconditionFailed) {
		return err
	}
	there, err := blob.ReadAll(ctx, b, a.Key, 1<<20)
	if err != nil || bytes.Equal(there, data) {
		return err
	}
	_, err = b.Put(ctx, a.Key, bytes.NewReader(data), a.Size, blob.PutOptions{})
	return err
}

// commit registers the version and ends the job, in one write.
func (l *lane) commit(ctx context.Context, job training.Job, a registry.Artifact, source blob.Digest) error {
	c := registry.Commit{
		Token: "commit-" + job.ID, By: job.ID, Promote: registry.Champion,
		Draft: draft(job.Model, a, registry.Lineage{
			Dataset: job.Dataset, Source: job.Key, SourceVersion: job.SourceVersion, DatasetSHA256: source, DataTime: job.DataTime, Job: job.ID,
		}),
		Also: func(v registry.Version) []registry.Write {
			done := job
			done.Status, done.Version, done.Lease, done.FinishedAt = training.Succeeded, v.Number, "", l.w.Now()
			done.Result = &training.Result{Promotion: v.Gate.Promotion, Rows: training.Rows{Read: 10, Trained: 7, HeldOut: 2, Rejected: 1}}
			w, err := jobKind.Write(done, job.Rev)
			if err != nil {
				l.w.raise(15, "a job cannot be encoded: %v", err)
			}
			return []registry.Write{w}
		},
	}
	if !l.w.Seams.PromoteAlways {
		c.PromoteIf = func(current registry.Alias, exists bool) (bool, string) {
			return !exists || !current.DataTime.After(job.DataTime), "superseded"
		}
	}
	_, err := l.registry().Commit(ctx, job.Tenant, c)
	return err
}

// train runs the real steps. They may call from goroutines of their own, so the
// act does not yield; its fault strikes one of its calls.
func (l *lane) train(ctx context.Context, t jobs.Ticket) (err error) {
	f := Fault(l.act.B % int(faults))
	if l.w.resting {
		f = None
	}
	steps := &training.Steps{Jobs: l.training(), Uploads: l.uploads(), Models: l.models(), Build: "world", Workers: 1, Log: l.w.discard}
	l.apart(1+12*l.act.C*l.act.C, f, func() {
		err = l.w.Seams.Train(ctx, steps, training.StepInput{Tenant: t.Tenant, Job: t.Job, Attempt: t.Attempt})
	})
	return err
}
