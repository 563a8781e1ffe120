package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// installPython is what the scikit-learn scripts need.
const installPython = "peer not installed: apt-get install python3-sklearn"

// debianPython is where Debian's packages of scikit-learn are found; a python3
// that comes first on the PATH may be another one.
const debianPython = "/usr/bin/python3"

// absentError says which peer cannot be run and how to get it.
type absentError string

func (e absentError) Error() string { return string(e) }

// remembered returns what run took when it was last run under this name, and
// runs it when it never was or -fresh asks for it. Peers do not change, so
// their figures are kept between runs.
func (b *bench) remembered(name string, run func() (usage, error)) (usage, error) {
	path := filepath.Join(b.work, "peers", strings.ReplaceAll(name, " ", "-")+".json")
	var u usage
	if data, err := os.ReadFile(path); err == nil && !b.fresh {
		if json.Unmarshal(data, &u) == nil {
			b.noteAge(u)
			return u, nil
		}
	}
	b.say("peer %s", name)
	u, err := least(run)
	if err != nil {
		return u, err
	}
	b.noteAge(u)
	data, err := json.Marshal(u)
	if err != nil {
		return u, err
	}
	return u, os.WriteFile(path, data, 0o644)
}

// noteAge keeps the time of the oldest figure in the table.
func (b *bench) noteAge(u usage) {
	if b.oldest.IsZero() || u.At.Before(b.oldest) {
		b.oldest = u.At
	}
}

// python runs one of the peers' scripts, or returns what is remembered of it.
func (b *bench) python(ctx context.Context, script string, args ...string) (usage, error) {
	name := strings.Join(append([]string{strings.TrimSuffix(script, ".py")}, args...), " ")
	return b.remembered(name, func() (usage, error) { return b.script(ctx, script, args...) })
}

// script runs one of the peers' scripts now. An *absentError says what is missing.
func (b *bench) script(ctx context.Context, script string, args ...string) (usage, error) {
	path := filepath.Join(b.peers, script)
	if _, err := os.Stat(path); err != nil {
		return usage{}, absentError(fmt.Sprintf("no peer %s in %s (name the folder with PEERS)", script, b.peers))
	}
	env := []string{"SETS=" + b.sets, "PEER_WORK=" + b.work, "PYTHONDONTWRITEBYTECODE=1"}
	u, err := measure(ctx, env, debianPython, append([]string{path}, args...)...)
	if failure, ok := errors.AsType[*exitError](err); ok && strings.Contains(failure.said, "ModuleNotFoundError") || notFound(err) {
		return u, absentError(installPython)
	}
	return u, err
}
