package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"
)

// coldLimit bounds one cold start.
const coldLimit = 20 * time.Second

// sandbox starts a function as Lambda would, one process after the other, to
// time its start. The Runtime API it speaks is just enough for one event.
type sandbox struct {
	bootstrap string
	env       []string // all of it: nothing of ours leaks in
}

// coldStart is what became of one started process.
type coldStart struct {
	poll   float64 // seconds from exec to the first call of the Runtime API
	answer float64 // seconds from exec to the answer; 0 when no event was sent
	body   []byte  // the answer
	peak   int64   // bytes of memory at most
}

// start runs one process until it polls or, with an event, until it has
// answered that, and ends it.
func (s sandbox) start(ctx context.Context, event []byte) (coldStart, error) {
	ctx, cancel := context.WithTimeout(ctx, coldLimit)
	defer cancel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return coldStart{}, err
	}
	polled, answered, failed := make(chan time.Time, 1), make(chan reply, 1), make(chan error, 1)
	server := &http.Server{Handler: runtimeAPI(ctx, event, polled, answered, failed)}
	go server.Serve(listener) // ends with Close
	defer server.Close()

	cmd := exec.Command(s.bootstrap)
	cmd.Dir = filepath.Dir(s.bootstrap)
	cmd.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String()}, s.env...)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return coldStart{}, err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed, that is no news
	}()
	var c coldStart
	select {
	case at := <-polled:
		c.poll = at.Sub(began).Seconds()
	case err := <-failed:
		return c, err
	case <-ctx.Done():
		return c, fmt.Errorf("%s did not poll: %w", s.bootstrap, ctx.Err())
	}
	if event != nil {
		select {
		case r := <-answered:
			c.answer, c.body = r.at.Sub(began).Seconds(), r.body
		case err := <-failed:
			return c, err
		case <-ctx.Done():
			return c, fmt.Errorf("%s did not answer: %w", s.bootstrap, ctx.Err())
		}
	}
	c.peak = statusBytes(cmd.Process.Pid, "VmHWM")
	return c, nil
}

// reply is an answer and when it came.
type reply struct {
	at   time.Time
	body []byte
}

// runtimeAPI hands out the event once and tells what the process does. Later
// polls wait for ctx.
func runtimeAPI(ctx context.Context, event []byte, polled chan<- time.Time, answered chan<- reply, failed chan<- error) http.Handler {
	const base = "/2018-06-01/runtime/"
	mux := http.NewServeMux()
	var handed atomic.Bool
	mux.HandleFunc("GET "+base+"invocation/next", func(w http.ResponseWriter, r *http.Request) {
		at := time.Now()
		first := !handed.Swap(true)
		if first {
			polled <- at
		}
		if !first || event == nil {
			select {
			case <-ctx.Done():
			case <-r.Context().Done():
			}
			return
		}
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8f5f0e0c-6a3f-4b1c-9d0a-3f6a1c9d7e55")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(at.Add(coldLimit).UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:bench")
		w.Write(event)
	})
	mux.HandleFunc("POST "+base+"invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		if err != nil {
			failed <- err
			return
		}
		answered <- reply{time.Now(), body}
	})
	refuse := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		failed <- errors.Join(fmt.Errorf("the function failed: %s", body), err)
	}
	mux.HandleFunc("POST "+base+"invocation/{id}/error", refuse)
	mux.HandleFunc("POST "+base+"init/error", refuse)
	return mux
}

// coldStarts sums up several.
type coldStarts struct {
	poll, least, answer float64 // median, least, and median seconds
	peak                int64   // bytes, of the largest
}

// many starts n processes. before, when not nil, runs ahead of each; check
// judges every answer to the event.
func (s sandbox) many(ctx context.Context, n int, event []byte, before func() error, check func([]byte) error) (all coldStarts, err error) {
	polls, answers := make([]float64, n), make([]float64, n)
	for i := range n {
		if before != nil {
			if err := before(); err != nil {
				return all, err
			}
		}
		c, err := s.start(ctx, event)
		if err != nil {
			return all, err
		}
		if event != nil {
			if err := check(c.body); err != nil {
				return all, err
			}
		}
		polls[i], answers[i], all.peak = c.poll, c.answer, max(all.peak, c.peak)
	}
	all.poll, all.answer = median(polls), median(answers)
	all.least = polls[0] // median has sorted them
	return all, nil
}
