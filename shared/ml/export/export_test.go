package export_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/export"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
	"godwit/shared/ml/text"
)

// awkward returns the documents of the text package's golden file.
func awkward(t testing.TB) (docs []string) {
	t.Helper()
	data, err := os.ReadFile("../text/testdata/awkward.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if doc, err := strconv.Unquote(strings.TrimSpace(line)); err == nil && strings.HasPrefix(line, `"`) {
			docs = append(docs, doc)
		}
	}
	if len(docs) < 20 {
		t.Fatalf("%d awkward documents", len(docs))
	}
	return docs
}

// all returns the numbers 0 to n-1.
func all(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

// textModel is fitted on the awkward documents, each twice so that its rare
// terms are features.
func textModel(t testing.TB, classes int, s pipeline.Settings, c calibrate.Calibration) pipeline.Predictor {
	t.Helper()
	docs := awkward(t)
	for len(docs) < classes { // a class needs a document
		docs = append(docs, fmt.Sprintf("word%d 第%d", len(docs), len(docs)))
	}
	docs = append(docs, docs...)
	d := pipeline.Data{}
	for i := range docs {
		d.Y = append(d.Y, int32(i%(len(docs)/2)%classes))
	}
	for c := range classes {
		d.Labels = append(d.Labels, fmt.Sprintf("class %d", c))
	}
	var err error
	if d.Corpus, err = text.Count(t.Context(), docs, []text.Recipe{s.Recipe}, 1, nil); err != nil {
		t.Fatal(err)
	}
	m, err := pipeline.Fit(t.Context(), d, all(len(docs)), s, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m.With(c, calibrate.Conformal{}).Predictor()
}

// stepsOf are isotonic steps for so many classes: some steep, one of one knot.
func stepsOf(classes int) calibrate.Calibration {
	c := calibrate.Calibration{Kind: calibrate.KindIsotonic, T: .7}
	for k := range classes {
		s := calibrate.Steps{X: []float32{.05, .2, .21, .9}, Y: []float32{0, .3, .6, .95}}
		if k == 1 {
			s = calibrate.Steps{X: []float32{.5}, Y: []float32{.4}}
		}
		c.Steps = append(c.Steps, s)
	}
	return c
}

// flats is a table with every kind of column that is exported, numbers and
// names left out and rare names among them.
func flats(n int) (tabular.Table, []pipeline.Input) {
	towns := []string{"Riga", "Turku", "São Paulo", "Riga", "Turku"}
	about := []string{"a bright flat by the river", "quiet rooms near the old market 🙂", "with a garden and the sound of trains"}
	names := []string{"area", "label", "town", "about"} // one is called as an output is
	cells := make([][]string, len(names))
	rows := make([]pipeline.Input, n)
	for i := range n {
		row := []string{strconv.FormatFloat(20+float64(i*37%101)*1.25-60*float64(i%2), 'f', 2, 64), strconv.Itoa(1000 + i*i%977), towns[i%5], fmt.Sprintf("%s %d", about[i*7%3], i*i%1000)}
		if i%9 == 0 {
			row[0] = ""
		}
		if i%11 == 3 {
			row[2] = "n/a"
		}
		if i%13 == 5 {
			row[2] = fmt.Sprintf("rare %d", i)
		}
		rows[i].Cells = make(map[string]string)
		for k, name := range names {
			cells[k] = append(cells[k], row[k])
			rows[i].Cells[name] = row[k]
		}
	}
	var table tabular.Table
	for k, name := range names {
		table.Columns = append(table.Columns, dataset.NewColumn(name, cells[k]...))
	}
	return table, rows
}

// tableModel is fitted on flats; without classes it is a regression.
func tableModel(t testing.TB, classes int, shape tabular.Shape, table tabular.Table, n int) pipeline.Predictor {
	t.Helper()
	d := pipeline.TableData{Table: table, Task: dataset.Regression}
	for i := range n {
		if classes == 0 {
			d.Values = append(d.Values, float64(i*i%977)*100)
		} else {
			d.Y = append(d.Y, int32(i%5%classes))
		}
	}
	if classes > 0 {
		d.Task = dataset.Classification
		for c := range classes {
			d.Labels = append(d.Labels, fmt.Sprintf("class %d", c))
		}
	}
	m, err := pipeline.FitTable(t.Context(), d, all(n), pipeline.TableSettings{Options: tabular.Options{Shape: shape}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// program exports a model and compiles the graph.
func program(t testing.TB, m pipeline.Predictor) (*runner.Program, export.Info) {
	t.Helper()
	data, info, err := export.Export(m, export.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	graph, err := onnx.Decode(data, onnx.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := runner.Compile(t.Context(), graph, runner.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return p, info
}

// agree holds the graph of a model against the model on rows.
func agree(t *testing.T, m pipeline.Predictor, rows []pipeline.Input) {
	t.Helper()
	p, info := program(t, m)
	r, err := export.NewReader(m)
	if err != nil {
		t.Fatal(err)
	}
	inputs := r.Tensors(rows)
	if len(inputs) != len(info.Inputs) {
		t.Fatalf("the reader makes %d inputs, the graph takes %d", len(inputs), len(info.Inputs))
	}
	out, err := p.Run(t.Context(), inputs)
	if err != nil {
		t.Fatal(err)
	}
	var s pipeline.Scratch
	largest := 0.0
	for _, row := range rows {
		largest = max(largest, m.Value(&s, row), -m.Value(&s, row))
	}
	for i, row := range rows {
		if m.Labels() == nil {
			// What is small may be the difference of what is large.
			if got, want := float64(out[0].Floats[i]), m.Value(&s, row); !near(got/largest, want/largest, 1e-6) {
				t.Errorf("row %d: value %v, want %v", i, got, want)
			}
			continue
		}
		want := m.Scores(&s, row)
		got := out[1].Floats[i*len(want) : (i+1)*len(want)]
		for k := range want {
			if !near(float64(got[k]), float64(want[k]), 1e-5) {
				t.Errorf("row %d %q: scores %v, want %v", i, row, got, want)
				break
			}
		}
		if label := m.Labels()[slices.Index(want, slices.Max(want))]; out[0].Strings[i] != label {
			t.Errorf("row %d %q: label %q of scores %v, want %q of %v", i, row, out[0].Strings[i], got, label, want)
		}
	}
}

// near reports numbers that agree, relative to those above 1.
func near(a, b, tolerance float64) bool {
	return max(a-b, b-a) <= tolerance*max(1, b, -b)
}

func TestExport_text(t *testing.T) {
	var docs []pipeline.Input
	for _, doc := range awkward(t) {
		docs = append(docs, pipeline.Input{Text: doc})
	}
	docs = append(docs, pipeline.Input{}, pipeline.Input{Text: "words nobody saw"})
	tests := []struct {
		name        string
		classes     int
		settings    pipeline.Settings
		calibration calibrate.Calibration
	}{
		{"two classes, words", 2, pipeline.Settings{Recipe: text.Word()}, calibrate.Calibration{T: .5}},
		{"three classes, inner n-grams", 3, pipeline.Settings{Recipe: text.Union()}, calibrate.Calibration{T: 2}},
		{"logistic regression", 3, pipeline.Settings{Recipe: text.Word(), Learner: pipeline.Logistic}, calibrate.Calibration{}},
		{"isotonic steps", 3, pipeline.Settings{Recipe: text.Union()}, stepsOf(3)},
		{"more classes than a byte numbers", 300, pipeline.Settings{Recipe: text.Word(), Epsilon: 1}, calibrate.Calibration{T: 1}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			agree(t, textModel(t, tc.classes, tc.settings, tc.calibration), docs)
		})
	}
}

func TestExport_table(t *testing.T) {
	const n = 120
	table, rows := flats(n)
	strange := map[string]string{"area": "not a number", "town": "sao paulo", "about": "", "label": "-1e30"}
	rows = append(rows, pipeline.Input{}, pipeline.Input{Cells: strange}, pipeline.Input{Cells: map[string]string{"town": "RIGA", "area": "1e9"}})
	for _, shape := range []tabular.Shape{tabular.Plain, tabular.Curved, tabular.Binned} {
		for _, classes := range []int{0, 2, 3} {
			t.Run(fmt.Sprintf("%s, %d classes", shape, classes), func(t *testing.T) {
				agree(t, tableModel(t, classes, shape, table, n), rows)
			})
		}
	}
}

func TestExport_isDeterministic(t *testing.T) {
	m := textModel(t, 3, pipeline.Settings{Recipe: text.Union()}, stepsOf(3))
	first, _, err := export.Export(m, export.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		again, _, err := export.Export(m, export.Limits{})
		if err != nil || !slices.Equal(again, first) {
			t.Fatalf("another export has other bytes (%v)", err)
		}
	}
}

func TestExport_info(t *testing.T) {
	table, _ := flats(120)
	_, info := program(t, tableModel(t, 3, tabular.Plain, table, 120))
	var names []string
	for _, in := range info.Inputs {
		names = append(names, in.Name+" "+in.Type)
	}
	if want := []string{"area FLOAT", "column_label FLOAT", "town STRING", "about STRING"}; !slices.Equal(names, want) {
		t.Errorf("inputs %q, want %q", names, want)
	}
	if info.Domain != export.DomainTable || info.Normaliser != "normal.js" || len(info.Opsets) != 3 || len(info.Labels) != 3 {
		t.Errorf("info %+v", info)
	}
	p, info := program(t, textModel(t, 2, pipeline.Settings{Recipe: text.Word()}, calibrate.Calibration{T: 1}))
	if info.Domain != export.DomainText || info.Inputs[0].Name != "text" || info.Unicode == "" {
		t.Errorf("info %+v", info)
	}
	if d := p.Signature().Outputs[1].Dims; len(d) != 2 || !d[0].Open || d[1].Size != 2 {
		t.Errorf("scores of axes %+v, want rows and 2", d)
	}
}

// What cannot be exported is refused by the name of the part at fault.
func TestExport_refuses(t *testing.T) {
	dates, proses := tabular.Table{}, tabular.Table{}
	var day, one, two, number []string
	for i := range 60 {
		day = append(day, fmt.Sprintf("2024-%02d-%02d", i%12+1, i%28+1))
		one = append(one, fmt.Sprintf("a sentence of some more words %d", i))
		two = append(two, fmt.Sprintf("and again there are many of them %d", i*i))
		number = append(number, strconv.Itoa(i*i%37))
	}
	dates.Columns = []dataset.Column{dataset.NewColumn("day", day...), dataset.NewColumn("number", number...)}
	proses.Columns = []dataset.Column{dataset.NewColumn("one", one...), dataset.NewColumn("two", two...)}
	words := pipeline.Settings{Recipe: text.Word()}
	hashed := words
	hashed.HashBits = text.MinHashBits
	tests := []struct {
		name   string
		model  pipeline.Predictor
		limits export.Limits
		what   string
	}{
		{"hashed features", textModel(t, 2, hashed, calibrate.Calibration{T: 1}), export.Limits{}, "hashed features"},
		{"a graph beyond the limit", textModel(t, 2, words, calibrate.Calibration{T: 1}), export.Limits{Bytes: 1000}, "size"},
		{"a graph a little beyond the limit", textModel(t, 2, words, calibrate.Calibration{T: 1}), export.Limits{Bytes: 20_000}, "size"},
		{"a date", tableModel(t, 2, tabular.Plain, dates, 60), export.Limits{}, "column day"},
		{"two columns of text", tableModel(t, 2, tabular.Plain, proses, 60), export.Limits{}, "column two"},
		{"a model of another kind", other{textModel(t, 2, words, calibrate.Calibration{T: 1})}, export.Limits{}, "format godwit-net"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := export.Export(tc.model, tc.limits)
			if e, ok := errors.AsType[*export.Error](err); !ok || e.What != tc.what {
				t.Errorf("Export = %v, want an error about %s", err, tc.what)
			}
		})
	}
}

// other is a model of a kind that has no export.
type other struct{ pipeline.Predictor }

func (other) Manifest() pipeline.Manifest { return pipeline.Manifest{Format: "godwit-net"} }

// The time and memory of an answer by our runner, beside the model's own.
func BenchmarkRunner_text(b *testing.B) {
	m := textModel(b, 3, pipeline.Settings{Recipe: text.Union()}, calibrate.Calibration{T: 1})
	p, _ := program(b, m)
	r, err := export.NewReader(m)
	if err != nil {
		b.Fatal(err)
	}
	row := []pipeline.Input{{Text: "where is the card I ordered two weeks ago?"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Run(context.Background(), r.Tensors(row)); err != nil {
			b.Fatal(err)
		}
	}
}
