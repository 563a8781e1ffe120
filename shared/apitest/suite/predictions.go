package suite

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// question is answered by every model of sample with delivery.
const question = "where is the parcel that I ordered " + Canary

// predictions asks in /v1's own form.
func (s *session) predictions() {
	path := "/v1/models/" + s.model + "/predict"
	pinned := fmt.Sprintf("/v1/models/%s/versions/%d", s.model, s.versions[0])
	s.eventually(call{method: "POST", path: path, body: object{"inputs": question}, want: 200, what: "the champion answers"}, is("/variant", "champion"), is("/results/0/label", "delivery"))
	full := object{"inputs": []any{question, "I want my money back"}, "parameters": object{"top_k": 3, "explain": true, "min_score": 0.01, "coverage": 0.9}}
	s.do(call{method: "POST", path: path, body: full, want: 200}, has("/id", "/digest"), is("/model", s.model), many("/results", 2), many("/results/0/scores", 3),
		is("/results/1/label", "refund"), is("/results/0/abstained", false), has("/results/0/set/0"), explained, ranked)
	s.do(call{method: "POST", path: "/v1/models/" + s.model + "/explain", body: object{"inputs": "the password — 密码 — of the kettle " + Canary}, want: 200}, explained)
	s.do(call{method: "POST", path: pinned + "/predict", body: object{"inputs": question}, want: 200}, is("/version", s.versions[0]), is("/variant", fmt.Sprintf("versions/%d", s.versions[0])))
	s.do(call{method: "POST", path: pinned + "/explain", body: object{"inputs": question}, want: 200}, explained)
	s.do(call{method: "POST", path: "/v1/models/" + s.model + "%40champion/predict", body: object{"inputs": object{"text": question}}, want: 200, what: "an alias, and a text by its column"}, is("/results/0/label", "delivery"))
	s.do(call{method: "POST", path: path, body: object{"inputs": question, "parameters": object{"min_score": 1}}, want: 200, what: "an answer that is not sure enough"}, is("/results/0/abstained", true))
	s.do(call{method: "POST", path: path, body: object{"inputs": []any{"", question, 7, nil, []any{}, object{"colour": "red"}}}, want: 200, what: "a bad element leaves the others alone"},
		many("/results", 6), has("/results/0/error/code", "/results/2/error/code", "/results/3/error/code", "/results/4/error/code", "/results/5/error/code"), is("/results/1/label", "delivery"), lacks("/results/1/error"))
	s.refusedPredictions(path)
}

// refusedPredictions are requests for predictions that are wrong as a whole.
func (s *session) refusedPredictions(path string) {
	deep := strings.Repeat("[", 5000)
	for _, bad := range []struct {
		what string
		body any
		want int
	}{
		{"no inputs", object{}, 422}, {"an empty array", object{"inputs": []any{}}, 422}, {"a number", object{"inputs": 7}, 422}, {"null", object{"inputs": nil}, 422},
		{"129 inputs", object{"inputs": strings.Fields(strings.Repeat("a ", 129))}, 413}, {"more than a megabyte", object{"inputs": strings.Repeat("a", 1<<20)}, 413},
		{"a parameter that is none", object{"inputs": question, "parameters": object{"surprise": 1}}, 400}, {"top_k 0", object{"inputs": question, "parameters": object{"top_k": 0}}, 422},
		{"top_k 1.5", object{"inputs": question, "parameters": object{"top_k": 1.5}}, 422}, {"min_score 2", object{"inputs": question, "parameters": object{"min_score": 2}}, 422},
		{"a huge exponent", `{"inputs":"a","parameters":{"min_score":1e999}}`, 400}, {"a field twice", `{"inputs":"a","inputs":"b"}`, 400}, {"a column twice", `{"inputs":{"text":"a","text":"b"}}`, 400},
		{"a lone surrogate", `{"inputs":"a\ud800b"}`, 400}, {"a swapped surrogate pair", `{"inputs":"\udc00\ud800"}`, 400}, {"bytes that are not UTF-8", "{\"inputs\":\"a\xffb\"}", 400},
		{"a control character", "{\"inputs\":\"a\x00b\"}", 400}, {"more behind the end", `{"inputs":"a"} {}`, 400}, {"a comma too many", `{"inputs":["a",]}`, 400},
		{"a comment", `{"inputs":"a"/**/}`, 400}, {"a leading zero", `{"inputs":"a","parameters":{"top_k":03}}`, 400}, {"arrays without end", deep, 400},
		{"arrays 5,000 deep", deep + strings.Repeat("]", 5000), 400}, {"a byte order mark", "\ufeff" + `{"inputs":"a"}`, 400}, {"nothing", "", 400}, {"an input nested 5,000 deep", `{"inputs":` + deep + strings.Repeat("]", 5000) + `}`, 400},
	} {
		s.do(call{method: "POST", path: path, body: bad.body, want: bad.want, what: "predict with " + bad.what})
	}
	s.do(call{method: "POST", path: path, body: "inputs=a", header: header("Content-Type", "application/x-www-form-urlencoded"), want: 415, what: "predict with a form"})
	s.do(call{method: "POST", path: path, body: object{"inputs": question}, header: header("Content-Type", "application/json; charset=utf-8"), want: 200, what: "predict with a charset"})
	s.do(call{method: "POST", path: path, body: object{"inputs": question}, header: header("Content-Type", "application/json; charset=latin1"), want: 415, what: "predict with another charset"})
	for _, ref := range []string{"absent", s.model + "@absent", s.model + "@", s.model + "@latest@x", "%2e%2e", "..%2f" + s.model, s.model + "%00"} {
		s.do(call{method: "POST", path: "/v1/models/" + ref + "/predict", body: object{"inputs": question}, want: 404, what: "predict with the model " + ref})
	}
	s.do(call{method: "POST", path: fmt.Sprintf("/v1/models/%s/versions/99999/predict", s.model), body: object{"inputs": question}, want: 404, what: "predict with an absent version"})
}

// explained checks the first result's explanation: it adds up, and its spans
// are those of the input by code points.
func explained(a *answer) error {
	sum := a.number("/results/0/explanation/baseline")
	spans := a.list("/results/0/explanation/spans")
	for i := range spans {
		at := fmt.Sprintf("/results/0/explanation/spans/%d", i)
		sum += a.number(at + "/weight")
		if got, want := utf8.RuneCountInString(a.text(at+"/text")), int(a.number(at+"/end")-a.number(at+"/start")); got != want {
			return fmt.Errorf("span %d has %d code points, from start to end are %d", i, got, want)
		}
	}
	if margin := a.number("/results/0/explanation/margin"); !(math.Abs(sum-margin) <= 1e-9) || len(spans) == 0 {
		return fmt.Errorf("baseline and %d weights give %v, the margin is %v", len(spans), sum, margin)
	}
	return nil
}

// ranked checks that the scores of a result fall, and begin with its label.
func ranked(a *answer) error {
	last := math.Inf(1)
	for i := range a.list("/results/0/scores") {
		score := a.number(fmt.Sprintf("/results/0/scores/%d/score", i))
		if !(score <= last && score >= 0 && score <= 1) {
			return fmt.Errorf("score %d is %v after %v", i, score, last)
		}
		last = score
	}
	return is("/results/0/scores/0/label", a.at("/results/0/label"))(a)
}
