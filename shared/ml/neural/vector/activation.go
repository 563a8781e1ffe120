package vector

import (
	"math"

	"godwit/shared/ml/neural/simd"
)

// constants are the numbers of exp and tanh. The assembly reads them by their
// place, so that each is written once.
//
// Both polynomials are those of Moshier's Cephes library, single precision
// (expf.c, tanhf.c): exp(r) = 1 + r + r²P(r) for |r| <= ln 2 / 2, and
// tanh(x) = x + x³Q(x²) for |x| < 0.625.
var constants = [...]float32{
	0:  -104,              // exp is 0 from here down
	1:  89,                // and infinite from here up
	2:  math.Log2E,        //
	3:  -0.693359375,      // -ln 2 in two parts: the first times an
	4:  2.12194440e-4,     // exponent is exact
	5:  1.9875691500e-4,   // P, highest power first
	6:  1.3981999507e-3,   //
	7:  8.3334519073e-3,   //
	8:  4.1665795894e-2,   //
	9:  1.6666665459e-1,   //
	10: 5.0000001201e-1,   //
	11: 1,                 //
	12: 0.625,             //
	13: -5.70498872745e-3, // Q, highest power first
	14: 2.06390887954e-2,  //
	15: -5.37397155531e-2, //
	16: 1.33314422036e-1,  //
	17: -3.33332819422e-1, //
	18: -2,                //
}

// Exp sets dst to e to the power of x, within 1 unit in the last place and a
// half. Results below the smallest float32 are 0, above the largest +Inf.
func Exp(dst, x []float32) {
	sameLength("Exp", dst, x)
	for i := expLanes(dst, x); i < len(dst); i++ {
		dst[i] = exp(x[i])
	}
}

// Sigmoid sets dst to 1/(1+exp(-x)), within 2 units in the last place and a
// half. Where exp(-x) is infinite, below -88.7, it is 0.
func Sigmoid(dst, x []float32) {
	sameLength("Sigmoid", dst, x)
	for i := sigmoidLanes(dst, x); i < len(dst); i++ {
		dst[i] = 1 / (1 + exp(-x[i]))
	}
}

// Tanh sets dst to the hyperbolic tangent of x, within 2 units in the last
// place and a half; of -0 it is 0.
func Tanh(dst, x []float32) {
	sameLength("Tanh", dst, x)
	for i := tanhLanes(dst, x); i < len(dst); i++ {
		dst[i] = tanh(x[i])
	}
}

func exp(x float32) float32 {
	c := &constants
	if x < c[0] {
		x = c[0]
	}
	if x > c[1] {
		x = c[1]
	}
	n := float32(math.RoundToEven(float64(float32(x * c[2]))))
	r := simd.FMA(n, c[4], simd.FMA(n, c[3], x))
	p := c[5]
	for _, next := range c[6:11] {
		p = simd.FMA(p, r, next)
	}
	p = simd.FMA(p, float32(r*r), r) + c[11]
	// 2^n in two factors, for n may be -150 or 128: the first product is exact,
	// the second rounds once.
	low := int32(n) >> 1
	return float32(p*power(low)) * power(int32(n)-low)
}

// power returns 2^n for n in [-126, 127].
func power(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

func tanh(x float32) float32 {
	c := &constants
	size := math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
	if size < c[12] {
		square := float32(x * x)
		q := c[13]
		for _, next := range c[14:18] {
			q = simd.FMA(q, square, next)
		}
		return simd.FMA(float32(q*square), x, x)
	}
	// 1 - 2/(exp(2|x|)+1), with the sign of x.
	y := c[11] + c[18]/(exp(size+size)+c[11])
	return math.Float32frombits(math.Float32bits(y) | math.Float32bits(x)&(1<<31))
}
