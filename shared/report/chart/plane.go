package chart

import "slices"

// Sizes of a plane, the charts with two axes.
const (
	planeWidth  = 460.
	planeHeight = 320.
	left        = 66. // of the marks of the vertical axis and its name
	bottom      = 48.
	top         = 14.
	right       = 24.
)

// plane is a figure with two axes.
type plane struct {
	Figure
	x, y scale
}

// newPlane draws the axes: a faint grid, the marks and what they measure.
func newPlane(id, title, desc string, x, y Axis, height float64) *plane {
	p := &plane{
		Figure: Figure{ID: id, Title: title, Desc: desc, Class: "plane", Width: planeWidth, Height: height},
		x:      scale{x, left, planeWidth - right}, y: scale{y, height - bottom, top},
	}
	for _, v := range p.y.ticks(7) {
		at := p.y.at(v)
		p.add(line("grid", left, at, planeWidth-right, at), words("tick", left-7, at+4, "end", p.y.text(v)))
	}
	for _, v := range p.x.ticks(7) {
		at := p.x.at(v)
		p.add(line("grid", at, top, at, height-bottom), words("tick", at, height-bottom+17, "middle", p.x.text(v)))
	}
	p.add(line("axis", left, height-bottom, planeWidth-right, height-bottom), line("axis", left, top, left, height-bottom))
	middle := words("name", 12, (top+height-bottom)/2, "middle", y.Label)
	middle.Turn = -90
	p.add(words("name", (left+planeWidth-right)/2, height-9, "middle", x.Label), middle)
	return p
}

// place returns where a pair of values stands.
func (p *plane) place(x, y float64) point { return point{p.x.at(x), p.y.at(y)} }

// Point is one measured pair of values.
type Point struct {
	X, Y      float64
	Low, High float64 // of Y; both 0: no interval is drawn
	Size      float64 // radius of its dot, 0: none
	Title     string  // shown when it is pointed at
}

// Series is a line through points.
type Series struct {
	Name   string
	Class  string // s0 to s7: which of the eight looks; "" is s0; Faint: in the background
	Points []Point
	Bare   bool // points alone, no line through them
}

// Faint is the class of series that are not named in the legend.
const Faint = "faint"

// Lines draws series over two axes. diagonal draws where both are alike, for
// charts whose axes measure the same.
func Lines(id, title, desc string, x, y Axis, series []Series, diagonal bool) *Figure {
	height := planeHeight
	if diagonal {
		height = planeWidth - left - right + top + bottom // as high as wide
	}
	p := newPlane(id, title, desc, x, y, height)
	if diagonal {
		low, high := max(x.From, y.From), min(x.To, y.To)
		p.add(through("ideal", []point{p.place(low, low), p.place(high, high)}, false))
	}
	for _, s := range series {
		p.series(s)
	}
	p.legend(series)
	return &p.Figure
}

// series draws one line, its intervals and its dots.
func (p *plane) series(s Series) {
	class := look(s.Class)
	var path []point
	for _, v := range s.Points {
		path = append(path, p.place(v.X, v.Y))
	}
	if len(path) > 1 && !s.Bare {
		p.add(through("curve "+class, path, false).titled(s.Name))
	}
	for _, v := range s.Points {
		at := p.place(v.X, v.Y)
		if v.Low != 0 || v.High != 0 {
			p.add(line("whisker "+class, at.x, p.y.at(v.Low), at.x, p.y.at(v.High)))
		}
		if v.Size > 0 {
			p.add(dot("dot "+class, at.x, at.y, v.Size).titled(v.Title))
		}
	}
}

// look is the class of a series.
func look(class string) string {
	if class == "" {
		return "s0"
	}
	return class
}

// legend names the series below the axes, when there is more than one.
func (p *plane) legend(series []Series) {
	if len(series) < 2 {
		return
	}
	const each, lineHeight = 200., 18.
	named := slices.DeleteFunc(slices.Clone(series), func(s Series) bool { return s.Class == Faint })
	for i, s := range named {
		x, y := left+each*float64(i%2), p.Height+lineHeight*float64(i/2)+10
		p.add(line("curve "+look(s.Class), x, y-4, x+20, y-4), words("label", x+26, y, "start", fitted(s.Name, 15)).titled(s.Name))
	}
	p.Height += lineHeight*float64((len(named)+1)/2) + 8
}

// Band is what lies over one stretch of the horizontal axis.
type Band struct {
	From, To          float64
	Low, Middle, High float64
	Title             string
}

// Bands draws a box from Low to High with a line at Middle over each stretch,
// and a line where the vertical axis is 0.
func Bands(id, title, desc string, x, y Axis, bands []Band) *Figure {
	p := newPlane(id, title, desc, x, y, planeHeight)
	p.add(through("ideal", []point{p.place(x.From, 0), p.place(x.To, 0)}, false))
	for _, b := range bands {
		low, high := p.place(b.From, b.Low), p.place(b.To, b.High)
		w := max(high.x-low.x-2, 1)
		p.add(rect("band", low.x+1, high.y, w, max(low.y-high.y, 1)).titled(b.Title),
			line("median", low.x+1, p.y.at(b.Middle), low.x+1+w, p.y.at(b.Middle)))
	}
	return &p.Figure
}
