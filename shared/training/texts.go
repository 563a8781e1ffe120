package training

import (
	"fmt"
	"strings"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/dataset"
)

// texts is what of the rows only Finish needs: the texts as written, because
// the evaluation predicts held-out ones as a caller would, and where each row
// came from, for what is found about it.
type texts struct {
	Text         []string // of each row, of images their names; none for tables, whose cells are in rows
	Line, Record []int64
}

// textsOf takes the texts out of a data set.
func textsOf(set []dataset.Row, table bool) *texts {
	x := &texts{Line: make([]int64, len(set)), Record: make([]int64, len(set))}
	if !table {
		x.Text = make([]string, len(set))
	}
	for i := range set {
		x.Line[i], x.Record[i] = set[i].Line, set[i].Record
		if !table {
			x.Text[i] = set[i].Text
		}
	}
	return x
}

const textsFormat = "godwit-texts-1"

// encode lays the texts out as one safetensors file.
func (x *texts) encode() ([]byte, error) {
	return artifact.Encode(map[string]string{"format": textsFormat}, x.tensors())
}

// tensors returns the texts for a file.
func (x *texts) tensors() []artifact.Tensor {
	size := 0
	for _, t := range x.Text {
		size += len(t)
	}
	all, end := make([]byte, 0, size), make([]int64, len(x.Text))
	for i, t := range x.Text {
		all = append(all, t...)
		end[i] = int64(len(all))
	}
	return []artifact.Tensor{
		artifact.FromInt64s("row.line", nil, x.Line),
		artifact.FromInt64s("row.record", nil, x.Record),
		artifact.FromInt64s("text.end", nil, end),
		artifact.FromBytes("text.bytes", nil, all),
	}
}

// decodeTexts reads what encode wrote.
func decodeTexts(data []byte) (*texts, error) {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: workLimit})
	if err != nil {
		return nil, err
	}
	x := &texts{}
	return x, x.read(f)
}

// read takes the texts from a file.
func (x *texts) read(f *artifact.File) error {
	var end []int64
	var all []byte
	for _, read := range []error{
		view(f, "row.line", artifact.Int64s, &x.Line),
		view(f, "row.record", artifact.Int64s, &x.Record),
		view(f, "text.end", artifact.Int64s, &end),
		view(f, "text.bytes", artifact.Bytes, &all),
	} {
		if read != nil {
			return read
		}
	}
	whole, from := string(all), int64(0)
	for i, to := range end {
		if to < from || to > int64(len(whole)) {
			return fmt.Errorf("text %d ends at %d of %d bytes", i, to, len(whole))
		}
		x.Text = append(x.Text, whole[from:to])
		from = to
	}
	return nil
}

// row returns one row with what a finding about it shows: its text, or the
// beginning of its cells.
func (x *texts) row(r *rows, i int32) dataset.Row {
	row := dataset.Row{Line: x.Line[i], Record: x.Record[i]}
	if len(r.Columns) == 0 {
		row.Text = x.Text[i]
		return row
	}
	var b strings.Builder
	for c := range r.Columns {
		if b.Len() > 400 {
			break // an excerpt is far shorter
		}
		if c > 0 {
			b.WriteString(", ")
		}
		b.WriteString(r.Columns[c].Cell(int(i)))
	}
	row.Text = b.String()
	return row
}
