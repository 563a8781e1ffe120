package tabular

import (
	"slices"
)

// Feature returns the name of a feature in [0, Len): "age", "sex=female",
// "cabin missing", "age in [20, 30)", "bought weekday=Monday", "review: good".
func (e *Encoder) Feature(feature int32) string {
	c := e.ColumnOf(feature)
	// Free text comes behind all columns, whichever of them it is.
	if first := e.start[len(e.columns)]; feature >= first {
		_, term := e.text.Term(feature - first)
		return e.columns[c].Name + ": " + term
	}
	return e.columns[c].name(int(feature - e.start[c]))
}

// ColumnOf returns the column that a feature in [0, Len) belongs to, as an
// index into Columns. Free text of several columns is joined and belongs to
// the first of them.
func (e *Encoder) ColumnOf(feature int32) int {
	if feature >= e.start[len(e.columns)] {
		return e.texts[0]
	}
	// The last column that begins at or before the feature; those without
	// features begin where the next one does.
	c, _ := slices.BinarySearch(e.start, feature+1)
	return c - 1
}

// Contributions adds up value times weight over each column's features and
// appends the sums to dst[:0], one for each of Columns. index and value are
// Encode's, weight returns the weight of a feature. The sums and the bias
// together are the margin.
func (e *Encoder) Contributions(dst []float64, index []int32, value []float32, weight func(feature int32) float64) []float64 {
	dst = slices.Grow(dst[:0], len(e.columns))[:len(e.columns)]
	clear(dst)
	for k, f := range index {
		dst[e.ColumnOf(f)] += float64(value[k]) * weight(f)
	}
	return dst
}
