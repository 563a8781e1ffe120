package dataset

import (
	"context"
	"encoding/binary"
	"io"
)

// The tasks of a table.
const (
	Classification = "classification" // the target is one of some labels
	Regression     = "regression"     // the target is a number
)

// TableOptions tell ReadTable what it need not find out. TextColumns and
// LabelColumn mean nothing here, and MaxBytes is at most 2 GiB.
type TableOptions struct {
	Options
	Target string // the column to predict; empty: one with a known name, else the last
	Task   string // Classification or Regression; empty: found out, see Source.TaskReason
}

// TableSet is a table read. The columns hold a cell for each of Rows, and every
// column that is not the target, id, split, weight or group is among them.
//
// Rows have no Text, and no Label in a regression.
type TableSet struct {
	Set
	Columns []Column  // the features, in file order
	Task    string    // Classification or Regression
	Values  []float64 // of a regression, the target of each row; nil otherwise
}

// targetNames are known names of the target, the likelier first. Unlike in
// files of texts, a category is as often a feature.
var targetNames = []string{"target", "label", "y", "class", "目标", "标签", "类别"}

// ReadTable reads a table to its end, under the same rules and with the same
// errors as Read. A cell may be empty; a row without a target, or with nothing
// else, is dropped and reported.
//
// The columns id, split, weight and group are found by name. But weight and
// group are common names of features: a weight whose values are many or large,
// and a group of few values, are read as features, with a warning.
func ReadTable(ctx context.Context, r io.Reader, opts TableOptions) (*TableSet, error) {
	o := opts
	o.Options = o.withDefaults()
	// The offsets of a column have 32 bits, and GB18030 grows by half when read.
	o.MaxBytes = min(o.MaxBytes, 2<<30)
	found := newFindings()
	t := &TableSet{}
	in, p, err := begin(ctx, r, o.Options, &tableLayout{o: o, found: found}, &t.Set, found)
	if err == nil {
		b := newBuilder(o.Options, p, &t.Set, found, in.decoder)
		f := newTableForm(b, t)
		b.form, b.noun, b.aim = f, "cells", "target"
		if err = b.readAll(p.reader(in.text, o.Options)); err == nil {
			err = f.conclude(o.Task)
		}
		t.Rows = b.rows
	}
	// Set is conclude's answer too: nil for an error that is not the data's.
	set, err := conclude(&t.Set, found, in, err)
	if set == nil {
		return nil, err
	}
	return t, err
}

// Column is one column of a table: its name and its cells, as written. The
// cells lie one after the other in one string. A Column does not change and is
// safe for concurrent use.
type Column struct {
	Name string
	text string
	ends []uint32 // where each cell ends
}

// NewColumn returns a column of cells, together at most 4 GiB.
func NewColumn(name string, cells ...string) Column {
	b := columnBuilder{name: name}
	for _, c := range cells {
		b.add([]byte(c))
	}
	return b.column()
}

// Len returns the number of cells.
func (c *Column) Len() int { return len(c.ends) }

// Cell returns the cell of a row in [0, Len), empty where nothing was written.
// It shares the column's memory.
func (c *Column) Cell(row int) string {
	from := uint32(0)
	if row > 0 {
		from = c.ends[row-1]
	}
	return c.text[from:c.ends[row]]
}

// Bytes returns the memory the column holds.
func (c *Column) Bytes() int64 { return int64(len(c.text)) + 4*int64(cap(c.ends)) }

// tableSeed keeps the hashes of table rows apart from those of texts and groups.
const tableSeed = 2

// GroupKey is the function GroupKey for a row of the table: the same number for
// rows of one Group, else for rows whose cells are the same after NFKC, simple
// case folding and collapsing of white space.
func (t *TableSet) GroupKey(row int) uint64 {
	if t.Rows[row].Group != "" {
		return GroupKey(t.Rows[row])
	}
	return cellsKey(t.Columns, row)
}

// cellsKey hashes the normal form of a row's cells, each with its length, so
// that "a", "bc" differs from "ab", "c".
func cellsKey(columns []Column, row int) uint64 {
	var buf [512]byte
	dst := buf[:0]
	for c := range columns {
		from := len(dst) + 4
		dst = AppendNormal(append(dst, 0, 0, 0, 0), columns[c].Cell(row))
		binary.LittleEndian.PutUint32(dst[from-4:], uint32(len(dst)-from))
	}
	return hash64(dst, tableSeed)
}
