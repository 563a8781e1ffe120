package dataset

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"unicode/utf8"

	"godwit/shared/ml/dataset/record"
)

// EntryOptions tell ReadEntries what to look for. The zero value finds a
// column of texts.
type EntryOptions struct {
	Filename string // its extension hints at the format; content decides where it can
	Format   string // "csv", "tsv", "jsonl"; empty: found out
	// TextColumns are preferred where all of them are there; else a column with
	// a known name is the text, else the one with the longest values.
	TextColumns []string
	// Columns make the entries rows of a table: the cells of these columns are
	// read and all others are passed over.
	Columns  []string
	MaxBytes int64 // bytes after decompression; 0: 512 MiB
}

// Entry is one record that needs no label: what a model is asked about.
type Entry struct {
	Line   int64  // physical line, from 1, on which the record begins; of a fault the line of that
	Record int64  // number of the record, from 1; a header is not counted
	ID     string // the cell of the column id or custom_id; empty where there is none
	Text   string // of texts; columns are joined by a line feed
	// Cells are of tables: what the record holds of EntryOptions.Columns, by name.
	Cells map[string]string
	Issue *Issue // why the record cannot be read; then Text and Cells are empty
}

// Entries reads the records of a file one at a time, in order, and holds about
// a megabyte. A record that cannot be read is an Entry with an Issue and costs
// no other. It is not safe for concurrent use.
type Entries struct {
	in      *input
	b       *builder
	reader  *record.Reader
	wanted  []int // columns of the file, in the order of names
	names   []string
	found   []string // those of names that the beginning of the file shows
	id      int      // column, -1 for none
	table   bool     // cells are asked for, not texts
	skipped bool     // the header was passed
}

// ReadEntries finds out how a file is written, under the rules of Read but for
// the label, and returns a reader of its records. The error is an *InputError
// when the data are at fault, else the reader's or the context's, wrapped.
func ReadEntries(ctx context.Context, r io.Reader, opts EntryOptions) (*Entries, error) {
	o := Options{Filename: opts.Filename, Format: opts.Format, TextColumns: opts.TextColumns, MaxBytes: opts.MaxBytes}.withDefaults()
	found, set := newFindings(), &Set{}
	l := &entryLayout{o: opts}
	in, p, err := begin(ctx, r, o, l, set, found)
	if err == nil && len(set.Source.Columns) == 0 {
		err = unfit{"the file holds no rows"}
	}
	if err != nil {
		_, err = conclude(set, found, in, err)
		return nil, err
	}
	e := &Entries{in: in, b: newBuilder(o, p, set, found, in.decoder), reader: p.reader(in.text, o), id: p.id, table: len(opts.Columns) > 0}
	for _, name := range opts.Columns {
		if c := indexOf(set.Source.Columns, name); c >= 0 {
			e.wanted, e.names = append(e.wanted, c), append(e.names, name)
			if indexOf(l.seen, name) >= 0 {
				e.found = append(e.found, name)
			}
		}
	}
	if len(opts.Columns) == 0 {
		e.wanted = p.text
	}
	e.b.used = append(e.b.used, e.wanted...)
	return e, nil
}

// Source returns what was found out about the file. TextColumns are those that
// are read.
func (e *Entries) Source() Source {
	s := e.b.set.Source
	s.Compressed, s.Encoding = e.in.compressed, e.in.decoder.encoding
	return s
}

// Found returns which of EntryOptions.Columns the beginning of the file shows.
func (e *Entries) Found() []string { return e.found }

// Next returns the next record, io.EOF after the last one. Any other error
// ends the reading; it is an *InputError when the data are at fault.
func (e *Entries) Next() (Entry, error) {
	rec, err := e.reader.Next()
	if err == nil && e.b.p.source.Header && !e.skipped {
		e.skipped = true
		rec, err = e.reader.Next()
	}
	if err == io.EOF {
		return Entry{}, err
	}
	if err != nil {
		_, err = conclude(e.b.set, e.b.found, e.in, err)
		return Entry{}, err
	}
	e.b.set.Records++
	entry := Entry{Line: rec.Line, Record: e.b.set.Records}
	cells, ok := e.b.frame(rec)
	if !ok {
		// frame reports exactly one error. It is taken out again, so that the
		// next one is not lost to the bound of what is kept.
		reported := e.b.found.kept[Error]
		e.refuse(&entry, reported[len(reported)-1], e.hint(rec))
		e.b.found = newFindings()
		return entry, nil
	}
	if e.id >= 0 {
		entry.ID = string(bytes.TrimSpace(cells[e.id]))
	}
	e.fill(&entry, cells)
	return entry, nil
}

// refuse makes entry one that cannot be read.
func (e *Entries) refuse(entry *Entry, issue Issue, id string) {
	issue.Fix = fixes[issue.Code]
	entry.Line, entry.ID, entry.Issue = issue.Line, id, &issue
}

// fill reads the cells that are wanted.
func (e *Entries) fill(entry *Entry, cells [][]byte) {
	for _, c := range e.wanted {
		issue := Issue{Severity: Error, Line: entry.Line, Record: entry.Record, Column: e.b.p.source.Columns[c]}
		switch {
		case len(cells[c]) > e.b.o.MaxField:
			issue.Code, issue.Message = TextTooLong, fmt.Sprintf("%d bytes; a cell has at most %d", len(cells[c]), e.b.o.MaxField)
		case cells[c] == nil && !e.table:
			issue.Code, issue.Message = FieldMissing, "the text is missing"
		default:
			continue
		}
		e.refuse(entry, issue, entry.ID)
		return
	}
	if !e.table {
		joined := make([][]byte, len(e.wanted))
		for i, c := range e.wanted {
			joined[i] = cells[c]
		}
		entry.Text = string(bytes.Join(joined, []byte("\n")))
		return
	}
	entry.Cells = make(map[string]string, len(e.wanted))
	for i, c := range e.wanted {
		if cells[c] != nil {
			entry.Cells[e.names[i]] = string(cells[c])
		}
	}
}

// hint returns the id of a record that cannot be read, where it can be told:
// a stray delimiter moves every cell but the first.
func (e *Entries) hint(rec *record.Record) string {
	var id []byte
	switch {
	case e.id < 0:
		return ""
	case e.b.p.source.Format == formatJSONL:
		for i, name := range e.b.object.Names {
			if at, known := e.b.byName[string(name)]; known && at == e.id && i < len(e.b.object.Values) {
				id = e.b.object.Values[i]
			}
		}
	case e.id < len(rec.Fields) && (e.id == 0 || len(rec.Fields) == len(e.b.p.source.Columns)):
		id = rec.Fields[e.id]
	}
	if !utf8.Valid(id) {
		return ""
	}
	return string(bytes.TrimSpace(id))
}
