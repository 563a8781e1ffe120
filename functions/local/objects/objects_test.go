package objects_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"godwit/functions/local/objects"
)

const bucket = "godwit-uploads"

// stage is one running server with what its clients need.
type stage struct {
	*objects.Server
	client *s3.Client
	mu     sync.Mutex
	events []objects.Created
}

// start serves dir until the test ends.
func start(t testing.TB, dir string) *stage {
	t.Helper()
	st := &stage{}
	server, err := objects.Start(t.Context(), objects.Options{
		Dir: dir, Addr: "127.0.0.1:0", AccessKey: "access", SecretKey: "secret",
		Buckets: []string{bucket, "godwit-models"},
		OnCreated: func(c objects.Created) {
			st.mu.Lock()
			defer st.mu.Unlock()
			st.events = append(st.events, c)
		},
	})
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	st.Server = server
	st.client = objects.Client(server.URL(), "access", "secret")
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return st
}

// put stores body under key and returns the version id.
func (s *stage) put(t testing.TB, key, body string) string {
	t.Helper()
	out, err := s.client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String(key), Body: strings.NewReader(body),
	})
	if err != nil {
		t.Fatalf("PutObject(%q): %v", key, err)
	}
	return aws.ToString(out.VersionId)
}

// get reads key, one version of it when version is not empty.
func (s *stage) get(t testing.TB, key, version string) string {
	t.Helper()
	in := &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)}
	if version != "" {
		in.VersionId = aws.String(version)
	}
	out, err := s.client.GetObject(t.Context(), in)
	if err != nil {
		t.Fatalf("GetObject(%q, %q): %v", key, version, err)
	}
	defer out.Body.Close()
	data, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatalf("read %q: %v", key, err)
	}
	return string(data)
}

// code returns the S3 error code of err, "" for nil.
func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestServer_Versions(t *testing.T) {
	st := start(t, t.TempDir())
	const key = "inbox/local/intents/训练 data+1.csv"
	first, second := st.put(t, key, "one"), st.put(t, key, "two, longer")
	if first == "" || first == second {
		t.Fatalf("version ids %q and %q, want two different ones", first, second)
	}
	if got := st.get(t, key, first); got != "one" {
		t.Errorf("first version = %q, want %q", got, "one")
	}
	if got := st.get(t, key, ""); got != "two, longer" {
		t.Errorf("newest version = %q, want %q", got, "two, longer")
	}
	st.put(t, "datasets/local/x", "other prefix")
	var got []string
	err := st.Versions(t.Context(), bucket, "inbox/", func(c objects.Created) error {
		if c.Key != key || c.ETag == "" || c.Time.IsZero() {
			t.Errorf("Versions: got %+v, want key %q with tag and time", c, key)
		}
		got = append(got, c.VersionID)
		return nil
	})
	if want := []string{second, first}; err != nil || !slices.Equal(got, want) {
		t.Errorf("Versions = %v, %v, want %v", got, err, want)
	}
	stop := errors.New("enough")
	if err := st.Versions(t.Context(), bucket, "inbox/", func(objects.Created) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Versions stopped by its caller = %v, want %v", err, stop)
	}
}

// TestServer_WithoutExtendedAttributes runs on the metadata folder that a file
// system without extended attributes gets, and that stays once it is there.
func TestServer_WithoutExtendedAttributes(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "metadata"), 0o700); err != nil {
		t.Fatal(err)
	}
	st := start(t, dir)
	first, second := st.put(t, "inbox/x", "one"), st.put(t, "inbox/x", "two")
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	again := start(t, dir)
	for version, want := range map[string]string{first: "one", second: "two", "": "two"} {
		if got := again.get(t, "inbox/x", version); got != want {
			t.Errorf("version %q = %q, want %q", version, got, want)
		}
	}
	out, err := again.client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String("inbox/x")})
	if err != nil || aws.ToString(out.ETag) != `"b8a9f715dbb64fd5c56e7783c6820a61"` { // md5sum of "two"
		t.Errorf("HeadObject = %v, %v, want the MD5 of the content as tag", out, err)
	}
}

func TestServer_VersionsPages(t *testing.T) {
	st := start(t, t.TempDir())
	const objectsTotal = 405 // two full pages and a rest
	put := make(chan int)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for i := range put {
				st.put(t, "inbox/local/m/"+strings.Repeat("x", 1+i/26)+string(rune('a'+i%26)), "x")
			}
		})
	}
	for i := range objectsTotal {
		put <- i
	}
	close(put)
	workers.Wait()
	seen := map[string]bool{}
	err := st.Versions(t.Context(), bucket, "inbox/", func(c objects.Created) error {
		seen[c.Key] = true
		return nil
	})
	if err != nil || len(seen) != objectsTotal {
		t.Errorf("Versions listed %d keys, %v, want %d", len(seen), err, objectsTotal)
	}
}

func TestServer_ConditionalPutHasOneWinner(t *testing.T) {
	st := start(t, t.TempDir())
	const writers = 16
	var group sync.WaitGroup
	codes := make([]string, writers)
	for i := range writers {
		group.Go(func() {
			_, err := st.client.PutObject(context.Background(), &s3.PutObjectInput{
				Bucket: aws.String(bucket), Key: aws.String("artifacts/one"), IfNoneMatch: aws.String("*"),
				Body: strings.NewReader(strings.Repeat(string(rune('a'+i)), 1000)),
			})
			codes[i] = code(err)
		})
	}
	group.Wait()
	won := 0
	for i, c := range codes {
		switch c {
		case "":
			won++
		case "PreconditionFailed", "ConditionalRequestConflict":
		default:
			t.Errorf("writer %d: code %q, want PreconditionFailed", i, c)
		}
	}
	if won != 1 {
		t.Errorf("%d writers won, want 1", won)
	}
}

func TestServer_ConditionalPutAfterDelete(t *testing.T) {
	st := start(t, t.TempDir())
	const key = "artifacts/again"
	put := func() string {
		_, err := st.client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String(bucket), Key: aws.String(key), IfNoneMatch: aws.String("*"), Body: strings.NewReader("x"),
		})
		return code(err)
	}
	for i, want := range []string{"", "PreconditionFailed"} {
		if got := put(); got != want {
			t.Errorf("put %d: code %q, want %q", i, got, want)
		}
	}
	if _, err := st.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)}); err != nil {
		t.Fatalf("DeleteObject: %v", err)
	}
	codes := make([]string, 8)
	var group sync.WaitGroup
	for i := range codes {
		group.Go(func() { codes[i] = put() })
	}
	group.Wait()
	slices.Sort(codes)
	if codes[0] != "" || codes[1] != "PreconditionFailed" {
		t.Errorf("8 puts after the delete: codes %q, want one success", codes)
	}
	if got := st.get(t, key, ""); got != "x" {
		t.Errorf("after the delete and a put: %q, want %q", got, "x")
	}
}

func TestServer_RefusesWrongContent(t *testing.T) {
	st := start(t, t.TempDir())
	wrong := sha256.Sum256([]byte("something else"))
	_, err := st.client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("datasets/x"), Body: strings.NewReader("text"),
		ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(wrong[:])),
	})
	if got := code(err); got != "BadDigest" && got != "XAmzContentChecksumMismatch" {
		t.Errorf("put with a wrong checksum: code %q, want BadDigest", got)
	}
	if _, err := st.client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String("datasets/x")}); code(err) != "NotFound" {
		t.Errorf("head after a refused put: %v, want NotFound", err)
	}
	if len(st.events) != 0 {
		t.Errorf("events = %v, want none", st.events)
	}
}

func TestServer_RefusesWrongKeys(t *testing.T) {
	st := start(t, t.TempDir())
	bad := objects.Client(st.URL(), "access", "not the secret")
	_, err := bad.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if got := code(err); got != "SignatureDoesNotMatch" {
		t.Errorf("wrong secret: code %q, want SignatureDoesNotMatch", got)
	}
	resp, err := http.Get(st.URL() + "/" + bucket)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("without a signature: status %d, want 403", resp.StatusCode)
	}
}

func TestServer_AllowsItsConsole(t *testing.T) {
	server, err := objects.Start(t.Context(), objects.Options{
		Dir: t.TempDir(), Addr: "127.0.0.1:0", AccessKey: "access", SecretKey: "secret",
		Buckets: []string{bucket}, AllowOrigins: []string{"http://127.0.0.1:3000", "http://localhost:3000"},
	})
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	defer server.Close()
	for _, tc := range []struct {
		origin, method string
		allowed        bool
	}{
		{"http://127.0.0.1:3000", http.MethodPut, true},
		{"http://localhost:3000", http.MethodPut, true},
		{"http://localhost:3001", http.MethodPut, false},
		{"http://127.0.0.1:3000", http.MethodGet, false},
		{"http://127.0.0.1:3000", http.MethodDelete, false},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, server.URL()+"/"+bucket+"/datasets/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", tc.origin)
		req.Header.Set("Access-Control-Request-Method", tc.method)
		req.Header.Set("Access-Control-Request-Headers", "content-type,x-amz-checksum-sha256")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		got := resp.StatusCode/100 == 2 && resp.Header.Get("Access-Control-Allow-Origin") == tc.origin
		if got != tc.allowed {
			t.Errorf("preflight of %s from %s: status %d, headers %v, want allowed: %t", tc.method, tc.origin, resp.StatusCode, resp.Header, tc.allowed)
		}
	}
}

func TestStart_Refuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, dir, addr string
		want            error
	}{
		{"a port in use", t.TempDir(), taken.Addr().String(), syscall.EADDRINUSE},
		{"a file where the folder should be", file, "127.0.0.1:0", syscall.ENOTDIR},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server, err := objects.Start(t.Context(), objects.Options{Dir: tc.dir, Addr: tc.addr, AccessKey: "a", SecretKey: "s"})
			if !errors.Is(err, tc.want) {
				t.Errorf("Start = %v, %v, want %v", server, err, tc.want)
			}
		})
	}
	t.Run("a relative folder", func(t *testing.T) {
		if _, err := objects.Start(t.Context(), objects.Options{Dir: "here", Addr: "127.0.0.1:0"}); err == nil {
			t.Error("Start = nil, want an error")
		}
	})
	t.Run("a second server", func(t *testing.T) {
		start(t, t.TempDir())
		_, err := objects.Start(t.Context(), objects.Options{Dir: t.TempDir(), Addr: "127.0.0.1:0"})
		if !errors.Is(err, objects.ErrRunning) {
			t.Errorf("Start = %v, want ErrRunning", err)
		}
	})
}

func TestServer_ClosesDespiteIdleClients(t *testing.T) {
	before, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	st := start(t, t.TempDir())
	st.put(t, "inbox/x", "x") // leaves an idle connection behind
	unused, err := net.Dial("tcp", st.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer unused.Close()
	began := time.Now()
	if err := st.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("Close took %v with idle clients, want about 2 s", took)
	}
	if after, _ := os.Getwd(); after != before {
		t.Errorf("working directory = %s, want %s", after, before)
	}
}
