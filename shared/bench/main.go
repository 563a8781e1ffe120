// Command bench holds the product against its goals: it times the parts and
// the whole, times what a user would pick instead on the same machine, and
// prints both with their ratio.
//
//	bench                         the table of `make bench`
//	bench quality                 the table of `make bench-quality`: published test rows
//	bench growth                  the table of `make bench-growth`: time and memory by rows
//	bench neural                  networks for images and texts to the end, beside PyTorch and ONNX Runtime
//	bench sharded                 one machine, blocks of classes, shards of rows: objective, rounds, bytes, cost
//	bench accuracy -url -model -file   predicts a file of labelled rows over HTTP
//	bench export -out DIR FILE    trains on a file and writes the model as ONNX, with rows to compare by
//	bench normal FILE             documents and their normal text, to hold normal.js to
//	bench csv2model FILE          a labelled file to a model, as one process
//	bench grid FILE               the same after a 5-fold search over five C
//
// The last two are what the tables run as processes of their own, so that
// start, memory and CPU time are those of a whole program. Peers (liblinear,
// scikit-learn, PyTorch) are run by the scripts of PEERS, ONNX Runtime by one in
// .ci/onnx; what they took is kept in the work folder, because they do not change. A figure that cannot be taken is a
// row that says what is missing, never a guess.
//
// This room is for measuring only: nothing imports it, it may import every
// room, and unlike them it reads clock and environment as it likes. Timed
// results depend on what else the machine does; nothing here is a test.
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
)

// errBelow says that a figure is not what -min asks for.
var errBelow = errors.New("below the minimum")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) { // the flag set has told
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		stop()
		os.Exit(1)
	}
}

// run is the program: args without its name, results to out, progress and
// usage to notes.
func run(ctx context.Context, args []string, out, notes io.Writer) error {
	commands := map[string]func(context.Context, []string, io.Writer, io.Writer) error{
		"accuracy": accuracy, "csv2model": csvToModel, "grid": grid, "quality": quality, "growth": growth,
		"neural": networks, "sharded": sharded,
		"export": exportModel, "normal": normal, "shapes": shapes,
	}
	if len(args) > 0 {
		if command, ok := commands[args[0]]; ok {
			return command(ctx, args[1:], out, notes)
		}
	}
	return table(ctx, args, out, notes)
}

// flagsOf returns a flag set that tells its usage on w.
func flagsOf(name, operands string, w io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(w)
	flags.Usage = func() {
		fmt.Fprintf(w, "usage: bench %s [flags] %s\n", name, operands)
		flags.PrintDefaults()
	}
	return flags
}
