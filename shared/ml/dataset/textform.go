package dataset

import (
	"bytes"
	"unicode/utf8"
)

// textForm is the form of labelled texts.
type textForm struct {
	*builder
	size int // bytes of the text that check saw last
}

// check implements form: it reports missing, empty and too long text.
func (f *textForm) check(cells [][]byte, bad report) {
	text := f.p.text
	blank := true
	f.size = len(text) - 1
	for _, c := range text {
		if cells[c] == nil {
			bad(c, FieldMissing, "the text is missing")
			return
		}
		f.size += len(cells[c])
		blank = blank && len(bytes.TrimSpace(cells[c])) == 0
	}
	switch {
	case blank:
		bad(text[0], TextEmpty, "the text is empty")
	case f.size > f.o.MaxText:
		bad(text[0], TextTooLong, "a text of %d bytes; at most %d", f.size, f.o.MaxText)
	}
}

// take implements form: it joins the text cells.
func (f *textForm) take(row *Row, cells [][]byte) {
	row.Label = f.intern(bytes.TrimSpace(cells[f.p.label]))
	f.reserve(f.size)
	from := f.chunk.Len()
	for i, c := range f.p.text {
		if i > 0 {
			f.chunk.WriteByte('\n')
		}
		f.chunk.Write(cells[c])
	}
	row.Text = f.chunk.String()[from:]
}

// key implements form.
func (f *textForm) key(row int) uint64 { return contentKey(f.rows[row].Text) }

// agree implements form.
func (f *textForm) agree(a, b int) bool { return f.rows[a].Label == f.rows[b].Label }

// excerpt implements form. It copies the beginning only: a text may be 100 kB
// and its copies many.
func (f *textForm) excerpt(row int) []byte {
	text := f.rows[row].Text
	return []byte(text[:min(len(text), 4*maxExcerpt+utf8.UTFMax)])
}

// keep implements form: the texts are in the rows.
func (f *textForm) keep([]int32) {}
