package training

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/foreign"
	"godwit/shared/registry"
)

// A file whose name ends in .onnx is not data but a model somebody else trained.
// Its job takes the same way as every other: Prepare judges the graph and keeps
// it as an artifact in the job's work, there is nothing to search, and Finish
// registers it. Nothing of it is measured, for it comes without rows: it takes an
// alias only where none is in its way, or where the settings name the alias.

// IsGraph reports whether a file, by its name or key, is a graph to be imported
// and not data.
func IsGraph(file string) bool { return strings.HasSuffix(strings.ToLower(file), ".onnx") }

// importGraph runs a step of such a job.
func (s *Steps) importGraph(ctx context.Context, job Job, in StepInput) (any, error) {
	// An empty list and not none: the state machine maps over it.
	next := Next{Tenant: job.Tenant, Job: job.ID, Attempt: job.Attempt, Rung: in.Rung, Tasks: []int{}}
	switch in.Step {
	case "prepare":
		return next, s.prepareGraph(ctx, job)
	case "select":
		return next, nil
	case "finish":
		return Done{}, s.finishGraph(ctx, job)
	}
	return nil, fault.New(fault.Invalid, "an import has no step %q", in.Step)
}

// graphFile is the artifact that Prepare leaves to Finish.
const graphFile = "graph.safetensors"

// prepareGraph judges the graph and keeps its artifact.
func (s *Steps) prepareGraph(ctx context.Context, job Job) error {
	job, err := s.begin(ctx, job)
	if err != nil {
		return err
	}
	if _, err := ParseSettings(job.Settings); err != nil {
		return s.refuse(ctx, job, err, nil)
	}
	s.event(ctx, job, Event{Phase: "prepare", Message: "reading the graph", Progress: .1})
	data, err := s.readGraph(ctx, job)
	if err != nil {
		return err
	}
	m, err := s.modelOf(ctx, job, data)
	if err != nil {
		return s.refuseGraph(ctx, job, err)
	}
	// The same key under which models that were trained name their data.
	file, err := m.Encode(map[string]string{"dataset_sha256": blob.DigestOf(data).Hex()})
	if err != nil {
		return s.refuseGraph(ctx, job, err)
	}
	if err := s.putWork(ctx, workKey(job, graphFile), file); err != nil {
		return err
	}
	if err := s.fileGraph(ctx, job, DatasetChecked, nil); err != nil {
		return err
	}
	s.event(ctx, job, Event{Phase: "prepare", Progress: .5, Message: fmt.Sprintf("%s: a graph of %d bytes, %d inputs, %d labels", m.Task(), len(data), len(m.Info().Inputs), len(m.Labels()))})
	return nil
}

// finishGraph registers the graph as a version.
func (s *Steps) finishGraph(ctx context.Context, job Job) error {
	if job.Status == Succeeded {
		return nil // this step ran before and its answer was lost
	}
	job, err := s.lease(ctx, job)
	if err != nil {
		return err
	}
	settings, err := ParseSettings(job.Settings)
	if err != nil {
		return err
	}
	data, err := blob.ReadAll(ctx, s.Models, workKey(job, graphFile), workLimit)
	if err != nil {
		return err
	}
	m, err := foreign.Open(ctx, data)
	if err != nil {
		return fmt.Errorf("open the imported graph: %w", err)
	}
	draft, err := s.draftGraph(ctx, job, m, data)
	if err != nil {
		return err
	}
	if draft.Gate, err = s.admit(ctx, job, settings); err != nil {
		return err
	}
	p := &plan{Settings: settings.resolved()}
	c := registry.Commit{Draft: draft}
	if draft.Gate.Promotion == "promoted" {
		c.Promote = p.Settings.PromoteTo
		c.PromoteIf = func(current registry.Alias, exists bool) (bool, string) {
			if exists && settings.PromoteTo == "" {
				return false, notMeasured // it came while this was decided
			}
			return !exists || !current.DataTime.After(job.DataTime), "superseded"
		}
	}
	return s.commitAs(ctx, job, p, c)
}

// draftGraph keeps the artifact and the report, and describes the version.
func (s *Steps) draftGraph(ctx context.Context, job Job, m *foreign.Model, data []byte) (registry.Version, error) {
	draft := registry.Version{Tenant: job.Tenant, Model: job.Model, Task: registry.Task(m.Task()), Algorithm: m.Algorithm(), Runtime: m.Runtime(), Labels: m.Labels(), ReportKey: reportKey(job, "report.json")}
	var err error
	if draft.Signature, err = graphSignature(m); err != nil {
		return draft, err
	}
	if draft.Artifact, err = s.keepModel(ctx, job, data); err != nil {
		return draft, err
	}
	manifest := m.Manifest()
	draft.Lineage = registry.Lineage{
		Dataset: job.Dataset, Source: job.Key, SourceVersion: job.SourceVersion, DatasetSHA256: blob.Digest("sha256:" + manifest.Extra["dataset_sha256"]),
		DataTime: job.DataTime, Job: job.ID, Code: s.Build,
	}
	report := Report{
		Model: job.Model, Job: job.ID, Task: draft.Task, TaskReason: "the outputs of the graph say so", Algorithm: draft.Algorithm,
		Warnings: []string{manifest.Note}, Calibration: Calibration{Method: manifest.Calibration},
		Artifact: draft.Artifact.Digest, Sizes: map[string]int64{"artifact": draft.Artifact.Size, "graph": int64(len(m.Graph())), "loaded": m.Bytes()},
	}
	return draft, s.putJSON(ctx, draft.ReportKey, report)
}

// notMeasured is the reason of an import that was not promoted.
const notMeasured = "not_measured"

// admit decides whether an imported version may take its alias.
func (s *Steps) admit(ctx context.Context, job Job, asked Settings) (registry.Gate, error) {
	settings := asked.resolved()
	switch {
	case settings.PromoteTo == "none":
		return registry.Gate{Passed: true, Promotion: "none", Reason: "not_asked"}, nil
	case len(asked.Gate.Min)+len(asked.Gate.Max) > 0:
		return held(notMeasured, "the gate asks for metrics, and an imported graph comes without rows to measure it on"), nil
	case asked.PromoteTo != "":
		return registry.Gate{Passed: true, Promotion: "promoted", Detail: "promote_to asks for it; nothing was measured"}, nil
	}
	alias, err := s.Jobs.Registry.Alias(ctx, job.Tenant, job.Model, settings.PromoteTo)
	if fault.Is(err, fault.NotFound) {
		return registry.Gate{Passed: true, Promotion: "promoted", Detail: "no version was in its place; nothing was measured"}, nil
	}
	if err != nil {
		return registry.Gate{}, err
	}
	return held(notMeasured, "version %d serves and nothing was measured that could be compared; promote by hand, or name promote_to", alias.Version), nil
}

// graphSignature is the signature of every version with the graph's own tensors.
func graphSignature(m *foreign.Model) (json.RawMessage, error) {
	common, err := signature(m)
	if err != nil {
		return nil, err
	}
	var tensors struct {
		Inputs  []foreign.Tensor `json:"inputs"`
		Outputs []foreign.Tensor `json:"outputs"`
	}
	tensors.Inputs, tensors.Outputs = m.Tensors()
	graph, err := json.Marshal(tensors)
	if err != nil {
		return nil, fmt.Errorf("encode signature: %w", err)
	}
	// Both are objects: the graph's becomes one more member.
	out := append(bytes.TrimSuffix(common, []byte("}")), `,"graph":`...)
	return append(append(out, graph...), '}'), nil
}

// isJudged reports an error about the graph itself, not about a service.
func isJudged(ctx context.Context, err error) bool {
	if _, failed := errors.AsType[*fault.Error](err); failed {
		return false
	}
	return ctx.Err() == nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}
