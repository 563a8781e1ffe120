package world

import (
	"bytes"
	"context"
	"io"
	"strings"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
)

// bucket is one of the two buckets as a lane reaches it.
type bucket struct {
	l      *lane
	models bool // not the uploads
}

var _ blob.Store = bucket{}

func (b bucket) base() blob.Store {
	if b.models {
		return b.l.w.models
	}
	return b.l.w.uploads
}

// Get is blob.Store's.
func (b bucket) Get(ctx context.Context, key string) (io.ReadCloser, blob.Info, error) {
	return b.GetVersion(ctx, key, "")
}

// GetVersion is blob.Store's. What it brings may be cut or have a wrong bit; an
// object that has rotted always has one.
func (b bucket) GetVersion(ctx context.Context, key, versionID string) (body io.ReadCloser, info blob.Info, err error) {
	err = b.l.call(ctx, func(bool) (err error) {
		body, info, err = b.base().GetVersion(ctx, key, versionID)
		return err
	})
	damage := b.l.struck
	if err != nil || damage != Cut && damage != Flipped && b.l.w.rotten[key] == fresh {
		return body, info, err
	}
	data, err := io.ReadAll(body)
	if err != nil || len(data) == 0 {
		return body, info, err
	}
	if damage != Cut && damage != Flipped {
		data = b.l.w.spoiled(key, data)
		info.Size = int64(len(data))
		return io.NopCloser(bytes.NewReader(data)), info, nil
	}
	half := len(data) / 2
	// An adapter finds a wrong bit by the object's checksum at the end of a body.
	// Artifacts are held against their digests too, so they come without it.
	if damage == Cut || !strings.HasPrefix(key, "artifacts/") {
		broken := failing{fault.New(fault.Unavailable, "the body broke off")}
		return io.NopCloser(io.MultiReader(bytes.NewReader(data[:half]), broken)), info, nil
	}
	data[half] ^= 1
	return io.NopCloser(bytes.NewReader(data)), info, nil
}

// failing is the rest of a body that never comes.
type failing struct{ err error }

// Read fails.
func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Stat is blob.Store's.
func (b bucket) Stat(ctx context.Context, key string) (info blob.Info, err error) {
	err = b.l.call(ctx, func(bool) (err error) { info, err = b.base().Stat(ctx, key); return err })
	return info, err
}

// Put is blob.Store's. No worker may put anything where an upload trains.
func (b bucket) Put(ctx context.Context, key string, body io.ReadSeeker, size int64, opts blob.PutOptions) (info blob.Info, err error) {
	err = b.l.call(ctx, func(bool) (err error) {
		if _, err := body.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if !b.models {
			b.l.w.raise(18, "%s put %s where an upload trains", b.l, key)
		}
		if info, err = b.base().Put(ctx, key, body, size, opts); err != nil {
			return err
		}
		delete(b.l.w.rotten, key)
		return nil
	})
	return info, err
}

// Delete is blob.Store's.
func (b bucket) Delete(ctx context.Context, key string) error {
	return b.l.call(ctx, func(bool) error { return b.base().Delete(ctx, key) })
}

// List is blob.Store's.
func (b bucket) List(ctx context.Context, prefix, after string, limit int) (infos []blob.Info, more bool, err error) {
	err = b.l.call(ctx, func(bool) (err error) { infos, more, err = b.base().List(ctx, prefix, after, limit); return err })
	return infos, more, err
}

// PresignPut is blob.Store's: no call leaves the process.
func (b bucket) PresignPut(ctx context.Context, p blob.PresignPut) (blob.Presigned, error) {
	return b.base().PresignPut(ctx, p)
}

// PresignGet is blob.Store's: no call leaves the process.
func (b bucket) PresignGet(ctx context.Context, key, filename string, ttl time.Duration) (blob.Presigned, error) {
	return b.base().PresignGet(ctx, key, filename, ttl)
}
