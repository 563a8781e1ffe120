package pipeline_test

import (
	"context"
	"fmt"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
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
	for _, span := range m.Explain(&s, "Card lost!", 0).Spans {
		fmt.Printf("%q adds %.2f\n", span.Text, span.Weight)
	}
	// Output:
	// card 0.51
	// cash 0.25
	// rate 0.24
	// "Card" adds 0.50
}

func ExampleFitTable() {
	d := pipeline.TableData{
		Table: tabular.Table{Columns: []dataset.Column{
			dataset.NewColumn("area", "20", "40", "60", "80", "100", "120"),
			dataset.NewColumn("lift", "no", "yes", "no", "yes", "no", "yes"),
		}},
		Task:   dataset.Regression,
		Values: []float64{200, 450, 600, 850, 1000, 1250}, // 10 per square metre, 50 for the lift
	}
	s := pipeline.TableSettings{C: 1000, Options: tabular.Options{MinLevel: 1}}
	m, err := pipeline.FitTable(context.Background(), d, []int32{0, 1, 2, 3, 4, 5}, s, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	in := pipeline.Input{Cells: map[string]string{"area": "90", "lift": "yes"}}
	var scratch pipeline.Scratch
	fmt.Printf("rent %.0f\n", m.Value(&scratch, in))
	for _, c := range m.Explain(&scratch, in, 0).Columns {
		fmt.Printf("%s %s adds %.0f\n", c.Column, c.Value, c.Weight)
	}
	// Output:
	// rent 950
	// area 90 adds 200
	// lift yes adds 25
}
