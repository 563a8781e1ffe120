package neural_test

import (
	"context"
	"fmt"

	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/optim"
	"godwit/shared/ml/text"
)

func ExampleStart() {
	documents := []string{"good very good", "bad very bad", "so good", "so bad", "good", "bad"}
	data := &neural.Texts{
		Vocabulary: neural.NewVocabulary(documents, 1, 1000),
		Labels:     []int32{0, 1, 0, 1, 0, 1},
		Classes:    []string{"praise", "blame"},
	}
	var s text.Scratch
	for _, doc := range documents {
		data.Tokens = append(data.Tokens, data.Vocabulary.Tokens(nil, &s, doc, 10))
	}
	run, err := neural.Start(neural.Settings{
		Epochs:    20,
		Optimizer: optim.Settings{Rate: .05},
		Text:      neural.TextSettings{Units: 8, Width: 8},
	}, data, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := run.Train(context.Background(), 2, nil); err != nil {
		fmt.Println(err)
		return
	}
	model, err := run.Text()
	if err != nil {
		fmt.Println(err)
		return
	}
	var scratch neural.Scratch
	scores := model.Scores(&scratch, "very good")
	fmt.Println(model.Labels(), scores[0] > .9)
	// Output: [praise blame] true
}
