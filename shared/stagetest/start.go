package stagetest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"godwit/shared/blob"
)

// Endpoints say how to reach a running local stage.
type Endpoints struct {
	API           string `json:"api"`
	S3            string `json:"s3"`
	DynamoDB      string `json:"dynamodb"`
	StepFunctions string `json:"sfn"`
	UploadsBucket string `json:"uploads_bucket"`
	ModelsBucket  string `json:"models_bucket"`
	AccessKey     string `json:"access_key"`
	SecretKey     string `json:"secret_key"`
	APIKey        string `json:"api_key"`
}

// functions are the folders the stage wants a bootstrap in.
var functions = []string{"authorizer", "model-registry", "predict", "train-trigger", "trainer", "batch"}

// sampleMark in a data folder says that the stage need not load its sample.
const sampleMark = "sample-loaded"

// Start runs a local stage on free ports and an empty data folder until the
// end of the test. Its S3, DynamoDB and Step Functions serve; its functions do
// nothing, so nothing may be put where an upload starts training.
func Start(tb testing.TB) Endpoints {
	tb.Helper()
	root := repository(tb)
	program := build(tb, root)

	dir := tb.TempDir()
	data, bin, ready := filepath.Join(dir, "data"), filepath.Join(dir, "bin"), filepath.Join(dir, "ready.json")
	write(tb, filepath.Join(data, sampleMark), 0o600)
	for _, f := range functions {
		write(tb, filepath.Join(bin, f, "bootstrap"), 0o700)
	}
	cmd := exec.Command(program, "serve", "-root", root, "-bin", bin)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		"GODWIT_API_ADDR=127.0.0.1:0", "GODWIT_S3_ADDR=127.0.0.1:0", "GODWIT_DYNAMODB_ADDR=127.0.0.1:0", "GODWIT_SFN_ADDR=127.0.0.1:0",
		"GODWIT_DATA="+data, "GODWIT_READY_FILE="+ready)
	c := run(tb, cmd)
	var at Endpoints
	c.await(tb, func() bool {
		raw, err := os.ReadFile(ready)
		return err == nil && json.Unmarshal(raw, &at) == nil
	})
	return at
}

// write makes an empty file and the folders above it.
func write(tb testing.TB, path string, mode os.FileMode) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, nil, mode); err != nil {
		tb.Fatal(err)
	}
}

// repository returns the nearest folder above the test's with a template.yaml.
func repository(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "template.yaml")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			tb.Fatalf("no template.yaml in %s or above", dir)
		}
	}
}

// built is the stage's program, made once per test process.
var built struct {
	once sync.Once
	path string
	err  error
}

// build compiles the stage.
func build(tb testing.TB, root string) string {
	tb.Helper()
	built.once.Do(func() { built.path, built.err = compile(root) })
	if built.err != nil {
		tb.Fatalf("build the local stage: %v", built.err)
	}
	return built.path
}

// compile keeps the program in the user's cache, one for each work tree, where
// the go command finds it up to date the next time. Test processes take turns.
func compile(root string) (path string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "godwit-stagetest", blob.DigestOf([]byte(root)).Hex()[:16])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	turn, err := os.Create(filepath.Join(dir, "lock"))
	if err != nil {
		return "", err
	}
	defer turn.Close() // gives the lock back
	if err := syscall.Flock(int(turn.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	path = filepath.Join(dir, "godwit-local")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Dir = filepath.Join(root, "functions", "local")
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
}
