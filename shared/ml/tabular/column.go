package tabular

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"time"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/dataset/cell"
)

// column is what was learned of a column. The exported fields are stored; the
// features of a column lie in this order: scaled, curves, bins, levels, pooled,
// months, weekdays, hours, empty. A column that is dropped has none.
type column struct {
	Name     string `json:"name"`
	Kind     Kind   `json:"kind"`
	Missing  int    `json:"missing"`
	Distinct int    `json:"distinct"`
	Note     string `json:"note,omitempty"`

	Comma    bool    `json:"comma,omitempty"`     // numbers are in cell.Comma
	DayFirst bool    `json:"day_first,omitempty"` // dates are in cell.DayFirst
	Scale    *scale  `json:"scale,omitempty"`     // the number, or the days of a date
	Curves   []scale `json:"curves,omitempty"`    // its logarithm and its square
	// Edges part a number into len(Edges)+1 ranges; each contains its lower edge.
	Edges    []float64 `json:"edges,omitempty"`
	Levels   []string  `json:"levels,omitempty"` // as most often written, in the order of their normal forms
	Pooled   bool      `json:"pooled,omitempty"` // there is a feature for all other levels
	Months   []int     `json:"months,omitempty"` // 1 to 12, those with a feature
	Weekdays []int     `json:"weekdays,omitempty"`
	Hours    []int     `json:"hours,omitempty"`
	Empty    bool      `json:"empty,omitempty"` // there is a feature for an empty cell

	level map[string]int32 // normal form to index in Levels
}

// scale maps a number to mean 0 and deviation 1.
type scale struct {
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"` // above 0
	Default   float64 `json:"default"`   // for an empty cell: the median
}

// farthest bounds scaled values: a cell of a million deviations is an error of
// the row, and must not become infinite in a float32.
const farthest = 1e6

// of returns x scaled.
func (s *scale) of(x float64) float64 {
	return max(-farthest, min(farthest, (x-s.Mean)/s.Deviation))
}

// features returns how many features the column gives, text apart.
func (c *column) features() int {
	n := len(c.Curves) + len(c.Levels) + len(c.Months) + len(c.Weekdays) + len(c.Hours)
	if c.Scale != nil {
		n++
	}
	if len(c.Edges) > 0 {
		n += len(c.Edges) + 1
	}
	if c.Pooled {
		n++
	}
	if c.Empty {
		n++
	}
	return n
}

// index builds the look-up of levels. It is false when two are the same.
func (c *column) index() bool {
	c.level = make(map[string]int32, len(c.Levels))
	for i, l := range c.Levels {
		c.level[string(dataset.AppendNormal(nil, l))] = int32(i)
	}
	return len(c.level) == len(c.Levels)
}

// reads reports whether a cell says something the column was learned from, or
// nothing: what is no number in a column of numbers does neither.
func (c *column) reads(content string) bool {
	ok := true
	switch {
	case c.features() == 0:
	case c.Kind == Number:
		_, ok = cell.Number(content, c.notation())
	case c.Kind == Date:
		_, ok = cell.Date(content, c.order())
	}
	return ok || cell.Missing(content)
}

// encode appends the features of a cell, whose first has the number first. What
// cannot be read counts as empty: a row is answered, never refused.
func (c *column) encode(s *Scratch, first int32, content string) {
	switch {
	case c.features() == 0:
	case cell.Missing(content):
		c.encodeEmpty(s, first)
	case c.Kind == Number:
		if v, ok := cell.Number(content, c.notation()); !ok {
			c.encodeEmpty(s, first)
		} else if c.Scale != nil {
			c.encodeNumber(s, first, v)
		}
	case c.Kind == Date:
		if m, ok := cell.Date(content, c.order()); ok {
			c.encodeDate(s, first, m)
		} else {
			c.encodeEmpty(s, first)
		}
	case c.Kind == Category:
		s.form = dataset.AppendNormal(s.form[:0], content)
		if i, known := c.level[string(s.form)]; known {
			s.put(first+i, 1)
		} else if c.Pooled {
			s.put(first+int32(len(c.Levels)), 1)
		}
		// Without Pooled a level that is not known says nothing.
	}
}

// encodeEmpty encodes a cell that says nothing: the default of a number, and
// the feature for it, which is the column's last.
func (c *column) encodeEmpty(s *Scratch, first int32) {
	switch {
	case c.Kind == Number && c.Scale != nil: // with its curves and bins
		c.encodeNumber(s, first, c.Scale.Default)
	case c.Scale != nil:
		s.put(first, c.Scale.of(c.Scale.Default))
	}
	if c.Empty {
		s.put(first+int32(c.features())-1, 1)
	}
}

// encodeNumber encodes a number.
func (c *column) encodeNumber(s *Scratch, first int32, v float64) {
	s.put(first, c.Scale.of(v))
	first++
	for i := range c.Curves {
		s.put(first, c.Curves[i].of(curve(i, c.Scale.of(v), v)))
		first++
	}
	if len(c.Edges) > 0 {
		// The number of edges at or below v is the range it lies in.
		s.put(first+int32(sort.Search(len(c.Edges), func(i int) bool { return c.Edges[i] > v })), 1)
	}
}

// curves is how many curves there are.
const curves = 2

// curve returns a bent form of a number v whose scaled value is z: its
// logarithm, with the sign kept and 0 at 0, or the square of z.
func curve(i int, z, v float64) float64 {
	if i == 0 {
		return math.Copysign(math.Log1p(math.Abs(v)), v)
	}
	return z * z
}

// encodeDate encodes a moment: its day on the scale, or its hour when there is
// no date, then its month, its weekday and its hour.
func (c *column) encodeDate(s *Scratch, first int32, m cell.Moment) {
	if c.Scale != nil {
		s.put(first, c.Scale.of(position(m)))
		first++
	}
	// A clock time without a date has no month, a date without one no hour.
	for _, part := range []struct {
		kept  []int
		value int
		there bool
	}{
		{c.Months, int(m.Time.Month()), m.HasDate},
		{c.Weekdays, int(m.Time.Weekday()), m.HasDate},
		{c.Hours, m.Time.Hour(), m.Clock},
	} {
		if i := sort.SearchInts(part.kept, part.value); part.there && i < len(part.kept) && part.kept[i] == part.value {
			s.put(first+int32(i), 1)
		}
		first += int32(len(part.kept))
	}
}

// position returns a moment in days since 1 January 1970.
func position(m cell.Moment) float64 {
	return float64(m.Time.Unix())/86400 + float64(m.Time.Nanosecond())/86400e9
}

// notation is how the numbers of the column are written.
func (c *column) notation() cell.Notation {
	if c.Comma {
		return cell.Comma
	}
	return cell.Point
}

// order is how the dates of the column are written.
func (c *column) order() cell.Order {
	if c.DayFirst {
		return cell.DayFirst
	}
	return cell.MonthFirst
}

// name returns the name of the column's i-th feature: i is counted down over the
// features in their order, as encode lays them out.
func (c *column) name(i int) string {
	if c.Scale != nil {
		if i == 0 {
			return c.Name
		}
		i--
	}
	if i < len(c.Curves) {
		return [curves]string{"log of ", "square of "}[i] + c.Name
	}
	i -= len(c.Curves)
	if n := len(c.Edges); n > 0 {
		if i <= n {
			return c.Name + " " + c.rangeName(i)
		}
		i -= n + 1
	}
	if i < len(c.Levels) {
		return c.Name + "=" + c.Levels[i]
	}
	i -= len(c.Levels)
	if c.Pooled {
		if i == 0 {
			return c.Name + "=(other)"
		}
		i--
	}
	for _, part := range []struct {
		kept []int
		name func(int) string
	}{
		{c.Months, func(v int) string { return "month=" + time.Month(v).String() }},
		{c.Weekdays, func(v int) string { return "weekday=" + time.Weekday(v).String() }},
		{c.Hours, func(v int) string { return "hour=" + strconv.Itoa(v) }},
	} {
		if i < len(part.kept) {
			return c.Name + " " + part.name(part.kept[i])
		}
		i -= len(part.kept)
	}
	return c.Name + " missing"
}

// rangeName says which numbers the i-th range holds.
func (c *column) rangeName(i int) string {
	switch {
	case i == 0:
		return fmt.Sprintf("< %g", c.Edges[0])
	case i == len(c.Edges):
		return fmt.Sprintf(">= %g", c.Edges[i-1])
	}
	return fmt.Sprintf("in [%g, %g)", c.Edges[i-1], c.Edges[i])
}
