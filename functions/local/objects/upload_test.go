package objects_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"godwit/functions/local/objects"
)

// presigned puts body through a URL that binds type, length and checksum of want.
func presigned(t *testing.T, st *stage, key, want, body string) int {
	t.Helper()
	sum := sha256.Sum256([]byte(want))
	req, err := s3.NewPresignClient(st.client).PresignPutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String(key), ContentType: aws.String("text/csv"),
		ContentLength:  aws.Int64(int64(len(want))),
		ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	put, err := http.NewRequestWithContext(t.Context(), req.Method, req.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range req.SignedHeader {
		if !strings.EqualFold(name, "Host") && !strings.EqualFold(name, "Content-Length") {
			put.Header[name] = values
		}
	}
	resp, err := http.DefaultClient.Do(put)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func TestServer_PresignedPutBindsContent(t *testing.T) {
	st := start(t, t.TempDir())
	if got := presigned(t, st, "datasets/good", "label,text\n", "label,text\n"); got != http.StatusOK {
		t.Errorf("matching body: status %d, want 200", got)
	}
	if got := presigned(t, st, "datasets/other", "label,text\n", "LABEL,TEXT\n"); got/100 != 4 {
		t.Errorf("other bytes: status %d, want 4xx", got)
	}
	if got := presigned(t, st, "datasets/longer", "label,text\n", "label,text\nmore\n"); got/100 != 4 {
		t.Errorf("more bytes: status %d, want 4xx", got)
	}
	if got := len(st.events); got != 1 || st.events[0].Key != "datasets/good" {
		t.Errorf("events = %+v, want one for datasets/good", st.events)
	}
}

func TestServer_TellsOfEveryCreation(t *testing.T) {
	st := start(t, t.TempDir())
	version := st.put(t, "inbox/local/a b/put.csv", "12345")
	copied, err := st.client.CopyObject(t.Context(), &s3.CopyObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("inbox/local/m/copy.csv"), CopySource: aws.String(bucket + "/inbox/local/a%20b/put.csv"),
	})
	if err != nil {
		t.Fatalf("CopyObject: %v", err)
	}
	parts, size := multipart(t, st, "inbox/local/m/parts.csv")
	st.put(t, "inbox/local/folder/", "")
	double := st.put(t, "inbox/local//m/x.csv", "")
	want := []objects.Created{
		{Bucket: bucket, Key: "inbox/local/a b/put.csv", VersionID: version, Size: 5, Reason: "PutObject"},
		{Bucket: bucket, Key: "inbox/local/m/copy.csv", VersionID: aws.ToString(copied.VersionId), Size: 5, Reason: "CopyObject"},
		{Bucket: bucket, Key: "inbox/local/m/parts.csv", VersionID: parts, Size: size, Reason: "CompleteMultipartUpload"},
		{Bucket: bucket, Key: "inbox/local/folder/", Reason: "PutObject"},
		{Bucket: bucket, Key: "inbox/local/m/x.csv", VersionID: double, Reason: "PutObject"},
	}
	if len(st.events) != len(want) {
		t.Fatalf("events = %+v, want %d", st.events, len(want))
	}
	for i, got := range st.events {
		if got.ETag == "" || strings.Contains(got.ETag, `"`) || time.Since(got.Time) > time.Minute {
			t.Errorf("event %d: tag %q, time %v, want a bare tag and now", i, got.ETag, got.Time)
		}
		got.ETag, got.Time = "", time.Time{}
		if got != want[i] {
			t.Errorf("event %d = %+v, want %+v", i, got, want[i])
		}
	}
}

// multipart uploads two parts under key and returns version id and size.
func multipart(t *testing.T, st *stage, key string) (string, int64) {
	t.Helper()
	up, err := st.client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	if err != nil {
		t.Fatalf("CreateMultipartUpload: %v", err)
	}
	var done []types.CompletedPart
	var size int64
	for n, body := range [][]byte{bytes.Repeat([]byte("a"), 5<<20), []byte("rest")} {
		part, err := st.client.UploadPart(t.Context(), &s3.UploadPartInput{
			Bucket: aws.String(bucket), Key: aws.String(key), UploadId: up.UploadId, PartNumber: aws.Int32(int32(n + 1)), Body: bytes.NewReader(body),
		})
		if err != nil {
			t.Fatalf("UploadPart: %v", err)
		}
		size += int64(len(body))
		done = append(done, types.CompletedPart{ETag: part.ETag, PartNumber: aws.Int32(int32(n + 1)), ChecksumCRC32: part.ChecksumCRC32})
	}
	out, err := st.client.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: aws.String(bucket), Key: aws.String(key), UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
	})
	if err != nil {
		t.Fatalf("CompleteMultipartUpload: %v", err)
	}
	return aws.ToString(out.VersionId), size
}
