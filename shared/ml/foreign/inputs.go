package foreign

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"godwit/shared/ml/export"
	"godwit/shared/ml/onnx"
)

// maxSpread is up to how many numbers of an input are columns of their own. Above
// it they are pixels or the like, which nobody names one by one.
const maxSpread = 1000

// maxSize is the most numbers of a row. No request could send more: a cell has at
// most 100 kB.
const maxSize = 1 << 18

// form is how a cell becomes an element. The forms from number on can be lists.
type form uint8

const (
	asIs     form = iota // strings of graphs of others, which may tell A from a
	category             // the normal form, of our own exports
	prose                // normal text, of our own exports
	number
	whole
	truth
)

// input is a tensor that the graph reads.
type input struct {
	port    onnx.Port
	form    form
	size    int      // elements of a row
	columns []string // that hold them; nil when the cell named as the input is a list
}

// column is the column that is the whole input, "" when several are.
func (in *input) column() string {
	if len(in.columns) == 1 {
		return in.columns[0]
	}
	return ""
}

// rule says how the cells of the input are written.
func (in *input) rule() string {
	switch {
	case in.form == prose:
		return "a text"
	case in.form == truth:
		return "true or false"
	case in.form <= category:
		return "a name"
	case in.columns == nil:
		return fmt.Sprintf("a JSON list of %d numbers", in.size)
	case in.form == whole:
		return "a whole number"
	}
	return "a number, empty where it is missing"
}

// readInputs finds the columns, in the order of the graph's inputs.
func (m *Model) readInputs(parsed *onnx.Model) error {
	features, err := listNote(parsed, NoteFeatures)
	if err != nil {
		return err
	}
	names, err := m.exported(parsed)
	if err != nil {
		return err
	}
	ports := m.signature.Inputs
	if len(ports) == 0 {
		return onnx.Errorf(onnx.Unsupported, "the graph has no inputs")
	}
	for _, port := range ports {
		in := input{port: port}
		if err := in.judge(m.domain); err != nil {
			return onnx.At(fmt.Sprintf("input %.80q", port.Name), err)
		}
		switch {
		case in.size == 1 && names[port.Name] != "":
			in.columns = []string{names[port.Name]}
		case in.size == 1:
			in.columns = []string{port.Name}
		case len(port.Dims) == 2 && in.size <= maxSpread && in.form >= number:
			in.columns = spread(port.Name, in.size, len(ports) == 1, features)
		case in.form < number:
			return onnx.At(fmt.Sprintf("input %.80q", port.Name), onnx.Errorf(onnx.Unsupported, "several strings a row; give each an input of its own"))
		}
		m.inputs = append(m.inputs, in)
		if in.columns == nil {
			m.columns = append(m.columns, port.Name)
		}
		m.columns = append(m.columns, in.columns...)
	}
	return m.judgeColumns()
}

// judgeColumns refuses columns that cannot be told apart or named. A column may
// not be called as a whole input either: which of the two was sent could not be
// known.
func (m *Model) judgeColumns() error {
	sorted := slices.Sorted(slices.Values(m.columns))
	for i, name := range sorted {
		if name == "" || i > 0 && name == sorted[i-1] {
			return onnx.Errorf(onnx.Unsupported, "two columns are named %.80q, or one is not named; say %s", name, NoteFeatures)
		}
	}
	for i := range m.inputs {
		if in := &m.inputs[i]; in.size > 1 && in.columns != nil && slices.Contains(m.columns, in.port.Name) {
			return onnx.Errorf(onnx.Unsupported, "the input %.80q is called as one of the columns; say %s", in.port.Name, NoteFeatures)
		}
	}
	if m.domain == export.DomainText && (len(m.inputs) != 1 || m.inputs[0].form != prose) {
		return onnx.Errorf(onnx.Corrupt, "an export of the domain %s reads one text", export.DomainText)
	}
	return nil
}

// exported returns the columns of the inputs of our own export, by input: an
// export renames a column whose name the graph needs for itself.
func (m *Model) exported(parsed *onnx.Model) (map[string]string, error) {
	raw, there := parsed.Note("godwit.inputs")
	if !there || m.domain != export.DomainTable {
		return nil, nil
	}
	var list []export.Input
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		return nil, onnx.At("metadata godwit.inputs", onnx.Errorf(onnx.Corrupt, "not the JSON that an export writes"))
	}
	names := make(map[string]string, len(list))
	for _, in := range list {
		names[in.Name] = in.Column
	}
	return names, nil
}

// judge checks that an input is a row and chooses its form.
func (in *input) judge(domain string) error {
	p := in.port
	if !p.Ranked || len(p.Dims) == 0 {
		return onnx.Errorf(onnx.Unsupported, "its axes are not said; a row is [N], [N,F] or more axes of known size")
	}
	// Rows are asked for one at a time, so that one open row, or exactly one, is
	// needed; filling up a batch of 32 would cost 32 rows each time.
	if rows := p.Dims[0]; !rows.Open && rows.Size != 1 {
		return onnx.Errorf(onnx.Unsupported, "it takes %d rows at a time; leave the first axis open, or make it 1", rows.Size)
	}
	dims := make([]int, len(p.Dims)-1)
	for k, d := range p.Dims[1:] {
		if d.Open {
			return onnx.Errorf(onnx.Unsupported, "axis %d is open; give it a size", k+1)
		}
		dims[k] = d.Size
	}
	size, ok := onnx.Count(dims)
	if !ok || size < 1 || size > maxSize {
		return onnx.Errorf(onnx.Unsupported, "a row has axes %v", dims)
	}
	in.size = size
	switch p.Type.Storage() {
	case onnx.Floats, onnx.Halves:
		in.form = number
	case onnx.Ints:
		in.form = whole
	case onnx.Bools:
		in.form = truth
	case onnx.Strings:
		switch {
		case domain != "" && len(p.Dims) == 1: // free text has one axis, a category two
			in.form = prose
		case domain != "":
			in.form = category
		}
	default:
		return onnx.Errorf(onnx.Unsupported, "elements of %s", p.Type)
	}
	return nil
}

// spread names the columns of an input [N,F].
func spread(name string, size int, alone bool, features []string) []string {
	if alone && len(features) == size {
		return features
	}
	columns := make([]string, size)
	for i := range columns {
		columns[i] = "f" + strconv.Itoa(i)
		if !alone {
			columns[i] = name + "_" + columns[i]
		}
	}
	return columns
}
