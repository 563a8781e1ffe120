package s3blob_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/blob"
	"godwit/shared/blob/blobtest"
	"godwit/shared/s3blob"
	"godwit/shared/stagetest"
)

// service is an S3 to test against.
type service struct {
	name, url, accessKey, secretKey string
	transport                       http.RoundTripper // nil means a plain one
	checksums                       bool              // objects come with their checksum, as from AWS
}

// services starts what this machine can offer: always the local stage, and
// moto where GODWIT_MOTO names it.
func services(tb testing.TB) []service {
	tb.Helper()
	at := stagetest.Start(tb)
	out := []service{{name: "stage", url: at.S3, accessKey: at.AccessKey, secretKey: at.SecretKey, checksums: true}}
	if url, ok := stagetest.Moto(tb); ok {
		out = append(out, service{name: "moto", url: url, accessKey: "test", secretKey: "test", transport: &stagetest.Serial{}})
	}
	return out
}

var buckets atomic.Int64

// open returns a Store on a bucket of its own; transport may be nil.
func (s service) open(tb testing.TB, transport http.RoundTripper) *s3blob.Store {
	tb.Helper()
	bucket := fmt.Sprintf("test-%d-%d", time.Now().UnixNano(), buckets.Add(1))
	stagetest.Bucket(tb, stagetest.S3(stagetest.Config(s.url, s.accessKey, s.secretKey, nil)), bucket)
	return s.at(transport, bucket)
}

// at returns a Store on a bucket that may not exist.
func (s service) at(transport http.RoundTripper, bucket string) *s3blob.Store {
	return s3blob.New(stagetest.S3(stagetest.Config(s.url, s.accessKey, s.secretKey, transport)), bucket, time.Now)
}

func TestStore(t *testing.T) {
	for _, s := range services(t) {
		t.Run(s.name, func(t *testing.T) {
			blobtest.Run(t, func(tb testing.TB) blob.Store { return s.open(tb, s.transport) })
		})
	}
}
