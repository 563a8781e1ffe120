package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/shared/stagetest"
)

// How the stage is waited for.
const (
	stageLimit = 30 * time.Second // from start to ready, and to the end
	trainLimit = 10 * time.Minute // from upload to champion
	pollEvery  = 20 * time.Millisecond
)

// builtTable and builtFunctions are what the stage calls its table and where
// make puts the functions it runs.
const (
	builtTable     = "godwit"
	builtFunctions = ".build/host"
)

// localStage is a running stage of its own, on free ports and an empty folder.
type localStage struct {
	stagetest.Endpoints
	bin string
	cmd *exec.Cmd
}

// startStage starts the stage and waits until it serves and its sample model,
// which it trains first, is out of the way.
func (b *bench) startStage(ctx context.Context) (*localStage, error) {
	program := filepath.Join(b.root, ".build", "godwit-local")
	folder, ready := filepath.Join(b.work, "stage"), filepath.Join(b.work, "stage.ready")
	if err := errors.Join(os.RemoveAll(folder), os.RemoveAll(ready)); err != nil {
		return nil, err
	}
	s := &localStage{bin: filepath.Join(b.root, builtFunctions)}
	s.cmd = exec.Command(program, "serve", "-root", b.root, "-bin", s.bin)
	s.cmd.Env = append(os.Environ(), "GODWIT_DATA="+folder, "GODWIT_READY_FILE="+ready,
		"GODWIT_API_ADDR=127.0.0.1:0", "GODWIT_S3_ADDR=127.0.0.1:0", "GODWIT_DYNAMODB_ADDR=127.0.0.1:0", "GODWIT_SFN_ADDR=127.0.0.1:0")
	var said bytes.Buffer
	s.cmd.Stderr = &said
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the stage (`make stage` builds it): %w", err)
	}
	err := within(ctx, stageLimit, func() (bool, error) {
		data, err := os.ReadFile(ready)
		if err != nil {
			return false, nil
		}
		return true, json.Unmarshal(data, &s.Endpoints)
	})
	if err == nil {
		err = within(ctx, stageLimit, func() (bool, error) { return s.answers(ctx, "messages") })
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the stage: %w %s", err, said.Bytes()), s.close())
	}
	return s, nil
}

// close ends the stage and its functions.
func (s *localStage) close() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	timer := time.AfterFunc(stageLimit, func() { _ = s.cmd.Process.Kill() })
	defer timer.Stop()
	return s.cmd.Wait()
}

// within calls done until it says so, fails or the time is over.
func within(ctx context.Context, limit time.Duration, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// answers reports whether a model has a champion.
func (s *localStage) answers(ctx context.Context, model string) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.API+"/v1/models/"+model+"@champion", nil)
	if err != nil {
		return false, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode == http.StatusOK, err
}

// train uploads a file, by its name and what is in it, to a model's inbox and
// waits for the first answer of its champion to an input. It returns the seconds
// that took, the most memory one trainer process used, and the answer.
func (s *localStage) train(ctx context.Context, model, name string, data []byte, input any) (took float64, peak int64, label string, err error) {
	began := time.Now()
	_, err = stagetest.S3(stagetest.Config(s.S3, s.AccessKey, s.SecretKey, nil)).PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(s.UploadsBucket), Key: aws.String("inbox/" + tenant + "/" + model + "/" + name), Body: bytes.NewReader(data),
	})
	if err != nil {
		return 0, 0, "", err
	}
	err = within(ctx, trainLimit, func() (bool, error) {
		peak = max(peak, s.trainerPeak())
		return s.answers(ctx, model)
	})
	if err != nil {
		return 0, 0, "", err
	}
	p := predictor{url: s.API + "/v1/models/" + model + "@champion/predict", client: http.DefaultClient}
	got, err := p.ask(ctx, []any{input})
	if err != nil {
		return 0, 0, "", err
	}
	return time.Since(began).Seconds(), peak, got[0].Label, nil
}

// trainerPeak returns the most memory any of the stage's trainers has used.
func (s *localStage) trainerPeak() (peak int64) {
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return 0 // never: the pattern is right
	}
	trainer := filepath.Join(s.bin, "trainer", "bootstrap")
	for _, link := range links {
		if exe, err := os.Readlink(link); err != nil || exe != trainer {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		if err == nil && statusField(pid, "PPid") == strconv.Itoa(s.cmd.Process.Pid) {
			peak = max(peak, statusBytes(pid, "VmHWM"))
		}
	}
	return peak
}

// predictSandbox returns a sandbox for the predict function, given by its file,
// that works on the stage's stores.
func (s *localStage) predictSandbox(bootstrap string) sandbox {
	return sandbox{bootstrap: bootstrap, env: []string{
		"GODWIT_TABLE=" + builtTable, "GODWIT_UPLOADS_BUCKET=" + s.UploadsBucket, "GODWIT_MODELS_BUCKET=" + s.ModelsBucket,
		"GODWIT_S3_PATH_STYLE=true", "AWS_REGION=us-east-1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512",
		"AWS_ACCESS_KEY_ID=" + s.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s.SecretKey,
		"AWS_ENDPOINT_URL_S3=" + s.S3, "AWS_ENDPOINT_URL_DYNAMODB=" + s.DynamoDB, "AWS_ENDPOINT_URL_SFN=" + s.StepFunctions,
	}}
}
