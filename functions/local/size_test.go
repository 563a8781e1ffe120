package main

import (
	"bytes"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// largestProgram and largestZip are what a deployed program may weigh, in bytes:
// a cold start fetches and reads all of it.
const (
	largestProgram = 11 << 20
	largestZip     = 9 << 19 // 4.5 MB
)

// heavier are the programs that may weigh more, by their folders, and no more
// than this.
var heavier = map[string]struct{ program, zip int }{
	// html/template looks methods up by name, so the linker keeps every exported
	// method of every type that can be reached from an interface: that of S3's
	// client too, with all its operations, for s3.New itself makes it one.
	"model-registry": {19 << 20, 13 << 19},
	// It holds all learners and is started by the state machine, not by a caller
	// who waits.
	"trainer": {25 << 19, 19 << 18},
}

// workflow is the module of the workflow engine's client. It sets up its tables in
// every program that imports it, each time one starts: only those that start or
// follow jobs may.
const workflow = "github.com/aws/aws-sdk-go-v2/service/sfn"

// followers are the programs that start or follow jobs.
var followers = []string{"model-registry", "train-trigger"}

// builds matches the lines of the Makefile that name SAM's target of a function.
var builds = regexp.MustCompile(`(?m)^build-(\w+): +FUNCTION = (\S+)$`)

// TestBuild_Sizes builds every function as SAM does and holds it to its size and
// to the clients it needs.
// What grows a program is mostly a table in a package variable: the linker keeps
// all that such a table mentions, in every program that imports the package.
func TestBuild_Sizes(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	targets := builds.FindAllSubmatch(makefile, -1)
	if len(targets) < 6 {
		t.Fatalf("the Makefile builds %d functions, want at least 6", len(targets))
	}
	deflate := filepath.Join(t.TempDir(), "deflate")
	if err := build(".", deflate, "./testdata/deflate"); err != nil {
		t.Fatal(err)
	}
	for _, target := range targets {
		name := string(target[2])
		t.Run(name, func(t *testing.T) {
			most := heavier[name]
			if most.program == 0 {
				most.program, most.zip = largestProgram, largestZip
			}
			dir := t.TempDir()
			makes(t, "build-"+string(target[1]), "ARTIFACTS_DIR="+dir)
			program, err := os.ReadFile(filepath.Join(dir, "bootstrap"))
			if err != nil {
				t.Fatal(err)
			}
			if got := len(program); got > most.program {
				t.Errorf("program = %d bytes, want at most %d", got, most.program)
			}
			if got := deflated(t, deflate, program); got > most.zip {
				t.Errorf("zip = %d bytes, want at most %d", got, most.zip)
			}
			if got, want := linked(t, program, workflow), slices.Contains(followers, name); got != want {
				t.Errorf("linked with %s: %t, want %t", workflow, got, want)
			}
		})
	}
}

// linked reports whether a module is part of a program.
func linked(t *testing.T, program []byte, module string) bool {
	t.Helper()
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(info.Deps, func(m *debug.Module) bool { return m.Path == module })
}

// deflated is the size of data in a zip, as testdata/deflate finds it.
func deflated(t *testing.T, deflate string, data []byte) int {
	t.Helper()
	cmd := exec.Command(deflate)
	cmd.Stdin = bytes.NewReader(data)
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("deflate: %v\n%s", err, said)
	}
	size, err := strconv.Atoi(strings.TrimSpace(string(said)))
	if err != nil {
		t.Fatal(err)
	}
	return size
}
