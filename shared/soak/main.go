// Command soak drives a local stage of its own for a while and holds every
// answer against what it must be, while aliases move, data sets are announced,
// functions are killed and the whole stage is killed and started again.
//
// Load comes at a fixed rate, whatever the answers take (an open loop): a
// request's latency counts from when it was due, so a stall is charged to all the
// requests it held up. Predictions are compared, bit for bit, with what the
// version they name answered before the soak, and that version must have been
// the champion within the time a server may remember. Writers note what was
// acknowledged; in the end all of it must be there, once. Function processes are
// weighed every second and a line is fitted to each one's memory.
//
// Everything is bounded in time and count and talks to loopback addresses. The
// exit status says whether all of it held.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Bounds of a soak.
const (
	longest = time.Hour
	fastest = 2000 // requests a second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// run is main with its arguments.
func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	duration := flags.Duration("duration", time.Minute, "how long to drive the stage, at most an hour")
	rate := flags.Float64("rate", 50, "predictions a second, at most 2000")
	root := flags.String("root", ".", "the repository, where `make stage` was run")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *duration < time.Second || *duration > longest || *rate < 1 || *rate > fastest || flags.NArg() > 0 {
		return fmt.Errorf("-duration is 1s to %v and -rate 1 to %d, nothing else is taken", longest, fastest)
	}
	folder, err := os.MkdirTemp("", "godwit-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	s := &soak{duration: *duration, rate: *rate, stage: &stage{root: *root, folder: folder}}
	return s.run(ctx, os.Stdout)
}
