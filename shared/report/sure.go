package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"godwit/shared/ml/metric"
	"godwit/shared/report/chart"
	"godwit/shared/training"
)

// mistakes is one list of held-out rows.
type mistakes struct {
	Title   string
	Rows    []training.Mistake
	Excerpt bool // whether their beginnings are shown
}

// mistakes lists the rows worth a look.
func (v *view) mistakes(m *training.Mistakes) {
	if m == nil {
		return
	}
	for _, list := range []mistakes{{Title: v.words.Confident, Rows: m.Confident}, {Title: v.words.Hard, Rows: m.Hard}} {
		list.Excerpt = slices.ContainsFunc(list.Rows, func(r training.Mistake) bool { return r.Excerpt != "" })
		if len(list.Rows) > 0 {
			v.Wrong = append(v.Wrong, list)
		}
	}
}

// unit is an axis of shares.
func unit(label string) chart.Axis { return chart.Axis{Label: label, To: 1, Percent: true} }

// sure draws how far the scores can be trusted.
func (v *view) sure(t *training.Evaluation) {
	w := v.words
	v.Figures.add("sure", w.reliability(t))
	v.Figures.add("sure", w.abstention(t.Abstention))
	v.Figures.add("sure", w.curves(t.Curves))
	if len(t.Sets) > 0 {
		v.Sets = &grid{Title: w.SetsHead, Note: w.SetsNote, Head: []string{w.Asked, w.Covered, w.SetSize}}
		for _, s := range t.Sets {
			v.Sets.Rows = append(v.Sets.Rows, []string{percent(s.Asked), percent(s.Covered), decimal(s.Size)})
		}
	}
	if len(t.Intervals) > 0 {
		v.Sets = &grid{Title: w.IntervalsHead, Note: w.IntervalsNote, Head: []string{w.Asked, w.Covered, w.Width}}
		for _, s := range t.Intervals {
			v.Sets.Rows = append(v.Sets.Rows, []string{percent(s.Asked), percent(s.Covered), figure(s.Width)})
		}
	}
}

// reliability draws how often it was right when so sure. The dots grow with the
// square root of their rows.
func (w *words) reliability(t *training.Evaluation) *chart.Figure {
	s := chart.Series{Bare: true}
	most := 1
	for _, b := range t.Reliability {
		most = max(most, b.Rows)
	}
	for _, b := range t.Reliability {
		if b.Rows > 0 {
			s.Points = append(s.Points, chart.Point{
				X: b.Confidence, Y: b.Accuracy, Low: b.Interval.Low, High: b.Interval.High, Size: 2.5 + 5*math.Sqrt(share(b.Rows, most)),
				Title: fmt.Sprintf(w.BinTitle, count(b.Rows), percent(b.Confidence), percent(b.Accuracy)),
			})
		}
	}
	if s.Points == nil {
		return nil
	}
	ece := percent(0)
	if t.Report != nil {
		ece = percent(t.ECE)
	}
	return chart.Lines("reliability", w.ReliabilityTitle, fmt.Sprintf(w.ReliabilityDesc, ece), unit(w.Confidence), unit(w.ShareRight), []chart.Series{s}, true)
}

// abstention draws what answering only when sure would buy.
func (w *words) abstention(steps []training.Abstention) *chart.Figure {
	s := chart.Series{}
	least, fewest := 1., 1.
	for _, a := range steps {
		if a.Answered > 0 {
			least, fewest = min(least, a.Accuracy), min(fewest, a.Answered)
			s.Points = append(s.Points, chart.Point{X: a.Answered, Y: a.Accuracy, Size: 3.5,
				Title: fmt.Sprintf(w.AbstainPoint, decimal(a.MinScore), percent(a.Answered), percent(a.Accuracy))})
		}
	}
	if s.Points == nil {
		return nil
	}
	x, y := unit(w.Answered), unit(w.ShareRight)
	x.From, y.From = below(fewest), below(least)
	return chart.Lines("abstention", w.AbstainTitle, w.AbstainDesc, x, y, []chart.Series{s}, false)
}

// below is where an axis of shares begins that is to show v.
func below(v float64) float64 { return max(0, math.Floor(v*20-1)/20) }

// curves draws precision over recall: the weakest labels by name, the others
// faint behind them.
func (w *words) curves(all []training.Curve) *chart.Figure {
	if len(all) == 0 {
		return nil
	}
	const namedCurves = 4
	order := make([]int, len(all))
	area := make([]float64, len(all))
	for i, c := range all {
		order[i], area[i] = i, under(c.Points)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(area[a], area[b]) })
	named := min(namedCurves, len(order))
	var faint, bold []chart.Series
	for rank, i := range order {
		s := chart.Series{Name: all[i].Label, Class: fmt.Sprintf("s%d", rank)}
		for _, p := range all[i].Points {
			s.Points = append(s.Points, chart.Point{X: p.Recall, Y: p.Precision})
		}
		if rank < named {
			bold = append(bold, s)
		} else {
			s.Class = chart.Faint
			faint = append(faint, s)
		}
	}
	return chart.Lines("curves", w.CurvesTitle, fmt.Sprintf(w.CurvesDesc, len(all)), unit(w.Recall), unit(w.Precision), append(faint, bold...), false)
}

// under returns the area below a curve of rising recall.
func under(points []metric.PRPoint) float64 {
	area, last := 0., 0.
	for _, p := range points {
		area += float64((p.Recall - last) * p.Precision)
		last = p.Recall
	}
	return area
}

// numbers draws how a regression misses.
func (v *view) numbers(t *training.Evaluation) {
	w := v.words
	if h := t.Hexagons; h != nil && h.Across > 0 && len(h.Cells) > 0 {
		rows := 0
		for _, c := range h.Cells {
			rows += c.Rows
		}
		v.Figures.add("numbers", chart.Hexagons("hexagons", w.HexTitle, fmt.Sprintf(w.HexDesc, count(rows)),
			chart.Axis{Label: w.TrueNumber}, chart.Axis{Label: w.Predicted}, *h, func(n int) string { return fmt.Sprintf(w.HexCell, n) }))
	}
	if len(t.Residuals) == 0 {
		return
	}
	var bands []chart.Band
	ends := []float64{0}
	for _, s := range t.Residuals {
		bands = append(bands, chart.Band{From: s.From, To: s.To, Low: s.Low, Middle: s.Median, High: s.High,
			Title: fmt.Sprintf(w.BandTitle, count(s.Rows), figure(s.Median))})
		ends = append(ends, s.Low, s.High)
	}
	x := chart.Axis{Label: w.Predicted, From: bands[0].From, To: bands[len(bands)-1].To}
	y := chart.Axis{Label: w.Residual}
	y.From, y.To = chart.Around(ends, math.Inf(-1), math.Inf(1))
	v.Figures.add("numbers", chart.Bands("residuals", w.ResidualTitle, w.ResidualDesc, x, y, bands))
}
