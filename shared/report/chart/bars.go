package chart

// Estimate is a measured value with its interval.
type Estimate struct {
	Label     string
	Class     string // s0 to s7; "" is s0
	Value     float64
	Low, High float64 // both 0: no interval
	Shown     string  // the value as text
	Title     string
}

// Sizes of charts with a line for each name.
const (
	rowWidth  = 620.
	rowHeight = 24.
	nameEms   = 22. // room of a name at most
	em        = 12.5
)

// names returns the names as they fit and how much room they need.
func names(labels []string) ([]string, float64) {
	out := make([]string, len(labels))
	for i, l := range labels {
		out[i] = fitted(l, nameEms)
	}
	return out, widest(out)*em + 12
}

// Intervals draws a dot and its interval for each estimate, one below the other.
func Intervals(id, title, desc string, axis Axis, of []Estimate) *Figure {
	labels, shown := make([]string, len(of)), make([]string, len(of))
	for i, e := range of {
		labels[i], shown[i] = e.Label, e.Shown
	}
	labels, from := names(labels)
	f := &Figure{ID: id, Title: title, Desc: desc, Class: "rows", Width: rowWidth, Height: rowHeight*float64(len(of)) + 48}
	x := scale{axis, from + 6, rowWidth - widest(shown)*em - 20}
	foot := f.Height - 42
	for _, v := range x.ticks(6) {
		f.add(line("grid", x.at(v), 2, x.at(v), foot), words("tick", x.at(v), foot+17, "middle", x.text(v)))
	}
	f.add(line("axis", x.a, foot, x.b, foot), words("name", (x.a+x.b)/2, foot+36, "middle", axis.Label))
	for i, e := range of {
		y := rowHeight*float64(i) + rowHeight/2 + 2
		f.add(words("label", from-4, y+4, "end", labels[i]).titled(e.Label))
		if e.Low != 0 || e.High != 0 {
			f.add(line("whisker "+look(e.Class), x.at(e.Low), y, x.at(e.High), y))
		}
		f.add(dot("dot "+look(e.Class), x.at(e.Value), y, 5).titled(e.Title), words("value", rowWidth-4, y+4, "end", e.Shown))
	}
	return f
}

// Bar is a length with a name.
type Bar struct {
	Label string
	Value float64 // at least 0
	Shown string
}

// Bars draws horizontal bars from 0, in the order given.
func Bars(id, title, desc string, bars []Bar) *Figure {
	labels, shown, most := make([]string, len(bars)), make([]string, len(bars)), 0.
	for i, b := range bars {
		labels[i], shown[i], most = b.Label, b.Shown, max(most, b.Value)
	}
	labels, from := names(labels)
	const each = 20.
	f := &Figure{ID: id, Title: title, Desc: desc, Class: "rows", Width: rowWidth, Height: each*float64(len(bars)) + 6}
	x := scale{Axis{To: most}, from, rowWidth - widest(shown)*em - 14}
	for i, b := range bars {
		y := each*float64(i) + 3
		f.add(words("label", from-8, y+each/2+4, "end", labels[i]).titled(b.Label),
			rect("bar s0", from, y+3, max(x.at(b.Value)-from, .5), each-6).titled(b.Label+": "+b.Shown),
			words("value", x.at(b.Value)+6, y+each/2+4, "start", b.Shown))
	}
	f.add(line("axis", from, 0, from, f.Height))
	return f
}

// Diverging draws bars from a middle line, those below 0 to the left, in the
// order given.
func Diverging(id, title, desc string, bars []Bar) *Figure {
	const (
		each   = 19.
		across = 460.
		room   = 120. // of the longest bar to either side
	)
	most := 0.
	for _, b := range bars {
		most = max(most, b.Value, -b.Value)
	}
	if most == 0 {
		most = 1
	}
	f := &Figure{ID: id, Title: title, Desc: desc, Class: "drives", Width: across, Height: each*float64(len(bars)) + 4}
	for i, b := range bars {
		y := each*float64(i) + 2
		length, base := b.Value/most*room, y+each/2+4
		name := fitted(b.Label, 17)
		if length >= 0 {
			f.add(rect("bar s0", across/2, y+3, max(length, .5), each-6).titled(b.Label+": "+b.Shown),
				words("label", across/2-8, base, "end", name).titled(b.Label), words("value", across/2+length+6, base, "start", b.Shown))
			continue
		}
		f.add(rect("bar s1", across/2+length, y+3, -length, each-6).titled(b.Label+": "+b.Shown),
			words("label", across/2+8, base, "start", name).titled(b.Label), words("value", across/2+length-6, base, "end", b.Shown))
	}
	f.add(line("axis", across/2, 0, across/2, f.Height))
	return f
}
