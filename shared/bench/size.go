package main

import (
	"archive/zip"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// size measures the deployed functions: the largest binary and the largest
// zip, of the architectures that have been built.
func (b *bench) size(context.Context) ([]line, error) {
	var lines []line
	for _, built := range []string{"host", "arm64", "x86_64"} {
		files, err := filepath.Glob(filepath.Join(b.root, ".build", built, "*", "bootstrap"))
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			continue
		}
		var binary, zipped int64
		var name string
		for _, file := range files {
			n, z, err := sizes(file)
			if err != nil {
				return nil, err
			}
			if n > binary {
				binary, name = n, filepath.Base(filepath.Dir(file))
			}
			zipped = max(zipped, z)
		}
		what := fmt.Sprintf("of %d functions for %s", len(files), built)
		lines = append(lines,
			line{work: fmt.Sprintf("largest binary %s (%s)", what, name), show: megabytes, ours: float64(binary), most: 11e6},
			line{work: "largest zip " + what, show: megabytes, ours: float64(zipped), most: 4.5e6})
	}
	if lines == nil {
		return nil, errors.New("no function is built: make stage")
	}
	return lines, nil
}

// sizes returns the bytes of a file and of a zip that holds it.
func sizes(path string) (file, zipped int64, err error) {
	in, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer in.Close()
	var n counter
	w := zip.NewWriter(&n)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	entry, err := w.Create("bootstrap")
	if err != nil {
		return 0, 0, err
	}
	if file, err = io.Copy(entry, in); err != nil {
		return 0, 0, err
	}
	err = w.Close()
	return file, int64(n), err
}

// counter counts what is written to it.
type counter int64

// Write counts and keeps nothing.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
