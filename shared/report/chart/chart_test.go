package chart_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"godwit/shared/ml/metric"
	"godwit/shared/report/chart"
)

// hostile is a label that wants to be more than text.
const hostile = "<script>alert(1)</script>\u202e\"'& \x00\xff"

// figures is one figure of each kind, with hostile texts.
func figures() map[string]*chart.Figure {
	unit := chart.Axis{Label: hostile, To: 1, Percent: true}
	points := []chart.Point{{X: .1, Y: .2, Low: .1, High: .3, Size: 3, Title: hostile}, {X: .9, Y: .8}}
	return map[string]*chart.Figure{
		"intervals": chart.Intervals("a", hostile, hostile, unit, []chart.Estimate{{Label: hostile, Value: .5, Low: .4, High: .6, Shown: hostile, Title: hostile}}),
		"bars":      chart.Bars("b", hostile, hostile, []chart.Bar{{Label: hostile, Value: 3, Shown: hostile}, {Label: "b"}}),
		"diverging": chart.Diverging("c", hostile, hostile, []chart.Bar{{Label: hostile, Value: 3, Shown: hostile}, {Label: hostile, Value: -1, Shown: "-1"}}),
		"matrix": chart.Matrix("d", hostile, hostile, chart.Confusion{
			Labels: []string{hostile, "b"}, Counts: [][]int{{3, 1}, {0, 2}}, Side: 30, Named: true, Row: hostile, Column: hostile,
			Tell: func(int, int, int) string { return hostile },
		}),
		"lines":    chart.Lines("e", hostile, hostile, unit, unit, []chart.Series{{Name: hostile, Points: points}, {Name: "b", Class: "s1", Points: points}, {Class: chart.Faint, Points: points}}, true),
		"bands":    chart.Bands("f", hostile, hostile, chart.Axis{Label: hostile, To: 2}, chart.Axis{From: -1, To: 1}, []chart.Band{{From: 0, To: 2, Low: -1, Middle: 0, High: 1, Title: hostile}}),
		"hexagons": chart.Hexagons("g", hostile, hostile, unit, unit, metric.NewHexbin([]float64{1, 2, 2}, []float64{1, 2, 2}, 4), func(int) string { return hostile }),
		"nothing":  chart.Lines("h", hostile, hostile, chart.Axis{}, chart.Axis{}, nil, false),
	}
}

// TestFigures_SVG holds every kind of figure against what a page may hold: well
// formed, with a title and a description that name it, and nothing that acts.
func TestFigures_SVG(t *testing.T) {
	for name, f := range figures() {
		t.Run(name, func(t *testing.T) {
			svg, err := f.SVG()
			if err != nil {
				t.Fatal(err)
			}
			again, err := f.SVG()
			if err != nil || again != svg {
				t.Errorf("SVG twice differs, or %v", err)
			}
			checkSVG(t, string(svg))
		})
	}
}

// checkSVG parses one svg element strictly.
func checkSVG(t *testing.T, svg string) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(svg))
	var path []string
	texts := map[string]string{}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well formed: %v in\n%s", err, svg)
		}
		switch e := token.(type) {
		case xml.StartElement:
			path = append(path, e.Name.Local)
			checkElement(t, e)
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			texts[strings.Join(path, ">")] += string(e)
		}
	}
	const shown = "<script>alert(1)</script>⟨U+202E⟩\"'& ⟨U+0000⟩\ufffd"
	if texts["svg>title"] != shown || texts["svg>desc"] != shown {
		t.Errorf("title %q, description %q, want %q as text", texts["svg>title"], texts["svg>desc"], shown)
	}
}

// checkElement holds one element against those a figure may have.
func checkElement(t *testing.T, e xml.StartElement) {
	t.Helper()
	switch e.Name.Local {
	case "svg", "title", "desc", "rect", "line", "circle", "path", "text":
	default:
		t.Errorf("there is an element %s", e.Name.Local)
	}
	for _, a := range e.Attr {
		switch name := a.Name.Local; {
		case name == "style" || strings.HasPrefix(name, "on") || strings.Contains(name, "href") || strings.Contains(a.Value, "//"):
			t.Errorf("%s has %s=%q", e.Name.Local, name, a.Value)
		case strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf"):
			t.Errorf("%s has %s=%q, which is no place", e.Name.Local, name, a.Value)
		}
	}
}

// TestMatrix_many draws more cells than tell their count.
func TestMatrix_many(t *testing.T) {
	const n = 150
	c := chart.Confusion{Side: 4, Tell: func(i, j, count int) string { return fmt.Sprintf("%d as %d: %d", i, j, count) }}
	for i := range n {
		c.Labels = append(c.Labels, fmt.Sprint(i))
		row := make([]int, n)
		for j := range row {
			row[j] = 1 + (i*j)%5
		}
		c.Counts = append(c.Counts, row)
	}
	svg, err := chart.Matrix("m", "t", "d", c).SVG()
	if err != nil {
		t.Fatal(err)
	}
	if cells := strings.Count(string(svg), " as "); cells != 1500 {
		t.Errorf("%d cells tell their count, want the 1500 greatest", cells)
	}
	drawn := strings.Count(string(svg), "h4v4h-4z") + 1500
	if drawn != n*n {
		t.Errorf("%d cells are drawn, want all %d", drawn, n*n)
	}
	if len(svg) > 700_000 {
		t.Errorf("the matrix has %d bytes, want at most 700,000", len(svg))
	}
}

func TestPlain(t *testing.T) {
	tests := []struct {
		name, in string
		limit    int
		want     string
	}{
		{"words", "where is my card", 80, "where is my card"},
		{"white space", "  a\t\n b\u00a0c ", 80, "a b c"},
		{"control characters", "a\x00b\x1b[31m", 80, "a⟨U+0000⟩b⟨U+001B⟩[31m"},
		{"a change of direction", "\u202eabc\u2066", 80, "⟨U+202E⟩abc⟨U+2066⟩"},
		{"Arabic", "مرحبا", 80, "مرحبا"},
		{"a joined emoji", "👩\u200d💻", 80, "👩\u200d💻"},
		{"not UTF-8", "\xff", 80, "\ufffd"},
		{"as long as may be", "abcde", 5, "abcde"},
		{"cut at a space", "abc defg", 5, "abc…"},
		{"cut", "abcdefgh", 5, "abcd…"},
		{"10,000 characters", strings.Repeat("字", 10_000), 40, strings.Repeat("字", 39) + "…"},
		{"nothing", "", 5, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := chart.Plain(tc.in, tc.limit); got != tc.want {
				t.Errorf("Plain(%q, %d) = %q, want %q", tc.in, tc.limit, got, tc.want)
			}
		})
	}
}

func FuzzPlain(f *testing.F) {
	for _, s := range []string{hostile, "a  b", strings.Repeat("\u202e", 99), "字\xc3"} {
		f.Add(s, 20)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = 1 + (limit&0xff)%100
		got := chart.Plain(s, limit)
		if !utf8.ValidString(got) || len(got) > 16*limit {
			t.Errorf("Plain(%q, %d) has %d bytes or is no text", s, limit, len(got))
		}
		for _, r := range got {
			if !unicode.IsGraphic(r) && r != '\u200d' {
				t.Errorf("Plain(%q, %d) = %q, which holds %U", s, limit, got, r)
			}
		}
	})
}

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1e-17: "0", .03: "0.03", 1e-7: "1e-7", 12.345: "12.3", 999.6: "1000", 1234: "1234", 12345: "12.3k", -2.5e6: "-2.5M", 7e9: "7G", 1e300: "1e+300",
	} {
		if got := chart.Short(v); got != want {
			t.Errorf("Short(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestAround(t *testing.T) {
	if from, to := chart.Around(nil, 0, 1); from != 0 || to != 1 {
		t.Errorf("Around of nothing = %v, %v, want the bounds", from, to)
	}
	if from, to := chart.Around([]float64{.5, .9}, 0, 1); !(from < .5 && from > .4 && to > .9 && to < 1) {
		t.Errorf("Around(.5, .9) = %v, %v, want a little more room on both sides", from, to)
	}
	if from, to := chart.Around([]float64{.99, .999}, 0, 1); to > 1 || !(from < .99) {
		t.Errorf("Around(.99, .999) = %v, %v, want not beyond 1", from, to)
	}
	if from, to := chart.Around([]float64{4}, math.Inf(-1), math.Inf(1)); !(from < 4 && to > 4) {
		t.Errorf("Around(4) = %v, %v, want room around it", from, to)
	}
}

// TestLines_extremes draws axes whose numbers lie too thick for their ticks.
func TestLines_extremes(t *testing.T) {
	for _, a := range []chart.Axis{
		{From: 1e300, To: math.Nextafter(1e300, 2e300)}, {From: -math.MaxFloat64, To: math.MaxFloat64}, {From: 5, To: 5}, {From: 3, To: 2},
		{From: 1e-3, To: 1e3, Log: true},
	} {
		svg, err := chart.Lines("x", "t", "d", a, a, []chart.Series{{Points: []chart.Point{{X: a.From, Y: a.To, Size: 2}}}}, false).SVG()
		if err != nil || strings.Contains(string(svg), "NaN") || len(svg) > 1<<16 {
			t.Errorf("Lines over %+v = %d bytes, %v:\n%.400s", a, len(svg), err, svg)
		}
	}
}

func ExampleBars() {
	svg, err := chart.Bars("rows", "Rows", "of two labels", []chart.Bar{{Label: "card", Value: 12, Shown: "12"}, {Label: "cash", Value: 3, Shown: "3"}}).SVG()
	if err != nil {
		fmt.Println(err)
		return
	}
	head, _, _ := strings.Cut(string(svg), "<text")
	fmt.Println(head)
	// Output:
	// <svg class="chart rows" role="img" aria-labelledby="rows-t rows-d" viewBox="0 0 620 46" width="620" height="46"><title id="rows-t">Rows</title><desc id="rows-d">of two labels</desc>
}
