package network_test

import (
	"context"
	"fmt"

	"godwit/shared/ml/network"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/optim"
	"godwit/shared/ml/pipeline"
)

func ExampleStart() {
	run, err := network.Start(neural.Settings{Epochs: 12, Batch: 8, Optimizer: optim.Settings{Rate: .02}, Text: neural.TextSettings{Units: 8, Width: 8}}, sentences(40))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := run.Train(context.Background(), 2, nil); err != nil {
		fmt.Println(err)
		return
	}
	model, err := run.Model()
	if err != nil {
		fmt.Println(err)
		return
	}
	var s pipeline.Scratch
	scores := model.Scores(&s, pipeline.Input{Text: "the soup was lovely"})
	fmt.Println(model.Labels()[1], scores[1] > .8)
	// Output: praise true
}
