// Command plan works out what training, batch jobs and predictions take in
// time and dollars, from ten thousand rows to ten billion and from one
// prediction a second to 100,000.
//
//	plan                 the tables, from the frozen unit costs
//	plan -measure        takes the unit costs anew on this machine, holds them
//	                     against a run of a fifth the size, prints the tables
//	plan -measure -write also freezes them and writes PLAN.md and the figures
//
// A plan is arithmetic over three lists, each in one place: what a row costs a
// core (units.json, measured), what AWS charges and allows (prices.go, with
// source and date), and how the work is laid out (training.go, batch.go,
// serving.go: the state machines and caches of this repository in formulas).
// What was not measured is an assumption, named with its value on the page, and
// most of them can be set by a flag.
//
// This room is for planning only: nothing imports it, and it reads clock and
// files as it likes. What it times depends on what else the machine does.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "plan:", err)
		stop()
		os.Exit(1)
	}
}

// run is the program: args without its name, tables to out, progress to notes.
func run(ctx context.Context, args []string, out, notes io.Writer) error {
	flags := flag.NewFlagSet("plan", flag.ContinueOnError)
	flags.SetOutput(notes)
	measureNow := flags.Bool("measure", false, "take the unit costs on this machine instead of the frozen ones")
	write := flags.Bool("write", false, "freeze the unit costs and write PLAN.md and the figures into -dir")
	dir := flags.String("dir", "shared/plan", "folder of PLAN.md")
	data := flags.String("data", "../shared/data", "folder of data sets to measure on; the bundled sample where it is absent")
	a := standard()
	a.flags(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	u, err := frozen()
	if err != nil {
		return err
	}
	if *measureNow {
		fresh, err := measure(ctx, *data, notes)
		if err != nil {
			return err
		}
		if err := fresh.sound(); err != nil {
			return err
		}
		if err := tellMeasured(out, u, fresh); err != nil {
			return err
		}
		fresh.When = time.Now().UTC().Format(time.DateOnly)
		u = fresh
	}
	if *write {
		return publish(*dir, u, a)
	}
	_, err = io.WriteString(out, tables(u, a))
	return err
}

// publish writes everything that is checked in.
func publish(dir string, u Units, a Assumptions) error {
	files, err := page(u, a)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
