// Package dataset reads labelled texts and tables: it finds out how a file is
// written, turns its records into rows, and tells the owner of the data, by
// line and reason, what is wrong with it.
//
// Read takes texts and ReadTable takes tables, in CSV, TSV or JSON lines, gzipped
// or not, in UTF-8, UTF-16 with a byte order mark or, where it is Chinese,
// GB18030; Recognise says which of the two a file is for. Both decide on
// delimiter, header and columns unless told. A bad row is dropped and reported; a file with too many of them,
// or one that cannot be trained, is an *InputError that lists every reason.
// Split then chooses held-out rows so that they stay held out when more data
// comes, or the newest ones where a column of times tells, and GroupKey says
// which rows must stay together.
//
// The bytes are streamed: what is kept is the rows, at most MaxRows of them and
// MaxBytes in all. What the cells of a table mean is found out above, where
// only training rows may be looked at. The package knows nothing of images,
// models or where the bytes come from. Framing is in the room below, record,
// and so is the reading of one cell, cell.
package dataset

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"godwit/shared/ml/dataset/record"
)

// Options tell Read what it need not find out, and its limits. The zero value
// finds out everything and uses the limits named below.
type Options struct {
	Filename    string   // its extension hints at the format; content decides where it can
	TextColumns []string // columns joined by a line feed to the text; empty: found out
	LabelColumn string   // the column of the class; empty: found out
	TimeColumn  string   // the column that says when a row came about; empty: found out
	Times       bool     // keep the times of rows, without which there is nothing to train
	Format      string   // "csv", "tsv", "jsonl"; empty: found out

	MaxBytes    int64   // bytes after decompression; 0: 512 MiB
	MaxRows     int     // rows kept; 0: 1,000,000
	MaxText     int     // bytes of one text; 0: 100,000
	MaxField    int     // bytes of any one field; 0: 1 MiB
	MaxRecord   int     // bytes of one record; 0: 4 MiB
	MinPerClass int     // rows a class must have to be kept; 0: 2
	MaxClasses  int     // classes; 0: 2,000
	MaxBadShare float64 // share of records that may be bad, 0 to 1; 0: 0.01; negative: none
}

// withDefaults returns o with every limit set.
func (o Options) withDefaults() Options {
	o.MaxBytes = cmp.Or(max(o.MaxBytes, 0), 512<<20)
	o.MaxRows = cmp.Or(max(o.MaxRows, 0), 1_000_000)
	o.MaxText = cmp.Or(max(o.MaxText, 0), 100_000)
	o.MaxField = cmp.Or(max(o.MaxField, 0), 1<<20)
	o.MaxRecord = cmp.Or(max(o.MaxRecord, 0), 4<<20)
	o.MinPerClass = cmp.Or(max(o.MinPerClass, 0), 2)
	o.MaxClasses = cmp.Or(max(o.MaxClasses, 0), 2000)
	o.MaxBadShare = max(cmp.Or(o.MaxBadShare, .01), 0)
	return o
}

// Row is one labelled text, or what is known of a table's row beside its cells.
type Row struct {
	Text   string  // as written, never empty; of a table always empty
	Label  string  // without white space around it; empty in a regression only
	ID     string  // the id column's cell; may be empty
	Split  string  // "train", "validation" or "test"; empty where the file does not say
	Group  string  // rows of one group stay together in a split; may be empty
	Time   string  // the cell of the column of times, as written; empty unless Options.Times
	Weight float32 // positive and finite; 1 where the file does not say
	Line   int64   // physical line, from 1, on which the record begins
	Record int64   // number of the record, from 1; a header is not counted
}

// Source is what Read found out, or was told, about a file.
type Source struct {
	Format      string   `json:"format"`              // "csv", "tsv" or "jsonl"
	Encoding    string   `json:"encoding"`            // "utf-8", "utf-16le", "utf-16be" or "gb18030"
	Delimiter   string   `json:"delimiter,omitempty"` // ",", ";" or a tab; empty for jsonl
	Header      bool     `json:"header"`              // the first record named the columns
	TextColumns []string `json:"text_columns"`        // joined in this order; none in a table
	LabelColumn string   `json:"label_column"`        // of a table the target
	Columns     []string `json:"columns"`             // all; "column 1" and so on without a header
	Compressed  bool     `json:"compressed"`
	// TimeColumn says when a row came about, so that a split by time is possible;
	// empty: there is no such column, or its cells are no times.
	TimeColumn string `json:"time_column,omitempty"`

	// Of tables only.
	Task         string `json:"task,omitempty"`          // Classification or Regression
	TaskReason   string `json:"task_reason,omitempty"`   // why, for the owner
	DecimalComma bool   `json:"decimal_comma,omitempty"` // most numbers are written as in 1.234,5
}

// Set is a data set read. Records == len(Rows) + Rejected always, also beside
// an error.
type Set struct {
	Rows        []Row          // in file order; their strings share memory
	Labels      []string       // the classes of Rows, sorted bytewise
	Counts      []int          // rows of each label
	Issues      []Issue        // at most 1,000, in file order: see Issue
	IssueCounts map[string]int // by code, also of those not listed
	Source      Source
	Records     int64  // records seen, a header and blank lines not counted
	Rejected    int64  // records that gave no row
	SHA256      string // hexadecimal, of the bytes as they came; empty when not all were read
}

// InputError says why a file cannot be trained, for its owner.
type InputError struct {
	Message string   // every reason, joined by "; "
	Reasons []string // the same one by one
	Issues  []Issue  // as in Set
}

// Error returns Message.
func (e *InputError) Error() string { return e.Message }

// Read reads a data set to its end. The error is an *InputError when the data
// are at fault, and comes then with the Set as far as it was read; any other
// error is the reader's or the context's, wrapped, and the Set is nil. Read
// holds the rows and about a megabyte besides.
func Read(ctx context.Context, r io.Reader, opts Options) (*Set, error) {
	o := opts.withDefaults()
	found := newFindings()
	set := &Set{}
	in, p, err := begin(ctx, r, o, textLayout{o}, set, found)
	if err != nil {
		return conclude(set, found, in, err)
	}
	b := newBuilder(o, p, set, found, in.decoder)
	b.form, b.noun, b.aim = &textForm{builder: b}, "text", "label"
	if err = b.readAll(p.reader(in.text, o)); err == nil {
		err = b.check()
	}
	set.Rows = b.rows
	return conclude(set, found, in, err)
}

// begin opens the file and surveys it; set.Source tells of both.
func begin(ctx context.Context, r io.Reader, o Options, l layout, set *Set, found *findings) (*input, *plan, error) {
	in, err := open(ctx, r, o.MaxBytes)
	if err != nil {
		return in, nil, err
	}
	p, err := survey(in, o, l, found)
	set.Source = p.source
	return in, p, err
}

// conclude fills in what is known at the end, also of a file read in part, and
// makes the caller's error of err.
func conclude(set *Set, found *findings, in *input, err error) (*Set, error) {
	reasons := in.explain(err, found)
	if err != nil && reasons == nil {
		return nil, fmt.Errorf("read data set: %w", err)
	}
	set.Source.Compressed = in.compressed
	if in.decoder != nil {
		in.decoder.report(found)
		set.Source.Encoding = in.decoder.encoding
	}
	set.SHA256 = in.digest()
	set.Issues, set.IssueCounts = found.list(), found.counts
	if reasons != nil {
		return set, newInputError(reasons, set.Issues)
	}
	return set, nil
}

// reader returns the record reader that the plan calls for.
func (p *plan) reader(text io.Reader, o Options) *record.Reader {
	limits := record.Limits{Record: o.MaxRecord}
	if p.source.Format == formatJSONL {
		return record.NewLineReader(text, limits)
	}
	return record.NewReader(text, p.source.Delimiter[0], limits)
}
