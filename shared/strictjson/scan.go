// Package strictjson reads JSON without trust and without reflection.
//
// It holds to RFC 8259: valid UTF-8, no lone surrogate, no trailing data; and
// beyond it, because a body that two readers understand differently is an
// attack, no key may stand twice in an object, at any depth. encoding/json does
// less: it keeps the last of duplicate keys silently, matches names in any case
// and replaces bytes that are not UTF-8. Nesting is bounded (maxDepth).
//
// A reader is written as closures: Object calls one for each key, Array for
// each element, and each consumes its value. An error made with Complain comes
// out with the JSON pointer of its place. The package knows no wire type.
package strictjson

import (
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"godwit/shared/fault"
)

// maxDepth bounds how deep JSON may nest, so that no body can exhaust the stack.
const maxDepth = 32

// Scanner reads JSON from the front of Data. Each method consumes one value or
// says, as a fault.Malformed, what at which byte is not JSON. It never reads a
// value twice, allocates only what it returns and keeps no part of Data. It is
// for one goroutine, and of no use after its first error.
//
// A reader of {"rows":["a","b"]} looks like this:
//
//	err := s.Object(func(key string) *fault.Error {
//		if key != "rows" {
//			return s.Skip() // held to the same rules
//		}
//		return s.Array(func(int) *fault.Error {
//			text, err := s.Text()
//			rows = append(rows, text)
//			return err
//		})
//	})
//	if err == nil {
//		err = s.End()
//	}
type Scanner struct {
	Data  []byte
	at    int
	depth int
}

// At is the index of the byte that is read next.
func (s *Scanner) At() int { return s.at }

// Since returns the bytes from index from, as At gave it, up to the one read
// next. They are part of Data.
func (s *Scanner) Since(from int) []byte { return s.Data[from:s.at] }

// Kind is the first byte that tells a JSON value's type: one of {["tfn-0 with
// all digits as '0', or 0 at the end of the data.
func (s *Scanner) Kind() byte {
	s.space()
	if s.at == len(s.Data) {
		return 0
	}
	if c := s.Data[s.at]; c < '0' || c > '9' {
		return c
	}
	return '0'
}

// space skips white space, which in JSON is these four bytes.
func (s *Scanner) space() {
	for s.at < len(s.Data) {
		switch s.Data[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// bad is the error of data that is not JSON. It names the byte, not the text:
// what somebody sent is not ours to repeat.
func (s *Scanner) bad(what string) *fault.Error {
	return fault.New(fault.Malformed, "the body is not JSON: %s at byte %d", what, s.at).WithReason("not_json")
}

// take consumes c, with the space before it, if it comes next.
func (s *Scanner) take(c byte) bool {
	s.space()
	if s.at < len(s.Data) && s.Data[s.at] == c {
		s.at++
		return true
	}
	return false
}

// End checks that nothing follows.
func (s *Scanner) End() *fault.Error {
	if s.space(); s.at != len(s.Data) {
		return s.bad("something follows the value")
	}
	return nil
}

// Object calls field for each key; field consumes the value. Errors of field
// are returned with the key put before their pointer.
func (s *Scanner) Object(field func(key string) *fault.Error) *fault.Error {
	if !s.take('{') {
		return s.bad("an object was expected")
	}
	if s.depth++; s.depth > maxDepth {
		return s.bad("nested too deep")
	}
	// Few keys live on the stack: most objects of a request have up to eight.
	var few [8]string
	seen := keys{list: few[:0]}
	for first := true; !s.take('}'); first = false {
		if !first && !s.take(',') {
			return s.bad("a comma or brace is missing")
		}
		// Also after a comma: a trailing one is no JSON.
		if s.Kind() != '"' {
			return s.bad("a key was expected")
		}
		key, err := s.Text()
		if err != nil {
			return err
		}
		if !seen.add(key) {
			return within(key, Complain(fault.Malformed, "duplicate_field", "the field is there twice"))
		}
		if !s.take(':') {
			return s.bad("a colon is missing")
		}
		if err := field(key); err != nil {
			return within(key, err)
		}
	}
	s.depth--
	return nil
}

// Array calls item for each element; item consumes it.
func (s *Scanner) Array(item func(i int) *fault.Error) *fault.Error {
	if !s.take('[') {
		return s.bad("an array was expected")
	}
	if s.depth++; s.depth > maxDepth {
		return s.bad("nested too deep")
	}
	for i := 0; !s.take(']'); i++ {
		if i > 0 && !s.take(',') {
			return s.bad("a comma or bracket is missing")
		}
		if err := item(i); err != nil {
			return within(strconv.Itoa(i), err)
		}
	}
	s.depth--
	return nil
}

// Skip consumes any value, holding it to the same rules.
func (s *Scanner) Skip() *fault.Error {
	switch s.Kind() {
	case '{':
		return s.Object(func(string) *fault.Error { return s.Skip() })
	case '[':
		return s.Array(func(int) *fault.Error { return s.Skip() })
	case '"':
		_, err := s.Text()
		return err
	case '-', '0':
		_, err := s.Number()
		return err
	case 't':
		return s.Word("true")
	case 'f':
		return s.Word("false")
	case 'n':
		return s.Word("null")
	case 0:
		return s.bad("it ends too early")
	}
	return s.bad("a value was expected")
}

// Word consumes exactly w.
func (s *Scanner) Word(w string) *fault.Error {
	s.space()
	if len(s.Data)-s.at < len(w) || string(s.Data[s.at:s.at+len(w)]) != w {
		return s.bad("a value was expected")
	}
	s.at += len(w)
	return nil
}

// Number consumes a number in the grammar of RFC 8259 and returns its value;
// one too large for a float64 is refused.
func (s *Scanner) Number() (float64, *fault.Error) {
	s.space()
	from := s.at
	s.one('-')
	if !s.one('0') && s.digits() == 0 {
		return 0, s.bad("a digit was expected")
	}
	if s.one('.') && s.digits() == 0 {
		return 0, s.bad("a digit was expected")
	}
	if s.one('e') || s.one('E') {
		if !s.one('+') {
			s.one('-')
		}
		if s.digits() == 0 {
			return 0, s.bad("a digit was expected")
		}
	}
	// The grammar was checked above: ParseFloat alone takes hexadecimal, Inf and NaN.
	v, err := strconv.ParseFloat(string(s.Data[from:s.at]), 64)
	if err != nil {
		return 0, s.bad("the number is out of range")
	}
	return v, nil
}

// one consumes c without skipping space: for use inside a number or string.
func (s *Scanner) one(c byte) bool {
	if s.at < len(s.Data) && s.Data[s.at] == c {
		s.at++
		return true
	}
	return false
}

// digits consumes decimal digits and returns how many.
func (s *Scanner) digits() int {
	from := s.at
	for s.at < len(s.Data) && s.Data[s.at] >= '0' && s.Data[s.at] <= '9' {
		s.at++
	}
	return s.at - from
}

// Text consumes a string and returns its value.
func (s *Scanner) Text() (string, *fault.Error) {
	if !s.take('"') {
		return "", s.bad("a string was expected")
	}
	from := s.at
	for s.at < len(s.Data) {
		switch c := s.Data[s.at]; {
		case c == '"':
			raw := s.Data[from:s.at]
			if !utf8.Valid(raw) {
				s.at = from
				return "", s.bad("a string is not UTF-8")
			}
			s.at++
			return string(raw), nil
		// Most strings have no escape and are copied once, as they are.
		case c == '\\':
			return s.escaped(from)
		case c < ' ':
			return "", s.bad("a control character stands in a string")
		}
		s.at++
	}
	return "", s.bad("a string does not end")
}

// escaped reads the rest of a string that began at from and has an escape at s.at.
func (s *Scanner) escaped(from int) (string, *fault.Error) {
	out := append(make([]byte, 0, 2*(s.at-from)+16), s.Data[from:s.at]...)
	for s.at < len(s.Data) {
		c := s.Data[s.at]
		switch {
		case c == '"':
			if !utf8.Valid(out) {
				return "", s.bad("a string is not UTF-8")
			}
			s.at++
			return string(out), nil
		case c < ' ':
			return "", s.bad("a control character stands in a string")
		case c != '\\':
			out = append(out, c)
			s.at++
		default:
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
		}
	}
	return "", s.bad("a string does not end")
}

// escape consumes one escape sequence; a pair of surrogates is one.
func (s *Scanner) escape() (rune, *fault.Error) {
	// The eight escapes of one letter, and what each stands for at the same index.
	const plain, meaning = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	s.at++ // the backslash
	if s.at == len(s.Data) {
		return 0, s.bad("a string does not end")
	}
	c := s.Data[s.at]
	s.at++
	if i := slices.Index([]byte(plain), c); i >= 0 {
		return rune(meaning[i]), nil
	}
	if c != 'u' {
		return 0, s.bad("an unknown escape")
	}
	r, ok := s.hex4()
	if ok && utf16.IsSurrogate(r) {
		// No escape follows: -1 makes no pair with anything.
		low := rune(-1)
		if s.one('\\') && s.one('u') {
			low, _ = s.hex4()
		}
		r = utf16.DecodeRune(r, low)
		ok = r != utf8.RuneError
	}
	if !ok {
		return 0, s.bad("a broken \\u escape")
	}
	return r, nil
}

// hex4 consumes four hexadecimal digits.
func (s *Scanner) hex4() (rune, bool) {
	if len(s.Data)-s.at < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(s.Data[s.at:s.at+4]), 16, 16)
	s.at += 4
	return rune(v), err == nil
}

// keys tells a key that comes twice. Few keys are compared one by one, many by
// a map, so that an object of a hundred thousand keys costs no quadratic time.
type keys struct {
	list []string
	set  map[string]struct{}
}

// add notes key and reports whether it is new.
func (k *keys) add(key string) bool {
	if k.set == nil {
		if slices.Contains(k.list, key) {
			return false
		}
		if len(k.list) < cap(k.list) {
			k.list = append(k.list, key)
			return true
		}
		k.set = make(map[string]struct{}, 2*len(k.list))
		for _, had := range k.list {
			k.set[had] = struct{}{}
		}
	}
	if _, twice := k.set[key]; twice {
		return false
	}
	k.set[key] = struct{}{}
	return true
}
