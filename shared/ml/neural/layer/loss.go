package layer

import (
	"math"

	"godwit/shared/ml/neural/vector"
)

// CrossEntropy is the loss of a classifier whose outputs are margins: minus the
// logarithm of the softmax of the true class. It is a plain value, safe for
// concurrent use.
type CrossEntropy struct {
	// Smoothing is the share of the target that is spread over all classes
	// alike, in [0, 1); 0 spreads none.
	Smoothing float32
	// Weight is what rows of each class count, nil for 1.
	Weight []float32
	// Rows is what each row counts beside its class, nil for 1.
	Rows []float32
}

// RowWeight returns what a row of a class counts.
func (c CrossEntropy) RowWeight(class int32) float32 {
	if c.Weight == nil {
		return 1
	}
	return c.Weight[class]
}

// counts returns what row i, of a class, counts.
func (c CrossEntropy) counts(i int, class int32) float32 {
	if c.Rows == nil {
		return c.RowWeight(class)
	}
	return c.RowWeight(class) * c.Rows[i]
}

// Loss turns margins, rows of one per class, into probabilities, and returns
// the sum over the rows of weight times loss. labels has a class for each row.
func (c CrossEntropy) Loss(margins []float32, labels []int32) float64 {
	classes := len(margins) / max(len(labels), 1)
	total := 0.0
	for i, label := range labels {
		row := margins[i*classes:][:classes]
		most := row[0]
		mean := 0.0
		for _, m := range row {
			most = max(most, m)
			mean += float64(m)
		}
		target := (1-float64(c.Smoothing))*float64(row[label]) + float64(c.Smoothing)*mean/float64(classes)
		total += float64(c.counts(i, label)) * (softmax(row, most) - target)
	}
	return total
}

// Gradient turns the probabilities that Loss leaves into the derivatives of
// its sum times scale by the margins.
func (c CrossEntropy) Gradient(probabilities []float32, labels []int32, scale float32) {
	classes := len(probabilities) / max(len(labels), 1)
	for i, label := range labels {
		row := probabilities[i*classes:][:classes]
		spread := c.Smoothing / float32(classes)
		for j := range row {
			row[j] -= spread
		}
		row[label] -= 1 - c.Smoothing
		vector.Scale(row, scale*c.counts(i, label))
	}
}

// Softmax turns a row of margins into probabilities.
func Softmax(row []float32) {
	most := row[0]
	for _, m := range row {
		most = max(most, m)
	}
	softmax(row, most)
}

// softmax is Softmax with the largest margin known, and returns the logarithm
// of the sum of all exponentials. It takes its exponentials from vector, which
// gives the same bits on every processor; math.Exp does not.
func softmax(row []float32, most float32) float64 {
	for j := range row {
		row[j] -= most
	}
	vector.Exp(row, row)
	sum := 0.0
	for _, e := range row {
		sum += float64(e)
	}
	vector.Scale(row, float32(1/sum))
	return float64(most) + math.Log(sum)
}

// SquaredError is the loss of a network that predicts numbers: half the squared
// distance from the target, over all outputs of a row. It replaces outputs by
// the derivatives of its sum times scale, and returns the sum.
func SquaredError(outputs, targets []float32, scale float32) float64 {
	total := 0.0
	for i, t := range targets {
		d := outputs[i] - t
		total += float64(d) * float64(d) / 2
		outputs[i] = d * scale
	}
	return total
}
