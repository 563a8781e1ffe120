package training

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/metric"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tune"
	"godwit/shared/registry"
)

// Report is the file with everything the evaluation found, kept beside the version.
type Report struct {
	Model     registry.Name    `json:"model"`
	Job       string           `json:"job"`
	Algorithm string           `json:"algorithm"`
	Settings  Settings         `json:"settings"`
	Chosen    tune.Candidate   `json:"chosen"`
	Rows      Rows             `json:"rows"`
	Classes   map[string]int   `json:"classes"` // rows per label
	Split     string           `json:"split"`
	Issues    map[string]int   `json:"issues"`
	Search    []tune.Score     `json:"search"`
	Test      *metric.Report   `json:"test,omitempty"` // on held-out rows; absent when none could be held out
	Versus    *Comparison      `json:"versus,omitempty"`
	Artifact  blob.Digest      `json:"artifact"`
	Sizes     map[string]int64 `json:"sizes"`
}

// finish evaluates the chosen candidate on rows no model saw, fits the served
// model, and registers it: artifacts first, then one transaction that makes the
// version, the alias and the end of the job visible together.
func (s *Steps) finish(ctx context.Context, job Job) error {
	if job.Status == Succeeded {
		return nil // this step ran before and its answer was lost
	}
	job, err := s.lease(ctx, job)
	if err != nil {
		return err
	}
	var p plan
	if err := s.getJSON(ctx, workKey(job, planFile), &p); err != nil {
		return err
	}
	if p.Best == nil {
		return fault.New(fault.Internal, "the search did not choose")
	}
	r, err := s.loadRows(ctx, job)
	if err != nil {
		return err
	}
	settings, err := pipelineSettings(p.Settings, p.Best.Candidate)
	if err != nil {
		return err
	}
	temperature, err := s.calibrate(ctx, job, &p, len(r.Labels))
	if err != nil {
		return err
	}
	fit := func(rows []int32, from, to float64, what string) (*pipeline.Model, error) {
		m, err := pipeline.Fit(ctx, r.Data, rows, settings, s.Workers, s.fitProgress(ctx, job, what, from, to))
		if err != nil {
			return nil, fmt.Errorf("fit %s: %w", what, err)
		}
		return m.WithTemperature(temperature), nil
	}
	evaluation, err := fit(r.Train, .72, .8, "the evaluation model")
	if err != nil {
		return err
	}
	served := evaluation
	if *p.Settings.Split.Refit && len(r.Test) > 0 {
		if served, err = fit(everyRow(len(r.Y)), .82, .9, "the model on all rows"); err != nil {
			return err
		}
	}
	draft := registry.Version{Task: p.Settings.Task, Algorithm: evaluation.Algorithm(), Labels: r.Labels, Signature: textSignature}
	extra := map[string]string{"dataset_sha256": p.SHA256}
	if draft.Evaluation, err = s.keepModel(ctx, job, evaluation, extra); err != nil {
		return err
	}
	if draft.Artifact, err = s.keepModel(ctx, job, served, extra); err != nil {
		return err
	}
	if err := s.keepKnown(ctx, job, r); err != nil {
		return err
	}
	return s.register(ctx, job, &p, r, evaluation, draft)
}

// textSignature is what a text model takes and answers.
var textSignature = json.RawMessage(`{"inputs":[{"name":"text","type":"string"}],"outputs":[{"name":"label","type":"string"},{"name":"score","type":"number","minimum":0,"maximum":1}]}`)

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
func (s *Steps) fitProgress(ctx context.Context, job Job, what string, from, to float64) func(done, classes int) {
	heard := s.Jobs.Now()
	s.event(ctx, job, Event{Phase: "finish", Message: "fitting " + what, Progress: from})
	return func(done, classes int) {
		if now := s.Jobs.Now(); now.Sub(heard) > 2*time.Second {
			heard = now
			s.event(ctx, job, Event{Phase: "finish", Message: fmt.Sprintf("fitting %s: %d of %d classes", what, done, classes), Progress: from + (to-from)*float64(done)/float64(classes)})
		}
	}
}

// keepModel writes the artifact under its digest. One that is there already is
// read back: a name proves nothing about bytes.
func (s *Steps) keepModel(ctx context.Context, job Job, m *pipeline.Model, extra map[string]string) (registry.Artifact, error) {
	data, err := m.Encode(extra)
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

// register evaluates, decides about promotion and commits.
func (s *Steps) register(ctx context.Context, job Job, p *plan, r *rows, evaluation *pipeline.Model, draft registry.Version) error {
	report := Report{
		Model: job.Model, Job: job.ID, Algorithm: draft.Algorithm, Settings: p.Settings, Chosen: p.Best.Candidate, Rows: p.Rows,
		Split: p.Split, Issues: p.Issues, Search: p.Scores, Artifact: draft.Artifact.Digest, Classes: map[string]int{},
		Sizes: map[string]int64{"artifact": draft.Artifact.Size, "evaluation": draft.Evaluation.Size},
	}
	for i, l := range p.Labels {
		report.Classes[l] = p.Counts[i]
	}
	best := p.bestScore()
	draft.CV = map[string]float64{p.Settings.Metric: best.Mean, p.Settings.Metric + "_deviation": best.Deviation, "folds": float64(len(best.Folds))}
	if len(r.Test) > 0 {
		test, err := evaluate(evaluation, r)
		if err != nil {
			return fmt.Errorf("evaluate: %w", err)
		}
		report.Test, draft.Test = &test, test.Headline()
	}
	gate, versus, err := s.judgePromotion(ctx, job, p, r, evaluation, draft.Test)
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

func (p *plan) bestScore() tune.Score {
	for _, sc := range p.Scores {
		if sc.Candidate == p.Best.Candidate {
			return sc
		}
	}
	return tune.Score{}
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
