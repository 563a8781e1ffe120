package training

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/artifact"
	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
)

// finish evaluates the chosen candidate on rows no model saw, fits the served
// model, and registers it: artifacts first, then one transaction that makes the
// version, the alias and the end of the job visible together. It hands over
// after a fit when time runs short.
func (s *Steps) finish(ctx context.Context, job Job) (more bool, err error) {
	if job.Status == Succeeded {
		return false, nil // this step ran before and its answer was lost
	}
	if job, err = s.lease(ctx, job); err != nil {
		return false, err
	}
	p, made, out, err := s.gathered(ctx, job)
	if err != nil {
		return false, err
	}
	if more, err = s.fit(ctx, job, p, &made, out); err != nil || more {
		return more, err
	}
	return false, s.conclude(ctx, job, p, out, made)
}

// conclude inspects the data by the fitted models, writes these and registers
// the version.
func (s *Steps) conclude(ctx context.Context, job Job, p *plan, out *pool, made result) error {
	if err := s.inspect(ctx, job, p, out, made); err != nil {
		return err
	}
	draft := registry.Version{Task: p.Settings.Task, Algorithm: made.served.Algorithm(), Labels: made.rows.Labels}
	var err error
	if draft.Signature, err = signature(made.served); err != nil {
		return err
	}
	extra := map[string]string{"dataset_sha256": p.SHA256}
	if draft.Evaluation, err = s.keepModel(ctx, job, made.evaluation, extra); err != nil {
		return err
	}
	if draft.Artifact, err = s.keepModel(ctx, job, made.served, extra); err != nil {
		return err
	}
	if err := s.keepKnown(ctx, job, made.rows); err != nil {
		return err
	}
	return s.register(ctx, job, p, draft, made)
}

// gathered reads what the steps before left: the plan, the rows and their
// texts, and the out-of-fold margins of the chosen candidate.
func (s *Steps) gathered(ctx context.Context, job Job) (*plan, result, *pool, error) {
	var made result
	p := &plan{}
	err := s.getJSON(ctx, workKey(job, planFile), p)
	if err == nil && p.Best == nil {
		err = fault.New(fault.Internal, "the search did not choose")
	}
	if err != nil {
		return nil, made, nil, err
	}
	if made.rows, err = s.loadRows(ctx, job); err != nil {
		return nil, made, nil, err
	}
	if made.texts, err = s.loadTexts(ctx, job); err != nil {
		return nil, made, nil, err
	}
	out, err := s.pooled(ctx, job, p)
	return p, made, out, err
}

// fit fits the evaluation model on the training rows and the served one on all,
// unless an earlier function did. After either it may leave what is fitted to the next function, which more
// reports.
func (s *Steps) fit(ctx context.Context, job Job, p *plan, made *result, out *pool) (more bool, err error) {
	r := made.rows
	finished := calibrated(r, out)
	one := func(f fitting, some []int32, last bool) (pipeline.Predictor, bool, error) {
		if m, err := s.fitted(ctx, job, f); err == nil || !fault.Is(err, fault.NotFound) {
			return m, false, err
		}
		began := s.Jobs.Now()
		m, err := r.fit(ctx, some, p.Best.Candidate, p.Settings.Seed, s.Workers, s.fitProgress(ctx, job, f))
		if err != nil {
			return nil, false, fmt.Errorf("fit %s: %w", f.what, err)
		}
		m = finished(m)
		took := s.Jobs.Now().Sub(began)
		next := took
		if last {
			next = 0 // what follows is short
		}
		more := s.short(ctx, next)
		if more || took > reserve { // a function that dies in what follows need not do it again
			err = s.keepFitted(ctx, job, f, m)
		}
		return m, more, err
	}
	refit := *p.Settings.Split.Refit && len(r.Test) > 0
	if made.evaluation, more, err = one(evaluationFit, r.Train, !refit); err != nil || more {
		return more, err
	}
	if !refit {
		made.served = made.evaluation
		return false, nil
	}
	made.served, more, err = one(servedFit, everyRow(r.len()), true)
	return more, err
}

// calibrated returns what completes a fitted model by the out-of-fold margins.
func calibrated(r *rows, out *pool) func(pipeline.Predictor) pipeline.Predictor {
	k := len(r.Labels)
	if k == 0 {
		return func(m pipeline.Predictor) pipeline.Predictor { return m }
	}
	y := of(r.Y, out.rows)
	c := calibrate.Choose(out.margins, y, k)
	f := calibrate.NewConformal(c.ApplyAll(out.margins, k), y, k)
	return func(m pipeline.Predictor) pipeline.Predictor { return m.With(c, f) }
}

// lease makes this worker the one that may commit: an older worker of the same
// job that is still running loses the revision its commit is conditioned on.
func (s *Steps) lease(ctx context.Context, job Job) (Job, error) {
	job, err := s.Jobs.update(ctx, job.Tenant, job.ID, func(j *Job) bool {
		j.Lease = s.Jobs.NewToken()
		return true
	})
	if err == nil && job.Status.Final() {
		err = fault.New(fault.Conflict, "job %s is over: %s", job.ID, job.Status).WithReason("job_final")
	}
	return job, err
}

func everyRow(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

// fitProgress records the progress of a fit, at most every two seconds.
func (s *Steps) fitProgress(ctx context.Context, job Job, f fitting) func(done, classes int) {
	heard := s.Jobs.Now()
	s.event(ctx, job, Event{Phase: "finish", Message: "fitting " + f.what, Progress: f.from})
	return func(done, classes int) {
		if now := s.Jobs.Now(); now.Sub(heard) > 2*time.Second {
			heard = now
			s.event(ctx, job, Event{Phase: "finish", Message: fmt.Sprintf("fitting %s: %d of %d classes", f.what, done, classes), Progress: f.from + (f.to-f.from)*float64(done)/float64(classes)})
		}
	}
}

// keepModel writes the artifact under its digest. One that is there already is
// read back: a name proves nothing about bytes.
func (s *Steps) keepModel(ctx context.Context, job Job, m pipeline.Predictor, extra map[string]string) (registry.Artifact, error) {
	data, err := m.Encode(extra)
	if errors.Is(err, artifact.ErrTooLarge) {
		return registry.Artifact{}, s.refuse(ctx, job, fault.Wrap(fault.TooLarge, err,
			"the model would be larger than the %d MB that may be served: ask for fewer features with params.min_docs or params.features, or train fewer classes", pipeline.MaxFileBytes>>20), nil)
	}
	if err != nil {
		return registry.Artifact{}, fmt.Errorf("encode model: %w", err)
	}
	a := registry.Artifact{Digest: blob.DigestOf(data), Size: int64(len(data))}
	a.Key = fmt.Sprintf("artifacts/%s/%s/%s.safetensors", job.Tenant, job.Model, a.Digest.Hex())
	put := func(ifAbsent bool) error {
		_, err := s.Models.Put(ctx, a.Key, bytes.NewReader(data), a.Size, blob.PutOptions{ContentType: "application/octet-stream", IfAbsent: ifAbsent})
		return err
	}
	err = put(true)
	if !fault.Is(err, fault.PreconditionFailed) {
		return a, err
	}
	body, _, err := s.Models.Get(ctx, a.Key)
	if err != nil {
		return a, err
	}
	defer body.Close()
	there, err := io.ReadAll(io.LimitReader(body, a.Size+1))
	if err != nil {
		return a, fault.Wrap(fault.Unavailable, err, "the stored artifact could not be read whole")
	}
	if bytes.Equal(there, data) {
		return a, nil
	}
	s.Log.Warn("replacing a damaged artifact", "job", job.ID, "digest", a.Digest)
	return a, put(false)
}

// result is what Finish made, before it is judged.
type result struct {
	rows               *rows
	texts              *texts
	evaluation, served pipeline.Predictor
}

// register evaluates, decides about promotion and commits.
func (s *Steps) register(ctx context.Context, job Job, p *plan, draft registry.Version, made result) error {
	report := newReport(job, p, draft, made.served)
	best := p.score(p.Best.Candidate)
	draft.CV = map[string]float64{
		p.Settings.Metric: shown(best.Value), p.Settings.Metric + "_deviation": best.Deviation, "folds": float64(len(best.Folds)),
	}
	if len(made.rows.Test) > 1 {
		test, err := evaluate(made.evaluation, made.rows, made.texts)
		if err != nil {
			return fmt.Errorf("evaluate: %w", err)
		}
		report.Test, draft.Test = test, test.headline()
	}
	gate, versus, err := s.judgePromotion(ctx, job, p, made.rows, made.texts, made.evaluation, draft.Test)
	if err != nil {
		return err
	}
	draft.Gate, report.Versus, draft.ReportKey = gate, versus, reportKey(job, "report.json")
	if err := s.putJSON(ctx, draft.ReportKey, report); err != nil {
		return err
	}
	if draft.Settings, err = json.Marshal(p.Settings); err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	draft.Lineage = registry.Lineage{
		Dataset: job.Dataset, Source: job.Key, SourceVersion: job.SourceVersion, DatasetSHA256: blob.Digest("sha256:" + p.SHA256),
		DataTime: job.DataTime, Job: job.ID, Code: s.Build, Seed: p.Settings.Seed, Parent: p.Parent,
	}
	return s.commit(ctx, job, p, draft)
}

// commit makes everything visible at once, or nothing.
func (s *Steps) commit(ctx context.Context, job Job, p *plan, draft registry.Version) error {
	c := registry.Commit{Token: "commit-" + job.ID, Draft: draft, By: job.ID}
	c.Draft.Tenant, c.Draft.Model = job.Tenant, job.Model
	if draft.Gate.Promotion == "promoted" {
		c.Promote = p.Settings.PromoteTo
		c.PromoteIf = func(current registry.Alias, exists bool) (bool, string) {
			return !exists || !current.DataTime.After(draft.Lineage.DataTime), "superseded"
		}
	}
	var encodeErr error
	c.Also = func(v registry.Version) []registry.Write {
		w, err := jobWrite(s.succeeded(job, p, v), job.Rev)
		encodeErr = err
		return []registry.Write{w}
	}
	v, err := s.Jobs.Registry.Commit(ctx, job.Tenant, c)
	if encodeErr != nil {
		return encodeErr
	}
	if err != nil {
		return err
	}
	s.event(ctx, job, Event{Phase: "done", Progress: 1, Values: maps.Clone(v.Test), Message: fmt.Sprintf("version %d registered, %s", v.Number, v.Gate.Promotion)})
	return nil
}

// succeeded is the job as the commit leaves it.
func (s *Steps) succeeded(job Job, p *plan, v registry.Version) Job {
	job.Status, job.Version, job.FinishedAt, job.Lease = Succeeded, v.Number, s.Jobs.Now().UTC(), ""
	metrics := v.Test
	if metrics == nil {
		metrics = v.CV
	}
	job.Result = &Result{Promotion: v.Gate.Promotion, Reason: v.Gate.Reason, Detail: v.Gate.Detail, Metrics: metrics, Rows: p.Rows}
	return job
}
