package onnx_test

import (
	"fmt"

	"godwit/shared/ml/onnx"
)

// A graph of one node is built, written and read.
func ExampleBuilder() {
	b := onnx.New("example", onnx.Opset{Domain: onnx.Standard, Version: 17})
	x := b.Input("x", onnx.Float, -1, 2)
	w := b.Constant("w", onnx.OfFloats([]float32{1, 2, 3, 4}, 2, 2))
	b.Add(onnx.Node{Operator: "MatMul", Inputs: []string{x, w}, Outputs: []string{"y"}})
	b.Output("y", onnx.Float, -1, 2)
	m, err := b.Model()
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err = onnx.Decode(onnx.Encode(m), onnx.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Graph.Nodes[0].Called(), m.Graph.Outputs[0].Dims[0].Name)
	// Output: MatMul "y" rows
}
