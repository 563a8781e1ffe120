package lineartest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/sparse"
)

// Blocks holds a learner to the law of class blocks: however the problems are
// cut, the solutions are, to the bit, those of training all at one go along the
// same path, and a range that is none of the problems is refused. train trains
// the problems of a range.
func Blocks(t *testing.T, train func(ctx context.Context, x *sparse.Matrix, y []int32, classes int, block linear.Range, workers int, each func(linear.Solution) error) error) {
	for _, classes := range []int{2, 3, 7} {
		x, y := Zipf(210, 120, classes, 9)
		run := func(block linear.Range) ([]linear.Solution, error) {
			return Solutions(func(each func(linear.Solution) error) error {
				return train(t.Context(), x, y, classes, block, 2, each)
			})
		}
		want, err := run(linear.Range{})
		if err != nil {
			t.Fatalf("%d classes at one go: %v", classes, err)
		}
		problems := len(linear.Problems(classes))
		for width := 1; width <= problems; width++ {
			var got []linear.Solution
			// The last block first: no order is promised.
			for _, block := range slices.Backward(linear.Cut(problems, 1, float64(width), 1)) {
				part, err := run(block)
				if err != nil {
					t.Fatalf("%d classes, block %v: %v", classes, block, err)
				}
				got = append(part, got...)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%d classes in blocks of %d: %d solutions differ from %d at one go", classes, width, len(got), len(want))
			}
		}
		for _, bad := range []linear.Range{{From: -1, To: 1}, {From: 0, To: problems + 1}, {From: 1, To: 1}, {From: 1, To: 0}} {
			if _, err := run(bad); !isInput(err) {
				t.Errorf("%d classes, block %v = %v, want an *InputError", classes, bad, err)
			}
		}
	}
}

func isInput(err error) bool {
	_, ok := errors.AsType[*linear.InputError](err)
	return ok
}
