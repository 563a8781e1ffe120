package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"godwit/functions/local/template"
)

// The folder of sample events, and the file in it that is none.
const (
	eventsFolder = "../../events"
	environment  = "env.local.json"
)

// row is one sample event: the function it is for, how its shape is held, and
// what must come of it.
type row struct {
	file     string
	function string
	check    func(t *testing.T, h *house, function string, event []byte)
	drive    func(t *testing.T, h *house, event []byte)
}

// rows are all sample events, in the order in which each finds what it needs.
var rows = []row{
	{"model-registry-health.json", "model-registry", checkHTTP, driveHealth},
	{"authorizer.json", "authorizer", checkAuthorizer, driveAuthorizer},
	{"train-trigger-upload.json", "train-trigger", checkUpload, driveUpload},
	{"train-trigger-upload-native.json", "train-trigger", checkNative, driveNative},
	{"trainer-prepare.json", "trainer", checkStep, drivePrepare},
	{"trainer-block.json", "trainer", checkStep, driveBlock},
	{"trainer-search.json", "trainer", checkStep, driveSearch},
	{"trainer-select.json", "trainer", checkStep, driveSelect},
	{"trainer-finish.json", "trainer", checkStep, driveFinish},
	{"predict.json", "predict", checkHTTP, drivePredict},
	{"predict-version.json", "predict", checkHTTP, drivePredictVersion},
	{"predict-infer.json", "predict", checkHTTP, driveInfer},
	{"model-registry-alias.json", "model-registry", checkHTTP, driveAlias},
	{"model-registry-list.json", "model-registry", checkHTTP, driveList},
	{"model-registry-dataset.json", "model-registry", checkHTTP, driveDataset},
	{"train-trigger-job.json", "train-trigger", checkHTTP, driveJob},
	{"trainer-fail.json", "trainer", checkStep, driveFail},
	{"train-trigger-died.json", "train-trigger", checkDied, driveDied},
	{"batch-split.json", "batch", checkStep, driveSplit},
	{"batch-score.json", "batch", checkStep, driveScore},
	{"batch-merge.json", "batch", checkStep, driveMerge},
	{"batch-fail.json", "batch", checkStep, driveBatchFail},
	{"trainer-census.json", "trainer", checkStep, driveCensus},
	{"trainer-vocabulary.json", "trainer", checkStep, driveVocabulary},
	{"trainer-encode.json", "trainer", checkStep, driveEncode},
	{"trainer-reduce.json", "trainer", checkStep, driveReduce},
	{"trainer-round.json", "trainer", checkStep, driveRound},
	{"trainer-judge.json", "trainer", checkStep, driveJudge},
	{"trainer-settle.json", "trainer", checkStep, driveSettle},
}

// TestEvents decodes every sample event strictly and drives it through the
// deployed program it is for.
func TestEvents(t *testing.T) {
	h := openHouse(t)
	for _, r := range rows {
		ok := t.Run(r.file, func(t *testing.T) {
			event := sample(t, r.file)
			r.check(t, h, r.function, event)
			r.drive(t, h, event)
		})
		if !ok {
			t.FailNow() // later rows build on this one
		}
	}
	t.Run("no key and no text in the log", func(t *testing.T) {
		for _, secret := range []string{"gw_example", h.at.APIKey, h.at.SecretKey, "where is my card", "我的银行卡", "X-Amz-Signature"} {
			if strings.Contains(h.log.String(), secret) {
				t.Errorf("the functions logged %q:\n%s", secret, h.log)
			}
		}
	})
}

// TestEvents_AllHaveARow fails when a file is added to events/ and not to rows.
func TestEvents_AllHaveARow(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(eventsFolder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	want := []string{optionalEvent}
	for _, path := range paths {
		if name := filepath.Base(path); name != environment {
			files = append(files, name)
		}
	}
	for _, r := range rows {
		want = append(want, r.file)
	}
	slices.Sort(want)
	if !slices.Equal(files, want) {
		t.Errorf("events/ holds %q, want %q as in rows", files, want)
	}
}

// TestEvents_Environment: sam local overrides only variables the template
// declares, and says nothing about the others.
func TestEvents_Environment(t *testing.T) {
	var file struct{ Parameters map[string]string }
	if err := json.Unmarshal(sample(t, environment), &file); err != nil {
		t.Fatal(err)
	}
	stack, err := template.Load("../../template.yaml", template.Options{
		Handlers: folders, Physical: map[string]string{"UploadsBucket": "u", "ModelsBucket": "m", "Table": "t"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range stack.Functions {
		for _, name := range slices.Sorted(maps.Keys(file.Parameters)) {
			if _, declared := f.Environment[name]; !declared {
				t.Errorf("%s overrides %s, which the template does not declare for %s", environment, name, f.LogicalID)
			}
		}
	}
}

// sample reads a file of events/.
func sample(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(eventsFolder, file))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// strictly decodes data into a T, refusing members T does not have.
func strictly[T any](t *testing.T, data []byte) T {
	t.Helper()
	var v T
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("decode into %T: %v", v, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("%T: something follows the event: %v", v, err)
	}
	return v
}

// checkHTTP holds an HTTP event against the routes: the template sends it to
// the function, with an identity if and only if the route has an authorizer.
func checkHTTP(t *testing.T, h *house, function string, event []byte) {
	e := strictly[events.APIGatewayV2HTTPRequest](t, event)
	i := slices.IndexFunc(h.stack.Routes, func(r template.Route) bool { return r.Method+" "+r.Path == e.RouteKey })
	if i < 0 {
		t.Fatalf("route key %q is none of the template's", e.RouteKey)
	}
	route := h.stack.Routes[i]
	if got := folders[route.Function]; got != function {
		t.Errorf("route %q leads to %s, want %s", e.RouteKey, got, function)
	}
	if identified := e.RequestContext.Authorizer != nil; identified != (route.Authorizer != "") {
		t.Errorf("route %q has authorizer %q, and the event an identity: %t", e.RouteKey, route.Authorizer, identified)
	}
	if e.Version != "2.0" || e.RequestContext.RouteKey != e.RouteKey || e.RequestContext.HTTP.Path != e.RawPath {
		t.Errorf("the event disagrees with itself: %+v", e)
	}
	length := len(e.Body)
	if e.IsBase64Encoded {
		raw, err := base64.StdEncoding.DecodeString(e.Body)
		if err != nil {
			t.Fatal(err)
		}
		length = len(raw)
	}
	if n := e.Headers["content-length"]; e.Body != "" && n != strconv.Itoa(length) {
		t.Errorf("content-length %s of a body of %d bytes", n, length)
	}
}

func checkAuthorizer(t *testing.T, _ *house, _ string, event []byte) {
	e := strictly[events.APIGatewayV2CustomAuthorizerV2Request](t, event)
	if e.Version != "2.0" || e.Type != "REQUEST" || !slices.Equal(e.IdentitySource, []string{e.Headers["authorization"]}) {
		t.Errorf("event = %+v, want a request of version 2.0 with its Authorization header as identity", e)
	}
}

// objectCreated is the detail EventBridge documents for S3:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
type objectCreated struct {
	Version string `json:"version"`
	Bucket  struct {
		Name string `json:"name"`
	} `json:"bucket"`
	Object struct {
		Key       string `json:"key"`
		Size      int64  `json:"size"`
		ETag      string `json:"etag"`
		VersionID string `json:"version-id"`
		Sequencer string `json:"sequencer"`
	} `json:"object"`
	RequestID string `json:"request-id"`
	Requester string `json:"requester"`
	Source    string `json:"source-ip-address"`
	Reason    string `json:"reason"`
}

func checkUpload(t *testing.T, h *house, function string, event []byte) {
	e := strictly[events.EventBridgeEvent](t, event)
	d := strictly[objectCreated](t, e.Detail)
	if d.Bucket.Name != h.at.UploadsBucket || d.Object.Key != uploadKey {
		t.Errorf("object %s of bucket %s, want %s of %s", d.Object.Key, d.Bucket.Name, uploadKey, h.at.UploadsBucket)
	}
	wantRule(t, h, event, "TrainTriggerFunctionUploaded", function)
}

// checkNative decodes the object apart: its own UnmarshalJSON is not strict.
func checkNative(t *testing.T, h *house, _ string, event []byte) {
	e := strictly[events.S3Event](t, event)
	type object events.S3Object // without the method
	var raw struct {
		Records []struct {
			S3 struct{ Object json.RawMessage }
		}
	}
	if err := json.Unmarshal(event, &raw); err != nil || len(raw.Records) != 1 || len(e.Records) != 1 {
		t.Fatalf("records = %d, %v, want one", len(raw.Records), err)
	}
	strictly[object](t, raw.Records[0].S3.Object)
	got := e.Records[0].S3
	if got.Bucket.Name != h.at.UploadsBucket || got.Object.URLDecodedKey != uploadKey {
		t.Errorf("object %s of bucket %s, want %s of %s", got.Object.URLDecodedKey, got.Bucket.Name, uploadKey, h.at.UploadsBucket)
	}
}

// executionChanged is the detail EventBridge documents for Step Functions:
// https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
type executionChanged struct {
	ExecutionArn    string          `json:"executionArn"`
	StateMachineArn string          `json:"stateMachineArn"`
	Name            string          `json:"name"`
	Status          string          `json:"status"`
	StartDate       int64           `json:"startDate"`
	StopDate        int64           `json:"stopDate"`
	Input           string          `json:"input"`
	InputDetails    json.RawMessage `json:"inputDetails"`
	Output          *string         `json:"output"`
	OutputDetails   json.RawMessage `json:"outputDetails"`
	Error           *string         `json:"error"`
	Cause           *string         `json:"cause"`
}

func checkDied(t *testing.T, h *house, function string, event []byte) {
	e := strictly[events.EventBridgeEvent](t, event)
	d := strictly[executionChanged](t, e.Detail)
	in := strictly[struct {
		Tenant, Job string
		Attempt     int
	}](t, []byte(d.Input))
	if want := in.Job + "-" + strconv.Itoa(in.Attempt); d.Name != want || !strings.HasSuffix(d.ExecutionArn, ":"+want) {
		t.Errorf("execution %s, want %s as its input says", d.Name, want)
	}
	wantRule(t, h, event, "TrainTriggerFunctionDied", function)
}

// wantRule checks that exactly one rule wants the event, and for the function.
func wantRule(t *testing.T, h *house, event []byte, name, function string) {
	t.Helper()
	var got []string
	for _, rule := range h.stack.Rules {
		if rule.Pattern.Match(event) {
			got = append(got, rule.Name+" for "+folders[rule.Function])
		}
	}
	if want := []string{name + " for " + function}; !slices.Equal(got, want) {
		t.Errorf("rules that match = %q, want %q", got, want)
	}
}

// checkStep holds a step's input against what the state machine passes: the
// same members, no more and no fewer.
func checkStep(t *testing.T, h *house, function string, event []byte) {
	own := slices.IndexFunc(h.stack.Machines, func(m template.Machine) bool {
		return strings.Contains(m.Definition, "functions/"+function+"/")
	})
	definition, err := os.ReadFile(h.stack.Machines[own].Definition)
	if err != nil {
		t.Fatal(err)
	}
	var machine any
	if err := json.Unmarshal(definition, &machine); err != nil {
		t.Fatal(err)
	}
	in := strictly[map[string]any](t, event)
	step, _ := in["step"].(string)
	passed := payloads(machine, map[string][][]string{})[step]
	got := slices.Sorted(maps.Keys(in))
	if !slices.ContainsFunc(passed, func(names []string) bool { return slices.Equal(got, names) }) {
		t.Errorf("step %q gets %q, want one of %q as in the state machine", step, got, passed)
	}
}

// payloads collects the member names of every payload in a definition by its
// step, which may be taken in several states: a member "x.$" passes x.
func payloads(v any, found map[string][][]string) map[string][][]string {
	switch v := v.(type) {
	case map[string]any:
		if step, ok := v["step"].(string); ok {
			var names []string
			for name := range v {
				names = append(names, strings.TrimSuffix(name, ".$"))
			}
			slices.Sort(names)
			found[step] = append(found[step], names)
		}
		for _, child := range v {
			payloads(child, found)
		}
	case []any:
		for _, child := range v {
			payloads(child, found)
		}
	}
	return found
}
