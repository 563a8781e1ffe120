package training_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// told is a training.Judgements of these, for intents of the tests' tenant.
func told(judged ...training.Judged) training.Judgements {
	return func(_ context.Context, t registry.Tenant, model registry.Name, limit int) ([]training.Judged, error) {
		if t != tenant || model != "intents" || limit != 10_000 {
			return nil, fault.New(fault.Internal, "asked for %d of %s/%s", limit, t, model)
		}
		return judged, nil
	}
}

func text(text, label string) training.Judged {
	input, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string: cannot fail
	}
	return training.Judged{Input: input, Label: label}
}

// trained runs a job on a small file with what was judged.
func trained(t *testing.T, settings string, judged training.Judgements) (registry.Version, training.Job) {
	t.Helper()
	h := newHouse(t, 1)
	h.steps.Judgements = judged
	job := h.upload(t, tenant, "intents", csv(300, 2), settings)
	if err := h.run(t.Context(), tenant, job.ID); err != nil {
		t.Fatal(err)
	}
	job, jobErr := h.jobs.Job(t.Context(), tenant, job.ID)
	v, err := h.jobs.Registry.Version(t.Context(), tenant, "intents", 1)
	if err := errors.Join(err, jobErr); err != nil {
		t.Fatal(err)
	}
	return v, job
}

// quickWords begins settings of a search of one candidate.
const quickWords = `{"seed":7,"params":{"c":[1],"features":["word"]},"search":{"folds":2}`

func TestSteps_Feedback(t *testing.T) {
	var fresh []training.Judged
	for i := range 20 {
		fresh = append(fresh, text(fmt.Sprintf("how do I repay loan number %d", i), "loan"))
	}
	row := training.Judged{Input: json.RawMessage(`{"text":"what does a second loan cost"}`), Label: "loan"}
	nothing := []training.Judged{
		text(" How do I repay LOAN number 3", "loan"), text("", "loan"), {Input: json.RawMessage(`{"grams":3}`), Label: "loan"}, {Input: json.RawMessage(`3`), Label: "loan"},
		text("a label of one row", "lonely"), text("no label", ""),
	}
	plain, before := trained(t, quickWords+`}`, told(append(fresh, row)...))
	same, _ := trained(t, quickWords+`,"include_feedback":true}`, told(nothing[1:]...))
	if same.Artifact.Digest != plain.Artifact.Digest || same.Lineage.DatasetSHA256 != plain.Lineage.DatasetSHA256 {
		t.Errorf("feedback without a row that counts changes the artifact")
	}
	with, job := trained(t, quickWords+`,"include_feedback":true}`, told(slices.Concat(fresh, nothing, []training.Judged{row})...))
	if !slices.Contains(with.Labels, "loan") || slices.Contains(with.Labels, "lonely") || !slices.IsSorted(with.Labels) || slices.Contains(plain.Labels, "loan") {
		t.Errorf("labels = %q, want those of the file (%q) and loan", with.Labels, plain.Labels)
	}
	rows, was := job.Result.Rows, before.Result.Rows
	if rows.Read != was.Read+21 || rows.Read != rows.Trained+rows.HeldOut+rows.Rejected || rows.Rejected != was.Rejected {
		t.Errorf("rows = %+v, want 21 more than %+v", rows, was)
	}
	if with.Lineage.DatasetSHA256 == plain.Lineage.DatasetSHA256 {
		t.Errorf("the digest %s does not cover the feedback", with.Lineage.DatasetSHA256)
	}
	if _, err := blob.ParseDigest(string(with.Lineage.DatasetSHA256)); err != nil {
		t.Errorf("the digest is none: %v", err)
	}
	again, _ := trained(t, quickWords+`,"include_feedback":true}`, told(slices.Concat(fresh, []training.Judged{row})...))
	if again.Artifact.Digest != with.Artifact.Digest {
		t.Errorf("the same rows of feedback give %s and %s", again.Artifact.Digest, with.Artifact.Digest)
	}
}

// A text of the file is not added again: the file counts.
func TestSteps_FeedbackOnTheFile(t *testing.T) {
	data := "text,label\n"
	for i := range 40 {
		data += fmt.Sprintf("where is card %d,card\nno cash at machine %d,cash\n", i, i)
	}
	h := newHouse(t, 1)
	h.steps.Judgements = told(text("Where is card 7", "cash"), text("no cash at machine 3", "cash"))
	job := h.upload(t, tenant, "intents", data, `{"include_feedback":true}`)
	if err := h.run(t.Context(), tenant, job.ID); err != nil {
		t.Fatal(err)
	}
	job, err := h.jobs.Job(t.Context(), tenant, job.ID)
	if err != nil || job.Result.Rows.Read != 80 {
		t.Errorf("job = %+v, %v; want the 80 rows of the file", job.Result, err)
	}
}

func TestSteps_FeedbackThatCannotBe(t *testing.T) {
	for _, tc := range []struct {
		name, data, settings, kind string
		judged                     training.Judgements
	}{
		{"of a table", table(120, 1, false), `{"include_feedback":true}`, training.TypeInput, told(text("a", "b"))},
		{"the store is down", csv(120, 1), `{"include_feedback":true}`, training.TypeTransient, func(context.Context, registry.Tenant, registry.Name, int) ([]training.Judged, error) {
			return nil, fault.New(fault.Unavailable, "down")
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 1)
			h.steps.Judgements = tc.judged
			job := h.upload(t, tenant, "intents", tc.data, tc.settings)
			if err := h.run(t.Context(), tenant, job.ID); jobs.ErrorType(err) != tc.kind {
				t.Errorf("run = %v, want %s", err, tc.kind)
			}
		})
	}
	if _, err := training.ParseSettings(json.RawMessage(`{"task":"table-regression","include_feedback":true}`)); !fault.Is(err, fault.Invalid) {
		t.Errorf("ParseSettings of a table = %v, want invalid", err)
	}
}
