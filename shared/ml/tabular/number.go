package tabular

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"godwit/shared/ml/dataset/cell"
)

// learnNumber learns a number, or finds that it is none: whole numbers that
// name things are an identifier or a category, since to multiply by them means
// nothing.
func (c *column) learnNumber(v *view, decimalComma bool, o Options) {
	// The notation that reads more of the cells; what "1,234" is, the rest of the
	// column tells, and where that does not, the rest of the table.
	c.Comma = v.comma > v.point || v.comma == v.point && decimalComma
	values := v.values(c.notation())
	different := len(slices.Compact(slices.Clone(values)))
	switch {
	case counts(values, different):
		c.Kind, c.Note = Identifier, "whole numbers in sequence, each its own: dropped as names of rows"
	case !whole(values) || !namesRows(c.Name):
		c.learnQuantity(v, values, different, o)
	case 2*different > len(values):
		c.Kind = Identifier
		c.Note = fmt.Sprintf("called an id, with %d different values in %d rows: dropped as names of rows", different, len(values))
	default:
		// The id of something that many rows share, a shop or a route.
		c.learnCategory(v, o)
	}
}

// values returns the numbers of a column in ascending order, so that no sum of
// them depends on the order of the rows. Cells that are no number are left out.
func (v *view) values(n cell.Notation) []float64 {
	values := make([]float64, 0, v.there())
	for _, r := range v.rows {
		s := v.source.Cell(int(r))
		if cell.Missing(s) {
			continue
		}
		if x, ok := cell.Number(s, n); ok {
			values = append(values, x)
		}
	}
	slices.Sort(values)
	return values
}

// learnQuantity learns a number that counts something from its values, ascending,
// of which so many are different.
func (c *column) learnQuantity(v *view, values []float64, different int, o Options) {
	c.Kind = Number
	strange := v.there() - len(values)
	c.Missing += strange
	// That a cell is empty is a level like others: it needs as many rows, and as
	// many that have a number.
	c.Empty = c.Missing >= o.MinLevel && len(values) >= o.MinLevel
	if strange > 0 {
		c.Note = fmt.Sprintf("%d cells are not numbers and count as empty", strange)
	}
	if c.Scale = scaleOf(values); c.Scale == nil && !c.Empty {
		c.Kind, c.Note = Constant, "always the same"
	}
	if c.Scale == nil {
		return
	}
	switch o.Shape {
	case Curved:
		c.learnCurves(values, different)
	case Binned:
		c.Edges = edgesOf(values, o.Bins)
	}
}

// scaleOf learns a scale from ascending numbers; nil when all are the same.
func scaleOf(values []float64) *scale {
	if len(values) == 0 || values[0] == values[len(values)-1] {
		return nil
	}
	s := &scale{Default: median(values)}
	n := float64(len(values))
	for _, x := range values {
		s.Mean += x / n // not the sum over n, which may be infinite
	}
	sum := 0.0
	for _, x := range values {
		sum += (x - s.Mean) * (x - s.Mean)
	}
	// Rounding may leave nothing of a difference in the last digits.
	if s.Deviation = math.Sqrt(sum / n); !(s.Deviation > 0) {
		return nil
	}
	return s
}

// median returns the middle of ascending numbers.
func median(values []float64) float64 {
	n := len(values)
	// Halves, since the sum of two large numbers may be infinite.
	return values[(n-1)/2]/2 + values[n/2]/2
}

// learnCurves learns the scales of the bent forms, if there are enough values
// to tell a curve from a line.
func (c *column) learnCurves(values []float64, different int) {
	const enough = 5 // different values
	if different < enough {
		return
	}
	for i := range curves {
		bent := make([]float64, len(values))
		for k, x := range values {
			bent[k] = curve(i, c.Scale.of(x), x)
		}
		slices.Sort(bent)
		s := scaleOf(bent)
		if s == nil {
			c.Curves = nil
			return
		}
		s.Default = 0 // an empty cell bends the column's own default
		c.Curves = append(c.Curves, *s)
	}
}

// edgesOf returns what parts ascending numbers into at most bins ranges of
// about equal size.
func edgesOf(values []float64, bins int) []float64 {
	var edges []float64
	for b := 1; b < bins; b++ {
		x := values[b*len(values)/bins]
		// Equal quantiles, where many cells are equal, make fewer ranges; the first
		// must not be empty.
		if x > values[0] && (len(edges) == 0 || x > edges[len(edges)-1]) {
			edges = append(edges, x)
		}
	}
	return edges
}

// whole reports whether all numbers are whole.
func whole(values []float64) bool {
	return !slices.ContainsFunc(values, func(x float64) bool { return x != math.Trunc(x) })
}

// counts reports whether ascending whole numbers count the rows: as good as all
// differ, and they lie as close as those of a numbered list of which some rows
// are here. Were they measurements so close, many would agree.
func counts(values []float64, different int) bool {
	const enough = 20 // fewer whole numbers lie in a row by chance
	const apart = 4   // a sample of every fourth row of a list still counts
	n := len(values)
	return n >= enough && 100*different >= 99*n && whole(values) && values[n-1]-values[0] < apart*float64(n)
}

// namesRows reports whether a column is called an id: "id", "user_id",
// "PassengerId", "编号".
func namesRows(name string) bool {
	name = strings.TrimSpace(name)
	for _, suffix := range []string{"编号", "序号", "ID", "Id", "id", "uuid", "UUID", "guid", "GUID"} {
		stem, found := strings.CutSuffix(name, suffix)
		if !found {
			continue
		}
		last := []rune(stem)
		// "paid" is no id: small letters need a mark before them, and "Id" or
		// "ID" a small one.
		if len(last) == 0 || !unicode.IsLetter(last[len(last)-1]) || suffix == "编号" || suffix == "序号" {
			return true
		}
		if unicode.IsUpper(rune(suffix[0])) && unicode.IsLower(last[len(last)-1]) {
			return true
		}
	}
	return false
}
