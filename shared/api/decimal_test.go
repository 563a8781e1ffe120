package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// A number is read as it was meant, whatever the decimal mark of the training
// file: those of programs have a point, those of people the file's.
func TestPredict_decimalComma(t *testing.T) {
	s := newStage(t)
	var b strings.Builder
	b.WriteString("size;price\n")
	for i := range 60 {
		fmt.Fprintf(&b, "%d,125;%d,5\n", 1+i*i%47, 10+10*(i*i%47))
	}
	s.publishFile(t, b.String())
	tensor := func(datatype string, data any) m {
		return m{"inputs": []any{m{"name": "size", "shape": []int{1}, "datatype": datatype, "data": []any{data}}}}
	}
	value := func(path string, body any) float64 {
		t.Helper()
		got := s.want(t, 200, call{method: "POST", path: path, body: body})
		if results, ours := got["results"].([]any); ours {
			return results[0].(m)["value"].(float64)
		}
		return got["outputs"].([]any)[0].(m)["data"].([]any)[0].(float64)
	}
	const predict, infer = "/v1/models/fruit/predict", "/v2/models/fruit/infer"
	want := value(predict, m{"inputs": m{"size": "3,125"}})
	for _, tc := range []struct {
		name, path string
		body       any
	}{
		{"a JSON number", predict, m{"inputs": m{"size": 3.125}}},
		{"a tensor of numbers", infer, tensor("FP64", 3.125)},
		{"a tensor of texts", infer, tensor("BYTES", "3,125")},
	} {
		if got := value(tc.path, tc.body); got != want {
			t.Errorf("%s: %v, want %v as for the text 3,125", tc.name, got, want)
		}
	}
	got := s.want(t, 200, call{method: "POST", path: predict, body: m{"inputs": []any{m{"size": "thirty"}, m{"size": 2.5}, m{"size": nil}}}})
	results := got["results"].([]any)
	bad, isBad := results[0].(m)["error"].(m)
	if !isBad || bad["code"] != "wrong_type" || !strings.Contains(fmt.Sprint(bad["detail"]), `column "size" takes a number`) {
		t.Errorf("thirty = %v, want the error wrong_type naming the column", results[0])
	}
	if results[1].(m)["value"] == nil {
		t.Errorf("2.5 = %v, want a value beside the bad one", results[1])
	}
	s.want(t, 400, call{method: "POST", path: infer, body: tensor("BYTES", "thirty")})
}
