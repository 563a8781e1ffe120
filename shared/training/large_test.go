package training_test

import (
	"strings"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/pipeline"
	"godwit/shared/training"
)

// enormous is a model over the caps of what may be served.
type enormous struct{ pipeline.Predictor }

func (enormous) Encode(map[string]string) ([]byte, error) {
	return nil, &artifact.Error{Kind: artifact.KindTooLarge, Msg: "model of 65 MB"}
}

// A model that could never be served ends its job with what to do about it, and
// is not tried again.
func TestSteps_ModelTooLarge(t *testing.T) {
	h := newHouse(t, 1)
	job := h.upload(t, tenant, "intents", csv(60, 17), "")
	_, err := training.KeepModel(h.steps, t.Context(), job, enormous{}, nil)
	if training.ErrorType(err) != training.TypeInput {
		t.Fatalf("a model over the caps = %v, want an input error", err)
	}
	job, err = h.jobs.Job(t.Context(), tenant, job.ID)
	if err != nil || job.Status != training.Failed || !strings.Contains(job.Error.Message, "params.min_docs") {
		t.Errorf("job = %+v, %v, want failed with a way out", job, err)
	}
}
