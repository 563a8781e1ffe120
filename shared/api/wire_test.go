package api_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"godwit/shared/api"
	"godwit/shared/lambdahttp"
)

var update = flag.Bool("update", false, "write the requests made here, and the answers, to testdata/wire")

// httpRequest writes a request as it goes over the wire.
func httpRequest(method, path, body string, headers ...string) string {
	b := method + " " + path + " HTTP/1.1\r\nHost: localhost:3000\r\nAuthorization: Bearer gw_00000000000000000000000000000000\r\n"
	for _, h := range headers {
		b += h + "\r\n"
	}
	if method == "POST" {
		b += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	return b + "\r\n" + body
}

// triton writes an inference as tritonclient.http does: compact JSON, tensors
// behind it, no Content-Type.
func triton(path, json, tail string) string {
	length := fmt.Sprintf("Inference-Header-Content-Length: %d", len(json))
	return httpRequest("POST", path, json+tail, "Connection: keep-alive", length)
}

// packed is tritonclient's serialize_byte_tensor.
func packed(elements ...string) string {
	var b []byte
	for _, e := range elements {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(e))), e...)
	}
	return string(b)
}

// wireRequests are the requests of testdata/wire by file, as the clients of its
// README make them.
func wireRequests(t testing.TB) map[string]string {
	t.Helper()
	text := packed("where is my card", "what is the exchange rate")
	grams, err := binary.Append(nil, binary.LittleEndian, []int64{130, 35})
	if err != nil {
		t.Fatal(err)
	}
	const post, requests = "POST", "User-Agent: python-requests/2.32.3"
	const jsonType = "Content-Type: application/json"
	return map[string]string{
		"triton-metadata": httpRequest("GET", "/v2/models/intents", "", "Connection: keep-alive"),
		"triton-ready":    httpRequest("GET", "/v2/models/intents/versions/1/ready", "", "Connection: keep-alive"),
		"triton-binary": triton("/v2/models/intents/infer",
			fmt.Sprintf(`{"inputs":[{"name":"text","shape":[2,1],"datatype":"BYTES","parameters":{"binary_data_size":%d}}],"parameters":{"binary_data_output":true}}`, len(text)), text),
		"triton-outputs": httpRequest(post, "/v2/models/intents/versions/1/infer",
			`{"id":"r-1","inputs":[{"name":"text","shape":[1],"datatype":"BYTES","data":["the machine kept my cash"]}],"outputs":[{"name":"label","parameters":{"binary_data":false}},{"name":"probabilities","parameters":{"binary_data":true}}],"parameters":{"sequence_id":7,"sequence_start":true,"sequence_end":false,"priority":1,"timeout":5000000}}`,
			"Connection: keep-alive"),
		"triton-table": triton("/v2/models/fruit%40champion/infer",
			`{"inputs":[{"name":"grams","shape":[2],"datatype":"INT64","parameters":{"binary_data_size":16}},{"name":"ripe","shape":[2],"datatype":"BOOL","parameters":{"binary_data_size":2}}],"outputs":[{"name":"label","parameters":{"binary_data":true}}]}`,
			string(grams)+"\x01\x00"),
		"triton-classification": triton("/v2/models/intents/infer",
			`{"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":8}}],"outputs":[{"name":"probabilities","parameters":{"classification":2,"binary_data":true}}]}`, packed("card")),
		"mlserver-text": httpRequest(post, "/v2/models/intents/infer",
			`{"parameters": {"content_type": "str"}, "inputs": [{"name": "text", "shape": [2, 1], "datatype": "BYTES", "parameters": {"content_type": "str"}, "data": ["where is my card", "the machine kept my cash"]}]}`, requests, jsonType),
		"mlserver-pandas": httpRequest(post, "/v2/models/fruit/infer",
			`{"parameters": {"content_type": "pd"}, "inputs": [{"name": "grams", "data": [130, 35], "datatype": "INT64", "shape": [2, 1]}, {"name": "ripe", "data": [true, false], "datatype": "BOOL", "shape": [2, 1]}]}`, requests, jsonType),
		"hf-nested":           httpRequest(post, "/hf/models/intents", `{"inputs": "where is my card", "parameters": {"top_k": 2}}`, "User-Agent: unknown/None; hf_hub/0.30.2; python/3.12.3", jsonType),
		"hf-spread":           httpRequest(post, "/hf/models/intents@champion", `{"inputs":"where is my card","top_k":2}`, "User-Agent: unknown/None; hf_hub/1.0.0; python/3.12.3", jsonType),
		"hf-wait":             httpRequest(post, "/hf/models/intents", `{"inputs":["where is my card","the machine kept my cash"],"options":{"wait_for_model":true}}`, jsonType),
		"hf-error":            httpRequest(post, "/hf/models/none", `{"inputs": "where is my card"}`, jsonType),
		"sagemaker-ping":      httpRequest("GET", "/ping", ""),
		"sagemaker-inputs":    httpRequest(post, "/invocations?model=intents", `{"inputs": "where is my card"}`, jsonType, "Accept: */*"),
		"sagemaker-instances": httpRequest(post, "/invocations?model=intents", `{"instances": [{"text": "where is my card"}, {"text": "the machine kept my cash"}]}`, jsonType, "Accept: application/json"),
		"sagemaker-csv":       httpRequest(post, "/invocations?model=fruit", "130,true\n35,false\n", "Content-Type: text/csv", "Accept: application/json"),
		"sagemaker-lines":     httpRequest(post, "/invocations?model=intents", "{\"inputs\": \"where is my card\"}\n{\"inputs\": \"the machine kept my cash\"}\n", "Content-Type: application/jsonlines", "Accept: application/jsonlines"),
	}
}

// The requests are the frozen bytes of testdata/wire, and the whole function, from
// the gateway's event to its answer, gives the answers recorded beside them.
func TestWire(t *testing.T) {
	s := newStage(t)
	s.publish(t, "acme", "intents")
	s.publishTable(t, "kind")
	invoke := lambdahttp.Handler(api.Predict(s.deps))
	files, err := filepath.Glob("testdata/wire/*.http")
	if err != nil {
		t.Fatal(err)
	}
	made := wireRequests(t)
	if len(files) != len(made) && !*update {
		t.Errorf("testdata/wire holds %d requests, %d are made here", len(files), len(made))
	}
	for name, raw := range made {
		t.Run(name, func(t *testing.T) {
			frozen(t, name+".http", []byte(raw), func(file []byte) error {
				if string(file) != raw {
					return fmt.Errorf("the file holds\n%q\nthe client writes\n%q", file, raw)
				}
				return nil
			})
			answer, err := invoke(t.Context(), gatewayEvent(t, raw))
			if err != nil {
				t.Fatal(err)
			}
			got := readable(t, answer)
			frozen(t, name+".json", got, func(file []byte) error { return alike(t, file, got) })
		})
	}
}

// frozen compares with a file of testdata/wire, or writes it with -update.
func frozen(t *testing.T, name string, data []byte, compare func(file []byte) error) {
	t.Helper()
	path := filepath.Join("testdata", "wire", name)
	if *update {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(path)
	if err == nil {
		err = compare(file)
	}
	if err != nil {
		t.Errorf("%s: %v", path, err)
	}
}

// gatewayEvent turns a request into the event that the HTTP API makes of it:
// the path decoded, headers in lower case, what is not text in base64.
func gatewayEvent(t *testing.T, raw string) events.APIGatewayV2HTTPRequest {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	e := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: r.URL.Path, RawQueryString: r.URL.RawQuery, Headers: map[string]string{}, Body: string(body)}
	for name := range r.Header {
		e.Headers[strings.ToLower(name)] = r.Header.Get(name)
	}
	if media := r.Header.Get("Content-Type"); media != "application/json" && !strings.HasPrefix(media, "text/") {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	e.RequestContext.HTTP.Method = r.Method
	e.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{Lambda: map[string]any{"tenant": "acme", "key_id": "key_1", "scopes": "predict"}}
	return e
}

// readable writes an answer as JSON: tensors that came as bytes as arrays, and
// without what differs from run to run.
func readable(t *testing.T, e events.APIGatewayV2HTTPResponse) []byte {
	t.Helper()
	w := httptest.NewRecorder()
	for name, value := range e.Headers {
		w.Header().Set(name, value)
	}
	raw := []byte(e.Body)
	if e.IsBase64Encoded {
		var err error
		if raw, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
			t.Fatal(err)
		}
	}
	w.Body.Write(raw)
	out := map[string]any{"status": e.StatusCode, "content_type": e.Headers["content-type"], "base64": e.IsBase64Encoded}
	body := map[string]any{}
	switch err := json.Unmarshal(raw, &body); {
	case e.Headers["inference-header-content-length"] != "" || body["model_name"] != nil:
		answer, outputs := tensorsOf(t, w)
		p := answer["parameters"].(m)
		delete(p, "digest")
		delete(p, "prediction_id")
		out["body"], out["tensors"] = answer, outputs
	case err == nil:
		delete(body, "request_id")
		out["body"] = body
	case json.Valid(raw):
		out["body"] = json.RawMessage(raw)
	default:
		lines := []json.RawMessage{}
		for line := range bytes.Lines(raw) {
			lines = append(lines, line)
		}
		out["lines"] = lines
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(bytes.TrimSpace(text), '\n')
}

// alike compares two answers; numbers may differ in the last digits, as they do
// between machines that fuse multiply and add and those that do not.
func alike(t *testing.T, file, got []byte) error {
	t.Helper()
	var a, b any
	if err := json.Unmarshal(file, &a); err != nil {
		return err
	}
	if err := json.Unmarshal(got, &b); err != nil {
		return err
	}
	return differ(a, b, "")
}

func differ(want, got any, at string) error {
	switch w := want.(type) {
	case float64:
		if g, ok := got.(float64); ok && math.Abs(w-g) <= 1e-4 {
			return nil
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			break
		}
		for i := range w {
			if err := differ(w[i], g[i], fmt.Sprintf("%s/%d", at, i)); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			break
		}
		for key := range w {
			if err := differ(w[key], g[key], at+"/"+key); err != nil {
				return err
			}
		}
		return nil
	default:
		if want == got {
			return nil
		}
	}
	return fmt.Errorf("%s is %v, recorded was %v", at, got, want)
}
