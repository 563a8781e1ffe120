// Command godwit-local is the local stage: everything Godwit needs of AWS, on
// this machine, around the very functions that are deployed.
//
//	godwit-local serve   starts the stage and keeps it up until Ctrl-C
//	godwit-local demo    goes the whole way once on a stage of its own and exits
//
// Package stage puts the parts together; this program only starts one, gives
// it the bundled sample and talks to people. It uses the stage as anybody
// would: data goes in through S3, everything else through the HTTP API.
//
// It is a development host. It listens on loopback only and is never deployed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"godwit/functions/local/stage"
)

const usage = `usage: godwit-local serve|demo [-root FOLDER] [-bin FOLDER]

  serve   start the local stage and keep it up until Ctrl-C
  demo    train the sample, predict with it, and exit
`

func main() {
	// The first signal ends the work in order; a second one ends the program.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is the program with its surroundings passed in. It returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, out *os.File, problems io.Writer) int {
	command, settings, err := read(args, getenv, problems)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 2
	case err == nil && command == "serve":
		err = serve(ctx, settings, out)
	case err == nil:
		err = demo(ctx, settings, newScreen(out, getenv))
	}
	if err != nil {
		fmt.Fprintln(problems, "godwit-local:", err)
		return 1
	}
	return 0
}

// read reads command line and environment. The error is flag.ErrHelp when the
// usage has been printed.
func read(args []string, getenv func(string) string, problems io.Writer) (string, stage.Settings, error) {
	if len(args) == 0 || args[0] != "serve" && args[0] != "demo" {
		fmt.Fprint(problems, usage)
		return "", stage.Settings{}, flag.ErrHelp
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(problems)
	flags.Usage = func() { fmt.Fprint(problems, usage) }
	root := flags.String("root", "", "")
	bin := flags.String("bin", "", "")
	if err := flags.Parse(args[1:]); err != nil || flags.NArg() > 0 {
		if err == nil {
			fmt.Fprint(problems, usage)
		}
		return "", stage.Settings{}, flag.ErrHelp
	}
	workDir, err := os.Getwd()
	if err != nil {
		return "", stage.Settings{}, err
	}
	settings, err := stage.ReadSettings(getenv, workDir)
	if err != nil {
		return "", stage.Settings{}, err
	}
	return args[0], settings, settings.Locate(workDir, *root, *bin)
}
