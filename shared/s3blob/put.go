package s3blob

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/shared/blob"
	"godwit/shared/fault"
)

// A conditional write that meets another one under way is answered 409 and may
// be repeated.
const (
	putRounds = 4
	putPause  = 20 * time.Millisecond // doubled each round: 40, 80, 160 ms
)

// ownerKey is the user metadata that names one conditional Put.
const ownerKey = "godwit-put"

// Put stores size bytes of body from its current position. S3 compares them
// with the SHA-256 computed here before anything is visible.
//
// A conditional Put marks the object as its own. When the key turns out to
// exist, or no answer comes, the mark tells whether an earlier attempt of this
// very Put has won.
func (s *Store) Put(ctx context.Context, key string, body io.ReadSeeker, size int64, opts blob.PutOptions) (blob.Info, error) {
	if err := blob.CheckKey(key); err != nil {
		return blob.Info{}, err
	}
	start, sum, err := digest(body, size)
	if err != nil {
		return blob.Info{}, err
	}
	in := &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: body, ContentLength: &size, ChecksumSHA256: &sum, Metadata: opts.Metadata,
	}
	if opts.ContentType != "" {
		in.ContentType = &opts.ContentType
	}
	owner := ""
	if opts.IfAbsent {
		owner = s.owner()
		in.IfNoneMatch = aws.String("*")
		// A map of its own: opts belongs to the caller.
		in.Metadata = map[string]string{ownerKey: owner}
		maps.Copy(in.Metadata, opts.Metadata)
	}
	out, err := s.put(ctx, in, body, start)
	if err == nil {
		return blob.Info{
			Key: key, Size: size, ETag: unquote(out.ETag), VersionID: aws.ToString(out.VersionId),
			ContentType: opts.ContentType, ModTime: s.now().UTC().Truncate(time.Second),
		}, nil
	}
	err = failure(ctx, err)
	if owner != "" && (fault.Is(err, fault.PreconditionFailed) || fault.Is(err, fault.Unavailable)) {
		return s.recognise(ctx, key, owner, err)
	}
	return blob.Info{}, err
}

// put sends the object, again when it met another conditional write under way.
func (s *Store) put(ctx context.Context, in *s3.PutObjectInput, body io.ReadSeeker, start int64) (*s3.PutObjectOutput, error) {
	for round := 1; ; round++ {
		// The digest has read the body to its end, and so has a round before this.
		if _, err := body.Seek(start, io.SeekStart); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "the bytes to store cannot be read again")
		}
		out, err := s.client.PutObject(ctx, in)
		if err == nil || codeOf(err) != "ConditionalRequestConflict" || round == putRounds {
			return out, err
		}
		if err := wait(ctx, putPause<<round); err != nil {
			return nil, err
		}
	}
}

// owner is unique among the conditional Puts that could meet at one key: time
// tells processes apart, the count those of one process.
func (s *Store) owner() string {
	return fmt.Sprintf("%x-%x", s.now().UnixNano(), s.puts.Add(1))
}

// recognise decides a conditional Put that failed with err: the object there
// may be its own.
func (s *Store) recognise(ctx context.Context, key, owner string, err error) (blob.Info, error) {
	out, headErr := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key})
	switch {
	// The question stays open, so the caller gets the first error: it says
	// what happened to the write, this one only what happened to the look.
	case headErr != nil:
		return blob.Info{}, err
	case out.Metadata[ownerKey] != owner:
		return blob.Info{}, exists(err)
	}
	return describe(key, out), nil
}

// digest reads body once and returns where it began and its SHA-256.
func digest(body io.ReadSeeker, size int64) (start int64, sum string, err error) {
	start, err = body.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, "", fmt.Errorf("find the position of the bytes to store: %w", err)
	}
	h := sha256.New()
	// One byte more than announced tells a body that is too long.
	n, err := io.Copy(h, io.LimitReader(body, size+1))
	if err != nil {
		return 0, "", fmt.Errorf("read the bytes to store: %w", err)
	}
	if n != size {
		return 0, "", fault.Wrap(fault.Internal, errors.New("body and size disagree"), "the object does not have the size that was announced")
	}
	return start, base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

// wait sleeps for d, or until ctx ends, whose error it returns then.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
