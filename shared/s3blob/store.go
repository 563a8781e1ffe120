// Package s3blob keeps a blob.Store in one S3 bucket.
//
// Objects go up with their SHA-256, which S3 verifies before anything becomes
// visible, and come down checked against it by the SDK. A body that breaks off
// is continued where it stopped, a bounded number of times, and otherwise ends
// in an error, never in a clean end. A conditional write that the SDK repeats
// after a lost answer is recognised as the success it was.
//
// The package sets no time-outs: the client it is given brings its HTTP
// client, and without one a silent server is waited for until the context ends.
package s3blob

import (
	"context"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/shared/blob"
	"godwit/shared/fault"
)

// Store is a blob.Store. Its methods are safe for concurrent use.
type Store struct {
	client  *s3.Client
	presign *s3.PresignClient
	bucket  string
	now     func() time.Time
	puts    atomic.Uint64 // conditional Puts so far
}

var _ blob.Store = (*Store)(nil)

// New returns a Store on an existing bucket. now dates the end of presigned
// requests; they are signed by the SDK's own clock.
func New(client *s3.Client, bucket string, now func() time.Time) *Store {
	client = s3.New(client.Options(), func(o *s3.Options) {
		// An object without a checksum, put there by somebody else, is no
		// news worth a log line per read.
		o.DisableLogOutputChecksumValidationSkipped = true
		// A configuration built by hand leaves this off.
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenSupported
	}, repeated)
	return &Store{client: client, presign: s3.NewPresignClient(client), bucket: bucket, now: now}
}

// Get returns the newest version's bytes.
func (s *Store) Get(ctx context.Context, key string) (io.ReadCloser, blob.Info, error) {
	return s.GetVersion(ctx, key, "")
}

// GetVersion returns one version's bytes.
func (s *Store) GetVersion(ctx context.Context, key, versionID string) (io.ReadCloser, blob.Info, error) {
	if err := blob.CheckKey(key); err != nil {
		return nil, blob.Info{}, err
	}
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: &key}
	if versionID != "" {
		in.VersionId = &versionID
	}
	out, err := s.client.GetObject(ctx, in)
	if err != nil {
		if versionID != "" && codeOf(err) == "InvalidArgument" { // an id S3 never gave out
			return nil, blob.Info{}, notFound(err)
		}
		return nil, blob.Info{}, failure(ctx, err)
	}
	// Without its length a body that broke off looks like one that ended.
	if out.ContentLength == nil || *out.ContentLength < 0 {
		_ = out.Body.Close() // nothing of it is used
		return nil, blob.Info{}, fault.New(fault.Unavailable, "the object store did not say how long the object is; try again")
	}
	info := blob.Info{
		Key: key, Size: *out.ContentLength, ETag: unquote(out.ETag), VersionID: aws.ToString(out.VersionId),
		ContentType: aws.ToString(out.ContentType), ModTime: date(out.LastModified),
	}
	// What is read on after a break must be the same version. An id says so by
	// itself, "null" aside, which is whatever was written last.
	in.VersionId = out.VersionId
	if id := aws.ToString(out.VersionId); id == "" || id == "null" {
		in.IfMatch = out.ETag
	}
	return &body{ctx: ctx, client: s.client, input: in, from: out.Body, size: info.Size}, info, nil
}

// Stat returns the newest version's description.
func (s *Store) Stat(ctx context.Context, key string) (blob.Info, error) {
	if err := blob.CheckKey(key); err != nil {
		return blob.Info{}, err
	}
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		return blob.Info{}, failure(ctx, err)
	}
	return describe(key, out), nil
}

// describe turns an answer of HEAD into the port's terms.
func describe(key string, out *s3.HeadObjectOutput) blob.Info {
	return blob.Info{
		Key: key, Size: aws.ToInt64(out.ContentLength), ETag: unquote(out.ETag), VersionID: aws.ToString(out.VersionId),
		ContentType: aws.ToString(out.ContentType), ModTime: date(out.LastModified),
	}
}

// Delete removes the key; an absent key is no error.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := blob.CheckKey(key); err != nil {
		return err
	}
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &key})
	// S3 deletes what is not there in silence, servers with a file system
	// behind them say 404.
	if err = failure(ctx, err); fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// List returns a page of keys.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, bool, error) {
	if err := blob.CheckLimit(limit); err != nil {
		return nil, false, err
	}
	in := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix}
	if after != "" {
		in.StartAfter = &after
	}
	var infos []blob.Info
	for {
		// S3 may answer fewer keys than asked for although more follow.
		in.MaxKeys = aws.Int32(int32(limit - len(infos)))
		out, err := s.client.ListObjectsV2(ctx, in)
		if err != nil {
			return nil, false, failure(ctx, err)
		}
		for _, o := range out.Contents {
			infos = append(infos, blob.Info{
				Key: aws.ToString(o.Key), Size: aws.ToInt64(o.Size), ETag: unquote(o.ETag), ModTime: date(o.LastModified),
			})
		}
		more := aws.ToBool(out.IsTruncated)
		if !more || len(infos) >= limit {
			return infos, more, nil
		}
		in.ContinuationToken = out.NextContinuationToken // outranks StartAfter from here on
	}
}

// unquote takes off the quotes in which HTTP and the list's XML write ETags.
func unquote(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }

// date cuts fractions: lists may give them and the Last-Modified header cannot,
// and both must describe an object alike.
func date(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}
