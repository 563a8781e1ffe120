package attr

import (
	"cmp"
	"math/big"
	"strconv"
	"strings"
)

// The limits of DynamoDB's Number: 38 significant digits and magnitudes from
// 1E-130 to 9.99...E+125.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
const (
	maxDigits   = 38
	minExponent = -129 // of 1E-130 written as 0.1E-129
	maxExponent = 126  // of 9.9E+125 written as 0.99E+126
)

// Decimal is an exact decimal number, normalised: equal numbers are equal
// structs. Its value is 0.digits x 10^exponent, negative when negative.
type Decimal struct {
	digits   string // no leading or trailing zero; "" is zero
	exponent int    // 0 for zero
	negative bool
}

// ParseDecimal reads a number as DynamoDB accepts it: an optional sign, digits
// with an optional point, an optional exponent. Anything else, more than 38
// significant digits or a magnitude outside the range is an *Error.
func ParseDecimal(s string) (Decimal, error) {
	d, ok := scanDecimal(s)
	if !ok {
		return Decimal{}, Errorf("The parameter cannot be converted to a numeric value: %s", s)
	}
	return d, d.check()
}

// scanDecimal reads the grammar only. It works on the text, so that a number
// of a million digits costs no arithmetic.
func scanDecimal(s string) (Decimal, bool) {
	var d Decimal
	if s != "" && (s[0] == '-' || s[0] == '+') {
		d.negative = s[0] == '-'
		s = s[1:]
	}
	mantissa, exponent, scientific := s, "", false
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent, scientific = s[:i], s[i+1:], true
	}
	if scientific {
		e, err := strconv.Atoi(exponent)
		// An exponent beyond a million is out of range whatever the digits are;
		// the bound keeps the sums below from overflowing.
		if err != nil {
			return Decimal{}, false
		}
		d.exponent = min(max(e, -1_000_000), 1_000_000)
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return Decimal{}, false
	}
	// The point stands before the first digit from here on: 12.3 is 0.123E2.
	d.exponent += len(whole)
	return d.normalise(digits), true
}

// normalise sets the digits without the zeros around them.
func (d Decimal) normalise(digits string) Decimal {
	trimmed := strings.TrimLeft(digits, "0")
	d.exponent -= len(digits) - len(trimmed)
	d.digits = strings.TrimRight(trimmed, "0")
	if d.digits == "" {
		return Decimal{}
	}
	return d
}

// check holds the range and the precision. The range comes first, as AWS
// reports a number that breaks both.
func (d Decimal) check() error {
	switch {
	case d.digits == "":
		return nil
	case d.exponent > maxExponent:
		return Errorf("Number overflow. Attempting to store a number with magnitude larger than supported range")
	case d.exponent < minExponent:
		return Errorf("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	case len(d.digits) > maxDigits:
		return Errorf("Attempting to store more than 38 significant digits in a Number")
	}
	return nil
}

// String returns the canonical text: plain digits without an exponent, no
// leading or trailing zeros, as DynamoDB answers it.
func (d Decimal) String() string {
	if d.digits == "" {
		return "0"
	}
	sign := ""
	if d.negative {
		sign = "-"
	}
	switch n := len(d.digits); {
	case d.exponent <= 0:
		return sign + "0." + strings.Repeat("0", -d.exponent) + d.digits
	case d.exponent >= n:
		return sign + d.digits + strings.Repeat("0", d.exponent-n)
	default:
		return sign + d.digits[:d.exponent] + "." + d.digits[d.exponent:]
	}
}

// Cmp returns -1, 0 or 1 as d is below, equal to or above e.
func (d Decimal) Cmp(e Decimal) int {
	if s, t := d.sign(), e.sign(); s != t || s == 0 {
		return cmp.Compare(s, t)
	}
	order := cmp.Compare(d.exponent, e.exponent)
	if order == 0 {
		// Both start with a non-zero digit at the same place, so digit strings
		// compare as text.
		order = strings.Compare(d.digits, e.digits)
	}
	// Of two negative numbers the larger magnitude is the smaller.
	return order * d.sign()
}

// Add returns the exact sum, or an *Error when it needs more than 38 digits or
// leaves the range: DynamoDB answers an exception, it does not round.
func (d Decimal) Add(e Decimal) (Decimal, error) {
	// Both become integers in units of the smaller last digit.
	low := min(d.exponent-len(d.digits), e.exponent-len(e.digits))
	sum := new(big.Int).Add(d.scaled(low), e.scaled(low))
	out := Decimal{negative: sum.Sign() < 0}
	digits := sum.Abs(sum).String()
	out.exponent = low + len(digits)
	out = out.normalise(digits)
	return out, out.check()
}

// Neg returns the number with the other sign.
func (d Decimal) Neg() Decimal {
	d.negative = !d.negative && d.digits != ""
	return d
}

// scaled returns d x 10^-low as an integer; low is at most the place of the
// last digit, and both are bounded by the range, so at most some 300 digits.
func (d Decimal) scaled(low int) *big.Int {
	n := new(big.Int)
	if d.digits == "" {
		return n
	}
	n.SetString(d.digits+strings.Repeat("0", d.exponent-len(d.digits)-low), 10)
	if d.negative {
		n.Neg(n)
	}
	return n
}

// sign returns -1, 0 or 1.
func (d Decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}

// compareDecimalText compares canonical numbers, as Value.Text holds them.
func compareDecimalText(a, b string) int {
	x, _ := scanDecimal(a)
	y, _ := scanDecimal(b)
	return x.Cmp(y)
}

// NumberOf returns d as an attribute value.
func NumberOf(d Decimal) Value { return Value{Kind: Number, Text: d.String()} }

// Decimal returns the number a Number value holds; zero for any other kind.
func (v Value) Decimal() Decimal {
	d, _ := scanDecimal(v.Text)
	return d
}

// numberSize returns the bytes a number counts: one for two digits, one more,
// and one for a minus.
func numberSize(canonical string) int {
	d, _ := scanDecimal(canonical)
	n := (len(d.digits)+1)/2 + 1
	if d.negative {
		n++
	}
	return n
}
