package chart

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Confusion is a square table of counts: of what is the row's, how many were
// taken for the column's.
type Confusion struct {
	Labels []string
	Counts [][]int
	// Side is the side of one cell; from 22 on its count is written into it.
	Side   float64
	Named  bool // the labels are written at the rows and columns
	Row    string
	Column string
	Tell   func(row, column, count int) string // shown when a cell is pointed at
}

// pointed is how many cells at most tell their count when pointed at; those of
// the lower counts beyond are drawn together, which keeps a table of many
// thousand cells small.
const pointed = 1500

// levels is how many depths of colour there are.
const levels = 8

// cell is one count that is not 0.
type cell struct {
	row, column, count int
	level              int // 1 to levels
}

// Matrix draws a table of counts as a heat map. The depth of a cell's colour
// grows with the square root of its share of the row, so that rare confusions
// are seen; what is on the diagonal, the right answers, has another colour.
func Matrix(id, title, desc string, c Confusion) *Figure {
	n, size := len(c.Labels), min(12., c.Side)
	short, room := make([]string, n), 24.
	if c.Named {
		for i, l := range c.Labels {
			short[i] = fitted(l, 20)
		}
		room = widest(short)*size + 30
	}
	side := c.Side * float64(n)
	f := &Figure{ID: id, Title: title, Desc: desc, Class: "matrix", Width: room + side + 2, Height: room + side + 2}
	switch {
	case !c.Named:
	case c.Side < 12:
		f.Class += " dense" // to be read only where it is not made smaller
	case n > 40:
		f.Class += " wide" // wider than a page
	}
	f.frame(c, short, room)
	cells := c.cells()
	for _, k := range cells[:min(pointed, len(cells))] {
		m := rect(tint(k), room+float64(k.column)*c.Side, room+float64(k.row)*c.Side, c.Side, c.Side)
		m.Opacity = depth(k.level)
		f.add(m.titled(c.Tell(k.row, k.column, k.count)))
		if c.Side >= 22 {
			class := "count"
			if k.level > levels*5/8 {
				class += " over"
			}
			f.add(words(class, m.X+c.Side/2, m.Y+c.Side/2+4, "middle", strconv.Itoa(k.count)))
		}
	}
	f.rest(c, cells[min(pointed, len(cells)):], room)
	return f
}

// frame draws the grid, the labels and what the sides mean.
func (f *Figure) frame(c Confusion, short []string, room float64) {
	side := c.Side * float64(len(short))
	f.add(rect("field", room, room, side, side))
	every := 1
	if !c.Named {
		every = max(1, len(short)/10)
	}
	for i := 0; i <= len(short); i += every {
		at := room + float64(i)*c.Side
		f.add(line("grid", room, at, room+side, at), line("grid", at, room, at, room+side))
	}
	down := words("name", 13, room+side/2, "middle", c.Row)
	down.Turn = -90
	f.add(down, words("name", room+side/2, 13, "middle", c.Column))
	if !c.Named {
		return
	}
	class := "label"
	if c.Side < 16 {
		class += " small"
	}
	for i, l := range short {
		at := room + (float64(i)+.5)*c.Side + 4
		up := words(class, at, room-6, "start", l).titled(c.Labels[i])
		up.Turn = -90
		f.add(words(class, room-6, at, "end", l).titled(c.Labels[i]), up)
	}
}

// rest draws the cells that do not tell their count, one path for each depth.
func (f *Figure) rest(c Confusion, cells []cell, room float64) {
	type look struct {
		class string
		level int
	}
	paths := map[look]*strings.Builder{}
	var looks []look
	for _, k := range cells {
		l := look{tint(k), k.level}
		if paths[l] == nil {
			paths[l] = &strings.Builder{}
			looks = append(looks, l)
		}
		s := number(c.Side)
		paths[l].WriteString("M" + number(room+float64(k.column)*c.Side) + " " + number(room+float64(k.row)*c.Side) + "h" + s + "v" + s + "h-" + s + "z")
	}
	for _, l := range looks {
		f.add(mark{Shape: "path", Class: l.class, Path: paths[l].String(), Opacity: depth(l.level)})
	}
}

// cells returns the cells with a count, the greatest first, of equals the first
// in reading order.
func (c Confusion) cells() []cell {
	var out []cell
	for i, row := range c.Counts {
		sum := 0
		for _, n := range row {
			sum += n
		}
		for j, n := range row {
			if n > 0 {
				share := math.Sqrt(float64(n) / float64(sum))
				out = append(out, cell{i, j, n, min(levels, 1+int(share*levels))})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b cell) int { return cmp.Compare(b.count, a.count) })
	return out
}

func tint(k cell) string {
	if k.row == k.column {
		return "right"
	}
	return "wrong"
}

// depth is the opacity of a level; the least is still seen on paper.
func depth(level int) float64 { return .1 + .85*float64(level)/levels }
