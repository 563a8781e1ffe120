package image

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"godwit/shared/ml/dataset"
)

// The formats of a Source.
const (
	formatZip   = "zip"
	formatTarGz = "tar.gz"
	formatIDX   = "idx"
)

// member is one file of an archive. Of a tar it can be opened only while it is
// visited.
type member struct {
	name    string
	folder  bool
	special bool // a link, a device and the like
	locked  bool // encrypted
	open    func() (io.ReadCloser, error)
}

// archive gives its members in order, any number of times.
type archive interface {
	// each calls visit until it returns an error, which each returns. It fails
	// with an unreadable error where the archive is damaged.
	each(visit func(m *member) error) error
}

// unreadable is what is wrong with an archive as a whole. It does not unwrap:
// an *Error is about one member, which the others outlive.
type unreadable struct{ cause *Error }

// Error implements error.
func (u unreadable) Error() string { return u.cause.Message }

// limit returns an error of code archive_limit.
func limit(format string, args ...any) *Error {
	return &Error{Code: dataset.ArchiveLimit, Message: fmt.Sprintf(format, args...)}
}

// issue returns the error as an issue about a member, "" for the whole archive.
func (e *Error) issue(name string) dataset.Issue {
	return dataset.Issue{Code: e.Code, Excerpt: name, Message: e.Message, Fix: e.Fix}
}

// What files of these formats begin with; of a tar what its first header has at
// a place (POSIX.1-1988).
const (
	zipMagic      = "PK\x03\x04" // its first member
	emptyZipMagic = "PK\x05\x06" // of a zip without members, the end of its directory
	gzipMagic     = "\x1f\x8b"
	tarMagic      = "ustar"
	tarMagicAt    = 257
)

// isZip reports whether a file that begins with head is a zip.
func isZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte(zipMagic)) || bytes.HasPrefix(head, []byte(emptyZipMagic))
}

// magics of archives, to be refused inside an archive: behind the first two the
// unpackers of 7-Zip, RAR, bzip2, xz and Zstandard.
var magics = []string{zipMagic, emptyZipMagic, gzipMagic, "7z\xbc\xaf\x27\x1c", "Rar!\x1a\x07", "BZh", "\xfd7zXZ\x00", "\x28\xb5\x2f\xfd"}

// isArchive reports whether a file that begins with head is an archive.
func isArchive(head []byte) bool {
	for _, magic := range magics {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return len(head) > tarMagicAt && bytes.HasPrefix(head[tarMagicAt:], []byte(tarMagic))
}

// open finds out which archive a file is. The error is unreadable, or the
// source's.
func open(src *source, size int64, o Options) (archive, string, error) {
	const fix = "put a folder of PNG or JPEG files for each class into a zip"
	// Half a kilobyte shows each format, and gives gzip enough to begin with.
	head := make([]byte, min(size, 512))
	if _, err := src.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, "", err
	}
	name, _ := formatOf(head)
	_, isIDX := idxHead(head)
	switch {
	case isZip(head):
		a, err := openZip(src, size, o)
		return a, formatZip, err
	case isIDX:
		return nil, formatIDX, unreadable{invalid("put the file of images and the file of labels into one zip", "this is half of an IDX pair")}
	case bytes.HasPrefix(head, []byte(gzipMagic)):
		return &tarArchive{src, size, o.MaxBytes}, formatTarGz, nil
	case name != "":
		return nil, "", unreadable{invalid(fix, "this is one %s image", name)}
	}
	return nil, "", unreadable{invalid(fix, "this is neither a zip nor a tar.gz")}
}

// source is the file being read. It stops when the context does, remembers an
// error that is not the data's, and can be given a bound.
type source struct {
	ctx     context.Context
	at      io.ReaderAt
	bounded bool
	left    int64 // bytes, while bounded
	failed  error // the first error of the context or of at; nil while the data alone are to blame
}

// errBound stops reading at the bound.
var errBound = errors.New("more bytes than allowed")

// ReadAt implements io.ReaderAt.
func (s *source) ReadAt(p []byte, off int64) (int, error) {
	if s.failed == nil {
		s.failed = s.ctx.Err()
	}
	if s.failed != nil {
		return 0, s.failed
	}
	if off < 0 { // where a damaged directory says that a file lies
		return 0, io.ErrUnexpectedEOF
	}
	if s.left -= int64(len(p)); s.bounded && s.left < 0 {
		return 0, errBound
	}
	n, err := s.at.ReadAt(p, off)
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}

// directoryBytes is what a member may take in the directory of a zip: a
// directory is read whole, and its own count of members cannot be trusted. An
// entry has 46 bytes beside its name; the rest is for names and their extras.
const directoryBytes = 160

// zipArchive is a zip.
type zipArchive []*zip.File

// openZip reads the directory. The error is unreadable.
func openZip(src *source, size int64, o Options) (zipArchive, error) {
	// The 128 KB more are for finding the directory's end, which may have a
	// comment of 64 KB behind it.
	src.bounded, src.left = true, int64(o.MaxFiles)*directoryBytes+1<<17
	z, err := zip.NewReader(src, size)
	src.bounded = false
	switch {
	case errors.Is(err, errBound), err == nil && len(z.File) > o.MaxFiles:
		return nil, unreadable{limit("the archive has more than %d files, or very long names", o.MaxFiles)}
	case err != nil && !errors.Is(err, zip.ErrInsecurePath): // names are checked one by one
		return nil, unreadable{&Error{Code: dataset.ImageDecode, Message: "the zip is damaged or cut short", Fix: "make the archive again and send it whole", Err: err}}
	}
	return z.File, nil
}

// each implements archive. Sizes in the headers are not looked at: they are
// promises, and each reader counts what comes out.
func (z zipArchive) each(visit func(m *member) error) error {
	for _, f := range z {
		mode := f.Mode()
		// Flag 1 is encryption. A link in a zip is a file whose mode says so.
		m := &member{name: f.Name, folder: mode.IsDir() || strings.HasSuffix(f.Name, "/"), locked: f.Flags&1 != 0,
			special: mode&fs.ModeType&^fs.ModeDir != 0, open: f.Open}
		if err := visit(m); err != nil {
			return err
		}
	}
	return nil
}

// tarArchive is a gzipped tar. It has no directory: each pass decompresses all of
// it anew, since what comes out would be too much to hold between them.
type tarArchive struct {
	src   *source
	size  int64 // bytes, compressed
	bytes int64 // that may come out of the gzip in one pass
}

// each implements archive.
func (a *tarArchive) each(visit func(m *member) error) error {
	damaged := func(err error) error {
		return unreadable{&Error{Code: dataset.ImageDecode, Message: "the tar.gz is damaged or cut short", Fix: "make the archive again and send it whole", Err: err}}
	}
	plain, err := gzip.NewReader(io.NewSectionReader(a.src, 0, a.size))
	if err != nil {
		return damaged(err)
	}
	// Here and not only at the members: what lies in members that are passed
	// over comes out of the gzip as well.
	capped := &io.LimitedReader{R: plain, N: a.bytes + 1}
	t := tar.NewReader(capped)
	for {
		h, err := t.Next()
		switch {
		case capped.N <= 0: // first: a stream cut here looks damaged to the tar reader
			return unreadable{limit("more than %d bytes come out of the archive", a.bytes)}
		case err == io.EOF:
			return nil
		case err != nil && !errors.Is(err, tar.ErrInsecurePath):
			return damaged(err)
		}
		m := &member{name: h.Name, folder: h.Typeflag == tar.TypeDir,
			special: h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir,
			open:    func() (io.ReadCloser, error) { return io.NopCloser(t), nil }}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue // settings of the archive, no member
		}
		if err := visit(m); err != nil {
			return err
		}
	}
}

// pairArchive are members in memory, by which two files that come apart are read
// as if they were in one archive.
type pairArchive []*member

// each implements archive.
func (a pairArchive) each(visit func(m *member) error) error {
	for _, m := range a {
		if err := visit(m); err != nil {
			return err
		}
	}
	return nil
}

// opener returns what opens data.
func opener(data []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}
