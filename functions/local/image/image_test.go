package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// program builds a tiny static program for an architecture.
func program(t *testing.T, arch string) string {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() { println(\"trained\") }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "bootstrap")
	cmd := exec.Command("go", "build", "-trimpath", "-o", out, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+platforms[arch].goarch, "GOFLAGS=")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, said)
	}
	return out
}

// packFile runs the command and returns what it said and the file.
func packFile(t *testing.T, program, arch string) (said, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "trainer.tar")
	var out bytes.Buffer
	if err := run([]string{"-bootstrap", program, "-arch", arch, "-out", file}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	return out.String(), file
}

// Both architectures are packed, read back, and hold a program for theirs.
func TestRun(t *testing.T) {
	for arch, p := range platforms {
		t.Run(arch, func(t *testing.T) {
			bootstrap := program(t, arch)
			said, file := packFile(t, bootstrap, arch)
			if !regexp.MustCompile(`^` + arch + ` +sha256:[0-9a-f]{64}  \d+ bytes in 2 layers, \d+ unpacked  `).MatchString(said) {
				t.Errorf("said %q, want architecture, digest and sizes", said)
			}
			c, err := read(bootstrap, arch)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := verify(file, c); err != nil {
				t.Errorf("verify = %v", err)
			}
			inside, err := elf.NewFile(bytes.NewReader(c.program))
			if err != nil || inside.Machine != p.machine {
				t.Errorf("the program in it is for %v, %v, want %v", inside.Machine, err, p.machine)
			}
		})
	}
}

// The same program gives the same bytes, whenever and wherever it is packed.
func TestRun_Reproducible(t *testing.T) {
	bootstrap := program(t, "arm64")
	digest := regexp.MustCompile(`sha256:[0-9a-f]{64}`)
	first, one := packFile(t, bootstrap, "arm64")
	second, two := packFile(t, bootstrap, "arm64")
	if a, b := digest.FindString(first), digest.FindString(second); a != b {
		t.Errorf("digests %s and %s differ", a, b)
	}
	a, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(two)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("the two archives differ")
	}
}

// What the Dockerfile copies is the program too: it runs beside nothing else and
// without an environment.
func TestRun_Starts(t *testing.T) {
	arch := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	said, file := packFile(t, program(t, arch), arch)
	c, err := read(filepath.Join(filepath.Dir(file), arch, programPath), arch)
	if err != nil {
		t.Fatalf("the build context: %v (%s)", err, said)
	}
	root := t.TempDir()
	if err := c.context(root); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(root, programPath))
	cmd.Dir, cmd.Env = root, []string{}
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "trained\n" {
		t.Errorf("the program said %q, %v", out, err)
	}
}

func TestRun_Refusals(t *testing.T) {
	good := program(t, "arm64")
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	linked := filepath.Join(t.TempDir(), "linked")
	if err := os.WriteFile(linked, interpreted(), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"nothing", nil, "usage"},
		{"an operand too many", []string{"-bootstrap", good, "-out", "x", "more"}, "usage"},
		{"an unknown architecture", []string{"-bootstrap", good, "-out", "x", "-arch", "amd64"}, "neither arm64 nor x86_64"},
		{"another architecture", []string{"-bootstrap", good, "-out", "x", "-arch", "x86_64"}, "LAMBDA_ARCH"},
		{"no program", []string{"-bootstrap", filepath.Join(t.TempDir(), "none"), "-out", "x"}, "make build"},
		{"a script", []string{"-bootstrap", text, "-out", "x"}, "no ELF program"},
		{"a program with a linker", []string{"-bootstrap", linked, "-out", "x"}, "CGO_ENABLED=0"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if err := run(tc.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("run(%q) = %v, want an error with %q", tc.args, err, tc.want)
			}
		})
	}
}

// interpreted is the header of an arm64 program that names a dynamic linker.
func interpreted() []byte {
	var b bytes.Buffer
	head := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_AARCH64), Version: 1, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1}
	copy(head.Ident[:], elf.ELFMAG+string([]byte{byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)}))
	_ = binary.Write(&b, binary.LittleEndian, head) // a Buffer takes everything
	_ = binary.Write(&b, binary.LittleEndian, elf.Prog64{Type: uint32(elf.PT_INTERP)})
	return b.Bytes()
}

// A file that is not what was packed is found out.
func TestVerify_Refuses(t *testing.T) {
	bootstrap := program(t, "arm64")
	_, file := packFile(t, bootstrap, "arm64")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := read(bootstrap, "arm64")
	if err != nil {
		t.Fatal(err)
	}
	other := c
	other.program = append(slices.Clone(c.program), 0)
	amd64 := c
	amd64.platform = platforms["x86_64"]
	layer := bytes.Index(whole, []byte{0x1f, 0x8b, 8}) // a layer's gzip
	flipped := slices.Clone(whole)
	flipped[layer+40] ^= 1
	tests := []struct {
		name string
		data []byte
		want content
	}{
		{"another program", whole, other},
		{"another platform", whole, amd64},
		{"a flipped bit in a layer", flipped, c},
		{"a piece of it", whole[:len(whole)/2], c},
		{"no archive", []byte("x"), c},
		{"a way out", outside(t), c},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.tar")
			if err := os.WriteFile(path, tc.data, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := verify(path, tc.want); err == nil {
				t.Error("verify = nil, want an error")
			}
		})
	}
}

// outside is an archive with a file above its folder.
func outside(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := add(w, "../x", 0o644, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The Dockerfile describes the image that is made here.
func TestDockerfile(t *testing.T) {
	data, err := os.ReadFile("../../trainer/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.SplitSeq(string(data), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			got = append(got, line)
		}
	}
	want := []string{
		"FROM scratch",
		"COPY " + certificatesFile + " /" + certificatesPath,
		"COPY --chmod=755 " + programPath + " /" + programPath,
		`ENTRYPOINT ["/` + programPath + `"]`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("the Dockerfile is %q, want %q", got, want)
	}
}
