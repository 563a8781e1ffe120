package objects

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
)

// Folders inside Options.Dir. versitygw wants them beside each other.
const (
	objectsFolder  = "objects"
	versionsFolder = "versions"
	// metadataFolder exists only where the file system has no extended
	// attributes, and then for good: metadata kept one way is invisible to the other.
	metadataFolder = "metadata"
)

// openFiles opens the store in dir, making its folders.
func openFiles(dir string) (*posix.Posix, error) {
	root, versions := filepath.Join(dir, objectsFolder), filepath.Join(dir, versionsFolder)
	for _, folder := range []string{root, versions} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("objects: %w", err)
		}
	}
	metadata, sidecar, err := openMetadata(dir, root)
	if err != nil {
		return nil, err
	}
	opts := posix.PosixOpts{VersioningDir: versions, SideCarDir: sidecar, CopyObjectThreshold: maxCopy}
	opts.SetNewDirPerm(0o700) // data sets are somebody's: the owner's alone
	opts.SetNewFilePerm(0o600)
	files, err := quietly(func() (*posix.Posix, error) { return posix.New(root, metadata, opts) })
	if err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	return files, nil
}

// openMetadata decides where the objects' metadata is kept and returns the
// folder beside the objects if it is one.
func openMetadata(dir, root string) (meta.MetadataStorer, string, error) {
	folder := filepath.Join(dir, metadataFolder)
	_, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) && (meta.XattrMeta{}).Test(root) == nil {
		return meta.XattrMeta{}, "", nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, "", fmt.Errorf("objects: %w", err)
	}
	sidecar, err := meta.NewSideCar(folder)
	if err != nil {
		return nil, "", fmt.Errorf("objects: %w", err)
	}
	return sidecar, folder, nil
}

// quietly keeps versitygw's greeting off the stage's standard output.
func quietly[T any](open func() (T, error)) (T, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return open()
	}
	defer null.Close()
	out := os.Stdout
	// For the moment of opening: nothing else of the stage prints yet.
	os.Stdout = null
	defer func() { os.Stdout = out }()
	return open()
}
