package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

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
	const images = "fashion_mnist"
	some, err := b.imageRows(ctx, s, box, images)
	if err != nil {
		some = append(some, line{work: "upload to first answer, " + images, lacking: err.Error()})
	}
	return append(lines, some...), nil
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
func (b *bench) trainRows(ctx context.Context, s *localStage, box sandbox, set string, first, spawn, memory float64) ([]line, error) {
	train, err := b.file(set, "train")
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(train)
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
	l := upload{set: set, what: set, name: filepath.Base(train), data: data, input: rows[0].Text, answer: first, spawn: spawn, memory: memory}
	var peak int64
	_, l.peerAnswer, peak, l.lacking = b.sklearnCold(ctx, set)
	l.peerPeak = float64(peak)
	return b.loadRows(ctx, s, box, l)
}

// stageImages is how many images are uploaded: a network is as large and as fast
// whatever it has learned from.
const stageImages = 600

// imageRows does the same with a network for images.
func (b *bench) imageRows(ctx context.Context, s *localStage, box sandbox, set string) ([]line, error) {
	name, data, err := b.archived(set, stageImages)
	if err != nil {
		return nil, err
	}
	_, test, err := b.images(set)
	if err != nil {
		return nil, err
	}
	pixels := make([]int, test.Shape.Size())
	for i, v := range test.Pixels[:len(pixels)] {
		pixels[i] = int(v)
	}
	return b.loadRows(ctx, s, box, upload{
		set: set, what: fmt.Sprintf("%s (%d images)", set, stageImages), name: name, data: data, input: map[string]any{"pixels": pixels}, spawn: 40e-3,
	})
}

// upload is a file to train on, and what is asked of functions with its model.
type upload struct {
	set, what, name       string // the set, for people, and the file
	data                  []byte
	input                 any     // of a prediction, as in a request
	answer, spawn, memory float64 // goals: seconds to the first answer, of a cold start, bytes for training; 0 for none

	peerAnswer, peerPeak float64
	lacking              string // why there is no peer
}

// loadRows uploads a file, starts functions that have to load its model, and
// wants of each the answer that the stage gave.
func (b *bench) loadRows(ctx context.Context, s *localStage, box sandbox, l upload) ([]line, error) {
	model := strings.ReplaceAll(l.set, "_", "-")
	b.say("upload of %s to the stage", l.name)
	took, trainer, label, err := s.train(ctx, model, l.name, l.data, l.input)
	if err != nil {
		return nil, err
	}
	memory := line{work: "memory, training function, auto, " + l.what, show: megabytes, ours: float64(trainer), most: l.memory}
	if trainer == 0 {
		memory.lacking = "no trainer was seen in /proc"
	}
	lines := []line{{work: "upload to first answer on @champion, auto, " + l.what, show: seconds, ours: took, most: l.answer}, memory}
	event, err := gatewayEvent(registry.Name(model), l.input, false)
	if err != nil {
		return lines, err
	}
	b.say("cold starts with %s", l.set)
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
	return append(lines, line{
		work: "spawn to first correct prediction, auto, " + l.what + ": p50",
		show: seconds, ours: cold.answer, peer: l.peerAnswer, most: l.spawn, lacking: l.lacking,
	}, line{
		work: "memory, predict function with its model, " + l.what,
		show: megabytes, ours: float64(cold.peak), peer: l.peerPeak, most: 128e6, lacking: l.lacking,
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
