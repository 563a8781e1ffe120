package vector

import (
	"math"

	"godwit/shared/ml/neural/simd"
)

// AdamStep is one step of Adam (Kingma and Ba, "Adam: a method for stochastic
// optimization", ICLR 2015) with the decoupled decay of Loshchilov and Hutter,
// "Decoupled weight decay regularization", ICLR 2019.
type AdamStep struct {
	// Beta1 and Beta2 are the decay rates of the two moments, in [0, 1).
	Beta1, Beta2 float32
	// Rate is the learning rate divided by 1 - Beta1^t, t the step from 1.
	Rate float32
	// Root is 1 over the root of 1 - Beta2^t.
	Root float32
	// Epsilon is added to the root of the second moment; PyTorch's default is 1e-8.
	Epsilon float32
	// Keep is what a weight is multiplied by first: 1 without decay, and
	// 1 - learning rate * decay with it.
	Keep float32
}

// Adam updates the weights w and their moments m and v by the gradient g:
//
//	m = Beta1 m + (1-Beta1) g
//	v = Beta2 v + (1-Beta2) g²
//	w = Keep w - Rate m / (Root √v + Epsilon)
func (s AdamStep) Adam(w, m, v, g []float32) {
	sameLength("Adam", w, m)
	sameLength("Adam", w, v)
	sameLength("Adam", w, g)
	rest1, rest2 := 1-s.Beta1, 1-s.Beta2
	for i := s.adamLanes(w, m, v, g); i < len(w); i++ {
		m[i] = simd.FMA(s.Beta1, m[i], float32(rest1*g[i]))
		v[i] = simd.FMA(s.Beta2, v[i], float32(float32(rest2*g[i])*g[i]))
		root := simd.FMA(s.Root, float32(math.Sqrt(float64(v[i]))), s.Epsilon)
		w[i] = simd.FMA(s.Keep, w[i], -(float32(s.Rate*m[i]) / root))
	}
}
