package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// packed is what a written image is.
type packed struct {
	digest         v1.Hash // of the manifest: what a registry calls it
	layers         int
	size, unpacked int64 // bytes of the layers, as they are kept and as they are run
}

// verify reads an image back from its file and checks that it is whole and
// runs c: digests, index, platform, entrypoint, and every file in it. Nothing of
// what write used is shared with it, so a mistake there shows here, and not first
// on AWS.
func verify(file string, c content) (packed, error) {
	dir, err := os.MkdirTemp(filepath.Dir(file), ".verify-")
	if err != nil {
		return packed{}, err
	}
	defer os.RemoveAll(dir)
	if err := unpack(file, dir); err != nil {
		return packed{}, err
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return packed{}, err
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 {
		return packed{}, fmt.Errorf("the index is %v, want one image (%w)", manifest, err)
	}
	p := packed{digest: manifest.Manifests[0].Digest}
	img, err := index.Image(p.digest)
	if err != nil {
		return p, err
	}
	if err := checkConfig(img, c); err != nil {
		return p, err
	}
	files, err := p.checkLayers(img)
	if err != nil {
		return p, err
	}
	if len(files) != 2 || !bytes.Equal(files[programPath], c.program) || !bytes.Equal(files[certificatesPath], c.certificates) {
		return p, errors.New("it does not hold the program and the certificates alone")
	}
	return p, checkLoadable(filepath.Join(dir, "manifest.json"), img)
}

// checkConfig checks what is run, and on what.
func checkConfig(img v1.Image, c content) error {
	config, err := img.ConfigFile()
	if err != nil {
		return err
	}
	if config.OS != "linux" || config.Architecture != c.goarch || !slices.Equal(config.Config.Entrypoint, []string{"/" + programPath}) || len(config.Config.Cmd) > 0 {
		return fmt.Errorf("it runs %q on %s/%s", config.Config.Entrypoint, config.OS, config.Architecture)
	}
	return nil
}

// checkLayers reads every layer, which checks digests and sizes, and returns
// the files in them.
func (p *packed) checkLayers(img v1.Image) (map[string][]byte, error) {
	layers, err := img.Layers()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, layer := range layers {
		size, err := layer.Size()
		if err != nil {
			return nil, err
		}
		p.layers, p.size = p.layers+1, p.size+size
		content, err := layer.Uncompressed()
		if err != nil {
			return nil, err
		}
		err = each(content, func(h *tar.Header, data []byte) error {
			p.unpacked += h.Size
			// What differs between two builds would change the digest.
			if !h.ModTime.Equal(epoch) || h.Uid != 0 || h.Gid != 0 {
				return fmt.Errorf("%s has a time or an owner", h.Name)
			}
			if h.Typeflag == tar.TypeReg {
				files[h.Name] = data
			}
			return nil
		})
		if err := errors.Join(err, content.Close()); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// checkLoadable checks that docker load would find the same image.
func checkLoadable(file string, img v1.Image) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var all []loadable
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	manifest, err := img.Manifest()
	if err != nil {
		return err
	}
	if len(all) != 1 || all[0].Config != blob(manifest.Config.Digest) || len(all[0].Layers) != len(manifest.Layers) || len(all[0].RepoTags) != 1 {
		return fmt.Errorf("manifest.json says %s", data)
	}
	return nil
}

// unpack puts the files of a tar into dir.
func unpack(file, dir string) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	return each(in, func(h *tar.Header, data []byte) error {
		if !filepath.IsLocal(h.Name) {
			return fmt.Errorf("%q leads out of the archive", h.Name)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, data, 0o644)
	})
}

// each reads a tar entry by entry.
func each(r io.Reader, do func(*tar.Header, []byte) error) error {
	entries := tar.NewReader(r)
	for {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		data, err := io.ReadAll(entries)
		if err != nil {
			return err
		}
		if err := do(h, data); err != nil {
			return err
		}
	}
}
