package serving_test

import (
	"context"
	"fmt"
	"testing"

	"godwit/shared/registry"
	"godwit/shared/serving"
)

func ExampleServer_Predict() {
	t := &testing.B{}
	s := newStage(t, nil) // a Server on memory stores, with the model intents
	s.publish(t, "acme", "intents", train(t, "one"))
	answer, err := s.Predict(context.Background(), "acme", registry.Reference{Model: "intents"}, serving.Request{
		Inputs: []serving.Input{{Text: "where is my card"}},
	})
	fmt.Println(answer.Model, answer.Version, answer.Variant, answer.Results[0].Label, err)
	// Output: intents 1 champion card <nil>
}
