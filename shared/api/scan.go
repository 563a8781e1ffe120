package api

import (
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"godwit/shared/fault"
)

// maxDepth bounds how deep JSON may nest, so that no body can exhaust the stack.
const maxDepth = 32

// scanner reads strict JSON (RFC 8259) from the front of data: valid UTF-8, no
// duplicate key at any depth, no lone surrogate, no trailing data. It never
// reads a value twice and allocates only what it returns.
//
// encoding/json would do less: it keeps the last of duplicate keys silently,
// matches names in any case, and replaces bytes that are not UTF-8.
type scanner struct {
	data  []byte
	at    int
	depth int
}

// kind is the first byte that tells a JSON value's type: one of {["tfn-0 with
// all digits as '0', or 0 at the end of the data.
func (s *scanner) kind() byte {
	s.space()
	if s.at == len(s.data) {
		return 0
	}
	if c := s.data[s.at]; c < '0' || c > '9' {
		return c
	}
	return '0'
}

// space skips white space, which in JSON is these four bytes.
func (s *scanner) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// bad is the error of data that is not JSON. It names the byte, not the text:
// what somebody sent is not ours to repeat.
func (s *scanner) bad(what string) *fault.Error {
	return fault.New(fault.Malformed, "the body is not JSON: %s at byte %d", what, s.at).WithReason("not_json")
}

// take consumes c, with the space before it, if it comes next.
func (s *scanner) take(c byte) bool {
	s.space()
	if s.at < len(s.data) && s.data[s.at] == c {
		s.at++
		return true
	}
	return false
}

// end checks that nothing follows.
func (s *scanner) end() *fault.Error {
	if s.space(); s.at != len(s.data) {
		return s.bad("something follows the value")
	}
	return nil
}

// object calls field for each key; field consumes the value. Errors of field
// are returned with the key put before their pointer.
func (s *scanner) object(field func(key string) *fault.Error) *fault.Error {
	if !s.take('{') {
		return s.bad("an object was expected")
	}
	if s.depth++; s.depth > maxDepth {
		return s.bad("nested too deep")
	}
	var few [8]string
	seen := keys{list: few[:0]}
	for first := true; !s.take('}'); first = false {
		if !first && !s.take(',') {
			return s.bad("a comma or brace is missing")
		}
		if s.kind() != '"' {
			return s.bad("a key was expected")
		}
		key, err := s.text()
		if err != nil {
			return err
		}
		if !seen.add(key) {
			return within(key, complain(fault.Malformed, "duplicate_field", "the field is there twice"))
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

// array calls item for each element; item consumes it.
func (s *scanner) array(item func(i int) *fault.Error) *fault.Error {
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

// skip consumes any value, holding it to the same rules.
func (s *scanner) skip() *fault.Error {
	switch s.kind() {
	case '{':
		return s.object(func(string) *fault.Error { return s.skip() })
	case '[':
		return s.array(func(int) *fault.Error { return s.skip() })
	case '"':
		_, err := s.text()
		return err
	case '-', '0':
		_, err := s.number()
		return err
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	case 0:
		return s.bad("it ends too early")
	}
	return s.bad("a value was expected")
}

// word consumes exactly w.
func (s *scanner) word(w string) *fault.Error {
	if len(s.data)-s.at < len(w) || string(s.data[s.at:s.at+len(w)]) != w {
		return s.bad("a value was expected")
	}
	s.at += len(w)
	return nil
}

// number consumes a number in the grammar of RFC 8259 and returns its value;
// one too large for a float64 is refused.
func (s *scanner) number() (float64, *fault.Error) {
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
	v, err := strconv.ParseFloat(string(s.data[from:s.at]), 64)
	if err != nil {
		return 0, s.bad("the number is out of range")
	}
	return v, nil
}

// one consumes c without skipping space: for use inside a number or string.
func (s *scanner) one(c byte) bool {
	if s.at < len(s.data) && s.data[s.at] == c {
		s.at++
		return true
	}
	return false
}

// digits consumes decimal digits and returns how many.
func (s *scanner) digits() int {
	from := s.at
	for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' {
		s.at++
	}
	return s.at - from
}

// text consumes a string and returns its value.
func (s *scanner) text() (string, *fault.Error) {
	s.at++ // the opening quote
	from := s.at
	for s.at < len(s.data) {
		switch c := s.data[s.at]; {
		case c == '"':
			raw := s.data[from:s.at]
			if !utf8.Valid(raw) {
				s.at = from
				return "", s.bad("a string is not UTF-8")
			}
			s.at++
			return string(raw), nil
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
func (s *scanner) escaped(from int) (string, *fault.Error) {
	out := append(make([]byte, 0, 2*(s.at-from)+16), s.data[from:s.at]...)
	for s.at < len(s.data) {
		c := s.data[s.at]
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
func (s *scanner) escape() (rune, *fault.Error) {
	const plain, meaning = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	s.at++ // the backslash
	if s.at == len(s.data) {
		return 0, s.bad("a string does not end")
	}
	c := s.data[s.at]
	s.at++
	if i := slices.Index([]byte(plain), c); i >= 0 {
		return rune(meaning[i]), nil
	}
	if c != 'u' {
		return 0, s.bad("an unknown escape")
	}
	r, ok := s.hex4()
	if ok && utf16.IsSurrogate(r) {
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
func (s *scanner) hex4() (rune, bool) {
	if len(s.data)-s.at < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(s.data[s.at:s.at+4]), 16, 16)
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
