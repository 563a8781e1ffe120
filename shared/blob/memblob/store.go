// Package memblob is a blob.Store in memory, for tests: the port's exact
// semantics, including versions, with presigned URLs that nothing serves.
package memblob

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
)

// Store is a blob.Store. Its methods are safe for concurrent use.
type Store struct {
	now func() time.Time

	mu      sync.RWMutex
	objects map[string][]object // every version of a key, oldest first
	count   int                 // versions made so far
}

// object is one version; a deletion is a version too.
type object struct {
	data    []byte // never changed once stored
	info    blob.Info
	deleted bool
}

var _ blob.Store = (*Store)(nil)

// New returns an empty Store that dates objects and URLs by now.
func New(now func() time.Time) *Store {
	return &Store{now: now, objects: map[string][]object{}}
}

// Copy returns a Store with the same objects and versions, which goes its own way
// from here. The bytes are shared.
func (s *Store) Copy() *Store {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &Store{now: s.now, objects: make(map[string][]object, len(s.objects)), count: s.count}
	for key, versions := range s.objects {
		out.objects[key] = slices.Clip(versions) // so that a further version is of one Store alone
	}
	return out
}

// Get returns the newest version's bytes.
func (s *Store) Get(ctx context.Context, key string) (io.ReadCloser, blob.Info, error) {
	return s.GetVersion(ctx, key, "")
}

// GetVersion returns one version's bytes.
func (s *Store) GetVersion(ctx context.Context, key, versionID string) (io.ReadCloser, blob.Info, error) {
	if err := cmp.Or(ctx.Err(), blob.CheckKey(key)); err != nil {
		return nil, blob.Info{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	versions := s.objects[key]
	i := len(versions) - 1
	if versionID != "" {
		i = slices.IndexFunc(versions, func(o object) bool { return o.info.VersionID == versionID })
	}
	if i < 0 || versions[i].deleted {
		return nil, blob.Info{}, fault.New(fault.NotFound, "no such object")
	}
	o := versions[i]
	return io.NopCloser(bytes.NewReader(o.data)), o.info, nil
}

// Stat returns the newest version's description.
func (s *Store) Stat(ctx context.Context, key string) (blob.Info, error) {
	_, info, err := s.GetVersion(ctx, key, "")
	return info, err
}

// Put stores size bytes of body.
func (s *Store) Put(ctx context.Context, key string, body io.ReadSeeker, size int64, opts blob.PutOptions) (blob.Info, error) {
	if err := cmp.Or(ctx.Err(), blob.CheckKey(key)); err != nil {
		return blob.Info{}, err
	}
	// One byte more than announced tells a body that is too long.
	data, err := io.ReadAll(io.LimitReader(body, size+1))
	if err != nil {
		return blob.Info{}, fmt.Errorf("read the bytes to store: %w", err)
	}
	if int64(len(data)) != size {
		return blob.Info{}, fault.Wrap(fault.Internal, errors.New("body and size disagree"), "the object does not have the size that was announced")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	versions := s.objects[key]
	if n := len(versions); opts.IfAbsent && n > 0 && !versions[n-1].deleted {
		return blob.Info{}, fault.New(fault.PreconditionFailed, "the object exists already")
	}
	info := blob.Info{
		Key: key, Size: size, ETag: blob.DigestOf(data).Hex()[:32], VersionID: s.nextID(),
		ContentType: opts.ContentType, ModTime: s.now().UTC().Truncate(time.Second),
	}
	// Only ever appended to: whoever reads an older version holds bytes that no
	// later call changes.
	s.objects[key] = append(versions, object{data: data, info: info})
	return info, nil
}

// Delete hides the key; its versions stay.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := cmp.Or(ctx.Err(), blob.CheckKey(key)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// As S3 does in a versioned bucket: a marker hides what is below it.
	if versions := s.objects[key]; len(versions) > 0 {
		s.objects[key] = append(versions, object{info: blob.Info{Key: key, VersionID: s.nextID()}, deleted: true})
	}
	return nil
}

// nextID names a version; the caller holds the lock.
func (s *Store) nextID() string {
	s.count++
	return "v" + strconv.Itoa(s.count)
}

// List returns a page of keys.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, bool, error) {
	if err := cmp.Or(ctx.Err(), blob.CheckLimit(limit)); err != nil {
		return nil, false, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []blob.Info
	// A sort for each page: a test's store holds few keys.
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		o := s.objects[key][len(s.objects[key])-1]
		if o.deleted || key <= after || !strings.HasPrefix(key, prefix) {
			continue
		}
		if len(out) == limit {
			return out, true, nil
		}
		info := o.info
		info.ContentType, info.VersionID = "", "" // a list names neither
		out = append(out, info)
	}
	return out, false, nil
}

// PresignPut returns a URL of the form S3 would give, on a host that does not exist.
func (s *Store) PresignPut(ctx context.Context, p blob.PresignPut) (blob.Presigned, error) {
	if err := cmp.Or(ctx.Err(), blob.CheckPresign(p)); err != nil {
		return blob.Presigned{}, err
	}
	checksum, err := p.Digest.Base64()
	if err != nil {
		return blob.Presigned{}, err
	}
	out := s.presigned("PUT", p.Key, p.TTL)
	out.Headers = map[string]string{
		"content-length":        strconv.FormatInt(p.Size, 10),
		"content-type":          p.ContentType,
		"x-amz-checksum-sha256": checksum,
	}
	return out, nil
}

// PresignGet is PresignPut for reading.
func (s *Store) PresignGet(ctx context.Context, key, filename string, ttl time.Duration) (blob.Presigned, error) {
	if err := cmp.Or(ctx.Err(), blob.CheckKey(key)); err != nil {
		return blob.Presigned{}, err
	}
	return s.presigned("GET", key, ttl), nil
}

func (s *Store) presigned(method, key string, ttl time.Duration) blob.Presigned {
	u := url.URL{Scheme: "https", Host: "memblob.invalid", Path: "/" + key}
	return blob.Presigned{Method: method, URL: u.String(), ExpiresAt: s.now().Add(ttl).UTC().Truncate(time.Second)}
}
