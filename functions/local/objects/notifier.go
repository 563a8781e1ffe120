package objects

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3response"
)

// notifier tells of objects created through the store it wraps. versitygw's
// own event senders are no use here: they know no version id after a put, no
// size after a multipart upload or a copy, and give up after one attempt.
//
// It also mends one difference from AWS: see putAbsent.
type notifier struct {
	backend.Backend
	created func(Created) // may be nil
	revive  sync.Mutex    // one conditional put over a delete marker at a time
}

// PutObject stores an object and tells of it.
func (n *notifier) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	put := n.Backend.PutObject
	if value(in.IfNoneMatch) == "*" && n.deleted(ctx, value(in.Bucket), value(in.Key)) {
		put = n.putAbsent
	}
	out, err := put(ctx, in)
	if err == nil {
		n.tell(Created{
			Bucket: value(in.Bucket), Key: value(in.Key), VersionID: out.VersionID, ETag: out.ETag,
			Size: value(out.Size), Reason: "PutObject",
		})
	}
	return out, err
}

// putAbsent is PutObject with If-None-Match over a deleted object. versitygw
// refuses it for ever, because the delete marker still carries an entity tag;
// on AWS a deleted key is absent. The condition is checked here instead, with
// other conditional puts kept out; a put without a condition that lands in
// between is overwritten.
func (n *notifier) putAbsent(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	n.revive.Lock()
	defer n.revive.Unlock()
	if n.deleted(ctx, value(in.Bucket), value(in.Key)) {
		in.IfNoneMatch = nil
	}
	return n.Backend.PutObject(ctx, in)
}

// deleted reports whether the newest version of key is a delete marker.
func (n *notifier) deleted(ctx context.Context, bucket, key string) bool {
	if _, err := n.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key}); err == nil {
		return false
	}
	one := int32(1)
	page, err := n.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &key, MaxKeys: &one})
	if err != nil || len(page.DeleteMarkers) == 0 {
		return false
	}
	// The prefix may match longer keys; in byte order the key itself is first.
	newest := page.DeleteMarkers[0]
	return value(newest.Key) == key && value(newest.IsLatest)
}

// CopyObject copies an object and tells of the copy.
func (n *notifier) CopyObject(ctx context.Context, in s3response.CopyObjectInput) (s3response.CopyObjectOutput, error) {
	out, err := n.Backend.CopyObject(ctx, in)
	if err == nil {
		n.look(ctx, in.Bucket, in.Key, value(out.VersionId), "CopyObject")
	}
	return out, err
}

// CompleteMultipartUpload puts the parts together and tells of the object.
func (n *notifier) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	out, version, err := n.Backend.CompleteMultipartUpload(ctx, in)
	if err == nil {
		n.look(ctx, in.Bucket, in.Key, version, "CompleteMultipartUpload")
	}
	return out, version, err
}

// look reads size and tag of the version just made, which its creation does
// not return, and tells of it. An object deleted in between is nobody's news.
func (n *notifier) look(ctx context.Context, bucket, key *string, version, reason string) {
	in := &s3.HeadObjectInput{Bucket: bucket, Key: key}
	if version != "" {
		in.VersionId = &version
	}
	head, err := n.HeadObject(ctx, in)
	if err != nil {
		return
	}
	n.tell(Created{
		Bucket: value(bucket), Key: value(key), VersionID: version, ETag: value(head.ETag),
		Size: value(head.ContentLength), Reason: reason,
	})
}

// tell completes c and hands it over. Its strings are copied, since the server
// reuses their memory after the request, and its key is the one listings show:
// a key is a path here, so that `a//b` is stored as `a/b`.
func (n *notifier) tell(c Created) {
	if n.created == nil {
		return
	}
	folder := strings.HasSuffix(c.Key, "/")
	c.Bucket, c.VersionID = strings.Clone(c.Bucket), strings.Clone(c.VersionID)
	c.Key = strings.Clone(n.NormalizeObjectKey(c.Bucket, c.Key))
	// Normalising takes the slash away, which is what tells a folder marker.
	if folder {
		c.Key += "/"
	}
	c.ETag = strings.Clone(unquoted(c.ETag))
	c.Time = time.Now().UTC()
	n.created(c)
}

// value returns what p points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// unquoted returns an entity tag as events carry it.
func unquoted(etag string) string { return strings.Trim(etag, `"`) }
