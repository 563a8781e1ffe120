// Package stagetest gives tests of AWS adapters a service to talk to and ways
// to break the line to it.
//
// Start runs the local stage (functions/local), Moto an independent
// implementation that judges the adapters and the stage alike, and Line is an
// HTTP transport that loses answers, throttles, cuts and damages them by plan.
// Everything is a child of the test and ends with it; nothing but loopback
// addresses is used.
package stagetest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Bounds of a child's life.
const (
	startTime = 30 * time.Second
	stopTime  = 10 * time.Second
)

// child is a server process of a test.
type child struct {
	cmd    *exec.Cmd
	output *tail
	ended  chan struct{} // closed once the process is gone
}

// run starts cmd and stops it, and all it started, at the end of the test.
func run(tb testing.TB, cmd *exec.Cmd) *child {
	tb.Helper()
	c := &child{cmd: cmd, output: &tail{}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = c.output, c.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = stopTime // a grandchild may keep the output open
	if err := cmd.Start(); err != nil {
		tb.Fatalf("start %s: %v", cmd.Path, err)
	}
	go func() {
		defer close(c.ended)
		_ = cmd.Wait() // how it ended matters only before it was ready, see await
	}()
	tb.Cleanup(func() { c.stop(tb) })
	return c
}

// await calls ready until it answers, the child ends or time is up.
func (c *child) await(tb testing.TB, ready func() bool) {
	tb.Helper()
	for end := time.Now().Add(startTime); time.Now().Before(end); {
		if ready() {
			return
		}
		select {
		case <-c.ended:
			tb.Fatalf("%s ended before it served:\n%s", c.cmd.Path, c.output)
		case <-time.After(20 * time.Millisecond):
		}
	}
	tb.Fatalf("%s did not serve within %v:\n%s", c.cmd.Path, startTime, c.output)
}

// stop ends the child's process group, politely first.
func (c *child) stop(tb testing.TB) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := syscall.Kill(-c.cmd.Process.Pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			tb.Errorf("stop %s: %v", c.cmd.Path, err)
		}
		select {
		case <-c.ended:
			return
		case <-time.After(stopTime):
		}
	}
	tb.Errorf("%s does not end", c.cmd.Path)
}

// tail keeps the last bytes a child printed, for the message of a failure.
type tail struct {
	mu   sync.Mutex
	data bytes.Buffer
}

// Write keeps p, dropping the oldest beyond 64 KB.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data.Write(p)
	if over := t.data.Len() - 64<<10; over > 0 {
		t.data.Next(over)
	}
	return len(p), nil
}

// String returns what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.data.String()
}

// freePort returns a loopback port nobody listens on right now.
func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("find a free port: %v", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Moto starts the moto server named by the environment variable GODWIT_MOTO
// and returns its URL, which answers for every AWS service with any
// credentials. ok is false when the variable is not set: the caller then
// leaves its moto variant out.
func Moto(tb testing.TB) (url string, ok bool) {
	tb.Helper()
	command := os.Getenv("GODWIT_MOTO")
	if command == "" {
		return "", false
	}
	port := freePort(tb)
	c := run(tb, exec.Command(command, "-H", "127.0.0.1", "-p", fmt.Sprint(port)))
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	c.await(tb, func() bool {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
	return "http://" + addr, true
}
