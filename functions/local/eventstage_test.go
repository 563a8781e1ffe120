package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/functions/local/host"
	"godwit/functions/local/objects"
	"godwit/functions/local/stage"
	"godwit/functions/local/template"
)

// folders are the functions of the template by logical id.
var folders = map[string]string{
	"AuthorizerFunction": "authorizer", "PredictFunction": "predict", "RegistryFunction": "model-registry",
	"TrainTriggerFunction": "train-trigger", "TrainerFunction": "trainer", "BatchFunction": "batch",
}

// house is what the sample events meet: S3 and DynamoDB of a running stage,
// the product's functions on a host of the test's own, and a Step Functions
// that starts executions and runs none of them. The stage's own functions are
// hollow, so that nothing but the test works on a job.
type house struct {
	at     stage.Ready
	stack  *template.Stack // as the functions are deployed in account 123456789012
	host   *host.Host
	bucket *s3.Client
	starts *starts
	log    *lines

	version string // of the object train-trigger-upload names
	job     string // opened for it
	first   rung   // of its search
	asked   string // job opened by train-trigger-job
	batch   string // batch job opened on the model
	divided byRows // job trained by rows
}

// openHouse starts everything; the end of the test stops it.
func openHouse(t *testing.T) *house {
	t.Helper()
	h := &house{at: hollowStage(t), starts: &starts{names: map[string]bool{}}, log: &lines{}}
	h.bucket = objects.Client(h.at.S3, h.at.AccessKey, h.at.SecretKey)
	machines := httptest.NewServer(h.starts)
	t.Cleanup(machines.Close)
	key := sha256.Sum256([]byte(h.at.APIKey))
	stack, err := template.Load("../../template.yaml", template.Options{
		AccountID: "123456789012", Handlers: folders,
		Physical: map[string]string{"UploadsBucket": h.at.UploadsBucket, "ModelsBucket": h.at.ModelsBucket, "Table": "godwit"},
		Parameters: map[string]string{
			"S3EndpointUrl": h.at.S3, "DynamoDbEndpointUrl": h.at.DynamoDB, "SfnEndpointUrl": machines.URL,
			"AdminKeySha256": hex.EncodeToString(key[:]), "AdminTenant": stage.Tenant,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.stack = stack
	h.host = host.New(host.Options{})
	t.Cleanup(func() {
		if err := h.host.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, f := range stack.Functions {
		f.Environment["AWS_ACCESS_KEY_ID"], f.Environment["AWS_SECRET_ACCESS_KEY"] = h.at.AccessKey, h.at.SecretKey
		err := h.host.Add(host.Function{
			Name: f.Handler, Bootstrap: filepath.Join(programs(t), "bin", f.Handler, "bootstrap"), Env: f.Environment,
			Timeout: f.Timeout, MemoryMB: f.MemoryMB, Output: h.log, LogFormat: f.LogFormat, LogLevel: f.LogLevel,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// hollowStage runs a stage whose functions are empty files and which has no
// sample to load.
func hollowStage(t *testing.T) stage.Ready {
	t.Helper()
	dir := t.TempDir()
	files := []string{filepath.Join("data", sampleMark)}
	for _, f := range folders {
		files = append(files, filepath.Join("bin", f, "bootstrap"))
	}
	for _, name := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p := &process{out: &bytes.Buffer{}, ready: filepath.Join(dir, "ready.json"), ended: make(chan error, 1)}
	p.cmd = exec.Command(filepath.Join(programs(t), "godwit-local"), "serve", "-root", "../..", "-bin", filepath.Join(dir, "bin"))
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.Env = append(os.Environ(), "GODWIT_DATA="+filepath.Join(dir, "data"), "GODWIT_READY_FILE="+p.ready, "GODWIT_AUTH=")
	for _, v := range []string{stage.APIAddrVar, stage.S3AddrVar, stage.DynamoDBAddrVar, stage.StepFunctionsAddrVar} {
		p.cmd.Env = append(p.cmd.Env, v+"=127.0.0.1:0")
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // an end before this one is told by end
		if err := p.end(t, endsWithin); err != nil {
			t.Errorf("the stage ended with %v:\n%s", err, p.out)
		}
	})
	return p.serving(t)
}

// invoke runs a function on an event and returns its answer.
func (h *house) invoke(t *testing.T, function string, event []byte) []byte {
	t.Helper()
	result, err := h.host.Invoke(t.Context(), function, event)
	if err != nil || result.FunctionError != "" {
		t.Fatalf("%s on %s = %s %s, %v; log:\n%s", function, event, result.ErrorType, result.Payload, err, h.log)
	}
	return result.Payload
}

// answer runs a function on a gateway event, checks the status and reads the
// body into out, unless that is nil.
func (h *house) answer(t *testing.T, function string, event []byte, status int, out any) {
	t.Helper()
	var got events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(h.invoke(t, function, event), &got); err != nil {
		t.Fatalf("%s: %v", function, err)
	}
	if got.StatusCode != status {
		t.Fatalf("%s = %d %s, want %d; log:\n%s", function, got.StatusCode, got.Body, status, h.log)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal([]byte(got.Body), out); err != nil {
		t.Fatalf("%s answered %s: %v", function, got.Body, err)
	}
}

// get asks model-registry for a path with the identity of the sample events.
func (h *house) get(t *testing.T, path string, out any) {
	t.Helper()
	event := strictly[events.APIGatewayV2HTTPRequest](t, sample(t, "model-registry-list.json"))
	event.RawPath, event.RawQueryString, _ = strings.Cut(path, "?")
	event.RequestContext.HTTP.Path = event.RawPath
	h.answer(t, "model-registry", encode(t, event), http.StatusOK, out)
}

// jobOf reads a job through the API.
func (h *house) jobOf(t *testing.T, id string) (j jobAnswer) {
	t.Helper()
	h.get(t, "/v1/training-jobs/"+id, &j)
	return j
}

// jobAnswer is what the test looks at in a job.
type jobAnswer struct {
	ID, Status, Model string
	Version           int
	Error             struct{ Code, Message string }
	Result            struct{ Promotion string }
}

// upload stores data under a key of the uploads bucket and returns its version id.
func (h *house) upload(t *testing.T, key, data string) string {
	t.Helper()
	out, err := h.bucket.PutObject(context.WithoutCancel(t.Context()), &s3.PutObjectInput{
		Bucket: &h.at.UploadsBucket, Key: &key, Body: strings.NewReader(data),
	})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.VersionId)
}

// starts is a Step Functions that starts any execution, once a name, and runs
// none: whoever asks is told that it is running.
type starts struct {
	mu    sync.Mutex
	names map[string]bool
	input string // of the newest one
}

// ServeHTTP answers in AWS JSON 1.0.
func (s *starts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ StateMachineArn, ExecutionArn, Name, Input string }
	err := json.NewDecoder(r.Body).Decode(&in)
	status, answer := http.StatusOK, map[string]any{"startDate": 1795435694, "status": "RUNNING", "executionArn": in.StateMachineArn + ":" + in.Name}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AWSStepFunctions."); {
	case err == nil && operation == "StartExecution" && !s.names[in.Name]:
		s.names[in.Name], s.input = true, in.Input
	case err == nil && operation == "StartExecution":
		status, answer = http.StatusBadRequest, map[string]any{"__type": "ExecutionAlreadyExists", "message": in.Name}
	case err == nil && operation == "DescribeExecution":
	default:
		status, answer = http.StatusBadRequest, map[string]any{"__type": "UnknownOperationException", "message": fmt.Sprint(operation, " ", err)}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // a client that left needs none
}

// started returns how many executions there are and the newest one's input.
func (s *starts) started() (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.names), s.input
}

// lines keeps what the functions print.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps p.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns what was kept.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// encode returns v as JSON.
func encode(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
