package dataset

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Known names of columns, the likelier first. They are compared without case
// and surrounding white space.
var (
	textNames  = []string{"text", "content", "sentence", "review", "query", "文本", "内容"}
	labelNames = []string{"label", "class", "category", "intent", "target", "标签", "类别"}
)

// splitNames are the spellings of the parts of a split.
var splitNames = map[string]string{
	"train": "train", "training": "train", "trn": "train", "训练": "train", "训练集": "train",
	"validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
	"development": "validation", "验证": "validation", "验证集": "validation",
	"test": "test", "testing": "test", "tst": "test", "测试": "test", "测试集": "test",
}

// roles tells which column is what; -1 is none.
type roles struct {
	text                     []int // of a file of texts
	features                 []int // of a table, in file order
	label                    int
	id, split, weight, group int
	time                     int  // may be a feature too
	splitIgnored             bool // there is a split column, but its values name no parts
}

// normalName makes names comparable.
func normalName(s string) string {
	return strings.ToLower(strings.Trim(s, " \t\r\n\u00a0\u3000\ufeff\""))
}

// indexOf finds name among columns: as it is, else without regard to case and
// white space; -1 when absent.
func indexOf(columns []string, name string) int {
	if i := slices.Index(columns, name); i >= 0 {
		return i
	}
	name = normalName(name)
	return slices.IndexFunc(columns, func(c string) bool { return normalName(c) == name })
}

// firstOf finds the first of names that is a column.
func firstOf(columns, names []string) int {
	for _, name := range names {
		if i := indexOf(columns, name); i >= 0 {
			return i
		}
	}
	return -1
}

// knownColumns finds the text and label columns by known names, -1 for none.
func knownColumns(columns []string) (text, label int) {
	return firstOf(columns, textNames), firstOf(columns, labelNames)
}

// stat describes one column of a sample.
type stat struct {
	column   int
	distinct int
	single   int // values that come once
	length   int // bytes in all
}

// columnStats describes the columns that are not in taken.
func columnStats(s sample, taken []int) []stat {
	var stats []stat
	for c := range s.columns {
		if slices.Contains(taken, c) {
			continue
		}
		seen := map[string]int{}
		st := stat{column: c}
		for _, row := range s.rows {
			seen[row[c]]++
			st.length += len(row[c])
			switch seen[row[c]] {
			case 1:
				st.distinct++
				st.single++
			case 2:
				st.single--
			}
		}
		stats = append(stats, st)
	}
	return stats
}

// labelOf picks the column with the fewest distinct values and among equals the
// one with the shorter values: an index into stats, -1 for none. A column whose
// several values each come twice on average goes before one of a single value,
// such as a language; that one goes before a column of texts, for it may be the
// label of a file sorted by label.
func labelOf(stats []stat, rows int) int {
	rank := func(st stat) int {
		if st.distinct >= 2 && 2*st.distinct <= rows {
			return 0
		}
		return 1
	}
	best := -1
	for i, st := range stats {
		if best < 0 || cmp.Or(
			cmp.Compare(rank(st), rank(stats[best])),
			cmp.Compare(st.distinct, stats[best].distinct),
			cmp.Compare(st.length, stats[best].length)) < 0 {
			best = i
		}
	}
	return best
}

// longest picks the column with the longest values but one: an index, -1 for none.
func longest(stats []stat, but int) int {
	best := -1
	for i, st := range stats {
		if i != but && (best < 0 || st.length > stats[best].length) {
			best = i
		}
	}
	return best
}

// noRoles is the roles of no column.
var noRoles = roles{label: -1, id: -1, split: -1, weight: -1, group: -1, time: -1}

// assign implements layout.
func (l textLayout) assign(p *plan, s sample) error {
	columns := p.source.Columns
	p.roles = noRoles
	if err := p.assignNamed(columns, l.o); err != nil {
		return err
	}
	p.assignOptional(s) // before guessing: an id must not be taken for the text
	if p.source.Header || p.source.Format == formatJSONL {
		text, label := knownColumns(columns)
		if len(p.text) == 0 && text >= 0 && text != p.label {
			p.text = []int{text}
		}
		if p.label < 0 && label >= 0 && !slices.Contains(p.text, label) {
			p.label = label
		}
	}
	p.assignByContent(s)
	if p.label < 0 || len(p.text) == 0 {
		return unfit{fmt.Sprintf("no text and label columns were found among %d: %s; name them, or separate them by comma, semicolon or tab",
			len(columns), excerpt([]byte(strings.Join(columns, ", "))))}
	}
	for _, c := range p.text {
		p.source.TextColumns = append(p.source.TextColumns, columns[c])
	}
	p.source.LabelColumn = columns[p.label]
	return nil
}

// assignNamed obeys the names in the options.
func (p *plan) assignNamed(columns []string, o Options) error {
	// The label comes first, so that a text column of the same name is refused.
	for i, name := range append([]string{o.LabelColumn}, o.TextColumns...) {
		if name == "" {
			continue
		}
		c := indexOf(columns, name)
		switch {
		case c < 0:
			return unfit{fmt.Sprintf("there is no column %q; there are: %s", name, excerpt([]byte(strings.Join(columns, ", "))))}
		case i == 0:
			p.label = c
		case c == p.label || slices.Contains(p.text, c):
			return unfit{fmt.Sprintf("column %q was named twice", name)}
		default:
			p.text = append(p.text, c)
		}
	}
	return nil
}

// assignOptional finds id, split, weight and group by name. A column called
// split whose values name no part, such as fold numbers, is not one.
func (p *plan) assignOptional(s sample) {
	if !p.source.Header && p.source.Format != formatJSONL {
		return
	}
	find := func(name string) int {
		if c := indexOf(p.source.Columns, name); c != p.label && !slices.Contains(p.text, c) {
			return c
		}
		return -1
	}
	p.id, p.split, p.weight, p.group = find("id"), find("split"), find("weight"), find("group")
	if p.split >= 0 && p.split < s.columns && !slices.ContainsFunc(s.rows, func(row []string) bool {
		return splitNames[normalName(row[p.split])] != ""
	}) {
		p.split, p.splitIgnored = -1, len(s.rows) > 0
	}
}

// assignByContent gives the roles that names left open.
func (p *plan) assignByContent(s sample) {
	taken := append([]int{p.label, p.id, p.split, p.weight, p.group}, p.text...)
	stats := columnStats(s, taken)
	label := -1
	// A single column that is left is the text, unless that was named.
	if p.label < 0 && (len(stats) > 1 || len(p.text) > 0) {
		if label = labelOf(stats, len(s.rows)); label >= 0 {
			p.label = stats[label].column
		}
	}
	if len(p.text) == 0 {
		if text := longest(stats, label); text >= 0 {
			p.text = []int{stats[text].column}
		}
	}
}
