package text_test

import (
	"context"
	"fmt"

	"godwit/shared/ml/text"
)

func Example() {
	docs := []string{"the card is lost", "the card came", "where is my money"}
	corpus, err := text.Count(context.Background(), docs, []text.Recipe{text.Word()}, 2, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	// Frequencies come from the first two rows only.
	v := corpus.Vocabulary([]int32{0, 1}, text.Word())
	var s text.Scratch
	index, value := v.Vectorize(&s, "My CARD is lost!")
	for k, f := range index {
		_, term := v.Term(f)
		fmt.Printf("%-8s %.3f\n", term, value[k])
	}
	// Output:
	// card     0.335
	// is       0.471
	// lost     0.471
	// card is  0.471
	// is lost  0.471
}

func ExampleNormal() {
	fmt.Printf("%q\n", text.Normal("Is it ﬁne, Straße\t5㎏?"))
	fmt.Printf("%q\n", text.Normal(" \n"))
	// Output:
	// " is  it  fine,  strasse  5kg? "
	// ""
}
