package artifact

import "math"

// IEEE 754 binary16: 1 sign bit, 5 exponent bits of bias 15, 10 fraction bits.
// binary32 has 8 exponent bits of bias 127 and 23 fraction bits.
const (
	fractionShift = 23 - 10                 // fraction bits that binary16 lacks
	biasShift     = (127 - 15) << 23        // difference of the biases, in place
	infinity16    = 0x7c00                  // exponent all ones
	quietNaN16    = 0x7e00                  // the one NaN written
	overflow32    = 0x47800000              // 2^16 as binary32 bits: past every finite binary16
	normal32      = 0x38800000              // 2^-14: the least normal binary16
	tie32         = 1 << fractionShift >> 1 // half a unit in the last place
)

// Float16 returns the value of IEEE 754 binary16 bits. It is exact: every
// binary16 value is a binary32 value. NaN gives NaN.
func Float16(bits uint16) float32 {
	sign := uint32(bits&0x8000) << 16
	magnitude := uint32(bits & 0x7fff)
	switch {
	case magnitude >= infinity16:
		return math.Float32frombits(sign | 0x7f800000 | (magnitude&0x3ff)<<fractionShift)
	case magnitude < 0x0400:
		// Zero and subnormals count units of 2^-24.
		v := float32(magnitude) * 0x1p-24
		return math.Float32frombits(sign | math.Float32bits(v))
	}
	return math.Float32frombits(sign | (magnitude<<fractionShift + biasShift))
}

// ToFloat16 returns the IEEE 754 binary16 bits nearest to f, ties to even.
// Values that round past 65504 become infinities, those at or below 2^-25
// zero; the sign is kept, NaN gives a quiet NaN.
func ToFloat16(f float32) uint16 {
	all := math.Float32bits(f)
	sign := uint16(all >> 16 & 0x8000)
	magnitude := all & 0x7fffffff
	switch {
	case magnitude > 0x7f800000:
		return sign | quietNaN16
	case magnitude >= overflow32:
		return sign | infinity16
	case magnitude < normal32:
		// Adding 1/2 leaves the value in units of 2^-24 in the low bits of
		// the sum: the addition itself rounds to nearest even.
		sum := math.Float32frombits(magnitude) + 0.5
		return sign | uint16(math.Float32bits(sum)-math.Float32bits(0.5))
	}
	// A carry out of the fraction raises the exponent, which is the right
	// answer, up to and including infinity.
	odd := magnitude >> fractionShift & 1
	return sign | uint16((magnitude-biasShift+tie32-1+odd)>>fractionShift)
}
