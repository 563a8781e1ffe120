package dataset

import "slices"

// idNames are the names of a column that tells records apart, the likelier first.
var idNames = []string{"custom_id", "id"}

// entryLayout is the layout of files without labels, or with labels that
// nobody asked for.
type entryLayout struct {
	o    EntryOptions
	seen []string // the columns that the file's beginning shows
}

// given implements layout: in a file of objects a column of a table may come
// late. Names of texts are only preferred, so they are not taken for granted.
func (l *entryLayout) given() []string { return l.o.Columns }

// known returns the names that make a record a header.
func (l *entryLayout) known() []string {
	if len(l.o.Columns) > 0 {
		return slices.Concat(l.o.Columns, idNames)
	}
	return slices.Concat(l.o.TextColumns, idNames, textNames)
}

// bonus implements layout: the share of the columns whose names are known.
func (l *entryLayout) bonus(s sample) float64 {
	if s.columns < 2 || len(s.first) != s.columns {
		return 0
	}
	hits := 0
	for _, name := range l.known() {
		if name != "" && indexOf(s.first, name) >= 0 {
			hits++
		}
	}
	return min(1, float64(hits)/float64(s.columns))
}

// names implements layout: one known name is enough where it does not come
// again as a value, for there is no label whose values could be such words.
func (l *entryLayout) names(s sample) bool {
	return slices.ContainsFunc(l.known(), func(name string) bool {
		i := indexOf(s.first, name)
		return name != "" && i >= 0 && !recurs(s, i)
	})
}

// looksNamed implements layout as for labelled texts.
func (l *entryLayout) looksNamed(s sample) bool { return textLayout{}.looksNamed(s) }

// assign implements layout.
func (l *entryLayout) assign(p *plan, s sample) error {
	p.roles = noRoles
	columns := p.source.Columns
	l.seen = columns
	if p.source.Format == formatJSONL {
		l.seen = s.names
	}
	if p.source.Header || p.source.Format == formatJSONL {
		p.id = firstOf(columns, idNames)
	}
	if len(l.o.Columns) > 0 {
		return nil
	}
	p.text = l.texts(columns)
	if len(p.text) == 0 {
		taken := []int{p.id}
		if _, label := knownColumns(columns); label >= 0 && len(columns) > 2 {
			taken = append(taken, label)
		}
		stats := columnStats(s, taken)
		if i := longest(stats, -1); i >= 0 {
			p.text = []int{stats[i].column}
		}
	}
	if len(p.text) == 0 {
		return unfit{"no column of texts was found; call it text"}
	}
	for _, c := range p.text {
		p.source.TextColumns = append(p.source.TextColumns, columns[c])
	}
	return nil
}

// texts returns the preferred columns where all are there, else the one with a
// known name.
func (l *entryLayout) texts(columns []string) []int {
	var found []int
	for _, name := range l.o.TextColumns {
		c := indexOf(columns, name)
		if c < 0 {
			found = nil
			break
		}
		found = append(found, c)
	}
	if text := firstOf(columns, textNames); found == nil && text >= 0 {
		found = []int{text}
	}
	return found
}
