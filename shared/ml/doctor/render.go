package doctor

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/tabular"
)

// The lengths of lists in the printed report; the JSON has them whole.
const (
	printedLines      = 8  // places named of each code
	printedSuspects   = 20 // label errors
	printedClasses    = 20 // three quarters of them the largest, the rest the smallest
	printedConfusions = 5
)

// WriteText prints the report for a reader at a terminal: whether the data can
// be trained, what they are, then what is wrong, the worst first, where, and
// how to mend it. Nothing in the data can reach the terminal as a control
// character. The error is w's.
func (r *Report) WriteText(w io.Writer) error {
	// Into a buffer first, so that an error of w is looked at once.
	var b bytes.Buffer
	r.printVerdict(&b)
	r.printProfile(&b)
	r.printClasses(&b)
	r.printIssues(&b)
	r.printSuspects(&b)
	r.printConfusions(&b)
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "\nNote: %s\n", note)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// printVerdict prints what the reader wants to know first: whether it can be
// trained, and what to expect then.
func (r *Report) printVerdict(b *bytes.Buffer) {
	switch p := &r.Profile; {
	case r.Trainable && p.Source.Task == dataset.Regression:
		fmt.Fprintf(b, "These data can be trained: %d rows with a number to predict.\n", p.Rows)
	case r.Trainable:
		fmt.Fprintf(b, "These data can be trained: %d rows in %d classes.\n", p.Rows, len(p.Classes))
	default:
		fmt.Fprintf(b, "These data cannot be trained:\n")
		for _, reason := range r.Reasons {
			fmt.Fprintf(b, "  - %s\n", harmless(reason))
		}
	}
	if q := r.Quality; q != nil {
		fmt.Fprintf(b, "A quick model is right on %.1f %% of the rows it has not seen (%.1f to %.1f; %.1f by always answering the largest class).\n",
			100*q.Accuracy, 100*q.AccuracyLow, 100*q.AccuracyHigh, 100*q.Baseline)
	}
}

// printProfile prints how the file was understood, since a wrong column or
// delimiter explains most of what follows, and what the texts are like.
func (r *Report) printProfile(b *bytes.Buffer) {
	p := &r.Profile
	// One fact a line, names in a column of their own.
	line := func(name, format string, args ...any) {
		fmt.Fprintf(b, "  %-10s "+format+"\n", append([]any{name}, args...)...)
	}
	fmt.Fprintf(b, "\nThe data\n")
	line("file", "%s", sourceText(p.Source))
	table := p.Source.Task != ""
	switch {
	case r.Images != nil && p.Rows == 0: // it is not known yet, or of no use
	case r.Images != nil:
		line("images", "read in %d x %d pixels, %s", r.Images.Width, r.Images.Height, map[int]string{1: "grey", 3: "in colour"}[r.Images.Channels])
	case table:
		line("target", "%s, a %s: %s", names([]string{p.Source.LabelColumn}), p.Source.Task, p.Source.TaskReason)
		if len(r.Features) > 0 {
			line("features", "%s", featuresText(r.Features))
		}
	default:
		line("columns", "text %s, label %s", names(p.Source.TextColumns), names([]string{p.Source.LabelColumn}))
	}
	line("records", "%d read, %d rejected", p.Records, p.Rejected)
	if p.Parts.Unmarked != p.Rows {
		line("split", "%d train, %d validation, %d test, %d unmarked", p.Parts.Train, p.Parts.Validation, p.Parts.Test, p.Parts.Unmarked)
	}
	if p.Rows == 0 {
		return
	}
	switch {
	case r.Images != nil:
		line("copies", "images that repeat another: %d; images with more than one label: %d", p.Copies.Rows, p.Copies.Conflicting)
		return
	case table:
		line("copies", "rows that repeat the cells of another: %d; cells with more than one label: %d", p.Copies.Rows, p.Copies.Conflicting)
		r.printTime(line)
		return
	}
	r.printTexts(line)
	r.printTime(line)
}

// printTime tells of columns that a split by time could go by.
func (r *Report) printTime(line func(name, format string, args ...any)) {
	if columns := r.Profile.TimeColumns; len(columns) > 0 {
		line("time", "%s: if the model is to judge what comes later, hold out the latest rows by a split column", names(columns))
	}
}

// featuresText names the columns of a table with what they were taken for.
func featuresText(features []tabular.Column) string {
	parts := make([]string, len(features))
	for i, f := range features {
		parts[i] = names([]string{f.Name}) + " " + string(f.Kind)
	}
	return strings.Join(parts, ", ")
}

// printTexts prints what the texts are like.
func (r *Report) printTexts(line func(name, format string, args ...any)) {
	p := &r.Profile
	q := p.CodePoints
	line("lengths", "%d to %d characters; half have at most %d, 95 %% at most %d", q.Min, q.Max, q.Median, q.P95)
	line("copies", "rows that repeat a text: %d; texts with more than one label: %d", p.Copies.Rows, p.Copies.Conflicting)
	parts := make([]string, 0, 4)
	for _, s := range p.Scripts[:min(len(p.Scripts), 4)] {
		if s.Share < .0005 {
			break // would be printed as 0.0
		}
		parts = append(parts, fmt.Sprintf("%s %.1f %%", s.Name, 100*s.Share))
	}
	line("scripts", "%s", cmp.Or(strings.Join(parts, ", "), "no letters"))
}

// sourceText says how the file was read.
func sourceText(s dataset.Source) string {
	parts := []string{cmp.Or(s.Format, "unknown format"), s.Encoding}
	if s.Delimiter != "" {
		parts = append(parts, fmt.Sprintf("delimiter %q", s.Delimiter))
		if s.Header {
			parts = append(parts, "with a header")
		} else {
			parts = append(parts, "without a header")
		}
	}
	if s.Compressed {
		parts = append(parts, "compressed")
	}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ", ")
}

// names quotes the names of columns, which are the file's and so made harmless.
func names(columns []string) string {
	quoted := make([]string, 0, len(columns))
	for _, c := range columns {
		if c != "" {
			quoted = append(quoted, `"`+Excerpt(c)+`"`)
		}
	}
	return cmp.Or(strings.Join(quoted, ", "), "not found")
}

// printClasses prints the classes by size, each with its rows, its share and a few
// of its words. Of many, the largest and the smallest are shown: imbalance is seen
// at the ends.
func (r *Report) printClasses(b *bytes.Buffer) {
	classes := slices.Clone(r.Profile.Classes)
	if len(classes) == 0 {
		return
	}
	slices.SortStableFunc(classes, func(x, y Class) int { return cmp.Compare(y.Rows, x.Rows) })
	fmt.Fprintf(b, "\nThe classes (the largest has %.1f times the rows of the smallest)\n", r.Profile.Imbalance)
	wide := 0
	shown := min(len(classes), printedClasses)
	head, tail := classes[:shown-shown/4], classes[len(classes)-shown/4:]
	for _, c := range slices.Concat(head, tail) {
		wide = max(wide, columns(Excerpt(c.Label)))
	}
	show := func(c Class) {
		words := make([]string, 0, 5)
		for _, w := range c.Words[:min(len(c.Words), 5)] {
			words = append(words, w.Text)
		}
		line := fmt.Sprintf("  %s %7d  %5.1f %%  %s", pad(Excerpt(c.Label), wide), c.Rows, 100*c.Share, strings.Join(words, " "))
		fmt.Fprintln(b, strings.TrimRight(line, " "))
	}
	for _, c := range head {
		show(c)
	}
	if left := len(classes) - shown; left > 0 {
		fmt.Fprintf(b, "  ... %d more ...\n", left)
	}
	for _, c := range tail {
		show(c)
	}
}

// printIssues prints one paragraph for each code: errors first, then by count.
func (r *Report) printIssues(b *bytes.Buffer) {
	// codes keeps the order of the first of each, so that ties do not go by a map.
	var codes []string
	byCode := map[string][]dataset.Issue{}
	for _, i := range r.Issues {
		if byCode[i.Code] == nil {
			codes = append(codes, i.Code)
		}
		byCode[i.Code] = append(byCode[i.Code], i)
	}
	if len(codes) == 0 {
		fmt.Fprintf(b, "\nNothing wrong was found in the rows themselves.\n")
		return
	}
	grade := func(code string) int { // issues of one code are of one severity
		return slices.Index([]dataset.Severity{dataset.Error, dataset.Warning, dataset.Info}, byCode[code][0].Severity)
	}
	slices.SortStableFunc(codes, func(x, y string) int {
		return cmp.Or(cmp.Compare(grade(x), grade(y)), cmp.Compare(r.IssueCounts[y], r.IssueCounts[x]))
	})
	fmt.Fprintf(b, "\nWhat is wrong\n")
	for _, code := range codes {
		of := byCode[code]
		fmt.Fprintf(b, "  %-8s %s: %d\n", of[0].Severity, code, r.IssueCounts[code])
		for _, i := range of[:min(len(of), printedLines)] {
			where := "the file"
			if i.Line > 0 {
				where = fmt.Sprintf("line %d", i.Line)
			}
			fmt.Fprintf(b, "    %-12s %s\n", where, harmless(i.Message))
		}
		if left := r.IssueCounts[code] - min(len(of), printedLines); left > 0 {
			fmt.Fprintf(b, "    %-12s and %d more\n", "", left)
		}
		var fixes []string // two for leaks: of copies, and of near copies
		for _, i := range of {
			if !slices.Contains(fixes, i.Fix) {
				fixes = append(fixes, i.Fix)
				fmt.Fprintf(b, "    %-12s %s\n", "to mend:", i.Fix)
			}
		}
	}
}

// printSuspects prints a table with the text last, so that its length does not
// matter.
func (r *Report) printSuspects(b *bytes.Buffer) {
	if len(r.LabelErrors) == 0 {
		return
	}
	fmt.Fprintf(b, "\nLabels that are probably wrong: about %d; the most suspicious first\n", r.WrongLabels)
	shown := r.LabelErrors[:min(len(r.LabelErrors), printedSuspects)]
	given, likely := columns("given"), columns("rather")
	for _, e := range shown {
		given, likely = max(given, columns(Excerpt(e.Given))), max(likely, columns(Excerpt(e.Likely)))
	}
	fmt.Fprintf(b, "  %8s  %s  %s  text\n", "line", pad("given", given), pad("rather", likely))
	for _, e := range shown {
		fmt.Fprintf(b, "  %8d  %s  %s  %s\n", e.Line, pad(Excerpt(e.Given), given), pad(Excerpt(e.Likely), likely), e.Excerpt)
	}
	fmt.Fprintf(b, "  to mend: %s\n", r.LabelErrors[0].Fix)
}

// printConfusions prints the pairs of classes that cost most.
func (r *Report) printConfusions(b *bytes.Buffer) {
	if len(r.Confusions) == 0 {
		return
	}
	fmt.Fprintf(b, "\nClasses often taken for each other\n")
	for _, c := range r.Confusions[:min(len(r.Confusions), printedConfusions)] {
		fmt.Fprintf(b, "  %s and %s: %d of %d rows\n", Excerpt(c.A), Excerpt(c.B), c.Mistaken, c.Rows)
	}
	fmt.Fprintf(b, "  to mend: tell them apart more clearly, add examples, or make them one class\n")
}

// harmless replaces what a terminal could act on in a message, which is ours but for
// what it quotes.
func harmless(message string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return unicode.ReplacementChar
		}
		return r
	}, message)
}

// columns returns how many columns of a terminal s takes: Chinese, Japanese and
// Korean characters and emoji take two, marks none. The ranges are the wide and
// fullwidth blocks of Unicode's East Asian Width (UAX 11), roughly: a table that
// is a column off harms nobody.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3,
			r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0x1f300 && r <= 0x1faff:
			n += 2
		default:
			n++
		}
	}
	return n
}

// pad fills s up with spaces to so many columns.
func pad(s string, wide int) string { return s + strings.Repeat(" ", max(wide-columns(s), 0)) }
