package runner_test

import (
	"context"
	"fmt"

	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
)

// A model is read, compiled once and asked.
func ExampleCompile() {
	ctx := context.Background()
	b := onnx.New("example", onnx.Opset{Domain: onnx.Standard, Version: 17})
	w := b.Constant("w", onnx.OfFloats([]float32{1, -1}, 2, 1))
	b.Add(onnx.Node{Operator: "MatMul", Inputs: []string{b.Input("x", onnx.Float, -1, 2), w}, Outputs: []string{"y"}})
	b.Output("y", onnx.Float, -1, 1)
	m, err := b.Model()
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := runner.Compile(ctx, m, runner.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := p.Run(ctx, []*onnx.Tensor{onnx.OfFloats([]float32{5, 3, 1, 1}, 2, 2)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out[0].Dims, out[0].Floats)
	// Output: [2 1] [2 0]
}
