package metric

// Bin is one line of a reliability table: the rows whose top probability lies
// in (Low, High], how sure the model was of them and how often it was right.
type Bin struct {
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Rows       int     `json:"rows"`
	Confidence float64 `json:"confidence"` // mean top probability, 0 without rows
	Accuracy   float64 `json:"accuracy"`   // share predicted right, 0 without rows
}

// Reliability returns the bins behind the ECE of a Report, all 15 of them from
// the least sure up. prob holds a row of classes probabilities for each of
// truth. It panics when the lengths differ.
func Reliability(truth []int32, prob []float32, classes int) []Bin {
	sameLength(len(truth)*classes, len(prob))
	var counted bins
	for i, t := range truth {
		p := prob[i*classes : (i+1)*classes]
		best := 0
		for c, v := range p {
			if v > p[best] {
				best = c
			}
		}
		counted.add(float64(p[best]), best == int(t))
	}
	table := make([]Bin, len(counted))
	for k, b := range counted {
		table[k] = Bin{Low: float64(k) / calibrationBins, High: float64(k+1) / calibrationBins, Rows: b.rows, Accuracy: ratio(b.right, b.rows)}
		if b.rows > 0 {
			table[k].Confidence = b.confidence / float64(b.rows)
		}
	}
	return table
}
