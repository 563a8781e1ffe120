package cell

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Notation is how the numbers of a column are written.
type Notation uint8

// The notations. Space, apostrophe and the other one's decimal mark part
// thousands in either.
const (
	Point Notation = iota // 1,234.5
	Comma                 // 1.234,5
)

// marks returns the decimal mark and the mark between thousands.
func (n Notation) marks() (decimal, thousands byte) {
	if n == Comma {
		return ',', '.'
	}
	return '.', ','
}

const (
	// longest is the most characters a number may have; a double needs 24.
	longest = 64
	// largest bounds numbers so that the squares of a million of them can be
	// added up.
	largest = 1e150
)

// Number reads a number: sign, thousands in groups, decimals, exponent, a
// currency symbol before or behind, a percent sign (the hundredth is taken),
// brackets around a negative one, full-width digits. It is false for anything
// else, also for infinities, "NaN" and numbers beyond 1e150.
func Number(s string, n Notation) (float64, bool) {
	s = Trim(s)
	if len(s) == 0 || len(s) > longest {
		return 0, false
	}
	if plain(s, n) {
		v, err := strconv.ParseFloat(s, 64)
		return v, err == nil && v <= largest && v >= -largest
	}
	if c := s[len(s)-1]; c|0x20 >= 'a' && c|0x20 <= 'z' {
		return 0, false // a word: no number ends in a letter
	}
	var buf [longest]byte
	negative, p := strip(narrow(buf[:0], s), '(', ')')
	sign := 1.0
	if negative {
		sign = -1
	}
	percent := false
	if i := len(p) - 1; i >= 0 && p[i] == '%' {
		percent, p = true, trimSpaces(p[:i])
	}
	digits, ok := canonical(p, n)
	if !ok || negative && (p[0] == '-' || p[0] == '+') {
		return 0, false
	}
	// A conversion from bytes is a copy of a few bytes on the stack.
	v, err := strconv.ParseFloat(string(digits), 64)
	if err != nil || v > largest || v < -largest {
		return 0, false
	}
	if percent {
		v /= 100
	}
	return sign * v, true
}

// Notations reports under which notations a cell is a number.
func Notations(s string) (point, comma bool) {
	_, point = Number(s, Point)
	if !strings.ContainsAny(s, ".,．，") {
		return point, point
	}
	_, comma = Number(s, Comma)
	return point, comma
}

// plain reports whether s is digits, with at most a minus sign before them and
// a decimal point among them: most numbers are, and strconv reads those as they
// are.
func plain(s string, n Notation) bool {
	if s[0] == '-' {
		s = s[1:]
	}
	point := n == Comma // there it parts thousands
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			digits++
		case c == '.' && !point:
			point = true
		default:
			return false
		}
	}
	return digits > 0
}

// narrow appends s to dst with what has a plain form in that form: full-width
// digits and signs, the minus sign, the special spaces and apostrophes.
// Currency symbols at either end are left out; other characters become '!',
// which no number has.
func narrow(dst []byte, s string) []byte {
	for i, r := range s {
		switch {
		case r < utf8.RuneSelf && r != '$':
			dst = append(dst, byte(r))
		case r >= '！' && r <= '～' && r != '＄':
			dst = append(dst, byte(r-'！'+'!'))
		case r == '−':
			dst = append(dst, '-')
		case r == '’':
			dst = append(dst, '\'')
		case unicode.IsSpace(r):
			dst = append(dst, ' ')
		case r == '元' || unicode.Is(unicode.Sc, r):
			// "$5", "-$5", "5 €"; a sign in the middle of digits is no number.
			if i+utf8.RuneLen(r) < len(s) && !signsOnly(dst) {
				dst = append(dst, '!')
			}
		default:
			dst = append(dst, '!')
		}
	}
	return trimSpaces(dst)
}

// signsOnly reports whether p holds nothing but what may stand before a
// currency symbol.
func signsOnly(p []byte) bool {
	for _, c := range p {
		if c != '-' && c != '+' && c != '(' && c != ' ' {
			return false
		}
	}
	return true
}

// strip takes a pair of brackets off p and reports whether there was one.
func strip(p []byte, open, shut byte) (bool, []byte) {
	if n := len(p); n > 2 && p[0] == open && p[n-1] == shut {
		return true, trimSpaces(p[1 : n-1])
	}
	return false, p
}

// trimSpaces drops spaces around p.
func trimSpaces(p []byte) []byte {
	for len(p) > 0 && p[0] == ' ' {
		p = p[1:]
	}
	for len(p) > 0 && p[len(p)-1] == ' ' {
		p = p[:len(p)-1]
	}
	return p
}

// canonical rewrites a number in place to what strconv reads: no thousands
// marks, a point. It reports whether p is a number.
func canonical(p []byte, n Notation) ([]byte, bool) {
	decimal, thousands := n.marks()
	out, i := p[:0], 0
	if i < len(p) && (p[i] == '-' || p[i] == '+') {
		out = append(out, p[i])
		for i++; i < len(p) && p[i] == ' '; i++ { // "- 5"
		}
	}
	from := len(out)
	out, i, ok := wholePart(out, p, i, thousands)
	if !ok {
		return nil, false
	}
	digits := len(out) - from
	if i < len(p) && p[i] == decimal {
		out = append(out, '.')
		for i++; i < len(p) && isDigit(p[i]); i++ {
			out = append(out, p[i])
			digits++
		}
	}
	if digits == 0 {
		return nil, false
	}
	return exponent(out, p, i)
}

// wholePart appends the digits before the decimal mark. Groups must be of
// three digits, or of two as in India, with three at the end, and marked alike.
func wholePart(out, p []byte, i int, thousands byte) ([]byte, int, bool) {
	mark, run, groups := byte(0), 0, 0
	for ; i < len(p); i++ {
		c := p[i]
		if isDigit(c) {
			out = append(out, c)
			run++
			continue
		}
		if c != thousands && c != ' ' && c != '\'' || mark != 0 && c != mark {
			break
		}
		if groups == 0 && (run < 1 || run > 3) || groups > 0 && run != 2 && run != 3 {
			return nil, 0, false
		}
		mark, run, groups = c, 0, groups+1
	}
	return out, i, groups == 0 || run == 3
}

// exponent appends the rest of p, which must be an exponent or nothing.
func exponent(out, p []byte, i int) ([]byte, bool) {
	if i == len(p) {
		return out, true
	}
	if p[i] != 'e' && p[i] != 'E' {
		return nil, false
	}
	out = append(out, 'e')
	if i++; i < len(p) && (p[i] == '-' || p[i] == '+') {
		out = append(out, p[i])
		i++
	}
	from := i
	for ; i < len(p) && isDigit(p[i]); i++ {
		out = append(out, p[i])
	}
	return out, i == len(p) && i > from
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// Written writes v as Number reads it in a notation: the way for a program to
// put its own number into a cell.
func Written(v float64, n Notation) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if n == Comma {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}
