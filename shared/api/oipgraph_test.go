package api_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"testing"

	"godwit/shared/ml/foreign"
	"godwit/shared/ml/foreign/foreigntest"
)

// outputs are the outputs of an answer by name.
func outputs(out map[string]any) map[string]map[string]any {
	named := make(map[string]map[string]any)
	for _, o := range out["outputs"].([]any) {
		t := o.(map[string]any)
		named[t["name"].(string)] = t
	}
	return named
}

// An imported graph is described and asked under its own names.
func TestInfer_importedGraph(t *testing.T) {
	s := newStage(t)
	s.publishModel(t, "acme", "petals", importedForest(t))
	about := s.want(t, 200, call{method: "GET", path: "/v2/models/petals"})
	if got, want := fmt.Sprint(about["inputs"]), "[map[datatype:FP32 name:float_input shape:[-1 4]]]"; got != want {
		t.Errorf("inputs = %s, want %s", got, want)
	}
	var names []string
	for _, o := range about["outputs"].([]any) {
		names = append(names, fmt.Sprint(o.(map[string]any)["name"], o.(map[string]any)["shape"]))
	}
	if got, want := strings.Join(names, " "), "label[-1] output_probability[-1 3] score[-1] probabilities[-1 3]"; got != want {
		t.Errorf("outputs = %s, want %s", got, want)
	}
	ask := func(tensor m, more m) call {
		body := m{"inputs": []m{tensor}}
		for name, v := range more {
			body[name] = v
		}
		return call{method: "POST", path: "/v2/models/petals/infer", body: body}
	}
	flat := m{"name": "float_input", "datatype": "FP32", "shape": []int{2, 4}, "data": []float64{5.1, 3.5, 1.4, .2, 6, 3, 5, 2}}
	nested := m{"name": "float_input", "datatype": "FP32", "shape": []int{2, 4}, "data": [][]float64{{5.1, 3.5, 1.4, .2}, {6, 3, 5, 2}}}
	for _, tensor := range []m{flat, nested} {
		got := outputs(s.want(t, 200, ask(tensor, nil)))
		if fmt.Sprint(got["label"]["data"]) != "[setosa virginica]" || fmt.Sprint(got["output_probability"]["shape"]) != "[2 3]" {
			t.Errorf("infer = %v, want setosa and virginica", got)
		}
		if p := got["output_probability"]["data"].([]any); p[0] != 1. || math.Abs(p[5].(float64)-.975) > 1e-6 {
			t.Errorf("output_probability = %v", p)
		}
	}
	one := s.want(t, 200, ask(flat, m{"outputs": []m{{"name": "output_probability"}}}))
	if len(one["outputs"].([]any)) != 1 {
		t.Errorf("infer with one output = %v", one["outputs"])
	}
	byColumn := s.want(t, 200, ask(m{"name": "f2", "datatype": "FP32", "shape": []int{1}, "data": []float64{1}}, nil))
	if got := outputs(byColumn); fmt.Sprint(got["label"]["data"]) != "[setosa]" {
		t.Errorf("a column alone = %v, want setosa: the rest is missing", got)
	}
	s.problem(t, 400, "graph_input", ask(m{"name": "float_input", "datatype": "FP32", "shape": []int{1, 3}, "data": []float64{1, 2, 3}}, nil))
	s.problem(t, 400, "wrong_columns", ask(m{"name": "f2", "datatype": "FP32", "shape": []int{1, 2}, "data": []float64{1, 2}}, nil))
	s.publish(t, "acme", "intents")
	wide := ask(m{"name": "text", "datatype": "FP32", "shape": []int{1, 2}, "data": []float64{1, 2}}, nil)
	wide.path = "/v2/models/intents/infer"
	s.problem(t, 400, "wrong_columns", wide)
}

// Tensors of more dimensions go in and out as bytes too, as reference clients
// send them.
func TestInfer_importedNetAsBytes(t *testing.T) {
	s := newStage(t)
	model, err := foreign.New(t.Context(), foreigntest.Net(t))
	if err != nil {
		t.Fatal(err)
	}
	data, err := model.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.publishModel(t, "acme", "light", data)
	const header = `{"inputs":[{"name":"image","datatype":"FP32","shape":[1,1,2,2],"parameters":{"binary_data_size":16}}],"outputs":[{"name":"probabilities","parameters":{"binary_data":true}}]}`
	body, err := binary.Append([]byte(header), binary.LittleEndian, []float32{.5, .25, 0, .25})
	if err != nil {
		t.Fatal(err)
	}
	c := call{method: "POST", path: "/v2/models/light/infer", body: string(body), header: map[string]string{"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": fmt.Sprint(len(header))}}
	w := httptest.NewRecorder()
	s.front.ServeHTTP(w, c.request(t))
	var n int
	if _, err := fmt.Sscan(w.Header().Get("Inference-Header-Content-Length"), &n); err != nil || w.Code != 200 {
		t.Fatalf("infer = %d %s", w.Code, w.Body)
	}
	var p [2]float32
	if _, err := binary.Decode(w.Body.Bytes()[n:], binary.LittleEndian, &p); err != nil {
		t.Fatal(err)
	}
	// softmax of -1 and 1
	if want := 1 / (1 + math.Exp(-2)); math.Abs(float64(p[1])-want) > 1e-6 || !strings.Contains(w.Body.String(), `"shape":[1,2]`) {
		t.Errorf("infer = %v, want %v for bright", p, want)
	}
}

// A picture is a list among the columns of an input.
func TestPredict_importedNet(t *testing.T) {
	s := newStage(t)
	model, err := foreign.New(t.Context(), foreigntest.Net(t))
	if err != nil {
		t.Fatal(err)
	}
	data, err := model.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.publishModel(t, "acme", "light", data)
	ask := call{method: "POST", path: "/v1/models/light/predict", body: m{"inputs": []m{
		{"image": []float64{.5, .25, 0, .25}}, {"image": [][][]float64{{{.5, .25}, {0, .25}}}}, {"image": []float64{1}}, {"image": []string{"a", "b", "c", "d"}}, {"image": m{}},
	}}}
	results := s.want(t, 200, ask)["results"].([]any)
	for i, want := range []string{"bright", "bright", "graph_input", "graph_input", "wrong_columns"} {
		r := results[i].(map[string]any)
		got := r["label"]
		if e, bad := r["error"].(map[string]any); bad {
			got = e["code"]
		}
		if got != want {
			t.Errorf("input %d = %v, want %s", i, r, want)
		}
	}
}

// An imported graph answers /predict as other models do, and explains itself.
func TestPredict_importedGraph(t *testing.T) {
	s := newStage(t)
	s.publishModel(t, "acme", "petals", importedForest(t))
	out := s.want(t, 200, call{method: "POST", path: "/v1/models/petals/predict", body: m{"inputs": []m{{"f2": "5", "f3": 2}, {"f2": "wide"}}, "parameters": m{"explain": true}}})
	results := out["results"].([]any)
	first := results[0].(map[string]any)
	if e := first["explanation"].(map[string]any); first["label"] != "virginica" || e["method"] != "occlusion" || len(e["columns"].([]any)) != 2 {
		t.Errorf("result = %v, want virginica by f2 and f3", first)
	}
	if bad := results[1].(map[string]any)["error"].(map[string]any); bad["code"] != "graph_input" || !strings.Contains(bad["detail"].(string), `"wide" is no number`) {
		t.Errorf("result = %v, want the row refused by name", bad)
	}
}
