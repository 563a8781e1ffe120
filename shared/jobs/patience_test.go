package jobs_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"godwit/shared/jobs"
)

// retriers returns every Retry of a state machine's definition, wherever it is.
func retriers(v any) (out []map[string]any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			out = append(out, retriers(e)...)
		}
	case map[string]any:
		for name, e := range v {
			out = append(out, retriers(e)...)
			if list, ok := e.([]any); ok && name == "Retry" {
				for _, r := range list {
					out = append(out, r.(map[string]any))
				}
			}
		}
	}
	return out
}

// What owners are told about how long a store was tried is what the state machines do.
func TestPatience(t *testing.T) {
	for _, file := range []string{"trainer/training.asl.json", "batch/batch.asl.json"} {
		data, err := os.ReadFile("../../functions/" + file)
		if err != nil {
			t.Fatal(err)
		}
		var machine any
		if err := json.Unmarshal(data, &machine); err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, r := range retriers(machine) {
			names, _ := json.Marshal(r["ErrorEquals"])
			if !strings.Contains(string(names), jobs.TypeTransient) {
				continue
			}
			found++
			waits, wait := 0., r["IntervalSeconds"].(float64)
			for range int(r["MaxAttempts"].(float64)) {
				waits += min(wait, r["MaxDelaySeconds"].(float64))
				wait *= r["BackoffRate"].(float64)
			}
			if got := time.Duration(waits * float64(time.Second)); got != jobs.Patience {
				t.Errorf("%s waits %v for %s, want %v", file, got, names, jobs.Patience)
			}
			for _, name := range r["ErrorEquals"].([]any) {
				if got := jobs.Reason(name.(string)); got != "transient" {
					t.Errorf("Reason(%v) = %q, and %s waits for it as for what passes", name, got, file)
				}
			}
		}
		if found < 3 {
			t.Errorf("%s has %d states that wait for a service, want most", file, found)
		}
	}
}

func TestReason(t *testing.T) {
	for errorType, want := range map[string]string{
		jobs.TypeInput: "input", jobs.TypeTransient: "transient", jobs.TypeInternal: "internal", "": "internal",
		"States.ExceedToleratedFailureThreshold": "transient", "States.ItemReaderFailed": "transient", "States.ResultWriterFailed": "transient",
		"States.Timeout": "timeout", "Sandbox.Timedout": "timeout", "Lambda.Unknown": "internal", "Runtime.ExitError": "internal", "Godwit.Failed": "internal",
	} {
		if got := jobs.Reason(errorType); got != want {
			t.Errorf("Reason(%q) = %q, want %q", errorType, got, want)
		}
	}
}

func TestWords_Failure(t *testing.T) {
	w := jobs.Words{Work: "sorting", Unfit: "unfit", Late: "late", Again: "sort again"}
	for errorType, want := range map[string][2]string{
		jobs.TypeInput:     {"input", "unfit"},
		jobs.TypeTransient: {"transient", "a store or a function could not be reached for more than 31 seconds, in several tries; nothing is wrong with what was sent: sort again"},
		"States.Timeout":   {"timeout", "late"},
		"":                 {"internal", "sorting stopped on an internal error; sort again, and report job tj_1 if it happens twice"},
	} {
		if code, message := w.Failure("tj_1", errorType); [2]string{code, message} != want {
			t.Errorf("Failure(%q) = %q, %q, want %q", errorType, code, message, want)
		}
	}
}
