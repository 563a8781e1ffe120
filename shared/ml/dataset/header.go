package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// header decides whether the first record names the columns, and sets their
// names. Names that were given or are known prove it, unless the same word
// comes again as a value of the same column. Otherwise it is a header when it
// looks unlike what follows, which is reported as probable.
func (p *plan) header(s sample, l layout, found *findings) bool {
	if s.first != nil {
		p.source.Columns = make([]string, len(s.first))
		for i, name := range s.first {
			p.source.Columns[i] = strings.Trim(name, " \t\r\n\u00a0\u3000\ufeff")
		}
		if l.names(s) {
			return true
		}
		if l.looksNamed(s) {
			found.add(Issue{Code: ProbableHeader, Severity: Warning, Line: 1}, []byte(strings.Join(s.first, ", ")),
				"the first line looks like a header and was not used as a row")
			return true
		}
	}
	p.source.Columns = make([]string, s.columns)
	for i := range p.source.Columns {
		p.source.Columns[i] = fmt.Sprintf("column %d", i+1)
	}
	return false
}

// holdsGiven reports whether the first record holds a name that was given.
func holdsGiven(s sample, l layout) bool {
	return slices.ContainsFunc(l.given(), func(name string) bool {
		return name != "" && indexOf(s.first, name) >= 0
	})
}

// textLayout is the layout of files of labelled texts.
type textLayout struct{ o Options }

// given implements layout. The text comes first: in a file of objects columns
// are added in this order.
func (l textLayout) given() []string {
	return append(slices.Clone(l.o.TextColumns), l.o.LabelColumn, l.o.TimeColumn)
}

// bonus implements layout: a known header is worth more than any cut.
func (l textLayout) bonus(s sample) float64 {
	if text, label := knownColumns(s.first); text >= 0 && label >= 0 && len(s.first) == s.columns {
		return 1
	}
	return 0
}

// names implements layout: it looks for a name that was given, or a known one.
func (l textLayout) names(s sample) bool {
	if holdsGiven(s, l) {
		return true
	}
	text, label := knownColumns(s.first)
	if text >= 0 && label >= 0 {
		return true
	}
	// One known word alone may be data: "query" is a good name for a class.
	i := max(text, label)
	return i >= 0 && !recurs(s, i) && !slices.ContainsFunc(s.first, func(c string) bool { return !nameLike(c) })
}

// recurs reports whether the first record's value of column i comes again.
func recurs(s sample, i int) bool {
	if i >= s.columns {
		return false
	}
	want := normalName(s.first[i])
	return slices.ContainsFunc(withoutFirst(s), func(row []string) bool { return normalName(row[i]) == want })
}

// nameLike reports whether a cell could name a column: short, of letters,
// digits, and what joins them, and not a number.
func nameLike(cell string) bool {
	cell = strings.TrimSpace(cell)
	letters := false
	for _, r := range cell {
		letters = letters || unicode.IsLetter(r)
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-. ", r) {
			return false
		}
	}
	return letters && utf8.RuneCountInString(cell) <= 32
}

// looksNamed implements layout by comparing the first record with the others.
// It is a header when it consists of single words that do not come again and
// either stands over a column of numbers, or the label's values come again and
// four fifths of the texts are longer.
func (l textLayout) looksNamed(s sample) bool {
	const enough = 5 // rows; with fewer there is nothing to compare with
	rows := withoutFirst(s)
	if len(rows) < enough || len(s.first) != s.columns || s.columns < 2 {
		return false
	}
	for i, cell := range s.first {
		if !nameLike(cell) || strings.ContainsRune(strings.TrimSpace(cell), ' ') || recurs(s, i) {
			return false
		}
	}
	// The check above has seen that the first record holds no numbers.
	if overNumbers(rows, s.columns) {
		return true
	}
	stats := columnStats(sample{columns: s.columns, rows: rows}, nil)
	label := labelOf(stats, len(rows))
	text := longest(stats, label)
	// Where many labels come once, that the first does not recur says nothing.
	if text < 0 || stats[label].single*5 > len(rows) {
		return false
	}
	shorter := 0
	for _, row := range rows {
		if len(s.first[text]) < len(row[text]) {
			shorter++
		}
	}
	return shorter*5 >= len(rows)*4
}

// overNumbers reports whether some column of rows holds nothing but numbers.
func overNumbers(rows [][]string, columns int) bool {
	for c := range columns {
		if !slices.ContainsFunc(rows, func(row []string) bool {
			_, err := strconv.ParseFloat(row[c], 64)
			return err != nil
		}) {
			return true
		}
	}
	return false
}
