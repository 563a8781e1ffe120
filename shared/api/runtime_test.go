package api_test

import (
	"math"
	"testing"

	"godwit/shared/ml/foreign"
	"godwit/shared/ml/open"
	"godwit/shared/remote/remotetest"
)

// runtimeOf is what runs the model of a file, as its version says.
func runtimeOf(t testing.TB, data []byte) string {
	t.Helper()
	m, err := open.Model(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	if g, imported := m.(*foreign.Model); imported {
		return g.Runtime()
	}
	return ""
}

// elsewhere is the artifact of a graph that an engine runs.
func elsewhere(t testing.TB) []byte {
	t.Helper()
	session, err := remotetest.Load(remotetest.Graph(t))
	if err != nil {
		t.Fatal(err)
	}
	model, err := foreign.NewOn(remotetest.Graph(t), session.Signature())
	if err != nil {
		t.Fatal(err)
	}
	data, err := model.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A version whose graph runs elsewhere says so on both planes and is asked, and
// given back, as every other.
func TestVersion_ofAGraphElsewhere(t *testing.T) {
	s := newStage(t)
	s.publishModel(t, "acme", "weather", elsewhere(t))
	s.publishModel(t, "acme", "petals", importedForest(t))
	if v := s.want(t, 200, call{method: "GET", path: "/v1/models/weather/versions/1"}); v["runtime"] != "onnxruntime" {
		t.Errorf("runtime = %v, want onnxruntime", v["runtime"])
	}
	if v := s.want(t, 200, call{method: "GET", path: "/v1/models/petals/versions/1"}); v["runtime"] != nil {
		t.Errorf("runtime of a graph that runs here = %v, want none", v["runtime"])
	}
	about := s.want(t, 200, call{method: "GET", path: "/v2/models/weather"})
	if about["platform"] != "onnxruntime_onnx" {
		t.Errorf("platform = %v, want onnxruntime_onnx", about["platform"])
	}
	tensor := m{"name": "x", "datatype": "FP32", "shape": []int{2, 2}, "data": []float64{1, -1, 0, 1}}
	got := outputs(s.want(t, 200, call{method: "POST", path: "/v2/models/weather/infer", body: m{"inputs": []m{tensor}}}))
	scores := got["scores"]["data"].([]any)
	if len(scores) != 4 || math.Abs(scores[0].(float64)-1/(1+math.Exp(-3.5))) > 1e-6 || got["label"]["data"].([]any)[1] != "warm" {
		t.Errorf("infer = %v, want cold and warm", got)
	}
	out := s.want(t, 200, exportOf("weather", "onnx"))
	if graph := s.exported(t, "weather", "onnx", out["digest"]); string(graph) != string(remotetest.Graph(t)) {
		t.Error("the export is not the graph that was imported")
	}
}
