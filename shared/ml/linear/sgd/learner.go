package sgd

import (
	"context"
	"fmt"
	"math"

	"godwit/shared/ml/linear"
)

// learner holds the state of training. Its weights are scale times v.
type learner struct {
	set     Settings
	outputs int       // margins of a row
	scale   float64   // the common factor, which the penalty shrinks at every step; 1 under Adam
	v       []float64 // columns x outputs
	bias    []float64 // of each output; not penalised, and so without the factor
	steps   int       // taken so far

	// The batch: gradients of v's columns it touches, and of the intercepts.
	slope     []float64
	slopeBias []float64
	touched   []int32   // the columns that the batch has, each once
	span      []int     // of each touched: the steps since it was last, this one included
	touchedAt []int     // the step (from 1) at which a column was last touched
	total     float64   // weight of the batch's rows
	margin    []float64 // of the row at hand
	pull      []float64 // derivative of its loss by margin

	// Adam's means of gradients and of their squares; the last are intercepts.
	first, second      []float64
	correct1, correct2 float64 // what undoes that they started at 0

	// The average is (sum*v - lag)/averaged: sum adds up the common factors,
	// and lag what each step of v missed of it.
	averaged int
	sum      float64
	lag      []float64
	biasSum  []float64
}

func newLearner(s Settings) *learner {
	k := s.outputs()
	l := &learner{
		set: s, outputs: k, scale: 1,
		v: make([]float64, s.Columns*k), bias: make([]float64, k),
		slope: make([]float64, s.Columns*k), slopeBias: make([]float64, k),
		touchedAt: make([]int, s.Columns+1),
		margin:    make([]float64, k), pull: make([]float64, k),
	}
	if s.Method == Adam {
		l.first, l.second = make([]float64, (s.Columns+1)*k), make([]float64, (s.Columns+1)*k)
	}
	if s.Average {
		l.lag, l.biasSum = make([]float64, s.Columns*k), make([]float64, k)
	}
	return l
}

// epoch passes over the rows once.
func (l *learner) epoch(ctx context.Context, rows Source, e int) (Epoch, error) {
	var report Epoch
	total := 0.0
	n, batch := 0, 0
	for row, err := range rows(e) {
		if err == nil {
			err = l.check(row)
		}
		if err != nil {
			return report, fmt.Errorf("epoch %d, row %d: %w", e, n, err)
		}
		n++
		if row.Weight == 0 {
			continue
		}
		report.Loss += float64(row.Weight) * l.learn(row)
		total += float64(row.Weight)
		report.Rows++
		if batch++; batch == l.set.Batch {
			if ctx.Err() != nil {
				return report, fmt.Errorf("linear: epoch %d: %w", e, context.Cause(ctx))
			}
			l.step(e)
			batch = 0
		}
	}
	if batch > 0 {
		l.step(e)
	}
	if ctx.Err() != nil {
		return report, fmt.Errorf("linear: epoch %d: %w", e, context.Cause(ctx))
	}
	if total == 0 {
		return report, linear.Invalid("epoch %d: no row has a weight above 0", e)
	}
	report.Loss /= total
	// A rate that is too high diverges fast: an epoch is soon enough to notice.
	if math.IsNaN(report.Loss) || math.IsInf(report.Loss, 0) {
		return report, linear.Invalid("epoch %d: the loss is %v: lower the rate or scale the columns", e, report.Loss)
	}
	return report, nil
}

// learn adds a row's gradient to the batch and returns its loss.
func (l *learner) learn(row Row) float64 {
	k := l.outputs
	clear(l.margin)
	for n, j := range row.Index {
		v := l.v[int(j)*k : (int(j)+1)*k]
		for t := range v {
			l.margin[t] += float64(row.Value[n]) * v[t]
		}
	}
	for t, b := range l.bias {
		l.margin[t] = l.scale*l.margin[t] + b
	}
	// The loss before the step: each row is judged by a model that has not seen it
	// in this epoch.
	loss := l.loss(row.Target)
	weight := float64(row.Weight)
	l.total += weight
	for t := range l.pull {
		l.pull[t] *= weight
		l.slopeBias[t] += l.pull[t]
	}
	for n, j := range row.Index {
		if l.touchedAt[j] <= l.steps { // not in this batch yet, which is step l.steps+1
			l.touch(j)
		}
		slope := l.slope[int(j)*k : (int(j)+1)*k]
		for t, p := range l.pull {
			slope[t] += p * float64(row.Value[n])
		}
	}
	return loss
}

// touch enters a column into the batch. Its means have decayed unseen since
// it was last in one.
func (l *learner) touch(j int32) {
	unseen := l.steps - l.touchedAt[j]
	l.touched, l.span = append(l.touched, j), append(l.span, unseen+1)
	if l.first != nil && unseen > 0 {
		l.fade(int(j), unseen)
	}
	l.touchedAt[j] = l.steps + 1
}

// fade decays the means of a column by a number of steps.
func (l *learner) fade(j, steps int) {
	f1, f2 := math.Pow(decay1, float64(steps)), math.Pow(decay2, float64(steps))
	for t := j * l.outputs; t < (j+1)*l.outputs; t++ {
		l.first[t] *= f1
		l.second[t] *= f2
	}
}
