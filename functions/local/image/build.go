package main

import (
	"archive/tar"
	"bytes"
	"io"
	"path"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// epoch is the time of everything in an image.
var epoch = time.Unix(0, 0).UTC()

// build makes the image: certificates below, for they change least, and the
// program above.
func build(c content) (v1.Image, error) {
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON) // Docker's media types would be the default
	img, err := mutate.ConfigFile(img, &v1.ConfigFile{
		Architecture: c.goarch, OS: "linux", Created: v1.Time{Time: epoch},
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint: []string{"/" + programPath},
			WorkingDir: "/",
			Labels: map[string]string{
				"org.opencontainers.image.title":    "godwit trainer",
				"org.opencontainers.image.licenses": "Apache-2.0",
			},
		},
	})
	if err != nil {
		return nil, err
	}
	for _, file := range []struct {
		path string
		mode int64
		data []byte
	}{{certificatesPath, 0o644, c.certificates}, {programPath, 0o755, c.program}} {
		layer, err := layerOf(file.path, file.mode, file.data)
		if err != nil {
			return nil, err
		}
		img, err = mutate.Append(img, mutate.Addendum{
			Layer: layer, MediaType: types.OCILayer, History: v1.History{Created: v1.Time{Time: epoch}, CreatedBy: "COPY /" + file.path},
		})
		if err != nil {
			return nil, err
		}
	}
	return img, nil
}

// layerOf packs one file and the folders above it.
func layerOf(name string, mode int64, data []byte) (v1.Layer, error) {
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	// Folders are entries of their own, with the owner and time of all else.
	parts := strings.Split(path.Dir(name), "/")
	for i := range parts {
		if parts[0] == "." {
			break
		}
		folder := strings.Join(parts[:i+1], "/") + "/"
		if err := w.WriteHeader(header(folder, tar.TypeDir, 0o755, 0)); err != nil {
			return nil, err
		}
	}
	if err := add(w, name, mode, data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
}

// add writes a file to a tar.
func add(w *tar.Writer, name string, mode int64, data []byte) error {
	if err := w.WriteHeader(header(name, tar.TypeReg, mode, int64(len(data)))); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

// header is an entry that says the same on every machine and day: no owner but
// root, no time but zero.
func header(name string, kind byte, mode, size int64) *tar.Header {
	return &tar.Header{Name: name, Typeflag: kind, Mode: mode, Size: size, ModTime: epoch, Format: tar.FormatUSTAR}
}
