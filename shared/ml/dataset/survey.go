package dataset

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"godwit/shared/ml/dataset/record"
)

// Names of formats in Source and Options.
const (
	formatCSV   = "csv"
	formatTSV   = "tsv"
	formatJSONL = "jsonl"
)

// sampleRecords is how many records of the window are looked at. The label
// column shows itself in far fewer.
const sampleRecords = 1000

// maxColumns bounds the columns of a file.
const maxColumns = 1000

// sample is the beginning of a file as records.
type sample struct {
	columns int        // fields most records have
	share   float64    // of records that have them
	rows    [][]string // records that have them
	first   []string   // the very first record; nil when it is broken
	names   []string   // jsonl only: names in order of appearance, but for nested
	nested  []string   // jsonl only: names whose values are objects or lists in every record
}

// plan is what the survey decided.
type plan struct {
	source Source
	roles
}

// layout decides what differs between files of texts and tables.
type layout interface {
	given() []string                // the names of columns that the caller gave; "" is none
	bonus(s sample) float64         // how much a sample looks like this kind of file, 0 to 1
	names(s sample) bool            // the first record surely names the columns
	looksNamed(s sample) bool       // it looks unlike what follows
	assign(p *plan, s sample) error // gives the columns their roles; the error is unfit
}

// survey reads ahead in the text, without consuming it, and decides on format,
// delimiter, header and columns. The error is unfit, or the source's.
func survey(in *input, o Options, l layout, found *findings) (*plan, error) {
	head, err := in.text.Peek(window)
	// An error behind some good bytes comes again when they have been read.
	if err != nil && err != io.EOF && len(head) == 0 {
		return &plan{}, err
	}
	if len(head) == 0 {
		return &plan{}, unfit{"the file holds no rows"}
	}
	if err == nil {
		// The last line may be cut off; a file of one endless line has no other.
		if i := bytes.LastIndexByte(head, '\n'); i >= 0 {
			head = head[:i+1]
		}
	}
	p := &plan{}
	if p.source.Format, err = formatOf(head, o); err != nil {
		return p, err
	}
	s := p.sampleOf(head, l, found)
	if err := p.checkNames(in.decoder, found); err != nil {
		return p, err
	}
	if len(p.source.Columns) > maxColumns {
		return p, unfit{fmt.Sprintf("the file has %d columns; at most %d are read", len(p.source.Columns), maxColumns)}
	}
	written := slices.Clone(p.source.Columns)
	err = l.assign(p, s)
	p.tellColumns(s, written, found)
	if reasons, ok := err.(unfit); ok && len(s.nested) > 0 {
		err = append(reasons, "passed over, for they hold objects or lists: "+excerpt([]byte(strings.Join(s.nested, ", "))))
	}
	if err == nil {
		err = p.checkTwice(written, l.given())
	}
	if err != nil {
		return p, err
	}
	return p, p.assignTime(s, o)
}

// sampleOf cuts head into records and sets delimiter, header and the names of
// the columns.
func (p *plan) sampleOf(head []byte, l layout, found *findings) sample {
	if p.source.Format == formatJSONL {
		s := sampleObjects(head)
		p.source.Columns = withNames(s.names, l.given())
		if len(p.source.Columns) == 0 {
			p.source.Columns = []string{textNames[0], labelNames[0]}
		}
		return s
	}
	s, delimiter := bestDelimiter(head, p.source.Format, l)
	p.source.Delimiter = delimiter
	if delimiter == "\t" {
		p.source.Format = formatTSV
	}
	if s.columns == 0 {
		s.columns = 2 // nothing but broken records: read on and report them
	}
	p.source.Header = p.header(s, l, found)
	if p.source.Header {
		s.rows = withoutFirst(s)
	}
	if n := len(p.source.Columns); n != s.columns {
		s = sample{columns: n} // the header does not fit the rows
	}
	return s
}

// withoutFirst returns the rows of s less the first record.
func withoutFirst(s sample) [][]string {
	if s.first != nil && len(s.first) == s.columns && len(s.rows) > 0 {
		return s.rows[1:]
	}
	return s.rows
}

// formatOf is the format asked for, else JSON lines when the first line is a
// JSON object, else what the file's name says, else CSV.
func formatOf(head []byte, o Options) (string, error) {
	switch f := strings.ToLower(o.Format); f {
	case formatCSV, formatTSV, formatJSONL:
		return f, nil
	case "":
	default:
		return f, unfit{fmt.Sprintf("the format %q is not known; there are csv, tsv and jsonl", o.Format)}
	}
	// Content before name: exports of JSON lines are often called .csv or .txt.
	head = bytes.TrimLeft(head, " \t\r\n")
	line, _, _ := bytes.Cut(head, []byte("\n"))
	var object record.Object
	if object.Parse(line) == nil {
		return formatJSONL, nil
	}
	name := strings.TrimSuffix(strings.ToLower(o.Filename), ".gz")
	switch path.Ext(name) {
	case ".jsonl", ".ndjson", ".json":
		if bytes.HasPrefix(head, []byte("[")) {
			return formatJSONL, unfit{"the file is one JSON array; write one object per line"}
		}
		return formatJSONL, nil
	case ".tsv", ".tab":
		return formatTSV, nil
	}
	return formatCSV, nil
}

// bestDelimiter returns the delimiter under which most records of head have
// the same number of fields, two or more, and the records so cut. Among equals
// the layout's bonus wins, then the tab, which is rare in text, then the comma.
func bestDelimiter(head []byte, format string, l layout) (sample, string) {
	if format == formatTSV {
		return sampleRows(head, '\t'), "\t"
	}
	best, delimiter, bestScore := sample{}, ",", -1.0
	for _, d := range []string{"\t", ",", ";"} {
		s := sampleRows(head, d[0])
		score := s.share
		if s.columns < 2 {
			score = 0 // every file has one column under a delimiter it does not hold
		}
		score += l.bonus(s)
		if score > bestScore || score == bestScore && s.columns > 1 && best.columns < 2 {
			best, delimiter, bestScore = s, d, score
		}
	}
	if best.columns < 2 {
		return sampleRows(head, ','), ","
	}
	return best, delimiter
}

// sampleRows cuts head at a delimiter.
func sampleRows(head []byte, delim byte) sample {
	r := record.NewReader(bytes.NewReader(head), delim, record.Limits{})
	var s sample
	var all [][]string
	counts := make([]int, record.MaxFields+2)
	// Broken records count in the total, not in the rows: under the wrong
	// delimiter quotes stand in odd places, and that speaks against it.
	total := 0
	for ; total < sampleRecords; total++ {
		rec, err := r.Next()
		if err != nil {
			break
		}
		if rec.Fields == nil {
			continue
		}
		row := make([]string, len(rec.Fields))
		for i, field := range rec.Fields {
			row[i] = string(field)
		}
		if total == 0 {
			s.first = row // the only one that can be a header
		}
		all = append(all, row)
		counts[len(row)]++
	}
	for n, count := range counts {
		if count > counts[s.columns] {
			s.columns = n
		}
	}
	for _, row := range all {
		if len(row) == s.columns {
			s.rows = append(s.rows, row)
		}
	}
	s.share = float64(len(s.rows)) / float64(max(total, 1))
	return s
}

// sampleObjects reads head as JSON lines. Its rows are aligned with its names.
func sampleObjects(head []byte) sample {
	r := record.NewLineReader(bytes.NewReader(head), record.Limits{})
	var s sample
	var object record.Object
	for range sampleRecords {
		rec, err := r.Next()
		if err != nil {
			break
		}
		if rec.Fields == nil || object.Parse(rec.Raw) != nil {
			continue
		}
		row := make([]string, len(s.names))
		for i, name := range object.Names {
			if slices.Contains(object.Nested, i) {
				if len(s.nested) < record.MaxFields && !slices.Contains(s.nested, string(name)) {
					s.nested = append(s.nested, string(name))
				}
				continue
			}
			at := indexOf(s.names, string(name))
			if at < 0 && len(s.names) < record.MaxFields {
				at = len(s.names)
				s.names, row = append(s.names, string(name)), append(row, "")
			}
			if at >= 0 {
				row[at] = string(object.Values[i])
			}
		}
		s.rows = append(s.rows, row)
	}
	// A name that has a plain value anywhere is a column.
	s.nested = slices.DeleteFunc(s.nested, func(name string) bool { return indexOf(s.names, name) >= 0 })
	// Rows read before a name was first seen lack its cell.
	s.columns = len(s.names)
	for i, row := range s.rows {
		s.rows[i] = append(row, make([]string, s.columns-len(row))...)
	}
	return s
}

// withNames adds the names that the caller gave, which may come late in a file
// of objects that are not all alike.
func withNames(names, given []string) []string {
	for _, name := range given {
		if name != "" && indexOf(names, name) < 0 {
			names = append(names, name)
		}
	}
	return names
}
