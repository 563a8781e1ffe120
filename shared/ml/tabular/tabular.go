// Package tabular turns the cells of a table into sparse features.
//
// Fit looks at the training rows of a table and finds out what each column is:
// a number, a category, a date, free text, an identifier or a constant. The
// last two are dropped with a note. What it learns from those rows, medians,
// means, levels, words, is the Encoder, which then makes the same features of
// any row: of the table's, with Matrix, or of one that comes later, with
// Encode. Numbers are scaled to mean 0 and deviation 1 and an empty one counts
// as the median, with a feature of its own for being empty; categories have a
// feature for each level, one for all rare levels, and one for being empty.
//
// Every feature has a name a person can read ("age", "sex=female", "cabin
// missing") and belongs to one column, so that what a linear model makes of a
// row is a sum over its columns: Contributions.
//
// Rows may come in any order: the encoder is the same. The package does not
// read files, which is dataset's work, and does not learn weights.
package tabular

import (
	"context"
	"fmt"
	"slices"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/dataset/cell"
	"godwit/shared/ml/sparse"
	"godwit/shared/ml/text"
)

// Kind is what a column is taken for.
type Kind string

// The kinds of columns.
const (
	Number     Kind = "number"     // a quantity
	Category   Kind = "category"   // one of some names
	Date       Kind = "date"       // a date, a time of day, or both
	Text       Kind = "text"       // sentences
	Identifier Kind = "identifier" // a name for the row: dropped
	Constant   Kind = "constant"   // always the same, or always empty: dropped
)

// Shape says which features a number gives beside its scaled value.
type Shape string

// The shapes.
const (
	Plain  Shape = "plain"  // none
	Curved Shape = "curved" // its square and its logarithm
	Binned Shape = "binned" // one for each range between quantiles
)

// Options say how features are made. The zero value uses the defaults named at
// each field. They are a plain value, kept in a model's manifest.
type Options struct {
	Shape     Shape       `json:"shape"`      // of every number, default Plain
	Bins      int         `json:"bins"`       // ranges of a Binned number, default 16, at most 256
	MinLevel  int         `json:"min_level"`  // training rows from which a level has a feature of its own, default 5
	MaxLevels int         `json:"max_levels"` // levels of a category, the most frequent are kept, default 1,000
	Text      text.Recipe `json:"text"`       // features of free text, default text.Word
}

// withDefaults fills the zero fields.
func (o Options) withDefaults() Options {
	if o.Shape == "" {
		o.Shape = Plain
	}
	if o.Bins == 0 {
		o.Bins = 16
	}
	if o.MinLevel == 0 {
		o.MinLevel = 5
	}
	if o.MaxLevels == 0 {
		o.MaxLevels = 1000
	}
	if o.Text == (text.Recipe{}) {
		o.Text = text.Word()
	}
	return o
}

// check reports options that cannot be used.
func (o Options) check() error {
	switch {
	case o.Shape != Plain && o.Shape != Curved && o.Shape != Binned:
		return fmt.Errorf("tabular: shape %q is none of %s, %s and %s", o.Shape, Plain, Curved, Binned)
	case o.Bins < 2 || o.Bins > maxBins:
		return fmt.Errorf("tabular: %d bins; there may be 2 to %d", o.Bins, maxBins)
	case o.MinLevel < 1 || o.MaxLevels < 1 || o.MaxLevels > maxLevels:
		return fmt.Errorf("tabular: levels from %d rows, at most %d; the limits are 1 and %d", o.MinLevel, o.MaxLevels, maxLevels)
	}
	return o.Text.Check()
}

// The bounds of an encoder, which hold for what is fitted and what is read from a
// file: with them the features of all columns fit into an int32 by far.
const (
	maxBins    = 256
	maxLevels  = 100_000 // of one column
	maxColumns = 1000
)

// Table is what Fit looks at.
type Table struct {
	Columns []dataset.Column // of equal length; names must differ
	// DecimalComma decides columns whose numbers could be either notation.
	DecimalComma bool
}

// TableOf returns the table of a data set.
func TableOf(set *dataset.TableSet) Table {
	return Table{Columns: set.Columns, DecimalComma: set.Source.DecimalComma}
}

// Column tells what an Encoder makes of a column. Counts are of training rows.
type Column struct {
	Name     string `json:"name"`
	Kind     Kind   `json:"kind"`
	Missing  int    `json:"missing"`        // empty cells, and cells that are none of the kind
	Distinct int    `json:"distinct"`       // different cells, case and spacing apart
	Features int    `json:"features"`       // features it gives
	Note     string `json:"note,omitempty"` // what the owner should know
}

// Encoder makes features of rows. It does not change and is safe for concurrent
// use, each goroutine with a Scratch of its own.
type Encoder struct {
	options Options
	columns []column
	start   []int32 // first feature of each column, and the end: the first of text
	text    *text.Vocabulary
	texts   []int // columns of free text; its features are the first one's
}

// Scratch holds what encoding one row needs, for reuse. The zero Scratch is
// ready. It must not be used by two goroutines at a time.
type Scratch struct {
	index []int32   // of the features of the row
	value []float32 // of each of them
	cells []string  // that Cells returned
	form  []byte    // the normal form of a level
	doc   []byte    // free text, joined
	text  text.Scratch
}

// Columns reports what each column was taken for, in the order of Fit.
func (e *Encoder) Columns() []Column {
	all := make([]Column, len(e.columns))
	for i := range e.columns {
		c := &e.columns[i]
		all[i] = Column{c.Name, c.Kind, c.Missing, c.Distinct, c.features(), c.Note}
	}
	if len(e.texts) > 0 {
		all[e.texts[0]].Features = e.text.Len()
	}
	return all
}

// Options returns the options the encoder was fitted with, defaults filled in.
func (e *Encoder) Options() Options { return e.options }

// Len returns the number of features.
func (e *Encoder) Len() int {
	n := int(e.start[len(e.columns)])
	if e.text != nil {
		n += e.text.Len()
	}
	return n
}

// Cells returns the cells of a row given by column name, in the order that
// Encode takes. Columns that are not named are empty; names of no column are
// passed over. The slice belongs to s and holds until its next use.
func (e *Encoder) Cells(s *Scratch, named map[string]string) []string {
	s.cells = s.cells[:0]
	for i := range e.columns {
		s.cells = append(s.cells, named[e.columns[i].Name])
	}
	return s.cells
}

// Reads reports whether a cell can be read as what its column was taken for: a
// number, written as in the training file, or a date. An empty cell can, and so
// can anything in a column of names or of text, and in one that was dropped.
// Encode takes what cannot for empty.
func (e *Encoder) Reads(column int, content string) bool { return e.columns[column].reads(content) }

// Kind returns what a column was taken for.
func (e *Encoder) Kind(column int) Kind { return e.columns[column].Kind }

// Comma reports whether the numbers of a column have a decimal comma.
func (e *Encoder) Comma(column int) bool { return e.columns[column].Comma }

// Written writes a number as the cells of a column are written, so that a
// program's 1234.5 is not taken for another number where commas are decimal.
func (e *Encoder) Written(column int, v float64) string {
	if e.columns[column].Comma {
		return cell.Written(v, cell.Comma)
	}
	return cell.Written(v, cell.Point)
}

// Encode returns the features of a row, ascending, and their values, never 0.
// Cells are in the order of Columns and written as in the training file; those
// left out are empty. Both slices belong to s and hold until its next use. Once
// s is warm nothing is allocated, but for the joining of several texts.
func (e *Encoder) Encode(s *Scratch, cells []string) (index []int32, value []float32) {
	s.index, s.value = s.index[:0], s.value[:0]
	for i := range e.columns {
		content := ""
		if i < len(cells) {
			content = cells[i]
		}
		e.columns[i].encode(s, e.start[i], content)
	}
	if e.text == nil {
		return s.index, s.value
	}
	first := e.start[len(e.columns)] // of the text's features
	terms, weights := e.text.Vectorize(&s.text, e.document(s, cells))
	for k, f := range terms {
		s.put(first+f, float64(weights[k]))
	}
	return s.index, s.value
}

// put appends a feature unless it is 0.
func (s *Scratch) put(feature int32, v float64) {
	if v := float32(v); v != 0 {
		s.index, s.value = append(s.index, feature), append(s.value, v)
	}
}

// document joins a row's cells of free text by line feeds.
func (e *Encoder) document(s *Scratch, cells []string) string {
	if len(e.texts) == 1 && e.texts[0] < len(cells) {
		return cells[e.texts[0]]
	}
	s.doc = s.doc[:0]
	for k, c := range e.texts {
		if k > 0 {
			s.doc = append(s.doc, '\n')
		}
		if c < len(cells) {
			s.doc = append(s.doc, cells[c]...)
		}
	}
	return string(s.doc)
}

// Matrix returns rows of a table as Encode makes them. Columns are found by
// name; one that is not there is empty.
func (e *Encoder) Matrix(ctx context.Context, columns []dataset.Column, rows []int32) (*sparse.Matrix, error) {
	from := make([]int, len(e.columns))
	for i := range e.columns {
		name := e.columns[i].Name
		from[i] = slices.IndexFunc(columns, func(c dataset.Column) bool { return c.Name == name })
	}
	m := &sparse.Matrix{Rows: len(rows), Cols: e.Len(), Start: make([]int64, 1, len(rows)+1)}
	var s Scratch
	cells := make([]string, len(from))
	for k, r := range rows {
		if k%1024 == 0 && ctx.Err() != nil { // some milliseconds of work apart
			return nil, ctx.Err()
		}
		for i, c := range from {
			if c >= 0 {
				cells[i] = columns[c].Cell(int(r))
			}
		}
		index, value := e.Encode(&s, cells)
		m.Index = append(m.Index, index...)
		m.Value = append(m.Value, value...)
		m.Start = append(m.Start, int64(len(m.Index)))
	}
	m.Index, m.Value = slices.Clip(m.Index), slices.Clip(m.Value)
	return m, nil
}
