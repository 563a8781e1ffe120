package host_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"godwit/functions/local/host"
)

// bootstrap is the executable of testdata/bootstrap, built once.
var bootstrap string

func TestMain(m *testing.M) {
	if path := os.Getenv("HOST_TEST_STAGE"); path != "" {
		os.Exit(stage(path))
	}
	os.Exit(run(m))
}

// stage is this program as a stage of its own, which a test kills: it prints
// the answer of one event and stays.
func stage(path string) int {
	h := host.New(host.Options{})
	if err := h.Add(host.Function{Name: "f", Bootstrap: path}); err != nil {
		return 1
	}
	r, err := h.Invoke(context.Background(), "f", []byte(`{"do":"ok"}`))
	if err != nil {
		return 1
	}
	os.Stdout.Write(append(r.Payload, '\n'))
	time.Sleep(time.Minute)
	return 0
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "host")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bootstrap = filepath.Join(dir, "bootstrap")
	build := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", bootstrap, "./testdata/bootstrap")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build testdata/bootstrap: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
