package stage_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// invoked calls a function through Lambda's Invoke and returns what comes back.
func invoked(t *testing.T, base string, change func(*http.Request), function string, payload []byte) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/2015-03-31/functions/"+function+"/invocations", bytes.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

// The optional function is hosted where it has been built, and only then; then
// others know it, and Lambda's Invoke reaches every function.
func TestStage_InvokesFunctions(t *testing.T) {
	s := settings(t, t.TempDir())
	folder := filepath.Join(s.Bin, "onnxruntime")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(standIn, filepath.Join(folder, "bootstrap")); err != nil {
		t.Fatal(err)
	}
	at := start(t, s).Ready()
	invoke := func(change func(*http.Request), function string, payload []byte) (int, http.Header, string) {
		t.Helper()
		return invoked(t, at.StepFunctions, change, function, payload)
	}
	// The stand-in answers with its environment.
	if status, _, body := invoke(nil, "godwit-predict", []byte(`{}`)); status != 200 || !strings.Contains(body, `\"GODWIT_ONNX_RUNTIME_FUNCTION\":\"godwit-onnxruntime\"`) || !strings.Contains(body, at.StepFunctions) {
		t.Errorf("predict = %d %s, want it to know the function and where to call it", status, body)
	}
	if status, head, body := invoke(nil, "godwit-onnxruntime", []byte(`{"op":"check"}`)); status != 200 || head.Get("X-Amz-Function-Error") != "" || !strings.Contains(body, "statusCode") {
		t.Errorf("the function = %d %v %s", status, head, body)
	}
	if data, err := os.ReadFile(filepath.Join(folder, "events")); err != nil || string(data) != `{"op":"check"}`+"\n" {
		t.Errorf("the function got %s, %v, want the payload", data, err)
	}
	if status, head, body := invoke(nil, "godwit-onnxruntime", []byte(`no JSON`)); status != 200 || head.Get("X-Amz-Function-Error") != "Unhandled" || !strings.Contains(body, "errorMessage") {
		t.Errorf("a function that fails = %d %v %s, want 200 with X-Amz-Function-Error", status, head, body)
	}
	for _, tc := range []struct {
		name, function string
		change         func(*http.Request)
		payload        []byte
		status         int
		kind           string
	}{
		{"nobody", "godwit-nobody", nil, nil, http.StatusNotFound, "ResourceNotFoundException"},
		{"an asynchronous call", "godwit-predict", func(r *http.Request) { r.Header.Set("X-Amz-Invocation-Type", "Event") }, nil, http.StatusBadRequest, "InvalidParameterValueException"},
		{"too much", "godwit-predict", nil, make([]byte, 6<<20+1), http.StatusRequestEntityTooLarge, "RequestTooLargeException"},
		{"a page", "godwit-predict", func(r *http.Request) { r.Header.Set("Origin", "https://example.com") }, nil, http.StatusForbidden, ""},
	} {
		if status, head, body := invoke(tc.change, tc.function, tc.payload); status != tc.status || head.Get("X-Amzn-Errortype") != tc.kind {
			t.Errorf("%s: %d %q %s, want %d %q", tc.name, status, head.Get("X-Amzn-Errortype"), body, tc.status, tc.kind)
		}
	}
}

// Where it has not been built nobody is told of it.
func TestStage_WithoutTheOptionalFunction(t *testing.T) {
	at := start(t, settings(t, t.TempDir())).Ready()
	status, _, body := invoked(t, at.StepFunctions, nil, "godwit-predict", []byte(`{}`))
	if status != 200 || !strings.Contains(body, `\"GODWIT_ONNX_RUNTIME_FUNCTION\":\"\"`) {
		t.Errorf("predict = %d %s, want no function named", status, body)
	}
}
