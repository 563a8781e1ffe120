package dataset

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Beginning is how many bytes of a file Recognise wants to see.
const Beginning = window

// Recognise decides from the beginning of a file whether its rows are texts,
// for Read, or cells, for ReadTable, and says why; name is the file's, and label
// the column to predict, "" for one to be found out.
//
// Texts: columns named so, or two columns of which one holds free text.
// Everything else is a table; a file nothing can be made of is left to Read,
// whose complaints are the plainer ones, with no reason, but for a header in
// another encoding. Whether a table's
// target is a class or a number is ReadTable's decision, from the whole file.
func Recognise(ctx context.Context, head []byte, name, label string) (table bool, reason string) {
	head, name = unpacked(head, name)
	// A record that the end cut in two must not cost the verdict.
	set, _ := ReadTable(ctx, bytes.NewReader(head), TableOptions{Options: Options{Filename: name, MaxBadShare: .9}, Target: label})
	if set == nil || len(set.Rows) == 0 {
		// Read might take a header that cannot be read for a row and pass over it.
		return set != nil && set.Source.Header && set.IssueCounts[EncodingInvalid] > 0, ""
	}
	if set.Source.Header || set.Source.Format == formatJSONL {
		text, known := knownColumns(set.Source.Columns)
		if text >= 0 && (known >= 0 || label != "") {
			return false, "its columns are named as those of labelled texts"
		}
	}
	if len(set.Columns) == 1 {
		target, feature := make([]string, len(set.Rows)), make([]string, len(set.Rows))
		for i := range set.Rows {
			target[i] = set.Rows[i].Label // of a regression empty, and so no text
			feature[i] = set.Columns[0].Cell(i)
		}
		if free(feature) && set.Task == Classification || free(target) {
			return false, "one of its two columns holds free text"
		}
	}
	return true, "it has columns of features rather than one text"
}

// free reports whether cells are free text: few come twice, and they are made
// of several words, or of many letters where words are not spaced.
func free(cells []string) bool {
	distinct := map[string]bool{}
	words, letters := 0, 0
	for _, c := range cells {
		distinct[c] = true
		words += len(strings.Fields(c))
		for _, r := range c {
			if unicode.IsLetter(r) && utf8.RuneLen(r) > 2 {
				letters++
			}
		}
	}
	n := len(cells)
	return 2*len(distinct) > n && (words >= 2*n || letters >= 4*n)
}

// unpacked returns the beginning of what a gzip file holds.
func unpacked(head []byte, name string) ([]byte, string) {
	z, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return head, name
	}
	// The end is cut off, which is no failure here.
	plain, _ := io.ReadAll(io.LimitReader(z, Beginning))
	return plain, strings.TrimSuffix(name, ".gz")
}
