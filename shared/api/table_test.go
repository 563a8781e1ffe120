package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"godwit/shared/api"
	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
)

// publishTable trains a small model of a table and registers it. The columns are
// grams, a number, and ripe, true or false; the target is a kind or a price.
func (s *stage) publishTable(t testing.TB, task string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("grams,ripe," + task + "\n")
	for i := range 60 {
		grams := 120 + i*i%47 // no sequence: that would be the name of a row
		switch {
		case task == "price":
			fmt.Fprintf(&b, "%d,%v,%d.5\n", grams, i%3 == 0, 2*grams)
		case i%2 == 0:
			fmt.Fprintf(&b, "%d,%v,apple\n", grams, i%3 != 0)
		default:
			fmt.Fprintf(&b, "%d,%v,plum\n", grams-100, i%5 == 0)
		}
	}
	s.publishFile(t, b.String())
}

// publishFile trains a model called fruit of the table that a file holds.
func (s *stage) publishFile(t testing.TB, file string) {
	t.Helper()
	ctx := context.Background()
	set, err := dataset.ReadTable(ctx, strings.NewReader(file), dataset.TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d := pipeline.TableData{Table: tabular.TableOf(set), Task: set.Task, Labels: set.Labels, Values: set.Values}
	rows := make([]int32, len(set.Rows))
	for i := range rows {
		rows[i] = int32(i)
		if set.Labels != nil && set.Rows[i].Label == set.Labels[1] {
			d.Y = append(d.Y, 1)
		} else if set.Labels != nil {
			d.Y = append(d.Y, 0)
		}
	}
	m, err := pipeline.FitTable(ctx, d, rows, pipeline.TableSettings{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if set.Labels == nil {
		m = m.WithSpread(calibrate.NewSpread([]float32{1, 2, 3}, []float64{1, 3, 5})) // off by 0, 1 and 2
	}
	data, err := m.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.publishModel(t, "acme", "fruit", data)
}

// Cells are texts, numbers and booleans as they are written; null is missing.
func TestPredict_columns(t *testing.T) {
	s := newStage(t)
	s.publishTable(t, "kind")
	got := s.want(t, 200, call{method: "POST", path: "/v1/models/fruit/predict", body: m{
		"inputs": []any{
			m{"grams": 130, "ripe": true}, m{"grams": "130", "ripe": "true"}, m{"grams": 35.5, "ripe": nil}, m{"grams": 1.3e2},
			m{"grams": 130, "size": 3}, m{"grams": []any{130}}, m{"ripe": m{}}, "130,true", m{"grams": nil}, 130,
		},
		"parameters": m{"explain": true, "coverage": .9},
	}})
	if got["set_approximate"] != true {
		t.Errorf("answer = %v, want its sets marked as approximate", got)
	}
	results := got["results"].([]any)
	want := []string{"apple", "apple", "plum", "apple", "unknown_column", "wrong_columns", "wrong_columns", "wrong_columns", "row_empty", "wrong_type"}
	if len(results) != len(want) {
		t.Fatalf("%d results, want %d", len(results), len(want))
	}
	for i, r := range results {
		r := r.(m)
		if e, failed := r["error"].(m); failed {
			if e["code"] != want[i] || len(r) != 1 {
				t.Errorf("result %d = %v, want only the error %s", i, r, want[i])
			}
			continue
		}
		// The model was not calibrated for sets: all labels are in them.
		if set := r["set"].([]any); r["label"] != want[i] || len(set) != 2 || set[0] != r["label"] {
			t.Errorf("result %d = %v, want %s, first in a set of two", i, r, want[i])
		}
		additive(t, r["explanation"].(m), "columns")
	}
	first, second := results[0].(m), results[1].(m)
	if !reflect.DeepEqual(first["scores"], second["scores"]) {
		t.Errorf("scores of numbers %v, of texts %v, want the same", first["scores"], second["scores"])
	}
	columns := first["explanation"].(m)["columns"].([]any)
	if c := columns[0].(m); c["column"] != "grams" || c["value"] != "130" || c["weight"] == 0.0 {
		t.Errorf("columns = %v, want grams 130 first", columns)
	}
	if message := results[4].(m)["error"].(m)["detail"].(string); !strings.Contains(message, `"size"`) {
		t.Errorf("error %q does not name the unknown column", message)
	}
}

// additive wants an explanation by these parts that adds up.
func additive(t *testing.T, e m, parts string) {
	t.Helper()
	sum := e["baseline"].(float64)
	for _, p := range e[parts].([]any) {
		sum += p.(m)["weight"].(float64)
	}
	if math.Abs(sum-e["margin"].(float64)) > 1e-9 || e["spans"] != nil && e["columns"] != nil {
		t.Errorf("explanation %v adds up to %v by %s alone, want its margin", e, sum, parts)
	}
}

func TestPredict_regression(t *testing.T) {
	s := newStage(t)
	s.publishTable(t, "price")
	explain := call{method: "POST", path: "/v1/models/fruit/explain", body: m{"inputs": []any{m{"grams": 130, "ripe": false}, m{"gram": 1}}, "parameters": m{"top_k": 2}}}
	got := s.want(t, 200, explain)["results"].([]any)
	r := got[0].(m)
	// By hand: 2 x 130 + .5; the penalty pulls a little towards the mean.
	if v, ok := r["value"].(float64); !ok || math.Abs(v-260.5) > 2 || len(r) != 2 || got[1].(m)["error"] == nil {
		t.Errorf("results = %v, want the value 260.5 or so with its explanation, and an error", got)
	}
	additive(t, r["explanation"].(m), "columns")
	predict := func(name string, value float64) call {
		return call{method: "POST", path: "/v1/models/fruit/predict", body: m{"inputs": m{"grams": 130}, "parameters": m{name: value}}}
	}
	p := s.problem(t, 422, "not_for_regression", predict("min_score", .5))
	if e := p["errors"].([]any)[0].(m); e["pointer"] != "/parameters/min_score" {
		t.Errorf("min_score: %v, want its pointer", p)
	}
	s.want(t, 200, predict("min_score", 0))
	// Of three rows coverages up to 2/3 have an interval: one above has none.
	for coverage, want := range map[float64]bool{0: false, .5: true, .9: false} {
		r := s.want(t, 200, predict("coverage", coverage))["results"].([]any)[0].(m)
		bounds, ok := r["interval"].([]any)
		if ok != want || ok && (bounds[0].(float64) != r["value"].(float64)-1 || bounds[1].(float64) != r["value"].(float64)+1) {
			t.Errorf("coverage %v: %v, want an interval: %v, of 1 to either side", coverage, r, want)
		}
	}
}

// explain is predict that explains, by whatever name of the version.
func TestExplain(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	for _, body := range []string{`{"inputs":"where is my card"}`, `{"inputs":["where is my card"],"parameters":{"explain":false,"top_k":2}}`} {
		for _, name := range []string{"intents", "intents@champion", "intents/versions/1"} {
			got := s.want(t, 200, call{method: "POST", path: "/v1/models/" + name + "/explain", body: body, scopes: "predict:intents"})
			r := got["results"].([]any)[0].(m)
			if r["label"] != "card" || got["version"] != 1.0 {
				t.Errorf("%s = %v", name, got)
			}
			additive(t, r["explanation"].(m), "spans")
		}
	}
	s.problem(t, 404, "not_found", call{method: "POST", path: "/v1/models/intents/versions/2/explain", body: `{"inputs":"x"}`})
	s.problem(t, 403, "scope_missing", call{method: "POST", path: "/v1/models/intents/explain", body: `{"inputs":"x"}`, scopes: "train"})
}

// The hand-written encoder says what the wire type says, for every kind of answer.
func TestPredict_encodingOfKinds(t *testing.T) {
	for _, tc := range []struct{ name, target, body string }{
		{"labels of rows", "kind", `{"inputs":[{"grams":130},{"ripe":"<&>"},{}],"parameters":{"explain":true,"coverage":0.9,"top_k":2}}`},
		{"values", "price", `{"inputs":[{"grams":130},{"ripe":"<&>"},{}],"parameters":{"explain":true}}`},
		{"values alone", "price", `{"inputs":[{"grams":130}]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStage(t)
			s.publishTable(t, tc.target)
			w := s.do(t, call{method: "POST", path: "/v1/models/fruit/predict", body: tc.body})
			var got api.PredictResponse
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
				t.Fatalf("%d %s: %v", w.Code, w.Body, err)
			}
			again, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			var a, b any
			_ = json.Unmarshal(again, &a)
			_ = json.Unmarshal(w.Body.Bytes(), &b)
			if !reflect.DeepEqual(a, b) {
				t.Errorf("answer\n%s\nwant, through the wire type,\n%s", w.Body, again)
			}
		})
	}
}
