package attr

import "strings"

// Key encoding. Each key part becomes bytes whose order is DynamoDB's order,
// and no encoding is a prefix of another, so parts can be joined and a
// partition is exactly the keys with one prefix.
//
//	S, B  the bytes, 00 written as 00 FF, then 00 00
//	N     sign (01 negative, 02 zero, 03 positive), exponent (2 bytes, biased),
//	      digits + 1, then 00; every byte after the sign inverted when negative
//
// Some, in their order (the bias makes exponent 1 of "7" 4001):
//
//	-70    01 BF FD F7 FF
//	-7     01 BF FE F7 FF
//	0      02
//	0.7    03 40 00 08 00
//	7      03 40 01 08 00
//	7.5    03 40 01 08 06 00
//	"a"    61 00 00
//	"a\0"  61 00 FF 00 00
//	"ab"   61 62 00 00
const (
	signNegative = 1
	signZero     = 2
	signPositive = 3

	exponentBias = 1 << 14
)

// AppendKey appends the encoding of a String, Number or Binary value. Other
// kinds cannot be keys; the caller has checked the kind against the schema.
func AppendKey(dst []byte, v Value) []byte {
	if v.Kind == Number {
		return appendDecimalKey(dst, v.Decimal())
	}
	// 00 00 sorts before everything a longer text could go on with, 00 FF included.
	return append(AppendKeyPrefix(dst, v), 0, 0)
}

// AppendKeyPrefix appends the start that the encodings of all String or Binary
// values beginning with v share.
func AppendKeyPrefix(dst []byte, v Value) []byte {
	for rest := v.Text; rest != ""; {
		head, tail, zero := strings.Cut(rest, "\x00")
		dst = append(dst, head...)
		if zero {
			dst = append(dst, 0, 0xff)
		}
		rest = tail
	}
	return dst
}

// appendDecimalKey writes sign, exponent and digits from the most significant
// on; inverting all bytes of a negative number turns their order round.
func appendDecimalKey(dst []byte, d Decimal) []byte {
	if d.digits == "" {
		return append(dst, signZero)
	}
	flip, sign := byte(0), byte(signPositive)
	if d.negative {
		flip, sign = 0xff, signNegative
	}
	// Biased to be positive: as an unsigned number it sorts as the signed one does.
	exponent := uint16(d.exponent + exponentBias)
	dst = append(dst, sign, byte(exponent>>8)^flip, byte(exponent)^flip)
	for i := range len(d.digits) {
		dst = append(dst, (d.digits[i]-'0'+1)^flip)
	}
	// The end sorts before any digit (which are 1 to 10), or after, inverted: 1.2
	// is below 1.23 and -1.2 above -1.23.
	return append(dst, flip)
}

// PrefixEnd returns the first byte string after all those that begin with
// prefix, or nil when there is none. prefix is not changed.
func PrefixEnd(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			end := append([]byte(nil), prefix[:i+1]...)
			end[i]++
			return end
		}
	}
	return nil
}
