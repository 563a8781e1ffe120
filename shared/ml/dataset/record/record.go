// Package record cuts a stream of UTF-8 bytes into records: delimited ones
// (RFC 4180 with any one-byte delimiter) and lines that each hold a flat JSON
// object.
//
// It knows where each record begins, in physical lines, and when a record is
// broken it says where and goes on at the next plausible line, so that one
// stray quote costs one record and not the rest of the file. A record ends at
// a line feed only: carriage return, vertical tab, form feed, U+0085 and
// U+2028 are text. Memory is bounded by Limits whatever the bytes are.
//
// It does not decode character sets, judge fields or know what a column means;
// that is the room above, dataset.
package record

import (
	"bytes"
	"io"
)

// Kind says what is wrong with the form of a record.
type Kind uint8

const (
	// Whole is a record without a fault.
	Whole Kind = iota
	// Literal is a record of a tab-separated file whose quotes do not pair.
	// Its fields are the line cut at the tabs, quotes and all.
	Literal
	// Unterminated is a record with a quote that is never closed, or not
	// within Limits.Record bytes.
	Unterminated
	// Bare is a record with a quote inside a field that does not begin with one.
	Bare
	// Trailing is a record with text between a closing quote and the delimiter.
	Trailing
	// TooLong is a record of more than Limits.Record bytes.
	TooLong
)

// Limits bound what a Reader holds at a time.
type Limits struct {
	Record int // bytes of one record; 0 means 4 MiB
}

// MaxFields is the largest number of fields a record may have. Of a longer
// one, Record.Fields holds MaxFields+1, so that it cannot be taken for whole.
const MaxFields = 4096

const (
	defaultRecord = 4 << 20
	firstBuffer   = 128 << 10
	rawKept       = 4096 // bytes of a broken record that are handed out, for an excerpt
)

// Record is one record. Its slices belong to the Reader and hold until the
// next call of Next.
type Record struct {
	Fields [][]byte // unquoted; nil unless Kind is Whole or Literal
	Raw    []byte   // its bytes without the line end; the first 4 KiB of a broken one
	Line   int64    // physical line, from 1, on which it begins
	At     int64    // physical line of the fault: for a quote, where that quote stands
	Kind   Kind
}

// Reader reads records. It is not safe for concurrent use.
type Reader struct {
	src        io.Reader
	buf        []byte
	head, tail int // unread bytes are buf[head:tail]
	err        error
	skipping   bool // the rest of the line at head belongs to a broken record
	line       int64
	delim      byte // 0: a record is a line
	limit      int
	rec        Record
	fields     [][]byte
	scratch    []byte // unquoted fields that had doubled quotes or line ends
}

// NewReader returns a Reader of delimited records. The delimiter may be any
// byte but a quote and a line end.
func NewReader(src io.Reader, delim byte, limits Limits) *Reader {
	r := &Reader{src: src, delim: delim, limit: limits.Record, line: 1}
	if r.limit <= 0 {
		r.limit = defaultRecord
	}
	return r
}

// NewLineReader returns a Reader whose records are lines: one field each,
// quotes without meaning.
func NewLineReader(src io.Reader, limits Limits) *Reader { return NewReader(src, 0, limits) }

// Next returns the next record that is not blank, io.EOF after the last one,
// or the source's error. A broken record is not an error: see Record.Kind.
func (r *Reader) Next() (*Record, error) {
	for {
		if r.skipping {
			if err := r.skipLine(); err != nil {
				return nil, err
			}
		}
		w, final := r.buf[r.head:r.tail], r.err == io.EOF
		if len(w) == 0 && final {
			return nil, io.EOF
		}
		// One byte past the limit is enough to know that it is passed, and
		// makes the answer independent of how the source chops its bytes.
		if len(w) > r.limit {
			w, final = w[:r.limit+1], false
		}
		o := r.parse(w, final)
		if o.kind != Whole && !final && bytes.IndexByte(w[o.at:], '\n') < 0 {
			o.more = true // the fault is known, the end of its line is not
		}
		switch {
		case o.more && len(w) <= r.limit:
			if r.err != nil && r.err != io.EOF {
				return nil, r.err
			}
			r.fill()
		case o.more && o.kind == Whole:
			return r.broken(w, overlong(o)), nil
		case o.blank:
			r.consume(w, o.n)
		case o.kind != Whole:
			return r.broken(w, o), nil
		default:
			return r.whole(w, o.n), nil
		}
	}
}

// outcome is what parsing one record came to.
type outcome struct {
	n     int // bytes taken, with the line end
	kind  Kind
	at    int  // offset of the quote at fault, or of the one still open; -1 none
	more  bool // the record does not end in the bytes at hand
	blank bool // an empty line
}

// overlong names the fault of a record that has not ended at the limit.
func overlong(o outcome) outcome {
	if o.at >= 0 {
		return outcome{kind: Unterminated, at: o.at}
	}
	return outcome{kind: TooLong}
}

// parse reads one record from the beginning of w. The usual line, without a
// quote, takes a few vectorised searches and no copy.
func (r *Reader) parse(w []byte, final bool) outcome {
	end := bytes.IndexByte(w, '\n')
	if end < 0 && final {
		end = len(w)
	}
	line := w
	if end >= 0 {
		line = trimCR(w[:end])
		if len(line) == 0 {
			return outcome{n: min(end+1, len(w)), blank: true}
		}
	}
	if r.delim != 0 && bytes.IndexByte(line, '"') >= 0 {
		return r.quoted(w, final)
	}
	if end < 0 {
		return outcome{more: true, at: -1}
	}
	r.cut(line)
	return outcome{n: min(end+1, len(w))}
}

// cut splits a line without quotes into fields.
func (r *Reader) cut(line []byte) {
	r.fields = r.fields[:0]
	for r.delim != 0 && len(r.fields) < MaxFields {
		i := bytes.IndexByte(line, r.delim)
		if i < 0 {
			break
		}
		r.fields = append(r.fields, line[:i:i])
		line = line[i+1:]
	}
	r.fields = append(r.fields, line)
}

// whole consumes n bytes of w and hands them out as a good record.
func (r *Reader) whole(w []byte, n int) *Record {
	r.rec = Record{Fields: r.fields, Raw: trimCR(bytes.TrimSuffix(w[:n], lineFeed)), Line: r.line, At: r.line}
	r.consume(w, n)
	return &r.rec
}

// broken hands out a record at fault and goes on at the line after the fault.
// The bytes before it were scanned once for this record and will be scanned
// once more as others, never a third time: a line that opens a quote holds an
// odd run of quotes, which ends any quote that was open before it.
func (r *Reader) broken(w []byte, o outcome) *Record {
	end := len(w)
	if i := bytes.IndexByte(w[o.at:], '\n'); i >= 0 {
		end = o.at + i + 1
	}
	line := trimCR(bytes.TrimSuffix(w[:end], lineFeed))
	r.rec = Record{Raw: line[:min(len(line), rawKept)], Line: r.line, Kind: o.kind}
	r.rec.At = r.line + int64(bytes.Count(w[:o.at], lineFeed))
	if r.delim == '\t' && o.kind != TooLong && r.rec.At == r.line && end <= r.limit {
		// Many tab-separated files never quote: there a quote is a letter.
		r.cut(line)
		r.rec.Kind, r.rec.Fields, r.rec.Raw = Literal, r.fields, line
	}
	r.skipping = w[end-1] != '\n'
	r.consume(w, end)
	return &r.rec
}

// consume moves past n bytes of w, which begins at head, and counts lines.
func (r *Reader) consume(w []byte, n int) {
	r.line += int64(bytes.Count(w[:n], lineFeed))
	r.head += n
}

// skipLine drops bytes up to and with the next line feed, whatever their number.
func (r *Reader) skipLine() error {
	for {
		if i := bytes.IndexByte(r.buf[r.head:r.tail], '\n'); i >= 0 {
			r.head += i + 1
			r.line++
			r.skipping = false
			return nil
		}
		r.head = r.tail
		if r.err != nil {
			return r.err
		}
		r.fill()
	}
}

// fill reads on. It at least doubles an unfinished record, so that parsing it
// again from its beginning costs linear time in all.
func (r *Reader) fill() {
	rest := r.tail - r.head
	if want := max(firstBuffer, 2*min(rest, r.limit+1)); want > len(r.buf) {
		grown := make([]byte, want)
		copy(grown, r.buf[r.head:r.tail])
		r.buf = grown
	} else {
		copy(r.buf, r.buf[r.head:r.tail])
	}
	r.head, r.tail = 0, rest
	idle := 0
	for r.err == nil && r.tail < len(r.buf) {
		n, err := r.src.Read(r.buf[r.tail:])
		r.tail, r.err = r.tail+n, err
		if idle++; n > 0 {
			idle = 0
		} else if err == nil && idle == 100 {
			r.err = io.ErrNoProgress
		}
	}
}

var lineFeed = []byte{'\n'}

// trimCR drops one carriage return from the end of a line.
func trimCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}
