package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// trainOnly is a program that times liblinear's train() alone. It is built on
// the machine it runs on.
//
//go:embed liblinear/trainonly.c
var trainOnly []byte

// installLiblinear is what it takes to build it.
const installLiblinear = "peer not installed: apt-get install liblinear-dev gcc"

// trained is what liblinear took.
type trained struct {
	CPU    float64 `json:"cpu_s"`
	Primal float64 `json:"primal"` // 0 where only the command is there
}

// liblinear trains on an svmlight file. how is empty, or says what else is in
// the figure where only liblinear's command could be timed.
func (b *bench) liblinear(ctx context.Context, set, path string, epsilon float64, repeat int) (t trained, how string, err error) {
	program, err := b.buildTrainOnly(ctx)
	if err != nil {
		return b.liblinearCommand(ctx, set, path, epsilon)
	}
	u, err := b.remembered(fmt.Sprintf("liblinear %s %g", set, epsilon), func() (usage, error) {
		return measure(ctx, nil, program, path, fmt.Sprint(epsilon), fmt.Sprint(repeat))
	})
	if err != nil {
		return t, "", err
	}
	return t, "", u.result(&t)
}

// buildTrainOnly compiles the program once.
func (b *bench) buildTrainOnly(ctx context.Context) (string, error) {
	program := filepath.Join(b.work, "trainonly")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	source := program + ".c"
	if err := os.WriteFile(source, trainOnly, 0o644); err != nil {
		return "", err
	}
	// The optimisation Debian builds the library itself with.
	_, err := measure(ctx, nil, "cc", "-O2", "-o", program, source, "-llinear", "-lm")
	return program, err
}

// liblinearCommand times the command instead: a training less one whose
// tolerance lets it stop after a sweep, so that reading and writing fall out.
// What is left is a sweep short of the training.
func (b *bench) liblinearCommand(ctx context.Context, set, path string, epsilon float64) (t trained, how string, err error) {
	model := filepath.Join(b.work, "liblinear.model")
	run := func(epsilon float64) (float64, error) {
		u, err := b.remembered(fmt.Sprintf("liblinear-train %s %g", set, epsilon), func() (usage, error) {
			return measure(ctx, nil, "liblinear-train", "-q", "-s", "1", "-B", "1", "-c", "1", "-e", fmt.Sprint(epsilon), path, model)
		})
		if notFound(err) {
			err = absentError(installLiblinear)
		}
		return u.User, err
	}
	whole, err := run(epsilon)
	if err != nil {
		return t, "", err
	}
	const endless = 1e9
	rest, err := run(endless)
	if err != nil {
		return t, "", err
	}
	return trained{CPU: whole - rest}, " (liblinear: its command less reading and one sweep)", errors.Join(err, os.Remove(model))
}
