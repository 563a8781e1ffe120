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

	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/gemm"
	"godwit/shared/ml/neural/optim"
	"godwit/shared/ml/neural/recurrent"
	"godwit/shared/ml/neural/weights"
)

// course is a network that is trained here and by a peer's script: the same
// layers, first weights, optimiser and number of epochs.
type course struct {
	set    string
	epochs int
	aims   map[int]float64 // accuracy on the published test rows, by epochs done
	most   float64         // goal: time of an epoch against the peer's

	cell                        recurrent.Kind // "" of images
	units, width, tokens, batch int
}

// courses are the networks of the targets. A text's network takes the
// parameters that give the published sizes, such as 275,462 for trec.
var courses = []course{
	{set: "fashion_mnist", epochs: 10, aims: map[int]float64{3: .894, 10: .9145}, most: 2, batch: 64},
	{set: "trec", epochs: 10, aims: map[int]float64{10: .880}, most: .7, cell: recurrent.GRU, units: 64, width: 64, tokens: 64, batch: 32},
	{set: "trec", epochs: 10, cell: recurrent.LSTM, most: .7, units: 64, width: 64, tokens: 64, batch: 32},
	{set: "banking77", epochs: 20, aims: map[int]float64{20: .887}, most: .7, cell: recurrent.GRU, units: 128, width: 128, tokens: 64, batch: 32},
	{set: "thucnews", epochs: 5, aims: map[int]float64{5: .841}, most: .7, cell: recurrent.GRU, units: 64, width: 64, tokens: 64, batch: 32},
}

// taught is what a training came to.
type taught struct {
	Params   int          `json:"params"`
	Epochs   [][2]float64 `json:"epoch_wall_cpu"` // seconds
	Accuracy []float64    `json:"test_acc"`       // after each epoch
	One      float64      `json:"predict1_ms_p50"`

	rounded map[weights.Rounding]float64 // accuracy of the last epoch's model, by how its weights are stored
}

// networks trains the networks of the targets and prints time and accuracy,
// beside PyTorch's where it is installed.
func networks(ctx context.Context, args []string, out, notes io.Writer) error {
	var set string
	var epochs int
	b, err := newBench("neural", args, notes, func(f *flag.FlagSet) {
		f.StringVar(&set, "set", "", "one set by its name; empty: all")
		f.IntVar(&epochs, "epochs", 0, "how many to train; 0: as many as the goals ask")
	})
	if err != nil {
		return err
	}
	var lines []line
	for _, c := range courses {
		if set != "" && set != c.set {
			continue
		}
		c.epochs = cmp.Or(epochs, c.epochs)
		some, err := b.course(ctx, c)
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

// course trains one network and compares.
func (b *bench) course(ctx context.Context, c course) ([]line, error) {
	b.say("%s: %d epochs", c.name(), c.epochs)
	ours, err := b.teach(ctx, c)
	if err != nil {
		return nil, err
	}
	theirs, lacking := b.torch(ctx, c)
	what := fmt.Sprintf("%s, %d parameters, batch %d", c.name(), ours.Params, c.batch)
	lines := []line{
		{work: what + ": an epoch, processors", show: seconds, ours: best(ours.Epochs, 1), peer: best(theirs.Epochs, 1), ratio: c.most, lacking: lacking},
		{work: what + ": an epoch, wall", show: seconds, ours: best(ours.Epochs, 0), peer: best(theirs.Epochs, 0), ratio: c.most, lacking: lacking},
	}
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
	one := line{work: c.name() + ": one row answered", show: seconds, ours: ours.One / 1e3, peer: theirs.One / 1e3}
	if c.cell == "" {
		one.most = 2e-4
	}
	lines = append(lines, one)
	for _, r := range []weights.Rounding{weights.Float16, weights.Int8} {
		lines = append(lines, line{work: fmt.Sprintf("%s: accuracy with weights in %s", c.name(), r), show: number, ours: ours.rounded[r]})
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

// torch trains the peer's network.
func (b *bench) torch(ctx context.Context, c course) (taught, string) {
	script, args := "torch_cnn.py", []string{c.set, strconv.Itoa(c.epochs), strconv.Itoa(runtime.NumCPU())}
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

// settings returns the peer's settings.
func (c course) settings() neural.Settings {
	s := neural.Settings{Epochs: c.epochs, Batch: c.batch, Shards: 2, Seed: 1}
	if c.cell == "" {
		s.Image.Architecture = neural.LeNet
		return s
	}
	s.Dropout, s.Optimizer = .3, optim.Settings{Rate: 2e-3}
	s.Text = neural.TextSettings{Cell: c.cell, Units: c.units, Width: c.width, Tokens: c.tokens}
	return s
}

// teach trains our network.
func (b *bench) teach(ctx context.Context, c course) (taught, error) {
	train, test, err := b.rows(c)
	if err != nil {
		return taught{}, err
	}
	run, err := neural.Start(c.settings(), train, nil)
	if err != nil {
		return taught{}, err
	}
	var t taught
	var failed error
	since, used := time.Now(), processorSeconds()
	err = run.Train(ctx, runtime.GOMAXPROCS(0), func(e neural.Epoch) {
		t.Epochs = append(t.Epochs, [2]float64{time.Since(since).Seconds(), processorSeconds() - used})
		score, params, err := answerer(run, test, weights.Whole)
		if err != nil { // of no epoch: the run is of the data's kind
			failed = err
			return
		}
		accuracy, one := examine(score, test)
		t.Params, t.One, t.Accuracy = params, one, append(t.Accuracy, accuracy)
		b.say("%s: epoch %d in %.3g s, loss %.4f, accuracy %.4f", c.name(), e.Epoch, t.Epochs[e.Epoch-1][0], e.Loss, t.Accuracy[e.Epoch-1])
		since, used = time.Now(), processorSeconds()
	})
	if err = cmp.Or(err, failed); err != nil {
		return t, err
	}
	t.rounded = map[weights.Rounding]float64{}
	for _, r := range []weights.Rounding{weights.Float16, weights.Int8} {
		score, _, err := answerer(run, test, r)
		if err != nil {
			return t, err
		}
		t.rounded[r], _ = examine(score, test)
	}
	return t, nil
}

// examine returns the accuracy on rows a network has not seen, one at a time,
// and the median time of an answer in milliseconds.
func examine(score func(i int) []float32, test testRows) (accuracy, median float64) {
	right, times := 0, []float64{}
	for i, label := range test.labels {
		since := time.Now()
		scores := score(i)
		times = append(times, time.Since(since).Seconds()*1e3)
		if slices.Index(scores, slices.Max(scores)) == int(label) {
			right++
		}
	}
	slices.Sort(times)
	return float64(right) / float64(len(test.labels)), times[len(times)/2]
}

// answerer returns what answers for a row of the test set, and how many
// parameters it has.
func answerer(run *neural.Run, test testRows, r weights.Rounding) (score func(i int) []float32, params int, err error) {
	var s neural.Scratch
	if test.documents != nil {
		m, err := run.Text()
		if err != nil {
			return nil, 0, err
		}
		if m, err = m.Round(r); err != nil {
			return nil, 0, err
		}
		return func(i int) []float32 { return m.Scores(&s, test.documents[i]) }, m.Manifest().Weights, nil
	}
	m, err := run.Image()
	if err != nil {
		return nil, 0, err
	}
	if m, err = m.Round(r); err != nil {
		return nil, 0, err
	}
	size := m.Size()
	return func(i int) []float32 { return m.Scores(&s, test.pixels[i*size:][:size]) }, m.Manifest().Weights, nil
}
