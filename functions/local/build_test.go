package main

import (
	"debug/buildinfo"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// machines are the ELF machines of Lambda's architectures.
var machines = map[string]elf.Machine{"arm64": elf.EM_AARCH64, "x86_64": elf.EM_X86_64}

// TestBuild_Programs builds a function as SAM does, for the architecture make
// takes by default and for the other one, and reads the program's header. SAM
// hands a makefile build no architecture, so a mistake here would deploy a
// program that cannot start.
func TestBuild_Programs(t *testing.T) {
	standard := templateArchitecture(t)
	if machines[standard] == 0 {
		t.Fatalf("the template's architecture is %q by default, want one of Lambda's", standard)
	}
	for _, tc := range []struct {
		name string
		args []string
		want elf.Machine
	}{
		{"by default, what the template says", nil, machines[standard]},
		{"arm64 when asked", []string{"LAMBDA_ARCH=arm64"}, elf.EM_AARCH64},
		{"x86_64 when asked", []string{"LAMBDA_ARCH=x86_64"}, elf.EM_X86_64},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			makes(t, append(tc.args, "build-AuthorizerFunction", "ARTIFACTS_DIR="+dir)...)
			checkProgram(t, filepath.Join(dir, "bootstrap"), tc.want)
		})
	}
}

// makes runs make in the repository, as if nobody had run make around the test.
func makes(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("make", append([]string{"-C", "../..", "--no-print-directory"}, args...)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"LAMBDA_ARCH", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "GOWORK", "GOFLAGS"}, name)
	})
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make %q: %v\n%s", args, err, out)
	}
}

// checkProgram holds a program to what provided.al2023 runs: one file of its
// own for the machine, and nothing in it that only a debugger reads.
func checkProgram(t *testing.T, path string, want elf.Machine) {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Machine != want || f.Class != elf.ELFCLASS64 || f.Type != elf.ET_EXEC {
		t.Errorf("program is %v %v %v, want a 64-bit executable for %v", f.Class, f.Type, f.Machine, want)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("segment %v, want a static program", p.Type)
		}
	}
	for _, s := range f.Sections {
		if s.Type == elf.SHT_SYMTAB || strings.Contains(s.Name, "debug") {
			t.Errorf("section %s, want a stripped program", s.Name)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode()&0o111 == 0 {
		t.Errorf("program = %v, %v, want an executable", info, err)
	}
	checkFlags(t, path)
}

// checkFlags reads how the program says it was built.
func checkFlags(t *testing.T, path string) {
	t.Helper()
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range info.Settings {
		got[s.Key] = s.Value
	}
	for name, want := range map[string]string{"CGO_ENABLED": "0", "-tags": "lambda.norpc,nethttpomithttp2", "-trimpath": "true"} {
		if got[name] != want {
			t.Errorf("built with %s=%q, want %q", name, got[name], want)
		}
	}
}

// templateArchitecture is the default of the template's parameter.
func templateArchitecture(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Parameters map[string]struct {
			Default string `yaml:"Default"`
		} `yaml:"Parameters"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file.Parameters["Architecture"].Default
}

// TestBuild_Settings holds samconfig.toml to the traps of SAM: its cache does
// not see shared/, a scratch copy would not hold it, and what is deployed must
// be what make builds.
func TestBuild_Settings(t *testing.T) {
	data, err := os.ReadFile("../../samconfig.toml")
	if err != nil {
		t.Fatal(err)
	}
	builds, deploys := 0, 0
	for section := range strings.SplitSeq(string(data), "\n[") {
		name, text, _ := strings.Cut(section, "]\n")
		switch {
		case strings.HasSuffix(name, ".build.parameters"):
			builds++
			for _, want := range []string{"build_in_source = true", "cached = false"} {
				if !strings.Contains(text, want) {
					t.Errorf("[%s] does not say %q", name, want)
				}
			}
		case strings.HasSuffix(name, ".deploy.parameters"):
			deploys++
			if want := `"Architecture=` + templateArchitecture(t) + `"`; !strings.Contains(text, want) {
				t.Errorf("[%s] does not say %s, as the template and make do", name, want)
			}
		}
	}
	if builds == 0 || builds != deploys {
		t.Errorf("%d ways to build and %d to deploy, want as many", builds, deploys)
	}
}
