package training_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/pipeline"
	"godwit/shared/training"
)

// soups are texts that say nothing of their label, one in three of them "rare".
// With weigh each of these counts as ten of the others.
func soups(weigh bool) string {
	var b strings.Builder
	b.WriteString("label,text,weight\n")
	for i := range 120 {
		label, weight := "usual", 1
		if i%3 == 0 {
			label = "rare"
		}
		if weigh && label == "rare" {
			weight = 10
		}
		fmt.Fprintf(&b, "%s,the soup of day %d was cooked by cook %d,%d\n", label, i, i*i%11, weight)
	}
	return b.String()
}

// Networks learn by the weights of rows and of classes, as linear models do.
func TestSteps_NetworksWeighRows(t *testing.T) {
	const settings = `{"algorithm":"rnn","params":{"epochs":2,"hidden":4,"embedding":4%s},"search":{"folds":2}}`
	answer := func(data, more string) (label string, digest string, report training.Report) {
		h := newHouse(t, 2)
		v := h.trained(t, data, fmt.Sprintf(settings, more))
		var s pipeline.Scratch
		m := h.model(t, v.Artifact)
		scores := m.Scores(&s, pipeline.Input{Text: "the soup of today was cooked by a cook"})
		return m.Labels()[slices.Index(scores, slices.Max(scores))], string(v.Artifact.Digest), stored[training.Report](t, h, v.ReportKey)
	}
	plain, first, _ := answer(soups(false), "")
	weighed, second, _ := answer(soups(true), "")
	if plain != "usual" || weighed != "rare" || first == second {
		t.Errorf("a text that says nothing is %s, with rare rows that count ten times %s; want usual and rare", plain, weighed)
	}
	_, balanced, report := answer(soups(false), `,"class_weight":"sqrt"`)
	if balanced == first || report.Chosen.Balance != pipeline.BalanceSqrt {
		t.Errorf("class_weight sqrt: chosen %+v, the same digest as without: %t; want it chosen, and another digest", report.Chosen, balanced == first)
	}
}
