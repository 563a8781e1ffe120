package image

import (
	"bytes"
	"compress/gzip"
	"io"
)

// Recognise reports whether the beginning of a file, some kilobytes, is that of
// what Read is for: a zip, a gzipped tar, or one half of an IDX pair, of which
// Read then says that the other is missing.
func Recognise(head []byte) bool {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return true
	case len(head) > 3 && head[0] == 0 && head[1] == 0 && head[2] == 8 && (head[3] == 1 || head[3] == 3):
		return true
	}
	z, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return false
	}
	const mark, at = "ustar", 257 // in a tar's first header (POSIX.1-1988)
	var plain [at + len(mark)]byte
	_, err = io.ReadFull(z, plain[:])
	return err == nil && string(plain[at:]) == mark
}
