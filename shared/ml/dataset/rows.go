package dataset

import (
	"bytes"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"godwit/shared/ml/dataset/record"
)

// maxLabel is the longest label in bytes: labels go into answers and artifacts.
const maxLabel = 512

// form is what differs between rows of texts and of tables.
type form interface {
	// check reports what is wrong with the cells that only this form reads.
	check(cells [][]byte, bad report)
	// take completes a good row and copies what it keeps of the cells, which
	// belong to the reader.
	take(row *Row, cells [][]byte)
	// key returns a number that is equal for rows that say the same.
	key(row int) uint64
	// agree reports whether two rows have the same label or value.
	agree(a, b int) bool
	// excerpt returns the beginning of what a row says.
	excerpt(row int) []byte
	// keep drops all rows but these, which ascend.
	keep(rows []int32)
}

// report tells of a fault in a cell, which costs the row.
type report func(column int, code, format string, args ...any)

// builder makes rows of records.
type builder struct {
	form     form
	noun     string // what rows hold, for messages
	aim      string // what is learned from them
	o        Options
	p        *plan
	set      *Set
	found    *findings
	decoder  *decoder
	rows     []Row
	labels   map[string]string // interned
	chunk    *strings.Builder  // the strings of the latest rows
	object   record.Object
	cells    [][]byte // jsonl: the record's values in the order of the columns
	used     []int    // columns that are read
	byName   map[string]int
	hasTests bool  // a row is marked test
	rare     int64 // rows rejected for nothing but their rare label
}

// newBuilder returns a builder that counts into set; it needs a form.
func newBuilder(o Options, p *plan, set *Set, found *findings, d *decoder) *builder {
	b := &builder{o: o, p: p, set: set, found: found, decoder: d,
		labels: map[string]string{}, chunk: &strings.Builder{}, byName: map[string]int{},
		used: append([]int{p.label, p.id, p.split, p.weight, p.group, p.time}, slices.Concat(p.text, p.features)...)}
	for i, name := range p.source.Columns {
		b.byName[name] = i
	}
	b.cells = make([][]byte, len(p.source.Columns))
	return b
}

// readAll makes a row of every record, or an issue, and counts it.
func (b *builder) readAll(r *record.Reader) error {
	header := b.p.source.Header
	for {
		rec, err := r.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case header:
			header = false
			continue
		case len(b.rows) == b.o.MaxRows:
			b.found.add(Issue{Code: ArchiveLimit, Severity: Error, Line: rec.Line}, nil,
				"the file holds more than %d rows", b.o.MaxRows)
			return unfit{"the file holds more than " + strconv.Itoa(b.o.MaxRows) + " rows"}
		}
		// Counted here and nowhere else: each record then becomes exactly one
		// row or one rejection, whatever is wrong with it.
		b.set.Records++
		row := Row{Line: rec.Line, Record: b.set.Records, Weight: 1}
		cells, ok := b.frame(rec)
		if ok && b.fill(&row, cells) {
			b.rows = append(b.rows, row)
		} else {
			b.set.Rejected++
		}
	}
}

// faults are the codes and messages for records of broken form.
var faults = map[record.Kind]struct{ code, message string }{
	record.Unterminated: {CSVQuote, "a quote is opened and not closed"},
	record.Bare:         {CSVQuote, "a quote stands inside a cell that does not begin with one"},
	record.Trailing:     {CSVQuote, "a quote is opened and never closed, or there is text after the closing one"},
	record.TooLong:      {TextTooLong, "the record is too long"},
}

// frame checks the form of a record and returns its cells in the order of the
// columns, nil for one that a JSON object leaves out.
func (b *builder) frame(rec *record.Record) ([][]byte, bool) {
	issue := Issue{Severity: Error, Line: rec.At, Record: b.set.Records}
	if fault, broken := faults[rec.Kind]; broken {
		issue.Code = fault.code
		b.found.add(issue, rec.Raw, "%s", fault.message)
		return nil, false
	}
	// Damage comes before the number of cells: a delimiter may be part of it.
	if at := damaged(rec.Raw); at >= 0 {
		issue.Code = EncodingInvalid
		issue.Line = rec.Line + int64(bytes.Count(rec.Raw[:at], []byte("\n")))
		line := rec.Raw[bytes.LastIndexByte(rec.Raw[:at], '\n')+1:]
		b.found.add(issue, line, "a character is not valid %s", b.decoder.encoding)
		return nil, false
	}
	if b.p.source.Format == formatJSONL {
		return b.parse(rec, issue)
	}
	if want := len(b.p.source.Columns); len(rec.Fields) != want {
		issue.Code = CSVFieldCount
		b.found.add(issue, rec.Raw, "expected %d cells, found %d", want, len(rec.Fields))
		return nil, false
	}
	if rec.Kind == record.Literal {
		issue.Code, issue.Severity = CSVQuote, Warning
		b.found.add(issue, rec.Raw, "the quotes do not pair and were read as letters")
	}
	return rec.Fields, true
}

// parse reads a JSON object into cells.
func (b *builder) parse(rec *record.Record, issue Issue) ([][]byte, bool) {
	if err := b.object.Parse(rec.Raw); err != nil {
		issue.Code = JSONParse
		b.found.add(issue, rec.Raw, "%s", err.Error())
		return nil, false
	}
	// Names that the sample did not show are of no column and are passed over.
	clear(b.cells)
	for i, name := range b.object.Names {
		at, ok := b.byName[string(name)]
		if !ok {
			continue
		}
		if slices.Contains(b.object.Nested, i) && slices.Contains(b.used, at) {
			issue.Code, issue.Column = JSONParse, b.p.source.Columns[at]
			b.found.add(issue, rec.Raw, "the field %q holds an object or a list, which is no value of a column", name)
			return nil, false
		}
		b.cells[at] = b.object.Values[i]
	}
	return b.cells, true
}

// fill makes a row of cells. It reports everything that is wrong with them and
// returns whether the row is good.
func (b *builder) fill(row *Row, cells [][]byte) bool {
	good := true
	bad := func(column int, code, format string, args ...any) {
		good = false
		b.found.add(Issue{Code: code, Severity: Error, Line: row.Line, Record: row.Record,
			Column: b.p.source.Columns[column]}, cells[column], format, args...)
	}
	// An oversized cell is not looked into, whether or not its column is used:
	// it is more often a quote gone wrong than a value.
	for c, cell := range cells {
		if len(cell) > b.o.MaxField {
			bad(c, TextTooLong, "%d bytes; a cell has at most %d", len(cell), b.o.MaxField)
		}
	}
	if !good {
		return false
	}
	b.form.check(cells, bad)
	label := bytes.TrimSpace(cells[b.p.label])
	switch {
	case cells[b.p.label] == nil:
		bad(b.p.label, FieldMissing, "the %s is missing", b.aim)
	case len(label) == 0:
		bad(b.p.label, LabelEmpty, "the %s is empty", b.aim)
	case len(label) > maxLabel:
		bad(b.p.label, TextTooLong, "a label of %d bytes; at most %d", len(label), maxLabel)
	case b.labels[string(label)] == "" && unseen(label) >= 0: // one that is known was looked at
		bad(b.p.label, EncodingInvalid, "the label holds U+%04X, which cannot be seen", unseen(label))
	}
	b.optional(row, cells, bad)
	if !good {
		return false
	}
	b.form.take(row, cells)
	if b.p.id >= 0 {
		row.ID = b.keep(cells[b.p.id])
	}
	if b.p.group >= 0 {
		row.Group = b.keep(bytes.TrimSpace(cells[b.p.group]))
	}
	if b.p.time >= 0 && b.o.Times {
		row.Time = b.keep(bytes.TrimSpace(cells[b.p.time]))
	}
	return true
}

// unseen returns the first character of a label by which it would look like
// another label, -1 without one: a control, or what turns the direction of
// writing. A text may hold such; it is not shown in the place of another.
func unseen(label []byte) rune {
	for _, r := range string(label) {
		if unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' || unicode.Is(unicode.Bidi_Control, r) {
			return r
		}
	}
	return -1
}

// optional reads the columns that a file need not have. An empty cell is the
// default.
func (b *builder) optional(row *Row, cells [][]byte, bad report) {
	if c := b.p.weight; c >= 0 {
		if cell := bytes.TrimSpace(cells[c]); len(cell) > 0 {
			// A weight is kept as a float32, so it must be positive and finite as one.
			w, err := strconv.ParseFloat(string(cell), 32)
			if err != nil || !(w > 0) || math.IsInf(w, 0) {
				bad(c, FieldMissing, "the weight is not a positive number")
			}
			row.Weight = float32(w)
		}
	}
	if c := b.p.split; c >= 0 {
		if cell := bytes.TrimSpace(cells[c]); len(cell) > 0 {
			part, ok := splitNames[normalName(string(cell))]
			if !ok {
				bad(c, FieldMissing, "the split is none of train, validation and test")
			}
			row.Split = part
		}
	}
}

// intern returns the label as a string that all its rows share: a million rows
// have few labels, and the look-up by bytes allocates nothing.
func (b *builder) intern(label []byte) string {
	if s, ok := b.labels[string(label)]; ok {
		return s
	}
	s := string(label)
	b.labels[s] = s
	return s
}

// reserve makes room for n bytes. Texts are cut from large chunks: one
// allocation for hundreds of rows, and a Builder never moves what it gave out
// while it has room.
func (b *builder) reserve(n int) {
	const chunk = 64 << 10
	if b.chunk.Cap()-b.chunk.Len() < n {
		b.chunk = &strings.Builder{}
		b.chunk.Grow(max(chunk, n))
	}
}

// keep copies a cell to the chunk.
func (b *builder) keep(cell []byte) string {
	b.reserve(len(cell))
	from := b.chunk.Len()
	b.chunk.Write(cell)
	return b.chunk.String()[from:]
}
