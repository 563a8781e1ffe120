package batch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"

	"godwit/shared/fault"
	"godwit/shared/ml/dataset"
	"godwit/shared/serving"
)

// row is one record of a chunk, a line of JSON each.
type row struct {
	Record int64             `json:"r"`
	Line   int64             `json:"l"`
	ID     string            `json:"i,omitempty"`
	Text   string            `json:"t,omitempty"`
	Cells  map[string]string `json:"c,omitempty"`
	Code   string            `json:"e,omitempty"` // why it cannot be read
	Reason string            `json:"m,omitempty"` // the same for a person
}

// rowOf is the form in which a record is handed on.
func rowOf(e dataset.Entry) row {
	r := row{Record: e.Record, Line: e.Line, ID: e.ID, Text: e.Text, Cells: e.Cells}
	if e.Issue != nil {
		r.Code, r.Reason = e.Issue.Code, e.Issue.Message+"; "+e.Issue.Fix
	}
	return r
}

// input is what the row asks of a model; table says of which kind.
func (r *row) input(table bool) serving.Input {
	switch {
	case r.Code != "":
		return serving.Input{Bad: fault.New(fault.Invalid, "%s", r.Reason).WithReason(r.Code)}
	case !table:
		return serving.Input{Text: r.Text}
	case r.Cells == nil: // none of the columns has a cell in it
		return serving.Input{Columns: map[string]string{}}
	}
	return serving.Input{Columns: r.Cells}
}

// chunkWriter gathers rows.
type chunkWriter struct {
	buf  bytes.Buffer
	json *json.Encoder
	item Item
}

// newChunkWriter returns a writer at the first chunk.
func newChunkWriter() *chunkWriter {
	w := &chunkWriter{}
	w.json = json.NewEncoder(&w.buf)
	// Nobody shows a chunk in a browser, and escapes would lengthen it.
	w.json.SetEscapeHTML(false)
	return w
}

// add appends a row.
func (w *chunkWriter) add(r row) error {
	if w.item.Rows == 0 {
		w.item.Record, w.item.Line = r.Record, r.Line
	}
	w.item.Rows++
	return w.json.Encode(r)
}

// next begins the chunk after this one.
func (w *chunkWriter) next() {
	w.buf.Reset()
	w.item = Item{Chunk: w.item.Chunk + 1}
}

// rowReader reads the rows of a chunk.
type rowReader struct{ json *json.Decoder }

// newRowReader reads ahead in larger pieces than the decoder asks for.
func newRowReader(r io.Reader) rowReader {
	return rowReader{json.NewDecoder(bufio.NewReaderSize(r, 64<<10))}
}

// read returns up to n rows, none at the end.
func (r rowReader) read(n int) ([]row, error) {
	rows := make([]row, 0, n)
	for len(rows) < n {
		var one row
		err := r.json.Decode(&one)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "a chunk of the file could not be read")
		}
		rows = append(rows, one)
	}
	return rows, nil
}
