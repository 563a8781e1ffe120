package chart

import (
	"math"

	"godwit/shared/ml/metric"
)

// Hexagons draws how many pairs fell into each hexagon, over two axes alike,
// with the line where both are equal. The colour deepens with the square root
// of the count. tell words a count, shown when a hexagon is pointed at.
func Hexagons(id, title, desc string, x, y Axis, of metric.Hexbin, tell func(rows int) string) *Figure {
	x.From, x.To, y.From, y.To = of.Low, of.High, of.Low, of.High
	p := newPlane(id, title, desc, x, y, planeWidth-left-right+top+bottom)
	side := p.x.b - p.x.a
	most := 1
	for _, c := range of.Cells {
		most = max(most, c.Rows)
	}
	radius := side / float64(of.Across) / math.Sqrt(3)
	for _, c := range of.Cells {
		cx, cy := of.Centre(c)
		m := through("hexagon", corners(p.x.a+float64(cx*side), p.y.a-float64(cy*side), radius), true)
		m.Opacity = .12 + .88*math.Sqrt(float64(c.Rows)/float64(most))
		p.add(m.titled(tell(c.Rows)))
	}
	p.add(through("ideal", []point{p.place(of.Low, of.Low), p.place(of.High, of.High)}, false))
	return &p.Figure
}

// corners returns those of a hexagon that stands on a corner.
func corners(x, y, r float64) []point {
	half, wide := r/2, r*math.Sqrt(3)/2
	return []point{{x, y - r}, {x + wide, y - half}, {x + wide, y + half}, {x, y + r}, {x - wide, y + half}, {x - wide, y - half}}
}
