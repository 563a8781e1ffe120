package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"godwit/shared/ml/tune"
	"godwit/shared/report/chart"
	"godwit/shared/training"
)

const (
	searchShown  = 60 // candidates in the table
	searchLines  = 6  // lines in the chart
	balanceShown = 12 // labels of either end
)

// searchTable is every candidate, the best first.
type searchTable struct {
	Note, Cut, Pruning string
	Rows               []searchRow
	Further            bool // whether a candidate has further settings
}

// searchRow is one candidate as the table shows it.
type searchRow struct {
	Candidate        tune.Candidate
	Further          string
	C, Value, Spread string
	Share, Terms     string
	Chosen           bool
}

// metric names the figure the search looked for.
func (v *view) metric() string {
	names := map[string]string{"accuracy": v.words.Accuracy, "macro_f1": v.words.MacroF1, "rmse": v.words.RMSE}
	return named(names, v.R.Metric)
}

// score writes a value of that figure.
func (v *view) score(x float64) string {
	if v.R.Metric == "rmse" {
		return figure(x)
	}
	return percent(x)
}

// difference writes by how much two values differ.
func (v *view) difference(x float64) string {
	if v.R.Metric == "rmse" {
		return figure(x)
	}
	return fmt.Sprintf(v.words.Points, strconv.FormatFloat(x*100, 'f', 1, 64))
}

// chosen returns the candidate that won, as it was scored on most rows.
func (v *view) chosen() (training.Searched, bool) {
	best, ok := training.Searched{}, false
	for _, s := range v.R.Search {
		if s.Candidate == v.R.Chosen && s.Share >= best.Share {
			best, ok = s, true
		}
	}
	return best, ok
}

// better compares two values of the figure, the better first.
func (v *view) better(a, b float64) int {
	if v.R.Metric == "rmse" {
		a, b = b, a
	}
	return cmp.Compare(b, a)
}

// search tells how the settings were found.
func (v *view) search() {
	w, r := v.words, v.R
	if len(r.Search) == 0 {
		return
	}
	folding := w.Stratified
	if r.Folding == "forward" {
		folding = w.Forward
	}
	v.Search.Note = fmt.Sprintf(w.SearchNote, len(r.Search), folding)
	if p := r.Pruning; p != nil && p.Below > 0 {
		v.Search.Pruning = fmt.Sprintf(w.PruningNote, count(p.Weights), count(p.Rows), count(p.Same))
	}
	best, _ := v.chosen()
	all := slices.Clone(r.Search)
	slices.SortStableFunc(all, func(a, b training.Searched) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), v.better(a.Value, b.Value))
	})
	if len(all) > searchShown {
		v.Search.Cut = fmt.Sprintf(w.SearchCut, searchShown, len(all))
	}
	for _, s := range all[:min(searchShown, len(all))] {
		v.Search.Further = v.Search.Further || further(s.Candidate) != ""
		v.Search.Rows = append(v.Search.Rows, searchRow{
			Candidate: s.Candidate, Further: further(s.Candidate), C: v.words.path(s.Candidate), Value: v.score(s.Value), Spread: v.score(s.Deviation), Share: percent(s.Share),
			Terms: count(s.Terms), Chosen: s.Candidate == best.Candidate && s.Share == best.Share,
		})
	}
	v.Figures.add("search", v.paths(all, best))
	v.Figures.add("search", v.learning(all))
}

// path writes how far along its path a candidate is: its C, or its epochs.
func (w *words) path(c tune.Candidate) string {
	if isNetwork(c) {
		return fmt.Sprintf(w.EpochCount, chart.Short(c.C))
	}
	return chart.Short(c.C)
}

// paths draws the figure over C, a line for each kind of candidate, the kinds
// with the best candidates. all has the best first.
func (v *view) paths(all []training.Searched, best training.Searched) *chart.Figure {
	w := v.words
	var lines []chart.Series
	at := map[tune.Candidate]int{}
	var values, costs []float64
	for _, s := range all {
		kind := s.Candidate
		if kind.C = 0; s.C <= 0 || s.Share != best.Share || isNetwork(kind) { // networks have charts of their own
			continue
		}
		i, known := at[kind]
		if !known && len(lines) == searchLines {
			continue
		}
		if !known {
			i = len(lines)
			at[kind] = i
			lines = append(lines, chart.Series{Name: joined([]string{kind.Recipe, kind.Learner, further(kind)}), Class: fmt.Sprintf("s%d", i)})
		}
		p := chart.Point{X: s.C, Y: s.Value, Size: 3, Title: "C " + chart.Short(s.C) + ": " + v.score(s.Value)}
		if s.Candidate == best.Candidate { // one bar: those of all lines would hide each other
			p.Size, p.Low, p.High = 6, s.Value-s.Deviation, s.Value+s.Deviation
			values = append(values, p.Low, p.High)
		}
		lines[i].Points = append(lines[i].Points, p)
		values, costs = append(values, s.Value), append(costs, s.C)
	}
	if len(costs) == 0 {
		return nil
	}
	for i := range lines {
		slices.SortFunc(lines[i].Points, func(a, b chart.Point) int { return cmp.Compare(a.X, b.X) })
	}
	slices.Sort(costs)
	costs = slices.Compact(costs)
	x := chart.Axis{Label: w.SearchC, Log: true, From: costs[0] / 1.6, To: costs[len(costs)-1] * 1.6, Ticks: costs}
	y := v.axis(values)
	return chart.Lines("search", fmt.Sprintf(w.SearchTitle, v.metric()), w.SearchDesc, x, y, lines, false)
}

// axis is one of the figure that holds the values.
func (v *view) axis(values []float64) chart.Axis {
	a := chart.Axis{Label: v.metric(), Percent: v.R.Metric != "rmse"}
	most := math.Inf(1)
	if a.Percent {
		most = 1
	}
	a.From, a.To = chart.Around(values, 0, most)
	return a
}

// learning draws what more rows brought, where candidates were compared on
// parts of them.
func (v *view) learning(all []training.Searched) *chart.Figure {
	best := map[float64]training.Searched{}
	for _, s := range all {
		if b, known := best[s.Share]; !known || v.better(s.Value, b.Value) < 0 {
			best[s.Share] = s
		}
	}
	if len(best) < 2 {
		return nil
	}
	w, s := v.words, chart.Series{Name: v.words.Best}
	var values []float64
	for _, share := range slices.Sorted(maps.Keys(best)) {
		b := best[share]
		s.Points = append(s.Points, chart.Point{X: share, Y: b.Value, Low: b.Value - b.Deviation, High: b.Value + b.Deviation, Size: 4, Title: w.candidate(b.Candidate) + ": " + v.score(b.Value)})
		values = append(values, b.Value-b.Deviation, b.Value+b.Deviation)
	}
	return chart.Lines("learning", fmt.Sprintf(w.LearningTitle, v.metric()), w.LearningDesc, unit(w.LearningX), v.axis(values), []chart.Series{s}, false)
}
