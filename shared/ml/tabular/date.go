package tabular

import (
	"slices"

	"godwit/shared/ml/dataset/cell"
)

// learnDate learns a date: where it lies on the line of days, which is a trend,
// and its month, weekday and hour, each a level. It is false, and leaves the
// column as it was, when the dates are all the same.
func (c *column) learnDate(v *view, o Options) bool {
	// 3/4 is read in both orders: the one that reads more cells of the column wins.
	// Dates with points and an open order come from where the day is first.
	dayFirst := v.dayFirst > v.monthFirst || v.dayFirst == v.monthFirst && v.dotted > 0
	d := column{Kind: Date, DayFirst: dayFirst}
	var days []float64
	var months [13]int // from 1
	var weekdays [7]int
	var hours [24]int
	for _, r := range v.rows {
		s := v.source.Cell(int(r))
		if cell.Missing(s) {
			continue
		}
		m, ok := cell.Date(s, d.order())
		if !ok {
			continue
		}
		days = append(days, position(m))
		if m.HasDate {
			months[m.Time.Month()]++
			weekdays[m.Time.Weekday()]++
		}
		if m.Clock {
			hours[m.Time.Hour()]++
		}
	}
	slices.Sort(days) // as in learnNumber: sums must not depend on the rows' order
	if d.Scale = scaleOf(days); d.Scale == nil {
		return false
	}
	d.Months = several(months[:], o.MinLevel)
	d.Weekdays = several(weekdays[:], o.MinLevel)
	d.Hours = several(hours[:], o.MinLevel)
	d.Missing = len(v.rows) - len(days)
	d.Empty = d.Missing >= o.MinLevel && len(days) >= o.MinLevel
	d.Name, d.Distinct = c.Name, c.Distinct
	*c = d
	return true
}

// several returns the numbers that come often enough for a feature, nil when
// that is one only: it would say nothing.
func several(count []int, least int) []int {
	var kept []int
	for i, n := range count {
		if n >= least {
			kept = append(kept, i)
		}
	}
	if len(kept) < 2 {
		return nil
	}
	return kept
}
