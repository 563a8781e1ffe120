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
	case isZip(head):
		return true
	// IDX of bytes, with the dimensions of labels or of grey images. Stricter than
	// idxHead, which may guess: there the file is known to be for this package.
	case len(head) > 3 && head[0] == 0 && head[1] == 0 && head[2] == idxByte && (head[3] == 1 || head[3] == 3):
		return true
	}
	z, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return false
	}
	// A gzip may as well hold a table: only what is inside tells.
	var plain [tarMagicAt + len(tarMagic)]byte
	_, err = io.ReadFull(z, plain[:])
	return err == nil && string(plain[tarMagicAt:]) == tarMagic
}
