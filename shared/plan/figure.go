package main

import (
	"fmt"
	"math"
	"strings"

	"godwit/shared/report/chart"
)

// drawing is a figure as a file, and what it says for readers who see none.
type drawing struct {
	file
	says string
}

// look gives a chart that stands alone its colours, in light and in dark.
const look = `<style>.chart{font:12px system-ui,sans-serif;background:#fff}.grid{stroke:#e3e3e3}.axis{stroke:#888}text{fill:#333}` +
	`.curve,.whisker{fill:none;stroke-width:2}.s0{stroke:#1b6ac9}.s1{stroke:#c2571a}.dot.s0{fill:#1b6ac9}.dot.s1{fill:#c2571a}` +
	`@media(prefers-color-scheme:dark){.chart{background:#16181c}text{fill:#ddd}.grid{stroke:#333}.axis{stroke:#777}}</style>`

// figures draws time and dollars over rows, and dollars over rates.
func figures(u Units, a Assumptions) ([]drawing, error) {
	var seconds, money, month, large []chart.Point
	for _, rows := range rowCounts {
		t := train(u, a, rows)
		seconds = append(seconds, chart.Point{X: rows, Y: t.seconds / 60, Size: 3, Title: span(t.seconds)})
		money = append(money, chart.Point{X: rows, Y: t.dollars(), Size: 3, Title: dollars(t.dollars()) + " dollars"})
	}
	for _, rate := range rates {
		one, many := serve(u, a, rate, 1), serve(u, a, rate, largeBatch)
		month = append(month, chart.Point{X: rate, Y: one.month, Size: 3, Title: dollars(one.month) + " dollars a month"})
		large = append(large, chart.Point{X: rate, Y: many.month, Size: 3, Title: dollars(many.month) + " dollars a month"})
	}
	training := chart.Lines("training", "Training: minutes and dollars by rows",
		"Both axes grow by powers of ten. Where one function no longer holds the rows, training goes on by rows in many.",
		axis("rows", rowCounts), axis("minutes, dollars", values(seconds, money)),
		[]chart.Series{{Name: "minutes", Class: "s0", Points: seconds}, {Name: "dollars", Class: "s1", Points: money}}, false)
	predictions := chart.Lines("predictions", "Predictions: dollars a month by rate",
		"Both axes grow by powers of ten.", axis("predictions a second", rates), axis("dollars a month", values(month, large)),
		[]chart.Series{{Name: "one a request", Class: "s0", Points: month}, {Name: "100 a request", Class: "s1", Points: large}}, false)
	var all []drawing
	for _, f := range []struct {
		name   string
		figure *chart.Figure
	}{{"training.svg", training}, {"predictions.svg", predictions}} {
		svg, err := f.figure.SVG()
		if err != nil {
			return nil, err
		}
		// An element of a page becomes a file: it needs its namespace and its looks.
		text := strings.Replace(string(svg), "<svg ", `<svg xmlns="http://www.w3.org/2000/svg" `, 1)
		text = strings.Replace(text, "<title", look+"<title", 1)
		all = append(all, drawing{file{f.name, []byte(text + "\n")}, fmt.Sprintf("%s. %s", f.figure.Title, f.figure.Desc)})
	}
	return all, nil
}

// axis is a logarithmic one in whole powers of ten around values.
func axis(label string, values []float64) chart.Axis {
	from, to := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		from, to = math.Min(from, math.Floor(math.Log10(v))), math.Max(to, math.Ceil(math.Log10(v)))
	}
	x := chart.Axis{Label: label, From: math.Pow(10, from), To: math.Pow(10, to), Log: true}
	for e := from; e <= to; e++ {
		x.Ticks = append(x.Ticks, math.Pow(10, e))
	}
	return x
}

// values are the heights of all points.
func values(series ...[]chart.Point) (all []float64) {
	for _, points := range series {
		for _, p := range points {
			all = append(all, p.Y)
		}
	}
	return all
}
