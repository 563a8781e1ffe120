package dataset

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	fewRows   = 10 // a class below this is reported as small
	imbalance = 10 // largest class over smallest from which they are reported
	majority  = .8 // share of one class from which it is reported
	// maxRareShare is the share of records with a too rare label above which
	// the label column is taken for the wrong one.
	maxRareShare = .5
)

// class gathers what is known of one label.
type class struct {
	label   string
	rows    int
	trained int   // rows not marked test
	at      Issue // where it comes first
}

// check looks at the rows together, drops those of labels that are too rare,
// and fills in the set's labels. The error is unfit.
func (b *builder) check() error {
	bad := b.set.Rejected // before rare labels add to it: see dropRare
	b.noteTests()
	classes := b.dropRare(b.classes())
	for _, c := range classes {
		b.set.Labels, b.set.Counts = append(b.set.Labels, c.label), append(b.set.Counts, c.rows)
	}
	b.duplicates()
	b.caseVariants(classes)
	b.balance(classes)
	return b.verdict(bad, len(classes))
}

// noteTests notes whether the file marks rows as test.
func (b *builder) noteTests() {
	b.hasTests = slices.ContainsFunc(b.rows, func(r Row) bool { return r.Split == "test" })
}

// classes counts the labels, sorted.
func (b *builder) classes() []class {
	// Rows are visited in file order, so that a class's place is its first row,
	// and labels are sorted at the end: no map order reaches the result.
	byLabel := map[string]*class{}
	for i := range b.rows {
		row := &b.rows[i]
		c := byLabel[row.Label]
		if c == nil {
			c = &class{label: row.Label, at: Issue{Severity: Warning, Line: row.Line, Record: row.Record, Column: b.p.source.LabelColumn}}
			byLabel[row.Label] = c
		}
		c.rows++
		if row.Split != "test" {
			c.trained++
		}
	}
	classes := make([]class, 0, len(byLabel))
	for _, label := range slices.Sorted(maps.Keys(byLabel)) {
		classes = append(classes, *byLabel[label])
	}
	return classes
}

// dropRare rejects the rows of classes below MinPerClass, where rows that the
// file marks as test do not help, and returns the classes that stay. These rows
// are counted as rejected but not as bad: a long tail of rare labels is what
// honest data look like, and must not fail a large file.
func (b *builder) dropRare(classes []class) []class {
	dropped := map[string]int{}
	kept := classes[:0:0]
	for _, c := range classes {
		switch {
		case c.trained < b.o.MinPerClass:
			dropped[c.label] = c.trained
			continue
		case c.trained < fewRows:
			c.at.Code = LabelTooRare
			b.found.add(c.at, []byte(c.label), "the label %q has few rows to learn from: %d; below %d the result is poor",
				c.label, c.trained, fewRows)
		}
		kept = append(kept, c)
	}
	if len(dropped) == 0 {
		return kept
	}
	b.reject(func(i int) bool {
		row := &b.rows[i]
		n, rare := dropped[row.Label]
		if rare {
			b.rare++
			b.found.add(Issue{Code: LabelTooRare, Severity: Error, Line: row.Line, Record: row.Record, Column: b.p.source.LabelColumn},
				b.form.excerpt(i), "the label %q has too few rows to learn from: %d, and at least %d are needed", row.Label, n, b.o.MinPerClass)
		}
		return rare
	})
	return kept
}

// reject drops the rows that bad says are bad and counts them as rejected. bad
// is asked in file order, once for each row, before any is moved.
func (b *builder) reject(bad func(row int) bool) {
	var kept []int32
	for i := range b.rows {
		if !bad(i) {
			kept = append(kept, int32(i))
		}
	}
	if len(kept) == len(b.rows) {
		return
	}
	b.set.Rejected += int64(len(b.rows) - len(kept))
	b.form.keep(kept)
	for to, from := range kept {
		b.rows[to] = b.rows[from]
	}
	clear(b.rows[len(kept):]) // let go of the dropped rows' strings
	b.rows = b.rows[:len(kept)]
}

// duplicates reports equal texts: harmless copies, copies with another label,
// and copies on the other side of the file's own split.
func (b *builder) duplicates() {
	firsts := make(map[uint64]int32, len(b.rows))
	trained := map[uint64]int32{} // first row to learn from, when there are tests
	keys := make([]uint64, len(b.rows))
	for i := range b.rows {
		row := &b.rows[i]
		key := b.form.key(i)
		keys[i] = key
		if b.hasTests && row.Split != "test" {
			if _, known := trained[key]; !known {
				trained[key] = int32(i)
			}
		}
		at, known := firsts[key]
		if !known {
			firsts[key] = int32(i)
			continue
		}
		// Compared with the first copy only: n copies give n-1 issues, not n squared.
		first := &b.rows[at]
		switch {
		case b.form.agree(int(at), i):
			b.about(i, DuplicateExact, Info, "the same %s and %s as %s", b.noun, b.aim, b.place(first, "on"))
		case b.set.Source.Task == Regression: // measured twice, which is no fault
		default:
			b.about(i, DuplicateConflictingLabel, Warning, "labelled %q here and %q %s", row.Label, first.Label, b.place(first, "on"))
		}
	}
	// A second pass, for a test row may come before the row it copies.
	for i := range b.rows {
		if row := &b.rows[i]; row.Split == "test" {
			if at, leaked := trained[keys[i]]; leaked {
				b.about(i, SplitLeak, Warning, "this test row has the %s %s, which is learned from", b.noun, b.place(&b.rows[at], "of"))
			}
		}
	}
}

// place says where a row is: a line, after a preposition, or a member of an archive.
func (b *builder) place(row *Row, preposition string) string {
	if row.Line == 0 {
		return "in " + excerpt([]byte(row.ID))
	}
	return fmt.Sprintf("%s line %d", preposition, row.Line)
}

// about reports an issue of what a kept row says.
func (b *builder) about(row int, code string, s Severity, format string, args ...any) {
	issue := Issue{Code: code, Severity: s, Line: b.rows[row].Line, Record: b.rows[row].Record}
	if len(b.p.text) > 0 {
		issue.Column = b.p.source.Columns[b.p.text[0]]
	}
	b.found.add(issue, b.form.excerpt(row), format, args...)
}

// caseVariants reports labels that differ only in case, width or white space.
func (b *builder) caseVariants(classes []class) {
	firsts := map[string]class{}
	for _, c := range classes {
		form := string(AppendNormal(nil, c.label))
		first, known := firsts[form]
		if !known {
			firsts[form] = c
			continue
		}
		c.at.Code = LabelCaseVariant
		b.found.add(c.at, []byte(c.label), "the labels %q (%d rows) and %q (%d rows) differ only in case or spacing",
			c.label, c.rows, first.label, first.rows)
	}
}

// balance reports classes of very unequal size.
func (b *builder) balance(classes []class) {
	if len(classes) < 2 {
		return
	}
	small, large := classes[0], classes[0]
	for _, c := range classes {
		if c.rows < small.rows {
			small = c
		}
		if c.rows > large.rows {
			large = c
		}
	}
	share := float64(large.rows) / float64(len(b.rows))
	if large.rows < imbalance*small.rows && share < majority {
		return
	}
	b.found.add(Issue{Code: ClassImbalance, Severity: Warning, Column: b.p.source.LabelColumn}, nil,
		"%q has %d rows (%.1f %%), %q has %d: %.1f times as many",
		large.label, large.rows, 100*share, small.label, small.rows, float64(large.rows)/float64(small.rows))
}

// verdict says why the set cannot be trained, if it cannot. bad is the number
// of records dropped for other reasons than a rare label.
func (b *builder) verdict(bad int64, classes int) error {
	if b.set.Records == 0 {
		return unfit{"the file holds no rows"}
	}
	reasons := b.tooManyBad(bad)
	if float64(b.rare) > maxRareShare*float64(b.set.Records) {
		reason := fmt.Sprintf("%d of %d records have a label with fewer than %d rows to learn from", b.rare, b.set.Records, b.o.MinPerClass)
		if b.p.source.LabelColumn != "" {
			reason += fmt.Sprintf("; is %q the label column?", b.p.source.LabelColumn)
		}
		reasons = append(reasons, reason)
	}
	// Labels are counted last, after bad and rare rows are gone: these reasons
	// often follow from those above, and the owner needs to see both.
	if classes < 2 {
		reasons = append(reasons, fmt.Sprintf("at least 2 labels with %d rows each are needed; there %s",
			b.o.MinPerClass, haveLabels(b.set.Labels)))
	}
	if classes > b.o.MaxClasses {
		reasons = append(reasons, fmt.Sprintf("%d labels; at most %d can be learned", classes, b.o.MaxClasses))
	}
	if reasons == nil {
		return nil
	}
	return reasons
}

// tooManyBad says so when more records are bad than may be.
func (b *builder) tooManyBad(bad int64) unfit {
	records := float64(b.set.Records)
	if float64(bad) <= b.o.MaxBadShare*records {
		return nil
	}
	reason := fmt.Sprintf("%d of %d records are bad (%.1f %%) and at most %g %% may be: %s",
		bad, b.set.Records, 100*float64(bad)/records, 100*b.o.MaxBadShare, b.found.summary())
	if b.decoder != nil && 2*int64(b.found.counts[EncodingInvalid]) >= bad {
		reason += fmt.Sprintf("; the file is not %s: %s", strings.ToUpper(b.decoder.encoding), fixes[EncodingInvalid])
	}
	return unfit{reason}
}

// haveLabels says which labels there are.
func haveLabels(labels []string) string {
	if len(labels) == 0 {
		return "are none"
	}
	return fmt.Sprintf("is only %q", excerpt([]byte(strings.Join(labels, ", "))))
}
