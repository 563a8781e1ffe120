package chart

import (
	"math"
	"strconv"
	"strings"
)

// Axis is one side of a chart: what it measures and from where to where.
type Axis struct {
	Label    string
	From, To float64
	Log      bool // From and To above 0
	Percent  bool // ticks are shown as percentages
	// Ticks are where it is marked; none leaves that to the chart.
	Ticks []float64
}

// scale maps an axis to lengths in the figure.
type scale struct {
	Axis
	a, b float64 // where From and To stand
}

// at returns where a value stands; what is beyond the axis stands at its end.
func (s scale) at(v float64) float64 {
	from, to := s.From, s.To
	if s.Log {
		from, to, v = math.Log(from), math.Log(to), math.Log(v)
	}
	if !(to > from) {
		return (s.a + s.b) / 2
	}
	share := min(max((v/2-from/2)/(to/2-from/2), 0), 1) // halves, which do not overflow
	return s.a + float64(share*(s.b-s.a))               // the conversion keeps every processor from fusing
}

// ticks returns the places to mark: those given, or about n round numbers.
func (s scale) ticks(n int) []float64 {
	if s.Ticks != nil {
		return s.Ticks
	}
	span := s.To - s.From
	if !(span > 0) || math.IsInf(span, 0) {
		return []float64{s.From}
	}
	step := math.Pow(10, math.Floor(math.Log10(span/float64(n))))
	for _, m := range []float64{1, 2, 5, 10} {
		if span/(step*m) <= float64(n) {
			step *= m
			break
		}
	}
	var out []float64
	first := math.Ceil(s.From/step - 1e-9)
	for k := range 2 * n { // a bound: where numbers lie too thick, a step leads nowhere
		v := (first+float64(k))*step + 0 // + 0 turns -0 into 0
		if !(v <= s.To+step*1e-9) {
			break
		}
		out = append(out, v)
	}
	return out
}

// text writes the value of a tick.
func (s scale) text(v float64) string {
	if s.Percent {
		return strconv.FormatFloat(math.Round(v*1000)/10, 'f', -1, 64) + "%"
	}
	return Short(v)
}

// Short writes a number of any size briefly: three digits that count, and k, M
// or G for thousands, millions and more.
func Short(v float64) string {
	size := math.Abs(v)
	for _, unit := range []struct {
		least float64
		name  string
	}{{1e9, "G"}, {1e6, "M"}, {1e4, "k"}} {
		if size >= unit.least && size < 1e15 {
			by := unit.least
			if unit.name == "k" {
				by = 1e3
			}
			return strconv.FormatFloat(v/by, 'g', 3, 64) + unit.name
		}
	}
	if size >= 100 && size < 1e4 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	if size != 0 && size < 1e-12 {
		return "0" // what rounding leaves of a tick at 0
	}
	return strings.Replace(strconv.FormatFloat(v, 'g', 3, 64), "e-0", "e-", 1)
}

// Around returns the ends of an axis that holds all values with a little room,
// within the bounds. No values give the bounds.
func Around(values []float64, least, most float64) (from, to float64) {
	from, to = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		from, to = min(from, v), max(to, v)
	}
	if from > to {
		return least, most
	}
	room := max((to-from)*.08, math.Abs(to)*1e-3, 1e-9)
	return max(least, from-room), min(most, to+room)
}
