package logistic

import "math"

// link turns the margins of one row into its loss. Slices hold one number for
// each class that is trained at once.
type link interface {
	// measure returns the loss of packed row i at margins z and sets its
	// derivative and the probabilities.
	measure(i int, z, probability, derivative []float64) float64
	// bend replaces u by the loss's second derivative times u.
	bend(probability, u []float64)
	// diagonal sets out to the diagonal of the second derivative.
	diagonal(probability, out []float64)
}

// oneVsRest is the logistic loss of one class against the rest: ln(1+exp(z)) less z
// for rows of the class, with derivatives p-target and p(1-p), p = 1/(1+exp(-z)).
type oneVsRest struct {
	class int32
	y     []int32 // class of each packed row
}

func (o oneVsRest) measure(i int, z, probability, derivative []float64) float64 {
	target := 0.0
	if o.y[i] == o.class {
		target = 1
	}
	var loss float64
	loss, probability[0] = logLoss(z[0], target)
	derivative[0] = probability[0] - target
	return loss
}

func (oneVsRest) bend(probability, u []float64) { u[0] *= probability[0] * (1 - probability[0]) }

func (oneVsRest) diagonal(probability, out []float64) {
	out[0] = probability[0] * (1 - probability[0])
}

// logLoss returns ln(1+exp(z)) - target*z and 1/(1+exp(-z)), from one
// exponential that cannot overflow.
func logLoss(z, target float64) (loss, probability float64) {
	e := math.Exp(-math.Abs(z))
	probability = 1 / (1 + e)
	if z < 0 {
		probability = e * probability
	}
	return max(z, 0) - target*z + math.Log1p(e), probability
}

// softmax is the cross-entropy of all classes at once: ln(sum of exp(z)) - z[truth],
// with derivatives p-target and diag(p) - p*transpose(p), p = exp(z)/sum of exp(z).
type softmax struct {
	y []int32 // class of each packed row
}

func (s softmax) measure(i int, z, probability, derivative []float64) float64 {
	// Less the largest margin, so that nothing overflows and the sum is at least 1.
	top := z[0]
	for _, v := range z[1:] {
		top = max(top, v)
	}
	sum := 0.0
	for c, v := range z {
		e := math.Exp(v - top)
		probability[c] = e
		sum += e
	}
	for c := range probability {
		probability[c] /= sum
		derivative[c] = probability[c]
	}
	truth := s.y[i]
	derivative[truth]--
	return top + math.Log(sum) - z[truth]
}

// bend multiplies by diag(p) - p*transpose(p).
func (softmax) bend(probability, u []float64) {
	mean := 0.0
	for c, p := range probability {
		mean += p * u[c]
	}
	for c, p := range probability {
		u[c] = p * (u[c] - mean)
	}
}

func (softmax) diagonal(probability, out []float64) {
	for c, p := range probability {
		out[c] = p * (1 - p)
	}
}
