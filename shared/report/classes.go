package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"godwit/shared/ml/metric"
	"godwit/shared/ml/pipeline"
	"godwit/shared/report/chart"
)

const (
	classesShown = 400 // in the table of labels
	weakestShown = 24  // in the chart beside it
	drivesDrawn  = 12  // labels up to which what drives them is drawn
	drivesShown  = 400 // labels at most whose features are told
)

// classTables is the table of labels in several orders, of which a page shows
// one at a time.
type classTables struct {
	Note   string
	Orders []classOrder
}

// classOrder is the table of labels in one order.
type classOrder struct {
	ID, Name string
	Rows     []metric.Class
}

// classTables sorts the labels.
func (w *words) classTables(all []metric.Class) classTables {
	byF1 := slices.Clone(all)
	slices.SortStableFunc(byF1, func(a, b metric.Class) int { return cmp.Compare(a.F1, b.F1) })
	var t classTables
	if len(byF1) > classesShown {
		t.Note = fmt.Sprintf(w.ClassesCut, classesShown, len(byF1))
		byF1 = byF1[:classesShown]
	}
	bySupport, byName := slices.Clone(byF1), slices.Clone(byF1)
	slices.SortStableFunc(bySupport, func(a, b metric.Class) int { return cmp.Compare(b.Support, a.Support) })
	slices.SortStableFunc(byName, func(a, b metric.Class) int { return strings.Compare(a.Label, b.Label) })
	t.Orders = []classOrder{{"f1", w.ByF1, byF1}, {"support", w.BySupport, bySupport}, {"name", w.ByName, byName}}
	return t
}

// Percent writes a share, for the template.
func (classOrder) Percent(share float64) string { return percent(share) }

// Interval writes an interval of shares, for the template.
func (classOrder) Interval(i metric.Interval) string {
	return between(percent(i.Low), percent(i.High))
}

// weakest draws the recall of the labels with the lowest F1.
func (w *words) weakest(all []metric.Class) *chart.Figure {
	rows := slices.Clone(all)
	slices.SortStableFunc(rows, func(a, b metric.Class) int { return cmp.Compare(a.F1, b.F1) })
	rows = rows[:min(weakestShown, len(rows))]
	var out []chart.Estimate
	for _, c := range rows {
		out = append(out, chart.Estimate{Label: c.Label, Value: c.Recall, Low: c.RecallInterval.Low, High: c.RecallInterval.High, Shown: percent(c.Recall)})
	}
	return chart.Intervals("weakest", w.ClassesTitle, fmt.Sprintf(w.ClassesRecall, len(rows)), unit(w.Recall), out)
}

// drives is what each label goes by.
type drives struct {
	Note  string
	Lists []pipeline.ClassFeatures // of many labels, as texts
}

// Weight writes a weight, for the template.
func (drives) Weight(v float64) string { return weight(v) }

// weight writes a weight with its sign; those of a regression are in the unit of
// its number and may be large.
func weight(v float64) string {
	if math.Abs(v) < 100 {
		return fmt.Sprintf("%+.2f", v)
	}
	return map[bool]string{true: "+"}[v > 0] + chart.Short(v)
}

// drives tells what speaks for and against each label: drawn for few labels,
// listed for many.
func (v *view) drives(all []pipeline.ClassFeatures) {
	w := v.words
	all = slices.DeleteFunc(slices.Clone(all), func(c pipeline.ClassFeatures) bool { return len(c.For)+len(c.Against) == 0 })
	if len(all) == 0 {
		return
	}
	v.Drives.Note = w.DrivesNote
	if all[0].Label == "" {
		v.Drives.Note = w.DrivesNumbers
	}
	for i := range all {
		all[i].For, all[i].Against = visible(all[i].For), visible(all[i].Against)
	}
	if len(all) > drivesDrawn {
		v.Drives.Lists = all[:min(drivesShown, len(all))]
		return
	}
	for i, c := range all {
		title := fmt.Sprintf(w.DrivesTitle, chart.Plain(c.Label, 60))
		if c.Label == "" {
			title = w.DrivesTitleNumbers
		}
		var bars []chart.Bar
		for _, f := range slices.Concat(c.For, c.Against) {
			bars = append(bars, chart.Bar{Label: f.Feature, Value: f.Weight, Shown: weight(f.Weight)})
		}
		v.Figures.add("drives", chart.Diverging(fmt.Sprintf("drives-%d", i), title, w.DrivesDesc, bars))
	}
}

// visible returns the features with the spaces at their ends shown: of pieces of
// words these tell where a word begins and ends.
func visible(features []pipeline.FeatureWeight) []pipeline.FeatureWeight {
	out := slices.Clone(features)
	for i, f := range out {
		inner := strings.Trim(f.Feature, " ")
		before, after, _ := strings.Cut(f.Feature, inner)
		out[i].Feature = strings.ReplaceAll(before, " ", "␣") + inner + strings.ReplaceAll(after, " ", "␣")
	}
	return out
}
