package serving_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// fruit are rows of a table: what a fruit is follows from its weight and colour,
// and what it costs from its weight alone.
func fruit(target string) string {
	var b strings.Builder
	b.WriteString("grams,colour," + target + "\n")
	for i := range 60 {
		grams := 120 + i*i%47 // no sequence: that would be the name of a row
		if target == "price" {
			fmt.Fprintf(&b, "%d,green,%d.5\n", grams, 2*grams)
		} else if i%2 == 0 {
			fmt.Fprintf(&b, "%d,green,apple\n", grams)
		} else {
			fmt.Fprintf(&b, "%d,purple,plum\n", grams-100)
		}
	}
	return b.String()
}

// trainTable returns a small model of a table, calibrated for prediction sets
// on rows probabilities of the right label, of which every tenth is low; of
// numbers for intervals on so many predictions, off by 1 to that number.
func trainTable(t testing.TB, file string, rows int) pipeline.Predictor {
	t.Helper()
	ctx := context.Background()
	set, err := dataset.ReadTable(ctx, strings.NewReader(file), dataset.TableOptions{})
	if err != nil {
		t.Fatalf("ReadTable: %v", err)
	}
	d := pipeline.TableData{Table: tabular.TableOf(set), Task: set.Task, Labels: set.Labels, Values: set.Values}
	all := make([]int32, len(set.Rows))
	for i, row := range set.Rows {
		all[i] = int32(i)
		for class, label := range set.Labels {
			if row.Label == label {
				d.Y = append(d.Y, int32(class))
			}
		}
	}
	m, err := pipeline.FitTable(ctx, d, all, pipeline.TableSettings{}, 1)
	if err != nil {
		t.Fatalf("FitTable: %v", err)
	}
	if set.Labels == nil {
		off := make([]float64, rows)
		for i := range off {
			off[i] = float64(i + 1)
		}
		return m.WithSpread(calibrate.NewSpread(make([]float32, rows), off))
	}
	prob, y := make([]float32, 2*rows), make([]int32, rows)
	for i := range rows {
		prob[2*i], prob[2*i+1] = .9, .1
		if i%10 == 0 {
			prob[2*i], prob[2*i+1] = .001, .999
		}
	}
	return m.With(calibrate.Calibration{}, calibrate.NewConformal(prob, y, 2))
}

func encoded(t testing.TB, m pipeline.Predictor) []byte {
	t.Helper()
	data, err := m.Encode(nil)
	if err != nil {
		t.Fatalf("Encode: %v", err)
	}
	return data
}

// Every shape of an input meets every kind of model.
func TestServer_Predict_inputs(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "text", train(t, "one"))
	s.publish(t, tenant, "table", encoded(t, trainTable(t, fruit("kind"), 0)))
	type row = map[string]string
	long := strings.Repeat("x", serving.MaxText+1)
	for _, tc := range []struct {
		name  string
		model registry.Name
		in    serving.Input
		want  string // label, or reason of the error
		says  string // part of the error's message
	}{
		{"a text", "text", serving.Input{Text: "my card"}, "card", ""},
		{"a text by name", "text", serving.Input{Columns: row{"text": "my card"}}, "card", ""},
		{"an empty text by name", "text", serving.Input{Columns: row{"text": " "}}, "text_empty", ""},
		{"another name", "text", serving.Input{Columns: row{"body": "my card"}}, "wrong_columns", `"text"`},
		{"a column too many", "text", serving.Input{Columns: row{"text": "my card", "body": ""}}, "wrong_columns", ""},
		{"no column", "text", serving.Input{Columns: row{}}, "wrong_columns", ""},
		{"a row", "table", serving.Input{Columns: row{"grams": "130", "colour": "green"}}, "apple", ""},
		{"another row", "table", serving.Input{Columns: row{"grams": "35", "colour": "purple"}}, "plum", ""},
		{"a column missing", "table", serving.Input{Columns: row{"colour": "purple"}}, "plum", ""},
		{"a level never seen", "table", serving.Input{Columns: row{"grams": "150", "colour": "striped"}}, "apple", ""},
		{"no number where one belongs", "table", serving.Input{Columns: row{"grams": "thirty", "colour": "green"}}, "wrong_type", `column "grams" takes a number, such as 12.5; "thirty" is none`},
		{"a missing number", "table", serving.Input{Columns: row{"grams": "NA", "colour": "purple"}}, "plum", ""},
		{"a number with its thousands", "table", serving.Input{Columns: row{"grams": "+130.0", "colour": "green"}}, "apple", ""},
		{"an unknown column", "table", serving.Input{Columns: row{"grams": "130", "weight": "1", "size": "2"}}, "unknown_column", `no column "size"; it reads "grams", "colour"`},
		{"its own label", "table", serving.Input{Columns: row{"grams": "130", "kind": "apple"}}, "unknown_column", `"kind"`},
		{"a column in another case", "table", serving.Input{Columns: row{"Grams": "130"}}, "unknown_column", `"Grams"`},
		{"all empty", "table", serving.Input{Columns: row{"grams": "", "colour": " "}}, "row_empty", `"grams"`},
		{"no columns", "table", serving.Input{Columns: row{}}, "row_empty", ""},
		{"a text for a table", "table", serving.Input{Text: "130,green"}, "wrong_columns", `"grams"`},
		{"a long cell", "table", serving.Input{Columns: row{"colour": long}}, "text_too_long", `"colour"`},
		{"a long unknown name", "table", serving.Input{Columns: row{long: ""}}, "unknown_column", `xxx..."`},
		{"bad already", "table", serving.Input{Bad: fault.New(fault.Invalid, "bad").WithReason("wrong_type")}, "wrong_type", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := s.Predict(t.Context(), tenant, registry.Reference{Model: tc.model}, serving.Request{Inputs: []serving.Input{tc.in}})
			if err != nil {
				t.Fatalf("Predict = %v", err)
			}
			r := got.Results[0]
			if r.Err == nil {
				if r.Label != tc.want {
					t.Errorf("label = %q, want %q", r.Label, tc.want)
				}
				return
			}
			if r.Err.Reason != tc.want || !strings.Contains(r.Err.Msg, tc.says) || len(r.Err.Msg) > 400 || r.Label != "" {
				t.Errorf("error = %q %q, want %s saying %s", r.Err.Reason, r.Err.Msg, tc.want, tc.says)
			}
		})
	}
}

// A set holds more labels the more coverage is asked for, and all of them when
// there are fewer than 1/(1-coverage) rows to stand on.
func TestServer_Predict_sets(t *testing.T) {
	for _, tc := range []struct {
		name     string
		rows     int
		coverage float64
		want     []string
	}{
		{"none asked for", 100, 0, nil},
		{"little", 100, .5, []string{"apple"}},
		{"more than the rows show for one label", 100, .95, []string{"apple", "plum"}},
		{"everything", 100, 1, []string{"apple", "plum"}},
		{"too few rows", 10, .95, []string{"apple", "plum"}},
		{"no rows", 0, .5, []string{"apple", "plum"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStage(t, nil)
			s.publish(t, tenant, "table", encoded(t, trainTable(t, fruit("kind"), tc.rows)))
			got, err := s.Predict(t.Context(), tenant, registry.Reference{Model: "table"}, serving.Request{
				Inputs:   []serving.Input{{Columns: map[string]string{"grams": "130", "colour": "green"}}, {Text: "bad"}},
				Coverage: tc.coverage,
			})
			if err != nil {
				t.Fatalf("Predict = %v", err)
			}
			if fmt.Sprint(got.Results[0].Set) != fmt.Sprint(tc.want) || got.Results[1].Set != nil || got.SetApproximate != (tc.coverage > 0) {
				t.Errorf("set = %v, approximate %v; want %v and none beside an error", got.Results[0].Set, got.SetApproximate, tc.want)
			}
		})
	}
}

func TestServer_Predict_regression(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "price", encoded(t, trainTable(t, fruit("price"), 0)))
	ref := registry.Reference{Model: "price"}
	req := serving.Request{TopK: 3, Explain: true, Inputs: []serving.Input{{Columns: map[string]string{"grams": "130", "colour": "green"}}, {Text: "bad"}}}
	got, err := s.Predict(t.Context(), tenant, ref, req)
	if err != nil {
		t.Fatalf("Predict = %v", err)
	}
	r := got.Results[0]
	// By hand: 2 x 130 + .5; the penalty pulls a little towards the mean.
	if !got.Regression || math.Abs(r.Value-260.5) > 2 || r.Label != "" || r.Class != 0 || r.Scores != nil || r.Set != nil || got.Results[1].Err == nil {
		t.Errorf("Predict = %+v, want about 260.5 and no labels, then an error", got)
	}
	sum := r.Explanation.Baseline
	for _, c := range r.Explanation.Columns {
		sum += c.Weight
	}
	if math.Abs(sum-r.Explanation.Margin) > 1e-9 || math.Abs(r.Value-r.Explanation.Margin) > 1e-9 || len(r.Explanation.Columns) == 0 {
		t.Errorf("explanation %+v adds up to %v, want the value %v", r.Explanation, sum, r.Value)
	}

	p, err := s.secret.Prediction(t.Context(), tenant, got.ID)
	if err != nil || !p.Regression || len(p.Answers) != 2 || p.Answers[0].Value != r.Value || !math.IsNaN(p.Answers[1].Value) {
		t.Errorf("Prediction = %+v, %v; want the value %v and no number", p, err, r.Value)
	}
	_, err = s.Predict(t.Context(), tenant, ref, serving.Request{MinScore: .5, Inputs: req.Inputs})
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Code != fault.Invalid || e.Reason != "not_for_regression" || e.Details[0].Pointer != "/parameters/min_score" {
		t.Errorf("with min_score = %v, want invalid at its pointer", err)
	}
}

// A coverage brings a regression's interval, where the model was measured on rows
// enough for it.
func TestServer_Predict_interval(t *testing.T) {
	for _, tc := range []struct {
		name     string
		rows     int
		coverage float64
		want     float64 // half the interval, -1 for none
	}{
		{"asked for", 19, .9, 18}, // rank ceil(20 x .9) of 1 to 19
		{"not asked for", 19, 0, -1},
		{"too few rows", 9, .9, -1},
		{"no rows", 0, .5, -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStage(t, nil)
			s.publish(t, tenant, "table", encoded(t, trainTable(t, fruit("price"), tc.rows)))
			got, err := s.Predict(t.Context(), tenant, registry.Reference{Model: "table"}, serving.Request{Coverage: tc.coverage, Inputs: []serving.Input{{Columns: map[string]string{"grams": "130"}}}})
			if err != nil {
				t.Fatalf("Predict = %v", err)
			}
			r := got.Results[0]
			if (r.Interval != nil) != (tc.want >= 0) || r.Interval != nil && *r.Interval != [2]float64{r.Value - tc.want, r.Value + tc.want} {
				t.Errorf("interval = %v around %v, want -+ %v", r.Interval, r.Value, tc.want)
			}
		})
	}
}

// A row in which no column counts is explained by columns all the same.
func TestServer_Predict_explainedRow(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "table", encoded(t, trainTable(t, fruit("kind"), 0)))
	for _, row := range []map[string]string{{"grams": "130"}, {"colour": "striped"}} {
		got, err := s.Predict(t.Context(), tenant, registry.Reference{Model: "table"}, serving.Request{Explain: true, Inputs: []serving.Input{{Columns: row}}})
		if err != nil || got.Results[0].Explanation == nil || got.Results[0].Explanation.Columns == nil {
			t.Errorf("Predict(%v) = %+v, %v; want columns, be they none", row, got, err)
		}
	}
}
