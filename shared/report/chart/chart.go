// Package chart draws small statistical charts as SVG.
//
// A chart is a Figure: marks at places already worked out, with a title and a
// description for whoever cannot see it. The functions of this package make
// Figures of numbers (Intervals, Matrix, Lines, Bars, Hexagons); one template
// writes them all, so every text in them is escaped in one place.
//
// A Figure names no colour and no font. Its marks carry classes, and the style
// sheet of the page gives these their looks, in light, in dark and on paper.
// There is no script, no address and no style attribute in it, so that it may
// stand under the strictest content security policy. The same input gives the
// same bytes: places are rounded to hundredths before they are written.
package chart

import (
	"html/template"
	"math"
	"strconv"
	"strings"
	"sync"
)

// Figure is a drawing. Lengths are in units of its own, which a page shows as
// CSS pixels where there is room.
type Figure struct {
	ID     string // unique in the page: its title and description are found by it
	Title  string // what it shows
	Desc   string // what is to be seen in it, for readers who do not see it
	Class  string // for the style sheet, beside "chart"
	Width  float64
	Height float64
	marks  []mark
}

// mark is one shape or text of a figure.
type mark struct {
	Shape   string // rect, line, path, dot or text
	Class   string
	X, Y    float64 // upper left corner, beginning, centre or base line
	W, H    float64 // size of a rect, end of a line, radius of a dot in W
	Path    string  // of a path
	Text    string
	Anchor  string  // of a text: start, middle or end
	Turn    float64 // degrees a text is turned around its place
	Opacity float64 // of the filling; 0 leaves it to the style sheet
	Title   string  // shown when pointed at
}

func (f *Figure) add(m ...mark) { f.marks = append(f.marks, m...) }

func rect(class string, x, y, w, h float64) mark {
	return mark{Shape: "rect", Class: class, X: x, Y: y, W: w, H: h}
}

func line(class string, x1, y1, x2, y2 float64) mark {
	return mark{Shape: "line", Class: class, X: x1, Y: y1, W: x2, H: y2}
}

func dot(class string, x, y, r float64) mark {
	return mark{Shape: "dot", Class: class, X: x, Y: y, W: r}
}

func words(class string, x, y float64, anchor, s string) mark {
	return mark{Shape: "text", Class: class, X: x, Y: y, Anchor: anchor, Text: s}
}

// titled returns m with what is shown when it is pointed at.
func (m mark) titled(s string) mark {
	m.Title = s
	return m
}

// point is a place in a figure.
type point struct{ x, y float64 }

// through returns a path along points, closed if asked.
func through(class string, points []point, closed bool) mark {
	var b strings.Builder
	for i, p := range points {
		b.WriteString(map[bool]string{true: "M", false: "L"}[i == 0])
		b.WriteString(number(p.x) + " " + number(p.y))
	}
	if closed {
		b.WriteString("Z")
	}
	return mark{Shape: "path", Class: class, Path: b.String()}
}

// number writes a length with at most two decimals and no exponent.
func number(v float64) string {
	v = math.Round(v*100) / 100
	if v == 0 {
		v = 0 // not "-0"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// drawing is how every Figure is written; it is read when the first one is.
var drawing = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("svg").Funcs(template.FuncMap{"n": number, "plain": Plain}).Parse(
		`<svg class="chart {{.Class}}" role="img" aria-labelledby="{{.ID}}-t {{.ID}}-d" viewBox="0 0 {{n .Width}} {{n .Height}}" width="{{n .Width}}" height="{{n .Height}}">` +
			`<title id="{{.ID}}-t">{{plain .Title 200}}</title><desc id="{{.ID}}-d">{{plain .Desc 1000}}</desc>` +
			`{{range .Marks}}` +
			`{{if eq .Shape "rect"}}<rect class="{{.Class}}" x="{{n .X}}" y="{{n .Y}}" width="{{n .W}}" height="{{n .H}}"{{if .Opacity}} fill-opacity="{{n .Opacity}}"{{end}}>{{template "told" .}}</rect>` +
			`{{else if eq .Shape "line"}}<line class="{{.Class}}" x1="{{n .X}}" y1="{{n .Y}}" x2="{{n .W}}" y2="{{n .H}}">{{template "told" .}}</line>` +
			`{{else if eq .Shape "dot"}}<circle class="{{.Class}}" cx="{{n .X}}" cy="{{n .Y}}" r="{{n .W}}">{{template "told" .}}</circle>` +
			`{{else if eq .Shape "path"}}<path class="{{.Class}}" d="{{.Path}}"{{if .Opacity}} fill-opacity="{{n .Opacity}}"{{end}}>{{template "told" .}}</path>` +
			`{{else}}<text class="{{.Class}}" x="{{n .X}}" y="{{n .Y}}" text-anchor="{{.Anchor}}"{{if .Turn}} transform="rotate({{n .Turn}} {{n .X}} {{n .Y}})"{{end}}>{{template "told" .}}{{plain .Text 200}}</text>{{end}}` +
			`{{end}}</svg>` +
			`{{define "told"}}{{if .Title}}<title>{{plain .Title 300}}</title>{{end}}{{end}}`))
})

// Marks returns what the template draws.
func (f *Figure) Marks() []mark { return f.marks }

// SVG returns the figure as an element for an HTML page. The error is the
// template's, and says that this package is at fault.
func (f *Figure) SVG() (template.HTML, error) {
	var b strings.Builder
	if err := drawing().Execute(&b, f); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil
}
