package export

import (
	"math"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/dataset/cell"
	"godwit/shared/ml/image"
	"godwit/shared/ml/network"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
	"godwit/shared/ml/text"
)

// Reader makes the inputs of an exported graph of what its model reads: it is
// the domain of the export, in Go. It does not change and is safe for
// concurrent use.
type Reader struct {
	columns []column    // none of a text model
	shape   image.Shape // of the images of a model that reads some
}

// NewReader returns the reader of a model that Export takes; of any other model
// it reads something that no graph takes. It fails with the errors of the
// model's Encode.
func NewReader(m pipeline.Predictor) (*Reader, error) {
	if m.Task() == pipeline.TextClassification {
		return &Reader{}, nil
	}
	if net, ok := m.(*network.Image); ok {
		return &Reader{shape: net.Shape()}, nil
	}
	f, err := fileOf(m)
	if err != nil {
		return nil, err
	}
	all, err := readColumns(f)
	r := &Reader{}
	// The graph takes free text last.
	for _, prose := range []bool{false, true} {
		for _, c := range all {
			if c.read() && (c.Kind == tabular.Text) == prose {
				r.columns = append(r.columns, c)
			}
		}
	}
	return r, err
}

// Tensors returns rows as the inputs of the graph, in its order. A cell that is
// no number counts as empty, as it does for the model.
func (r *Reader) Tensors(rows []pipeline.Input) []*onnx.Tensor {
	if r.shape.Size() > 0 {
		v := make([]float32, 0, len(rows)*r.shape.Size())
		for _, in := range rows {
			for _, p := range in.Pixels {
				v = append(v, float32(p))
			}
		}
		return []*onnx.Tensor{onnx.OfFloats(v, len(rows), r.shape.Channels, r.shape.Height, r.shape.Width)}
	}
	if r.columns == nil {
		docs := make([]string, len(rows))
		for i, in := range rows {
			docs[i] = text.Normal(in.Text)
		}
		return []*onnx.Tensor{onnx.OfStrings(docs)}
	}
	all := make([]*onnx.Tensor, len(r.columns))
	for k := range r.columns {
		all[k] = r.columns[k].tensor(rows)
	}
	return all
}

// tensor returns the cells of a column as the graph takes them, [rows, 1] but for
// free text, [rows]: of that the Tokenizer makes a second dimension.
func (c *column) tensor(rows []pipeline.Input) *onnx.Tensor {
	if c.Kind == tabular.Number {
		v := make([]float32, len(rows))
		for i, in := range rows {
			v[i] = c.number(in.Cells[c.Name])
		}
		return onnx.OfFloats(v, len(v), 1)
	}
	v := make([]string, len(rows))
	for i, in := range rows {
		content := in.Cells[c.Name]
		if c.Kind == tabular.Text {
			v[i] = text.Normal(content)
		} else if !cell.Missing(content) {
			v[i] = string(dataset.AppendNormal(nil, content))
		}
	}
	if c.Kind == tabular.Text {
		return onnx.OfStrings(v)
	}
	return onnx.OfStrings(v, len(v), 1)
}

// number reads a cell as the model does, not-a-number when it says nothing.
func (c *column) number(content string) float32 {
	notation := cell.Point
	if c.Comma {
		notation = cell.Comma
	}
	if v, ok := cell.Number(content, notation); ok && !cell.Missing(content) {
		return float32(v)
	}
	return float32(math.NaN())
}
