package foreign_test

import (
	"context"
	"fmt"

	"godwit/shared/ml/foreign"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/pipeline"
)

// A graph that adds up two columns is a regression of them.
func ExampleNew() {
	ctx := context.Background()
	b := onnx.New("elsewhere", onnx.Opset{Domain: onnx.Standard, Version: 17})
	b.Add(onnx.Node{Operator: "Add", Inputs: []string{b.Input("rent", onnx.Float, -1, 1), b.Input("heating", onnx.Float, -1, 1)}, Outputs: []string{"sum"}})
	b.Output("sum", onnx.Float, -1, 1)
	graph, err := b.Model()
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := foreign.New(ctx, onnx.Encode(graph))
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := m.Ask(ctx, pipeline.Input{Cells: map[string]string{"rent": "700", "heating": "80"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Task(), m.Columns(), a.Value)
	// Output: table-regression [rent heating] 780
}
