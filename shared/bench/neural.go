package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"time"

	"godwit/shared/ml/network"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/gemm"
	"godwit/shared/ml/neural/optim"
	"godwit/shared/ml/neural/recurrent"
	"godwit/shared/ml/neural/weights"
	"godwit/shared/ml/pipeline"
)

// course is a network that is trained here and by a peer's script: the same
// layers, optimiser and number of epochs.
type course struct {
	set    string
	epochs int
	seed   uint64          // of ours
	few    int             // epochs for the table of `make bench`, 0: not in it
	aims   map[int]float64 // accuracy on the published test rows, by epochs done
	most   float64         // goal: time of an epoch against the peer's

	cell                        recurrent.Kind // "" of images
	units, width, tokens, batch int
}

// courses are the networks of the targets. A text's network takes the
// parameters that give the published sizes, such as 275,462 for trec.
var courses = []course{
	{set: "fashion_mnist", epochs: 10, few: 1, aims: map[int]float64{3: .894, 10: .9145}, most: 2, batch: 64},
	{set: "trec", epochs: 10, few: 2, aims: map[int]float64{10: .880}, most: .7, cell: recurrent.GRU, units: 64, width: 64, tokens: 64, batch: 32},
	{set: "trec", epochs: 10, cell: recurrent.LSTM, most: .7, units: 64, width: 64, tokens: 64, batch: 32},
	{set: "banking77", epochs: 20, aims: map[int]float64{20: .887}, most: .7, cell: recurrent.GRU, units: 128, width: 128, tokens: 64, batch: 32},
	{set: "thucnews", epochs: 5, aims: map[int]float64{5: .841}, most: .7, cell: recurrent.GRU, units: 64, width: 64, tokens: 64, batch: 32},
}

// taught is what a training came to. A peer's is read from what its script tells.
type taught struct {
	Params   int          `json:"params"`
	Epochs   [][2]float64 `json:"epoch_wall_cpu"` // seconds
	Accuracy []float64    `json:"test_acc"`       // after each epoch
	One      float64      `json:"predict1_ms_p50"`

	rows  int // trained on
	model network.Model
	test  network.Rows
}

// neural times the training of one network for images and one for texts, and
// their answers, beside PyTorch's and ONNX Runtime's: an epoch or two of each,
// which is enough for times and not for accuracy.
func (b *bench) neural(ctx context.Context) ([]line, error) {
	var lines []line
	for _, c := range courses {
		if c.epochs, c.seed = c.few, 1; c.few == 0 {
			continue
		}
		some, _, _, err := b.teachBoth(ctx, c)
		if ctx.Err() != nil {
			return lines, ctx.Err()
		}
		if err != nil {
			some = []line{{work: c.name(), lacking: err.Error()}}
		}
		lines = append(lines, some...)
	}
	return lines, nil
}

// networks trains the networks of the targets and prints time and accuracy,
// beside the peers' where they are installed.
func networks(ctx context.Context, args []string, out, notes io.Writer) error {
	var set string
	var epochs int
	var seed uint64
	b, err := newBench("neural", args, notes, func(f *flag.FlagSet) {
		f.StringVar(&set, "set", "", "one set by its name; empty: all")
		f.IntVar(&epochs, "epochs", 0, "how many to train; 0: as many as the goals ask")
		f.Uint64Var(&seed, "seed", 1, "of our training; 1 is the peers'")
	})
	if err != nil {
		return err
	}
	var lines []line
	for _, c := range courses {
		if set != "" && set != c.set {
			continue
		}
		c.epochs, c.seed = cmp.Or(epochs, c.epochs), seed
		some, ours, theirs, err := b.teachBoth(ctx, c)
		if err == nil {
			var more []line
			more, err = c.accuracies(ours, theirs)
			some = append(some, more...)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			some = []line{{work: c.name(), lacking: err.Error()}}
		}
		lines = append(lines, some...)
	}
	fmt.Fprintln(out, b.surroundings()+", products by "+gemm.Kernel())
	return write(out, lines)
}

// name says what is trained.
func (c course) name() string {
	if c.cell == "" {
		return "LeNet, " + c.set
	}
	return fmt.Sprintf("%s, %s", c.cell, c.set)
}

// teachBoth trains one network here and one there and compares their times.
func (b *bench) teachBoth(ctx context.Context, c course) (lines []line, ours, theirs taught, err error) {
	b.say("%s: %d epochs", c.name(), c.epochs)
	if ours, err = b.teach(ctx, c); err != nil {
		return nil, ours, theirs, err
	}
	theirs, lacking := b.torch(ctx, c, runtime.NumCPU())
	// Its threads wait for each other with the processor running: what an epoch
	// takes of processors is told by one thread.
	alone := c
	alone.epochs = min(c.epochs, 2)
	single, _ := b.torch(ctx, alone, 1)
	exported, absent := b.onnxRuntime(ctx, c.name(), ours.model, ours.test)
	what := fmt.Sprintf("%s, %d parameters, batch %d", c.name(), ours.Params, c.batch)
	wall := line{work: what + ": an epoch, wall", show: seconds, ours: best(ours.Epochs, 0), peer: best(theirs.Epochs, 0), ratio: c.most, lacking: lacking}
	throughput := line{work: what + ": training, rows a second", show: whole, ours: float64(ours.rows) / wall.ours, lacking: lacking}
	if wall.peer > 0 {
		throughput.peer = float64(ours.rows) / wall.peer
	}
	torched := line{work: c.name() + ": one row answered; peer PyTorch: p50", show: seconds, ours: ours.One / 1e3, peer: theirs.One / 1e3, lacking: lacking}
	run := line{work: c.name() + ": one row answered; peer ONNX Runtime in Node: p50", show: seconds, ours: torched.ours, peer: exported, lacking: absent}
	if c.cell == "" {
		torched.most = 2e-4
	}
	return []line{
		{work: what + ": an epoch, processors, peer on one thread", show: seconds, ours: best(ours.Epochs, 1), peer: best(single.Epochs, 1), ratio: c.most, lacking: lacking},
		wall, throughput, torched, run,
	}, ours, theirs, nil
}

// accuracies tells how well both do on the test rows, and ours with rounded
// weights.
func (c course) accuracies(ours, theirs taught) ([]line, error) {
	var lines []line
	for i, accuracy := range ours.Accuracy {
		aim, asked := c.aims[i+1]
		if !asked && i+1 < len(ours.Accuracy) {
			continue
		}
		l := line{work: fmt.Sprintf("%s: accuracy after %d epochs", c.name(), i+1), show: number, ours: accuracy, least: aim}
		if i < len(theirs.Accuracy) {
			l.peer = theirs.Accuracy[i]
		}
		lines = append(lines, l)
	}
	for _, r := range []weights.Rounding{weights.Float16, weights.Int8} {
		m, err := ours.model.Round(r)
		if err != nil {
			return nil, err
		}
		accuracy, _ := examine(m, ours.test)
		lines = append(lines, line{work: fmt.Sprintf("%s: accuracy with weights in %s", c.name(), r), show: number, ours: accuracy})
	}
	return lines, nil
}

// best returns the least of a column of times, 0 without any.
func best(times [][2]float64, column int) float64 {
	least := 0.0
	for i, t := range times {
		if i == 0 || t[column] < least {
			least = t[column]
		}
	}
	return least
}

// installTorch is what the scripts of networks need.
const installTorch = "peer not installed: apt-get install python3-torch"

// torch trains the peer's network on so many threads.
func (b *bench) torch(ctx context.Context, c course, threads int) (taught, string) {
	script, args := "torch_cnn.py", []string{c.set, strconv.Itoa(c.epochs), strconv.Itoa(threads)}
	if c.cell != "" {
		script = "torch_rnn.py"
		args = append(args, string(c.cell), strconv.Itoa(c.units), strconv.Itoa(c.width), strconv.Itoa(c.tokens))
	}
	u, err := b.python(ctx, script, append(args, strconv.Itoa(c.batch))...)
	var t taught
	if err == nil {
		err = u.result(&t)
	}
	switch {
	case errors.Is(err, absentError(installPython)):
		return t, installTorch
	case err != nil:
		return t, err.Error()
	}
	return t, ""
}

// settings returns the peer's settings, and beyond them those that trainings of
// the product have.
func (c course) settings() neural.Settings {
	s := neural.Settings{Epochs: c.epochs, Batch: c.batch, Shards: 2, Seed: c.seed, Average: .15}
	if c.cell == "" {
		s.Image.Architecture, s.Image.Scale = neural.LeNet, true
		return s
	}
	s.Dropout, s.Smoothing, s.Optimizer = .3, .05, optim.Settings{Rate: 2e-3}
	s.Text = neural.TextSettings{Cell: c.cell, Units: c.units, Width: c.width, Tokens: c.tokens}
	return s
}

// teach trains our network.
func (b *bench) teach(ctx context.Context, c course) (taught, error) {
	train, test, err := b.rows(c)
	if err != nil {
		return taught{}, err
	}
	run, err := network.Start(c.settings(), train)
	if err != nil {
		return taught{}, err
	}
	t := taught{rows: train.Len(), test: test}
	var failed error
	since, used := time.Now(), processorSeconds()
	err = run.Train(ctx, runtime.GOMAXPROCS(0), func(e neural.Epoch) {
		t.Epochs = append(t.Epochs, [2]float64{time.Since(since).Seconds(), processorSeconds() - used})
		if t.model, failed = run.Model(); failed != nil {
			return
		}
		accuracy, one := examine(t.model, test)
		t.Params, t.One, t.Accuracy = t.model.Manifest().Weights, one, append(t.Accuracy, accuracy)
		b.say("%s: epoch %d in %.3g s, loss %.4f, accuracy %.4f", c.name(), e.Epoch, t.Epochs[e.Epoch-1][0], e.Loss, accuracy)
		since, used = time.Now(), processorSeconds()
	})
	return t, cmp.Or(err, failed)
}

// examine returns the accuracy on rows a network has not seen, one at a time,
// and the median time of an answer in milliseconds.
func examine(m network.Model, test network.Rows) (accuracy, median float64) {
	var scratch pipeline.Scratch
	right, times := 0, []float64{}
	for i, label := range test.Y {
		in := inputAt(test, i)
		since := time.Now()
		scores := m.Scores(&scratch, in)
		times = append(times, time.Since(since).Seconds()*1e3)
		if top(scores) == label {
			right++
		}
	}
	slices.Sort(times)
	return float64(right) / float64(test.Len()), times[len(times)/2]
}
