package pipeline_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
	"godwit/shared/ml/text"
)

// checkSum verifies that an explanation adds up to what the model answers.
func checkSum(t *testing.T, p pipeline.Predictor, in pipeline.Input, class int) pipeline.Explanation {
	t.Helper()
	e := p.Explain(new(pipeline.Scratch), in, class)
	sum := e.Baseline
	for _, s := range e.Spans {
		sum += s.Weight
	}
	for _, c := range e.Columns {
		if c.Weight == 0 || c.Value != in.Cells[c.Column] {
			t.Errorf("Explain(%+v, %d): column %+v", in, class, c)
		}
		sum += c.Weight
	}
	if math.Abs(sum-e.Margin) > 1e-9*max(1, math.Abs(e.Margin)) {
		t.Errorf("Explain(%+v, %d): baseline and parts make %v, margin is %v", in, class, sum, e.Margin)
	}
	if p.Labels() == nil {
		var s pipeline.Scratch
		if v := p.Value(&s, in); math.Abs(v-e.Margin) > 1e-9*max(1, math.Abs(v)) {
			t.Errorf("Explain(%+v): margin %v, the model answers %v", in, e.Margin, v)
		}
	}
	return e
}

// calibrated gives a model a calibration and sets fitted on the rows it was
// itself fitted on, which is good enough to be kept and read.
func calibrated(t *testing.T, d pipeline.TableData, m *pipeline.TableModel) pipeline.Predictor {
	t.Helper()
	if d.Y == nil {
		return m
	}
	var s pipeline.Scratch
	var margins []float32
	for i := range d.Y {
		margins = append(margins, m.Margins(&s, cells(d, i))...)
	}
	k := len(d.Labels)
	c := calibrate.Choose(margins, d.Y, k)
	return m.With(c, calibrate.NewConformal(c.ApplyAll(margins, k), d.Y, k))
}

func TestExplain_ofTablesIsAdditive(t *testing.T) {
	for _, classes := range []int{0, 2, 3} {
		d := rents(200, classes, 1, 1)
		m := fitTable(t, d, pipeline.TableSettings{})
		for i := range 100 {
			for class := range max(1, classes) {
				e := checkSum(t, m, cells(d, i), class)
				if classes == 0 {
					continue
				}
				var s pipeline.Scratch
				if got := float64(m.Margins(&s, cells(d, i))[class]); math.Abs(got-e.Margin) > 1e-5*(1+math.Abs(got)) {
					t.Errorf("row %d, class %d: margin %v, the model answers %v", i, class, e.Margin, got)
				}
			}
		}
		checkSum(t, m, pipeline.Input{}, 0)
	}
}

func TestExplain_pointsAtTheColumn(t *testing.T) {
	m := fitTable(t, rents(400, 0, 1, 1), pipeline.TableSettings{})
	in := pipeline.Input{Cells: map[string]string{"area": "120", "town": "Riga", "storey": "4"}}
	e := checkSum(t, m, in, 0)
	if len(e.Columns) == 0 || e.Columns[0].Column != "area" || e.Columns[0].Weight < 300 || len(e.Spans) != 0 {
		t.Errorf("Explain(%v) = %+v, want area first, adding at least 300", in.Cells, e)
	}
}

// A text model answers the same by its Predictor.
func TestModel_Predictor(t *testing.T) {
	m := fit(t, 120, 3, pipeline.Settings{})
	p, err := pipeline.Open(encode(t, m))
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	in := pipeline.Input{Text: "my card please", Cells: map[string]string{"text": "not read"}}
	var s, z pipeline.Scratch
	if got, want := p.Scores(&s, in), m.Scores(&z, in.Text); !slices.Equal(got, want) {
		t.Errorf("Scores = %v, want %v", got, want)
	}
	if p.Value(&s, in) != 0 || p.Columns() != nil {
		t.Errorf("Value = %v, Columns = %q; a text model has neither", p.Value(&s, in), p.Columns())
	}
	if got, want := checkSum(t, p, in, 1), m.Explain(new(pipeline.Scratch), in.Text, 1); got.Margin != want.Margin || got.Columns != nil {
		t.Errorf("Explain = %+v, want %+v", got, want)
	}
}

func TestWith(t *testing.T) {
	m := fit(t, 120, 4, pipeline.Settings{})
	docs, y := documents(200, 4, 9)
	var s pipeline.Scratch
	var margins []float32
	for _, doc := range docs {
		margins = append(margins, m.Margins(&s, doc)...)
	}
	c := calibrate.Calibration{Kind: calibrate.KindTemperature, T: .3}
	steps := calibrate.Steps{X: []float32{.2, .8}, Y: []float32{.1, .9}}
	isotonic := calibrate.Calibration{Kind: calibrate.KindIsotonic, T: .5, Steps: []calibrate.Steps{steps, steps, steps, steps}}
	sets := calibrate.NewConformal(c.ApplyAll(margins, 4), y, 4)
	for _, c := range []calibrate.Calibration{c, isotonic} {
		t.Run(string(c.Kind), func(t *testing.T) {
			p := m.Predictor().With(c, sets)
			data, err := p.Encode(nil)
			if err != nil {
				t.Fatalf("Encode = %v", err)
			}
			if p, err = pipeline.Open(data); err != nil {
				t.Fatalf("Open = %v", err)
			}
			in := pipeline.Input{Text: docs[3]}
			want := make([]float32, 4)
			c.Apply(want, m.Margins(&s, docs[3]))
			got := p.Scores(&s, in)
			if !slices.Equal(got, want) {
				t.Errorf("Scores = %v, want %v", got, want)
			}
			if set, want := p.Set(nil, got, .9), sets.Set(nil, want, .9); !slices.Equal(set, want) {
				t.Errorf("Set = %v, want %v", set, want)
			}
			if f := p.Manifest(); f.ConformalRows != 200 || f.Calibration != string(c.Kind) || f.Temperature != c.T {
				t.Errorf("Manifest() = %+v", f)
			}
		})
	}
	if got := m.Set(nil, m.Scores(&s, ""), .9); len(got) != 4 {
		t.Errorf("Set without rows = %v, want all classes", got)
	}
	if _, err := m.With(calibrate.Calibration{T: -1}, sets).Encode(nil); !errors.Is(err, pipeline.ErrInvalid) {
		t.Errorf("Encode with a temperature of -1 = %v, want ErrInvalid", err)
	}
}

func TestFit_byLogisticRegression(t *testing.T) {
	for _, classes := range []int{2, 4} {
		for _, l1 := range []float64{0, .5} {
			t.Run(fmt.Sprintf("%d classes, L1 %v", classes, l1), func(t *testing.T) {
				m := fit(t, 240, classes, pipeline.Settings{Learner: pipeline.Logistic, C: 10, L1Ratio: l1})
				if m.Algorithm() != pipeline.LogisticRegression {
					t.Errorf("Algorithm() = %q", m.Algorithm())
				}
				again, err := pipeline.Decode(encode(t, m))
				if err != nil {
					t.Fatalf("Decode = %v", err)
				}
				docs, y := documents(400, classes, 2)
				var s pipeline.Scratch
				right := 0
				for i, doc := range docs {
					if best(again.Scores(&s, doc)) == int(y[i]) {
						right++
					}
				}
				// A tenth of the documents carry a word of another class.
				if right < 355 {
					t.Errorf("%d of %d right, want at least 355", right, len(docs))
				}
			})
		}
	}
	dense, sparse := fit(t, 240, 4, pipeline.Settings{Learner: pipeline.Logistic}), fit(t, 240, 4, pipeline.Settings{Learner: pipeline.Logistic, L1Ratio: 1})
	if sparse.Weights() >= dense.Weights()/2 {
		t.Errorf("L1 leaves %d weights of %d, want less than half", sparse.Weights(), dense.Weights())
	}
}

func TestFit_refusesLearners(t *testing.T) {
	docs, y := documents(12, 3, 1)
	d := data(t, docs, y, 3)
	for _, s := range []pipeline.Settings{
		{Learner: "forest"},
		{Learner: pipeline.Ridge},
		{Learner: pipeline.Logistic, Loss: "hinge"},
		{Learner: pipeline.Logistic, L1Ratio: 1.5},
		{Learner: pipeline.Logistic, L1Ratio: math.NaN()},
		{L1Ratio: .5},
		{Balance: "full"},
		{MinDocs: -1},
		{Epsilon: math.Inf(1)},
		{C: math.Inf(1)},
	} {
		s.Recipe = text.Word()
		if _, err := pipeline.Fit(t.Context(), d, rows(12), s, 1, nil); !errors.Is(err, pipeline.ErrInvalid) {
			t.Errorf("Fit with %+v = %v, want ErrInvalid", s, err)
		}
	}
}

// Balanced, a rare class is answered more often.
func TestFit_balances(t *testing.T) {
	docs, y := documents(400, 2, 1)
	var few []int32
	for i := range docs {
		if y[i] == 0 || i%20 == 1 {
			few = append(few, int32(i))
		}
	}
	d := data(t, docs, y, 2)
	answers := func(balance string) int {
		m, err := pipeline.Fit(t.Context(), d, few, pipeline.Settings{Recipe: text.Word(), C: .05, Balance: balance}, 2, nil)
		if err != nil {
			t.Fatalf("Fit = %v", err)
		}
		var s pipeline.Scratch
		rare := 0
		for _, doc := range docs {
			rare += best(m.Scores(&s, doc))
		}
		return rare
	}
	if plain, balanced := answers(""), answers(pipeline.BalanceSqrt); balanced <= plain {
		t.Errorf("the rare class is answered %d times, balanced %d times, want more", plain, balanced)
	}
}

func TestFit_minDocs(t *testing.T) {
	all, frequent := fit(t, 240, 4, pipeline.Settings{}), fit(t, 240, 4, pipeline.Settings{MinDocs: 10})
	if frequent.Features() >= all.Features() || frequent.Settings().Recipe != text.Union() || frequent.Settings().MinDocs != 10 {
		t.Errorf("%d of %d features from 10 documents on, settings %+v", frequent.Features(), all.Features(), frequent.Settings())
	}
}

func TestTopFeatures(t *testing.T) {
	docs, y := documents(240, 4, 1)
	// Four documents have one secret, six another; both would be telling.
	for i := range 10 {
		docs[4*i] += map[bool]string{true: " margarethe", false: " password"}[i < 4]
	}
	m, err := pipeline.Fit(t.Context(), data(t, docs, y, 4), rows(240), pipeline.Settings{Recipe: text.Word()}, 2, nil)
	if err != nil {
		t.Fatalf("Fit = %v", err)
	}
	p, err := pipeline.Open(encode(t, m))
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	got := p.TopFeatures(1000)
	if len(got) != 4 || got[1].Label != "class_001" {
		t.Fatalf("TopFeatures = %d classes", len(got))
	}
	names := func(f []pipeline.FeatureWeight) string {
		var b strings.Builder
		for _, x := range f {
			b.WriteString(x.Feature + ";")
		}
		return b.String()
	}
	if all := names(got[0].For); strings.Contains(all, "margarethe") || !strings.Contains(all, "password;") {
		t.Errorf("for class 0: %s, want password, which six documents have, and not margarethe, which four have", all)
	}
	for _, c := range got {
		for _, side := range [][]pipeline.FeatureWeight{c.For, c.Against} {
			if !slices.IsSortedFunc(side, func(a, b pipeline.FeatureWeight) int {
				return int(math.Copysign(1, math.Abs(b.Weight)-math.Abs(a.Weight)))
			}) {
				t.Errorf("%s: %v is not sorted by weight", c.Label, side)
			}
		}
	}
	few := p.TopFeatures(2)
	if len(few[0].For) != 2 || len(few[0].Against) != 2 || few[0].For[0] != got[0].For[0] || few[0].Against[0].Weight >= 0 {
		t.Errorf("TopFeatures(2) = %+v", few[0])
	}
	if none := p.TopFeatures(0); len(none) != 4 || len(none[0].For)+len(none[0].Against) != 0 {
		t.Errorf("TopFeatures(0) = %+v", none)
	}
}

func TestTopFeatures_ofTwoClassesMirror(t *testing.T) {
	top := fit(t, 240, 2, pipeline.Settings{}).TopFeatures(5)
	for k, f := range top[0].For {
		if a := top[1].Against[k]; a.Feature != f.Feature || a.Weight != -f.Weight {
			t.Errorf("%+v speaks for class 0, %+v against class 1", f, a)
		}
	}
}

func TestTopFeatures_ofTables(t *testing.T) {
	top := fitTable(t, rents(400, 0, 1, 1), pipeline.TableSettings{}).TopFeatures(3)
	if len(top) != 1 || top[0].Label != "" || top[0].For[0].Feature != "area" {
		t.Errorf("TopFeatures = %+v, want area first", top)
	}
	// Made a feature all the same, a level of four rows is not told.
	town := func(i int) string {
		switch {
		case i < 4:
			return "Xanadu"
		case i < 10:
			return "Tuonela"
		}
		return "Riga"
	}
	d := rents(400, 0, 1, 1)
	var towns []string
	for i := range d.Values {
		towns = append(towns, town(i))
	}
	d.Table.Columns[1] = dataset.NewColumn("town", towns...)
	m := fitTable(t, d, pipeline.TableSettings{Options: tabular.Options{MinLevel: 1}})
	var told []string
	for _, f := range slices.Concat(m.TopFeatures(1000)[0].For, m.TopFeatures(1000)[0].Against) {
		told = append(told, f.Feature)
	}
	if slices.Contains(told, "town=Xanadu") || !slices.Contains(told, "town=Tuonela") {
		t.Errorf("told are %q, want Tuonela, of six rows, and not Xanadu, of four", told)
	}
}

// What a service holds is the interface; it allocates nothing either.
func TestPredictor_allocatesNothingWarm(t *testing.T) {
	p := fit(t, 120, 4, pipeline.Settings{}).Predictor()
	docs, _ := documents(50, 4, 3)
	var s pipeline.Scratch
	run := func() {
		for _, doc := range docs {
			p.Scores(&s, pipeline.Input{Text: doc})
		}
	}
	run()
	if got := testing.AllocsPerRun(20, run); got != 0 {
		t.Errorf("Scores allocates %v times when warm, want 0", got)
	}
}
