package dataset

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// window is how many bytes are looked at before anything is decided.
const window = 256 << 10

// errTooLarge stops reading at MaxBytes.
var errTooLarge = errors.New("more bytes than allowed")

// unfit is an error of the data: its reasons, for the owner.
type unfit []string

// Error joins the reasons.
func (u unfit) Error() string { return fmt.Sprint([]string(u)) }

// input is a file being read: raw bytes, perhaps decompressed, decoded.
type input struct {
	raw        *rawReader
	decoder    *decoder
	text       *bufio.Reader // UTF-8, but for damaged bytes
	compressed bool
	maxBytes   int64
}

// open finds out compression and encoding. The input is never nil; its text
// and decoder are when there is an error.
func open(ctx context.Context, r io.Reader, maxBytes int64) (*input, error) {
	in := &input{raw: &rawReader{ctx: ctx, src: r, sum: sha256.New()}, maxBytes: maxBytes}
	packed := bufio.NewReaderSize(in.raw, window)
	magic, err := packed.Peek(4)
	if err != nil && err != io.EOF {
		return in, err
	}
	var plain io.Reader = packed
	if bytes.HasPrefix(magic, []byte{0x1f, 0x8b}) {
		in.compressed = true
		if plain, err = gzip.NewReader(packed); err != nil {
			return in, err
		}
	}
	capped := bufio.NewReaderSize(&cappedReader{src: plain, left: maxBytes}, window)
	decoder, err := newDecoder(capped)
	if err != nil {
		return in, err
	}
	in.decoder = decoder
	in.text = bufio.NewReaderSize(decoder, window)
	return in, nil
}

// digest returns the SHA-256 of the raw bytes, or "" when not all were read.
func (in *input) digest() string {
	if in.raw.failed != io.EOF {
		return ""
	}
	return hex.EncodeToString(in.raw.sum.Sum(nil))
}

// explain turns an error into reasons for the data's owner and reports it as
// an issue where it is not one yet; nil when the data are not to blame.
func (in *input) explain(err error, found *findings) []string {
	reasons, ok := errors.AsType[unfit](err)
	if err == nil || ok {
		return reasons
	}
	if in.raw.failed != nil && in.raw.failed != io.EOF {
		return nil // the source broke, whatever a decompressor made of it
	}
	var corrupt flate.CorruptInputError
	issue := Issue{Severity: Error}
	var reason string
	switch {
	case errors.Is(err, errTooLarge):
		issue.Code = ArchiveLimit
		reason = fmt.Sprintf("the file is larger than %d bytes", in.maxBytes)
		if in.compressed {
			reason += " when decompressed"
		}
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt),
		errors.Is(err, io.ErrUnexpectedEOF):
		issue.Code = EncodingInvalid
		reason = "the gzip data are damaged or cut short"
	default:
		return nil
	}
	found.add(issue, nil, "%s", reason)
	return []string{reason}
}

// rawReader reads the source: it hashes, remembers how it ended, and stops
// when the context does.
type rawReader struct {
	ctx    context.Context
	src    io.Reader
	sum    hash.Hash
	failed error // the error that ended the source; io.EOF when it ended well
}

// Read implements io.Reader.
func (r *rawReader) Read(p []byte) (int, error) {
	if r.failed == nil {
		r.failed = r.ctx.Err()
	}
	if r.failed != nil {
		return 0, r.failed
	}
	n, err := r.src.Read(p)
	r.sum.Write(p[:n])
	r.failed = err
	return n, err
}

// cappedReader fails with errTooLarge once src gives more than left bytes: a
// small archive may hold a very large file.
type cappedReader struct {
	src  io.Reader
	left int64
}

// Read implements io.Reader.
func (c *cappedReader) Read(p []byte) (int, error) {
	if c.left < 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.src.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return n - 1, errTooLarge
	}
	return n, err
}
