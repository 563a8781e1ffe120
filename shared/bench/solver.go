package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/sparse"
)

// repeats is how often what is short is measured; the least time counts.
const repeats = 3

// What both solvers are given: liblinear's defaults, and a tight tolerance at
// which both must have found the same minimum.
const (
	usualEpsilon = .1
	tightEpsilon = 1e-3
)

// problem is a data set as scikit-learn's TF-IDF matrix.
type problem struct {
	path    string
	x       *sparse.Matrix
	y       []int32
	classes int
}

// solver compares the solver alone with liblinear, on the same matrix.
func (b *bench) solver(ctx context.Context) ([]line, error) {
	var lines []line
	for _, set := range []string{"banking77", "clinc150", "thucnews", "shopping10"} {
		p, err := b.problem(ctx, set)
		if err != nil {
			lines = append(lines, line{work: "solver alone, " + set, lacking: err.Error()})
			continue
		}
		some, err := b.solverRows(ctx, set, p)
		if err != nil {
			return lines, err
		}
		lines = append(lines, some...)
		if set == "thucnews" {
			l, err := p.threadsRow(ctx, set)
			if err != nil {
				return lines, err
			}
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// problem returns a set's matrix, exported by scikit-learn unless it has been.
func (b *bench) problem(ctx context.Context, set string) (*problem, error) {
	if _, err := b.file(set, "train"); err != nil {
		return nil, err
	}
	p := &problem{path: filepath.Join(b.work, set+".train.svm")}
	if _, err := os.Stat(p.path); err != nil {
		b.say("exporting scikit-learn's matrix of %s", set)
		if _, err := b.script(ctx, "svmlight.py", set); err != nil {
			return nil, err
		}
	}
	f, err := os.Open(p.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if p.x, p.y, p.classes, err = readSVMLight(f); err != nil {
		return nil, fmt.Errorf("read %s: %w", p.path, err)
	}
	return p, nil
}

// solverRows compares time and objective on one problem.
func (b *bench) solverRows(ctx context.Context, set string, p *problem) ([]line, error) {
	b.say("solver on %s", set)
	fast := line{work: fmt.Sprintf("solver alone, %s (%d x %d, %d classes), 1 thread: CPU", set, p.x.Rows, p.x.Cols, p.classes), show: seconds, ratio: .8}
	for range repeats {
		took, err := p.cpu(ctx)
		if err != nil {
			return nil, err
		}
		if fast.ours == 0 || took < fast.ours {
			fast.ours = took
		}
	}
	objective, err := p.objective(ctx)
	if err != nil {
		return nil, err
	}
	equal := line{work: "objective at eps 1e-3, " + set + ": relative difference", show: number, most: 1e-4}
	peer, how, err := b.liblinear(ctx, set, p.path, usualEpsilon, repeats)
	if err != nil {
		fast.lacking = err.Error()
	}
	fast.peer, fast.work = peer.CPU, fast.work+how
	peer, _, err = b.liblinear(ctx, set, p.path, tightEpsilon, 1)
	switch {
	case err != nil:
		equal.lacking = err.Error()
	case peer.Primal == 0:
		equal.lacking = installLiblinear + " (the command does not tell its objective)"
	default:
		// Never zero, which would be an absent figure.
		equal.ours = max(gap(objective, peer.Primal), 1e-12)
		equal.work += fmt.Sprintf(" (ours %.7g, liblinear %.7g)", objective, peer.Primal)
	}
	return []line{fast, equal}, nil
}

// machine returns the solver's settings.
func machine(epsilon float64) linear.SVM {
	return linear.SVM{Loss: linear.SquaredHinge, C: []float64{1}, Epsilon: epsilon, Bias: 1}
}

// cpu returns the processor seconds of one training on one goroutine.
func (p *problem) cpu(ctx context.Context) (float64, error) {
	runtime.GC() // what came before is not this training's
	before := processorSeconds()
	err := machine(usualEpsilon).OneVsRest(ctx, p.x, p.y, nil, p.classes, 1, func(linear.Solution) error { return nil })
	return processorSeconds() - before, err
}

// threadsRow says how much of the processors, as far as other programs left
// them, a training on all of them used.
func (p *problem) threadsRow(ctx context.Context, set string) (line, error) {
	n := runtime.NumCPU()
	l := line{work: fmt.Sprintf("solver alone, %s, %d threads: share of the free processors in use", set, n), show: number, least: .8}
	for range repeats {
		all, ours, began := busySeconds(), processorSeconds(), time.Now()
		if err := machine(usualEpsilon).OneVsRest(ctx, p.x, p.y, nil, p.classes, n, func(linear.Solution) error { return nil }); err != nil {
			return line{}, err
		}
		wall := time.Since(began).Seconds()
		all, ours = busySeconds()-all, processorSeconds()-ours
		if all == 0 {
			l.lacking = "no /proc/stat here"
			return l, nil
		}
		// The kernel counts in hundredths of a second, hence a little above 1.
		l.ours = min(1, max(l.ours, ours/(float64(n)*wall-max(0, all-ours))))
	}
	return l, nil
}

// objective returns the primal objective summed over the classes, at the tight
// tolerance.
func (p *problem) objective(ctx context.Context) (float64, error) {
	var mu sync.Mutex
	sums := make([]float64, p.classes)
	err := machine(tightEpsilon).OneVsRest(ctx, p.x, p.y, nil, p.classes, runtime.NumCPU(), func(s linear.Solution) error {
		o := p.primal(s)
		mu.Lock()
		defer mu.Unlock()
		sums[s.Class] = o
		return nil
	})
	total := 0.0
	for _, o := range sums {
		total += o
	}
	return total, err
}

// primal returns w.w/2 + v*v/2 + sum of squared hinges of one class. The bias
// feature is 1, so its weight v is the bias.
func (p *problem) primal(s linear.Solution) float64 {
	o := float64(s.Bias) * float64(s.Bias) / 2
	for _, w := range s.Weight {
		o += float64(w) * float64(w) / 2
	}
	for i := range p.x.Rows {
		margin := float64(s.Bias)
		index, value := p.x.Row(i)
		for k, j := range index {
			margin += float64(s.Weight[j]) * float64(value[k])
		}
		if int(p.y[i]) != s.Class {
			margin = -margin
		}
		slack := max(0, 1-margin)
		o += slack * slack
	}
	return o
}
