package api

import (
	"math"
	"slices"

	"godwit/shared/fault"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/onnx"
	"godwit/shared/oip"
	"godwit/shared/serving"
)

// The tensors of imported graphs on the plane of the Open Inference Protocol:
// under the graph's own names, beside label, score, probabilities and value
// where it does not use these names itself.

// datatypes are those of the protocol for inputs of a graph.
var datatypes = map[string]oip.Datatype{
	"FLOAT": oip.FP32, "DOUBLE": oip.FP64, "FLOAT16": oip.FP16, "STRING": oip.Bytes, "BOOL": oip.Bool,
	"UINT8": oip.Uint8, "INT8": oip.Int8, "UINT16": oip.Uint16, "INT16": oip.Int16, "INT32": oip.Int32, "INT64": oip.Int64, "UINT32": oip.Uint32,
}

// graphMetadata describes tensors of a graph. Outputs hold whole numbers of any
// size as INT64 and floats as FP32, which is how they are computed.
func graphMetadata(tensors []foreign.Tensor, answers bool) []TensorMetadata {
	out := make([]TensorMetadata, len(tensors))
	for i, t := range tensors {
		d, known := datatypes[t.Type]
		switch {
		case answers && (d == oip.Bytes || d == oip.Bool): // as they are
		case answers && known && d[0] != 'F':
			d = oip.Int64
		case answers: // a sequence of maps too: the scores
			d = oip.FP32
		}
		shape := []int{-1} // the rows, however many the graph takes at a time
		if len(t.Shape) > 1 {
			shape = append(shape, t.Shape[1:]...)
		}
		out[i] = TensorMetadata{Name: t.Name, Datatype: string(d), Shape: shape}
	}
	return out
}

// withGraph puts the outputs of an imported graph before those every model has.
func withGraph(out serving.Response, common []oip.Tensor) ([]oip.Tensor, error) {
	all := make([]oip.Tensor, 0, len(out.Graph)+len(common))
	for k, about := range out.Graph {
		t, err := stacked(out.Results, k)
		if err != nil {
			return nil, err
		}
		t.Name = about.Name
		all = append(all, t)
	}
	for _, t := range common {
		if !slices.ContainsFunc(all, func(own oip.Tensor) bool { return own.Name == t.Name }) {
			all = append(all, t)
		}
	}
	return all, nil
}

// stacked joins output k of all rows.
func stacked(results []serving.Result, k int) (oip.Tensor, error) {
	t := oip.Tensor{Rows: len(results)}
	for i := range results {
		row := results[i].Outputs[k]
		axes := row.Dims
		if len(axes) > 0 {
			axes = axes[1:]
		}
		if i == 0 {
			t.Axes = slices.Clone(axes)
		}
		if n, ok := onnx.Count(t.Axes); !ok || !slices.Equal(axes, t.Axes) || n != row.Len() {
			return t, fault.New(fault.Invalid, "the graph answers row %d with a tensor of axes %v, and not all rows alike with one row: send rows one at a time", i, row.Dims).WithReason("uneven_outputs")
		}
		if slices.ContainsFunc(row.Floats, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) }) {
			return t, fault.New(fault.Invalid, "the graph answers row %d with what is no finite number", i).WithReason("graph_input")
		}
		t.Texts, t.Floats = append(t.Texts, row.Strings...), append(t.Floats, row.Floats...)
		t.Ints, t.Bools = append(t.Ints, row.Ints...), append(t.Bools, row.Bools...)
	}
	return t, nil
}
