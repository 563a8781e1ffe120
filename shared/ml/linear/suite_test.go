package linear_test

import (
	"context"
	"math"
	"testing"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/lineartest"
	"godwit/shared/ml/sparse"
)

// TestOneVsRest_laws runs the suite of all learners on both losses.
func TestOneVsRest_laws(t *testing.T) {
	for _, loss := range []linear.Loss{linear.Hinge, linear.SquaredHinge} {
		t.Run(string(loss), func(t *testing.T) {
			svm := linear.SVM{Loss: loss, Epsilon: 1e-7, MaxIterations: 100_000}
			lineartest.Run(t, lineartest.Learner{Classes: 3, Fit: func(ctx context.Context, x *sparse.Matrix, y []float64, weight []float32, workers int) ([]lineartest.Output, error) {
				return lineartest.Collect(y, func(class []int32, each func(linear.Solution) error) error {
					return svm.OneVsRest(ctx, x, class, weight, 3, workers, each)
				})
			}})
		})
	}
}

// TestSquareRootBalanced checks the rule by hand: classes of 1 and 4 rows.
func TestSquareRootBalanced(t *testing.T) {
	tests := []struct {
		name    string
		y       []int32
		weight  []float32
		classes int
		want    []float32
	}{
		// Rows weigh 5/(1*(1+2)) and 5/(2*(1+2)): in all 5/3 + 4*5/6 = 5.
		{"rows alone", []int32{0, 1, 1, 1, 1}, nil, 2, []float32{5.0 / 3, 5.0 / 6, 5.0 / 6, 5.0 / 6, 5.0 / 6}},
		{"weights count", []int32{0, 1}, []float32{1, 4}, 2, []float32{5.0 / 3, 10.0 / 3}},
		{"an absent class", []int32{0, 2}, nil, 3, []float32{1, 1}},
		{"a class without weight", []int32{0, 1}, []float32{2, 0}, 2, []float32{2, 0}},
		{"balanced already", []int32{0, 1, 0, 1}, nil, 2, []float32{1, 1, 1, 1}},
		{"no rows", nil, nil, 2, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := linear.SquareRootBalanced(tc.y, tc.weight, tc.classes)
			if len(got) != len(tc.want) {
				t.Fatalf("SquareRootBalanced() = %v, want %v", got, tc.want)
			}
			for i, want := range tc.want {
				if math.Abs(float64(got[i]-want)) > 1e-6 {
					t.Errorf("SquareRootBalanced()[%d] = %v, want %v", i, got[i], want)
				}
			}
		})
	}
}
