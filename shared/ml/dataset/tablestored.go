package dataset

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"godwit/shared/ml/artifact"
)

// The tensors of a table's columns in a work file.
const (
	tensorNames = "columns.names" // U8: JSON list of the names
	tensorCells = "columns.cells" // U8: the cells, column after column, row after row
	tensorEnds  = "columns.ends"  // U32: where each cell ends, from its column's beginning
)

// ColumnTensors returns columns, all of one length, as tensors of a work file.
func ColumnTensors(columns []Column) []artifact.Tensor {
	names := make([]string, len(columns))
	var cells []byte
	var ends []uint32
	for i := range columns {
		names[i] = columns[i].Name
		cells = append(cells, columns[i].text...)
		ends = append(ends, columns[i].ends...)
	}
	list, _ := json.Marshal(names) // strings: cannot fail
	rows := 0
	if len(columns) > 0 {
		rows = columns[0].Len()
	}
	return []artifact.Tensor{
		artifact.FromBytes(tensorNames, nil, list),
		artifact.FromBytes(tensorCells, nil, cells),
		artifact.FromUint32s(tensorEnds, []int64{int64(len(columns)), int64(rows)}, ends),
	}
}

// ColumnsOf reads columns from the tensors of a file and checks them. It fails
// with an *artifact.Error when they contradict each other. The cells are
// copied, the places of their ends alias the file.
func ColumnsOf(f *artifact.File) ([]Column, error) {
	list, err := artifact.Elements(f, tensorNames, artifact.Bytes)
	if err != nil {
		return nil, err
	}
	cells, err := artifact.Elements(f, tensorCells, artifact.Bytes)
	if err != nil {
		return nil, err
	}
	ends, err := artifact.Elements(f, tensorEnds, artifact.Uint32s)
	if err != nil {
		return nil, err
	}
	var names []string
	if err := json.Unmarshal(list, &names); err != nil {
		return nil, corrupt(err, "names of columns")
	}
	shape, _ := f.Tensor(tensorEnds)
	if len(names) > maxColumns || len(shape.Shape) != 2 || shape.Shape[0] != int64(len(names)) {
		return nil, corrupt(nil, "%d names of columns for ends of shape %v", len(names), shape.Shape)
	}
	rows := int(shape.Shape[1])
	columns := make([]Column, len(names))
	for i, name := range names {
		c := Column{Name: name, ends: ends[i*rows : (i+1)*rows : (i+1)*rows]}
		size := uint32(0)
		for row, end := range c.ends {
			if end < size {
				return nil, corrupt(nil, "column %q: cell %d ends before it begins", name, row)
			}
			size = end
		}
		if uint64(size) > uint64(len(cells)) || !utf8.ValidString(name) {
			return nil, corrupt(nil, "column %q ends at %d of %d bytes", name, size, len(cells))
		}
		c.text, cells = string(cells[:size]), cells[size:]
		columns[i] = c
	}
	if len(cells) > 0 {
		return nil, corrupt(nil, "%d bytes after the last cell", len(cells))
	}
	return columns, nil
}

// corrupt returns the error for tensors that make no columns.
func corrupt(err error, format string, args ...any) error {
	return &artifact.Error{Kind: artifact.KindCorrupt, Msg: "table: " + fmt.Sprintf(format, args...), Err: err}
}
