package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"godwit/shared/stagetest"
)

// How long the stage may take, from start to serving and to its end.
const stageLimit = 30 * time.Second

// stage is the local stage under load. Its addresses stay when it is killed and
// started again.
type stage struct {
	root, folder string
	addresses    []string // NAME=127.0.0.1:port
	at           stagetest.Endpoints
	cmd          *exec.Cmd
	ended        chan struct{}
}

// start starts the stage and waits until it serves.
func (s *stage) start(ctx context.Context) error {
	if s.addresses == nil {
		for _, name := range []string{"GODWIT_API_ADDR", "GODWIT_S3_ADDR", "GODWIT_DYNAMODB_ADDR", "GODWIT_SFN_ADDR"} {
			addr, err := freeAddress()
			if err != nil {
				return err
			}
			s.addresses = append(s.addresses, name+"="+addr)
		}
	}
	ready := filepath.Join(s.folder, "ready.json")
	if err := os.RemoveAll(ready); err != nil {
		return err
	}
	build := filepath.Join(s.root, ".build")
	s.cmd = exec.Command(filepath.Join(build, "godwit-local"), "serve", "-root", s.root, "-bin", filepath.Join(build, "host"))
	s.cmd.Env = append(append(os.Environ(), s.addresses...), "GODWIT_DATA="+filepath.Join(s.folder, "data"), "GODWIT_READY_FILE="+ready)
	var said bytes.Buffer
	s.cmd.Stderr = &said
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start the stage (`make stage` builds it): %w", err)
	}
	s.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		defer close(ended)
		_ = cmd.Wait() // killed on purpose, or told by ready
	}(s.cmd, s.ended)
	for deadline := time.Now().Add(stageLimit); ; {
		if data, err := os.ReadFile(ready); err == nil {
			return json.Unmarshal(data, &s.at)
		}
		select {
		case <-s.ended:
			return fmt.Errorf("the stage ended before it served: %s", said.Bytes())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the stage does not serve within %v", stageLimit)
		}
	}
}

// kill ends the stage as a power cut would.
func (s *stage) kill() error {
	if err := s.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("kill the stage: %w", err)
	}
	<-s.ended
	return nil
}

// stop ends the stage politely.
func (s *stage) stop() error {
	if s.cmd == nil || s.cmd.Process == nil {
		return nil
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the stage: %w", err)
	}
	select {
	case <-s.ended:
		return nil
	case <-time.After(stageLimit):
		return errors.Join(fmt.Errorf("the stage does not end within %v", stageLimit), s.kill())
	}
}

// freeAddress returns a loopback address nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
