package main

import (
	"bytes"
	"crypto/x509"
	"debug/elf"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// Where an image has its two files, without the leading slash, and what the
// build context of the Dockerfile calls them.
const (
	programPath      = "bootstrap"
	certificatesPath = "etc/ssl/certs/ca-certificates.crt" // the first place Go's crypto/x509 looks at
	certificatesFile = "ca-certificates.crt"
)

// platform is an architecture: as Go and OCI call it, and in an ELF header.
type platform struct {
	goarch  string
	machine elf.Machine
}

// platforms are Lambda's architectures by Lambda's names.
var platforms = map[string]platform{
	"arm64":  {"arm64", elf.EM_AARCH64},
	"x86_64": {"amd64", elf.EM_X86_64},
}

// content is what goes into an image.
type content struct {
	platform
	program, certificates []byte
}

// read reads the program and refuses one that could not run alone on arch.
func read(path, arch string) (content, error) {
	p, ok := platforms[arch]
	if !ok {
		return content{}, fmt.Errorf("-arch %q is neither arm64 nor x86_64", arch)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		return content{}, fmt.Errorf("read the program (make build makes it): %w", err)
	}
	if err := alone(program, p.machine); err != nil {
		return content{}, fmt.Errorf("%s: %w", path, err)
	}
	certificates, err := roots()
	return content{p, program, certificates}, err
}

// alone checks that a program is for a machine and needs no file beside it: an
// empty image has no dynamic linker.
func alone(program []byte, machine elf.Machine) error {
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("it is no ELF program: %w", err)
	}
	defer f.Close()
	if f.Machine != machine {
		return fmt.Errorf("it is for %v, not for %v: give -arch the LAMBDA_ARCH it was built with", f.Machine, machine)
	}
	for _, segment := range f.Progs {
		if segment.Type == elf.PT_INTERP {
			return fmt.Errorf("it needs a dynamic linker: build it with CGO_ENABLED=0")
		}
	}
	return nil
}

// roots returns Mozilla's root certificates as PEM, in the bundle's order. One
// that is trusted only under a condition is left out: a PEM file cannot say it.
func roots() ([]byte, error) {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if _, err := x509.ParseCertificate(root.Certificate); err != nil {
			return nil, fmt.Errorf("a root certificate: %w", err)
		}
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// context writes the files that functions/trainer/Dockerfile copies into dir.
func (c content) context(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, certificatesFile), c.certificates, 0o644); err != nil {
		return err
	}
	// It is run as a program by whoever uses the folder.
	return os.WriteFile(filepath.Join(dir, programPath), c.program, 0o755)
}
