package sgd

import (
	"math"

	"godwit/shared/ml/linear"
)

// check refuses a row that would make learning fail or panic: a source is code
// outside this room, and one bad row would be in all weights before any loss shows
// it.
func (l *learner) check(row Row) error {
	if len(row.Index) != len(row.Value) {
		return linear.Invalid("%d columns for %d values", len(row.Index), len(row.Value))
	}
	last := int32(-1)
	for n, j := range row.Index {
		if j <= last || int(j) >= l.set.Columns {
			return linear.Invalid("column %d after %d of %d columns", j, last, l.set.Columns)
		}
		last = j
		if v := row.Value[n]; v-v != 0 { // NaN or infinite
			return linear.Invalid("column %d holds %v", j, v)
		}
	}
	if !(row.Weight >= 0) || row.Weight > math.MaxFloat32 {
		return linear.Invalid("weight %v: want a finite number, 0 or more", row.Weight)
	}
	t := row.Target
	if l.set.Loss == Squared {
		if t-t != 0 {
			return linear.Invalid("target %v: want a finite number", t)
		}
		return nil
	}
	if !(t >= 0 && t < float64(l.set.Classes)) || t != math.Trunc(t) {
		return linear.Invalid("class %v of %d", t, l.set.Classes)
	}
	return nil
}

// loss returns the loss of the row whose margins are in margin, summed over
// the outputs, and sets pull to its derivatives by margin, before any weight.
func (l *learner) loss(target float64) float64 {
	sum := 0.0
	for t, z := range l.margin {
		if l.set.Loss == Squared {
			l.pull[t] = z - target
			sum += l.pull[t] * l.pull[t] / 2
			continue
		}
		// With two classes the one output is for class 1.
		sign := -1.0
		if int(target) == t && l.outputs > 1 || l.outputs == 1 && target == 1 {
			sign = 1
		}
		if l.set.Loss == Hinge || l.set.Loss == SquaredHinge {
			sum += l.hinge(t, sign, 1-sign*z)
			continue
		}
		e := math.Exp(-math.Abs(z))
		sum += math.Log1p(e) + max(0, -sign*z)
		// 1/(1+exp(sign*z)), without overflow.
		p := 1 / (1 + e)
		if sign*z > 0 {
			p *= e
		}
		l.pull[t] = -sign * p
	}
	return sum
}

// hinge returns the loss of output t, which lacks as much of its margin, and
// sets its derivative.
func (l *learner) hinge(t int, sign, lacks float64) float64 {
	l.pull[t] = 0
	if !(lacks > 0) {
		return 0
	}
	l.pull[t] = -sign
	if l.set.Loss == SquaredHinge {
		l.pull[t] *= 2 * lacks
		return lacks * lacks
	}
	return lacks
}
