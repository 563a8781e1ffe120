package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/cocoa"
	"godwit/shared/ml/sparse"
	"godwit/shared/ml/text"
)

// What is charged, in dollars as published for arm64 in us-east-1: a second of
// one processor, which comes with 1,769 MB of memory, an object written, one
// read, and a transition of a state machine.
const (
	dollarsCPU    = 1.769 * .0000133334
	dollarsPuts   = .005 / 1000
	dollarsGets   = .0004 / 1000
	dollarsStates = .025 / 1000
)

// entryBytes is what a non-zero takes in a file: its column and its value.
const entryBytes = 8

// spread is one way to train over machines, and what it came to.
type spread struct {
	how            string
	columns        [][]float32
	bias           []float32
	rounds         int
	moved          int64 // bytes
	cpu, wall      float64
	puts, gets     int // objects
	states         int // transitions
	objective, acc float64
}

// dollars is what the training would be charged.
func (s spread) dollars() float64 {
	return s.cpu*dollarsCPU + float64(s.puts)*dollarsPuts + float64(s.gets)*dollarsGets + float64(s.states)*dollarsStates
}

// encoded is a published set as rows of the word recipe's features.
type encoded struct {
	x, test  *sparse.Matrix
	y, truth []int32
	classes  int
}

// sharded trains sets on one machine, by blocks of classes, and by shards of
// rows, and prints what each costs, how far it is from one machine, and how that
// grows with the rows; then as whole jobs, in one function and by rows.
func sharded(ctx context.Context, args []string, out, notes io.Writer) error {
	var set string
	var tolerance float64
	b, err := newBench("sharded", args, notes, func(f *flag.FlagSet) {
		f.StringVar(&set, "set", "", "one set by its name; empty: thucnews and shopping10")
		f.Float64Var(&tolerance, "gap", 1e-3, "duality gap, as a share of the objective, to which shards train")
	})
	if err != nil {
		return err
	}
	sets := []string{"thucnews", "shopping10"}
	if set != "" {
		sets = []string{set}
	}
	fmt.Fprintln(out, b.surroundings())
	for _, name := range sets {
		if err := b.spreads(ctx, name, tolerance, out); err != nil {
			return err
		}
		if err := b.jobs(ctx, name, out); err != nil {
			return err
		}
	}
	return nil
}

// spreads trains one set in every way and prints the table.
func (b *bench) spreads(ctx context.Context, set string, tolerance float64, out io.Writer) error {
	e, err := b.encoded(ctx, set)
	if err != nil {
		return err
	}
	b.say("%s: one machine", set)
	best, err := e.alone(ctx, tightEpsilon)
	if err != nil {
		return err
	}
	optimum := e.primal(best)
	ways := []func() (spread, error){
		func() (spread, error) { return e.alone(ctx, usualEpsilon) },
		func() (spread, error) { return e.byClasses(ctx, 4) },
		func() (spread, error) { return e.byRows(ctx, 4, tolerance) },
		func() (spread, error) { return e.byRows(ctx, 8, tolerance) },
	}
	fmt.Fprintf(out, "%s: %d rows x %d columns, %d non-zeros, %d classes\n", set, e.x.Rows, e.x.Cols, e.x.NonZeros(), e.classes)
	rows := [][]string{{"training", "objective", "above the least", "accuracy", "rounds", "moved", "CPU", "wall here", "dollars"}}
	for _, way := range ways {
		s, err := e.timed(way)
		if err != nil {
			return err
		}
		b.say("%s: %s", set, s.how)
		rows = append(rows, []string{
			s.how, number(s.objective), fmt.Sprintf("%.1e", s.objective/optimum-1), fmt.Sprintf("%.4f", s.acc), fmt.Sprint(s.rounds),
			megabytes(float64(s.moved)), seconds(s.cpu), seconds(s.wall), fmt.Sprintf("%.5f", s.dollars()),
		})
	}
	if err := align(out, rows); err != nil {
		return err
	}
	return b.spreadsGrow(ctx, e, set, tolerance, out)
}

// timed trains in one way and says what it took and came to.
func (e *encoded) timed(way func() (spread, error)) (spread, error) {
	runtime.GC()
	wall, cpu := time.Now(), processorSeconds()
	s, err := way()
	if err != nil {
		return s, err
	}
	s.wall, s.cpu = time.Since(wall).Seconds(), processorSeconds()-cpu
	s.objective, s.acc = e.primal(s), e.accuracy(s)
	return s, nil
}

// encoded reads and encodes a set.
func (b *bench) encoded(ctx context.Context, set string) (*encoded, error) {
	var parts [2][]example
	for k, part := range []string{"train", "test"} {
		path, err := b.file(set, part)
		if err != nil {
			return nil, err
		}
		if parts[k], err = readExamples(path); err != nil {
			return nil, err
		}
	}
	e := &encoded{}
	var labels, docs []string
	for _, r := range parts[0] {
		labels, docs = append(labels, r.Label), append(docs, r.Text)
	}
	slices.Sort(labels)
	labels = slices.Compact(labels)
	e.classes = len(labels)
	place := func(rows []example) []int32 {
		y := make([]int32, len(rows))
		for i, r := range rows {
			at, _ := slices.BinarySearch(labels, r.Label)
			y[i] = int32(at)
		}
		return y
	}
	e.y, e.truth = place(parts[0]), place(parts[1])
	corpus, err := text.Count(ctx, docs, []text.Recipe{text.Word()}, runtime.NumCPU(), nil)
	if err != nil {
		return nil, err
	}
	all := make([]int32, len(docs))
	for i := range all {
		all[i] = int32(i)
	}
	v := corpus.Vocabulary(all, text.Word())
	e.x = corpus.Matrix(v, all)
	e.test = &sparse.Matrix{Rows: len(parts[1]), Cols: v.Len(), Start: []int64{0}}
	var scratch text.Scratch
	for _, r := range parts[1] {
		index, value := v.Vectorize(&scratch, r.Text)
		e.test.Index, e.test.Value = append(e.test.Index, index...), append(e.test.Value, value...)
		e.test.Start = append(e.test.Start, int64(len(e.test.Index)))
	}
	return e, nil
}

// train solves a block of the classes into s.
func (e *encoded) train(ctx context.Context, s *spread, epsilon float64, block linear.Range) error {
	svm := machine(epsilon)
	svm.Classes = block
	var mu sync.Mutex
	return svm.OneVsRest(ctx, e.x, e.y, nil, e.classes, runtime.NumCPU(), func(one linear.Solution) error {
		mu.Lock()
		defer mu.Unlock()
		s.columns[one.Class], s.bias[one.Class] = slices.Clone(one.Weight), one.Bias
		return nil
	})
}

// alone trains on one machine.
func (e *encoded) alone(ctx context.Context, epsilon float64) (spread, error) {
	s := spread{how: fmt.Sprintf("one machine, epsilon %g", epsilon), columns: make([][]float32, e.classes), bias: make([]float32, e.classes), states: 1}
	return s, e.train(ctx, &s, epsilon, linear.Range{})
}

// byClasses trains blocks of classes, each of which reads the whole matrix.
func (e *encoded) byClasses(ctx context.Context, n int) (spread, error) {
	s := spread{columns: make([][]float32, e.classes), bias: make([]float32, e.classes)}
	blocks := linear.Cut(e.classes, 1, float64((e.classes+n-1)/n), 1)
	for _, block := range blocks {
		if err := e.train(ctx, &s, usualEpsilon, block); err != nil {
			return s, err
		}
	}
	n = len(blocks)
	s.how = fmt.Sprintf("%d blocks of classes", n)
	s.moved = int64(n)*e.x.NonZeros()*entryBytes + 2*4*int64(e.classes)*int64(e.x.Cols)
	// One reads the rows and writes its part; Finish reads the parts.
	s.puts, s.gets, s.states = n, 2*n, n+2
	return s, nil
}

// byRows trains n shards of rows. They are dealt out, so that the order of the
// file, which may be that of the classes, does not make the shards.
func (e *encoded) byRows(ctx context.Context, n int, tolerance float64) (spread, error) {
	s := spread{how: fmt.Sprintf("%d shards of rows", n)}
	shards := make([]cocoa.Rows, n)
	for k := range shards {
		shards[k].X, shards[k].Y = e.each(k, n)
	}
	got, err := cocoa.SVM{Tolerance: tolerance}.Train(ctx, shards, e.classes, runtime.NumCPU())
	if err != nil {
		return s, err
	}
	s.columns, s.bias, s.rounds = got.Columns, got.Bias, got.Weights.Rounds
	// Beside what travels, a shard's function reads its rows in every round.
	s.moved = got.Moved + int64(s.rounds)*e.x.NonZeros()*entryBytes
	// A shard reads rows, weights and duals and writes duals and an update; the
	// reducer reads all updates and writes weights. Map, its items, Reduce, Choice.
	s.puts, s.gets, s.states = s.rounds*(2*n+1), s.rounds*(4*n+1), s.rounds*(n+3)
	return s, nil
}

// each returns every nth row and its class, from row first on.
func (e *encoded) each(first, nth int) (x *sparse.Matrix, y []int32) {
	x = &sparse.Matrix{Cols: e.x.Cols, Start: []int64{0}}
	for i := first; i < e.x.Rows; i += nth {
		index, value := e.x.Row(i)
		x.Index, x.Value = append(x.Index, index...), append(x.Value, value...)
		x.Start = append(x.Start, int64(len(x.Index)))
		x.Rows++
		y = append(y, e.y[i])
	}
	return x, y
}

// primal returns the objective summed over the classes.
func (e *encoded) primal(s spread) float64 {
	p := problem{x: e.x, y: e.y}
	total := 0.0
	for class := range s.columns {
		total += p.primal(linear.Solution{Class: class, Weight: s.columns[class], Bias: s.bias[class]})
	}
	return total
}

// accuracy is that on the published test rows.
func (e *encoded) accuracy(s spread) float64 {
	right := 0
	margins := make([]float32, e.classes)
	for i := range e.test.Rows {
		index, value := e.test.Row(i)
		for class, w := range s.columns {
			m := float64(s.bias[class])
			for k, j := range index {
				m += float64(w[j]) * float64(value[k])
			}
			margins[class] = float32(m)
		}
		if int32(top(margins)) == e.truth[i] {
			right++
		}
	}
	return float64(right) / float64(e.test.Rows)
}
