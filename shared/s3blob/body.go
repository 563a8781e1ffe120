package s3blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/shared/fault"
)

// resumes bounds how often one body is continued after a break, with or
// without progress: a connection that keeps breaking is an outage.
const resumes = 3

// body is an object being read. It is used by one goroutine at a time, as any
// reader.
//
// The SDK compares an unbroken body with its checksum at the end. One that was
// continued is of the same version, by its id or its ETag, and as long as announced, but
// no checksum covers its parts: whoever depends on the content compares its
// digest, as the readers of artifacts do.
type body struct {
	ctx    context.Context
	client *s3.Client
	input  *s3.GetObjectInput
	from   io.ReadCloser
	size   int64
	read   int64 // bytes handed out
	breaks int
	err    error // final; io.EOF after the whole body
}

// Read returns the next bytes, io.EOF only after all of them.
func (b *body) Read(p []byte) (int, error) {
	for b.err == nil {
		n, err := b.from.Read(p)
		b.read += int64(n)
		b.err = b.judge(err)
		if n > 0 || len(p) == 0 {
			return n, b.err
		}
	}
	return 0, b.err
}

// judge turns the end of one connection into the end of the body, into an
// error, or into another connection.
func (b *body) judge(err error) error {
	switch {
	case err == nil && b.read <= b.size:
		return nil
	// Size was promised to the caller before the first byte: a longer body is
	// not the object that was described.
	case b.read > b.size:
		return fault.New(fault.Unavailable, "the stored object is longer than announced; try again")
	case err == io.EOF && b.read == b.size:
		return io.EOF
	case b.read == b.size: // the checksum did not match, or the end never came
		return fault.Wrap(fault.Unavailable, err, "the stored object did not arrive intact; try again")
	case b.ctx.Err() != nil:
		return b.ctx.Err()
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return b.resume(fmt.Errorf("after %d of %d bytes: %w", b.read, b.size, err))
}

// resume asks for the rest of the object. broken is why.
func (b *body) resume(broken error) error {
	cut := fault.Wrap(fault.Unavailable, broken, "the stored object could not be read whole; try again")
	if b.breaks++; b.breaks > resumes {
		return cut
	}
	_ = b.from.Close() // already broken
	in := *b.input
	// Both ends are named: an open range would hide that the object grew.
	in.Range = aws.String(fmt.Sprintf("bytes=%d-%d", b.read, b.size-1))
	out, err := b.client.GetObject(b.ctx, &in)
	if err != nil {
		b.from = io.NopCloser(strings.NewReader("")) // so that Close still has something to close
		err = failure(b.ctx, errors.Join(err, broken))
		// Replaced or deleted meanwhile: another read finds out which.
		if fault.Is(err, fault.PreconditionFailed) || fault.Is(err, fault.NotFound) {
			err = fault.Wrap(fault.Unavailable, err, "the stored object changed while it was read; try again")
		}
		return err
	}
	b.from = out.Body
	// A server that ignores Range would repeat the beginning.
	want := fmt.Sprintf("bytes %d-%d/%d", b.read, b.size-1, b.size)
	if got := aws.ToString(out.ContentRange); got != want {
		return fault.Wrap(fault.Unavailable, fmt.Errorf("asked for %s, got %q", want, got), "%s", cut.Msg)
	}
	return nil
}

// Close releases the connection. A reader not read to its end may be closed.
func (b *body) Close() error { return b.from.Close() }
