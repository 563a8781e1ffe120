package states_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/functions/local/states"
)

const machineARN = "arn:aws:states:us-east-1:000000000000:stateMachine:test"

// function is what a test's Lambda does.
type function func(ctx context.Context, payload map[string]any) (any, string, error)

// stage is an engine with one machine, over HTTP.
type stage struct {
	*states.Engine
	url    string
	events chan map[string]any
}

func open(t *testing.T, dir, definition string, f function) *stage {
	t.Helper()
	s := &stage{events: make(chan map[string]any, 100)}
	var ids atomic.Int64
	e, err := states.New(states.Options{
		Objects: objectsOf(dir), Dir: dir, Now: time.Now, NewID: func() string { return fmt.Sprint("id", ids.Add(1)) },
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Invoke: func(ctx context.Context, arn string, payload []byte) ([]byte, string, error) {
			var in map[string]any
			if err := json.Unmarshal(payload, &in); err != nil {
				return nil, "", err
			}
			out, functionError, err := f(ctx, in)
			data, merr := json.Marshal(out)
			return data, functionError, errors.Join(err, merr)
		},
		Emit: func(_ context.Context, event []byte) error {
			var v map[string]any
			if err := json.Unmarshal(event, &v); err != nil {
				return err
			}
			s.events <- v["detail"].(map[string]any)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Register("test", machineARN, []byte(definition)); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(e.Handler())
	t.Cleanup(server.Close)
	s.Engine, s.url = e, server.URL
	return s
}

// call makes one request of the wire and returns the answer.
func (s *stage) call(t *testing.T, operation string, in map[string]string) (map[string]any, int) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.url, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "AWSStepFunctions."+operation)
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 test")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out, resp.StatusCode
}

// end starts an execution and returns its description once it is over.
func (s *stage) end(t *testing.T, name, input string) map[string]any {
	t.Helper()
	out, status := s.call(t, "StartExecution", map[string]string{"stateMachineArn": machineARN, "name": name, "input": input})
	if status != 200 {
		t.Fatalf("StartExecution = %d %v", status, out)
	}
	return s.wait(t, out["executionArn"].(string))
}

func (s *stage) wait(t *testing.T, arn string) map[string]any {
	t.Helper()
	for range 1000 {
		out, _ := s.call(t, "DescribeExecution", map[string]string{"executionArn": arn})
		if out["status"] != "RUNNING" {
			return out
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the execution does not end")
	return nil
}

func task(extra string) string {
	return `{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$"},"OutputPath":"$.Payload"` + extra + `}`
}

func echo(_ context.Context, in map[string]any) (any, string, error) { return in, "", nil }

func TestEngine_Constructs(t *testing.T) {
	fails := func(kind string) function {
		return func(context.Context, map[string]any) (any, string, error) {
			return map[string]any{"errorType": kind, "errorMessage": "m"}, "Unhandled", nil
		}
	}
	for _, tc := range []struct {
		name, definition, input string
		f                       function
		wantStatus, want        string // output, or error name
	}{
		{"pass with parameters", `{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"x.$":"$.a.b[1]","y":1,"z":{"n.$":"$$.State.Name"}},"ResultPath":"$.r","End":true}}}`,
			`{"a":{"b":[1,2]}}`, echo, "SUCCEEDED", `{"a":{"b":[1,2]},"r":{"x":2,"y":1,"z":{"n":"A"}}}`},
		{"pass with result", `{"StartAt":"A","States":{"A":{"Type":"Pass","Result":[1.50,"x"],"End":true}}}`, `{}`, echo, "SUCCEEDED", `[1.50,"x"]`},
		{"task", `{"StartAt":"A","States":{"A":` + task(`,"End":true`) + `}}`, `{"n":12345678901234567890}`, echo, "SUCCEEDED", `{"n":12345678901234567000}`},
		{"selector and null result path", `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload":{"v":7}},"ResultSelector":{"v.$":"$.Payload.v"},"ResultPath":null,"Next":"B"},"B":{"Type":"Succeed"}}}`,
			`{"k":1}`, echo, "SUCCEEDED", `{"k":1}`},
		{"choice by boolean", `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.more","BooleanEquals":true,"Next":"Yes"}],"Default":"No"},"Yes":{"Type":"Pass","Result":"yes","End":true},"No":{"Type":"Pass","Result":"no","End":true}}}`,
			`{"more":true}`, echo, "SUCCEEDED", `"yes"`},
		{"choice by and, not, number", `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"And":[{"Variable":"$.n","NumericGreaterThan":1},{"Not":{"Variable":"$.n","NumericEquals":3.0}}],"Next":"Yes"}],"Default":"No"},"Yes":{"Type":"Pass","Result":"yes","End":true},"No":{"Type":"Pass","Result":"no","End":true}}}`,
			`{"n":3}`, echo, "SUCCEEDED", `"no"`},
		{"no choice matched", `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.s","StringEquals":"x","Next":"Y"}]},"Y":{"Type":"Succeed"}}}`, `{"s":"y"}`, echo, "FAILED", "States.NoChoiceMatched"},
		{"map", `{"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.l","ItemSelector":{"v.$":"$$.Map.Item.Value","i.$":"$$.Map.Item.Index","k.$":"$.k"},"MaxConcurrency":2,"ItemProcessor":{"ProcessorConfig":{"Mode":"INLINE"},"StartAt":"T","States":{"T":` + task(`,"End":true`) + `}},"End":true}}}`,
			`{"l":["a","b","c"],"k":9}`, echo, "SUCCEEDED", `[{"i":0,"k":9,"v":"a"},{"i":1,"k":9,"v":"b"},{"i":2,"k":9,"v":"c"}]`},
		{"map over nothing", `{"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.l","ItemProcessor":{"StartAt":"T","States":{"T":` + task(`,"End":true`) + `}},"End":true}}}`, `{"l":[]}`, echo, "SUCCEEDED", `[]`},
		{"a failing item fails the map", `{"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.l","ItemProcessor":{"StartAt":"T","States":{"T":` + task(`,"End":true`) + `}},"End":true}}}`, `{"l":[{},{}]}`, fails("Boom"), "FAILED", "Boom"},
		{"fail", `{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E","Cause":"c"}}}`, `{}`, echo, "FAILED", "E"},
		{"catch", `{"StartAt":"A","States":{"A":` + task(`,"Catch":[{"ErrorEquals":["Other"],"Next":"F"},{"ErrorEquals":["States.ALL"],"ResultPath":"$.error","Next":"B"}],"End":true`) + `,"B":{"Type":"Pass","Parameters":{"e.$":"$.error.Error"},"End":true},"F":{"Type":"Fail"}}}`,
			`{"k":1}`, fails("Godwit.Input"), "SUCCEEDED", `{"e":"Godwit.Input"}`},
		{"a path to nothing", `{"StartAt":"A","States":{"A":{"Type":"Pass","InputPath":"$.x","End":true}}}`, `{}`, echo, "FAILED", "States.Runtime"},
		{"task timeout", `{"StartAt":"A","States":{"A":` + task(`,"TimeoutSeconds":1,"End":true`) + `}}`, `{}`, func(ctx context.Context, _ map[string]any) (any, string, error) {
			<-ctx.Done()
			return nil, "", ctx.Err()
		}, "FAILED", "States.Timeout"},
		{"execution timeout", `{"StartAt":"A","TimeoutSeconds":1,"States":{"A":` + task(`,"End":true`) + `}}`, `{}`, func(ctx context.Context, _ map[string]any) (any, string, error) {
			<-ctx.Done()
			return nil, "", ctx.Err()
		}, "TIMED_OUT", "States.Timeout"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := open(t, t.TempDir(), tc.definition, tc.f)
			defer s.Close()
			got := s.end(t, "x", tc.input)
			if got["status"] != tc.wantStatus {
				t.Fatalf("execution = %v, want status %s", got, tc.wantStatus)
			}
			if tc.wantStatus == "SUCCEEDED" && got["output"] != tc.want || tc.wantStatus != "SUCCEEDED" && got["error"] != tc.want {
				t.Errorf("output %v, error %v, want %s", got["output"], got["error"], tc.want)
			}
			for _, want := range []string{"RUNNING", tc.wantStatus} {
				if e := <-s.events; e["status"] != want {
					t.Errorf("event of status %v, want %s", e["status"], want)
				}
			}
		})
	}
}

func TestEngine_RetriesWithABound(t *testing.T) {
	for _, tc := range []struct {
		name                 string
		failures             int
		kind                 string
		wantCalls            int
		wantStatus, wantName string
	}{
		{"recovers", 2, "Busy", 3, "SUCCEEDED", ""},
		{"gives up", 9, "Busy", 4, "FAILED", "Busy"},
		{"does not retry another", 9, "Godwit.Input", 1, "FAILED", "Godwit.Input"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var calls atomic.Int64
			s := open(t, t.TempDir(), `{"StartAt":"A","States":{"A":`+task(`,"Retry":[{"ErrorEquals":["Busy"],"IntervalSeconds":0,"BackoffRate":1,"MaxAttempts":3}],"End":true`)+`}}`,
				func(_ context.Context, in map[string]any) (any, string, error) {
					if int(calls.Add(1)) <= tc.failures {
						return map[string]any{"errorType": tc.kind}, "Unhandled", nil
					}
					return in, "", nil
				})
			defer s.Close()
			got := s.end(t, "x", `{}`)
			if got["status"] != tc.wantStatus || tc.wantName != "" && got["error"] != tc.wantName || int(calls.Load()) != tc.wantCalls {
				t.Errorf("%v after %d calls, want %s after %d", got, calls.Load(), tc.wantStatus, tc.wantCalls)
			}
		})
	}
}

func TestRegister_RefusesWhatItDoesNotInterpret(t *testing.T) {
	for _, tc := range []struct{ name, definition, want string }{
		{"state type", `{"StartAt":"A","States":{"A":{"Type":"Parallel","End":true}}}`, "Parallel"},
		{"field", `{"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{},"End":true}}}`, "Assign"},
		{"query language", `{"StartAt":"A","QueryLanguage":"JSONata","States":{"A":{"Type":"Succeed"}}}`, "QueryLanguage"},
		{"resource", `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","End":true}}}`, "sqs"},
		{"intrinsic function", `{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"x.$":"States.Format('a')"},"End":true}}}`, "States.Format"},
		{"wildcard path", `{"StartAt":"A","States":{"A":{"Type":"Pass","InputPath":"$.a[*]","End":true}}}`, "$.a[*]"},
		{"comparison", `{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Variable":"$.a","StringMatches":"x*","Next":"A"}]}}}`, "StringMatches"},
		{"missing target", `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"}}}`, "B"},
		{"retrier field", `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Retry":[{"ErrorEquals":["a"],"Jitter":1}],"End":true}}}`, "Jitter"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := states.ParseMachine([]byte(tc.definition))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("ParseMachine = %v, want an error that names %s", err, tc.want)
			}
		})
	}
}

func TestParseMachine_TheRepositorysOwn(t *testing.T) {
	for _, file := range []string{"../../trainer/training.asl.json", "../../batch/batch.asl.json"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := states.ParseMachine(data); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestWire_StartIsIdempotent(t *testing.T) {
	release := make(chan struct{})
	s := open(t, t.TempDir(), `{"StartAt":"A","States":{"A":`+task(`,"End":true`)+`}}`, func(ctx context.Context, in map[string]any) (any, string, error) {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return in, "", nil
	})
	defer s.Close()
	start := func(input string) (map[string]any, int) {
		return s.call(t, "StartExecution", map[string]string{"stateMachineArn": machineARN, "name": "same", "input": input})
	}
	first, _ := start(`{}`)
	if again, status := start(`{}`); status != 200 || again["executionArn"] != first["executionArn"] {
		t.Errorf("the same again = %d %v, want the execution that runs", status, again)
	}
	if other, status := start(`{"x":1}`); status != 400 || !strings.HasSuffix(other["__type"].(string), "ExecutionAlreadyExists") {
		t.Errorf("another input = %d %v, want ExecutionAlreadyExists", status, other)
	}
	close(release)
	s.wait(t, first["executionArn"].(string))
	if closed, status := start(`{}`); status != 400 {
		t.Errorf("a closed name = %d %v, want ExecutionAlreadyExists", status, closed)
	}
	if out, status := s.call(t, "DeleteStateMachine", nil); status != 400 || !strings.HasSuffix(out["__type"].(string), "UnknownOperationException") {
		t.Errorf("another operation = %d %v, want UnknownOperationException", status, out)
	}
}

func TestWire_Stop(t *testing.T) {
	s := open(t, t.TempDir(), `{"StartAt":"A","States":{"A":`+task(`,"End":true`)+`}}`, func(ctx context.Context, _ map[string]any) (any, string, error) {
		<-ctx.Done()
		return nil, "", ctx.Err()
	})
	defer s.Close()
	out, _ := s.call(t, "StartExecution", map[string]string{"stateMachineArn": machineARN, "name": "x", "input": "{}"})
	arn := out["executionArn"].(string)
	s.call(t, "StopExecution", map[string]string{"executionArn": arn, "cause": "enough"})
	if got := s.wait(t, arn); got["status"] != "ABORTED" || got["cause"] != "enough" {
		t.Errorf("stopped execution = %v, want ABORTED", got)
	}
	var seen []any
	for range 2 {
		seen = append(seen, (<-s.events)["status"])
	}
	if fmt.Sprint(seen) != "[RUNNING ABORTED]" && fmt.Sprint(seen) != "[ABORTED RUNNING]" {
		t.Errorf("events %v, want RUNNING and ABORTED", seen)
	}
}

// A stage that dies in the middle of a Map goes on with the items that are not
// done, and an end nobody heard of is told again.
func TestEngine_ResumesAfterARestart(t *testing.T) {
	definition := `{"StartAt":"P","States":{"P":{"Type":"Pass","Result":{"l":[0,1,2,3]},"Next":"M"},"M":{"Type":"Map","ItemsPath":"$.l","MaxConcurrency":1,"ItemSelector":{"v.$":"$$.Map.Item.Value"},"ItemProcessor":{"StartAt":"T","States":{"T":` + task(`,"End":true`) + `}},"End":true}}}`
	dir := t.TempDir()
	var mu sync.Mutex
	calls := map[float64]int{}
	reached := make(chan struct{})
	var once sync.Once
	f := func(block bool) function {
		return func(ctx context.Context, in map[string]any) (any, string, error) {
			v := in["v"].(float64)
			mu.Lock()
			calls[v]++
			mu.Unlock()
			if block && v == 2 {
				once.Do(func() { close(reached) })
				<-ctx.Done()
				return nil, "", ctx.Err()
			}
			return v * 10, "", nil
		}
	}
	first := open(t, dir, definition, f(true))
	out, _ := first.call(t, "StartExecution", map[string]string{"stateMachineArn": machineARN, "name": "x", "input": "{}"})
	<-reached
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, dir, definition, f(false))
	defer second.Close()
	if err := second.Resume(); err != nil {
		t.Fatal(err)
	}
	got := second.wait(t, out["executionArn"].(string))
	if got["output"] != "[0,10,20,30]" {
		t.Errorf("execution = %v, want the output of all items", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if calls[0] != 1 || calls[1] != 1 || calls[2] != 2 {
		t.Errorf("calls per item = %v, want finished items once", calls)
	}
}

func FuzzParseMachine(f *testing.F) {
	f.Add([]byte(`{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`))
	f.Add([]byte(`{"StartAt":"A","States":{"A":{"Type":"Map","ItemProcessor":null,"End":true}}}`))
	f.Add([]byte(`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"And":[{}],"Next":"A"}]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := states.ParseMachine(data)
		if err == nil && m.States[m.StartAt] == nil {
			t.Error("a machine without its first state was accepted")
		}
	})
}

// The repository's own machine loops where a step says that there is more: over
// rungs, within a task, and in Finish. Where one says that blocks are spread, it
// runs each of them before the step again.
func TestEngine_RunsTheRepositorysOwn(t *testing.T) {
	definition, err := os.ReadFile("../../trainer/training.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	calls := map[string]int{}
	s := open(t, t.TempDir(), strings.ReplaceAll(string(definition), "${TrainerFunctionArn}", "trainer"), func(_ context.Context, in map[string]any) (any, string, error) {
		mu.Lock()
		defer mu.Unlock()
		step := fmt.Sprint(in["step"])
		if step == "search" {
			step = fmt.Sprint("search ", in["rung"], " ", in["task"])
		}
		if step == "block" {
			step = fmt.Sprint("block ", in["rung"], " ", in["task"], " ", in["fit"], " ", in["block"])
		}
		calls[step]++
		next := map[string]any{"tenant": in["tenant"], "job": in["job"], "attempt": in["attempt"], "spread": false, "fit": "", "blocks": nil}
		switch in["step"] {
		case "prepare":
			next["rung"], next["tasks"], next["more"] = 0, []int{0, 1}, true
		case "select":
			rung := in["rung"].(float64) + 1
			next["rung"], next["tasks"], next["more"] = rung, []int{0}, rung < 2
		case "search":
			next["task"], next["rung"], next["more"] = in["task"], in["rung"], calls[step] < 2
			if next["more"] == true && in["task"] == 1.0 {
				next["spread"], next["blocks"] = true, []int{0, 2}
			}
		case "finish":
			next["task"], next["more"] = 0, calls[step] < 3
			if calls[step] == 2 {
				next["spread"], next["fit"], next["blocks"] = true, "served", []int{1}
			}
		}
		return next, "", nil
	})
	defer s.Close()
	if got := s.end(t, "x", `{"tenant":"local","job":"tj_1","attempt":1}`); got["status"] != "SUCCEEDED" {
		t.Fatalf("execution = %v, want SUCCEEDED", got)
	}
	want := map[string]int{
		"prepare": 1, "search 0 0": 2, "search 0 1": 2, "search 1 0": 2, "select": 2, "finish": 3,
		"block 0 1 <nil> 0": 1, "block 0 1 <nil> 2": 1, "block <nil> <nil> served 1": 1,
	}
	if fmt.Sprint(calls) != fmt.Sprint(want) {
		t.Errorf("calls = %v, want %v", calls, want)
	}
}
