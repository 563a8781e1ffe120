package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"godwit/functions/local/objects"
	"godwit/functions/local/stage"
)

// sampleMark stands in the data folder once the sample has been loaded, so
// that a model deleted later stays deleted.
const sampleMark = "sample-loaded"

// serve keeps a stage up until ctx ends.
func serve(ctx context.Context, settings stage.Settings, out *os.File) error {
	began := time.Now()
	st, err := stage.Start(ctx, settings)
	if err != nil {
		return err
	}
	s := &screen{out: out} // plain: its lines stay between those of other programs
	s.line("The local stage is up after %.2f s.\n\n%s", time.Since(began).Seconds(), greeting(st.Ready(), settings))
	// Its own context: at the end the sample is left alone before the stage goes.
	background, cancel := context.WithCancel(ctx)
	var sample sync.WaitGroup
	sample.Go(func() {
		if err := loadSample(background, st.Ready(), settings.Data, s); err != nil && background.Err() == nil {
			s.line("The sample was not loaded: %v (log: %s)", err, st.Log())
		}
	})
	// Ctrl-C is how a stage ends; a part that ends by itself is an error.
	select {
	case <-ctx.Done():
		err = nil
	case err = <-st.Failed():
	}
	cancel()
	sample.Wait()
	s.line("Stopping.")
	return errors.Join(err, st.Close())
}

// greeting tells how to use a stage, in lines that work as printed.
func greeting(at stage.Ready, settings stage.Settings) string {
	key := ""
	access := "no key needed from this machine"
	if settings.RequireKey {
		key = " -H 'Authorization: Bearer " + at.APIKey + "'"
		access = "API key needed"
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("  API             %s  (tenant %s, %s)", at.API, stage.Tenant, access)
	line("  Console         %s/console", at.API)
	line("  S3              %s  (buckets %s, %s)", at.S3, at.UploadsBucket, at.ModelsBucket)
	line("  DynamoDB        %s", at.DynamoDB)
	line("  Step Functions  %s", at.StepFunctions)
	line("  S3 keys         %s  %s", at.AccessKey, at.SecretKey)
	line("  API key         %s", at.APIKey)
	line("  data            %s", settings.Data)
	line("")
	line("Put labelled data in, and a model comes out:")
	line("")
	line("  AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s AWS_DEFAULT_REGION=%s aws --endpoint-url %s s3 cp '%s' s3://%s/%s",
		at.AccessKey, at.SecretKey, objects.Region, at.S3, filepath.Join(settings.Root, sampleFile), at.UploadsBucket, sampleKey)
	line("")
	line("Look at it and ask it:")
	line("")
	line("  curl -s%s %s/v1/training-jobs", key, at.API)
	line("  curl -s%s %s/v1/models/%s@champion", key, at.API, sampleModel)
	line(`  curl -s%s %s/v1/models/%s/predict -H 'Content-Type: application/json' -d '{"inputs":["%s"],"parameters":{"top_k":3,"explain":true}}'`,
		key, at.API, sampleModel, question)
	line("")
	line("Ctrl-C stops the stage.")
	return b.String()
}

// loadSample makes a first model of the sample on a stage that has none and
// never had it, and says when it answers.
func loadSample(ctx context.Context, at stage.Ready, data string, s *screen) error {
	mark := filepath.Join(data, sampleMark)
	if _, err := os.Stat(mark); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	c := newClient(at)
	var models struct {
		Items []struct{ Name string }
	}
	if err := c.get(ctx, "/v1/models?limit=1", &models); err != nil {
		return err
	}
	if len(models.Items) == 0 {
		// Not marked yet: a stage that is stopped here tries again.
		if err := uploadSample(ctx, at); err != nil {
			return err
		}
		s.line("Training model %s on the bundled sample.", sampleModel)
	}
	// Before the training ends: one that fails is not begun again at each start.
	if err := os.WriteFile(mark, nil, 0o600); err != nil || len(models.Items) > 0 {
		return err
	}
	done, err := follow(ctx, c, sampleModel, s.progress)
	if err != nil {
		return err
	}
	accuracy := 0.0
	if done.Result != nil {
		accuracy = done.Result.Metrics["accuracy"]
	}
	s.line("Model %s version %d answers (accuracy %.3f on held-out rows).", sampleModel, done.Version, accuracy)
	return nil
}
