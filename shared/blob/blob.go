// Package blob is the port for bytes: data sets, artifacts, reports and
// training work, by key.
//
// The rooms that need bytes depend on Store; shared/s3blob implements it on S3
// and shared/blob/memblob in memory, and both pass shared/blob/blobtest. A
// Store is one bucket. Keys are built by the caller and always begin with a
// folder and a tenant; a Store checks nothing about them but their form.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"godwit/shared/fault"
)

// Digest is "sha256:" and 64 lower-case hexadecimal digits.
type Digest string

// DigestOf returns the digest of data.
func DigestOf(data []byte) Digest {
	sum := sha256.Sum256(data)
	return Digest("sha256:" + hex.EncodeToString(sum[:]))
}

// DigestReader returns the digest of all that r holds, or r's error.
func DigestReader(r io.Reader) (Digest, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	return Digest("sha256:" + hex.EncodeToString(h.Sum(nil))), nil
}

// ParseDigest checks the form of s. The error is fault.Invalid.
func ParseDigest(s string) (Digest, error) {
	h, ok := strings.CutPrefix(s, "sha256:")
	if raw, err := hex.DecodeString(h); !ok || err != nil || len(raw) != sha256.Size || h != strings.ToLower(h) {
		return "", fault.New(fault.Invalid, "a digest is \"sha256:\" and 64 lower-case hexadecimal digits")
	}
	return Digest(s), nil
}

// Hex returns the 64 digits without the prefix.
func (d Digest) Hex() string { return strings.TrimPrefix(string(d), "sha256:") }

// Info describes one stored object.
type Info struct {
	Key         string
	Size        int64     // bytes
	ETag        string    // opaque, without quotes
	VersionID   string    // opaque; empty where the bucket keeps no versions
	ContentType string    // empty in lists
	ModTime     time.Time // UTC, to the second
}

// PutOptions refine Put. The zero value overwrites and sets no type.
type PutOptions struct {
	ContentType string
	// IfAbsent writes only when the key is absent; otherwise Put returns
	// fault.PreconditionFailed. A write that won but whose answer was lost
	// may say so too: with content-addressed keys the caller checks with Stat.
	IfAbsent bool
	// Metadata are user metadata, lower-case ASCII names.
	Metadata map[string]string
}

// PresignPut asks for a URL that accepts exactly one object by HTTP PUT.
type PresignPut struct {
	Key         string
	Size        int64  // bytes; bound by the signature
	Digest      Digest // content; bound by the signature
	ContentType string
	TTL         time.Duration
}

// Presigned is a request somebody without credentials may make until it expires.
type Presigned struct {
	Method    string
	URL       string
	Headers   map[string]string // must be sent exactly so
	ExpiresAt time.Time
}

// Store is one bucket. All methods are safe for concurrent use. Errors are
// fault.NotFound for an absent key or version, fault.Unavailable when the
// service did not answer after the adapter's bounded retries, and context
// errors as they are.
type Store interface {
	// Get returns the newest version's bytes. The caller closes the reader.
	// A body cut short surfaces as a read error, never as a clean EOF.
	Get(ctx context.Context, key string) (io.ReadCloser, Info, error)
	// GetVersion is Get for one version id, as an event names it. An empty id is the newest.
	GetVersion(ctx context.Context, key, versionID string) (io.ReadCloser, Info, error)
	// Stat returns the newest version's description.
	Stat(ctx context.Context, key string) (Info, error)
	// Put stores size bytes of body, checked end to end. Nothing is visible until all of it is.
	Put(ctx context.Context, key string, body io.ReadSeeker, size int64, opts PutOptions) (Info, error)
	// Delete removes the key; an absent key is no error.
	Delete(ctx context.Context, key string) error
	// List returns keys with the prefix after the key `after`, in byte order, at most limit (<= 1000), and whether more follow.
	List(ctx context.Context, prefix, after string, limit int) (infos []Info, more bool, err error)
	// PresignPut and PresignGet sign without a network call. filename is offered to browsers as the name to save under.
	PresignPut(ctx context.Context, p PresignPut) (Presigned, error)
	PresignGet(ctx context.Context, key, filename string, ttl time.Duration) (Presigned, error)
}

// ReadAll returns the bytes under key, refusing more than limit with fault.TooLarge.
func ReadAll(ctx context.Context, s Store, key string, limit int64) ([]byte, error) {
	body, info, err := s.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if info.Size > limit {
		return nil, fault.New(fault.TooLarge, "the stored object has %d bytes, the limit is %d", info.Size, limit)
	}
	data := make([]byte, info.Size)
	if _, err := io.ReadFull(body, data); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the stored object could not be read whole")
	}
	if err := End(body); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the stored object did not arrive intact")
	}
	return data, nil
}

// End reads on where the last byte that was announced has been read. It returns
// nil when the body ends there as it must, and what the body says otherwise: a
// store compares a checksum only when it is asked for the end.
func End(body io.Reader) error {
	switch n, err := io.ReadFull(body, make([]byte, 1)); {
	case n > 0:
		return errors.New("blob: longer than announced")
	case err == io.EOF:
		return nil
	default:
		return err
	}
}
