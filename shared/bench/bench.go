package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// bench is one run of the table.
type bench struct {
	root  string // the repository
	sets  string // published data sets, a folder each
	peers string // scripts that run what we compare with
	work  string // what is made on the way, and what the peers took
	self  string // this program
	fresh bool   // run peers again
	notes io.Writer

	models map[string]string // file by set and recipe, of this run
	oldest time.Time         // when the oldest figure of a peer was taken
}

// newBench reads the command line of a command, "" for the table. more adds
// the flags that are its own.
func newBench(command string, args []string, notes io.Writer, more func(*flag.FlagSet)) (*bench, error) {
	b := &bench{notes: notes, models: map[string]string{}}
	flags := flagsOf(command, "", notes)
	flags.StringVar(&b.root, "root", ".", "the repository, built with `make stage`")
	flags.StringVar(&b.sets, "data", "../shared/data", "folder of the data sets")
	flags.StringVar(&b.peers, "peers", "../shared/peers", "folder of the peers' scripts")
	flags.StringVar(&b.work, "work", ".build/bench", "folder for what is made on the way")
	flags.BoolVar(&b.fresh, "fresh", false, "run the peers again")
	more(flags)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unknown command %q", flags.Arg(0))
	}
	var err error
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	for _, folder := range []*string{&b.root, &b.sets, &b.peers, &b.work} {
		if *folder, err = filepath.Abs(*folder); err != nil {
			return nil, err
		}
	}
	return b, os.MkdirAll(filepath.Join(b.work, "peers"), 0o755)
}

// say tells what is going on.
func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.notes, "bench: "+format+"\n", args...) }

// file returns the path of a data set's part, such as "train", gzipped or not,
// and why it cannot be used.
func (b *bench) file(set, part string) (string, error) {
	for _, ending := range []string{".csv", ".csv.gz"} {
		path := filepath.Join(b.sets, set, part+ending)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("no data set %s in %s (name the folder with DATA)", set, b.sets)
}

// model returns the file of a model of a set, trained now unless this run has
// trained it already, and what that took.
func (b *bench) model(ctx context.Context, set, recipe string) (string, usage, error) {
	path := filepath.Join(b.work, set+"-"+recipe+".safetensors")
	train, err := b.file(set, "train")
	if err != nil {
		return "", usage{}, err
	}
	test, err := b.file(set, "test")
	if err != nil {
		return "", usage{}, err
	}
	b.say("%s: CSV to model, %s features", set, recipe)
	took, err := least(func() (usage, error) {
		return measure(ctx, nil, b.self, "csv2model", "-recipe", recipe, "-test", test, "-out", path, train)
	})
	if err != nil {
		return "", usage{}, err
	}
	b.models[set+"/"+recipe] = path
	return path, took, nil
}

// trained returns the file of a model this run has trained, else trains it.
func (b *bench) trained(ctx context.Context, set, recipe string) (string, error) {
	if path, ok := b.models[set+"/"+recipe]; ok {
		return path, nil
	}
	path, _, err := b.model(ctx, set, recipe)
	return path, err
}

// surroundings says where and when the figures were taken. A busy machine
// spoils them: the load is that of the last minute.
func (b *bench) surroundings() string {
	load := "unknown"
	if data, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(data), " ")
	}
	cpu := "unknown processor"
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for l := range strings.Lines(string(data)) {
			if name, value, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(name) == "model name" {
				cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	here := fmt.Sprintf("%s, %s/%s, %d x %s, load average %s", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), cpu, load)
	if !b.oldest.IsZero() {
		here += "; peers since " + b.oldest.Format("2006-01-02 15:04") + " UTC (FRESH=1 takes them again)"
	}
	return here
}
