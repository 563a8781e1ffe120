package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// SAM builds every function of the template: the optional one comes without its
// library, and so without npm, unless it is to be deployed.
func TestMake_BuildsTheOptionalFunction(t *testing.T) {
	dir := t.TempDir()
	makes(t, "build-OnnxRuntimeFunction", "LAMBDA_ARCH=arm64", "ARTIFACTS_DIR="+dir)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 || files[0].Name() != "bootstrap" {
		t.Fatalf("built %v, %v, want bootstrap alone", files, err)
	}
	f, err := elf.Open(filepath.Join(dir, "bootstrap"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// It loads a library, and can only do so as a program of glibc.
	if libraries, err := f.ImportedLibraries(); err != nil || f.Machine != elf.EM_AARCH64 || !strings.Contains(strings.Join(libraries, " "), "libc.so.6") {
		t.Errorf("the program is for %v and needs %q, %v, want one for arm64 that needs libc", f.Machine, libraries, err)
	}
}

// What is always deployed stays static: nothing of it loads a library.
func TestMake_LibrariesAreLoadedByTheOptionalFunctionOnly(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "./functions/authorizer", "./functions/batch", "./functions/model-registry", "./functions/predict", "./functions/train-trigger", "./functions/trainer")
	list.Dir = "../.."
	list.Env = append(os.Environ(), "GOWORK=off")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "purego") || strings.Contains(string(out), "shared/ml/onnxruntime") {
		t.Error("a function of the default bundle loads libraries")
	}
}
