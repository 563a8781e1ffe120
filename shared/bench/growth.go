package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// mostGrowth is the goal for the exponents: 1 is linear.
const mostGrowth = 1.1

// grown is what a size took.
type grown struct {
	rows, terms     int
	wall, cpu, peak float64 // seconds, user seconds, bytes
}

// growth measures CSV to model, with the word features and C = 1, on made
// rows of rising number, each size as a process of its own, and fits how time
// and memory grow.
func growth(ctx context.Context, args []string, out, notes io.Writer) error {
	var from, to int
	b, err := newBench("growth", args, notes, func(f *flag.FlagSet) {
		f.IntVar(&from, "from", 1000, "least rows")
		f.IntVar(&to, "to", 100_000, "most rows; each size is ten times the one before")
	})
	if err != nil {
		return err
	}
	if from < 10 || to < 10*from {
		return errors.New("growth takes two sizes at least, of 10 rows at least")
	}
	var sizes []grown
	for n := from; n <= to; n *= 10 {
		g, err := b.grow(ctx, n)
		if err != nil {
			return err
		}
		sizes = append(sizes, g)
	}
	fmt.Fprintln(out, b.surroundings())
	return writeGrowth(out, sizes)
}

// grow measures one size. The rows are made anew and not kept: a million of
// them are quicker made than asked about.
func (b *bench) grow(ctx context.Context, rows int) (grown, error) {
	b.say("%d rows", rows)
	path := filepath.Join(b.work, "growth.csv")
	if err := makeRows(path, rows); err != nil {
		return grown{}, err
	}
	defer os.Remove(path)
	took, err := least(func() (usage, error) { return measure(ctx, nil, b.self, "csv2model", path) })
	if err != nil {
		return grown{}, err
	}
	var got summary
	err = took.result(&got)
	return grown{rows, got.Terms, took.Wall, took.User, float64(took.Peak)}, err
}

// What the made texts are like: the lengths of a support message, ten subjects,
// and words as frequent as Zipf says, of which a third belong to the subject.
const (
	madeClasses = 10
	madeWords   = 200_000 // at most, of the common language
	madeTopic   = 20_000  // at most, of each subject
	leastWords  = 5
	moreWords   = 15 // above the least, at most
	zipf        = 1.1
)

// makeRows writes a labelled file: the same rows for the same number, and the
// first ones of a larger number.
func makeRows(path string, rows int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	rng := rand.New(rand.NewPCG(1, 2))
	common, topic := rand.NewZipf(rng, zipf, 1, madeWords-1), rand.NewZipf(rng, zipf, 1, madeTopic-1)
	fmt.Fprintln(w, "label,text")
	for i := range rows {
		class := i % madeClasses
		fmt.Fprintf(w, "class%d,", class)
		for range leastWords + rng.IntN(moreWords+1) {
			if rng.IntN(3) == 0 {
				fmt.Fprintf(w, "t%dw%d ", class, topic.Uint64())
			} else {
				fmt.Fprintf(w, "w%d ", common.Uint64())
			}
		}
		fmt.Fprintln(w)
	}
	return errors.Join(w.Flush(), f.Close())
}

// exponent returns the slope of log y over log x by least squares: y grows as
// x to that power. The logarithms of sizes and times are exact enough for it.
func exponent(x, y []float64) float64 {
	n := float64(len(x))
	var sx, sy, sxx, sxy float64
	for i := range x {
		lx, ly := math.Log(x[i]), math.Log(y[i])
		sx, sy, sxx, sxy = sx+lx, sy+ly, sxx+lx*lx, sxy+lx*ly
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// writeGrowth prints the sizes, and under them the exponents: over all sizes,
// and over the last two, where what a process costs at any size hides nothing.
func writeGrowth(out io.Writer, sizes []grown) error {
	rows := [][]string{{"rows", "terms", "wall", "user CPU", "peak memory"}}
	x := make([]float64, len(sizes))
	columns := [3][]float64{}
	for i, g := range sizes {
		rows = append(rows, []string{fmt.Sprint(g.rows), fmt.Sprint(g.terms), seconds(g.wall), seconds(g.cpu), megabytes(g.peak)})
		x[i] = float64(g.rows)
		for k, v := range []float64{g.wall, g.cpu, g.peak} {
			columns[k] = append(columns[k], v)
		}
	}
	fitted := []string{"exponent", ""}
	last := []string{"exponent of the last step", ""}
	verdict := []string{fmt.Sprintf("goal <= %g", mostGrowth), ""}
	for _, y := range columns {
		all := exponent(x, y)
		fitted = append(fitted, fmt.Sprintf("%.3f", all))
		last = append(last, fmt.Sprintf("%.3f", exponent(x[len(x)-2:], y[len(y)-2:])))
		if all <= mostGrowth {
			verdict = append(verdict, "meets")
		} else {
			verdict = append(verdict, "falls short")
		}
	}
	return align(out, append(rows, fitted, last, verdict))
}
