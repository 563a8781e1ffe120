package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"godwit/functions/local/stage"
)

// logTail is how much of the stage's log a failed demo shows, in lines.
const logTail = 20

// demo goes the whole way once: a stage of its own on free ports and in a
// temporary folder, the sample through S3, a trained model, a prediction. It
// leaves nothing behind.
func demo(ctx context.Context, settings stage.Settings, s *screen) (err error) {
	folder, err := os.MkdirTemp("", "godwit-demo-")
	if err != nil {
		return fmt.Errorf("no temporary folder: %w", err)
	}
	// Also after a failure: what a person needs of it has been printed by then.
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	settings.Data = filepath.Join(folder, "data")
	for _, addr := range []*string{&settings.APIAddr, &settings.S3Addr, &settings.DynamoDBAddr, &settings.StepFunctionsAddr} {
		// A stage of `make run` may be up beside it, on the usual ports.
		*addr = "127.0.0.1:0"
	}
	began := time.Now()
	st, err := stage.Start(ctx, settings)
	if err != nil {
		return err
	}
	s.line("1. A stage of its own is up in %.2f s: API %s, S3 %s", time.Since(began).Seconds(), st.Ready().API, st.Ready().S3)
	err = tour(ctx, st.Ready(), s)
	// Ctrl-C needs no explanation.
	if err != nil && ctx.Err() == nil {
		s.line("%s", tail(st.Log(), logTail))
	}
	return errors.Join(err, st.Close())
}

// tour shows what the stage at can do, from data to explained prediction.
func tour(ctx context.Context, at stage.Ready, s *screen) error {
	began := time.Now()
	if err := uploadSample(ctx, at); err != nil {
		return err
	}
	s.line("2. Uploaded the sample (%d bytes) to s3://%s/%s", len(sampleData), at.UploadsBucket, sampleKey)
	c := newClient(at)
	done, err := follow(ctx, c, sampleModel, s.progress)
	if err != nil {
		return err
	}
	if done.Result == nil {
		return fmt.Errorf("training job %s succeeded without a result", done.ID)
	}
	s.line("3. Trained on %d rows and measured on %d held-out ones in %.1f s:", done.Result.Rows.Trained, done.Result.Rows.HeldOut, time.Since(began).Seconds())
	s.table(done.Result.Metrics)
	if err := champion(ctx, c, s); err != nil {
		return err
	}
	return predict(ctx, c, s)
}

// champion checks that version 1 of the sample's model serves.
func champion(ctx context.Context, c *client, s *screen) error {
	var version struct {
		Version   int      `json:"version"`
		Algorithm string   `json:"algorithm"`
		Digest    string   `json:"digest"`
		Size      int64    `json:"size"`
		Labels    []string `json:"labels"`
	}
	if err := c.get(ctx, "/v1/models/"+sampleModel+"@champion", &version); err != nil {
		return err
	}
	// A new folder: any other number means that something trained twice.
	if version.Version != 1 {
		return fmt.Errorf("version %d is champion, want 1", version.Version)
	}
	s.line("4. %s version %d is champion: %s, %d labels, %d bytes, %s", sampleModel, version.Version,
		version.Algorithm, len(version.Labels), version.Size, version.Digest)
	return nil
}

// span is a part of an input and what it says for the label.
type span struct {
	Start  int     `json:"start"` // code points
	End    int     `json:"end"`
	Text   string  `json:"text"`
	Weight float64 `json:"weight"`
}

// scored is a label and its probability.
type scored struct {
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

// predict asks the champion one question and shows why it answers so.
func predict(ctx context.Context, c *client, s *screen) error {
	var answer struct {
		Version int `json:"version"`
		Results []struct {
			scored
			Scores      []scored `json:"scores"`
			Explanation struct {
				Baseline float64 `json:"baseline"`
				Margin   float64 `json:"margin"`
				Spans    []span  `json:"spans"`
			} `json:"explanation"`
		} `json:"results"`
	}
	request := map[string]any{"inputs": []string{question}, "parameters": map[string]any{"top_k": 3, "explain": true}}
	if err := c.post(ctx, "/v1/models/"+sampleModel+"/predict", request, &answer); err != nil {
		return err
	}
	if len(answer.Results) != 1 || len(answer.Results[0].Scores) == 0 || len(answer.Results[0].Explanation.Spans) == 0 {
		return errors.New("the prediction has no scores or no explanation")
	}
	got := answer.Results[0]
	s.line("5. Asked version %d: %q", answer.Version, question)
	for _, score := range got.Scores {
		s.line("  %-20s %8.4f", score.Label, score.Score)
	}
	s.line("  because: %s", s.spans(question, got.Explanation.Spans))
	s.line("  (baseline %+.2f and the parts of the text make the margin %+.2f)", got.Explanation.Baseline, got.Explanation.Margin)
	return nil
}

// tail returns the last lines of the file at path.
func tail(path string, lines int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return "the log cannot be read: " + err.Error()
	}
	all := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
