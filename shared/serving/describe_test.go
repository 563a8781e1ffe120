package serving_test

import (
	"reflect"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

func TestServer_Describe(t *testing.T) {
	s := newStage(t, nil)
	v := s.publish(t, tenant, "intents", train(t, "one"))
	for _, ref := range []registry.Reference{{Model: "intents"}, {Model: "intents", Alias: registry.Champion}, {Model: "intents", Version: 1}} {
		d, err := s.Describe(t.Context(), tenant, ref)
		if err != nil || d.Version.Number != v.Number || d.Algorithm != "linear-svm" || d.Columns != nil || !reflect.DeepEqual(d.Labels, []string{"card", "cash", "rate"}) {
			t.Errorf("Describe(%v) = %+v, %v; want version 1, a linear SVM of texts with three labels", ref, d, err)
		}
	}
	for name, ref := range map[string]registry.Reference{"model": {Model: "none"}, "alias": {Model: "intents", Alias: "blue"}, "version": {Model: "intents", Version: 9}} {
		if _, err := s.Describe(t.Context(), tenant, ref); !fault.Is(err, fault.NotFound) {
			t.Errorf("Describe of an absent %s = %v, want not found", name, err)
		}
	}
	if _, err := s.Describe(t.Context(), "other", registry.Reference{Model: "intents"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("Describe for another tenant = %v, want not found", err)
	}
	// What is described can serve: an artifact that is not there cannot.
	if err := s.models.Delete(t.Context(), s.publish(t, tenant, "broken", train(t, "two")).Artifact.Key); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Describe(t.Context(), tenant, registry.Reference{Model: "broken"}); !fault.Is(err, fault.Internal) {
		t.Errorf("Describe without an artifact = %v, want internal", err)
	}
}

// The probabilities are the scores in the order of the labels, for each input.
func TestServer_Predict_probabilities(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "intents", train(t, "one"))
	req := ask("where is my card", "", "the machine kept my cash")
	req.Probabilities, req.TopK = true, 3
	got, err := s.Predict(t.Context(), tenant, registry.Reference{Model: "intents"}, req)
	if err != nil {
		t.Fatal(err)
	}
	labels := []string{"card", "cash", "rate"}
	for i, r := range got.Results {
		if i == 1 {
			if r.Err == nil || r.Probabilities != nil {
				t.Errorf("result 1 = %+v, want an error and no probabilities", r)
			}
			continue
		}
		byLabel := map[string]float64{}
		for _, s := range r.Scores {
			byLabel[s.Label] = s.Score
		}
		if len(r.Probabilities) != len(labels) {
			t.Fatalf("result %d has %d probabilities, want 3", i, len(r.Probabilities))
		}
		for c, p := range r.Probabilities {
			if float64(p) != byLabel[labels[c]] {
				t.Errorf("result %d: probability of %s = %v, want %v", i, labels[c], p, byLabel[labels[c]])
			}
		}
	}
	req.Probabilities = false
	if got, err = s.Predict(t.Context(), tenant, registry.Reference{Model: "intents"}, req); err != nil || got.Results[0].Probabilities != nil {
		t.Errorf("probabilities that nobody asked for = %v, %v", got.Results[0].Probabilities, err)
	}
}
