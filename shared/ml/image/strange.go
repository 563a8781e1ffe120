package image

import (
	"path"
	"slices"
	"strings"
)

// strange says what an archive is that was not packed for its images,
// unreadable: people upload what they have, and a workbook is a zip.
func (r *reader) strange() error {
	images, table := false, "" // table: the first file that is named as one
	for i := range r.entries {
		e := &r.entries[i]
		switch {
		// By the file that every Office document has in its first folder (ECMA-376
		// part 2), and before its pictures are taken for a data set.
		case e.name == "[Content_Types].xml":
			return r.refuse("the file is an Excel workbook or another Office document, and no archive of images; save the table as CSV in UTF-8",
				"save the table as CSV in UTF-8 and upload that file")
		case e.header != nil || isNamedImage(e.name):
			images = true
		case table == "" && isNamedTable(e.name) && !isJunk(strings.Split(e.name, "/")):
			table = e.name
		}
	}
	if images || table == "" {
		return nil
	}
	return r.refuse("the archive holds "+visible(table)+" and no images; upload that file itself, or compressed with gzip",
		"upload the file itself, or compressed with gzip")
}

// refuse returns an unreadable error, beside which the notes on files that were
// passed over would only confuse.
func (r *reader) refuse(message, fix string) error {
	r.notes = nil
	return unreadable{invalid(fix, "%s", message)}
}

// isNamedTable reports whether a file is meant to hold texts or a table.
func isNamedTable(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	return slices.Contains([]string{".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".txt"}, path.Ext(name))
}
