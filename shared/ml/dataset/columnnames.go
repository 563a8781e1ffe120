package dataset

import (
	"fmt"
	"slices"
)

// tellColumns reports the columns that are not used as their names would have
// it. written are the names as the header has them.
func (p *plan) tellColumns(s sample, written []string, found *findings) {
	if p.splitIgnored {
		found.add(Issue{Code: FieldMissing, Severity: Warning, Line: 1, Column: "split"}, nil,
			"the column split is not used: its values are not train, validation or test")
	}
	for c, name := range written {
		if first := slices.Index(written, name); first < c && name != "" {
			message := fmt.Sprintf("columns %d and %d are both named %q", first+1, c+1, name)
			if called := p.source.Columns[c]; called != name {
				message += fmt.Sprintf("; the second is called %q", called)
			}
			found.add(Issue{Code: ColumnDuplicate, Severity: Warning, Line: 1, Column: p.source.Columns[c]}, nil, "%s", message)
		}
	}
	for _, name := range s.nested {
		found.add(Issue{Code: FieldNested, Severity: Info, Line: 1, Column: name}, nil,
			"the field %q holds an object or a list and is passed over", name)
	}
}

// checkTwice refuses a file in which a column that matters has a name that
// another has too: nobody can tell which of them is meant.
func (p *plan) checkTwice(written, given []string) error {
	matters := append([]int{p.label}, p.text...)
	for _, name := range given {
		matters = append(matters, indexOf(written, name))
	}
	for _, c := range matters {
		if c < 0 || c >= len(written) || written[c] == "" {
			continue
		}
		if other := slices.Index(written[c+1:], written[c]); other >= 0 || slices.Index(written, written[c]) < c {
			return unfit{fmt.Sprintf("the header names %q more than once, and it matters which is meant; give each column a name of its own", written[c])}
		}
	}
	return nil
}

// checkNames refuses a header that cannot be read: a column would get a name
// that nobody will send.
func (p *plan) checkNames(d *decoder, found *findings) error {
	for _, name := range p.source.Columns {
		if p.source.Header && damaged([]byte(name)) >= 0 {
			reason := fmt.Sprintf("the name of a column is not valid %s", d.encoding)
			found.add(Issue{Code: EncodingInvalid, Severity: Error, Line: 1}, []byte(name), "%s", reason)
			return unfit{fmt.Sprintf("%s: %s; %s", reason, excerpt([]byte(name)), fixes[EncodingInvalid])}
		}
	}
	return nil
}
