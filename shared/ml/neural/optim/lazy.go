package optim

import (
	"math"

	"godwit/shared/ml/neural/vector"
)

// A dense optimiser moves every row of an embedding at every step: a row whose
// gradient is zero goes on by its momentum. Here a row is left alone until it is
// wanted and then moved by all the steps it missed, at once:
//
//	w -= m/(√v + ε) · Σ rate(i)·√(1-β2^i)/(1-β1^i) · (β1/√β2)^j     j = 1, 2, ...
//	m *= β1^k,  v *= β2^k                                           k steps missed
//
// where i is the j-th step missed, from 1. Nobody reads a row in between, so
// that this is Adam and not the "lazy" one that forgets those steps, under which
// rare words learn ten times more slowly. Only ε is not corrected for its step.

// negligible is the share of a first step below which later ones are left out.
const negligible = 1e-7

// CatchUp brings rows of a sparse parameter, by its place in Params, to where
// they are before a step. It must be called with the rows that the step's
// gradients will touch, before the step reads them. Rows may repeat.
func (o *Optimizer) CatchUp(step, param int, which []int32) {
	for _, row := range which {
		o.catchUp(step, param, row)
	}
}

// Flush brings all rows of all sparse parameters to where they are before a
// step.
func (o *Optimizer) Flush(step int) {
	for i, at := range o.at {
		for row := range at {
			o.catchUp(step, i, int32(row))
		}
	}
}

// At returns before which step each row of a sparse parameter stands, nil of
// other parameters. It may be written between steps, as Moments may.
func (o *Optimizer) At(param int) []int32 { return o.at[param] }

// Values returns a copy of a parameter's values as they are before a step.
func (o *Optimizer) Values(step, param int) []float32 {
	p := o.replicas[0][param]
	values := append([]float32(nil), p.Value...)
	for row, at := range o.at[param] {
		if int(at) < step {
			lo, hi := span(p, int32(row))
			o.drift(values[lo:hi], param, lo, hi, int(at), step)
		}
	}
	return values
}

// catchUp brings one row to where it is before a step.
func (o *Optimizer) catchUp(step, param int, row int32) {
	at := &o.at[param][row]
	if int(*at) >= step {
		return
	}
	p, m := o.replicas[0][param], o.moments[param]
	lo, hi := span(p, row)
	o.drift(p.Value[lo:hi], param, lo, hi, int(*at), step)
	missed := float64(step - int(*at))
	if o.set.Method == SGD {
		vector.Scale(m.First[lo:hi], float32(math.Pow(o.set.Momentum, missed)))
	} else {
		vector.Scale(m.First[lo:hi], float32(math.Pow(beta1, missed)))
		vector.Scale(m.Second[lo:hi], float32(math.Pow(beta2, missed)))
	}
	*at = int32(step)
}

// drift moves the values of a row by what it missed from one step to before
// another.
func (o *Optimizer) drift(values []float32, param, lo, hi, from, to int) {
	p, m := o.replicas[0][param], o.moments[param]
	if o.set.Method == SGD {
		vector.Axpy(values, m.First[lo:hi], -float32(o.missed(from, to, o.set.Momentum)))
		return
	}
	// A step without gradient that leaves the moments: the row's own gradient
	// is zero, for it has not been touched.
	still := vector.AdamStep{Beta1: 1, Beta2: 1, Root: 1, Epsilon: epsilon, Keep: 1}
	still.Rate = float32(o.missed(from, to, beta1/math.Sqrt(beta2)))
	still.Adam(values, m.First[lo:hi], m.Second[lo:hi], p.Grad[lo:hi])
}

// missed returns the sum over the steps from one to before another of their
// rates, each as much smaller than the one before as ratio says.
func (o *Optimizer) missed(from, to int, ratio float64) float64 {
	sum, factor := 0.0, ratio
	for i := from; i < to && factor > negligible; i++ {
		sum += factor * o.rateOf(i)
		factor *= ratio
	}
	return sum
}

// rateOf returns the rate of a step, under Adam with the correction for
// moments that began at 0. Rates are kept: rows ask for old ones.
func (o *Optimizer) rateOf(step int) float64 {
	for i := len(o.rates); i <= step; i++ {
		rate := o.set.RateAt(i, o.total)
		if o.set.Method != SGD {
			t := float64(i + 1)
			rate *= math.Sqrt(1-math.Pow(beta2, t)) / (1 - math.Pow(beta1, t))
		}
		o.rates = append(o.rates, rate)
	}
	return o.rates[step]
}
