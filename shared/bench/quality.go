package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"godwit/shared/ml/metric"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
)

// mostECE is the goal for the calibration of texts' scores.
const mostECE = .05

// outcome is how `algorithm: auto` did in a contest.
type outcome struct {
	contest
	product
	rows    int
	ours    float64 // in the contest's metric
	error   float64 // standard error of the metric on these rows
	macroF1 float64 // of a classification
	ece     float64 // of a classification
	r2      float64 // of a regression
	lacking string  // why there is nothing to tell
}

// quality trains every set with `algorithm: auto` and prints how its served
// model does on the published test rows, beside the best of the others.
func quality(ctx context.Context, args []string, out, notes io.Writer) error {
	var set string
	var seed int
	b, err := newBench("quality", args, notes, func(f *flag.FlagSet) {
		f.StringVar(&set, "set", "", "one line by its name, such as trec, or trec gru; empty: all")
		f.IntVar(&seed, "seed", 1, "of the networks; 1 is the peers'")
	})
	if err != nil {
		return err
	}
	chosen := slices.Concat(contests, networkContests)
	if set != "" {
		// A set's own name is that of auto.
		chosen = slices.DeleteFunc(chosen, func(c contest) bool { return c.title() != set })
	}
	if len(chosen) == 0 {
		return fmt.Errorf("there is no set %q", set)
	}
	var outcomes []outcome
	for _, c := range chosen {
		o, err := b.compete(ctx, c, seed)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			o = outcome{contest: c, lacking: err.Error()}
		}
		outcomes = append(outcomes, o)
	}
	fmt.Fprintln(out, b.surroundings())
	return writeOutcomes(out, outcomes)
}

// compete trains on one set and scores its test file.
func (b *bench) compete(ctx context.Context, c contest, seed int) (outcome, error) {
	o := outcome{contest: c}
	train, data, err := b.trainingFile(c)
	if err != nil {
		return o, err
	}
	b.say("%s: training with %s", c.title(), c.asked(seed))
	name := registry.Name(strings.ReplaceAll(c.set, "_", "-"))
	if o.product, err = newTrainer().trainAs(ctx, name, train, data, c.asked(seed)); err != nil {
		return o, err
	}
	if b.fresh && c.settings != "" {
		b.freshNetwork(ctx, &o.contest)
	}
	if c.images {
		return o, b.scoreImages(&o)
	}
	test, err := b.file(c.set, "test")
	if err != nil {
		return o, err
	}
	if err := o.score(test); err != nil {
		return o, err
	}
	if b.fresh && c.settings == "" {
		err = b.freshen(ctx, &o.contest)
	}
	return o, err
}

// score predicts every row of a test file with the served model.
func (o *outcome) score(path string) error {
	if (o.model.Labels() == nil) != (o.metric == rmseError) {
		return fmt.Errorf("auto took %s for %s, which has no %s", o.set, o.model.Task(), o.metric)
	}
	header, records, err := readRecords(path)
	if err != nil {
		return err
	}
	target := len(header) - 1 // of a table
	if o.text {
		target = slices.Index(header, "label")
	}
	if target < 0 {
		return fmt.Errorf("read %s: %w", path, errors.New("the header names no column label"))
	}
	o.rows = len(records)
	var truth []string
	var answers []answer
	var values []float64
	var scratch pipeline.Scratch
	for _, record := range records {
		truth = append(truth, record[target])
		in := inputOf(header, record, target)
		if o.metric == rmseError {
			values = append(values, o.model.Value(&scratch, in))
			continue
		}
		scores := o.model.Scores(&scratch, in)
		best := top(scores)
		answers = append(answers, answer{Label: o.model.Labels()[best], Score: float64(scores[best])})
	}
	if o.metric == rmseError {
		return o.scoreValues(truth, values)
	}
	o.scoreLabels(truth, answers)
	return nil
}

// inputOf returns a row as a caller would send it, without the column to predict.
func inputOf(header, record []string, target int) pipeline.Input {
	in := pipeline.Input{Cells: map[string]string{}}
	for i, name := range header {
		if i != target {
			in.Cells[name] = record[i]
		}
	}
	in.Text = in.Cells["text"]
	return in
}

// scoreLabels scores a classification.
func (o *outcome) scoreLabels(truth []string, answers []answer) {
	rows, labels := make([]example, len(truth)), make([]string, len(truth))
	for i := range truth {
		rows[i], labels[i] = example{Label: truth[i]}, answers[i].Label
	}
	want, got, n := classes(rows, labels)
	o.ours, o.macroF1 = metric.Accuracy(want, got), metric.MacroF1(want, got, n)
	o.ece = calibrationError(rows, answers)
	p := o.best().score
	o.error = math.Sqrt(p * (1 - p) / float64(len(truth)))
}

// scoreValues scores a regression.
func (o *outcome) scoreValues(truth []string, predicted []float64) error {
	want := make([]float64, len(truth))
	squares, fourths := 0.0, 0.0
	for i, cell := range truth {
		var err error
		if want[i], err = strconv.ParseFloat(cell, 64); err != nil {
			return fmt.Errorf("row %d of the test file: %w", i+1, err)
		}
		e := (want[i] - predicted[i]) * (want[i] - predicted[i])
		squares, fourths = squares+e, fourths+e*e
	}
	n := float64(len(truth))
	o.ours, o.r2 = metric.RMSE(want, predicted), metric.R2(want, predicted)
	// The error of a mean of squares, and of its root by the delta method.
	o.error = math.Sqrt((fourths/n-squares*squares/n/n)/n) / (2 * o.ours)
	return nil
}

// tolerance is how far below the best rival still counts as level: half a
// standard error, or two rows of a classification where that is more.
func (o *outcome) tolerance() float64 {
	if o.metric == rmseError {
		return o.error / 2
	}
	return max(2/float64(o.rows), o.error/2)
}

// verdict says what is not met.
func (o *outcome) verdict() string {
	var short []string
	if o.ahead(o.ours, o.best().score) < -o.tolerance() {
		short = append(short, "falls short")
	}
	if o.f1 > 0 && o.macroF1 < o.f1-o.tolerance() {
		short = append(short, "macro-F1 under its aim")
	}
	if o.text && o.ece > mostECE {
		short = append(short, "ECE over "+number(mostECE))
	}
	if short == nil {
		return "meets"
	}
	return strings.Join(short, ", ")
}

// cells returns the columns of the table.
func (o *outcome) cells() []string {
	best := o.best()
	if o.lacking != "" {
		return []string{o.title(), o.metric, "-", "-", best.told(), "-", "-", "not measured: " + o.lacking, "-", "-", "-", "-"}
	}
	second, ece := fmt.Sprintf("R2 %.4f", o.r2), "-"
	if o.metric != rmseError {
		second, ece = fmt.Sprintf("%.4f", o.macroF1), fmt.Sprintf("%.4f", o.ece)
	}
	if o.f1 > 0 {
		second += fmt.Sprintf(" (aim %.3f)", o.f1)
	}
	return []string{
		o.title(), o.metric, figure(o.ours), second, best.told(), signed(o.ahead(o.ours, best.score)), figure(o.tolerance()), o.verdict(), ece,
		fmt.Sprintf("%s (of %d)", chosenOf(o.chosen), o.tried), seconds(o.wall), seconds(o.cpu),
	}
}

// figure writes a score: shares with four decimals, large errors without.
func figure(v float64) string {
	if math.Abs(v) >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.4f", v)
}

// signed writes a difference with its sign.
func signed(v float64) string {
	if v < 0 {
		return figure(v)
	}
	return "+" + figure(v)
}

// writeOutcomes prints the table and, when there are several text sets, their
// mean beside that of the best rivals.
func writeOutcomes(out io.Writer, outcomes []outcome) error {
	rows := [][]string{{"set", "metric", "ours", "macro-F1 or R2", "best peer", "difference, above 0 better", "tolerance", "verdict", "ECE", "chosen", "wall", "CPU"}}
	var sets int
	var ours, best float64
	for _, o := range outcomes {
		rows = append(rows, o.cells())
		if o.text && o.entry == "" && o.lacking == "" {
			sets, ours, best = sets+1, ours+o.ours, best+o.best().score
		}
	}
	if sets > 1 {
		ours, best = ours/float64(sets), best/float64(sets)
		verdict := "meets"
		if ours <= best {
			verdict = "falls short"
		}
		rows = append(rows, []string{fmt.Sprintf("mean of %d text sets", sets), accuracyScore, figure(ours), "-", figure(best) + " best columns", signed(ours - best), "-", verdict, "-", "-", "-", "-"})
	}
	return align(out, rows)
}
