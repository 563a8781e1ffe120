package api_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// approximate prints JSON with numbers to three digits: enough to tell answers
// apart, whatever the machine's arithmetic.
func approximate(t testing.TB, raw []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	return digits(v)
}

func digits(v any) string {
	switch v := v.(type) {
	case float64:
		return fmt.Sprintf("%.3g", v)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = digits(v[i])
		}
		return "[" + strings.Join(parts, " ") + "]"
	case map[string]any: // the order is that of the fields asked for
		var parts []string
		for _, key := range []string{"label", "predicted_label", "score", "predictions"} {
			if field, ok := v[key]; ok {
				parts = append(parts, key+":"+digits(field))
			}
		}
		return "{" + strings.Join(parts, " ") + "}"
	}
	return fmt.Sprint(v)
}

// scored is what /v1 answers for texts: label and score of each, as digits has them.
func (s *stage) scored(t testing.TB, topK int, texts ...string) []string {
	t.Helper()
	got := s.want(t, 200, call{method: "POST", path: "/v1/models/intents/predict", body: m{"inputs": texts, "parameters": m{"top_k": topK}}})
	var out []string
	for _, r := range got["results"].([]any) {
		out = append(out, digits(r.(m)["scores"]))
	}
	return out
}

func TestHuggingFace(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	one, all := s.scored(t, 1, "where is my card", "kept my cash"), s.scored(t, 3, "where is my card", "kept my cash")
	for _, tc := range []struct{ name, path, body, want string }{
		{"one text", "intents", `{"inputs":"where is my card"}`, "[" + all[0] + "]"},
		{"texts", "intents@champion", `{"inputs":["where is my card","kept my cash"],"parameters":{}}`, "[" + all[0] + " " + all[1] + "]"},
		{"top_k", "intents", `{"inputs":["where is my card","kept my cash"],"parameters":{"top_k":1,"function_to_apply":"softmax"}}`, "[" + one[0] + " " + one[1] + "]"},
		{"top_k beside inputs, as newer clients send it", "intents", `{"inputs":"where is my card","top_k":1}`, "[" + one[0] + "]"},
		{"more labels than there are", "intents", `{"inputs":"where is my card","parameters":{"top_k":50}}`, "[" + all[0] + "]"},
		{"what is ignored", "intents%40champion", `{"options":{"wait_for_model":true,"use_cache":false},"parameters":{"top_k":null,"truncation":true,"function_to_apply":null},"inputs":"where is my card"}`, "[" + all[0] + "]"},
		{"null parameters", "intents", `{"inputs":"where is my card","parameters":null}`, "[" + all[0] + "]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := s.do(t, call{method: "POST", path: "/hf/models/" + tc.path, body: tc.body, scopes: "predict"})
			if w.Code != 200 || approximate(t, w.Body.Bytes()) != tc.want {
				t.Errorf("answer = %d %s, want %s", w.Code, w.Body, tc.want)
			}
		})
	}
	for _, tc := range []struct {
		body   string
		status int
		code   string
	}{
		{`{"inputs":`, 400, "not_json"}, {`{"inputs":"x","inputs":"y"}`, 400, "duplicate_field"}, {`{}`, 422, "invalid_field"}, {`{"inputs":[]}`, 422, "invalid_field"},
		{`{"inputs":7}`, 422, "wrong_type"}, {`{"inputs":["card",""]}`, 422, "text_empty"}, {`{"inputs":[7]}`, 422, "wrong_type"}, {`{"inputs":{"text":"a","text_pair":"b"}}`, 422, "wrong_columns"},
		{`{"inputs":"x","parameters":{"top_k":0}}`, 422, "invalid_field"}, {`{"inputs":"x","parameters":[]}`, 422, "wrong_type"},
		{`{"inputs":"x","parameters":{"function_to_apply":"sigmoid"}}`, 422, "invalid_field"}, {`{"inputs":"x","function_to_apply":7}`, 422, "invalid_field"},
	} {
		s.problem(t, tc.status, tc.code, call{method: "POST", path: "/hf/models/intents", body: tc.body})
	}
	s.problem(t, 404, "not_found", call{method: "POST", path: "/hf/models/absent", body: `{"inputs":"x"}`})
	s.problem(t, 415, "unsupported_media", call{method: "POST", path: "/hf/models/intents", body: `x`, header: m2("Content-Type", "text/plain")})
	s.publishTable(t, "price")
	s.problem(t, 422, "not_a_classification", call{method: "POST", path: "/hf/models/fruit", body: `{"inputs":{"grams":100}}`})
}

func TestSageMaker(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	if w := s.do(t, call{method: "GET", path: "/ping", scopes: "predict"}); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("GET /ping = %d %q, want 200 without a body", w.Code, w.Body)
	}
	scores := s.scored(t, 1, "where is my card, please", "kept my cash")
	bare, ranked := strings.Trim(scores[0], "[]")+" "+strings.Trim(scores[1], "[]"), s.scored(t, 2, "where is my card, please", "kept my cash")
	named := strings.ReplaceAll(bare, "label:", "predicted_label:")
	const jsonType, lines, csv = "application/json", "application/jsonlines", "text/csv"
	for _, tc := range []struct {
		name, media, accept, body string
		wantMedia, want           string
	}{
		{"inputs", jsonType, "", `{"inputs":["where is my card, please","kept my cash"]}`, jsonType, "[" + bare + "]"},
		{"inputs with top_k", jsonType, "*/*", `{"inputs":["where is my card, please","kept my cash"],"parameters":{"top_k":2}}`, jsonType, "[" + ranked[0] + " " + ranked[1] + "]"},
		{"instances", "application/json; charset=utf-8", jsonType, `{"instances":["where is my card, please",{"text":"kept my cash"}],"configuration":{}}`, jsonType, "{predictions:[" + named + "]}"},
		{"CSV", csv, jsonType, "\"where is my card, please\"\r\nkept my cash\r\n", jsonType, "{predictions:[" + named + "]}"},
		{"lines of text", "text/plain", "text/html, application/json", "where is my card, please\n\nkept my cash", jsonType, "{predictions:[" + named + "]}"},
		{"lines of JSON", lines, "", "{\"text\":\"where is my card, please\"}\n{\"inputs\":\"kept my cash\"}\n", jsonType, "{predictions:[" + named + "]}"},
		{"lines of JSON texts", lines, "", "\"where is my card, please\"\n\"kept my cash\"\n", jsonType, "{predictions:[" + named + "]}"},
		{"answered as lines", jsonType, lines, `{"inputs":["where is my card, please","kept my cash"]}`, lines, named},
		{"answered as CSV", csv, csv, "\"where is my card, please\"\nkept my cash", csv, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := call{method: "POST", path: "/invocations?model=intents@champion", body: tc.body, header: map[string]string{"Content-Type": tc.media, "Accept": tc.accept}, scopes: "predict"}
			w := s.do(t, c)
			if w.Code != 200 || w.Header().Get("Content-Type") != tc.wantMedia {
				t.Fatalf("answer = %d %s %s, want 200 %s", w.Code, w.Header().Get("Content-Type"), w.Body, tc.wantMedia)
			}
			if got := decoded(t, w); got != tc.want && tc.want != "" {
				t.Errorf("answer = %s, want %s", got, tc.want)
			}
		})
	}
	w := s.do(t, call{method: "POST", path: "/invocations?model=intents/versions/1", body: "my card\n", header: map[string]string{"Content-Type": csv, "Accept": csv}})
	if label, score, _ := strings.Cut(strings.TrimSpace(w.Body.String()), ","); w.Code != 200 || label != "card" || !strings.HasPrefix(score, "0.") {
		t.Errorf("answer = %d %q, want card and its score", w.Code, w.Body)
	}
}

// decoded is approximate of a body of JSON, or of its lines.
func decoded(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	switch w.Header().Get("Content-Type") {
	case "application/json":
		return approximate(t, w.Body.Bytes())
	case "text/csv":
		return w.Body.String()
	}
	var lines []string
	for line := range strings.Lines(w.Body.String()) {
		lines = append(lines, approximate(t, []byte(line)))
	}
	return strings.Join(lines, " ")
}

func TestSageMaker_columns(t *testing.T) {
	s := newStage(t)
	s.publishTable(t, "kind")
	ask := func(media, accept, body string) string {
		w := s.do(t, call{method: "POST", path: "/invocations?model=fruit", body: body, header: map[string]string{"Content-Type": media, "Accept": accept}})
		if w.Code != 200 {
			t.Fatalf("%s %q = %d %s", media, body, w.Code, w.Body)
		}
		return decoded(t, w)
	}
	want := ask("application/json", "", `{"instances":[{"grams":130,"ripe":true},{"grams":35,"ripe":null}]}`)
	if !strings.Contains(want, "predicted_label:apple") || !strings.Contains(want, "predicted_label:plum") {
		t.Fatalf("answer = %s", want)
	}
	for media, body := range map[string]string{"text/csv": "130,true\n35,\n", "application/jsonlines": "{\"grams\":130,\"ripe\":true}\n{\"grams\":35}\n"} {
		if got := ask(media, "application/json", body); got != want {
			t.Errorf("%s = %s, want %s", media, got, want)
		}
	}
	s.publishTable(t, "price")
	s.advance(time.Minute)
	if got := ask("text/csv", "text/csv", "100,true\n"); !strings.HasPrefix(got, "200") && !strings.HasPrefix(got, "199") && !strings.HasPrefix(got, "201") {
		t.Errorf("regression as CSV = %q, want about 200.5", got)
	}
	if got := ask("text/csv", "", "100,true\n"); !strings.HasPrefix(got, "{predictions:[{score:20") {
		t.Errorf("regression = %s, want a score about 200", got)
	}
	if got := ask("application/json", "", `{"inputs":{"grams":100}}`); !strings.HasPrefix(got, "[{score:") {
		t.Errorf("regression of inputs = %s, want a score", got)
	}
}

func TestSageMaker_refused(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.publishTable(t, "kind")
	many := strings.Repeat("a\n", 129)
	for _, tc := range []struct {
		name, query, media, body string
		status                   int
		code                     string
	}{
		{"no such model", "?model=absent", "text/csv", "card", 404, "not_found"},
		{"no model's name", "?model=../x", "text/csv", "card", 404, "not_found"},
		{"no model", "", "text/csv", "card", 422, "model_missing"},
		{"another format", "?model=intents", "application/x-npy", "card", 415, "unsupported_media"},
		{"no format", "?model=intents", "-", "card", 415, "unsupported_media"},
		{"no rows", "?model=intents", "text/csv", "\n\n", 422, "invalid_field"},
		{"no lines", "?model=intents", "text/plain", "", 422, "invalid_field"},
		{"a comma without quotes", "?model=intents", "text/csv", "hello, card", 422, "csv_field_count"},
		{"a quote inside", "?model=intents", "text/csv", "my \"card\"\n", 422, "csv_quote"},
		{"fewer fields than columns", "?model=fruit", "text/csv", "130\n", 422, "csv_field_count"},
		{"a text for a table", "?model=fruit", "text/plain", "130\n", 422, "wrong_columns"},
		{"an empty row", "?model=intents", "text/csv", "card\n\" \"\n", 422, "text_empty"},
		{"not UTF-8", "?model=intents", "text/plain", "\xff", 400, "encoding_invalid"},
		{"a line that is not JSON", "?model=intents", "application/jsonlines", "\"card\"\ncard\n", 400, "not_json"},
		{"a line that is no input", "?model=intents", "application/jsonlines", "7\n", 422, "wrong_type"},
		{"neither inputs nor instances", "?model=intents", "application/json", `{"data":"card"}`, 422, "invalid_field"},
		{"both", "?model=intents", "application/json", `{"inputs":"card","instances":["card"]}`, 422, "invalid_field"},
		{"a field twice", "?model=intents", "application/json", `{"inputs":"card","inputs":"card"}`, 400, "duplicate_field"},
		{"too many lines", "?model=intents", "text/plain", many, 413, "too_large"},
		{"too many rows", "?model=intents", "text/csv", many, 413, "too_large"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.problem(t, tc.status, tc.code, call{method: "POST", path: "/invocations" + tc.query, body: tc.body, header: m2("Content-Type", tc.media)})
		})
	}
	for _, tc := range []struct {
		scopes string
		query  string
		status int
	}{
		{"predict:intents", "", 200}, {"predict:intents feedback:intents", "", 200}, {"predict:intents predict:fruit", "", 422}, {"predict", "", 422},
		{"predict:fruit", "?model=intents", 403}, {"feedback:intents", "", 403},
	} {
		w := s.do(t, call{method: "POST", path: "/invocations" + tc.query, body: "my card", header: m2("Content-Type", "text/csv"), scopes: tc.scopes})
		if w.Code != tc.status || w.Code != 200 && w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("key for %q asks %q = %d %s, want %d", tc.scopes, tc.query, w.Code, w.Body, tc.status)
		}
	}
}
