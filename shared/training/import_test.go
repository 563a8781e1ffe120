package training_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"godwit/shared/blob"
	"godwit/shared/jobs"
	"godwit/shared/ml/foreign/foreigntest"
	"godwit/shared/ml/open"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// sent puts a graph under the inbox and takes its job through the machine.
func (h *house) sent(t *testing.T, graph []byte, settings string) training.Job {
	t.Helper()
	job, err := h.sentUnder(t, "inbox/acme/petals/forest.onnx", graph, settings)
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	return job
}

func (h *house) sentUnder(t *testing.T, key string, graph []byte, settings string) (training.Job, error) {
	t.Helper()
	info, err := h.uploads.Put(t.Context(), key, bytes.NewReader(graph), int64(len(graph)), blob.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sub := training.Submission{Origin: key + info.VersionID + info.ETag + settings, Model: "petals", Key: key, Version: info.VersionID, Size: info.Size, DataTime: info.ModTime, By: "upload"}
	if settings != "" {
		sub.Settings = json.RawMessage(settings)
	}
	job, err := h.jobs.Submit(t.Context(), tenant, sub)
	if err != nil {
		t.Fatalf("Submit: %v", err)
	}
	failed := h.run(t.Context(), tenant, job.ID)
	if job, err = h.jobs.Job(t.Context(), tenant, job.ID); err != nil {
		t.Fatal(err)
	}
	return job, failed
}

func TestSteps_ImportRegisters(t *testing.T) {
	h := newHouse(t, 1)
	job := h.sent(t, foreigntest.Forest(t), "")
	if job.Status != training.Succeeded || job.Version != 1 || job.Result.Promotion != "promoted" {
		t.Fatalf("job = %+v, %+v, want version 1 promoted: nothing was in its way", job, job.Result)
	}
	v, err := h.jobs.Registry.Version(t.Context(), tenant, "petals", 1)
	if err != nil {
		t.Fatal(err)
	}
	if v.Task != registry.TableClassification || v.Algorithm != "onnx" || !slices.Equal(v.Labels, foreigntest.Labels) || !h.artifactIs(t, v.Artifact) {
		t.Errorf("version = %+v, want a whole table-classification by onnx", v)
	}
	var signature struct {
		Inputs []struct{ Name, Type string }
		Graph  struct {
			Inputs []struct {
				Name, Type string
				Shape      []int
			}
		}
	}
	if err := json.Unmarshal(v.Signature, &signature); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(signature.Inputs[0], signature.Graph.Inputs); got != "{f0 string} [{float_input FLOAT [-1 4]}]" {
		t.Errorf("signature %s says %s", v.Signature, got)
	}
	data, err := blob.ReadAll(t.Context(), h.models, v.Artifact.Key, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := open.Model(t.Context(), data); err != nil || m.Manifest().Extra["dataset_sha256"] != blob.DigestOf(foreigntest.Forest(t)).Hex() {
		t.Errorf("the artifact: %v, want one that names the digest of the graph", err)
	}
	if report := stored[training.Report](t, h, v.ReportKey); report.Calibration.Method != "none" || len(report.Warnings) != 1 {
		t.Errorf("report = %+v, want it to say that nothing is calibrated", report)
	}
	d, err := h.jobs.Registry.Dataset(t.Context(), tenant, job.Dataset)
	if err != nil || d.Status != training.DatasetChecked {
		t.Errorf("data set = %+v, %v, want it checked", d, err)
	}
}

// Nothing is measured, so an import replaces nothing unless its settings say so.
func TestSteps_ImportIsHeldUnlessAsked(t *testing.T) {
	for _, tc := range []struct{ settings, promotion, reason string }{
		{"", "held", "not_measured"},
		{`{"promote_to":"champion"}`, "promoted", ""},
		{`{"promote_to":"none"}`, "none", "not_asked"},
		{`{"promote_to":"champion","gate":{"min":{"accuracy":0.5}}}`, "held", "not_measured"},
	} {
		t.Run(tc.settings, func(t *testing.T) {
			h := newHouse(t, 1)
			h.sent(t, foreigntest.Forest(t), "")
			job := h.sent(t, foreigntest.Rent(t), tc.settings)
			if job.Version != 2 || job.Result.Promotion != tc.promotion || job.Result.Reason != tc.reason {
				t.Errorf("version %d: %+v, want %s, %q", job.Version, job.Result, tc.promotion, tc.reason)
			}
		})
	}
}

// A trained candidate is not compared with an imported champion: it is held.
func TestSteps_ImportedChampionIsNotCompared(t *testing.T) {
	h := newHouse(t, 1)
	if _, err := h.sentUnder(t, "inbox/acme/petals/net.onnx", foreigntest.Net(t), ""); err != nil {
		t.Fatal(err)
	}
	data := strings.NewReplacer("small", "dark", "large", "bright").Replace(table(300, 1, false))
	job := h.upload(t, tenant, "petals", data, `{"params":{"c":[1],"features":["plain"]},"search":{"folds":2}}`)
	if err := h.run(t.Context(), tenant, job.ID); err != nil {
		t.Fatal(err)
	}
	job, err := h.jobs.Job(t.Context(), tenant, job.ID)
	if err != nil || job.Result == nil || job.Result.Reason != "not_comparable" {
		t.Errorf("job = %+v, %v, want it held as not_comparable", job, err)
	}
}

func TestSteps_ImportRefuses(t *testing.T) {
	for _, tc := range []struct {
		name  string
		graph []byte
		code  string
		says  []string
	}{
		{"an operator nobody runs", foreigntest.Unknown(t), "onnx_operator_unsupported", []string{"Einsum (1 nodes)", "ai.onnx: Abs ", "ai.onnx.ml: ", "TreeEnsembleClassifier", "parameter OnnxRuntime"}},
		{"no graph", []byte("label,text\n"), "onnx_invalid", nil},
		{"an empty file", nil, "onnx_invalid", nil},
		{"a graph that is cut", foreigntest.Forest(t)[:300], "onnx_invalid", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 1)
			job, err := h.sentUnder(t, "inbox/acme/petals/x.ONNX", tc.graph, "")
			if err == nil || jobs.ErrorType(err) != training.TypeInput {
				t.Errorf("run: %v, want an error of the input", err)
			}
			if job.Status != training.Failed || job.Error == nil || job.Error.Code != tc.code {
				t.Fatalf("job = %+v, %+v, want it failed with %s", job, job.Error, tc.code)
			}
			for _, part := range tc.says {
				if !strings.Contains(job.Error.Message, part) {
					t.Errorf("message %q, want %q in it", job.Error.Message, part)
				}
			}
			if page, err := h.jobs.Registry.Versions(t.Context(), tenant, "petals", registry.PageRequest{}); err != nil || len(page.Items) > 0 {
				t.Errorf("%d versions, %v, want none", len(page.Items), err)
			}
			d, err := h.jobs.Registry.Dataset(t.Context(), tenant, job.Dataset)
			if err != nil || d.Status != training.DatasetFailed {
				t.Fatalf("data set = %+v, %v, want it failed", d, err)
			}
			if issues := stored[training.Issues](t, h, d.IssuesKey); issues.Counts[tc.code] != 1 {
				t.Errorf("issues = %+v, want one of %s", issues, tc.code)
			}
		})
	}
}

// A failure of any one call, with or without its effect, is survived.
func TestSteps_ImportSurvivesAnyOneFailure(t *testing.T) {
	probe := &faults{}
	for at := 0; at <= probe.calls; at++ {
		for _, lost := range []bool{false, true} {
			h := newHouse(t, 1)
			f := probe
			if at > 0 {
				f = &faults{at: at, lost: lost}
			}
			flaky := h.flaky(f)
			job, err := flaky.sentUnder(t, "inbox/acme/petals/forest.onnx", foreigntest.Forest(t), "")
			if at > 0 && f.calls < at {
				continue
			}
			if err != nil || job.Status != training.Succeeded || job.Version != 1 {
				t.Errorf("call %d, lost %v: job = %+v, %v, want version 1", at, lost, job, err)
			}
		}
	}
	if probe.calls < 15 {
		t.Errorf("a run makes %d calls, want at least 15 to fail at", probe.calls)
	}
}
