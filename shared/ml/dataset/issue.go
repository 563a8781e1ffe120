package dataset

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Severity says what became of the row an Issue is about.
type Severity string

const (
	Error   Severity = "error"   // the row was dropped
	Warning Severity = "warning" // kept, and probably wrong
	Info    Severity = "info"    // kept, and good to know
)

// The codes of issues. They are stable: programs switch on them.
const (
	EncodingInvalid           = "encoding_invalid"
	EncodingConverted         = "encoding_converted"
	CSVFieldCount             = "csv_field_count"
	CSVQuote                  = "csv_quote"
	JSONParse                 = "json_parse"
	FieldMissing              = "field_missing"
	TextEmpty                 = "text_empty"
	LabelEmpty                = "label_empty"
	LabelTooRare              = "label_too_rare" // error below MinPerClass, warning below 10 rows
	LabelCaseVariant          = "label_case_variant"
	ClassImbalance            = "class_imbalance"
	DuplicateExact            = "duplicate_exact"
	DuplicateConflictingLabel = "duplicate_conflicting_label"
	SplitLeak                 = "split_leak"
	TextTooLong               = "text_too_long"
	ProbableHeader            = "probable_header"
	ColumnDuplicate           = "column_duplicate"
	FieldNested               = "field_nested" // of JSON lines: it is not read
	ImageDecode               = "image_decode"
	ArchiveLimit              = "archive_limit"
)

// fixes is what the owner can do about each code.
var fixes = map[string]string{
	EncodingInvalid:           "save the file as UTF-8 (in Excel: CSV UTF-8), or correct the damaged characters",
	EncodingConverted:         "nothing to do; save the file as UTF-8 to be sure of every character",
	CSVFieldCount:             "put a cell that holds the delimiter or a line end in double quotes",
	CSVQuote:                  "put the whole cell in double quotes and write each quote inside it twice",
	JSONParse:                 "write one flat JSON object per line",
	FieldMissing:              "give the column a value in every row, or name another column",
	TextEmpty:                 "add the text or remove the row",
	LabelEmpty:                "add the label or remove the row",
	LabelTooRare:              "add examples of this label, or merge it with another",
	LabelCaseVariant:          "write the label one way if both mean the same",
	ClassImbalance:            "add examples of the small classes; judge the model by macro F1, not by accuracy",
	DuplicateExact:            "nothing to do; remove copies that are there by mistake",
	DuplicateConflictingLabel: "decide which label is right and remove the other row",
	SplitLeak:                 "remove the copy from one side: the test result flatters the model",
	TextTooLong:               "shorten the text or divide it into several rows",
	ProbableHeader:            "nothing to do if it is a header; else write a header line above it, such as label,text",
	ColumnDuplicate:           "give each column a name of its own",
	FieldNested:               "nothing to do if it is not needed; else write what it holds as fields of their own",
	ImageDecode:               "save the image again as PNG or JPEG",
	ArchiveLimit:              "divide the file into smaller ones",
}

// maxIssues is how many issues a Set lists.
const maxIssues = 1000

// Issue is one finding. At most 1,000 are listed: errors before warnings
// before infos when there are more, and those chosen in file order.
type Issue struct {
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	Line     int64    `json:"line,omitempty"`   // physical line, from 1; 0: the whole file
	Record   int64    `json:"record,omitempty"` // as in Row; 0: the header or the whole file
	Column   string   `json:"column,omitempty"`
	Excerpt  string   `json:"excerpt,omitempty"` // at most 80 code points, control characters made visible
	Message  string   `json:"message"`           // what is wrong, for the owner of the data
	Fix      string   `json:"fix"`               // what to do about it
}

// findings gathers issues within a bound.
type findings struct {
	kept   map[Severity][]Issue // at most maxIssues each, in order of arrival
	counts map[string]int
	first  map[string]int64 // least line of an error of each code
}

// newFindings returns an empty collection.
func newFindings() *findings {
	return &findings{kept: map[Severity][]Issue{}, counts: map[string]int{}, first: map[string]int64{}}
}

// add counts an issue and, while there is room, keeps it with an excerpt of
// raw and a message. Issues of one severity must come in file order, or be few.
func (f *findings) add(i Issue, raw []byte, format string, args ...any) {
	f.counts[i.Code]++
	if i.Severity == Error {
		// Not the first to come: some are found only when all rows are there.
		if least, known := f.first[i.Code]; !known || i.Line < least {
			f.first[i.Code] = i.Line
		}
	}
	if len(f.kept[i.Severity]) >= maxIssues {
		return
	}
	i.Excerpt, i.Message, i.Fix = excerpt(raw), fmt.Sprintf(format, args...), cmp.Or(i.Fix, fixes[i.Code])
	f.kept[i.Severity] = append(f.kept[i.Severity], i)
}

// insist is add for an issue that must be told however many there are.
func (f *findings) insist(i Issue, raw []byte, format string, args ...any) {
	if kept := f.kept[i.Severity]; len(kept) == maxIssues {
		f.kept[i.Severity] = kept[:maxIssues-1]
	}
	f.add(i, raw, format, args...)
}

// list returns the issues to show.
func (f *findings) list() []Issue {
	var all []Issue
	for _, s := range []Severity{Error, Warning, Info} {
		byLine := slices.Clone(f.kept[s])
		sortByLine(byLine)
		all = append(all, byLine[:min(len(byLine), maxIssues-len(all))]...)
	}
	sortByLine(all)
	return all
}

// sortByLine puts issues in file order; issues of one line stay as they came.
func sortByLine(issues []Issue) {
	slices.SortStableFunc(issues, func(a, b Issue) int { return cmp.Compare(a.Line, b.Line) })
}

// summary tells the errors by code, in the order of their first lines.
func (f *findings) summary() string {
	codes := make([]string, 0, len(f.first))
	for code := range f.first {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b string) int {
		return cmp.Or(cmp.Compare(f.first[a], f.first[b]), cmp.Compare(a, b))
	})
	for i, code := range codes {
		if line := f.first[code]; line > 0 { // else the record is a member of an archive
			codes[i] = fmt.Sprintf("%s, first on line %d", code, line)
		}
	}
	return strings.Join(codes, "; ")
}

// newInputError joins reasons to an error.
func newInputError(reasons []string, issues []Issue) *InputError {
	return &InputError{Message: strings.Join(reasons, "; "), Reasons: reasons, Issues: issues}
}

// maxExcerpt is the length of an excerpt in code points.
const maxExcerpt = 80

// excerpt shows the beginning of raw on one line: control characters as their
// pictures, other invisible ones and bytes that are not UTF-8 by number, so that
// no terminal or page acts on them.
func excerpt(raw []byte) string {
	var b strings.Builder
	room := maxExcerpt
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		shown := visible(r, raw[0], n)
		size := utf8.RuneCountInString(shown)
		if size > room || size == room && n < len(raw) {
			b.WriteRune('…')
			break
		}
		b.WriteString(shown)
		room, raw = room-size, raw[n:]
	}
	return b.String()
}

// visible returns how r, read from n bytes that begin with first, is shown.
func visible(r rune, first byte, n int) string {
	switch {
	case r == utf8.RuneError && n == 1:
		return fmt.Sprintf(`\x%02X`, first)
	case r < ' ':
		return string('\u2400' + r)
	case r == 0x7f:
		return "\u2421"
	case r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r):
		return string(r)
	}
	return fmt.Sprintf(`\u{%04X}`, r)
}
