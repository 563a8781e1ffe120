package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"godwit/functions/local/stage"
)

// How long the slow parts may take on a busy machine.
const (
	startsWithin = 20 * time.Second
	trainsWithin = 2 * time.Minute
	endsWithin   = 20 * time.Second
)

// built holds the programs under test, built once when a test first asks.
var built struct {
	once  sync.Once
	dir   string // program, and bin/<function>/bootstrap
	err   error
	clean func()
}

func TestMain(m *testing.M) {
	if program := os.Getenv(killedProgram); program != "" {
		runMortal(program)
	}
	code := m.Run()
	if built.clean != nil {
		built.clean()
	}
	os.Exit(code)
}

// programs builds the stage and the product's functions, as make does, and
// returns their folder.
func programs(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		built.dir, built.err = os.MkdirTemp("", "godwit-e2e-")
		if built.err != nil {
			return
		}
		built.clean = func() { _ = os.RemoveAll(built.dir) }
		built.err = build(".", filepath.Join(built.dir, "godwit-local"), ".")
		for _, f := range []string{"authorizer", "predict", "model-registry", "train-trigger", "trainer", "batch"} {
			if built.err == nil {
				built.err = build("../..", filepath.Join(built.dir, "bin", f, "bootstrap"), "./functions/"+f)
			}
		}
	})
	if built.err != nil {
		t.Fatalf("build: %v", built.err)
	}
	return built.dir
}

// build builds one package of the module in dir with what make builds it with, so
// that what either compiled the other need not.
func build(dir, out, pkg string) error {
	tags := "lambda.norpc,nethttpomithttp2"
	if dir == "." { // the stage
		tags = ""
	}
	cmd := exec.Command("go", "build", "-C", dir, "-trimpath", "-buildvcs=false", "-tags", tags, "-ldflags", "-s -w", "-o", out, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", pkg, err, text)
	}
	return nil
}

// process is a running godwit-local.
type process struct {
	cmd    *exec.Cmd
	out    *bytes.Buffer // read it after the end
	ready  string        // path of the ready file
	ended  chan error
	stages string // TMPDIR of the process
}

// launch starts godwit-local on free ports, with data as its folder.
func launch(t *testing.T, data string, args ...string) *process {
	t.Helper()
	return launchWith(t, data, filepath.Join(programs(t), "bin"), args...)
}

// launchWith is launch with a folder of functions.
func launchWith(t *testing.T, data, bin string, args ...string) *process {
	t.Helper()
	dir := programs(t)
	p := &process{out: &bytes.Buffer{}, ready: filepath.Join(t.TempDir(), "ready.json"), ended: make(chan error, 1), stages: t.TempDir()}
	p.cmd = exec.Command(filepath.Join(dir, "godwit-local"), append(args, "-root", "../..", "-bin", bin)...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.Env = append(os.Environ(), "TMPDIR="+p.stages, "GODWIT_DATA="+data, "GODWIT_READY_FILE="+p.ready)
	for _, v := range []string{"GODWIT_API_ADDR", "GODWIT_S3_ADDR", "GODWIT_DYNAMODB_ADDR", "GODWIT_SFN_ADDR"} {
		p.cmd.Env = append(p.cmd.Env, v+"=127.0.0.1:0")
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// end waits for the process and returns its error.
func (p *process) end(t *testing.T, within time.Duration) error {
	t.Helper()
	select {
	case err := <-p.ended:
		return err
	case <-time.After(within):
		_ = p.cmd.Process.Kill()
		<-p.ended
		t.Fatalf("still running after %v:\n%s", within, p.out)
		return nil
	}
}

// serving waits until the stage serves and returns how to reach it.
func (p *process) serving(t *testing.T) stage.Ready {
	t.Helper()
	deadline := time.Now().Add(startsWithin)
	for {
		data, err := os.ReadFile(p.ready)
		if err == nil {
			var at stage.Ready
			if err := json.Unmarshal(data, &at); err != nil {
				t.Fatalf("ready file %s: %v", data, err)
			}
			return at
		}
		select {
		case err := <-p.ended:
			t.Fatalf("ended before it served: %v\n%s", err, p.out)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("not serving after %v", startsWithin)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// championOf waits for version 1 of the sample's model.
func championOf(t *testing.T, at stage.Ready) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), trainsWithin)
	defer cancel()
	c := newClient(at)
	for {
		var v struct{ Version int }
		err := c.get(ctx, "/v1/models/"+sampleModel+"@champion", &v)
		if err == nil {
			if v.Version != 1 {
				t.Fatalf("champion is version %d, want 1", v.Version)
			}
			return
		}
		if e, ok := errors.AsType[*answerError](err); !ok || e.status != 404 {
			t.Fatalf("champion: %v", err)
		}
		if wait(ctx, 50*time.Millisecond) != nil {
			t.Fatalf("no champion within %v", trainsWithin)
		}
	}
}

func TestDemo_EndToEnd(t *testing.T) {
	p := launch(t, t.TempDir(), "demo")
	if err := p.end(t, trainsWithin); err != nil {
		t.Fatalf("demo: %v\n%s", err, p.out)
	}
	for _, want := range []string{"accuracy", "version 1 is champion", "delivery_status", "because:"} {
		if !strings.Contains(p.out.String(), want) {
			t.Errorf("demo printed no %q:\n%s", want, p.out)
		}
	}
	if left, err := os.ReadDir(p.stages); err != nil || len(left) > 0 {
		t.Errorf("the demo left %v, %v behind", left, err)
	}
}

func TestServe_EndToEnd(t *testing.T) {
	data := t.TempDir()
	p := launch(t, data, "serve")
	at := p.serving(t)
	championOf(t, at)
	children := childrenOf(t, p.cmd.Process.Pid)
	if len(children) == 0 {
		t.Error("a stage that answered has no function processes")
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.end(t, endsWithin); err != nil {
		t.Errorf("serve after SIGTERM: %v\n%s", err, p.out)
	}
	if _, err := os.Stat(p.ready); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ready file after the end: %v, want it gone", err)
	}
	gone(t, children)

	again := launch(t, data, "serve")
	championOf(t, again.serving(t))
	if err := again.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := again.end(t, endsWithin); err != nil {
		t.Errorf("serve after an interrupt: %v\n%s", err, again.out)
	}
	if strings.Contains(again.out.String(), "Training model") {
		t.Errorf("the sample was loaded a second time:\n%s", again.out)
	}
}

func TestServe_SurvivesKillDuringTraining(t *testing.T) {
	data := t.TempDir()
	p := launch(t, data, "serve")
	c := newClient(p.serving(t))
	if _, err := newest(t.Context(), c, sampleModel); err != nil {
		t.Fatal(err)
	}
	children := childrenOf(t, p.cmd.Process.Pid)
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	gone(t, children)

	again := launch(t, data, "serve")
	at := again.serving(t)
	done, err := follow(t.Context(), newClient(at), sampleModel, func(step) {})
	if err != nil || done.Version != 1 {
		t.Errorf("the job after the kill = %+v, %v, want version 1", done, err)
	}
	championOf(t, at)
}

// childrenOf returns the processes below pid, where the system tells.
func childrenOf(t *testing.T, pid int) []int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return []int{pid}
	}
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	var children []int
	for _, list := range lists {
		data, err := os.ReadFile(list)
		if err != nil {
			continue // the thread ended
		}
		for _, field := range strings.Fields(string(data)) {
			var child int
			if _, err := fmt.Sscan(field, &child); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

// gone checks that none of the processes lives on.
func gone(t *testing.T, pids []int) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for _, pid := range pids {
		for syscall.Kill(pid, 0) == nil && !zombie(pid) {
			if time.Now().After(deadline) {
				t.Errorf("process %d outlived the stage", pid)
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// zombie reports whether a process has ended and only waits to be collected.
func zombie(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(data), ") Z ")
}
