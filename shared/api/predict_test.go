package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"godwit/shared/api"
)

func TestPredict(t *testing.T) {
	s := newStage(t)
	v := s.publish(t, "acme", "intents")
	got := s.want(t, 200, call{method: "POST", path: "/v1/models/intents/predict", scopes: "predict", body: m{
		"inputs": []any{
			"where is my card", "", m{"text": "kept my cash"}, 7, m{"txet": "x"}, m{"b64": "AA=="}, nil, []any{}, strings.Repeat("x", 100_001),
			m{"text": nil}, m{"text": []any{}}, m{"text": "x", "title": "y"}, m{}, m{"text": 7},
		},
		"parameters": m{"top_k": 2, "explain": true, "min_score": 0.999999},
	}})
	if got["model"] != "intents" || got["version"] != 1.0 || got["digest"] != string(v.Artifact.Digest) || got["variant"] != "champion" || !strings.HasPrefix(got["id"].(string), "pr_") {
		t.Errorf("answer = %v", got)
	}
	want := []string{"card", "text_empty", "cash", "wrong_type", "wrong_columns", "wrong_columns", "wrong_type", "wrong_type", "text_too_long",
		"text_empty", "wrong_columns", "wrong_columns", "wrong_columns", "card"}
	results := got["results"].([]any)
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
		scores := r["scores"].([]any)
		if r["label"] != want[i] || r["abstained"] != true || len(scores) != 2 || scores[0].(m)["label"] != want[i] || scores[0].(m)["score"] != r["score"] {
			t.Errorf("result %d = %v, want %s", i, r, want[i])
		}
		e := r["explanation"].(m)
		sum := e["baseline"].(float64)
		for _, span := range e["spans"].([]any) {
			sum += span.(m)["weight"].(float64)
		}
		if math.Abs(sum-e["margin"].(float64)) > 1e-9 {
			t.Errorf("result %d: baseline + weights = %v, margin %v", i, sum, e["margin"])
		}
	}
}

// Every way to name a version, and one input without an array.
func TestPredict_references(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.publish(t, "acme", "intents")
	for _, tc := range []struct {
		path    string
		version float64
		variant string
	}{
		{"intents", 2, "champion"}, {"intents@champion", 2, "champion"}, {"intents%40champion", 2, "champion"}, {"intents/versions/1", 1, "versions/1"},
	} {
		got := s.want(t, 200, call{method: "POST", path: "/v1/models/" + tc.path + "/predict", body: `{"inputs":"my card"}`})
		if got["version"] != tc.version || got["variant"] != tc.variant || len(got["results"].([]any)) != 1 {
			t.Errorf("%s = %v, want version %v as %s", tc.path, got, tc.version, tc.variant)
		}
	}
	for _, path := range []string{"absent", "intents@blue", "intents/versions/3", "intents/versions/0", "intents@champion/versions/1", "a%2Fversions%2F1", "intents%00", "@champion"} {
		s.problem(t, 404, "not_found", call{method: "POST", path: "/v1/models/" + path + "/predict", body: `{"inputs":"x"}`})
	}
}

func TestPredict_refused(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	many, _ := json.Marshal(m{"inputs": make([]string, 129)})
	for _, tc := range []struct {
		body   string
		status int
		code   string
	}{
		{`{}`, 422, "invalid_field"}, {`{"inputs":[]}`, 422, "invalid_field"}, {`{"inputs":7}`, 422, "wrong_type"}, {`{"inputs":null}`, 422, "wrong_type"},
		{`{"input":"x"}`, 400, "unknown_field"}, {`{"inputs":"x","inputs":"y"}`, 400, "duplicate_field"}, {`{"inputs":[{"text":"x","text":"y"}]}`, 400, "duplicate_field"},
		{`{"inputs":"x","parameters":{"topk":1}}`, 400, "unknown_field"}, {`{"inputs":"x","parameters":{"top_k":0}}`, 422, "invalid_field"},
		{`{"inputs":"x","parameters":{"top_k":"3"}}`, 422, "wrong_type"}, {`{"inputs":"x","parameters":{"top_k":1.5}}`, 422, "invalid_field"},
		{`{"inputs":"x","parameters":{"explain":1}}`, 422, "wrong_type"}, {`{"inputs":"x","parameters":{"min_score":1.1}}`, 422, "invalid_field"},
		{`{"inputs":"x","parameters":{"min_score":-0.1}}`, 422, "invalid_field"}, {`{"inputs":"x","parameters":[]}`, 422, "wrong_type"},
		{`{"inputs":"x","parameters":{"coverage":1.1}}`, 422, "invalid_field"}, {`{"inputs":"x","parameters":{"coverage":"all"}}`, 422, "wrong_type"},
		{`{"inputs":"x","parameters":{"coverage":0.9,"coverage":0.9}}`, 400, "duplicate_field"}, {`{"inputs":"x","parameters":{"top_k":01}}`, 400, "not_json"},
		{`{"inputs":["x",`, 400, "not_json"}, {`{"inputs":"x"}x`, 400, "not_json"}, {``, 400, "not_json"}, {`{"inputs":"` + "\x01" + `"}`, 400, "not_json"},
		{`{"inputs":[1e999]}`, 400, "not_json"}, {`{"inputs":` + strings.Repeat("[", 100), 400, "not_json"}, {string(many), 413, "too_large"},
	} {
		s.problem(t, tc.status, tc.code, call{method: "POST", path: "/v1/models/intents/predict", body: tc.body})
	}
}

// The hand-written encoder says what the wire type says.
func TestPredict_encoding(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	text := "card <b>\"\\\u2028\u2029</b> & caf\u00e9 \U0001F600\ttab"
	w := s.do(t, call{method: "POST", path: "/v1/models/intents/predict", body: m{"inputs": []string{text, ""}, "parameters": m{"explain": true, "top_k": 9}}})
	var got api.PredictResponse
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("body %s: %v", w.Body, err)
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
	if strings.ContainsAny(w.Body.String(), "<>&\u2028\u2029") {
		t.Errorf("answer %s holds characters that are not safe in HTML or JavaScript", w.Body)
	}
}

// Invariant 24 at the door: the answer says that it may be old.
func TestPredict_stale(t *testing.T) {
	s := newStage(t)
	v := s.publish(t, "acme", "intents")
	c := call{method: "POST", path: "/v1/models/intents/predict", body: `{"inputs":"card"}`}
	s.want(t, 200, c)
	next := s.publish(t, "acme", "intents")
	if next.Artifact.Key != v.Artifact.Key {
		t.Fatalf("equal artifacts have the keys %s and %s", v.Artifact.Key, next.Artifact.Key)
	}
	// The same digest needs no new artifact: the newer version answers without the bucket.
	if err := s.models.Delete(t.Context(), v.Artifact.Key); err != nil {
		t.Fatal(err)
	}
	s.advance(time.Minute)
	if got := s.want(t, 200, c); got["version"] != 2.0 || got["stale"] != nil {
		t.Errorf("answer = %v, want version 2, not stale", got)
	}
}

// No text of a request, good or bad, reaches the log or the metrics.
func TestPredict_noTextInLogs(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	const canary = "zebrafinch"
	for _, body := range []string{
		`{"inputs":"` + canary + `"}`, `{"inputs":{"` + canary + `":"` + canary + `"}}`, `{"` + canary + `":1}`, `{"inputs":["` + canary + `",`, canary,
		`{"inputs":"x","parameters":{"` + canary + `":"` + canary + `"}}`,
	} {
		s.do(t, call{method: "POST", path: "/v1/models/intents/predict", body: body})
	}
	s.do(t, call{method: "GET", path: "/v1/" + canary + "?q=" + canary})
	if all := s.log.String() + fmt.Sprint(s.meter.seen); strings.Contains(all, canary) || len(s.meter.seen) != 7 {
		t.Errorf("7 requests were logged as %s", all)
	}
}

// Invariant 30: a panic is a clean 500, and the next request is answered.
func TestPanic(t *testing.T) {
	s := newStage(t)
	v := s.publish(t, "acme", "intents")
	broken := s.deps
	broken.Serving = nil // a nil dereference inside the handler
	s.front = front(broken)
	c := call{method: "POST", path: "/v1/models/intents/predict", body: `{"inputs":"x"}`}
	got := s.problem(t, 500, "internal", c)
	if text := fmt.Sprint(got); strings.Contains(text, "nil") || strings.Contains(text, "goroutine") {
		t.Errorf("the problem shows what happened inside: %v", got)
	}
	if !strings.Contains(s.log.String(), "nil pointer") {
		t.Errorf("the log %s does not say what happened", s.log.String())
	}
	s.want(t, 200, call{method: "GET", path: fmt.Sprintf("/v1/models/intents/versions/%d", v.Number)})
}

// The whole path inside the function pins its allocations.
func TestPredict_allocations(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	h := api.Predict(s.deps)
	const body = `{"inputs":"where is my card"}`
	r := call{method: "POST", path: "/v1/models/intents/predict", body: body, scopes: "predict"}.request(t)
	least := math.Inf(1)
	for range 50 { // the least of many: under the race detector a sync.Pool drops things at random
		least = min(least, testing.AllocsPerRun(1, func() {
			r.Body = io.NopCloser(strings.NewReader(body)) // two of them
			h.ServeHTTP(nowhere{}, r)
		}))
	}
	if least > 50 {
		t.Errorf("%v allocations, want at most 50", least)
	}
	t.Logf("%v allocations", least)
}

// nowhere is a ResponseWriter that keeps nothing.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) WriteHeader(int)             {}
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
