package vector_test

import (
	"math"
	"testing"

	"godwit/shared/ml/neural/vector"
)

// apart returns how far got is from want in units of the last place of a
// float32 of want's size.
func apart(got float32, want float64) float64 {
	if math.IsNaN(want) && got != got || float64(got) == want {
		return 0
	}
	if math.Abs(want) > math.MaxFloat32 {
		want = math.Copysign(0x1p128, want) // where +Inf begins
		if math.IsInf(float64(got), 0) && (got > 0) == (want > 0) {
			return 0
		}
	}
	_, exponent := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(exponent-24, -149))
}

// Want is math's result in float64. The bounds are those the documents state.
func TestActivations_Accuracy(t *testing.T) {
	for _, tc := range []struct {
		name  string
		apply func(dst, x []float32)
		want  func(x float64) float64
		bound float64
	}{
		{"Exp", vector.Exp, math.Exp, 1.5},
		{"Sigmoid", vector.Sigmoid, func(x float64) float64 {
			if math.Exp(-x) > math.MaxFloat32 {
				return 0
			}
			return 1 / (1 + math.Exp(-x))
		}, 2.5},
		{"Tanh", vector.Tanh, math.Tanh, 2.5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var x []float32
			for v := -110.0; v < 110; v += 0.00037 {
				x = append(x, float32(v))
			}
			for v := -1.5; v < 1.5; v += 0.000011 {
				x = append(x, float32(v))
			}
			x = append(x, 1e-30, -1e-38, 1e-45, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()))
			got := make([]float32, len(x))
			tc.apply(got, x)
			worst, where := 0.0, float32(0)
			for i := range x {
				if d := apart(got[i], tc.want(float64(x[i]))); !(d <= worst) {
					worst, where = d, x[i]
				}
			}
			t.Logf("worst: %.2f units in the last place, at %v", worst, where)
			if !(worst <= tc.bound) {
				t.Errorf("%s(%v) is %.2f units in the last place off, want at most %v", tc.name, where, worst, tc.bound)
			}
		})
	}
}
