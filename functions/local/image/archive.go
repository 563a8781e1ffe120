package main

import (
	"archive/tar"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// loadable is the index docker load reads: manifest.json of an image archive.
type loadable struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// write writes img to file as an OCI layout in a tar that docker load takes
// too. An older file of the name is replaced when the new one is whole.
func write(file, tag string, img v1.Image) error {
	// Beside the file: a rename into place must not cross file systems.
	dir, err := os.MkdirTemp(filepath.Dir(file), ".image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	inside := filepath.Join(dir, "layout")
	if err := lay(inside, tag, img); err != nil {
		return err
	}
	packed := filepath.Join(dir, "tar")
	if err := pack(packed, inside); err != nil {
		return err
	}
	return os.Rename(packed, file)
}

// lay writes the layout's folder.
func lay(dir, tag string, img v1.Image) error {
	at, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return err
	}
	err = at.AppendImage(img,
		layout.WithPlatform(v1.Platform{OS: config.OS, Architecture: config.Architecture}),
		layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag}))
	if err != nil {
		return err
	}
	manifest, err := img.Manifest()
	if err != nil {
		return err
	}
	index := loadable{Config: blob(manifest.Config.Digest), RepoTags: []string{tag}}
	for _, layer := range manifest.Layers {
		index.Layers = append(index.Layers, blob(layer.Digest))
	}
	data, err := json.Marshal([]loadable{index})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "manifest.json"), data, 0o644)
}

// blob is where a layout keeps what has this digest.
func blob(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }

// pack puts a folder's files into a tar, in the order of their names.
func pack(file, dir string) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	w := tar.NewWriter(out)
	// WalkDir goes through a folder in lexical order.
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return add(w, filepath.ToSlash(name), 0o644, data)
	})
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	// A disk that is full shows here at the latest.
	return out.Close()
}
