package stage_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/functions/local/objects"
	"godwit/functions/local/stage"
)

// standIn is the path of the built testdata/function.
var standIn string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "stage-test-")
	if err == nil {
		standIn = filepath.Join(dir, "bootstrap")
		var out []byte
		build := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-o", standIn, "./testdata/function")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
		if out, err = build.CombinedOutput(); err != nil {
			err = errors.New(string(out))
		}
	}
	if err != nil {
		_, _ = os.Stderr.WriteString("build the stand-in function: " + err.Error() + "\n")
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// settings returns settings of a stage in the repository, with stand-ins for
// its functions, on free ports and the given data folder.
func settings(t *testing.T, data string) stage.Settings {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for _, name := range []string{"authorizer", "predict", "model-registry", "train-trigger", "trainer", "batch"} {
		folder := filepath.Join(bin, name)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		// A link: each stand-in finds its own name and folder.
		if err := os.Link(standIn, filepath.Join(folder, "bootstrap")); err != nil {
			t.Fatal(err)
		}
	}
	const free = "127.0.0.1:0"
	return stage.Settings{
		APIAddr: free, S3Addr: free, DynamoDBAddr: free, StepFunctionsAddr: free,
		Data: data, ReadyFile: filepath.Join(t.TempDir(), "ready.json"), Root: root, Bin: bin,
	}
}

// start starts a stage that is closed when the test ends at the latest.
func start(t *testing.T, s stage.Settings) *stage.Stage {
	t.Helper()
	st, err := stage.Start(t.Context(), s)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() { closeStage(t, st) })
	return st
}

func closeStage(t *testing.T, st *stage.Stage) {
	t.Helper()
	if err := st.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// put stores an object in the uploads bucket and returns its version id.
func put(t *testing.T, client *s3.Client, key string) string {
	t.Helper()
	out, err := client.PutObject(context.Background(), &s3.PutObjectInput{
		Bucket: aws.String("godwit-uploads"), Key: aws.String(key), Body: strings.NewReader("label,text\n"),
	})
	if err != nil {
		t.Fatalf("PutObject(%q): %v", key, err)
	}
	return aws.ToString(out.VersionId)
}

// clientOf returns an S3 client of a stage.
func clientOf(st *stage.Stage) *s3.Client {
	r := st.Ready()
	return objects.Client(r.S3, r.AccessKey, r.SecretKey)
}

// events returns what the stand-in for train-trigger got, waiting for want of
// them, and a little longer for one too many.
func events(t *testing.T, s stage.Settings, want int) []map[string]any {
	t.Helper()
	var got []map[string]any
	deadline := time.Now().Add(10 * time.Second)
	for extra := 0; extra < 10; time.Sleep(10 * time.Millisecond) {
		data, err := os.ReadFile(filepath.Join(s.Bin, "train-trigger", "events"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		got = nil
		for line := range bytes.Lines(data) {
			var event map[string]any
			if err := json.Unmarshal(line, &event); err != nil {
				t.Fatalf("event %s: %v", line, err)
			}
			got = append(got, event)
		}
		if len(got) >= want {
			extra++
		} else if time.Now().After(deadline) {
			break
		}
	}
	if len(got) != want {
		t.Fatalf("train-trigger got %d events, want %d: %v", len(got), want, got)
	}
	return got
}

// objectOf returns the object an event tells of.
func objectOf(event map[string]any) map[string]any {
	return event["detail"].(map[string]any)["object"].(map[string]any)
}

func TestStage_ServesWhatTheTemplateSays(t *testing.T) {
	s := settings(t, t.TempDir())
	st := start(t, s)
	resp, err := http.Get(st.Ready().API + "/v1/models")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET /v1/models = %d, %s, %v, want 200", resp.StatusCode, body, err)
	}
	var environment map[string]string
	if err := json.Unmarshal(body, &environment); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	r := st.Ready()
	for name, want := range map[string]string{
		"GODWIT_TABLE": "godwit", "GODWIT_UPLOADS_BUCKET": r.UploadsBucket, "GODWIT_MODELS_BUCKET": r.ModelsBucket,
		"GODWIT_S3_PATH_STYLE": "true", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": r.AccessKey,
		"AWS_SECRET_ACCESS_KEY": r.SecretKey, "AWS_ENDPOINT_URL_S3": r.S3, "AWS_ENDPOINT_URL_DYNAMODB": r.DynamoDB,
		"AWS_ENDPOINT_URL_SFN":     r.StepFunctions,
		"GODWIT_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:godwit-training",
	} {
		if got := environment[name]; got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestStage_ReadyFile(t *testing.T) {
	s := settings(t, t.TempDir())
	st := start(t, s)
	data, err := os.ReadFile(s.ReadyFile)
	if err != nil {
		t.Fatal(err)
	}
	var got stage.Ready
	if err := json.Unmarshal(data, &got); err != nil || got != st.Ready() {
		t.Errorf("ready file = %+v, %v, want %+v", got, err, st.Ready())
	}
	if info, err := os.Stat(s.ReadyFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("ready file: %v, %v, want mode 0600", info.Mode(), err)
	}
	closeStage(t, st)
	if _, err := os.Stat(s.ReadyFile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ready file after Close: %v, want it gone", err)
	}
	again := start(t, s)
	if again.Ready().AccessKey != got.AccessKey || again.Ready().SecretKey != got.SecretKey || again.Ready().APIKey != got.APIKey {
		t.Error("keys changed over a restart, want the same")
	}
}

func TestStage_DeliversUploads(t *testing.T) {
	s := settings(t, t.TempDir())
	st := start(t, s)
	client := clientOf(st)
	version := put(t, client, "inbox/local/intents/a b.csv")
	put(t, client, "elsewhere/local/x.csv") // no rule wants it
	got := events(t, s, 1)
	object := objectOf(got[0])
	if object["key"] != "inbox/local/intents/a b.csv" || object["version-id"] != version || got[0]["detail-type"] != "Object Created" {
		t.Errorf("event = %v, want the key as it is and version %s", got[0], version)
	}
	closeStage(t, st)
	start(t, s)
	events(t, s, 1) // nothing is delivered again
}

func TestStage_DeliversWhatACrashLeftOut(t *testing.T) {
	s := settings(t, t.TempDir())
	first := start(t, s)
	keys := first.Ready()
	put(t, clientOf(first), "inbox/local/intents/seen.csv")
	events(t, s, 1)
	closeStage(t, first)

	// An object is stored, and the process dies before it notes the event:
	// the same as S3 running without the stage around it.
	alone, err := objects.Start(t.Context(), objects.Options{
		Dir: filepath.Join(s.Data, "s3"), Addr: "127.0.0.1:0", AccessKey: keys.AccessKey, SecretKey: keys.SecretKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	missed := put(t, objects.Client(alone.URL(), keys.AccessKey, keys.SecretKey), "inbox/local/intents/missed.csv")
	if err := alone.Close(); err != nil {
		t.Fatal(err)
	}

	start(t, s)
	got := events(t, s, 2)
	if object := objectOf(got[1]); object["version-id"] != missed {
		t.Errorf("event after the restart = %v, want version %s", got[1], missed)
	}
}

func TestStage_RequiresKeys(t *testing.T) {
	s := settings(t, t.TempDir())
	s.RequireKey = true
	st := start(t, s)
	for _, tc := range []struct {
		name, authorization string
		want                int
	}{
		{"no key", "", http.StatusUnauthorized},
		{"the admin key", "Bearer " + st.Ready().APIKey, http.StatusOK},
	} {
		t.Run(tc.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, st.Ready().API+"/v1/models", nil)
			if err != nil {
				t.Fatal(err)
			}
			if tc.authorization != "" {
				req.Header.Set("Authorization", tc.authorization)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != tc.want {
				t.Errorf("status %d, want %d", resp.StatusCode, tc.want)
			}
		})
	}
}

func TestStage_KeepsPagesOut(t *testing.T) {
	st := start(t, settings(t, t.TempDir()))
	for _, endpoint := range []string{st.Ready().API + "/v1/models", st.Ready().DynamoDB, st.Ready().StepFunctions} {
		for _, tc := range []struct{ name, header, value string }{
			{"another origin", "Origin", "http://evil.example"},
			{"another site", "Sec-Fetch-Site", "cross-site"},
			{"another name", "Host", "evil.example:3000"},
		} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set(tc.header, tc.value)
			if tc.header == "Host" {
				req.Host = tc.value
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s with %s: status %d, want 403", endpoint, tc.name, resp.StatusCode)
			}
		}
	}
}

func TestStart_NamesTheSetting(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	used := taken.Addr().String()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(*stage.Settings)
		want   string
	}{
		{"API port in use", func(s *stage.Settings) { s.APIAddr = used }, "GODWIT_API_ADDR"},
		{"S3 port in use", func(s *stage.Settings) { s.S3Addr = used }, "GODWIT_S3_ADDR"},
		{"DynamoDB port in use", func(s *stage.Settings) { s.DynamoDBAddr = used }, "GODWIT_DYNAMODB_ADDR"},
		{"Step Functions port in use", func(s *stage.Settings) { s.StepFunctionsAddr = used }, "GODWIT_SFN_ADDR"},
		{"no data folder possible", func(s *stage.Settings) { s.Data = filepath.Join(file, "data") }, "GODWIT_DATA"},
		{"no ready file possible", func(s *stage.Settings) { s.ReadyFile = filepath.Join(file, "ready") }, "GODWIT_READY_FILE"},
		{"functions not built", func(s *stage.Settings) { s.Bin = filepath.Dir(file) }, "-bin"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := settings(t, t.TempDir())
			tc.change(&s)
			_, err := stage.Start(t.Context(), s)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("Start = %v, want one line that names %s", err, tc.want)
			}
		})
	}
	t.Run("data folder in use", func(t *testing.T) {
		s := settings(t, t.TempDir())
		start(t, s)
		_, err := stage.Start(t.Context(), s)
		if err == nil || !strings.Contains(err.Error(), "in use by another stage") || !strings.Contains(err.Error(), "GODWIT_DATA") {
			t.Errorf("Start = %v, want that the folder is in use", err)
		}
	})
	t.Run("keys damaged", func(t *testing.T) {
		s := settings(t, t.TempDir())
		if err := os.WriteFile(filepath.Join(s.Data, "keys.json"), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := stage.Start(t.Context(), s); err == nil || !strings.Contains(err.Error(), "keys.json") {
			t.Errorf("Start = %v, want an error about keys.json", err)
		}
	})
}
