package onnxruntime_test

import (
	"testing"

	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/onnxtest"
)

// opsets are the versions of operators that the cases use.
var opsets = []onnx.Opset{{Domain: onnx.Standard, Version: 17}, {Domain: onnx.Contributed, Version: 1}}

// beyond are graphs of operators that our runner does not have. The first is a
// whole classifier, which .ci/ort imports and serves.
func beyond(t testing.TB) []onnxtest.Case {
	x := onnx.OfFloats([]float32{1, 2, -1, .5}, 2, 2)
	square := onnx.OfFloats([]float32{1, 2, 3, 4, 2, 0, 0, .5}, 2, 2, 2)
	return []onnxtest.Case{
		made(t, "classifier", x, func(b *onnx.Builder, x string) {
			score(b, x)
			b.Output("scores", onnx.Float, -1, 3)
			b.Note("labels", `["low","middle","high"]`)
		}, -1, 2),
		made(t, "Einsum", x, one("Einsum", onnx.Text("equation", "ij->i"), -1), -1, 2),
		made(t, "Det", square, one("Det", onnx.Attribute{}, -1), -1, 2, 2),
		made(t, "BiasGelu", x, func(b *onnx.Builder, x string) {
			bias := b.Constant("bias", onnx.OfFloats([]float32{.5, -.5}))
			b.Add(onnx.Node{Domain: onnx.Contributed, Operator: "BiasGelu", Inputs: []string{x, bias}, Outputs: []string{"y"}})
			b.Output("y", onnx.Float, -1, 2)
		}, -1, 2),
		made(t, "Resize", onnx.OfFloats([]float32{1, 2, 3, 4}, 1, 1, 2, 2), func(b *onnx.Builder, x string) {
			scales := b.Constant("scales", onnx.OfFloats([]float32{1, 1, 2, 2}))
			b.Add(onnx.Node{Operator: "Resize", Inputs: []string{x, "", scales}, Outputs: []string{"y"}, Attributes: []onnx.Attribute{onnx.Text("mode", "linear")}})
			b.Output("y", onnx.Float, -1, 1, 4, 4)
		}, -1, 1, 2, 2),
	}
}

// score makes scores of three labels, by an operator that is not ours.
func score(b *onnx.Builder, x string) {
	w := b.Constant("w", onnx.OfFloats([]float32{1, -1, .5, 0, 2, -.5}, 2, 3))
	z := b.Node("Einsum", []string{x, w}, onnx.Text("equation", "ni,ik->nk"))
	b.Add(onnx.Node{Operator: "Softmax", Inputs: []string{z}, Outputs: []string{"scores"}, Attributes: []onnx.Attribute{onnx.Int("axis", 1)}})
}

// one is a graph of one node; an attribute without a name is none.
func one(operator string, a onnx.Attribute, dims ...int) func(*onnx.Builder, string) {
	return func(b *onnx.Builder, x string) {
		n := onnx.Node{Operator: operator, Inputs: []string{x}, Outputs: []string{"y"}}
		if a.Name != "" {
			n.Attributes = []onnx.Attribute{a}
		}
		b.Add(n)
		b.Output("y", onnx.Float, dims...)
	}
}

// made is a case without its answers.
func made(t testing.TB, name string, x *onnx.Tensor, build func(*onnx.Builder, string), dims ...int) onnxtest.Case {
	t.Helper()
	b := onnx.New("pytorch", opsets...)
	build(b, b.Input("x", x.Type, dims...))
	m, err := b.Model()
	if err != nil {
		t.Fatal(err)
	}
	return onnxtest.Case{Name: name, Model: onnx.Encode(m), Inputs: []onnxtest.Tensor{onnxtest.TensorOf("x", x)}}
}
