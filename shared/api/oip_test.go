package api_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"godwit/shared/oip"
)

// tensorsOf reads the outputs of an inference response, as JSON or as bytes,
// the way clients do: by name, BYTES as strings and numbers as float64.
func tensorsOf(t testing.TB, w *httptest.ResponseRecorder) (answer map[string]any, outputs map[string][]any) {
	t.Helper()
	head, tail := w.Body.Bytes(), []byte(nil)
	if length := w.Header().Get(oip.HeaderLength); length != "" {
		n, err := strconv.Atoi(length)
		if err != nil || n > len(head) {
			t.Fatalf("%s %q of %d bytes", oip.HeaderLength, length, len(head))
		}
		head, tail = head[:n], head[n:]
	}
	if err := json.Unmarshal(head, &answer); err != nil {
		t.Fatalf("answer %q: %v", head, err)
	}
	outputs = map[string][]any{}
	for _, o := range answer["outputs"].([]any) {
		o := o.(m)
		data, _ := o["data"].([]any)
		if p, ok := o["parameters"].(m); ok {
			size := int(p["binary_data_size"].(float64))
			data = elements(t, o["datatype"].(string), tail[:size])
			tail = tail[size:]
		}
		want := 1.
		for _, n := range o["shape"].([]any) {
			want *= n.(float64)
		}
		if int(want) != len(data) {
			t.Errorf("output %v has shape %v and %d elements", o["name"], o["shape"], len(data))
		}
		outputs[o["name"].(string)] = data
	}
	if len(tail) > 0 {
		t.Errorf("%d bytes follow the last tensor", len(tail))
	}
	return answer, outputs
}

// elements reads a tensor's bytes.
func elements(t testing.TB, datatype string, raw []byte) []any {
	t.Helper()
	var out []any
	for len(raw) > 0 {
		n := 4
		switch datatype {
		case "BYTES":
			n += int(binary.LittleEndian.Uint32(raw))
			out = append(out, string(raw[4:n]))
		case "FP32":
			out = append(out, float64(math.Float32frombits(binary.LittleEndian.Uint32(raw))))
		case "FP64":
			n = 8
			out = append(out, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
		default:
			t.Fatalf("datatype %s", datatype)
		}
		raw = raw[n:]
	}
	return out
}

func TestOIP_metadata(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.publish(t, "acme", "intents")
	s.publishTable(t, "kind")
	text := []any{m{"name": "text", "datatype": "BYTES", "shape": []any{-1.}}}
	labels := []any{m{"name": "label", "datatype": "BYTES", "shape": []any{-1.}}, m{"name": "score", "datatype": "FP32", "shape": []any{-1.}}}
	intents := m{
		"name": "intents", "versions": []any{"1", "2"}, "platform": "godwit_linear_svm", "inputs": text,
		"outputs": append(labels[:2:2], m{"name": "probabilities", "datatype": "FP32", "shape": []any{-1., 3.}}),
	}
	for path, want := range map[string]m{
		"/v2":                                 {"name": "godwit", "version": "test", "extensions": []any{"binary_tensor_data"}},
		"/v2/health/live":                     {"live": true},
		"/v2/health/ready":                    {"live": true},
		"/v2/models/intents":                  intents,
		"/v2/models/intents@champion":         intents,
		"/v2/models/intents%40champion":       intents,
		"/v2/models/intents/versions/1":       intents,
		"/v2/models/intents/ready":            {"name": "intents", "ready": true},
		"/v2/models/intents@champion/ready":   {"name": "intents", "ready": true},
		"/v2/models/intents/versions/2/ready": {"name": "intents", "ready": true},
		"/v2/models/fruit": {
			"name": "fruit", "versions": []any{"1"}, "platform": "godwit_linear_svm",
			"inputs":  []any{m{"name": "grams", "datatype": "FP64", "shape": []any{-1.}}, m{"name": "ripe", "datatype": "BYTES", "shape": []any{-1.}}},
			"outputs": append(labels[:2:2], m{"name": "probabilities", "datatype": "FP32", "shape": []any{-1., 2.}}),
		},
	} {
		if got := s.want(t, 200, call{method: "GET", path: path, scopes: "predict"}); !reflect.DeepEqual(got, want) {
			t.Errorf("GET %s = %v\nwant %v", path, got, want)
		}
	}
	for _, path := range []string{"absent", "intents@blue", "intents/versions/3", "intents/versions/x", "intents@champion/versions/1", "absent/ready", "intents/versions/3/ready"} {
		s.problem(t, 404, "not_found", call{method: "GET", path: "/v2/models/" + path})
		s.problem(t, 404, "not_found", call{method: "GET", path: "/v2/models/" + path, tenant: "other"})
	}
	s.publishTable(t, "price")
	s.advance(time.Minute) // past the time a route is remembered
	got := s.want(t, 200, call{method: "GET", path: "/v2/models/fruit"})
	if want := []any{m{"name": "value", "datatype": "FP64", "shape": []any{-1.}}}; !reflect.DeepEqual(got["outputs"], want) {
		t.Errorf("outputs of a regression = %v, want %v", got["outputs"], want)
	}
}

// What /v2 answers is what /v1 answers, in tensors.
func TestOIP_infer(t *testing.T) {
	s := newStage(t)
	v := s.publish(t, "acme", "intents")
	plain := s.want(t, 200, call{method: "POST", path: "/v1/models/intents/predict", body: m{"inputs": []string{"where is my card", "kept my cash"}, "parameters": m{"top_k": 3}}})
	var labels, scores, probabilities []any
	for _, r := range plain["results"].([]any) {
		labels, scores = append(labels, r.(m)["label"]), append(scores, r.(m)["score"])
		byLabel := map[string]any{}
		for _, s := range r.(m)["scores"].([]any) {
			byLabel[s.(m)["label"].(string)] = s.(m)["score"]
		}
		probabilities = append(probabilities, byLabel["card"], byLabel["cash"], byLabel["rate"])
	}
	all := map[string][]any{"label": labels, "score": scores, "probabilities": probabilities}
	two := map[string][]any{"probabilities": probabilities, "label": labels}
	for _, tc := range []struct {
		name, path, body string
		binary           bool
		want             map[string][]any
	}{
		{"flat", "intents", `{"id":"q1","inputs":[{"name":"text","shape":[2],"datatype":"BYTES","data":["where is my card","kept my cash"]}]}`, false, all},
		{"a column", "intents@champion", `{"id":"q1","inputs":[{"name":"text","shape":[2,1],"datatype":"BYTES","data":[["where is my card"],["kept my cash"]]}]}`, false, all},
		{"as bytes", "intents/versions/1", `{"id":"q1","parameters":{"binary_data_output":true},"inputs":[{"name":"text","shape":[2],"datatype":"BYTES","data":["where is my card","kept my cash"]}]}`, true, all},
		{"some outputs, one as bytes", "intents%40champion", `{"id":"q1","outputs":[{"name":"probabilities","parameters":{"binary_data":true}},{"name":"label"}],"inputs":[{"name":"text","shape":[2],"datatype":"BYTES","data":["where is my card","kept my cash"]}]}`, true, two},
		{"one output", "intents", `{"id":"q1","outputs":[{"name":"label"}],"inputs":[{"name":"text","shape":[2],"datatype":"BYTES","data":["where is my card","kept my cash"]}]}`, false, map[string][]any{"label": labels}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := s.do(t, call{method: "POST", path: "/v2/models/" + tc.path + "/infer", scopes: "predict:intents", body: tc.body})
			if w.Code != 200 || (w.Header().Get("Content-Type") == "application/octet-stream") != tc.binary {
				t.Fatalf("infer = %d %v %q", w.Code, w.Header(), w.Body)
			}
			answer, got := tensorsOf(t, w)
			if answer["model_name"] != "intents" || answer["model_version"] != "1" || answer["id"] != "q1" {
				t.Errorf("answer = %v, want model, version and id", answer)
			}
			p := answer["parameters"].(m)
			if p["digest"] != string(v.Artifact.Digest) || p["variant"] == "" || !strings.HasPrefix(p["prediction_id"].(string), "pr_") {
				t.Errorf("parameters = %v, want digest, variant and prediction_id", p)
			}
			// Bytes hold a float32, JSON its shortest digits.
			if a, b := fmt.Sprint(rounded(got)), fmt.Sprint(rounded(tc.want)); a != b {
				t.Errorf("outputs = %s\nwant %s", a, b)
			}
		})
	}
}

// rounded returns outputs with numbers as float32.
func rounded(outputs map[string][]any) map[string][]any {
	out := map[string][]any{}
	for name, data := range outputs {
		for _, v := range data {
			if f, ok := v.(float64); ok {
				v = float32(f)
			}
			out[name] = append(out[name], v)
		}
	}
	return out
}

// One input for each column, in any type; a value gives the same answer however it was sent.
func TestOIP_columns(t *testing.T) {
	s := newStage(t)
	s.publishTable(t, "kind")
	ask := func(body string, header map[string]string) map[string][]any {
		w := s.do(t, call{method: "POST", path: "/v2/models/fruit/infer", body: body, header: header})
		if w.Code != 200 {
			t.Fatalf("%q = %d %s", body, w.Code, w.Body)
		}
		_, out := tensorsOf(t, w)
		return out
	}
	want := ask(`{"inputs":[{"name":"grams","shape":[3],"datatype":"BYTES","data":["130","35","41"]},{"name":"ripe","shape":[3],"datatype":"BYTES","data":["true","false",""]}]}`, nil)
	if len(want["label"]) != 3 || want["label"][0] != "apple" || want["label"][1] != "plum" {
		t.Fatalf("labels = %v", want["label"])
	}
	for name, body := range map[string]string{
		"whole numbers":         `{"inputs":[{"name":"grams","shape":[3,1],"datatype":"INT64","data":[130,35,41]},{"name":"ripe","shape":[3],"datatype":"BOOL","data":[true,false,null]}]}`,
		"numbers":               `{"inputs":[{"name":"grams","shape":[3],"datatype":"FP64","data":[130,35.0,4.1e1]},{"name":"ripe","shape":[3,1],"datatype":"BOOL","data":[[true],[false],[null]]}]}`,
		"numbers of four bytes": `{"inputs":[{"name":"ripe","shape":[3],"datatype":"BOOL","data":[true,false,null]},{"name":"grams","shape":[3],"datatype":"FP32","data":[130,35,41]}]}`,
	} {
		if got := ask(body, nil); !reflect.DeepEqual(got, want) {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	head := `{"inputs":[{"name":"grams","shape":[3],"datatype":"FP32","parameters":{"binary_data_size":12}},{"name":"ripe","shape":[3],"datatype":"BYTES","data":["true","false",""]}]}`
	tail, err := binary.Append(nil, binary.LittleEndian, []float32{130, 35, 41})
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(head+string(tail), map[string]string{"Content-Type": "-", oip.HeaderLength: strconv.Itoa(len(head))}); !reflect.DeepEqual(got, want) {
		t.Errorf("bytes = %v, want %v", got, want)
	}

	s.publishTable(t, "price")
	s.advance(time.Minute) // past the time a route is remembered
	got := ask(`{"inputs":[{"name":"grams","shape":[1],"datatype":"INT8","data":[100]}]}`, nil)
	value, _ := got["value"][0].(float64)
	if len(got) != 1 || math.Abs(value-200) > 2 { // the price is 2 x grams + .5
		t.Errorf("regression = %v, want a value near 200.5", got)
	}
}

// Errors have the protocol's status and a string error, as JSON.
func TestOIP_refused(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.publishTable(t, "kind")
	request := func(fields string) string {
		return `{"inputs":[{"name":"text","shape":[2],"datatype":"BYTES",` + fields + `}]}`
	}
	good := request(`"data":["card","cash"]`)
	for _, tc := range []struct {
		name   string
		call   call
		status int
		code   string
		detail string
	}{
		{"no model", call{path: "/v2/models/absent/infer", body: good}, 404, "not_found", "there is no such"},
		{"no version", call{path: "/v2/models/intents/versions/9/infer", body: good}, 404, "not_found", "there is no such"},
		{"an alias and a version", call{path: "/v2/models/intents@champion/versions/1/infer", body: good}, 404, "not_found", "there is no such"},
		{"another tenant", call{path: "/v2/models/intents/infer", body: good, tenant: "other"}, 404, "not_found", "there is no such"},
		{"no key", call{path: "/v2/models/intents/infer", body: good, nobody: true}, 401, "no_key", "gw_"},
		{"another model's key", call{path: "/v2/models/intents/infer", body: good, scopes: "predict:fruit"}, 403, "scope_missing", "predict"},
		{"not JSON", call{path: "/v2/models/intents/infer", body: `{"inputs":`}, 400, "not_json", "not JSON"},
		{"a bad tensor", call{path: "/v2/models/intents/infer", body: request(`"data":["card"]`)}, 400, "bad_tensor", "/inputs/0/data: holds 1"},
		{"a bad row", call{path: "/v2/models/intents/infer", body: request(`"data":["card"," "]`)}, 400, "text_empty", "row 1: the text is empty"},
		{"a text that is too long", call{path: "/v2/models/intents/infer", body: request(`"data":["card","` + strings.Repeat("x", 100_001) + `"]`)}, 400, "text_too_long", "row 1: the text has 100001 bytes"},
		{"an input nobody knows", call{path: "/v2/models/intents/infer", body: strings.Replace(good, `"text"`, `"input-0"`, 1)}, 400, "wrong_columns", `row 0: this model takes a text`},
		{"a column nobody knows", call{path: "/v2/models/fruit/infer", body: good}, 400, "unknown_column", `row 0: the model has no column "text"`},
		{"an output nobody knows", call{path: "/v2/models/intents/infer", body: `{"outputs":[{"name":"value"}],` + good[1:]}, 400, "unknown_output", `/outputs/0/name: the model has no output "value"; it has label, score`},
		{"classification", call{path: "/v2/models/intents/infer", body: `{"outputs":[{"name":"label","parameters":{"classification":2}}],` + good[1:]}, 400, "bad_tensor", "classification extension is not supported"},
		{"too many rows", call{path: "/v2/models/intents/infer", body: strings.Replace(good, "[2]", "[129]", 1)}, 413, "too_many_rows", "more than 128 rows"},
		{"too many bytes", call{path: "/v2/models/intents/infer", body: strings.Repeat(" ", 1<<20+1)}, 413, "too_large", "1048576"},
		{"a form", call{path: "/v2/models/intents/infer", body: good, header: m2("Content-Type", "application/x-www-form-urlencoded")}, 415, "unsupported_media", "Content-Type"},
		{"gzip", call{path: "/v2/models/intents/infer", body: good, header: m2("Content-Encoding", "gzip")}, 415, "unsupported_media", "Content-Encoding"},
		{"a wrong header", call{path: "/v2/models/intents/infer", body: good, header: m2(oip.HeaderLength, "1000")}, 400, "bad_tensor", oip.HeaderLength},
		{"a method", call{method: "DELETE", path: "/v2/models/intents"}, 405, "method_not_allowed", "Allow"},
		{"a path", call{method: "GET", path: "/v2/repository/index"}, 404, "not_found", "there is no such route"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.call.method == "" {
				tc.call.method = "POST"
			}
			w := s.do(t, tc.call)
			var p map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != tc.status || w.Header().Get("Content-Type") != "application/json" {
				t.Fatalf("answer = %d %s %s, %v; want %d application/json", w.Code, w.Header().Get("Content-Type"), w.Body, err, tc.status)
			}
			if text, _ := p["error"].(string); p["code"] != tc.code || !strings.Contains(text, tc.detail) || p["detail"] != text {
				t.Errorf("problem = %v, want code %s and an error with %q", p, tc.code, tc.detail)
			}
		})
	}
}

// FuzzInfer holds that no body makes the handler fail on its side, and that
// every success can be read by a client.
func FuzzInfer(f *testing.F) {
	head := `{"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":8}}]}`
	f.Add([]byte(head+"\x04\x00\x00\x00card"), strconv.Itoa(len(head)))
	f.Add([]byte(`{"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","data":["card"]}],"outputs":[{"name":"score","parameters":{"binary_data":true}}]}`), "")
	f.Add([]byte(`{"inputs":[{"name":"grams","shape":[1,1],"datatype":"FP16","data":[[1]]}]}`), "")
	s := newStage(f)
	s.publish(f, "acme", "intents")
	s.publishTable(f, "kind")
	f.Fuzz(func(t *testing.T, body []byte, length string) {
		for _, model := range []string{"intents", "fruit"} {
			c := call{method: "POST", path: "/v2/models/" + model + "/infer", body: string(body), header: map[string]string{"Content-Type": "application/octet-stream"}}
			if length != "" {
				c.header[oip.HeaderLength] = length
			}
			w := httptest.NewRecorder() // without the OpenAPI page, which takes most of the time
			s.front.ServeHTTP(w, c.request(t))
			switch {
			case w.Code >= 500:
				t.Fatalf("%s: body %q = %d %s", model, body, w.Code, w.Body)
			case w.Code == 200:
				tensorsOf(t, w)
			}
		}
	})
}
