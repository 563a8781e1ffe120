package api_test

import (
	"fmt"
	"strings"
	"testing"

	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

// manyLabels is a model of 400 long labels.
func manyLabels(t testing.TB) []byte {
	t.Helper()
	var d pipeline.Data
	var docs []string
	var rows []int32
	for class := range 400 {
		d.Labels = append(d.Labels, fmt.Sprintf("%03d %s", class, strings.Repeat("label ", 16)))
		for copy := range 2 {
			rows = append(rows, int32(len(rows)))
			docs, d.Y = append(docs, fmt.Sprintf("word%d other%d", class, copy)), append(d.Y, int32(class))
		}
	}
	var err error
	if d.Corpus, err = text.Count(t.Context(), docs, []text.Recipe{text.Word()}, 1, nil); err != nil {
		t.Fatal(err)
	}
	model, err := pipeline.Fit(t.Context(), d, rows, pipeline.Settings{Recipe: text.Word()}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := model.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// An answer that the gateway could not carry is refused, and says what to ask
// for instead.
func TestAnswers_tooLarge(t *testing.T) {
	s := newStage(t)
	s.publishModel(t, "acme", "many", manyLabels(t))
	ask := func(inputs, topK int) call {
		return call{method: "POST", path: "/v1/models/many/predict", body: m{"inputs": strings.Fields(strings.Repeat("word7 ", inputs)), "parameters": m{"top_k": topK}}}
	}
	if p := s.problem(t, 413, "answer_too_large", ask(128, 400)); !strings.Contains(p["detail"].(string), "top_k") {
		t.Errorf("detail = %v, want it to name what can be asked for less of", p["detail"])
	}
	s.want(t, 200, ask(1, 400))
	s.want(t, 200, ask(128, 3))
}
