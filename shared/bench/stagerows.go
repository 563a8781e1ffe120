package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"godwit/shared/registry"
)

// starts is how many processes a cold start is the median of.
const starts = 40

// stage measures what needs real stores around the real functions: upload to
// first answer, cold starts, memory.
func (b *bench) stage(ctx context.Context) (lines []line, err error) {
	b.say("local stage")
	s, err := b.startStage(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	bootstrap := filepath.Join(b.work, "bootstrap")
	if err := copyFile(bootstrap, filepath.Join(s.bin, "predict", "bootstrap")); err != nil {
		return nil, err
	}
	box := s.predictSandbox(bootstrap)
	if lines, err = b.pollRows(ctx, box); err != nil {
		return lines, err
	}
	for _, w := range []struct {
		set           string
		upload, spawn float64 // goals in seconds, 0 for none
		memory        float64 // goal in bytes for training
	}{{"banking77", 20, 40e-3, 0}, {"thucnews", 0, 120e-3, 200e6}} {
		some, err := b.trainRows(ctx, s, box, w.set, w.upload, w.spawn, w.memory)
		if err != nil {
			some = append(some, line{work: "upload to first answer, " + w.set, lacking: err.Error()})
		}
		lines = append(lines, some...)
	}
	return lines, nil
}

// pollRows times the start alone: exec to the first call of the Runtime API,
// which comes after the function's first calls to DynamoDB and S3.
func (b *bench) pollRows(ctx context.Context, box sandbox) ([]line, error) {
	warm, err := box.many(ctx, starts, nil, nil, nil)
	if err != nil {
		return nil, err
	}
	loaded, _, _, lacking := b.sklearnCold(ctx, "banking77")
	lines := []line{{
		work: fmt.Sprintf("exec to first Runtime API poll (least %s; scikit-learn: to loaded model): p50", seconds(warm.least)),
		show: seconds, ours: warm.poll, peer: loaded, most: 5e-3, lacking: lacking,
	}}
	kept := 0.0
	cold, err := box.many(ctx, starts, nil, func() error {
		share, err := evict(box.bootstrap)
		kept = max(kept, share)
		return err
	}, nil)
	l := line{
		work: fmt.Sprintf("the same, binary evicted from the page cache (least %s): p50", seconds(cold.least)),
		show: seconds, ours: cold.poll, most: 20e-3,
	}
	switch {
	case err != nil:
		l.ours, l.lacking = 0, err.Error()
	case kept > .05:
		l.ours, l.lacking = 0, fmt.Sprintf("the page cache kept %.0f %% of the binary", 100*kept)
	}
	return append(lines, l), nil
}

// trainRows uploads a set to the stage and starts functions that have to load
// its model.
func (b *bench) trainRows(ctx context.Context, s *localStage, box sandbox, set string, upload, spawn, memory float64) ([]line, error) {
	train, err := b.file(set, "train")
	if err != nil {
		return nil, err
	}
	test, err := b.file(set, "test")
	if err != nil {
		return nil, err
	}
	rows, err := readExamples(test)
	if err != nil {
		return nil, err
	}
	b.say("upload of %s to the stage", set)
	took, trainer, label, err := s.train(ctx, set, train, rows[0].Text)
	if err != nil {
		return nil, err
	}
	lines := []line{
		{work: "upload to first answer on @champion, auto, " + set, show: seconds, ours: took, most: upload},
		{work: "memory, training function, auto, " + set, show: megabytes, ours: float64(trainer), most: memory, lacking: "no trainer was seen in /proc"},
	}
	event, err := gatewayEvent(registry.Name(set), rows[0].Text, false)
	if err != nil {
		return lines, err
	}
	b.say("cold starts with %s", set)
	cold, err := box.many(ctx, starts/2, event, nil, func(body []byte) error {
		got, err := labelOf(body)
		if err == nil && got != label {
			err = fmt.Errorf("a cold function answers %q, a warm one %q", got, label)
		}
		return err
	})
	if err != nil {
		return lines, err
	}
	_, answered, peerPeak, lacking := b.sklearnCold(ctx, set)
	lines = append(lines, line{
		work: "spawn to first correct prediction, auto, " + set + ": p50",
		show: seconds, ours: cold.answer, peer: answered, most: spawn, lacking: lacking,
	})
	return append(lines, line{
		work: "memory, predict function with its model, " + set,
		show: megabytes, ours: float64(cold.peak), peer: float64(peerPeak), most: 128e6, lacking: lacking,
	}), nil
}

// copyFile copies an executable: what a build elsewhere replaces meanwhile
// would be measured otherwise, and a file in use stays in the page cache.
func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	// Only clean pages can be evicted.
	return errors.Join(err, out.Sync(), out.Close())
}
