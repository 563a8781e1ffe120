package sgd

import "math"

const (
	// Adam's decays and the floor of its denominator: the paper's.
	decay1 = .9
	decay2 = .999
	floor  = 1e-8
	// smallest is the common factor below which it is multiplied out: far from
	// underflow, and so rare that the pass over all columns costs nothing.
	smallest = 1e-6
)

// step moves the weights by the batch's gradient and empties the batch.
func (l *learner) step(epoch int) {
	l.steps++
	rate := l.set.rate(l.steps, epoch)
	l.correct1 = 1 / (1 - math.Pow(decay1, float64(l.steps)))
	l.correct2 = 1 / (1 - math.Pow(decay2, float64(l.steps)))
	if l.first == nil {
		l.scale *= 1 - rate*l.set.L2
	}
	if l.scale < smallest {
		l.multiplyOut()
	}
	k := l.outputs
	average := l.set.Average && epoch > 0
	for n, j := range l.touched {
		penalty := 0.0
		if l.first != nil {
			// Adam has no common factor: the penalty's gradient of the steps
			// that passed the column by comes now, which is the same on average.
			penalty = l.set.L2 * float64(l.span[n])
		}
		for t := int(j) * k; t < (int(j)+1)*k; t++ {
			if l.first == nil && l.slope[t] == 0 {
				continue // a hinge leaves most outputs alone
			}
			moved := -rate * l.slopeOf(t, l.slope[t]/l.total+penalty*l.v[t]) / l.scale
			l.v[t] += moved
			l.slope[t] = 0
			if average {
				l.lag[t] += moved * l.sum
			}
		}
	}
	for t := range l.bias {
		l.bias[t] -= rate * l.slopeOf(l.set.Columns*k+t, l.slopeBias[t]/l.total)
		l.slopeBias[t] = 0
	}
	if average {
		l.count()
	}
	l.touched, l.span = l.touched[:0], l.span[:0]
	l.total = 0
}

// count takes the weights as they are into the average.
func (l *learner) count() {
	l.averaged++
	l.sum += l.scale
	for t, b := range l.bias {
		l.biasSum[t] += b
	}
}

// slopeOf returns the direction to move against: the gradient itself, or
// Adam's quotient of its means.
func (l *learner) slopeOf(at int, gradient float64) float64 {
	if l.first == nil {
		return gradient
	}
	l.first[at] = decay1*l.first[at] + (1-decay1)*gradient
	l.second[at] = decay2*l.second[at] + (1-decay2)*gradient*gradient
	return l.first[at] * l.correct1 / (math.Sqrt(l.second[at]*l.correct2) + floor)
}

// multiplyOut makes the common factor 1 again before it underflows.
func (l *learner) multiplyOut() {
	for t := range l.v {
		if l.lag != nil {
			l.lag[t] -= l.sum * l.v[t]
		}
		l.v[t] *= l.scale
	}
	l.sum, l.scale = 0, 1
}

// read sets the weights of m to the current ones or their average.
func (l *learner) read(m *Model) {
	if l.averaged == 0 {
		copy(m.Bias, l.bias)
		for t, v := range l.v {
			m.Weight[t] = l.scale * v
		}
		return
	}
	n := float64(l.averaged)
	for t, s := range l.biasSum {
		m.Bias[t] = s / n
	}
	for t, v := range l.v {
		m.Weight[t] = (l.sum*v - l.lag[t]) / n
	}
}
