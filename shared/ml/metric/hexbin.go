package metric

import (
	"cmp"
	"math"
	"slices"
)

// Hexbin tells how many pairs of numbers fall into each of the hexagons that
// cover a square: where many points would hide each other, and no single one
// should be told. Carr, Littlefield, Nicholson and Littlefield, "Scatterplot
// Matrix Techniques for Large N", JASA 82 (1987).
type Hexbin struct {
	Low    float64   `json:"low"`    // of both axes
	High   float64   `json:"high"`   //
	Across int       `json:"across"` // hexagons side by side from Low to High
	Cells  []HexCell `json:"cells"`  // those with pairs, by row and column
}

// HexCell is one hexagon. Those of odd rows stand half a hexagon to the right.
type HexCell struct {
	Column int `json:"column"`
	Row    int `json:"row"`
	Rows   int `json:"rows"` // pairs in it
}

// rise is how much higher a row of hexagons stands than the one below, in
// widths of a hexagon.
var rise = math.Sqrt(3) / 2

// NewHexbin counts pairs of finite numbers in hexagons of which across, at
// least 1, stand side by side. No pairs give no cells. It panics when the
// lengths differ.
func NewHexbin(x, y []float64, across int) Hexbin {
	sameLength(len(x), len(y))
	h := Hexbin{Across: across}
	if len(x) == 0 {
		return h
	}
	h.Low, h.High = min(slices.Min(x), slices.Min(y)), max(slices.Max(x), slices.Max(y))
	span := h.High - h.Low
	if span == 0 {
		span = 1
	}
	counts := map[HexCell]int{}
	for i := range x {
		counts[h.nearest((x[i]-h.Low)/span, (y[i]-h.Low)/span)]++
	}
	for c, n := range counts {
		c.Rows = n
		h.Cells = append(h.Cells, c)
	}
	slices.SortFunc(h.Cells, func(a, b HexCell) int { return cmp.Or(a.Row-b.Row, a.Column-b.Column) })
	return h
}

// Centre returns where a cell's middle is, both from 0 at Low to 1 at High.
func (h Hexbin) Centre(c HexCell) (x, y float64) {
	return (float64(c.Column) + float64(c.Row&1)/2) / float64(h.Across), float64(c.Row) * rise / float64(h.Across)
}

// nearest returns the cell whose centre is nearest: the hexagons are two
// rectangular grids, and each has one candidate.
func (h Hexbin) nearest(x, y float64) HexCell {
	n := float64(h.Across)
	even := HexCell{Column: int(math.Round(x * n)), Row: 2 * int(math.Round(y*n/(2*rise)))}
	odd := HexCell{Column: int(math.Floor(x * n)), Row: 2*int(math.Floor(y*n/(2*rise))) + 1}
	distance := func(c HexCell) float64 {
		cx, cy := h.Centre(c)
		return math.Hypot(cx-x, cy-y)
	}
	if distance(odd) < distance(even) {
		return odd
	}
	return even
}

// Spread tells how far predictions of one size miss the truth.
type Spread struct {
	From   float64 `json:"from"`   // of the predicted numbers
	To     float64 `json:"to"`     //
	Rows   int     `json:"rows"`   //
	Low    float64 `json:"low"`    // a tenth of the errors, truth less prediction, is below
	Median float64 `json:"median"` //
	High   float64 `json:"high"`   // a tenth is above
}

// Residuals divides rows by their predicted number into at most bands of about
// equal size and tells the errors in each. It panics when the lengths differ.
func Residuals(truth, predicted []float64, bands int) []Spread {
	sameLength(len(truth), len(predicted))
	order := make([]int, len(truth))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(predicted[a], predicted[b]) })
	n := len(order)
	bands = min(bands, n)
	var out []Spread
	for b := range bands {
		band := order[b*n/bands : (b+1)*n/bands]
		misses := make([]float64, len(band))
		for i, row := range band {
			misses[i] = truth[row] - predicted[row]
		}
		slices.Sort(misses)
		last := len(misses) - 1
		out = append(out, Spread{
			From: predicted[band[0]], To: predicted[band[last]], Rows: len(band),
			Low: misses[last/10], Median: misses[last/2], High: misses[last-last/10],
		})
	}
	return out
}
