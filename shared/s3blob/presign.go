package s3blob

import (
	"context"
	"mime"
	"net/http"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/shared/blob"
)

// PresignPut signs an upload of exactly one object. Size, content type and
// SHA-256 are signed headers: another value, or leaving one out, is refused by
// S3 as a wrong signature, and other bytes as a wrong digest.
func (s *Store) PresignPut(ctx context.Context, p blob.PresignPut) (blob.Presigned, error) {
	if err := blob.CheckPresign(p); err != nil {
		return blob.Presigned{}, err
	}
	sum, err := p.Digest.Base64()
	if err != nil {
		return blob.Presigned{}, err
	}
	req, err := s.presign.PresignPutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &p.Key, ContentLength: &p.Size, ContentType: &p.ContentType, ChecksumSHA256: &sum,
	}, s3.WithPresignExpires(p.TTL))
	if err != nil {
		return blob.Presigned{}, failure(ctx, err)
	}
	return s.presigned(req, p.TTL), nil
}

// PresignGet signs a download. A filename becomes the Content-Disposition of
// the answer; empty leaves it out.
func (s *Store) PresignGet(ctx context.Context, key, filename string, ttl time.Duration) (blob.Presigned, error) {
	if err := blob.CheckKey(key); err != nil {
		return blob.Presigned{}, err
	}
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: &key}
	if filename != "" {
		// Quoted, or percent-encoded as RFC 2231 says when it is not ASCII.
		disposition := mime.FormatMediaType("attachment", map[string]string{"filename": filename})
		in.ResponseContentDisposition = &disposition
	}
	req, err := s.presign.PresignGetObject(ctx, in, s3.WithPresignExpires(ttl))
	if err != nil {
		return blob.Presigned{}, failure(ctx, err)
	}
	return s.presigned(req, ttl), nil
}

// presigned hands on exactly the headers that are signed: one left out, or with
// another value, and S3 refuses the signature.
func (s *Store) presigned(req *v4.PresignedHTTPRequest, ttl time.Duration) blob.Presigned {
	// Exactly the signed headers: one left out, or another value, and S3 refuses
	// the signature.
	headers := map[string]string{}
	for name := range req.SignedHeader {
		if http.CanonicalHeaderKey(name) != "Host" { // every client sends it by itself
			headers[strings.ToLower(name)] = req.SignedHeader.Get(name)
		}
	}
	return blob.Presigned{
		Method: req.Method, URL: req.URL, Headers: headers, ExpiresAt: s.now().Add(ttl).UTC().Truncate(time.Second),
	}
}
