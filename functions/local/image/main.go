// Command image packs a built function as a container image, without Docker.
//
//	image -bootstrap .build/arm64/trainer/bootstrap -arch arm64 -tag godwit/trainer -out .build/image/trainer-arm64.tar
//
// The image is what functions/trainer/Dockerfile describes: nothing but the
// program and the certificates it trusts, so there is no shell, no package and
// no file of a base image to keep up to date. Everything that could differ
// between two builds is fixed: times are zero, owners are root, files are in
// order, certificates come from a module whose sum is in go.sum. The same
// program therefore gives the same digest on every machine, and the digest is
// what the template's TrainerImageUri names.
//
// The file is an OCI image layout in a tar, with the index that `docker load`
// reads beside it; skopeo and crane take it as it is. After writing, the
// program reads the file back and checks all of it.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// run is the program: args without its name, the result to out.
func run(args []string, out, notes io.Writer) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.SetOutput(notes)
	program := flags.String("bootstrap", "", "the static program to pack")
	arch := flags.String("arch", "arm64", "Lambda's name of its architecture: arm64 or x86_64")
	tag := flags.String("tag", "godwit/trainer", "name that docker load gives the image")
	file := flags.String("out", "", "the tar to write; its Docker build context is written beside it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *program == "" || *file == "" || flags.NArg() > 0 {
		return fmt.Errorf("usage: image -bootstrap FILE -out FILE [-arch arm64|x86_64] [-tag NAME]")
	}
	content, err := read(*program, *arch)
	if err != nil {
		return err
	}
	if err := content.context(filepath.Join(filepath.Dir(*file), *arch)); err != nil {
		return err
	}
	img, err := build(content)
	if err != nil {
		return fmt.Errorf("build the image: %w", err)
	}
	if err := write(*file, *tag+":"+*arch, img); err != nil {
		return fmt.Errorf("write %s: %w", *file, err)
	}
	packed, err := verify(*file, content)
	if err != nil {
		return fmt.Errorf("%s was written and cannot be used: %w", *file, err)
	}
	fmt.Fprintf(out, "%-7s %s  %d bytes in %d layers, %d unpacked  %s\n",
		*arch, packed.digest, packed.size, packed.layers, packed.unpacked, *file)
	return nil
}
