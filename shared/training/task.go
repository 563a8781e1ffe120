package training

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
	"godwit/shared/registry"
)

// beginning is how many bytes of a file the choice between texts and a table
// looks at.
const beginning = 256 << 10

// textHeaders and labelHeaders are the names under which a file of texts keeps
// its two columns, as dataset.Read knows them.
var (
	textHeaders  = []string{"text", "content", "sentence", "review", "query", "文本", "内容"}
	labelHeaders = []string{"label", "class", "category", "intent", "target", "标签", "类别"}
)

// taskOf decides from the beginning of a file whether its rows are texts or
// cells. Texts: columns named so, or two columns of which one holds free text.
// Everything else is a table; a file nothing can be made of is left to the
// reader of texts, whose complaints are the plainer ones. Whether a table's
// target is a class or a number is dataset's decision, from the whole file.
func taskOf(ctx context.Context, head []byte, name string, settings Settings) (registry.Task, string) {
	if len(settings.Columns.Text) > 0 {
		return registry.TextClassification, "the settings name text columns"
	}
	if image.Recognise(head) {
		return registry.ImageClassification, "it is an archive, as of images"
	}
	head, name = unpacked(head, name)
	// A record that the end cut in two must not cost the verdict.
	set, _ := dataset.ReadTable(ctx, bytes.NewReader(head), dataset.TableOptions{
		Options: dataset.Options{Filename: name, MaxBadShare: .9}, Target: settings.Columns.Label,
	})
	if set == nil || len(set.Rows) == 0 {
		return registry.TextClassification, ""
	}
	named := func(known []string) bool {
		return slices.ContainsFunc(set.Source.Columns, func(c string) bool { return slices.Contains(known, strings.ToLower(c)) })
	}
	if set.Source.Header || set.Source.Format == "jsonl" {
		if named(textHeaders) && (named(labelHeaders) || settings.Columns.Label != "") {
			return registry.TextClassification, "its columns are named as those of labelled texts"
		}
	}
	if len(set.Columns) == 1 {
		target := make([]string, len(set.Rows))
		for i := range set.Rows {
			target[i] = set.Rows[i].Label // of a regression empty, and so no text
		}
		feature := make([]string, len(set.Rows))
		for i := range feature {
			feature[i] = set.Columns[0].Cell(i)
		}
		if free(feature) && set.Task == dataset.Classification || free(target) {
			return registry.TextClassification, "one of its two columns holds free text"
		}
	}
	return registry.TableClassification, "it has columns of features rather than one text"
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
	plain, _ := io.ReadAll(io.LimitReader(z, beginning))
	return plain, strings.TrimSuffix(name, ".gz")
}
