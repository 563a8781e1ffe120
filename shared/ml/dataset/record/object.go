package record

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// SyntaxError says why a line is not a flat JSON object.
type SyntaxError struct {
	Offset  int    // bytes from the beginning of the line
	Message string // a clause for the caller, such as `"text" appears twice`
}

// Error returns the message and the offset.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.Message, e.Offset) }

// Object is one flat JSON object (RFC 8259): names and values in the order of
// the line. Its slices belong to the Object and the line and hold until the
// next call of Parse. The zero value is ready; it is not safe for concurrent use.
type Object struct {
	Names  [][]byte
	Values [][]byte // strings unescaped; numbers, true and false as written; nil for null and what is nested
	Nested []int    // the places of values that are objects or arrays: JSON, and no cells

	data    []byte
	pos     int
	scratch []byte
	seen    map[string]struct{}
}

// Parse reads line. The error is always a *SyntaxError: also for a name that
// appears twice (which one was meant?), for half a surrogate pair, for more than
// MaxFields names, and for values nested more than 64 deep. Bytes that are not
// UTF-8 are kept as they are.
func (o *Object) Parse(line []byte) error {
	o.Names, o.Values, o.Nested, o.scratch = o.Names[:0], o.Values[:0], o.Nested[:0], o.scratch[:0]
	o.data, o.pos = line, 0
	clear(o.seen)
	if o.next() != '{' {
		return o.fail("not a JSON object")
	}
	o.pos++
	if o.next() == '}' {
		return o.end()
	}
	for {
		if err := o.member(); err != nil {
			return err
		}
		switch o.next() {
		case ',':
			o.pos++
		case '}':
			return o.end()
		default:
			return o.fail("a comma or the closing brace is missing")
		}
	}
}

// end checks that nothing follows the closing brace at pos.
func (o *Object) end() error {
	o.pos++
	if o.next(); o.pos < len(o.data) {
		return o.fail("something follows the object")
	}
	return nil
}

// member reads one name and value.
func (o *Object) member() error {
	if o.next() != '"' {
		return o.fail("a name in double quotes is missing")
	}
	at := o.pos
	name, err := o.str()
	if err != nil {
		return err
	}
	if o.repeated(name) {
		o.pos = at
		return o.fail(fmt.Sprintf("%q appears twice", name))
	}
	if len(o.Names) == MaxFields {
		return o.fail("too many names")
	}
	if o.next() != ':' {
		return o.fail("the colon after a name is missing")
	}
	o.pos++
	var value []byte
	if c := o.next(); c == '{' || c == '[' {
		o.Nested = append(o.Nested, len(o.Names))
		err = o.skip(1)
	} else {
		value, err = o.value()
	}
	if err != nil {
		return err
	}
	o.Names, o.Values = append(o.Names, name), append(o.Values, value)
	return nil
}

// repeated reports whether name was read before. A few names are compared one
// by one; many go into a set, for a line of thousands must not cost their square.
func (o *Object) repeated(name []byte) bool {
	const few = 16
	if len(o.Names) < few {
		return slices.ContainsFunc(o.Names, func(n []byte) bool { return bytes.Equal(n, name) })
	}
	if o.seen == nil {
		o.seen = map[string]struct{}{}
	}
	if len(o.Names) == few {
		for _, n := range o.Names {
			o.seen[string(n)] = struct{}{}
		}
	}
	_, twice := o.seen[string(name)]
	o.seen[string(name)] = struct{}{}
	return twice
}

// value reads a string, number, true, false or null.
func (o *Object) value() ([]byte, error) {
	if o.pos == len(o.data) {
		return nil, o.fail("the value after a name is missing")
	}
	if o.data[o.pos] == '"' {
		return o.str()
	}
	// A bare word is taken to where the next token must begin, and judged whole.
	from := o.pos
	for o.pos < len(o.data) && !delimits(o.data[o.pos]) {
		o.pos++
	}
	word := o.data[from:o.pos]
	switch {
	case string(word) == "null":
		return nil, nil
	case string(word) == "true", string(word) == "false", number(word):
		return word, nil
	}
	o.pos = from
	return nil, o.fail("not a JSON value")
}

// maxDepth bounds how deep values are nested, and the stack with it.
const maxDepth = 64

// skip passes over the object or array at pos, which must be JSON. Names may
// come again in it, for nobody asks what they are of.
func (o *Object) skip(depth int) error {
	if depth > maxDepth {
		return o.fail("values are nested too deep")
	}
	closing := byte('}')
	if o.data[o.pos] == '[' {
		closing = ']'
	}
	o.pos++
	if o.next() == closing {
		o.pos++
		return nil
	}
	for {
		if err := o.element(closing, depth); err != nil {
			return err
		}
		switch o.next() {
		case ',':
			o.pos++
		case closing:
			o.pos++
			return nil
		default:
			return o.fail("a comma or the closing bracket is missing")
		}
	}
}

// element passes over one element of what ends with closing: in an object it has a name.
func (o *Object) element(closing byte, depth int) error {
	if closing == '}' {
		if o.next() != '"' {
			return o.fail("a name in double quotes is missing")
		}
		if _, err := o.str(); err != nil {
			return err
		}
		if o.next() != ':' {
			return o.fail("the colon after a name is missing")
		}
		o.pos++
	}
	if c := o.next(); c == '{' || c == '[' {
		return o.skip(depth + 1)
	}
	_, err := o.value()
	return err
}

// delimits reports whether c ends a bare word.
func delimits(c byte) bool {
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\r' || c == '\n'
}

// number reports whether w is a JSON number.
func number(w []byte) bool {
	digits := func() bool {
		n := 0
		for n < len(w) && w[n] >= '0' && w[n] <= '9' {
			n++
		}
		w = w[n:]
		return n > 0
	}
	// RFC 8259 section 6: no plus sign, no leading zero, digits on both sides of
	// the point.
	w = bytes.TrimPrefix(w, []byte("-"))
	if len(w) > 1 && w[0] == '0' && w[1] >= '0' && w[1] <= '9' || !digits() {
		return false
	}
	if len(w) > 0 && w[0] == '.' {
		if w = w[1:]; !digits() {
			return false
		}
	}
	if len(w) > 0 && (w[0] == 'e' || w[0] == 'E') {
		if w = w[1:]; len(w) > 0 && (w[0] == '+' || w[0] == '-') {
			w = w[1:]
		}
		if !digits() {
			return false
		}
	}
	return len(w) == 0
}

// str reads the string whose opening quote is at pos. Without an escape it is
// a part of the line, never nil.
func (o *Object) str() ([]byte, error) {
	o.pos++
	// Most strings have no escape. At the first one, copied becomes the place in
	// scratch where the unescaped string begins, and from the next byte to copy.
	from, copied := o.pos, -1
	for o.pos < len(o.data) {
		switch c := o.data[o.pos]; {
		case c == '"':
			o.pos++
			if copied < 0 {
				return o.data[from : o.pos-1], nil
			}
			o.scratch = append(o.scratch, o.data[from:o.pos-1]...)
			return o.scratch[copied:len(o.scratch):len(o.scratch)], nil
		case c == '\\':
			if copied < 0 {
				copied = len(o.scratch)
			}
			o.scratch = append(o.scratch, o.data[from:o.pos]...)
			if err := o.escape(); err != nil {
				return nil, err
			}
			from = o.pos
		case c < ' ':
			return nil, o.fail("a control character in a text must be escaped")
		default:
			o.pos++
		}
	}
	return nil, o.fail("the closing quote of a text is missing")
}

// escape appends the character of the escape at pos to scratch.
func (o *Object) escape() error {
	if o.pos+1 == len(o.data) {
		return o.fail("unfinished escape")
	}
	const from, to = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	c := o.data[o.pos+1]
	if i := bytes.IndexByte([]byte(from), c); i >= 0 {
		o.scratch = append(o.scratch, to[i])
		o.pos += 2
		return nil
	}
	// A character outside the basic plane is written as two units. One alone is
	// refused: as U+FFFD it would silently change the text.
	r := o.unit(o.pos)
	width := 6
	if r >= 0 && utf16.IsSurrogate(r) {
		r = utf16.DecodeRune(r, o.unit(o.pos+6))
		width = 12
		if r == utf8.RuneError {
			return o.fail("half a surrogate pair")
		}
	}
	if r < 0 {
		return o.fail("unknown escape")
	}
	o.scratch = utf8.AppendRune(o.scratch, r)
	o.pos += width
	return nil
}

// unit returns the UTF-16 unit of the \u escape at pos, or -1.
func (o *Object) unit(pos int) rune {
	if pos+6 > len(o.data) || o.data[pos] != '\\' || o.data[pos+1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range o.data[pos+2 : pos+6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// next skips white space and returns the byte at pos, 0 at the end.
func (o *Object) next() byte {
	for o.pos < len(o.data) {
		switch c := o.data[o.pos]; c {
		case ' ', '\t', '\r', '\n':
			o.pos++
		default:
			return c
		}
	}
	return 0
}

// fail makes an error at pos.
func (o *Object) fail(message string) error { return &SyntaxError{Offset: o.pos, Message: message} }
