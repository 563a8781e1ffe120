package foreign_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/export"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
	"godwit/shared/ml/text"
)

// exported is the graph of a model, as a model again.
func exported(t *testing.T, m pipeline.Predictor) *foreign.Model {
	t.Helper()
	graph, _, err := export.Export(m, export.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return made(t, graph)
}

// same holds the answers of a model against those of its export.
func same(t *testing.T, m pipeline.Predictor, graph *foreign.Model, in pipeline.Input) {
	t.Helper()
	var s pipeline.Scratch
	a, err := graph.Ask(t.Context(), in)
	if err != nil {
		t.Fatalf("%v: %v", in, err)
	}
	for k, want := range m.Scores(&s, in) {
		if math.Abs(float64(a.Scores[k]-want)) > 1e-4 {
			t.Errorf("%v: scores %v, want within 1e-4 of %v", in, a.Scores, m.Scores(&s, in))
			break
		}
	}
	if want := m.Value(&s, in); math.Abs(a.Value-want) > 1e-4*max(1, math.Abs(want)) {
		t.Errorf("%v: value %v, want %v", in, a.Value, want)
	}
}

// docs are two classes of texts that normalisation changes.
var docs = []string{"Where is my CARD?", "the card is lost", "a new ｃａｒｄ please", "我的卡在哪里", "cash from the machine", "the MACHINE kept my cash", "no cash today", "现金在哪里"}

func textModel(t *testing.T) pipeline.Predictor {
	t.Helper()
	recipe := text.Union()
	corpus, err := text.Count(t.Context(), docs, []text.Recipe{recipe}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := pipeline.Data{Corpus: corpus, Y: []int32{0, 0, 0, 0, 1, 1, 1, 1}, Labels: []string{"card", "cash"}}
	m, err := pipeline.Fit(t.Context(), d, []int32{0, 1, 2, 3, 4, 5, 6, 7}, pipeline.Settings{Recipe: recipe}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m.Predictor()
}

func TestModel_ofTextExport(t *testing.T) {
	m := textModel(t)
	graph := exported(t, m)
	if graph.Task() != pipeline.TextClassification || graph.Columns() != nil || !slices.Equal(graph.Labels(), m.Labels()) {
		t.Fatalf("the export is a %s of %q with labels %q", graph.Task(), graph.Columns(), graph.Labels())
	}
	for _, doc := range append(docs, "", "something else", "CARD 卡") {
		same(t, m, graph, pipeline.Input{Text: doc})
	}
	e := graph.Explain(nil, pipeline.Input{Text: "lost 现金 card"}, 0)
	if len(e.Spans) == 0 || e.Method != pipeline.MethodOcclusion {
		t.Fatalf("Explain = %+v, want spans by occlusion", e)
	}
	last := e.Spans[len(e.Spans)-1]
	if last.Text != "card" || last.Start != 8 || last.End != 12 || !(last.Weight > 0) {
		t.Errorf("the last span = %+v, want card at 8 to 12, speaking for it", last)
	}
}

func TestModel_ofTableExport(t *testing.T) {
	cells := make([][]string, 3)
	var rows []pipeline.Input
	var y []int32
	var values []float64
	for i := range 120 {
		r := []string{fmt.Sprint(float64(i%17) / 2), []string{"Riga", "Turku", "n/a"}[i%3], fmt.Sprintf("a flat with a garden %d", i%5)}
		if i%11 == 0 {
			r[0] = ""
		}
		for k, c := range r {
			cells[k] = append(cells[k], c)
		}
		rows = append(rows, row("area", r[0], "town", r[1], "about", r[2]))
		y, values = append(y, int32(i%17/9)), append(values, float64(i%17)*3)
	}
	table := tabular.Table{Columns: []dataset.Column{dataset.NewColumn("area", cells[0]...), dataset.NewColumn("town", cells[1]...), dataset.NewColumn("about", cells[2]...)}}
	all := make([]int32, len(rows))
	for i := range all {
		all[i] = int32(i)
	}
	for _, d := range []pipeline.TableData{
		{Table: table, Task: dataset.Classification, Y: y, Labels: []string{"small", "large"}},
		{Table: table, Task: dataset.Regression, Values: values},
	} {
		m, err := pipeline.FitTable(t.Context(), d, all, pipeline.TableSettings{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		graph := exported(t, m)
		names := slices.Sorted(slices.Values(graph.Columns()))
		if graph.Task() != m.Task() || !slices.Equal(names, []string{"about", "area", "town"}) {
			t.Fatalf("the export is a %s of %q, want %s of the table's columns", graph.Task(), names, m.Task())
		}
		for _, in := range append(rows[:40], row("area", "many", "town", "RIGA"), row()) {
			same(t, m, graph, in)
		}
	}
}
