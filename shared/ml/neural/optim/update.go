package optim

import (
	"math"

	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/vector"
)

// update is one step, ready to be applied to any part.
type update struct {
	set   Settings
	step  int
	batch int
	rate  float32
	clip  float32 // what gradients are multiplied by
	adam  vector.AdamStep
	keep  float32 // what decoupled decay leaves of a weight
}

// prepare fills in what depends on the step.
func (u *update) prepare(rate float64) {
	u.rate, u.keep = float32(rate), 1
	if u.set.Method == AdamW {
		u.keep = float32(1 - rate*u.set.Decay)
	}
	t := float64(u.step + 1)
	u.adam = vector.AdamStep{
		Beta1: beta1, Beta2: beta2, Epsilon: epsilon,
		Rate: float32(rate / (1 - math.Pow(beta1, t))),
		Root: float32(1 / math.Sqrt(1-math.Pow(beta2, t))),
	}
}

// apply changes the values from lo to hi of a parameter; of a sparse one it is
// called with the rows that were touched.
func (u update) apply(p *layer.Param, m Moments, lo, hi int) {
	w, g := p.Value[lo:hi], p.Grad[lo:hi]
	if p.Running {
		for i := range w {
			w[i] += (1 - inertia) * (g[i]/float32(u.batch) - w[i])
		}
		return
	}
	if u.clip != 1 {
		vector.Scale(g, u.clip)
	}
	if p.Decay && u.set.Decay > 0 && u.set.Method != AdamW {
		vector.Axpy(g, w, float32(u.set.Decay))
	}
	first := m.First[lo:hi]
	if u.set.Method == SGD {
		vector.Scale(first, float32(u.set.Momentum))
		vector.Add(first, g)
		vector.Axpy(w, first, -u.rate)
		return
	}
	step := u.adam
	step.Keep = 1
	if p.Decay {
		step.Keep = u.keep
	}
	step.Adam(w, first, m.Second[lo:hi], g)
}
