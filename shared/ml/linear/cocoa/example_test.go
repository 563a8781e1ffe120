package cocoa_test

import (
	"context"
	"fmt"

	"godwit/shared/ml/linear/cocoa"
	"godwit/shared/ml/linear/lineartest"
)

// Rows on four machines come to the objective of one, to the tolerance asked for.
func ExampleSVM_Train() {
	x, y := lineartest.Zipf(400, 300, 3, 1)
	trained, err := cocoa.SVM{Tolerance: 1e-2}.Train(context.Background(), even(x, y, nil, 4), 3, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(trained.Columns), "classes, gap within a hundredth:", trained.Weights.Gap() <= 1e-2)
	// Output: 3 classes, gap within a hundredth: true
}
