package runner

import (
	"context"
	"errors"
	"strconv"

	"godwit/shared/ml/onnx"
)

// probe finds the axes of the outputs by running the graph on zeros: with one
// row and with two, so that what grows with the rows shows. It fails when types
// or axes do not fit each other. A graph that takes a single row only is noted
// as such. Where zeros are no values for the graph, or an axis other than the
// first is open, outputs stay as the file declares them.
func (p *Program) probe(ctx context.Context) error {
	once, err := p.try(ctx, 1)
	if err != nil || once == nil {
		return err
	}
	outputs := make([]onnx.Port, len(once))
	for i, t := range once {
		outputs[i] = onnx.Port{Name: p.signature.Outputs[i].Name, Type: t.Type, Ranked: true}
		for _, d := range t.Dims {
			outputs[i].Dims = append(outputs[i].Dims, onnx.Dim{Size: d})
		}
	}
	p.signature.Outputs = outputs
	inputs := append([]onnx.Port(nil), p.signature.Inputs...)
	twice, err := p.try(ctx, 2)
	if ctx.Err() != nil {
		return err
	}
	for i := range inputs {
		if inputs[i].Ranked && len(inputs[i].Dims) > 0 && inputs[i].Dims[0].Open {
			d := onnx.Dim{Size: 1}
			if err == nil {
				d = onnx.Dim{Open: true, Name: rows}
			}
			inputs[i].Dims = append([]onnx.Dim{d}, inputs[i].Dims[1:]...)
		}
	}
	p.signature.Inputs = inputs
	for i, t := range twice {
		for k := range outputs[i].Dims {
			if k < len(t.Dims) && t.Dims[k] != outputs[i].Dims[k].Size {
				outputs[i].Dims[k] = onnx.Dim{Open: true, Name: rows}
			}
		}
	}
	return nil
}

// rows names the axis along which a batch grows.
const rows = "rows"

// try runs the graph on so many rows of zeros. It returns nothing when that
// says nothing about the graph.
func (p *Program) try(ctx context.Context, n int) ([]*onnx.Tensor, error) {
	inputs := make([]*onnx.Tensor, len(p.signature.Inputs))
	whole := false // whole numbers may be axes or sizes, of which 0 says nothing
	for i, port := range p.signature.Inputs {
		whole = whole || port.Type.Storage() == onnx.Ints
		if !port.Ranked {
			return nil, nil
		}
		dims := make([]int, len(port.Dims))
		for k, d := range port.Dims {
			if dims[k] = d.Size; d.Open {
				if dims[k] = n; k > 0 {
					return nil, nil
				}
			}
		}
		count, ok := onnx.Count(dims)
		if !ok || count > 1<<24 {
			return nil, onnx.Errorf(onnx.TooLarge, "input %q has axes %v", port.Name, dims)
		}
		inputs[i] = zeros(port.Type, count, dims)
	}
	out, err := p.run(ctx, inputs)
	if e, failed := errors.AsType[*onnx.Error](err); failed && (e.Reason == onnx.BadValue || whole && e.Reason != onnx.Corrupt) {
		return nil, nil
	}
	return out, err
}

// zeros returns a tensor of n zeros or empty strings.
func zeros(t onnx.Type, n int, dims []int) *onnx.Tensor {
	z := &onnx.Tensor{Type: t, Dims: dims}
	switch t.Storage() {
	case onnx.Floats:
		z.Floats = make([]float32, n)
	case onnx.Ints:
		z.Ints = make([]int64, n)
	case onnx.Strings:
		z.Strings = make([]string, n)
	case onnx.Bools:
		z.Bools = make([]bool, n)
	case onnx.Halves:
		z.Halves = make([]uint16, n)
	}
	return z
}

// Labels returns the classes that the last classifier or ZipMap of a graph lists,
// nil when there is none.
func Labels(g *onnx.Graph) []string {
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		for _, name := range []string{"classlabels_strings", "classlabels_int64s", "classlabels_ints"} {
			a := g.Nodes[i].Attribute(name)
			if a == nil || len(a.Strings)+len(a.Ints) == 0 {
				continue
			}
			all := a.Strings
			for _, v := range a.Ints {
				all = append(all, strconv.FormatInt(v, 10))
			}
			return all
		}
	}
	return nil
}
