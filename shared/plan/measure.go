package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

// The sizes measured: unit costs are taken at the first, where caches help as
// little as they will with more rows, and are held against the second.
const (
	unitRows  = 50_000
	checkRows = unitRows / 5
	scored    = 2000 // rows predicted one by one
	tries     = 3    // of which the least times hold: what else runs only adds to them
)

// measure takes unit costs on one core, and once more at a fifth of the size.
func measure(ctx context.Context, data string, notes io.Writer) (Units, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	rows, name, err := load(ctx, data)
	if err != nil {
		return Units{}, err
	}
	sizes := []int{min(unitRows, len(rows)), min(checkRows, len(rows)/5)}
	runs := make([]Units, len(sizes))
	for k, n := range sizes {
		fmt.Fprintf(notes, "measuring %d rows of %s\n", n, name)
		// Rows come class by class in many files; every k-th is a fair piece.
		part := make([]dataset.Row, n)
		for i := range part {
			part[i] = rows[i*len(rows)/n]
		}
		u := &runs[k]
		for try := range tries {
			again, err := take(ctx, part)
			if err != nil {
				return Units{}, err
			}
			if try > 0 {
				again = least(*u, again)
			}
			*u = again
		}
	}
	u := runs[0]
	u.Data, u.Machine = name, processor()+", one core, "+runtime.Version()
	u.CheckRows, u.CheckRatio = runs[1].Rows, u.against(runs[1])
	return u, nil
}

// load reads what is measured on: product reviews where the data folder has
// them, else the bundled sample with a number behind each text, so that no two
// are alike.
func load(ctx context.Context, data string) ([]dataset.Row, string, error) {
	path, name := filepath.Join(data, "shopping10", "train.csv.gz"), "shopping10"
	times := 1
	if _, err := os.Stat(path); err != nil {
		path, name, times = "functions/local/sample/messages.csv", "the bundled sample, numbered", 150
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	set, err := dataset.Read(ctx, f, dataset.Options{Filename: filepath.Base(path)})
	if err != nil {
		return nil, "", err
	}
	var rows []dataset.Row
	for i := range times {
		for _, row := range set.Rows {
			if times > 1 {
				row.Text += " " + strconv.Itoa(i)
			}
			rows = append(rows, row)
		}
	}
	return rows, name, nil
}

// take times the steps of a training on rows, one after the other.
func take(ctx context.Context, rows []dataset.Row) (Units, error) {
	file, err := asCSV(rows)
	if err != nil {
		return Units{}, err
	}
	n := float64(len(rows))
	u := Units{Rows: len(rows), RowBytes: float64(len(file)) / n}
	lap := stopwatch()
	set, err := dataset.Read(ctx, bytes.NewReader(file), dataset.Options{Filename: "rows.csv"})
	if err != nil {
		return u, err
	}
	u.Read = lap() / n
	docs := make([]string, len(set.Rows))
	d := pipeline.Data{Y: make([]int32, len(docs)), Labels: set.Labels}
	every := make([]int32, len(docs))
	for i, row := range set.Rows {
		class, _ := slices.BinarySearch(set.Labels, row.Label)
		docs[i], d.Y[i], every[i] = row.Text, int32(class), int32(i)
	}
	u.Classes = len(set.Labels)
	lap()
	if d.Corpus, err = text.Count(ctx, docs, []text.Recipe{text.Word(), text.Union()}, 1, nil); err != nil {
		return u, err
	}
	u.Count = lap() / n
	for _, tensor := range d.Corpus.Tensors() {
		u.EncodedBytes += float64(len(tensor.Data)) / n
	}
	return u, u.fits(ctx, d, every, docs)
}

// fits times a fit of each recipe, and predictions with the larger model.
func (u *Units) fits(ctx context.Context, d pipeline.Data, rows []int32, docs []string) error {
	cells := float64(len(rows) * u.Classes)
	lap := stopwatch()
	if _, err := pipeline.Fit(ctx, d, rows, pipeline.Settings{Recipe: text.Word(), C: 1}, 1, nil); err != nil {
		return err
	}
	u.FitWord = lap() / cells
	m, err := pipeline.Fit(ctx, d, rows, pipeline.Settings{Recipe: text.Union(), C: 1}, 1, nil)
	if err != nil {
		return err
	}
	u.FitUnion = lap() / cells
	// Documents, counts and model are what a step holds on to.
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	u.HeldBytes = float64(memory.HeapAlloc) / float64(len(rows))
	file, err := m.Encode(nil)
	if err != nil {
		return err
	}
	u.ModelBytes, u.Terms, u.Weights = float64(len(file)), float64(m.Features()), float64(m.Weights())
	p := m.Predictor()
	var scratch pipeline.Scratch
	asked := docs[:min(scored, len(docs))]
	lap()
	for _, doc := range asked {
		p.Scores(&scratch, pipeline.Input{Text: doc})
	}
	u.Score = lap() / float64(len(asked))
	runtime.KeepAlive(d)
	return nil
}

// least returns b with the smaller times of both.
func least(a, b Units) Units {
	b.Read, b.Count, b.Score = min(a.Read, b.Read), min(a.Count, b.Count), min(a.Score, b.Score)
	b.FitWord, b.FitUnion = min(a.FitWord, b.FitWord), min(a.FitUnion, b.FitUnion)
	return b
}

// stopwatch returns a function that returns the seconds this process has
// computed since its last call. What else the machine does counts little then.
func stopwatch() func() float64 {
	last := computed()
	return func() float64 {
		now := computed()
		defer func() { last = now }()
		return (now - last).Seconds()
	}
}

// computed is the processor time of this process, its kernel calls included.
func computed() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // then unit costs are 0, which parseUnits refuses
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// asCSV writes rows as a file of labels and texts.
func asCSV(rows []dataset.Row) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write([]string{"label", "text"}); err != nil {
		return nil, err
	}
	for _, row := range rows {
		if err := w.Write([]string{row.Label, row.Text}); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// processor is the name of this machine's processor where Linux tells it.
func processor() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.SplitSeq(string(data), "\n") {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return runtime.GOARCH
}
