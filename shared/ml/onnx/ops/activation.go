package ops

import (
	"math"

	"godwit/shared/ml/onnx"
)

// activation makes an operator of one number with two attributes, of which most
// have fewer. It computes in double precision.
func activation(f func(x, alpha, beta float64) float64, alpha, beta float32) maker {
	return parametric(f, "alpha", alpha, "beta", beta)
}

// parametric is activation with other names of the attributes.
func parametric(f func(x, a, b float64) float64, nameA string, withoutA float32, nameB string, withoutB float32) maker {
	return func(n *onnx.Node, version int64) (Kernel, error) {
		a, b := float64(floatOf(n, nameA, withoutA)), float64(floatOf(n, nameB, withoutB))
		return unary(func(x float32) float32 { return float32(f(float64(x), a, b)) })(n, version)
	}
}

// elu is x above 0 and alpha(exp(x) - 1) below.
func elu(x, alpha, _ float64) float64 {
	if x > 0 {
		return x
	}
	return alpha * math.Expm1(x)
}

// celu is elu with a slope of 1 at 0 for every alpha.
func celu(x, alpha, _ float64) float64 { return max(x, 0) + min(0, float64(alpha*math.Expm1(x/alpha))) }

// selu is elu, scaled.
func selu(x, alpha, gamma float64) float64 { return gamma * elu(x, alpha, 0) }

// hardSigmoid is a line between 0 and 1.
func hardSigmoid(x, alpha, beta float64) float64 {
	return min(max(float64(alpha*x)+beta, 0), 1)
}

// hardSwish is x times such a line.
func hardSwish(x, _, _ float64) float64 { return x * hardSigmoid(x, 1./6, .5) }

// leaky is x above 0 and alpha times x below.
func leaky(x, alpha, _ float64) float64 {
	if x < 0 {
		return alpha * x
	}
	return x
}

// thresholded is x above alpha and 0 elsewhere.
func thresholded(x, alpha, _ float64) float64 {
	if x > alpha {
		return x
	}
	return 0
}

// softplus is log(1 + exp(x)).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// mish is x·tanh(softplus(x)).
func mish(x float64) float64 { return x * math.Tanh(softplus(x)) }

// softsign is x/(1 + |x|).
func softsign(x float64) float64 { return x / (1 + math.Abs(x)) }

// sign is -1, 0 or 1; not-a-number stays.
func sign(x float32) float32 {
	if x == 0 || x != x {
		return x
	}
	return float32(math.Copysign(1, float64(x)))
}

// makeGelu is x times the normal distribution below x, or its approximation by a
// tanh (Hendrycks and Gimpel, 2016).
func makeGelu(n *onnx.Node, version int64) (Kernel, error) {
	switch approximate := textOf(n, "approximate", "none"); approximate {
	case "none":
		return unary(wide(gelu))(n, version)
	case "tanh":
		return unary(wide(func(x float64) float64 {
			return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+float64(.044715*x*x*x))))
		}))(n, version)
	default:
		return nil, onnx.Errorf(onnx.Corrupt, "approximate %q", approximate)
	}
}

// gelu is exact.
func gelu(x float64) float64 { return x / 2 * math.Erfc(-x/math.Sqrt2) }

// pRelu is leaky with a slope for each element, or for many.
func pRelu(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	return one(pair(r, in[0], in[1], func(x, slope float32) float32 {
		if x < 0 {
			return x * slope
		}
		return x
	}, func(x, slope int64) int64 {
		if x < 0 {
			return x * slope
		}
		return x
	}))
}

// makeMod is what a division leaves: with the sign of the divisor, or with fmod
// of the dividend, which is all there is for fractions.
func makeMod(n *onnx.Node, _ int64) (Kernel, error) {
	truncated := intOf(n, "fmod", 0) != 0
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		if in[0].Storage() == onnx.Floats && !truncated {
			return nil, badInput("the rest of %s needs fmod = 1", in[0].Type)
		}
		if err := wantDivisor(in[1]); err != nil {
			return nil, err
		}
		return one(pair(r, in[0], in[1], func(a, b float32) float32 { return float32(math.Mod(float64(a), float64(b))) }, func(a, b int64) int64 {
			rest := a % b
			if !truncated && rest != 0 && rest < 0 != (b < 0) {
				rest += b
			}
			return rest
		}))
	}, nil
}

// makeIsInf reports infinite numbers, of both signs unless one is left out.
func makeIsInf(n *onnx.Node, _ int64) (Kernel, error) {
	below, above := intOf(n, "detect_negative", 1) != 0, intOf(n, "detect_positive", 1) != 0
	return tested(func(x float32) bool {
		return below && math.IsInf(float64(x), -1) || above && math.IsInf(float64(x), 1)
	}), nil
}
