package metric_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"godwit/shared/ml/metric"
)

func TestNewHexbin(t *testing.T) {
	tests := []struct {
		name string
		x, y []float64
		want metric.Hexbin
	}{
		{"no pairs", nil, nil, metric.Hexbin{Across: 2}},
		{"one pair", []float64{3}, []float64{3}, metric.Hexbin{Low: 3, High: 3, Across: 2, Cells: []metric.HexCell{{Rows: 1}}}},
		{"all alike", []float64{3, 3}, []float64{3, 3}, metric.Hexbin{Low: 3, High: 3, Across: 2, Cells: []metric.HexCell{{Rows: 2}}}},
		// Centres of the lower row are at 0, 5 and 10; the row above is at 4.33 and
		// begins at 2.5.
		{"by hand", []float64{0, .1, 5, 2.5, 10}, []float64{0, 0, 0, 4.3, 0}, metric.Hexbin{Low: 0, High: 10, Across: 2, Cells: []metric.HexCell{
			{Rows: 2}, {Column: 1, Rows: 1}, {Column: 2, Rows: 1}, {Row: 1, Rows: 1},
		}}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := metric.NewHexbin(tc.x, tc.y, 2); !reflect.DeepEqual(got, tc.want) {
				t.Errorf("NewHexbin(%v, %v) = %+v, want %+v", tc.x, tc.y, got, tc.want)
			}
		})
	}
}

// TestNewHexbin_nearest holds each pair's cell against a search of all centres.
func TestNewHexbin_nearest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		x, y := []float64{0, 1, r.Float64()}, []float64{0, 1, r.Float64()}
		h := metric.NewHexbin(x, y, 5)
		distance := func(c metric.HexCell) float64 {
			cx, cy := h.Centre(c)
			return math.Hypot(cx-x[2], cy-y[2])
		}
		nearest := math.Inf(1)
		for row := -1; row < 8; row++ {
			for column := -1; column < 7; column++ {
				nearest = min(nearest, distance(metric.HexCell{Column: column, Row: row}))
			}
		}
		found := math.Inf(1)
		for _, c := range h.Cells {
			found = min(found, distance(c))
		}
		if math.Abs(found-nearest) > 1e-12 {
			t.Fatalf("the cell of (%v, %v) is %v away, the nearest centre %v", x[2], y[2], found, nearest)
		}
	}
}

func TestResiduals(t *testing.T) {
	var truth, predicted []float64
	for i := range 20 {
		predicted = append(predicted, float64(19-i))
		truth = append(truth, predicted[i]+float64(i%10)) // errors 0 to 9 in either half
	}
	want := []metric.Spread{
		{From: 0, To: 9, Rows: 10, Low: 0, Median: 4, High: 9},
		{From: 10, To: 19, Rows: 10, Low: 0, Median: 4, High: 9},
	}
	if got := metric.Residuals(truth, predicted, 2); !reflect.DeepEqual(got, want) {
		t.Errorf("Residuals = %+v, want %+v", got, want)
	}
	if got := metric.Residuals([]float64{1}, []float64{3}, 10); len(got) != 1 || got[0].Median != -2 {
		t.Errorf("Residuals of one row = %+v, want one band with the error -2", got)
	}
	if got := metric.Residuals(nil, nil, 10); got != nil {
		t.Errorf("Residuals of no rows = %v, want nil", got)
	}
}
