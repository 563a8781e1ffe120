package stepfn_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"godwit/shared/fault"
	"godwit/shared/jobs"
	"godwit/shared/stagetest"
	"godwit/shared/stepfn"
)

const machineARN = "arn:aws:states:us-east-1:000000000000:stateMachine:godwit-training"

// TestMachine_stage follows executions on the local stage, with each first
// answer lost as well.
func TestMachine_stage(t *testing.T) {
	at := stagetest.Start(t)
	for _, tc := range []struct {
		name    string
		trouble stagetest.Trouble
	}{
		{"good line", stagetest.None},
		{"lost answers", stagetest.Lost},
		{"throttled", stagetest.Throttle},
	} {
		t.Run(tc.name, func(t *testing.T) {
			line := &stagetest.Line{Plan: stagetest.EachFirst(tc.trouble)}
			m := stepfn.New(stagetest.StepFunctions(stagetest.Config(at.StepFunctions, at.AccessKey, at.SecretKey, line)), machineARN)
			ctx := t.Context()
			name := "tj_" + strings.ReplaceAll(tc.name, " ", "-") + "-1"

			want := func(when, want string) {
				t.Helper()
				if got, cause, err := m.Status(ctx, name); err != nil || got != want {
					t.Errorf("%s: Status = %q (%s), %v, want %q", when, got, cause, err, want)
				}
			}
			want("before the start", jobs.ExecutionAbsent)
			if err := m.Stop(ctx, name, "nothing there"); err != nil {
				t.Errorf("Stop before the start = %v, want success", err)
			}
			for _, input := range []string{`{"tenant":"acme","job":"j","attempt":1}`, `{"tenant":"acme","job":"j","attempt":1}`, `{"tenant":"acme","job":"other","attempt":1}`} {
				if err := m.Start(ctx, name, []byte(input)); err != nil {
					t.Errorf("Start(%s) = %v, want success", input, err)
				}
			}
			want("after the start", jobs.ExecutionRunning)
			for range 2 {
				if err := m.Stop(ctx, name, "cancelled by its owner"); err != nil {
					t.Errorf("Stop = %v, want success", err)
				}
			}
			if state, cause, err := m.Status(ctx, name); err != nil || state != jobs.ExecutionAborted || cause != "Godwit.Stopped: cancelled by its owner" {
				t.Errorf("after the stop: Status = %q, %q, %v, want aborted with its cause", state, cause, err)
			}
			if err := m.Start(ctx, name, []byte(`{}`)); err != nil {
				t.Errorf("Start of a closed name = %v, want success", err)
			}
			want("after another start", jobs.ExecutionAborted)
		})
	}
}

// TestMachine_answers plays each answer of the service.
func TestMachine_answers(t *testing.T) {
	failed := func(code string) string { return `{"__type":"` + code + `","message":"m"}` }
	for _, tc := range []struct {
		name   string
		status int
		body   string
		state  string // of Status
		cause  string
		code   fault.Code // of Status, and of Start and Stop unless they succeed
	}{
		{"running", 200, `{"status":"RUNNING"}`, jobs.ExecutionRunning, "", ""},
		{"about to run again", 200, `{"status":"PENDING_REDRIVE"}`, jobs.ExecutionRunning, "", ""},
		{"succeeded", 200, `{"status":"SUCCEEDED"}`, jobs.ExecutionSucceeded, "", ""},
		{"failed", 200, `{"status":"FAILED","error":"Godwit.Failed","cause":"why"}`, jobs.ExecutionFailed, "Godwit.Failed: why", ""},
		{"failed without a cause", 200, `{"status":"FAILED","error":"Godwit.Failed"}`, jobs.ExecutionFailed, "Godwit.Failed", ""},
		{"timed out", 200, `{"status":"TIMED_OUT","cause":"late"}`, jobs.ExecutionTimedOut, "late", ""},
		{"aborted", 200, `{"status":"ABORTED"}`, jobs.ExecutionAborted, "", ""},
		{"a state of the future", 200, `{"status":"DREAMING"}`, "", "", fault.Internal},
		{"throttled", 400, failed("ThrottlingException"), "", "", fault.Unavailable},
		{"too many executions", 400, failed("ExecutionLimitExceeded"), "", "", fault.Unavailable},
		{"service failing", 500, failed("InternalServerError"), "", "", fault.Unavailable},
		{"gateway failing", 503, `<html>`, "", "", fault.Unavailable},
		{"no such machine", 400, failed("StateMachineDoesNotExist"), "", "", fault.Internal},
		{"no permission", 400, failed("AccessDeniedException"), "", "", fault.Internal},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/x-amz-json-1.0")
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(tc.body)) // a client that went away fails the test itself
			}))
			defer server.Close()
			m := stepfn.New(stagetest.StepFunctions(stagetest.Config(server.URL, "a", "s", nil)), machineARN)
			state, cause, err := m.Status(t.Context(), "tj_1-1")
			if state != tc.state || cause != tc.cause || fault.CodeOf(err) != tc.code {
				t.Errorf("Status = %q, %q, %v, want %q, %q, %q", state, cause, err, tc.state, tc.cause, tc.code)
			}
			if tc.status == 200 {
				return
			}
			if err := m.Start(t.Context(), "tj_1-1", []byte(`{}`)); !fault.Is(err, tc.code) {
				t.Errorf("Start = %v, want %s", err, tc.code)
			}
			if err := m.Stop(t.Context(), "tj_1-1", ""); !fault.Is(err, tc.code) {
				t.Errorf("Stop = %v, want %s", err, tc.code)
			}
		})
	}
}

func TestMachine_Stop_longCause(t *testing.T) {
	var sent struct{ Cause string }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte(`{"stopDate":1}`)) // a client that went away fails the test itself
	}))
	defer server.Close()
	m := stepfn.New(stagetest.StepFunctions(stagetest.Config(server.URL, "a", "s", nil)), machineARN)
	if err := m.Stop(t.Context(), "tj_1-1", strings.Repeat("分", 20_000)); err != nil {
		t.Fatalf("Stop = %v", err)
	}
	if n := len(sent.Cause); n > 32768 || n < 32765 || !utf8.ValidString(sent.Cause) {
		t.Errorf("the cause sent has %d bytes, valid %v, want at most 32768 of whole characters", n, utf8.ValidString(sent.Cause))
	}
}

func TestMachine_wrongARN(t *testing.T) {
	m := stepfn.New(stagetest.StepFunctions(stagetest.Config("http://127.0.0.1:9", "a", "s", nil)), "not an arn")
	if _, _, err := m.Status(t.Context(), "x"); !fault.Is(err, fault.Internal) {
		t.Errorf("Status = %v, want %s", err, fault.Internal)
	}
	if err := m.Stop(t.Context(), "x", ""); !fault.Is(err, fault.Internal) {
		t.Errorf("Stop = %v, want %s", err, fault.Internal)
	}
}
