package export_test

import (
	"context"
	"fmt"

	"godwit/shared/ml/export"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

// A text model is exported, and the graph answers for normal text.
func ExampleExport() {
	ctx := context.Background()
	docs := []string{"my card is lost", "a new card please", "cash from the machine", "the machine kept my cash"}
	corpus, err := text.Count(ctx, docs, []text.Recipe{text.Word()}, 1, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	data := pipeline.Data{Corpus: corpus, Y: []int32{0, 0, 1, 1}, Labels: []string{"card", "cash"}}
	model, err := pipeline.Fit(ctx, data, []int32{0, 1, 2, 3}, pipeline.Settings{Recipe: text.Word()}, 1, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	file, info, err := export.Export(model.Predictor(), export.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	graph, err := onnx.Decode(file, onnx.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	program, err := runner.Compile(ctx, graph, runner.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := program.Run(ctx, []*onnx.Tensor{onnx.OfStrings([]string{text.Normal("Where is my Card?")})})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(info.Domain, info.Normaliser, out[0].Strings)
	// Output: normal-text normal.js [card]
}
