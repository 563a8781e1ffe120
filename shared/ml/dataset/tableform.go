package dataset

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"godwit/shared/ml/dataset/cell"
)

// columnBuilder gathers the cells of a column.
type columnBuilder struct {
	name string
	text []byte
	ends []uint32
}

// add appends a cell.
func (c *columnBuilder) add(cell []byte) {
	c.text = append(c.text, cell...)
	c.ends = append(c.ends, uint32(len(c.text)))
}

// column returns the column, its memory cut to size.
func (c *columnBuilder) column() Column {
	return Column{Name: c.name, text: string(c.text), ends: append([]uint32(nil), c.ends...)}
}

// tableForm is the form of table rows.
type tableForm struct {
	*builder
	table   *TableSet
	columns []columnBuilder // the features
	target  columnBuilder
}

// newTableForm returns a form that fills t.
func newTableForm(b *builder, t *TableSet) *tableForm {
	f := &tableForm{builder: b, table: t}
	for _, c := range b.p.features {
		f.columns = append(f.columns, columnBuilder{name: b.p.source.Columns[c]})
	}
	f.target.name = b.p.source.LabelColumn
	return f
}

// check implements form: a row must say something beside its target.
func (f *tableForm) check(cells [][]byte, bad report) {
	for _, c := range f.p.features {
		if len(bytes.TrimSpace(cells[c])) > 0 {
			return
		}
	}
	bad(f.p.features[0], TextEmpty, "every cell but the target is empty")
}

// take implements form. The label waits in target: whether it is one, or a
// number, shows when all are there.
func (f *tableForm) take(_ *Row, cells [][]byte) {
	for i, c := range f.p.features {
		f.columns[i].add(cells[c])
	}
	f.target.add(bytes.TrimSpace(cells[f.p.label]))
}

// key implements form.
func (f *tableForm) key(row int) uint64 { return cellsKey(f.table.Columns, row) }

// agree implements form.
func (f *tableForm) agree(a, b int) bool {
	if f.table.Task == Regression {
		return f.table.Values[a] == f.table.Values[b]
	}
	return f.rows[a].Label == f.rows[b].Label
}

// excerpt implements form: it shows the beginning of a row's cells.
func (f *tableForm) excerpt(row int) []byte {
	var shown []byte
	for i := range f.table.Columns {
		if len(shown) > 4*maxExcerpt {
			break
		}
		if i > 0 {
			shown = append(shown, ',')
		}
		c := f.table.Columns[i].Cell(row)
		shown = append(shown, c[:min(len(c), 4*maxExcerpt)]...)
	}
	return shown
}

// keep implements form.
func (f *tableForm) keep(rows []int32) {
	for i := range f.table.Columns {
		old := &f.table.Columns[i]
		b := columnBuilder{name: old.Name, text: make([]byte, 0, len(old.text)), ends: make([]uint32, 0, len(rows))}
		for _, r := range rows {
			b.add([]byte(old.Cell(int(r))))
		}
		f.table.Columns[i] = b.column()
	}
	if f.table.Values != nil {
		for to, from := range rows {
			f.table.Values[to] = f.table.Values[from]
		}
		f.table.Values = f.table.Values[:len(rows)]
	}
}

// conclude makes the table of what was read: it decides on the task, fills in
// labels or values, and looks at the rows together. The error is unfit.
func (f *tableForm) conclude(task string) error {
	for i := range f.columns {
		f.table.Columns = append(f.table.Columns, f.columns[i].column())
		f.columns[i] = columnBuilder{} // one column at a time is held twice
	}
	target := f.target.column()
	f.target = columnBuilder{}
	n := f.notation(&target)
	f.table.Task, f.set.Source.TaskReason = task, "as told"
	if task == "" {
		f.table.Task, f.set.Source.TaskReason = taskOf(&target, n)
	}
	f.set.Source.Task = f.table.Task
	f.emptyCells()
	if f.table.Task == Regression {
		return f.regression(&target, n)
	}
	for i := range f.rows {
		f.rows[i].Label = f.intern([]byte(target.Cell(i)))
	}
	return f.builder.check()
}

// notation returns the notation that reads more of a column's cells, the file's
// when both read as many.
func (f *tableForm) notation(c *Column) cell.Notation {
	score := 0
	for i := range c.Len() {
		switch point, comma := cell.Notations(c.Cell(i)); {
		case comma && !point:
			score++
		case point && !comma:
			score--
		}
	}
	if score > 0 || score == 0 && f.p.source.DecimalComma {
		return cell.Comma
	}
	return cell.Point
}

// emptyCells reports how many cells of each column are empty.
func (f *tableForm) emptyCells() {
	for i := range f.table.Columns {
		c := &f.table.Columns[i]
		empty := 0
		for row := range c.Len() {
			if cell.Missing(c.Cell(row)) {
				empty++
			}
		}
		issue := Issue{Code: FieldMissing, Severity: Info, Column: c.Name}
		switch {
		case empty == 0:
			continue
		case empty == c.Len():
			issue.Severity = Warning
		}
		f.found.add(issue, nil, "%d of %d cells are empty (%.1f %%)", empty, c.Len(), 100*float64(empty)/float64(c.Len()))
	}
}

// regression reads the target as numbers, rejects the rows whose target is
// none, and checks the rest.
func (f *tableForm) regression(target *Column, n cell.Notation) error {
	f.noteTests()
	// Not nil: rows are dropped from Values too, also when none is left.
	f.table.Values = make([]float64, target.Len())
	f.reject(func(i int) bool {
		v, ok := cell.Number(target.Cell(i), n)
		f.table.Values[i] = v
		issue := Issue{Code: FieldMissing, Severity: Error, Line: f.rows[i].Line, Record: f.rows[i].Record, Column: target.Name}
		switch {
		case ok:
		case cell.Missing(target.Cell(i)):
			issue.Code = LabelEmpty
			f.found.add(issue, []byte(target.Cell(i)), "the %s is empty", f.aim)
		default:
			f.found.add(issue, []byte(target.Cell(i)), "the %s is not a number", f.aim)
		}
		return !ok
	})
	f.duplicates()
	if f.set.Records == 0 {
		return unfit{"the file holds no rows"}
	}
	reasons := f.tooManyBad(f.set.Rejected)
	low, high, trained := math.Inf(1), math.Inf(-1), 0
	for i, v := range f.table.Values {
		if f.rows[i].Split != "test" {
			low, high = min(low, v), max(high, v)
			trained++
		}
	}
	switch {
	case trained < f.o.MinPerClass:
		reasons = append(reasons, fmt.Sprintf("at least %d rows to learn from are needed; there are %d", f.o.MinPerClass, trained))
	case low == high:
		reasons = append(reasons, fmt.Sprintf("the target %q has one value only, %g: there is nothing to learn", target.Name, low))
	}
	if reasons == nil {
		return nil
	}
	return reasons
}

const (
	// maxCodes is the number of different whole numbers up to which they may
	// stand for classes.
	maxCodes = 20
	// minNumeric is the share of targets that must be numbers.
	minNumeric = .99
)

// taskOf decides what a target is. Numbers are a regression unless they are
// names of classes: two different ones, or few whole ones that begin at 0 or 1,
// as those who number classes do, and that come again.
func taskOf(target *Column, n cell.Notation) (task, reason string) {
	numbers, there, whole := 0, 0, true
	low := math.Inf(1)
	different := map[float64]bool{}
	for i := range target.Len() {
		s := target.Cell(i)
		if cell.Missing(s) {
			continue
		}
		there++
		v, ok := cell.Number(s, n)
		if !ok || cell.Code(s) {
			continue
		}
		numbers++
		low = min(low, v)
		whole = whole && v == math.Trunc(v)
		if len(different) <= maxCodes {
			different[v] = true
		}
	}
	k := len(different)
	switch {
	case float64(numbers) < minNumeric*float64(there) || numbers == 0:
		return Classification, "the target is not a number"
	case k <= 2:
		return Classification, "the target has at most two different values"
	case whole && k <= maxCodes && (low == 0 || low == 1) && 2*k <= numbers:
		return Classification, fmt.Sprintf("the target has %d different whole numbers from %g on, as classes are numbered", k, low)
	case k > maxCodes:
		return Regression, fmt.Sprintf("the target is a number with more than %d different values", maxCodes)
	}
	return Regression, "the target is a number that does not count classes"
}

// validName returns a column's name as it can be stored and sent: valid UTF-8
// without white space around it, and no longer than a label.
func validName(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), maxLabel)], "")
	return strings.TrimSpace(s)
}
