package dataset

import (
	"cmp"
	"fmt"
	"slices"

	"godwit/shared/ml/dataset/cell"
)

// tableLayout is the layout of tables.
type tableLayout struct {
	o     TableOptions
	found *findings
}

// given implements layout.
func (l *tableLayout) given() []string { return []string{l.o.Target, l.o.TimeColumn} }

// bonus implements layout: the share of cells that are numbers or empty. Under
// a wrong delimiter a cell holds several, or a part of one.
func (l *tableLayout) bonus(s sample) float64 {
	if s.columns < 2 {
		return 0
	}
	plain, rows := 0, withoutFirst(s)
	for _, row := range rows {
		for _, c := range row {
			if numeric(c) || cell.Missing(c) {
				plain++
			}
		}
	}
	return float64(plain) / float64(max(len(rows)*s.columns, 1))
}

// numeric reports whether a cell is a number in some notation.
func numeric(s string) bool {
	point, comma := cell.Notations(s)
	return point || comma
}

// names implements layout: a name that was given, a known one, or words over
// numbers. Most columns of numbers must have one, for a stray word is no
// header; but one is enough over ten numbers without exception, as in a table
// with a column for each year.
func (l *tableLayout) names(s sample) bool {
	if holdsGiven(s, l) {
		return true
	}
	known := firstOf(s.first, targetNames)
	if known >= 0 && !recurs(s, known) && !slices.ContainsFunc(s.first, func(c string) bool { return !nameLike(c) }) {
		return true
	}
	rows := withoutFirst(s)
	if len(s.first) != s.columns || len(rows) == 0 {
		return false
	}
	const enough = 10
	words, numeral, sure := 0, 0, false
	for c, name := range s.first {
		numbers, there := countNumbers(rows, c)
		if there == 0 || 10*numbers < 9*there {
			continue
		}
		numeral++
		if !numeric(name) && !cell.Missing(name) {
			words++
			sure = sure || numbers == there && there >= enough
		}
	}
	return words > 0 && (sure || 2*words >= numeral)
}

// countNumbers counts the numbers among the cells of a column that are there.
func countNumbers(rows [][]string, c int) (numbers, there int) {
	for _, row := range rows {
		if cell.Missing(row[c]) {
			continue
		}
		there++
		if numeric(row[c]) {
			numbers++
		}
	}
	return numbers, there
}

// looksNamed implements layout for a table of words: the first record is a
// header when its cells are different words, none comes again in its column,
// and in most columns values do come again.
func (l *tableLayout) looksNamed(s sample) bool {
	rows := withoutFirst(s)
	if len(s.first) != s.columns || s.columns < 2 || len(rows) < 5 {
		return false
	}
	repeating := 0
	seen := map[string]bool{}
	for c, name := range s.first {
		name = normalName(name)
		if !nameLike(s.first[c]) || seen[name] || recurs(s, c) {
			return false
		}
		seen[name] = true
	}
	for _, st := range columnStats(sample{columns: s.columns, rows: rows}, nil) {
		if 2*st.distinct <= len(rows) {
			repeating++
		}
	}
	return 2*repeating > s.columns
}

// assign implements layout.
func (l *tableLayout) assign(p *plan, s sample) error {
	distinguish(p)
	columns := p.source.Columns
	p.roles = noRoles
	if l.o.Target != "" {
		if p.label = indexOf(columns, l.o.Target); p.label < 0 {
			return unfit{fmt.Sprintf("there is no column %q; there are: %s", l.o.Target, namesOf(columns))}
		}
	}
	if l.o.Task != "" && l.o.Task != Classification && l.o.Task != Regression {
		return unfit{fmt.Sprintf("the task %q is not known; there are %s and %s", l.o.Task, Classification, Regression)}
	}
	p.assignOptional(s)
	l.giveBack(p, s)
	taken := []int{p.id, p.split, p.weight, p.group}
	if p.label < 0 && (p.source.Header || p.source.Format == formatJSONL) {
		if c := firstOf(columns, targetNames); !slices.Contains(taken, c) {
			p.label = c
		}
	}
	for c := range columns {
		if !slices.Contains(taken, c) && c != p.label {
			p.features = append(p.features, c)
		}
	}
	if n := len(p.features); p.label < 0 && n > 0 {
		p.label, p.features = p.features[n-1], p.features[:n-1]
	}
	if len(p.features) == 0 {
		return unfit{fmt.Sprintf("a table needs a target and another column, there are: %s; separate them by comma, semicolon or tab", namesOf(columns))}
	}
	p.source.LabelColumn = columns[p.label]
	p.source.DecimalComma = decimalComma(s, p.source.Delimiter)
	return nil
}

// namesOf shows the names of columns.
func namesOf(columns []string) string {
	all := ""
	for i, c := range columns {
		if i > 0 {
			all += ", "
		}
		all += c
	}
	return excerpt([]byte(all))
}

// decimalComma reports whether more of the sample's cells are numbers with a
// decimal comma than with a point; where it is the same, the semicolon decides:
// it is there because the comma was taken.
func decimalComma(s sample, delimiter string) bool {
	score := 0
	for _, row := range s.rows {
		for _, c := range row {
			switch point, comma := cell.Notations(c); {
			case comma && !point:
				score++
			case point && !comma:
				score--
			}
		}
	}
	return score > 0 || score == 0 && delimiter == ";"
}

// distinguish gives columns without a name, or with one that was there before,
// a name of their own. The names of objects differ, and are looked up as they are.
func distinguish(p *plan) {
	if p.source.Format == formatJSONL {
		return
	}
	seen := map[string]bool{}
	for i, name := range p.source.Columns {
		name = cmp.Or(validName(name), fmt.Sprintf("column %d", i+1))
		unique := name
		for n := 2; seen[unique]; n++ {
			unique = fmt.Sprintf("%s (%d)", name, n)
		}
		seen[unique] = true
		p.source.Columns[i] = unique
	}
}

const (
	fewGroups  = 10 // values from which a column called group is one
	manyWeight = 20 // values up to which a column called weight is one
	maxWeight  = 10 // largest mean of weights
)

// giveBack makes features of a weight and a group column that do not look the
// part: the weight of a car, or group A and B.
func (l *tableLayout) giveBack(p *plan, s sample) {
	for _, st := range columnStats(s, nil) {
		name := ""
		switch c := st.column; {
		case c == p.group && st.distinct < fewGroups:
			p.group, name = -1, "group"
		case c == p.weight && (st.distinct > manyWeight || meanOf(s, c) > maxWeight):
			p.weight, name = -1, "weight"
		}
		if name != "" {
			l.found.add(Issue{Code: FieldMissing, Severity: Warning, Line: 1, Column: name}, nil,
				"the column %s is read as a feature: its values do not look like the %s of a row", name, name)
		}
	}
}

// meanOf returns the mean of a sample's column, cells that are no numbers left out.
func meanOf(s sample, c int) float64 {
	sum, n := 0.0, 0.0
	for _, row := range s.rows {
		if v, ok := cell.Number(row[c], cell.Point); ok {
			sum, n = sum+v, n+1
		}
	}
	return sum / max(n, 1)
}
