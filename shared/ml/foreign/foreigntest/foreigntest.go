// Package foreigntest makes graphs as other people's tools do, for the tests of
// the rooms that take them.
package foreigntest

import (
	"testing"

	"godwit/shared/ml/onnx"
)

// Labels are the classes of Forest.
var Labels = []string{"setosa", "versicolor", "virginica"}

// opsets are those skl2onnx writes.
var opsets = []onnx.Opset{{Domain: onnx.Standard, Version: 17}, {Domain: onnx.Traditional, Version: 3}}

// file writes what was built.
func file(t testing.TB, b *onnx.Builder) []byte {
	t.Helper()
	m, err := b.Model()
	if err != nil {
		t.Fatal(err)
	}
	return onnx.Encode(m)
}

// Forest is two trees over four numbers, in the form of skl2onnx: one input
// float_input [N,4], the label, and the probabilities as maps. Petals of at most
// 2.45 are setosa with certainty; those of 5 and 2 are virginica with .975, of
// 4 and 1 versicolor with .95.
func Forest(t testing.TB) []byte {
	t.Helper()
	b := onnx.New("skl2onnx", opsets...)
	b.Add(onnx.Node{Domain: onnx.Traditional, Operator: "TreeEnsembleClassifier", Inputs: []string{b.Input("float_input", onnx.Float, -1, 4)}, Outputs: []string{"label", "scores"}, Attributes: []onnx.Attribute{
		onnx.IntList("nodes_treeids", 0, 0, 0, 0, 0, 1, 1, 1, 1, 1),
		onnx.IntList("nodes_nodeids", 0, 1, 2, 3, 4, 0, 1, 2, 3, 4),
		onnx.IntList("nodes_featureids", 2, 0, 3, 0, 0, 3, 0, 2, 0, 0),
		onnx.TextList("nodes_modes", "BRANCH_LEQ", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF", "BRANCH_LEQ", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF"),
		onnx.NumberList("nodes_values", 2.45, 0, 1.75, 0, 0, .8, 0, 4.75, 0, 0),
		onnx.IntList("nodes_truenodeids", 1, 0, 3, 0, 0, 1, 0, 3, 0, 0),
		onnx.IntList("nodes_falsenodeids", 2, 0, 4, 0, 0, 2, 0, 4, 0, 0),
		onnx.IntList("class_treeids", 0, 0, 0, 0, 0, 1, 1, 1),
		onnx.IntList("class_nodeids", 1, 3, 3, 4, 4, 1, 3, 4),
		onnx.IntList("class_ids", 0, 1, 2, 1, 2, 0, 1, 2),
		onnx.NumberList("class_weights", .5, .45, .05, .025, .475, .5, .5, .5),
		onnx.TextList("classlabels_strings", Labels...),
		onnx.Text("post_transform", "NONE"),
	}})
	b.Add(onnx.Node{Domain: onnx.Traditional, Operator: "ZipMap", Inputs: []string{"scores"}, Outputs: []string{"output_probability"}, Attributes: []onnx.Attribute{onnx.TextList("classlabels_strings", Labels...)}})
	b.Output("label", onnx.String, -1)
	b.Output("output_probability", onnx.Float, -1, 3)
	return file(t, b)
}

// Rent is a regression of two numbers and a name: 10 + 2 area - rooms, and 100
// more by the sea.
func Rent(t testing.TB) []byte {
	t.Helper()
	b := onnx.New("skl2onnx", opsets...)
	b.Add(onnx.Node{Domain: onnx.Traditional, Operator: "LabelEncoder", Inputs: []string{b.Input("place", onnx.String, -1, 1)}, Outputs: []string{"sea"}, Attributes: []onnx.Attribute{
		onnx.TextList("keys_strings", "sea"), onnx.NumberList("values_floats", 1), onnx.Number("default_float", 0),
	}})
	x := b.Node("Concat", []string{b.Input("area", onnx.Float, -1, 1), b.Input("rooms", onnx.Float, -1, 1), "sea"}, onnx.Int("axis", 1))
	b.Add(onnx.Node{Domain: onnx.Traditional, Operator: "LinearRegressor", Inputs: []string{x}, Outputs: []string{"variable"}, Attributes: []onnx.Attribute{
		onnx.NumberList("coefficients", 2, -1, 100), onnx.NumberList("intercepts", 10),
	}})
	b.Output("variable", onnx.Float, -1, 1)
	return file(t, b)
}

// Net is a small net for pictures [N,1,2,2]: the sum of the pixels against its
// negative, by softmax, with the labels "dark" and "bright" as a note.
func Net(t testing.TB) []byte {
	t.Helper()
	b := onnx.New("pytorch", opsets[0])
	flat := b.Node("Flatten", []string{b.Input("image", onnx.Float, -1, 1, 2, 2)}, onnx.Int("axis", 1))
	w := b.Constant("w", onnx.OfFloats([]float32{-1, 1, -1, 1, -1, 1, -1, 1}, 4, 2))
	b.Add(onnx.Node{Operator: "Softmax", Inputs: []string{b.Node("MatMul", []string{flat, w})}, Outputs: []string{"probabilities"}, Attributes: []onnx.Attribute{onnx.Int("axis", 1)}})
	b.Output("probabilities", onnx.Float, -1, 2)
	b.Note("labels", `["dark","bright"]`)
	return file(t, b)
}

// Unknown uses an operator that nobody here runs: Einsum.
func Unknown(t testing.TB) []byte {
	t.Helper()
	b := onnx.New("pytorch", opsets[0])
	b.Add(onnx.Node{Operator: "Einsum", Inputs: []string{b.Input("x", onnx.Float, -1, 2)}, Outputs: []string{"y"}, Attributes: []onnx.Attribute{onnx.Text("equation", "ij->i")}})
	b.Output("y", onnx.Float, -1)
	return file(t, b)
}
