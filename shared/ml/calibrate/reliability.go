package calibrate

import (
	"math"

	"godwit/shared/ml/metric"
)

// Bin is one line of a reliability table: the rows whose most probable class
// has a probability in (Low, High], the first bin from 0 on.
type Bin struct {
	Low        float64         `json:"low"`
	High       float64         `json:"high"`
	Rows       int             `json:"rows"`
	Confidence float64         `json:"confidence"` // mean of those probabilities; 0 without rows
	Accuracy   float64         `json:"accuracy"`   // share that is right; 0 without rows
	Interval   metric.Interval `json:"interval"`   // 95 % of the accuracy: a good bin's holds its confidence
}

// bins is the number of equal widths, as for the ECE in metric.
const bins = 15

// Reliability returns the reliability table of len(y) rows of probabilities,
// `classes` each: 15 bins of equal width, empty ones too. The mean over rows of
// |Confidence - Accuracy| is the ECE of metric.Classify. It panics when lengths
// differ.
func Reliability(prob []float32, y []int32, classes int) []Bin {
	checkRows("Reliability", len(prob), len(y), classes)
	table := make([]Bin, bins)
	right := make([]int, bins)
	for i, truth := range y {
		best := 0
		p := prob[i*classes : (i+1)*classes]
		for k := range p {
			if p[k] > p[best] {
				best = k
			}
		}
		b := min(max(int(math.Ceil(float64(p[best])*bins))-1, 0), bins-1)
		table[b].Rows++
		table[b].Confidence += float64(p[best])
		if best == int(truth) {
			right[b]++
		}
	}
	for b := range table {
		t := &table[b]
		t.Low, t.High = float64(b)/bins, float64(b+1)/bins
		t.Interval = metric.Wilson(right[b], t.Rows)
		if t.Rows > 0 {
			t.Confidence /= float64(t.Rows)
			t.Accuracy = float64(right[b]) / float64(t.Rows)
		}
	}
	return table
}
