package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what a process took.
type usage struct {
	User   float64   `json:"user"` // processor seconds outside the kernel
	Wall   float64   `json:"wall"` // seconds from start to end
	Peak   int64     `json:"peak"` // bytes of memory at most
	Output string    `json:"output"`
	At     time.Time `json:"at"`
}

// result reads the line of a program's output that starts with RESULT into out.
func (u usage) result(out any) error {
	for l := range strings.Lines(u.Output) {
		if data, ok := strings.CutPrefix(l, "RESULT "); ok {
			return json.Unmarshal([]byte(data), out)
		}
	}
	return fmt.Errorf("no RESULT in %q", u.Output[:min(len(u.Output), 200)])
}

// exitError is a program that failed, with what it said last.
type exitError struct {
	name string
	said string
	err  error
}

func (e *exitError) Error() string { return fmt.Sprintf("%s: %v: %s", e.name, e.err, e.said) }
func (e *exitError) Unwrap() error { return e.err }

// measure runs a program to its end; env is added to the environment. A
// program that fails is an *exitError.
func measure(ctx context.Context, env []string, name string, args ...string) (usage, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	u := usage{At: time.Now().UTC()}
	if err := cmd.Start(); err != nil {
		return u, err
	}
	done := make(chan struct{})
	peak := make(chan int64, 1)
	go func() { peak <- watchPeak(cmd.Process.Pid, done) }()
	err := cmd.Wait()
	u.Wall = time.Since(u.At).Seconds()
	close(done)
	u.Peak = <-peak
	u.Output = out.String()
	if err != nil {
		return u, &exitError{name: name, said: lastLine(said.String()), err: err}
	}
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.User = float64(r.Utime.Sec) + 1e-6*float64(r.Utime.Usec)
	}
	return u, nil
}

// enough is how much time, in seconds, repeating a measurement may take.
const enough = 10

// least runs a program a few times, fewer when it takes long, and returns the
// least times, the largest memory and the output of the fastest: other programs
// only add to a time.
func least(run func() (usage, error)) (usage, error) {
	best, err := run()
	spent := best.Wall
	for i := 1; i < repeats && err == nil && spent < enough; i++ {
		var u usage
		if u, err = run(); err != nil {
			break
		}
		spent += u.Wall
		if u.Wall < best.Wall {
			best.Output = u.Output // with the times it tells itself
		}
		best.User, best.Wall, best.Peak = min(best.User, u.User), min(best.Wall, u.Wall), max(best.Peak, u.Peak)
	}
	return best, err
}

// lastLine returns the last line of s: the one with the reason in a traceback.
func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// watchPeak follows the largest resident size of a process until done. The
// kernel's own figure for an ended child would not do: it starts at the size of
// the parent the child was forked from.
func watchPeak(pid int, done <-chan struct{}) int64 {
	var peak int64
	for {
		peak = max(peak, statusBytes(pid, "VmHWM"))
		select {
		case <-done:
			return peak
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// statusBytes returns a size of /proc/PID/status, 0 when there is none.
func statusBytes(pid int, field string) int64 {
	kb, _, _ := strings.Cut(statusField(pid, field), " ")
	n, err := strconv.ParseInt(kb, 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}

// statusField returns a field of /proc/PID/status, "" when there is none.
func statusField(pid int, field string) string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return ""
	}
	for l := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(l, field+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// processorSeconds returns what this process has used so far, kernel included.
func processorSeconds() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0 // never for RUSAGE_SELF
	}
	return float64(r.Utime.Sec+r.Stime.Sec) + 1e-6*float64(r.Utime.Usec+r.Stime.Usec)
}

// notFound reports a program that is not installed.
func notFound(err error) bool {
	return errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist)
}

// busySeconds returns what all programs together have used of the processors
// since the machine started, 0 where that is not known.
func busySeconds() float64 {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	// "cpu", then user, nice, system, idle, iowait, irq, softirq, steal in
	// hundredths of a second (proc(5)).
	fields := strings.Fields(string(data[:max(0, bytes.IndexByte(data, '\n'))]))
	busy := 0.0
	for i, field := range fields[min(1, len(fields)):] {
		if ticks, err := strconv.ParseFloat(field, 64); err == nil && i != 3 && i != 4 && i < 8 {
			busy += ticks
		}
	}
	return busy / 100
}
