package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

const (
	stopGrace = 500 * time.Millisecond // between SIGTERM and SIGKILL when the Host closes
	exitGrace = time.Second            // for the last requests and output of an ended process
)

// process is one child: an execution environment in AWS's words. The fields
// below the lock comment are guarded by the pool's lock. Its life, by them:
//
//	spawned                 live; counted in pool.starting
//	first poll              polled; offered: gets the event waiting longest, or is idle
//	hand                    next: an event was put into fetch, the child does not have it
//	poll fetches it         current: the child has it; deadline runs
//	answer                  current is over; offered again, before the next poll comes
//	error, refused answer   current is over; offered only when it polls again
//	timeout, idle, Close    doomed: gets nothing more; killed, or asked and then killed
//	ended                   out of pool.live; current fails, next goes to another process
//
// An event is thus lost to a dying child only when the child had it in hand.
type process struct {
	pool  *pool
	fetch chan *invocation // from hand to the poll that fetches it; has room for one
	since time.Time        // of the start

	// Guarded by pool.mu.
	pid         int
	polled      bool        // it has asked for work at least once
	offered     bool        // it may be handed an event, or has been, since its last answer
	doomed      bool        // it is being ended: give it nothing
	next        *invocation // handed, not fetched yet
	current     *invocation // fetched, not answered yet
	initFailure *Result     // why it will end before its first poll
	deadline    *time.Timer // of the start or of timed; nil when stopped
	timed       *invocation // the event deadline belongs to: delivered, not yet followed by a poll
	idleTimer   *time.Timer
}

func newProcess(p *pool) *process {
	e := &process{pool: p, fetch: make(chan *invocation, 1), since: p.host.opts.Now()}
	// Armed by offer.
	e.idleTimer = time.AfterFunc(time.Hour, e.reap)
	e.idleTimer.Stop()
	return e
}

// run starts the child, serves it and returns when it has ended and its
// events are settled.
func (e *process) run() {
	log := e.pool.host.opts.Log.With("function", e.pool.fn.Name)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		e.pool.exited(e, fmt.Errorf("listen for the Runtime API: %w", err))
		return
	}
	// The cause of a runtime's error travels in a header of up to 1 MiB.
	server := &http.Server{Handler: e.routes(), MaxHeaderBytes: 2 << 20, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	serving := make(chan struct{})
	go func() {
		defer close(serving)
		server.Serve(listener) // always ends with ErrServerClosed
	}()

	how := e.child(listener.Addr().String(), log)

	// What the child sent last still counts, also when it did not wait for
	// our reply.
	ctx, cancel := context.WithTimeout(context.Background(), exitGrace)
	defer cancel()
	server.Shutdown(ctx) // past the grace Close below ends what is left
	server.Close()
	<-serving
	e.pool.exited(e, how)
}

// child runs the bootstrap to its end and returns how it ended: nil for exit
// status 0.
func (e *process) child(api string, log *slog.Logger) error {
	f := e.pool.fn
	// Not CommandContext: an end is always decided under the pool's lock.
	cmd := exec.Command(f.Bootstrap)
	cmd.Dir = filepath.Dir(f.Bootstrap)
	cmd.Env = e.environment(api)
	cmd.SysProcAttr = childAttributes()
	cmd.WaitDelay = exitGrace // a grandchild may hold the output open for ever
	if out := outputOf(f); out != nil {
		cmd.Stdout, cmd.Stderr = out, out
		if lines, ok := out.(*lineWriter); ok {
			defer lines.end()
		}
	}
	if err := e.pool.host.spawn.do(cmd.Start); err != nil {
		return &startError{err}
	}
	e.begun(cmd.Process.Pid)
	log.Debug("process started", "pid", cmd.Process.Pid)
	how := cmd.Wait()
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what is left of its group
	log.Debug("process ended", "pid", cmd.Process.Pid, "how", cmd.ProcessState.String())
	if errors.Is(how, exec.ErrWaitDelay) {
		return nil // status 0, only the output had to be cut
	}
	return how
}

// begun notes the child's pid and starts the clock of its initialisation.
func (e *process) begun(pid int) {
	e.pool.mu.Lock()
	defer e.pool.mu.Unlock()
	e.pid = pid
	if e.pool.closed {
		e.terminate()
		return
	}
	if e.polled {
		return // it was faster than this goroutine
	}
	limit := e.pool.host.opts.InitTimeout
	e.deadline = time.AfterFunc(limit, func() {
		e.pool.mu.Lock()
		defer e.pool.mu.Unlock()
		if e.polled {
			return // in time after all
		}
		r := failure("Sandbox.Timedout", fmt.Sprintf("Error: Init timed out after %.2f seconds", limit.Seconds()))
		e.initFailure = &r
		e.kill()
	})
}

// environment returns the child's environment: Lambda's, and nothing of ours.
func (e *process) environment(api string) []string {
	f, opts := e.pool.fn, e.pool.host.opts
	dir := filepath.Dir(f.Bootstrap)
	// HOME, proxies and our own credentials stay out: on AWS they are not there.
	env := map[string]string{
		"PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"LANG": "en_US.UTF-8",
	}
	for name, value := range f.Env {
		env[name] = value
	}
	// The reserved names of
	// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
	reserved := map[string]string{
		"AWS_LAMBDA_RUNTIME_API":          api,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      e.since.UTC().Format("2006/01/02") + "/[$LATEST]" + opts.NewID(),
		"AWS_LAMBDA_LOG_FORMAT":           f.LogFormat,
		"AWS_REGION":                      opts.Region,
		"AWS_DEFAULT_REGION":              opts.Region,
		"LAMBDA_TASK_ROOT":                dir,
		"LAMBDA_RUNTIME_DIR":              dir,
		"_HANDLER":                        "bootstrap",
		"TZ":                              ":UTC",
	}
	if f.LogLevel != "" {
		reserved["AWS_LAMBDA_LOG_LEVEL"] = f.LogLevel
	}
	for name, value := range reserved {
		env[name] = value
	}
	list := make([]string, 0, len(env))
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	return list
}

// hand gives inv to a process that was offered. The lock is held.
func (e *process) hand(inv *invocation) {
	e.idleTimer.Stop()
	e.next = inv
	e.fetch <- inv // there is room: a process holds one event at a time
}

// reap ends a process that has been idle for long.
func (e *process) reap() {
	e.pool.mu.Lock()
	defer e.pool.mu.Unlock()
	if e.pool.withdraw(e) {
		e.doomed = true
		e.terminate()
	}
}

// kill ends the child and its group at once. The lock is held.
func (e *process) kill() {
	e.doomed = true
	// Negative: the group, which is named after its leader.
	if e.pid > 0 {
		syscall.Kill(-e.pid, syscall.SIGKILL)
	}
}

// terminate asks the child to end and kills it after a grace. The lock is held.
func (e *process) terminate() {
	if e.pid == 0 {
		return // begun looks again
	}
	syscall.Kill(-e.pid, syscall.SIGTERM)
	time.AfterFunc(stopGrace, func() {
		e.pool.mu.Lock()
		defer e.pool.mu.Unlock()
		// Its pid may be another's once it has been collected.
		if _, alive := e.pool.live[e]; alive {
			e.kill()
		}
	})
}

// stopTimers ends the clocks. The lock is held.
func (e *process) stopTimers() {
	e.idleTimer.Stop()
	if e.deadline != nil {
		e.deadline.Stop()
		e.deadline = nil
	}
}

// spawner starts children on one OS thread that lives as long as the Host:
// Linux sends a child its parent-death signal when the thread that started it
// ends, not the process (prctl(2), PR_SET_PDEATHSIG).
type spawner struct{ requests chan func() }

func newSpawner() *spawner {
	s := &spawner{requests: make(chan func())}
	go func() {
		runtime.LockOSThread()
		for start := range s.requests {
			start()
		}
	}()
	return s
}

// do runs start on the thread and returns its error.
func (s *spawner) do(start func() error) error {
	result := make(chan error, 1)
	s.requests <- func() { result <- start() }
	return <-result
}

// close ends the thread; no child may be alive.
func (s *spawner) close() { close(s.requests) }

// outputOf returns where a child writes; nil is nowhere. A plain file is
// handed to the child itself, anything else is fed line by line.
func outputOf(f Function) io.Writer {
	if f.Output == nil {
		return nil
	}
	if file, ok := f.Output.(*os.File); ok && f.Prefix == "" {
		return file
	}
	return &lineWriter{to: f.Output, prefix: []byte(f.Prefix)}
}
