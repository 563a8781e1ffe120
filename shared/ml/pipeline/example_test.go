package pipeline_test

import (
	"context"
	"fmt"

	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

func Example() {
	ctx := context.Background()
	docs := []string{
		"where is my card", "my card has not come",
		"the machine kept my cash", "no cash came out",
		"what is the exchange rate", "your rate is wrong",
	}
	corpus, err := text.Count(ctx, docs, []text.Recipe{text.Word()}, 2, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	d := pipeline.Data{Corpus: corpus, Y: []int32{0, 0, 1, 1, 2, 2}, Labels: []string{"card", "cash", "rate"}}
	m, err := pipeline.Fit(ctx, d, []int32{0, 1, 2, 3, 4, 5}, pipeline.Settings{Recipe: text.Word()}, 2, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	var s pipeline.Scratch
	for class, score := range m.Scores(&s, "Card lost!") {
		fmt.Printf("%s %.2f\n", m.Labels()[class], score)
	}
	for _, span := range m.Explain("Card lost!", 0).Spans {
		fmt.Printf("%q adds %.2f\n", span.Text, span.Weight)
	}
	// Output:
	// card 0.51
	// cash 0.25
	// rate 0.24
	// "Card" adds 0.50
}
