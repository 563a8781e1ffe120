package objects_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/functions/local/objects"
)

// serveDir names the variable that turns the test binary into a server process.
const serveDir = "OBJECTS_TEST_SERVE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveDir); dir != "" {
		serveForever(dir)
	}
	os.Exit(m.Run())
}

// serveForever prints its endpoint and serves until the process is killed.
func serveForever(dir string) {
	server, err := objects.Start(context.Background(), objects.Options{
		Dir: dir, Addr: "127.0.0.1:0", AccessKey: "access", SecretKey: "secret", Buckets: []string{bucket},
	})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println(server.URL())
	select {}
}

// spawn starts a server process on dir; it is killed when the test ends at the latest.
func spawn(t *testing.T, dir string) (*exec.Cmd, *s3.Client) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "http://") {
		t.Fatalf("server process said %q, %v", line, err)
	}
	return cmd, objects.Client(strings.TrimSpace(line), "access", "secret")
}

// content is what the writers store under key: long enough to be cut by a crash.
func content(key string) string { return strings.Repeat(key+"\n", 40_000) }

func TestServer_KeepsWhatItAnsweredWhenKilled(t *testing.T) {
	dir := t.TempDir()
	cmd, client := spawn(t, dir)
	var mu sync.Mutex
	versions := map[string]string{} // answered puts: key to version id
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("inbox/local/m/%d-%d", w, i%5) // overwrites too
				out, err := client.PutObject(context.Background(), &s3.PutObjectInput{
					Bucket: aws.String(bucket), Key: aws.String(key), Body: strings.NewReader(content(key)),
				}, func(o *s3.Options) { o.RetryMaxAttempts = 1 })
				if err != nil {
					return
				}
				mu.Lock()
				versions[key] = aws.ToString(out.VersionId)
				mu.Unlock()
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	writers.Wait()
	if len(versions) == 0 {
		t.Fatal("nothing was written before the kill")
	}

	st := start(t, dir)
	for key, version := range versions {
		if got := st.get(t, key, version); got != content(key) {
			t.Errorf("version %s of %s has %d bytes, want %d", version, key, len(got), len(content(key)))
		}
		if got := st.get(t, key, ""); got != content(key) {
			t.Errorf("newest %s has %d bytes, want %d", key, len(got), len(content(key)))
		}
	}
	if got := st.put(t, "inbox/local/m/after", "x"); got == "" {
		t.Error("put after the restart has no version id")
	}
}
