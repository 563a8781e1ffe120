package serving_test

import (
	"context"
	"math"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/foreign/foreigntest"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// imported is the artifact of a graph.
func imported(t testing.TB, graph []byte) []byte {
	t.Helper()
	m, err := foreign.New(t.Context(), graph)
	if err != nil {
		t.Fatal(err)
	}
	return encoded(t, m)
}

// An imported graph is served as every model is, and a row it cannot take is an
// error in its place.
func TestServer_Predict_importedGraph(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "petals", imported(t, foreigntest.Forest(t)))
	type row = map[string]string
	out, err := s.Predict(t.Context(), tenant, registry.Reference{Model: "petals"}, serving.Request{
		TopK: 2, Explain: true, Coverage: .9, Probabilities: true,
		Inputs: []serving.Input{
			{Columns: row{"f2": "5", "f3": "2"}},
			{Columns: row{"float_input": "[6,3,4,1]"}},
			{Columns: row{"f2": "long"}},
			{Columns: row{"petal": "1"}},
			{Text: "a text"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	first := out.Results[0]
	if first.Label != "virginica" || first.Class != 2 || math.Abs(first.Score-.975) > 1e-6 || len(first.Scores) != 2 || len(first.Probabilities) != 3 || len(first.Set) != 3 {
		t.Errorf("first = %+v, want virginica with .975, two scores, and all labels as the set", first)
	}
	if e := first.Explanation; e == nil || e.Method != pipeline.MethodOcclusion || len(e.Columns) != 2 || e.Columns[0].Column != "f2" {
		t.Errorf("explanation = %+v, want f2 and f3 by occlusion", e)
	}
	if second := out.Results[1]; second.Label != "versicolor" {
		t.Errorf("a list for the whole input = %+v, want versicolor", second)
	}
	for i, reason := range []string{"graph_input", "unknown_column", "wrong_columns"} {
		if got := out.Results[i+2].Err; got == nil || got.Reason != reason {
			t.Errorf("result %d = %+v, want the reason %s", i+2, out.Results[i+2], reason)
		}
	}
}

func TestServer_Predict_importedRegression(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "rent", imported(t, foreigntest.Rent(t)))
	req := serving.Request{Explain: true, Inputs: []serving.Input{{Columns: map[string]string{"area": "50", "rooms": "2", "place": "sea"}}}}
	out, err := s.Predict(t.Context(), tenant, registry.Reference{Model: "rent"}, req)
	if err != nil {
		t.Fatal(err)
	}
	if r := out.Results[0]; !out.Regression || r.Value != 208 || r.Interval != nil || len(r.Explanation.Columns) != 3 {
		t.Errorf("result = %+v, want 208 explained by three columns", r)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Predict(ended, tenant, registry.Reference{Model: "rent"}, req); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Predict after the end of the request = %v, want fault.Unavailable", err)
	}
}
