package main

import (
	"bytes"
	"compress/flate"
	"os"
	"path/filepath"
	"regexp"
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
	// client too, with all its operations, for the SDK itself makes it one.
	"model-registry": {20 << 20, 13 << 19},
	// It holds all learners and is started by the state machine, not by a caller
	// who waits.
	"trainer": {13 << 20, 5 << 20},
}

// builds matches the lines of the Makefile that name SAM's target of a function.
var builds = regexp.MustCompile(`(?m)^build-(\w+): +FUNCTION = (\S+)$`)

// TestBuild_Sizes builds every function as SAM does and holds it to its size.
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
			if got := deflated(t, program); got > most.zip {
				t.Errorf("zip = %d bytes, want at most %d", got, most.zip)
			}
		})
	}
}

// deflated is the size of data in a zip, without the few bytes around it.
func deflated(t *testing.T, data []byte) int {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}
