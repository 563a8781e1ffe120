package simd

import "math"

const (
	// spareBits is how many of a float64's 52 fraction bits a float32 lacks.
	spareBits = 29
	spareMask = 1<<spareBits - 1
	halfway   = 1 << (spareBits - 1)
	// normalExponent is the biased float64 exponent of 2^-126: below it a
	// float32 is subnormal, and its midpoints have other low bits.
	normalExponent = 1023 - 126
)

// FMA returns x*y + z rounded once to float32: what VFMADD231SS and FMADDS
// return, on any processor.
//
// The product of two float32 is exact in float64 (24 + 24 of 53 bits); the sum
// is rounded. Rounding it a second time to float32 goes wrong only if the first
// rounding hit a midpoint between two float32, for rounding is monotonic and
// midpoints are float64 numbers. Only then is the sum made anew, rounded to odd
// (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved
// algorithms using rounding to odd", IEEE Trans. Computers 57(4), 2008), which
// a rounding to 24 bits cannot mistake.
func FMA(x, y, z float32) float32 {
	product, addend := float64(x)*float64(y), float64(z)
	sum := product + addend
	bits := math.Float64bits(sum)
	if bits&spareMask != halfway && bits>>52&0x7ff >= normalExponent {
		return float32(sum)
	}
	return float32(roundToOdd(product, addend, sum))
}

// roundToOdd returns x + y rounded to odd; sum is x + y rounded to nearest. Of
// the two neighbours of an inexact sum it is the one whose last bit is set.
func roundToOdd(x, y, sum float64) float64 {
	// Knuth's TwoSum: x + y = sum + rest exactly.
	part := sum - x
	rest := (x - (sum - part)) + (y - part)
	bits := math.Float64bits(sum)
	if rest == 0 || rest != rest || bits&1 == 1 {
		return sum // exact, not finite, or odd already
	}
	if (rest > 0) == (sum > 0) {
		return math.Float64frombits(bits + 1)
	}
	return math.Float64frombits(bits - 1)
}
