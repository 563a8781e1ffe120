package serving_test

import (
	"testing"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// A loaded model answers any number of inputs as Predict does, and reads its
// artifact once.
func TestServer_Load(t *testing.T) {
	s := newStage(t, nil)
	v := s.publish(t, tenant, "intents", train(t, "bank"))
	for range 2 {
		model, err := s.Load(t.Context(), tenant, v)
		if err != nil {
			t.Fatal(err)
		}
		if model.Regression() || model.Columns() != nil {
			t.Errorf("columns %q, regression %v, want a model of texts", model.Columns(), model.Regression())
		}
		req := ask("where is my card bank", "", "what is the exchange rate bank")
		for len(req.Inputs) < 600 {
			req.Inputs = append(req.Inputs, req.Inputs...)
		}
		got, err := model.Score(t.Context(), req)
		if err != nil || len(got) != len(req.Inputs) {
			t.Fatalf("Score = %d results, %v, want %d", len(got), err, len(req.Inputs))
		}
		want, err := s.Predict(t.Context(), tenant, registry.Reference{Model: "intents"}, ask("where is my card bank", ""))
		if err != nil || got[0].Label != want.Results[0].Label || got[0].Score != want.Results[0].Score || got[1].Err.Reason != want.Results[1].Err.Reason {
			t.Errorf("Score = %+v, Predict = %+v, %v, want the same", got[:2], want.Results, err)
		}
		model.Release()
	}
	if n := s.models.read.Load(); n != 1 {
		t.Errorf("the artifact was read %d times, want once", n)
	}
	v.Artifact.Size++ // an artifact that is not what its version says
	v.Artifact.Digest = "sha256:" + v.Artifact.Digest[len("sha256:x"):] + "0"
	if _, err := s.Load(t.Context(), tenant, v); !fault.Is(err, fault.Internal) {
		t.Errorf("Load of a wrong artifact = %v, want %s", err, fault.Internal)
	}
}
