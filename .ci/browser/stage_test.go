package browser_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Where things are: the repository, unless BROWSER_ROOT names another folder of
// its shape, and the pictures.
var (
	root      = absolute(or(os.Getenv("BROWSER_ROOT"), "../.."))
	outFolder = absolute(or(os.Getenv("BROWSER_OUT"), "../../.build/browser"))
)

func or(value, standard string) string {
	if value == "" {
		return standard
	}
	return value
}

func absolute(path string) string {
	full, err := filepath.Abs(path)
	if err != nil {
		panic("browser: " + err.Error())
	}
	return full
}

// stage is a running local stage.
type stage struct {
	API    string `json:"api"`
	APIKey string `json:"api_key"`
	end    func()
}

// stages are those of this run by mode, one each, with the sample trained.
var stages = struct {
	sync.Mutex
	running map[string]*stage
}{running: map[string]*stage{}}

func TestMain(m *testing.M) {
	if err := os.MkdirAll(outFolder, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	for _, s := range stages.running {
		s.end()
	}
	if ctx, err := chromium(); err == nil {
		_ = chromedp.Cancel(ctx)
	}
	os.Exit(code)
}

// start returns the stage of a mode, "local" or "key", which is started once.
func start(t *testing.T, mode string) *stage {
	t.Helper()
	stages.Lock()
	defer stages.Unlock()
	if s := stages.running[mode]; s != nil {
		return s
	}
	dir, err := os.MkdirTemp("", "browser-")
	if err != nil {
		t.Fatal(err)
	}
	ready := filepath.Join(dir, "ready.json")
	log, err := os.Create(filepath.Join(outFolder, "stage-"+mode+".log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(root, ".build/godwit-local"), "serve", "-root", root, "-bin", filepath.Join(root, ".build/host"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.Env = append(os.Environ(), "GODWIT_AUTH="+mode, "GODWIT_API_ADDR=127.0.0.1:0", "GODWIT_S3_ADDR=127.0.0.1:0",
		"GODWIT_DYNAMODB_ADDR=127.0.0.1:0", "GODWIT_SFN_ADDR=127.0.0.1:0", "GODWIT_DATA="+filepath.Join(dir, "data"), "GODWIT_READY_FILE="+ready)
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the stage: %v (make stage builds it)", err)
	}
	s := &stage{end: func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	}}
	stages.running[mode] = s
	await(t, "the stage", func() bool {
		raw, err := os.ReadFile(ready)
		return err == nil && json.Unmarshal(raw, s) == nil
	})
	await(t, "the sample's model", func() bool { return s.try("GET", "/v1/models/messages@champion", "", nil) == 200 })
	return s
}

// await waits for something outside the browser.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * patience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("%s: not there within %v", what, 2*patience)
}

// try sends a request to the API with the admin key and returns its status.
func (s *stage) try(method, path, body string, out any) int {
	r, err := http.NewRequest(method, s.API+path, strings.NewReader(body))
	if err != nil {
		return 0
	}
	r.Header.Set("Authorization", "Bearer "+s.APIKey)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil || out != nil && json.NewDecoder(bytes.NewReader(raw)).Decode(out) != nil {
		return 0
	}
	return answer.StatusCode
}

// write makes a file of a test and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
