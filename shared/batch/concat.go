package batch

import (
	"context"
	"errors"
	"io"

	"godwit/shared/blob"
)

// concat reads a head and then stored parts, one after the other, as one body
// that can be read again from any place. It holds no part: a store that reads a
// body twice, for its digest and to send it, has each part fetched twice.
type concat struct {
	ctx   context.Context
	store blob.Store
	head  []byte
	parts []part
	size  int64

	at   int64         // position
	open io.ReadCloser // of the part that at is in; nil: to be opened
	left int64         // bytes of it from at
}

var _ io.ReadSeeker = (*concat)(nil)

// newConcat returns the body at its beginning; parts' sizes are taken as stored.
func newConcat(ctx context.Context, store blob.Store, head []byte, parts []part) *concat {
	c := &concat{ctx: ctx, store: store, head: head, parts: parts, size: int64(len(head))}
	for _, p := range parts {
		c.size += p.Size
	}
	return c
}

// Read implements io.Reader.
func (c *concat) Read(p []byte) (int, error) {
	// Or a caller that asks for nothing at the end would get io.EOF.
	if len(p) == 0 {
		return 0, nil
	}
	if c.at >= c.size {
		return 0, io.EOF
	}
	if c.at < int64(len(c.head)) {
		n := copy(p, c.head[c.at:])
		c.at += int64(n)
		return n, nil
	}
	if c.open == nil {
		if err := c.find(); err != nil {
			return 0, err
		}
	}
	n, err := c.open.Read(p[:min(int64(len(p)), c.left)])
	c.at, c.left = c.at+int64(n), c.left-int64(n)
	switch {
	case c.left == 0 && (err == nil || err == io.EOF):
		if err = blob.End(c.open); err == nil {
			err = c.close()
		}
	// A part that ends before its size is not what the chunk stored.
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// find opens the part that the position is in, at the position.
func (c *concat) find() error {
	from := int64(len(c.head))
	for _, p := range c.parts {
		if c.at >= from+p.Size {
			from += p.Size
			continue
		}
		body, _, err := c.store.Get(c.ctx, p.Key)
		if err != nil {
			return err
		}
		// Positions other than a part's beginning are rare: a repeated request
		// starts at 0, so what is skipped is not worth a ranged read.
		c.open, c.left = body, from+p.Size-c.at
		_, err = io.CopyN(io.Discard, body, c.at-from)
		return err
	}
	return io.EOF
}

// close lets go of the part that is open.
func (c *concat) close() error {
	if c.open == nil {
		return nil
	}
	err := c.open.Close()
	c.open = nil
	return err
}

// Seek implements io.Seeker.
func (c *concat) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errors.New("batch: a position before the beginning")
	}
	if offset == c.at {
		return offset, nil
	}
	// The part is opened again when it is read: most seeks go to the end and back,
	// for the size.
	c.at = offset
	return offset, c.close()
}
