package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
	"unicode/utf8"

	"godwit/shared/ml/pipeline"
)

// texts is how many test rows are predicted one by one, as the peer's script does.
const texts = 2000

// predict compares one prediction inside a program.
func (b *bench) predict(ctx context.Context) ([]line, error) {
	var lines []line
	for _, w := range []struct {
		set, recipe string
		most        float64 // seconds; 0 where no goal is set
	}{
		{"banking77", "word", 10e-6}, {"banking77", "union", 20e-6}, {"thucnews", "word", 0}, {"thucnews", "union", 0},
	} {
		work := fmt.Sprintf("one prediction in process, %s, %s", w.recipe, w.set)
		path, err := b.trained(ctx, w.set, w.recipe)
		if err != nil {
			lines = append(lines, line{work: work, lacking: err.Error()})
			continue
		}
		l, err := b.predictRow(path, w.set)
		if err != nil {
			return lines, err
		}
		l.work, l.most = work+l.work+": p50", w.most
		if w.recipe == "word" { // the peer's script has no other
			l.peer, l.lacking = b.sklearnWarm(ctx, w.set)
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// predictRow takes the median over the first test rows; work says what they are like.
func (b *bench) predictRow(path, set string) (line, error) {
	m, err := load(path)
	if err != nil {
		return line{}, err
	}
	test, err := b.file(set, "test")
	if err != nil {
		return line{}, err
	}
	rows, err := readExamples(test)
	if err != nil {
		return line{}, err
	}
	rows = rows[:min(texts, len(rows))]
	var scratch pipeline.Scratch
	length := make([]float64, len(rows))
	for i, row := range rows {
		length[i] = float64(utf8.RuneCountInString(row.Text))
	}
	var before, after runtime.MemStats
	p50, err := calmest(len(rows), func(i int) error {
		if i == 0 {
			runtime.ReadMemStats(&before)
		}
		m.Scores(&scratch, rows[i].Text)
		return nil
	})
	if err != nil {
		return line{}, err
	}
	runtime.ReadMemStats(&after)
	allocations := float64(after.Mallocs-before.Mallocs) / float64(len(rows))
	return line{
		work: fmt.Sprintf(" (%d classes, median %.0f characters, %.1f allocations)", len(m.Labels()), median(length), allocations),
		show: seconds, ours: p50,
	}, nil
}

// rounds is how often a short piece of work is gone through: the first warms
// up, and of the others the calmest counts, as other programs only add.
const rounds = 6

// calmest does n pieces of work again and again and returns the least median
// seconds of a round.
func calmest(n int, work func(i int) error) (least float64, err error) {
	took := make([]float64, n)
	for round := range rounds {
		for i := range n {
			began := time.Now()
			if err := work(i); err != nil {
				return 0, err
			}
			took[i] = time.Since(began).Seconds()
		}
		if p50 := median(took); round == 1 || round > 1 && p50 < least {
			least = p50
		}
	}
	return least, nil
}

// load reads a model.
func load(path string) (*pipeline.Model, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return pipeline.Decode(data)
}

// median returns the middle value; it sorts v.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// sklearnModel makes the model the peer predicts with.
func (b *bench) sklearnModel(ctx context.Context, set string) error {
	_, err := b.python(ctx, "latency.py", "train", set)
	return err
}

// sklearnWarm returns the median seconds of one of scikit-learn's predictions.
func (b *bench) sklearnWarm(ctx context.Context, set string) (p50 float64, lacking string) {
	if err := b.sklearnModel(ctx, set); err != nil {
		return 0, err.Error()
	}
	u, err := b.python(ctx, "latency.py", "warm", set)
	if err != nil {
		return 0, err.Error()
	}
	var result struct {
		P50 float64 `json:"p50_ms"`
	}
	if err := u.result(&result); err != nil {
		return 0, err.Error()
	}
	return result.P50 / 1e3, ""
}

// sklearnCold returns the seconds from a started interpreter to scikit-learn's
// loaded model and to its first answer, and the memory it took.
func (b *bench) sklearnCold(ctx context.Context, set string) (loaded, answered float64, peak int64, lacking string) {
	if err := b.sklearnModel(ctx, set); err != nil {
		return 0, 0, 0, err.Error()
	}
	u, err := b.python(ctx, "latency.py", "cold", set)
	if err != nil {
		return 0, 0, 0, err.Error()
	}
	var result struct {
		Loaded float64 `json:"to_loaded_s"`
		First  float64 `json:"first_predict_ms"`
	}
	if err := u.result(&result); err != nil {
		return 0, 0, 0, err.Error()
	}
	return result.Loaded, result.Loaded + result.First/1e3, u.Peak, ""
}
