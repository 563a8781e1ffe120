package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/functions/local/objects"
	"godwit/functions/local/stage"
)

// The environment that makes the test binary a function that gets killed.
const (
	killedProgram = "GODWIT_TEST_KILLED" // the real bootstrap
	killsFolder   = "GODWIT_TEST_KILLS"  // a file in it for each kill that is still to come
)

// mortal is a bootstrap between the stage and the real one: it reads along on the
// Runtime API, and where a file says so it kills the real one with SIGKILL and
// dies: "STEP-before" when a step has come, "STEP-after" when its work is done
// and only the answer is missing. A step of chunks is "score" and the number of
// the first of them.
type mortal struct {
	kills string
	child *exec.Cmd
	step  string // under way
	proxy *httputil.ReverseProxy
}

// runMortal is the test binary's main in that case; it does not return.
func runMortal(program string) {
	m := &mortal{kills: os.Getenv(killsFolder), child: exec.Command(program)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	m.proxy = httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: os.Getenv("AWS_LAMBDA_RUNTIME_API")})
	m.proxy.ModifyResponse = m.came
	go func() { _ = http.Serve(l, m) }() // for the life of the process
	m.child.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+l.Addr().String())
	m.child.Stdout, m.child.Stderr = os.Stdout, os.Stderr
	m.child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := m.child.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(1) // a function's process never ends by itself
}

// ServeHTTP passes a call of the Runtime API on.
func (m *mortal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/response") || strings.HasSuffix(r.URL.Path, "/error") {
		m.dieAt(m.step + "-after")
	}
	m.proxy.ServeHTTP(w, r)
}

// came looks at what an invocation asks for.
func (m *mortal) came(resp *http.Response) error {
	if !strings.HasSuffix(resp.Request.URL.Path, "/invocation/next") {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	var in struct {
		Step  string `json:"step"`
		Items []struct {
			Chunk int `json:"chunk"`
		} `json:"items"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return err
	}
	if m.step = in.Step; len(in.Items) > 0 {
		m.step += strconv.Itoa(in.Items[0].Chunk)
	}
	m.dieAt(m.step + "-before")
	return nil
}

// dieAt dies when this kill is still to come. Of several processes one takes it.
func (m *mortal) dieAt(where string) {
	if os.Remove(filepath.Join(m.kills, where)) == nil {
		_ = m.child.Process.Kill()
		os.Exit(137)
	}
}

// withMortalTrainer is withMortal for the trainer.
func withMortalTrainer(t *testing.T, kills string) string {
	t.Helper()
	return withMortal(t, "trainer", kills)
}

// withMortal returns a folder of functions of which one is killed where kills has
// a file.
func withMortal(t *testing.T, function, kills string) string {
	t.Helper()
	real, bin := filepath.Join(programs(t), "bin"), t.TempDir()
	functions, err := os.ReadDir(real)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range functions {
		if f.Name() == function {
			continue
		}
		if err := os.Symlink(filepath.Join(real, f.Name()), filepath.Join(bin, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The stage hands no environment of its own to a function.
	script := fmt.Sprintf("#!/bin/sh\n%s='%s/%s/bootstrap' %s='%s' exec '%s'\n", killedProgram, real, function, killsFolder, kills, self)
	if err := errors.Join(os.Mkdir(filepath.Join(bin, function), 0o700), os.WriteFile(filepath.Join(bin, function, "bootstrap"), []byte(script), 0o700)); err != nil {
		t.Fatal(err)
	}
	return bin
}

// uploaded puts data where it trains the sample's model.
func uploaded(t *testing.T, at stage.Ready, name string, data []byte) {
	t.Helper()
	key := "inbox/" + stage.Tenant + "/" + sampleModel + "/" + name
	client := objects.Client(at.S3, at.AccessKey, at.SecretKey)
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &at.UploadsBucket, Key: &key, Body: bytes.NewReader(data)}); err != nil {
		t.Fatal(err)
	}
}

// TestServe_SurvivesKillAtEveryStep kills the trainer with SIGKILL at every step
// of its state machine, once before its work and once between the work and the
// answer, while uploads are trained side by side. Each ends in one version, of
// the digest that an undisturbed training gave; data that cannot be trained still
// fails with its reason.
func TestServe_SurvivesKillAtEveryStep(t *testing.T) {
	t.Parallel() // most of it is waiting for retries
	kills := t.TempDir()
	at := launchWith(t, t.TempDir(), withMortalTrainer(t, kills), "serve").serving(t)
	championOf(t, at) // undisturbed
	condemn(t, kills, "prepare", "search", "select", "finish", "fail")
	data, err := os.ReadFile("sample/messages.csv")
	if err != nil {
		t.Fatal(err)
	}
	const uploads = 3
	for i := range uploads {
		uploaded(t, at, fmt.Sprintf("again-%d.csv", i), data)
	}
	uploaded(t, at, "unusable.csv", []byte("label,text\nonly,one label\n"))
	c := newClient(at)
	for _, j := range ended(t, c, uploads+2) {
		switch {
		case j.Status == "succeeded":
		case j.Status != "failed" || j.Error == nil || j.Error.Code != "input":
			t.Errorf("job = %+v %+v, want it succeeded, or failed by its input", j, j.Error)
		}
	}
	sameVersions(t, c, uploads+1)
	allStruck(t, kills)
}

// condemn has each step killed once before its work and once after it.
func condemn(t *testing.T, kills string, steps ...string) {
	t.Helper()
	for _, step := range steps {
		for _, when := range []string{"before", "after"} {
			if err := os.WriteFile(filepath.Join(kills, step+"-"+when), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// allStruck holds that no kill is still to come. It waits for the last ones: a job
// is over before the answer of its last step, at which a kill may strike, is sent.
func allStruck(t *testing.T, kills string) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		left, err := os.ReadDir(kills)
		if err == nil && len(left) == 0 {
			return
		}
		if err != nil || time.Since(began) > endsWithin {
			t.Errorf("%v, %v are kills that never struck, want none", left, err)
			return
		}
	}
}

// sameVersions holds that the model has so many versions, dense and of one digest.
func sameVersions(t *testing.T, c *client, want int) {
	t.Helper()
	var page struct {
		Items []struct {
			Version int
			Digest  string
		}
	}
	if err := c.get(t.Context(), "/v1/models/"+sampleModel+"/versions", &page); err != nil {
		t.Fatal(err)
	}
	if len(page.Items) != want {
		t.Fatalf("%d versions, want one for each upload that can be trained: %+v", len(page.Items), page.Items)
	}
	for i, v := range page.Items {
		if v.Version != want-i || v.Digest != page.Items[want-1].Digest {
			t.Errorf("version %d has the digest %s, want version %d and the undisturbed digest %s", v.Version, v.Digest, want-i, page.Items[want-1].Digest)
		}
	}
}

// endedJob is a training job as the API tells of it.
type endedJob struct {
	ID, Status string
	Version    int
	Error      *struct{ Code, Message string }
}

// ended waits until there are so many jobs and all are over.
func ended(t *testing.T, c *client, jobs int) []endedJob {
	t.Helper()
	for began := time.Now(); ; {
		var page struct{ Items []endedJob }
		if err := c.get(t.Context(), "/v1/training-jobs", &page); err != nil {
			t.Fatal(err)
		}
		over := 0
		for _, j := range page.Items {
			if j.Status == "succeeded" || j.Status == "failed" {
				over++
			}
		}
		if over == jobs && len(page.Items) == jobs {
			return page.Items
		}
		if time.Since(began) > trainsWithin {
			t.Fatalf("%d of %d jobs are over within %v: %+v", over, jobs, trainsWithin, page.Items)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
