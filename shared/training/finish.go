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
	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/linear"
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
	if p.Shards != nil {
		err = s.takeFitted(ctx, job, p, &made)
	} else {
		more, err = s.fit(ctx, job, p, &made, out)
	}
	if err != nil || more {
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
	if draft.Signature, err = signature(made.served.Predictor); err != nil {
		return err
	}
	if draft.Evaluation, err = s.keepModel(ctx, job, made.evaluation.data); err != nil {
		return err
	}
	if draft.Artifact, err = s.keepModel(ctx, job, made.served.data); err != nil {
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
	if p.Shards != nil {
		made.rows, made.texts, err = s.gatherShards(ctx, job, p)
	} else if made.rows, err = s.loadRows(ctx, job); err == nil {
		made.texts, err = s.loadTexts(ctx, job)
	}
	if err != nil {
		return nil, made, nil, err
	}
	out, err := s.pooled(ctx, job, p)
	return p, made, out, err
}

// fitBoth fits the evaluation model on the training rows and the served one on
// all, unless an earlier function did. It may leave the rest to the next one,
// which more reports. It fails with artifact.ErrTooLarge when either cannot be
// served.
func (s *Steps) fitBoth(ctx context.Context, job Job, p *plan, made *result, finished finisher) (more bool, err error) {
	r := made.rows
	refit := p.refits()
	evaluation, served := evaluationFit, servedFit
	evaluation.last, served.last = !refit, true
	if made.evaluation, more, err = s.fitOne(ctx, job, p, made, evaluation, r.Train, finished); err != nil || more {
		return more, err
	}
	if !refit {
		made.served = made.evaluation
		return false, nil
	}
	made.served, more, err = s.fitOne(ctx, job, p, made, served, everyRow(r.len()), finished)
	if _, left := errors.AsType[*spread](err); left {
		// The next function is to begin where this one stands.
		if err := s.putWork(ctx, evaluation.key(job, made.floor), made.evaluation.data); err != nil {
			return false, err
		}
	}
	return more, err
}

// fitOne fits one of the two models block by block. One that took long is kept
// whole, so that a function that dies in what follows need not do it again.
func (s *Steps) fitOne(ctx context.Context, job Job, p *plan, made *result, f fitting, some []int32, finished finisher) (m fitted, more bool, err error) {
	if m, err := s.fittedBefore(ctx, job, f, made.floor); err == nil || !fault.Is(err, fault.NotFound) {
		return m, false, err
	}
	began := s.Jobs.Now()
	var model pipeline.Predictor
	if p.network() {
		model, more, err = s.fitNetwork(ctx, job, p, made, f, some)
	} else {
		model, more, err = s.fitLinear(ctx, job, p, made, f, some)
	}
	if err != nil || more {
		return m, more, err
	}
	m.Predictor = finished(model)
	if m.data, err = s.encoded(p, m.Predictor); err != nil {
		return m, false, err
	}
	took := s.Jobs.Now().Sub(began)
	next := took
	if f.last {
		next = 0 // what follows is short
	}
	more = s.short(ctx, next)
	if more || took > reserve {
		err = s.keepFitted(ctx, job, f, made.floor, m)
	}
	return m, more, err
}

// fitLinear fits a linear model block by block.
func (s *Steps) fitLinear(ctx context.Context, job Job, p *plan, made *result, f fitting, some []int32) (pipeline.Predictor, bool, error) {
	fit, b, err := s.fittingBlocks(ctx, job, p, made, f, some)
	if err != nil {
		return nil, false, s.tooWide(ctx, job, err)
	}
	progress := s.fitProgress(ctx, job, f, made.floor, fit.Problems())
	b.fit = func(ctx context.Context, r linear.Range) (*pipeline.Part, error) {
		return fit.Block(ctx, r, s.Workers, func(done int) { progress(r.From + done) })
	}
	parts, more, err := s.inBlocks(ctx, job, b)
	if err != nil || more {
		return nil, more, s.tooWide(ctx, job, err)
	}
	model, err := fit.Join(parts...)
	if err != nil {
		return nil, false, fmt.Errorf("fit %s: %w", f.what, err)
	}
	return model, false, nil
}

// finisher completes a fitted model by what is known from out-of-fold margins.
type finisher func(pipeline.Predictor) pipeline.Predictor

// calibrated returns what completes a fitted model by the out-of-fold margins.
func calibrated(r *rows, out *pool) finisher {
	k := len(r.Labels)
	if k == 0 {
		spread := calibrate.NewSpread(out.margins, of(r.Values, out.rows))
		return func(m pipeline.Predictor) pipeline.Predictor {
			if t, ok := m.(*pipeline.TableModel); ok {
				return t.WithSpread(spread)
			}
			return m
		}
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
func (s *Steps) fitProgress(ctx context.Context, job Job, f fitting, floor, classes int) func(done int) {
	heard := s.Jobs.Now()
	s.event(ctx, job, Event{Phase: "finish", Message: "fitting " + f.what, Progress: f.progress(floor, 0)})
	return func(done int) {
		if now := s.Jobs.Now(); now.Sub(heard) > 2*time.Second {
			heard = now
			s.event(ctx, job, Event{Phase: "finish", Message: fmt.Sprintf("fitting %s: %d of %d classes", f.what, done, classes), Progress: f.progress(floor, float64(done)/float64(classes))})
		}
	}
}

// keepModel writes an artifact under its digest. One that is there already is
// read back: a name proves nothing about bytes.
func (s *Steps) keepModel(ctx context.Context, job Job, data []byte) (registry.Artifact, error) {
	a := registry.Artifact{Digest: blob.DigestOf(data), Size: int64(len(data))}
	a.Key = fmt.Sprintf("artifacts/%s/%s/%s.safetensors", job.Tenant, job.Model, a.Digest.Hex())
	put := func(ifAbsent bool) error {
		_, err := s.Models.Put(ctx, a.Key, bytes.NewReader(data), a.Size, blob.PutOptions{ContentType: "application/octet-stream", IfAbsent: ifAbsent})
		return err
	}
	err := put(true)
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
	floor              int    // of document frequency, above the candidate's, 0 for none
	warning            string // why there is a floor
	evaluation, served fitted
}

// fitted is a model and its file.
type fitted struct {
	pipeline.Predictor
	data []byte
}

// register evaluates, decides about promotion and commits.
func (s *Steps) register(ctx context.Context, job Job, p *plan, draft registry.Version, made result) error {
	report := newReport(job, p, draft, made)
	var err error
	if report.Distributed, err = s.distributed(ctx, job, p); err != nil {
		return err
	}
	report.Warnings = append(report.Warnings, report.Distributed.warnings()...)
	if report.Courses, report.Rounding, err = s.courses(ctx, job, p); err != nil {
		return err
	}
	best := p.score(p.Best.Candidate)
	draft.CV = map[string]float64{
		p.Settings.Metric: shown(best.Value), p.Settings.Metric + "_deviation": best.Deviation, "folds": float64(len(best.Folds)),
	}
	if len(made.rows.Test) > 1 {
		test, err := evaluate(made.evaluation.Predictor, made.rows, made.texts, p.Settings.ReportExcerpts)
		if err != nil {
			return fmt.Errorf("evaluate: %w", err)
		}
		report.Test, draft.Test = test, test.headline()
	}
	draft.ReportKey = reportKey(job, "report.json")
	if draft.Settings, err = json.Marshal(p.Settings); err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	draft.Lineage = registry.Lineage{
		Dataset: job.Dataset, Source: job.Key, SourceVersion: job.SourceVersion, DatasetSHA256: blob.Digest("sha256:" + p.SHA256),
		DataTime: job.DataTime, Job: job.ID, Code: s.Build, Seed: p.Settings.Seed, Parent: p.Parent,
	}
	draft.Tenant, draft.Model = job.Tenant, job.Model
	// An alias that was moved while this went on is judged against again.
	for range 5 {
		var judged int
		draft.Gate, report.Versus, judged, err = s.judgePromotion(ctx, job, p, made.rows, made.texts, made.evaluation.Predictor, draft.Test)
		if err != nil {
			return err
		}
		if err := s.putJSON(ctx, draft.ReportKey, report); err != nil {
			return err
		}
		err = s.commit(ctx, job, p, draft, judged)
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Reason != "alias_moved" {
			return err
		}
	}
	return fault.Wrap(fault.Unavailable, err, "the alias is moved all the time")
}

// commit makes everything visible at once, or nothing. judged is the version
// that the promotion was decided against.
func (s *Steps) commit(ctx context.Context, job Job, p *plan, draft registry.Version, judged int) error {
	c := registry.Commit{Draft: draft}
	if draft.Gate.Promotion == "promoted" {
		c.Promote = p.Settings.PromoteTo
		if p.Settings.Gate.NotWorseThan == c.Promote {
			c.Judged = &judged
		}
		c.PromoteIf = func(current registry.Alias, exists bool) (bool, string) {
			return !exists || !current.DataTime.After(draft.Lineage.DataTime), "superseded"
		}
	}
	return s.commitAs(ctx, job, p, c)
}

// commitAs makes a commit with the end of its job.
func (s *Steps) commitAs(ctx context.Context, job Job, p *plan, c registry.Commit) error {
	c.Token, c.By = "commit-"+job.ID, job.ID
	var encodeErr error
	c.Also = func(v registry.Version) []registry.Write {
		w, err := kind.Write(s.succeeded(job, p, v), job.Rev)
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
	s.charge(ctx, job)
	return nil
}

// succeeded is the job as the commit leaves it.
func (s *Steps) succeeded(job Job, p *plan, v registry.Version) Job {
	job.Status, job.Version, job.FinishedAt, job.Lease = Succeeded, v.Number, s.Jobs.Now().UTC(), ""
	job.Result = &Result{Promotion: v.Gate.Promotion, Reason: v.Gate.Reason, Detail: v.Gate.Detail, Metrics: v.Test, Rows: p.Rows}
	return job
}
