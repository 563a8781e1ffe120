// Package host runs Lambda functions on this machine: it speaks the Lambda
// Runtime API and starts the very bootstrap binaries that would be deployed
// as child processes.
//
// A Host holds functions; each has a pool of processes that grows on demand
// up to its concurrency and shrinks when processes stay idle. Every process
// has a Runtime API listener of its own, so no process can answer for another.
// The life of a process is that of an execution environment on AWS: it is
// warm after its first event, is killed when an event outlives the timeout,
// and is replaced after a crash.
//
// What it deliberately does not do: limit CPU or memory, freeze a process
// between events, run extensions beside the runtime's own or stream responses. Where AWS throttles a
// function at its concurrency, the Host lets the caller wait.
//
// Protocol: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// MaxRequest and MaxResponse are the payload bytes of a synchronous
// invocation, as on AWS: 6 MiB in, and 100 bytes more out.
const (
	MaxRequest  = 6 << 20
	MaxResponse = 6<<20 + 100
)

// Errors of the Host itself. A failure of the function is not one of them: it
// is a Result with FunctionError set.
var (
	ErrUnknown  = errors.New("no such function")
	ErrTooLarge = fmt.Errorf("event is larger than %d bytes", MaxRequest)
	ErrClosed   = errors.New("host is closed")
)

// Options configure a Host. The zero value is useful.
type Options struct {
	Region      string           // default us-east-1
	AccountID   string           // in function ARNs; default 000000000000
	InitTimeout time.Duration    // spawn to first poll, at most; default 10 s, as on AWS
	IdleTimeout time.Duration    // an idle process ends after it; default 5 min
	Now         func() time.Time // default time.Now
	NewID       func() string    // request ids, unique; default random UUIDs
	Log         *slog.Logger     // process starts and ends; default discards
}

// Function is a function to run.
type Function struct {
	Name           string            // unique in the Host
	Bootstrap      string            // path of the executable
	Env            map[string]string // environment as in the template, and credentials; reserved names lose
	Timeout        time.Duration     // of one event; default 3 s
	MemoryMB       int               // told to the function, not enforced; default 128
	MaxConcurrency int               // processes, at most; default 10
	LogFormat      string            // AWS_LAMBDA_LOG_FORMAT; default Text
	LogLevel       string            // AWS_LAMBDA_LOG_LEVEL; default unset
	Output         io.Writer         // stdout and stderr, one Write per line; default discards; must be safe for concurrent use
	Prefix         string            // in front of each line of Output
}

// Result is the function's answer to one event.
type Result struct {
	Payload       []byte        // what the function returned, or its error as JSON
	FunctionError string        // "" for an answer, "Unhandled" for an error, as X-Amz-Function-Error
	ErrorType     string        // errorType of an error, such as Godwit.Input or Runtime.ExitError
	XRayCause     string        // the error's X-Ray cause (JSON) when the runtime gave one
	RequestID     string        // the invocation's unique id
	Init          time.Duration // spawn to first poll of a cold start, 0 when warm
}

// Host runs functions. It is safe for concurrent use; New makes one.
type Host struct {
	opts  Options
	spawn *spawner

	mu     sync.RWMutex
	pools  map[string]*pool
	closed bool
}

// New returns a Host without functions. Close must be called.
func New(opts Options) *Host {
	opts.Region = cmp.Or(opts.Region, "us-east-1")
	opts.AccountID = cmp.Or(opts.AccountID, "000000000000")
	opts.InitTimeout = cmp.Or(opts.InitTimeout, 10*time.Second)
	opts.IdleTimeout = cmp.Or(opts.IdleTimeout, 5*time.Minute)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.NewID == nil {
		opts.NewID = newUUID
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Host{opts: opts, spawn: newSpawner(), pools: map[string]*pool{}}
}

// Add makes f known. It starts no process. It fails when the name is taken or
// the bootstrap is not an executable file.
func (h *Host) Add(f Function) error {
	if f.Name == "" {
		return errors.New("add function: it has no name")
	}
	path, err := filepath.Abs(f.Bootstrap)
	if err != nil {
		return fmt.Errorf("add function %s: %w", f.Name, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("add function %s: %w", f.Name, err)
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("add function %s: %s is not an executable file", f.Name, path)
	}
	// Absolute: another part of the stage changes the working directory.
	f.Bootstrap = path
	f.Timeout = cmp.Or(f.Timeout, 3*time.Second)
	f.MemoryMB = cmp.Or(f.MemoryMB, 128)
	f.MaxConcurrency = cmp.Or(f.MaxConcurrency, 10)
	f.LogFormat = cmp.Or(f.LogFormat, "Text")

	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return ErrClosed
	}
	if _, taken := h.pools[f.Name]; taken {
		return fmt.Errorf("add function %s: the name is taken", f.Name)
	}
	h.pools[f.Name] = newPool(h, f)
	return nil
}

// ARN returns the ARN of the function named name.
func (h *Host) ARN(name string) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", h.opts.Region, h.opts.AccountID, name)
}

// Invoke hands payload to the function called name (a name or an ARN, with or
// without a qualifier) and returns its answer. An empty payload is sent as {}.
//
// A function that fails, crashes, does not start or exceeds its timeout is a
// Result with FunctionError set and a nil error. An error means that there is
// no answer: ErrUnknown, ErrTooLarge, ErrClosed or ctx's error. As on AWS, a
// caller that leaves does not stop the function: it runs until it answers or
// times out. The payload must not be changed until Invoke returns, nor after
// an early return for ctx.
func (h *Host) Invoke(ctx context.Context, name string, payload []byte) (Result, error) {
	p, err := h.pool(name)
	if err != nil {
		return Result{}, err
	}
	if len(payload) > MaxRequest {
		return Result{}, fmt.Errorf("invoke %s: %w", name, ErrTooLarge)
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	inv := &invocation{id: h.opts.NewID(), payload: payload, done: make(chan outcome, 1)}
	if err := p.submit(inv); err != nil {
		return Result{}, fmt.Errorf("invoke %s: %w", name, err)
	}
	select {
	case out := <-inv.done:
		if out.err != nil {
			return Result{}, fmt.Errorf("invoke %s: %w", name, out.err)
		}
		out.result.RequestID, out.result.Init = inv.id, inv.init
		return out.result, nil
	case <-ctx.Done():
		// One that has begun runs on; only one that still waits is taken back.
		p.forget(inv)
		return Result{}, fmt.Errorf("invoke %s: %w", name, ctx.Err())
	}
}

// Stats counts the processes of one function.
type Stats struct {
	Live    int // started and not ended, idle ones included
	Idle    int // waiting for an event
	Started int // ever
}

// Stats returns the counts of the function called name, zero when unknown.
func (h *Host) Stats(name string) Stats {
	p, err := h.pool(name)
	if err != nil {
		return Stats{}
	}
	return p.stats()
}

// Close ends every process and waits for them. Running invocations return
// ErrClosed. Close may be called more than once.
func (h *Host) Close() error {
	h.mu.Lock()
	first := !h.closed
	h.closed = true
	h.mu.Unlock()
	// Nothing is added any more, so pools can be read without the lock, which
	// an ending process must not wait for.
	// All are told to end before any is waited for.
	for _, p := range h.pools {
		p.close()
	}
	for _, p := range h.pools {
		p.ending.Wait()
	}
	if first {
		h.spawn.close()
	}
	return nil
}

// pool returns the pool of the function with this name or ARN.
func (h *Host) pool(name string) (*pool, error) {
	if _, rest, isARN := strings.Cut(name, ":function:"); isARN {
		name, _, _ = strings.Cut(rest, ":")
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.closed {
		return nil, ErrClosed
	}
	p, ok := h.pools[name]
	if !ok {
		return nil, fmt.Errorf("invoke %s: %w", name, ErrUnknown)
	}
	return p, nil
}
