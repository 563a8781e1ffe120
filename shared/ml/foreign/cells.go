package foreign

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/dataset/cell"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

// Cells are text, as the whole service knows a row; here they become what the
// graph reads. A number is read as people write it, with thousands and currency,
// as tables are. An empty one is not a number (NaN), which trees can take as
// missing and sums cannot: then the answer is not finite, and Ask says so.

// row makes the tensors of one row.
func (m *Model) row(in pipeline.Input) ([]*onnx.Tensor, error) {
	tensors := make([]*onnx.Tensor, len(m.inputs))
	for i := range m.inputs {
		t, err := m.inputs[i].tensor(in, m.domain != "")
		if err != nil {
			return nil, err
		}
		tensors[i] = t
	}
	return tensors, nil
}

// tensor makes the input's tensor. own says that our export wrote the graph:
// then a cell that is no number is an empty one, as for the model it was made of.
func (in *input) tensor(row pipeline.Input, own bool) (*onnx.Tensor, error) {
	dims := make([]int, len(in.port.Dims))
	dims[0] = 1
	for k, d := range in.port.Dims[1:] {
		dims[k+1] = d.Size
	}
	t := &onnx.Tensor{Type: in.port.Type, Dims: dims}
	if list, there := row.Cells[in.port.Name]; in.size > 1 && (there || in.columns == nil) {
		return t, in.list(t, list) // the list wins over columns beside it
	}
	if in.form == prose && row.Cells == nil {
		t.Strings = []string{text.Normal(row.Text)}
		return t, nil
	}
	for _, name := range in.columns {
		if err := in.add(t, row.Cells[name], own); err != nil {
			return nil, onnx.At(fmt.Sprintf("column %.80q", name), err)
		}
	}
	return t, nil
}

// list reads the cell that is a whole input: numbers in a JSON list.
func (in *input) list(t *onnx.Tensor, content string) error {
	wrong := func(got string) error {
		return onnx.At(fmt.Sprintf("column %.80q", in.port.Name), onnx.Errorf(onnx.BadInput, "a JSON list of %d numbers is expected, not %s", in.size, got))
	}
	var tree []any // flat, or nested as the axes are
	if err := json.Unmarshal([]byte(content), &tree); err != nil {
		return wrong(fmt.Sprintf("%.20q", content))
	}
	values, ok := flat(nil, tree)
	if !ok || len(values) != in.size {
		return wrong(fmt.Sprintf("one of %d, or of what is no number", len(values)))
	}
	for _, v := range values {
		if !put(t, v) {
			return wrong(fmt.Sprintf("one with %v", v))
		}
	}
	return nil
}

// flat appends the numbers of nested lists; false when there is anything else.
func flat(values []float64, tree []any) ([]float64, bool) {
	for _, v := range tree {
		ok := true
		switch v := v.(type) {
		case float64:
			values = append(values, v)
		case []any:
			values, ok = flat(values, v)
		default:
			ok = false
		}
		if !ok {
			return values, false
		}
	}
	return values, true
}

// add adds the element of a cell.
func (in *input) add(t *onnx.Tensor, content string, own bool) error {
	missing := cell.Missing(content)
	switch in.form {
	case asIs:
		t.Strings = append(t.Strings, content)
	case prose:
		t.Strings = append(t.Strings, text.Normal(content))
	case category:
		if missing {
			content = ""
		}
		t.Strings = append(t.Strings, string(dataset.AppendNormal(nil, content)))
	case truth:
		v, err := strconv.ParseBool(strings.TrimSpace(content))
		if err != nil {
			return onnx.Errorf(onnx.BadInput, "%.40q is neither true nor false", content)
		}
		t.Bools = append(t.Bools, v)
	default:
		v, ok := cell.Number(content, cell.Point)
		if !ok || missing {
			// No whole number stands for a missing one.
			if !missing && !own || in.form == whole {
				return onnx.Errorf(onnx.BadInput, "%.40q is no number", content)
			}
			v = math.NaN()
		}
		if !put(t, v) {
			return onnx.Errorf(onnx.BadInput, "%.40q is no whole number", content)
		}
	}
	return nil
}

// put adds a number to a tensor of numbers or booleans; false when it is not
// one that the type holds.
func put(t *onnx.Tensor, v float64) bool {
	switch t.Storage() {
	case onnx.Floats:
		t.Floats = append(t.Floats, float32(v))
	case onnx.Halves:
		t.Halves = append(t.Halves, artifact.ToFloat16(float32(v)))
	case onnx.Bools:
		t.Bools = append(t.Bools, v != 0)
	default:
		// A cell was read as a double, which holds whole numbers up to 2^53.
		t.Ints = append(t.Ints, int64(v))
		return v == math.Trunc(v) && math.Abs(v) < 1<<53
	}
	return true
}
