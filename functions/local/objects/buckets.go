package objects

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// listPage is how many versions Versions asks for at a time.
const listPage = 200

// Client returns an S3 client for endpoint as the stage's tools use it:
// path-style, with the given key.
func Client(endpoint, accessKey, secretKey string) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(endpoint),
		Region:       Region,
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
		HTTPClient:   &http.Client{Timeout: 5 * time.Minute},
	})
}

// makeBuckets makes the buckets through the S3 protocol, as anybody would: the
// server keeps an owner and an access list for each that nobody else should write.
func makeBuckets(ctx context.Context, s *Server, opts Options) error {
	client := Client(s.URL(), opts.AccessKey, opts.SecretKey)
	for _, bucket := range opts.Buckets {
		_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)})
		// Every start but the first finds them.
		if _, mine := errors.AsType[*types.BucketAlreadyOwnedByYou](err); err != nil && !mine {
			return fmt.Errorf("objects: create bucket %s: %w", bucket, err)
		}
		_, err = client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
			Bucket:                  aws.String(bucket),
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
		})
		if err != nil {
			return fmt.Errorf("objects: enable versioning of bucket %s: %w", bucket, err)
		}
		if len(opts.AllowOrigins) == 0 {
			continue
		}
		_, err = client.PutBucketCors(ctx, &s3.PutBucketCorsInput{
			Bucket: aws.String(bucket),
			CORSConfiguration: &types.CORSConfiguration{CORSRules: []types.CORSRule{
				// Uploads only: reading an object from a page goes through the API.
				{AllowedMethods: []string{http.MethodPut}, AllowedHeaders: []string{"*"}, AllowedOrigins: opts.AllowOrigins},
			}},
		})
		if err != nil {
			return fmt.Errorf("objects: let pages upload to bucket %s: %w", bucket, err)
		}
	}
	return nil
}

// Versions calls each for every stored version of every object whose key has
// the prefix, newest first for each key, without delete markers. Reason is
// empty and Time is when the version was written. An error of each ends the
// listing and is returned.
func (s *Server) Versions(ctx context.Context, bucket, prefix string, each func(Created) error) error {
	in := &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &prefix, MaxKeys: aws.Int32(listPage)}
	for {
		page, err := s.store.ListObjectVersions(ctx, in)
		if err != nil {
			return fmt.Errorf("objects: list versions of %s/%s: %w", bucket, prefix, err)
		}
		for _, v := range page.Versions {
			err := each(Created{
				Bucket: bucket, Key: value(v.Key), VersionID: versionID(value(v.Key), value(v.VersionId)),
				ETag: unquoted(value(v.ETag)), Size: value(v.Size), Time: value(v.LastModified).UTC(),
			})
			if err != nil {
				return err
			}
		}
		if !value(page.IsTruncated) {
			return nil
		}
		// Both: many versions of one key may fill a page.
		in.KeyMarker, in.VersionIdMarker = page.NextKeyMarker, page.NextVersionIdMarker
	}
}

// versionID hides the version id that listings, but not puts, give to folder markers.
func versionID(key, id string) string {
	if strings.HasSuffix(key, "/") {
		return ""
	}
	return id
}
