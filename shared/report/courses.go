package report

import (
	"fmt"
	"math"
	"slices"

	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tune"
	"godwit/shared/report/chart"
	"godwit/shared/training"
)

const (
	courseLooks  = 8   // trainings drawn in looks of their own; further ones are faint
	coursePoints = 120 // epochs of a training that a chart shows
	courseRows   = 25  // and the table
)

// coursesTable is every training of a network, epoch by epoch.
type coursesTable struct {
	Note, Cut string
	Head      []string
	Rows      []courseRow
}

// courseRow is how one training stood after one epoch.
type courseRow struct {
	Training string
	Figures  []string // epoch, loss, and of held rows loss and accuracy
	Last     bool     // of its training
}

// isNetwork reports whether a candidate's C counts epochs.
func isNetwork(c tune.Candidate) bool { return c.Learner == pipeline.CNN || c.Learner == pipeline.RNN }

// courses tells how networks came to what they are, in charts and in a table.
// Both charts of losses have one axis, so that a gap between the rows learned
// from and the held ones is seen.
func (v *view) courses() {
	w, all := v.words, v.R.Courses
	all = slices.DeleteFunc(slices.Clone(all), func(c training.Course) bool { return len(c.Epochs) == 0 })
	if len(all) == 0 {
		return
	}
	v.Courses.Note = fmt.Sprintf(w.CoursesNote, len(all))
	v.Courses.Head = []string{w.Training, w.Epoch, w.TrainLoss, w.HeldLoss, w.HeldAccuracy}
	for _, c := range all {
		shown := thinned(c.Epochs, courseRows)
		if len(shown) < len(c.Epochs) {
			v.Courses.Cut = fmt.Sprintf(w.CoursesCut, courseRows)
		}
		for i, e := range shown {
			v.Courses.Rows = append(v.Courses.Rows, courseRow{w.training(c), []string{count(e.Epoch), figure(e.Loss), figure(e.Validation), percent(e.Accuracy)}, i == len(shown)-1})
		}
	}
	losses := []float64{0}
	last := 1
	for _, c := range all {
		for _, e := range c.Epochs {
			losses, last = append(losses, e.Loss, e.Validation), max(last, e.Epoch)
		}
	}
	x := chart.Axis{Label: w.Epoch, From: math.Min(1, float64(last-1)), To: float64(last)}
	if last < 8 { // every epoch has its tick, and no half of one
		for i := range last {
			x.Ticks = append(x.Ticks, float64(i+1))
		}
	}
	y := chart.Axis{Label: w.LossAxis}
	y.From, y.To = chart.Around(losses, 0, math.Inf(1))
	share := unit(w.HeldAccuracy)
	v.Figures.add("courses", w.course("train-loss", w.TrainLossTitle, w.TrainLossDesc, x, y, all, func(e training.Epoch) float64 { return e.Loss }, figure))
	v.Figures.add("courses", w.course("held-loss", w.HeldLossTitle, w.HeldLossDesc, x, y, all, func(e training.Epoch) float64 { return e.Validation }, figure))
	v.Figures.add("courses", w.course("held-accuracy", w.HeldAccuracyTitle, w.HeldAccuracyDesc, x, share, all, func(e training.Epoch) float64 { return e.Accuracy }, percent))
}

// course draws one measure of the epochs, a line for each training.
func (w *words) course(id, title, desc string, x, y chart.Axis, all []training.Course, measure func(training.Epoch) float64, text func(float64) string) *chart.Figure {
	lines := make([]chart.Series, 0, len(all))
	for i, c := range all {
		s := chart.Series{Name: w.training(c), Class: chart.Faint}
		if i < courseLooks {
			s.Class = fmt.Sprintf("s%d", i)
		}
		for _, e := range thinned(c.Epochs, coursePoints) {
			p := chart.Point{X: float64(e.Epoch), Y: measure(e), Title: fmt.Sprintf(w.CoursePoint, s.Name, e.Epoch, text(measure(e)))}
			if len(c.Epochs) <= courseRows { // dots of many epochs would hide the line
				p.Size = 3
			}
			s.Points = append(s.Points, p)
		}
		lines = append(lines, s)
	}
	return chart.Lines(id, title, desc, x, y, lines, false)
}

// training names a training: its features and its fold.
func (w *words) training(c training.Course) string {
	return fmt.Sprintf(w.CourseName, chart.Plain(c.Features, 40), c.Fold)
}

// thinned returns at most n of the epochs, evenly spread, with the last one.
func thinned(all []training.Epoch, n int) []training.Epoch {
	if len(all) <= n {
		return all
	}
	out := make([]training.Epoch, n)
	for i := range out {
		out[i] = all[(i+1)*len(all)/n-1]
	}
	return out
}
