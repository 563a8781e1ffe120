package dataset

import (
	"cmp"
	"slices"
)

// Collector makes a Set of rows that another room has read, of images say,
// under the rules that Read has for texts: the same codes, the same share of bad
// rows, the same checks of labels and copies. It is not safe for concurrent use.
type Collector struct {
	b    *builder
	rows *collected
}

// NewCollector returns an empty collector. Of the options it uses the limits on
// rows and labels. noun is what rows hold and aim what is learned, for messages.
func NewCollector(o Options, s Source, noun, aim string) *Collector {
	set := &Set{Source: s}
	b := newBuilder(o.withDefaults(), &plan{source: s}, set, newFindings(), nil)
	rows := &collected{b: b}
	b.form, b.noun, b.aim = rows, noun, aim
	return &Collector{b, rows}
}

// Add takes a row that has a Label, an ID that names it in messages, and a
// Group: rows of one Group are taken for copies. Record is set, and Weight to 1
// where it is 0.
func (c *Collector) Add(row Row) {
	c.b.set.Records++
	row.Record, row.Weight = c.b.set.Records, cmp.Or(row.Weight, 1)
	c.b.rows = append(c.b.rows, row)
}

// Reject counts a record that gives no row and reports why. Of the issue, Code
// and Fix are used, and Excerpt shown within its bounds.
func (c *Collector) Reject(i Issue) {
	c.b.set.Records++
	c.b.set.Rejected++
	i.Severity, i.Record = Error, c.b.set.Records
	c.Note(i)
}

// Note reports an issue that costs no row.
func (c *Collector) Note(i Issue) { c.b.found.add(i, []byte(i.Excerpt), "%s", i.Message) }

// Conclude checks the rows together and returns the set. kept are the places,
// in the order of Add, of the rows that stayed, ascending; nil: all. The error
// is an *InputError beside a set as far as it goes.
func (c *Collector) Conclude() (set *Set, kept []int32, err error) {
	err = c.b.check()
	set, err = c.finish(err)
	return set, c.rows.kept, err
}

// Fail reports an issue of the whole file, which cannot be read because of it,
// and returns the *InputError that says so and what was read until then.
func (c *Collector) Fail(i Issue) (*Set, error) {
	i.Severity = Error
	c.Note(i)
	return c.finish(unfit{i.Message})
}

// finish fills in the set and makes the caller's error of err, which is unfit
// or nil.
func (c *Collector) finish(err error) (*Set, error) {
	set := c.b.set
	set.Rows, set.Issues, set.IssueCounts = c.b.rows, c.b.found.list(), c.b.found.counts
	// list sorts by line, and these have none.
	slices.SortStableFunc(set.Issues, func(a, b Issue) int { return cmp.Compare(a.Record, b.Record) })
	if reasons, ok := err.(unfit); ok {
		return set, newInputError(reasons, set.Issues)
	}
	return set, nil
}

// collected is the form of rows that were read elsewhere. It has no cells, so
// check and take are never asked for.
type collected struct {
	form
	b    *builder
	kept []int32
}

// key implements form.
func (f *collected) key(row int) uint64 { return GroupKey(f.b.rows[row]) }

// agree implements form.
func (f *collected) agree(a, b int) bool { return f.b.rows[a].Label == f.b.rows[b].Label }

// excerpt implements form.
func (f *collected) excerpt(row int) []byte { return []byte(f.b.rows[row].ID) }

// keep implements form.
func (f *collected) keep(rows []int32) { f.kept = rows }

// SplitName returns "train", "validation" or "test" for one of the spellings
// that a column split may have; ok is false for any other text.
func SplitName(s string) (part string, ok bool) {
	part, ok = splitNames[normalName(s)]
	return part, ok
}
