package host_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"godwit/functions/local/host"
)

// start returns a Host with one function "f" made from fn.
func start(t testing.TB, opts host.Options, fn host.Function) *host.Host {
	t.Helper()
	h := host.New(opts)
	t.Cleanup(func() { h.Close() })
	fn.Name, fn.Bootstrap = "f", bootstrap
	if fn.Timeout == 0 {
		fn.Timeout = 20 * time.Second
	}
	if err := h.Add(fn); err != nil {
		t.Fatal(err)
	}
	return h
}

// invoke calls "f" and fails the test when there is no answer.
func invoke(t testing.TB, h *host.Host, event string) host.Result {
	t.Helper()
	result, err := h.Invoke(t.Context(), "f", []byte(event))
	if err != nil {
		t.Fatalf("Invoke(%s) = %v", event, err)
	}
	return result
}

// pidOf reads the pid that the test function answers with.
func pidOf(t testing.TB, r host.Result) int {
	t.Helper()
	var answer struct{ PID int }
	if err := json.Unmarshal(r.Payload, &answer); err != nil || answer.PID == 0 {
		t.Fatalf("payload = %s, want a pid (%v)", r.Payload, err)
	}
	return answer.PID
}

// eventually waits for what another process does.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it did not happen: %s", what)
}

func TestHost_InvokeFailures(t *testing.T) {
	tests := []struct {
		name, event, wantType, wantIn string
	}{
		{"a plain error", `{"do":"error"}`, "errorString", "plain"},
		{"a typed error", `{"do":"typed","type":"Godwit.Input"}`, "Godwit.Input", "typed"},
		{"an answer that breaks off", `{"do":"broken"}`, "Godwit.Transient", "half"},
		{"a panic", `{"do":"panic"}`, "string", "no way"},
		{"an exit", `{"do":"exit"}`, "Runtime.ExitError", "Runtime exited with error: exit status 2"},
		{"an exit with status 0", `{"do":"exit0"}`, "Runtime.ExitError", "Runtime exited without providing a reason"},
		{"a response that is too large", `{"do":"big","bytes":6291600}`, "Function.ResponseSizeTooLarge", "6291556"},
		{"an event that outlives the timeout", `{"do":"sleep","millis":60000}`, "Sandbox.Timedout", "Task timed out after 1.50 seconds"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			limit := 30 * time.Second // far from what a busy machine takes
			if tc.wantType == "Sandbox.Timedout" {
				limit = 1500 * time.Millisecond
			}
			h := start(t, host.Options{}, host.Function{Timeout: limit})
			r := invoke(t, h, tc.event)
			if r.FunctionError != "Unhandled" || r.ErrorType != tc.wantType {
				t.Errorf("Invoke = %q %q, want Unhandled %q", r.FunctionError, r.ErrorType, tc.wantType)
			}
			if !strings.Contains(string(r.Payload), tc.wantIn) {
				t.Errorf("payload = %s, want %q in it", r.Payload, tc.wantIn)
			}
			// The function answers again, whatever became of the process.
			if r := invoke(t, h, `{"do":"ok"}`); r.FunctionError != "" {
				t.Errorf("next Invoke = %s %s, want an answer", r.ErrorType, r.Payload)
			}
		})
	}
}

func TestHost_StartFailures(t *testing.T) {
	tests := []struct {
		name, init, wantType, wantIn string
	}{
		{"exits before its first poll", "exit", "Runtime.ExitError", "exit status 3"},
		{"reports why it cannot start", "report", "Config.Bad", "no table"},
		{"never polls", "hang", "Sandbox.Timedout", "Init timed out after 0.50 seconds"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			limit := 10 * time.Second
			if tc.init == "hang" {
				limit = 500 * time.Millisecond
			}
			h := start(t, host.Options{InitTimeout: limit}, host.Function{Env: map[string]string{"INIT": tc.init}})
			for range 2 { // each event tries again
				r := invoke(t, h, `{}`)
				if r.FunctionError != "Unhandled" || r.ErrorType != tc.wantType || !strings.Contains(string(r.Payload), tc.wantIn) {
					t.Errorf("Invoke = %q %q %s, want %q with %q", r.FunctionError, r.ErrorType, r.Payload, tc.wantType, tc.wantIn)
				}
			}
			if got := h.Stats("f").Started; got != 2 {
				t.Errorf("started = %d processes, want 2", got)
			}
		})
	}
}

// A child that breaks the protocol is told so and harms no other event.
func TestHost_RefusesMisuse(t *testing.T) {
	h := start(t, host.Options{}, host.Function{Env: map[string]string{"INIT": "misuse"}})
	// An unknown id, twice; an error of an initialisation that is over; an
	// unknown path; a poll before the answer.
	if got, want := string(invoke(t, h, `{}`).Payload), `"[400 400 403 404 403]"`; got != want {
		t.Errorf("statuses = %s, want %s", got, want)
	}
	if r := invoke(t, h, `{"do":"ok"}`); r.FunctionError != "" {
		t.Errorf("next Invoke = %s, want an answer", r.Payload)
	}
}

func TestHost_ReusesWarmProcess(t *testing.T) {
	h := start(t, host.Options{}, host.Function{})
	first := invoke(t, h, `{"do":"ok"}`)
	if first.Init <= 0 {
		t.Errorf("first Init = %v, want a cold start", first.Init)
	}
	ids := map[string]bool{first.RequestID: true}
	for range 200 {
		r := invoke(t, h, `{"do":"ok"}`)
		if got, want := pidOf(t, r), pidOf(t, first); got != want {
			t.Fatalf("pid = %d, want the warm process %d", got, want)
		}
		if r.Init != 0 {
			t.Fatalf("warm Init = %v, want 0", r.Init)
		}
		ids[r.RequestID] = true
	}
	if len(ids) != 201 {
		t.Errorf("201 invocations had %d ids", len(ids))
	}
	if cause := invoke(t, h, `{"do":"error"}`).XRayCause; !strings.Contains(cause, `"message":"plain"`) {
		t.Errorf("X-Ray cause = %s, want the message", cause)
	}
	// A function's own error does not cost the process.
	if got, want := pidOf(t, invoke(t, h, `{"do":"ok"}`)), pidOf(t, first); got != want {
		t.Errorf("pid after an error = %d, want %d", got, want)
	}
}

func TestHost_GrowsToMaxConcurrency(t *testing.T) {
	h := start(t, host.Options{}, host.Function{MaxConcurrency: 3})
	var wg sync.WaitGroup
	var mu sync.Mutex
	pids := map[int]bool{}
	for range 9 {
		wg.Go(func() {
			r, err := h.Invoke(t.Context(), "f", []byte(`{"do":"sleep","millis":200}`))
			if err != nil {
				t.Errorf("Invoke = %v", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			pids[pidOf(t, r)] = true
		})
	}
	wg.Wait()
	if len(pids) != 3 {
		t.Errorf("9 concurrent events ran in %d processes, want 3", len(pids))
	}
	if s := h.Stats("f"); s.Live != 3 || s.Started != 3 {
		t.Errorf("stats = %+v, want 3 live and 3 started", s)
	}
}

func TestHost_SurvivesCrashesUnderLoad(t *testing.T) {
	h := start(t, host.Options{}, host.Function{MaxConcurrency: 4})
	var wg sync.WaitGroup
	for i := range 120 {
		wg.Go(func() {
			event, want := `{"do":"ok"}`, ""
			switch i % 10 {
			case 0:
				event, want = `{"do":"exit"}`, "Runtime.ExitError"
			case 5:
				event, want = `{"do":"panic"}`, "string"
			}
			r, err := h.Invoke(t.Context(), "f", []byte(event))
			if err != nil || r.ErrorType != want {
				t.Errorf("Invoke(%s) = %q %s, %v, want %q", event, r.ErrorType, r.Payload, err, want)
			}
		})
	}
	wg.Wait()
}

func TestHost_CallerLeaves(t *testing.T) {
	h := start(t, host.Options{}, host.Function{MaxConcurrency: 1})
	pid := pidOf(t, invoke(t, h, `{"do":"ok"}`))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := h.Invoke(ctx, "f", []byte(`{"do":"sleep","millis":1500}`)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Invoke = %v, want the caller's deadline", err)
	}
	// One that leaves while it waits never reaches the function.
	waiting, leave := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer leave()
	if _, err := h.Invoke(waiting, "f", []byte(`{"do":"exit"}`)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("queued Invoke = %v, want the caller's deadline", err)
	}
	if got := pidOf(t, invoke(t, h, `{"do":"ok"}`)); got != pid {
		t.Errorf("pid = %d, want %d: a caller that leaves ends no process", got, pid)
	}
}

func TestHost_Environment(t *testing.T) {
	t.Setenv("GODWIT_STAGE_SECRET", "the stage's own")
	h := start(t, host.Options{Region: "eu-west-1"}, host.Function{
		MemoryMB: 3008,
		LogLevel: "INFO",
		Env:      map[string]string{"GODWIT_TABLE": "t", "AWS_ACCESS_KEY_ID": "k", "AWS_LAMBDA_FUNCTION_NAME": "other", "TZ": "Asia/Tokyo"},
	})
	tests := map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME":        "f",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008",
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_LOG_LEVEL":            "INFO",
		"AWS_LAMBDA_LOG_FORMAT":           "Text",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/f",
		"AWS_REGION":                      "eu-west-1",
		"AWS_DEFAULT_REGION":              "eu-west-1",
		"AWS_ACCESS_KEY_ID":               "k",
		"LAMBDA_TASK_ROOT":                filepath.Dir(bootstrap),
		"_HANDLER":                        "bootstrap",
		"TZ":                              ":UTC",
		"GODWIT_TABLE":                    "t",
		"GODWIT_STAGE_SECRET":             "", // nothing leaks in
	}
	for name, want := range tests {
		event, _ := json.Marshal(map[string]string{"do": "env", "name": name})
		var got string
		if err := json.Unmarshal(invoke(t, h, string(event)).Payload, &got); err != nil || got != want {
			t.Errorf("$%s = %q (%v), want %q", name, got, err, want)
		}
	}
}

func TestHost_Context(t *testing.T) {
	h := start(t, host.Options{}, host.Function{Timeout: 7 * time.Second})
	r, err := h.Invoke(t.Context(), h.ARN("f")+":live", []byte(`{"do":"context"}`))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ID, ARN string
		Millis  int64
	}
	if err := json.Unmarshal(r.Payload, &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != r.RequestID || got.ARN != "arn:aws:lambda:us-east-1:000000000000:function:f" {
		t.Errorf("context = %+v, want id %s and the function's ARN", got, r.RequestID)
	}
	if got.Millis <= 0 || got.Millis > 7000 {
		t.Errorf("time left = %d ms, want within the timeout of 7 s", got.Millis)
	}
}

func TestHost_Payloads(t *testing.T) {
	h := start(t, host.Options{}, host.Function{})
	large := `"` + strings.Repeat("é", (host.MaxRequest-2)/2) + `"`
	tests := []struct{ name, event, want string }{
		{"nothing is an empty object", ``, `{}`},
		{"numbers keep their digits", `{"n":1.10,"big":12345678901234567890}`, `{"n":1.10,"big":12345678901234567890}`},
		{"the largest event", `{"body":` + large[:len(large)-20] + `"}`, ``},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			want := tc.want
			if want == "" {
				want = tc.event
			}
			if got := invoke(t, h, tc.event); string(got.Payload) != want {
				t.Errorf("echo of %d bytes = %d bytes, error %q", len(want), len(got.Payload), got.ErrorType)
			}
		})
	}
	if _, err := h.Invoke(t.Context(), "f", make([]byte, host.MaxRequest+1)); !errors.Is(err, host.ErrTooLarge) {
		t.Errorf("Invoke of a larger event = %v, want ErrTooLarge", err)
	}
	if _, err := h.Invoke(t.Context(), "g", nil); !errors.Is(err, host.ErrUnknown) {
		t.Errorf("Invoke of another function = %v, want ErrUnknown", err)
	}
}

// writes collects what a child prints.
type writes struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *writes) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *writes) lines() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Split(strings.TrimSpace(w.buf.String()), "\n")
}

func TestHost_Output(t *testing.T) {
	t.Run("a writer gets prefixed lines", func(t *testing.T) {
		out := &writes{}
		h := start(t, host.Options{}, host.Function{Output: out, Prefix: "f | "})
		invoke(t, h, `{"do":"print"}`)
		h.Close()
		got := out.lines()
		if want := []string{"f | line one", "f | line two"}; !slices.Equal(got, want) {
			t.Errorf("output = %q, want %q", got, want)
		}
	})
	t.Run("a file is written by the child itself", func(t *testing.T) {
		file, err := os.Create(filepath.Join(t.TempDir(), "log"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() }) // after the host, which hands it to processes
		h := start(t, host.Options{}, host.Function{Output: file})
		invoke(t, h, `{"do":"print"}`)
		got, err := os.ReadFile(file.Name())
		if want := "line one\nline two"; err != nil || string(got) != want {
			t.Errorf("file = %q (%v), want %q", got, err, want)
		}
	})
}

func TestHost_IdleProcessesEnd(t *testing.T) {
	h := start(t, host.Options{IdleTimeout: 50 * time.Millisecond}, host.Function{})
	first := pidOf(t, invoke(t, h, `{"do":"ok"}`))
	eventually(t, "no live process", func() bool { return h.Stats("f").Live == 0 })
	if second := pidOf(t, invoke(t, h, `{"do":"ok"}`)); second == first {
		t.Errorf("pid = %d again, want a fresh process", second)
	}
}

func TestHost_Close(t *testing.T) {
	h := start(t, host.Options{}, host.Function{MaxConcurrency: 2})
	idle := pidOf(t, invoke(t, h, `{"do":"ok"}`))
	var grandchild int
	if err := json.Unmarshal(invoke(t, h, `{"do":"grandchild"}`).Payload, &grandchild); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 3)
	for range 3 { // two run, one waits
		go func() {
			_, err := h.Invoke(t.Context(), "f", []byte(`{"do":"sleep","millis":60000}`))
			ended <- err
		}()
	}
	eventually(t, "two busy processes", func() bool { s := h.Stats("f"); return s.Live == 2 && s.Idle == 0 })
	time.Sleep(50 * time.Millisecond) // let the third one queue
	if err := h.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	for range 3 {
		if err := <-ended; !errors.Is(err, host.ErrClosed) {
			t.Errorf("Invoke during Close = %v, want ErrClosed", err)
		}
	}
	for _, pid := range []int{idle, grandchild} {
		eventually(t, "the process group is gone", func() bool { return gone(pid) })
	}
	if _, err := h.Invoke(t.Context(), "f", nil); !errors.Is(err, host.ErrClosed) {
		t.Errorf("Invoke after Close = %v, want ErrClosed", err)
	}
	if err := h.Close(); err != nil {
		t.Errorf("second Close = %v", err)
	}
}

// A Host that is killed takes its children along: no process of a dead stage
// may go on working.
func TestHost_ChildrenDieWithTheStage(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("only Linux has a parent-death signal; elsewhere a child ends at its next poll")
		return
	}
	stage := exec.Command(os.Args[0])
	stage.Env = append(os.Environ(), "HOST_TEST_STAGE="+bootstrap)
	out, err := stage.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := stage.Start(); err != nil {
		t.Fatal(err)
	}
	var answer struct{ PID int }
	if err := json.NewDecoder(out).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if gone(answer.PID) {
		t.Fatalf("child %d is gone before the stage", answer.PID)
	}
	if err := stage.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	stage.Wait() // reports the signal
	eventually(t, "the child is gone", func() bool { return gone(answer.PID) })
}

// gone reports whether pid runs no more; a zombie that its new parent has not
// collected yet counts as gone.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestHost_Add(t *testing.T) {
	h := host.New(host.Options{})
	defer h.Close()
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.Add(host.Function{Name: "f", Bootstrap: bootstrap}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		f    host.Function
	}{
		{"no name", host.Function{Bootstrap: bootstrap}},
		{"taken", host.Function{Name: "f", Bootstrap: bootstrap}},
		{"absent", host.Function{Name: "g", Bootstrap: plain + "-not"}},
		{"not executable", host.Function{Name: "g", Bootstrap: plain}},
		{"a folder", host.Function{Name: "g", Bootstrap: filepath.Dir(plain)}},
	}
	for _, tc := range tests {
		if err := h.Add(tc.f); err == nil {
			t.Errorf("Add of a function that is %s = nil, want an error", tc.name)
		}
	}
}
