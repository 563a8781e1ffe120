package record

import "bytes"

// quoted reads the record at the beginning of w, whose first line holds a
// quote. It starts over when it is called again with more bytes.
func (r *Reader) quoted(w []byte, final bool) outcome {
	r.fields, r.scratch = r.fields[:0], r.scratch[:0]
	pos, lf := 0, -1 // lf: the first line feed at or after pos
	for {
		var field []byte
		var o outcome
		if pos < len(w) && w[pos] == '"' {
			field, o = r.quotedField(w, pos, final)
		} else {
			if lf < pos {
				if lf = bytes.IndexByte(w[pos:], '\n'); lf >= 0 {
					lf += pos
				} else {
					lf = len(w)
				}
			}
			field, o = r.plainField(w, pos, lf, final)
		}
		if o.more || o.kind != Whole {
			return o
		}
		if len(r.fields) <= MaxFields {
			r.fields = append(r.fields, field)
		}
		// n is the byte that ended the field: delimiter, line feed or the end.
		switch {
		case o.n == len(w):
			return outcome{n: o.n}
		case w[o.n] == '\n':
			return outcome{n: o.n + 1}
		}
		pos = o.n + 1
	}
}

// plainField reads a field that does not begin with a quote; lf is the line's end.
func (r *Reader) plainField(w []byte, pos, lf int, final bool) ([]byte, outcome) {
	if lf == len(w) && !final {
		return nil, outcome{more: true, at: -1}
	}
	end, field := lf, w[pos:lf]
	if i := bytes.IndexByte(field, r.delim); i >= 0 {
		end, field = pos+i, field[:i]
	} else {
		field = trimCR(field)
	}
	// In a tab-separated file a quote inside a field is a letter.
	if i := bytes.IndexByte(field, '"'); i >= 0 && r.delim != '\t' {
		return nil, outcome{kind: Bare, at: pos + i}
	}
	return field, outcome{n: end}
}

// quotedField reads the field whose opening quote is w[open].
func (r *Reader) quotedField(w []byte, open int, final bool) ([]byte, outcome) {
	pos, doubled := open+1, false
	for {
		i := bytes.IndexByte(w[pos:], '"')
		if i < 0 {
			return nil, unclosed(open, final)
		}
		pos += i
		if pos+1 < len(w) && w[pos+1] == '"' {
			pos, doubled = pos+2, true
			continue
		}
		break
	}
	field, end := w[open+1:pos], pos+1
	if end < len(w) && w[end] == '\r' && (end+1 == len(w) || w[end+1] == '\n') {
		end++
	}
	if end == len(w) && !final {
		// The next byte decides what this quote is. It was not left open, but
		// past the limit the record is reported by its last quoted field.
		return nil, outcome{more: true, at: open}
	}
	if end < len(w) && w[end] != '\n' && w[end] != r.delim {
		return nil, outcome{kind: Trailing, at: open}
	}
	multiline := bytes.IndexByte(field, '\n') >= 0
	if multiline && r.delim == '\t' && bytes.IndexByte(field, '\t') >= 0 {
		// Two lines' stray quotes that happen to pair, not one long cell.
		return nil, outcome{kind: Trailing, at: open}
	}
	if doubled || multiline {
		field = r.unescape(field)
	}
	return field, outcome{n: end}
}

// unclosed is the outcome of running out of bytes inside quotes.
func unclosed(open int, final bool) outcome {
	if final {
		return outcome{kind: Unterminated, at: open}
	}
	return outcome{more: true, at: open}
}

// unescape copies a quoted field to scratch, "" as " and CR LF as LF: the same
// cell saved on two systems must give the same text.
func (r *Reader) unescape(field []byte) []byte {
	from := len(r.scratch)
	for {
		i := bytes.IndexAny(field, "\"\r")
		if i < 0 {
			break
		}
		switch {
		case field[i] == '"':
			r.scratch = append(r.scratch, field[:i+1]...)
			i++ // the second of the pair
		case i+1 < len(field) && field[i+1] == '\n':
			r.scratch = append(r.scratch, field[:i]...)
		default:
			r.scratch = append(r.scratch, field[:i+1]...)
		}
		field = field[i+1:]
	}
	r.scratch = append(r.scratch, field...)
	return r.scratch[from:len(r.scratch):len(r.scratch)]
}
