package tabular

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/text"
)

// ErrInvalid is wrapped by errors of a table that cannot be encoded.
var ErrInvalid = errors.New("tabular: the table cannot be encoded")

// Fit learns an encoder from rows of a table, and from no others: held-out rows
// cannot leak into it. The order of the rows does not matter; a row named twice
// counts twice.
//
// It fails with ErrInvalid when there are no rows, a row is not in the table,
// names are not different, or no column gives a feature, with the error of
// options that cannot be used, or with the context's error.
func Fit(ctx context.Context, t Table, rows []int32, o Options) (*Encoder, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := t.check(rows); err != nil {
		return nil, err
	}
	e := &Encoder{options: o, columns: make([]column, len(t.Columns)), start: []int32{0}}
	for i := range t.Columns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e.columns[i] = learn(&t.Columns[i], rows, t.DecimalComma, o)
	}
	if err := e.lay(); err != nil {
		return nil, err
	}
	if len(e.texts) > 0 {
		if err := e.learnText(ctx, t, rows); err != nil {
			return nil, err
		}
	}
	if e.Len() == 0 {
		return nil, fmt.Errorf("%w: no column tells the rows apart: %s", ErrInvalid, e.notes())
	}
	return e, nil
}

// check reports a table or rows that cannot be read.
func (t Table) check(rows []int32) error {
	seen := map[string]bool{}
	for i := range t.Columns {
		c := &t.Columns[i]
		if seen[c.Name] {
			return fmt.Errorf("%w: there are two columns %q", ErrInvalid, c.Name)
		}
		seen[c.Name] = true
		for _, r := range rows {
			if r < 0 || int(r) >= c.Len() {
				return fmt.Errorf("%w: row %d of %d in column %q", ErrInvalid, r, c.Len(), c.Name)
			}
		}
	}
	if len(t.Columns) == 0 || len(t.Columns) > maxColumns || len(rows) == 0 {
		return fmt.Errorf("%w: %d columns, at most %d, and %d rows", ErrInvalid, len(t.Columns), maxColumns, len(rows))
	}
	return nil
}

// lay numbers the features, column after column and the text of all last, and
// builds the look-ups. It serves Fit and EncoderOf, which has only the columns.
func (e *Encoder) lay() error {
	e.start = make([]int32, 1, len(e.columns)+1)
	e.texts = nil
	n := 0
	for i := range e.columns {
		c := &e.columns[i]
		if !c.index() {
			return fmt.Errorf("%w: column %q has a level twice", ErrInvalid, c.Name)
		}
		if c.Kind == Text {
			e.texts = append(e.texts, i)
		}
		n += c.features()
		e.start = append(e.start, int32(n))
	}
	return nil
}

// learnText counts the free text of the rows.
func (e *Encoder) learnText(ctx context.Context, t Table, rows []int32) error {
	// Texts are joined and share a vocabulary: a word has one weight wherever it
	// stands.
	for k, c := range e.texts {
		if k > 0 {
			e.columns[c].Note = fmt.Sprintf("joined to the text of %q", e.columns[e.texts[0]].Name)
		}
	}
	docs := make([]string, len(rows))
	all := make([]int32, len(rows)) // every document, for Vocabulary
	cells := make([]string, len(e.columns))
	var s Scratch
	for k, r := range rows {
		for _, c := range e.texts {
			cells[c] = t.Columns[c].Cell(int(r))
		}
		docs[k], all[k] = e.document(&s, cells), int32(k)
	}
	// Terms are numbered as they are met; sorted, that does not depend on the rows'
	// order.
	slices.Sort(docs)
	corpus, err := text.Count(ctx, docs, []text.Recipe{e.options.Text}, 1, nil)
	if err != nil {
		return fmt.Errorf("tabular: count words: %w", err)
	}
	// Compacted, it does not keep the corpus alive.
	v := corpus.Vocabulary(all, e.options.Text)
	e.text, _ = v.Compact(slices.Repeat([]bool{true}, v.Len()))
	return nil
}

// notes joins the notes of the first ten columns, for an error.
func (e *Encoder) notes() string {
	var all []string
	for i := range e.columns {
		all = append(all, e.columns[i].Name+": "+cmp.Or(e.columns[i].Note, "no words"))
	}
	return strings.Join(all[:min(len(all), 10)], "; ")
}

// learn finds out what a column is and what its features are.
func learn(source *dataset.Column, rows []int32, decimalComma bool, o Options) column {
	v := look(source, rows)
	c := column{Name: source.Name, Missing: v.missing, Distinct: len(v.count)}
	switch {
	case v.there() == 0:
		c.Kind, c.Note = Constant, "always empty"
	// The order matters: 20060102 is a date before it is a number, and a column of
	// one date may still be one of numbers.
	case v.dates() && c.learnDate(v, o):
	case v.numbers():
		c.learnNumber(v, decimalComma, o)
	case len(v.count) == 1 && (v.missing < o.MinLevel || v.there() < o.MinLevel):
		c.Kind, c.Note = Constant, "always the same"
	// Sentences that repeat are answers to choose from: a category.
	case v.prose() && 2*len(v.count) > v.there():
		c.Kind = Text
	default:
		c.learnCategory(v, o)
	}
	return c
}

// learnCategory keeps the frequent levels. A column most of whose rows have a
// rare level names its rows, one by one or by the handful, and is dropped.
func (c *column) learnCategory(v *view, o Options) {
	c.Kind = Category
	forms := v.frequent(o)
	covered := 0
	for _, f := range forms {
		covered += int(v.count[f])
	}
	c.Empty = v.missing >= o.MinLevel && v.there() >= o.MinLevel
	if 2*covered < v.there() { // rows, not levels: a hundred names of one row each weigh little
		c.Kind = Identifier
		c.Note = fmt.Sprintf("%d different values in %d rows: dropped as names of rows", len(v.count), v.there())
		if c.Empty {
			c.Kind = Category
			c.Note += "; that it is empty or not is kept"
		}
		return
	}
	c.Levels = v.spell(forms)
	c.Pooled = len(forms) < len(v.count)
	if rare := len(v.count) - len(forms); rare > 0 {
		c.Note = fmt.Sprintf("%d rare levels share a feature", rare)
	}
}
