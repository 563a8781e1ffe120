package cocoa_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/cocoa"
	"godwit/shared/ml/linear/lineartest"
	"godwit/shared/ml/sparse"
)

// cut divides rows into shards at the given places.
func cut(x *sparse.Matrix, y []int32, weight []float32, at ...int) []cocoa.Rows {
	var shards []cocoa.Rows
	from := 0
	for _, to := range append(at, x.Rows) {
		var pick []int
		for i := from; i < to; i++ {
			pick = append(pick, i)
		}
		r := cocoa.Rows{}
		r.X, r.Y = lineartest.Rows(x, y, pick)
		if weight != nil {
			r.Weight = weight[from:to]
		}
		shards = append(shards, r)
		from = to
	}
	return shards
}

// even divides rows into n shards of nearly one size.
func even(x *sparse.Matrix, y []int32, weight []float32, n int) []cocoa.Rows {
	var at []int
	for k := 1; k < n; k++ {
		at = append(at, x.Rows*k/n)
	}
	return cut(x, y, weight, at...)
}

// primal returns the objective that linear.SVM documents, and how many rows the
// greatest margin puts into their class.
func primal(x *sparse.Matrix, y []int32, weight []float32, set cocoa.SVM, columns [][]float32, bias []float32, problems []int32) (objective float64, right int) {
	best := make([]float64, x.Rows)
	answer := make([]int32, x.Rows)
	for k, class := range problems {
		w := make([]float64, x.Cols)
		for j, v := range columns[k] {
			w[j] = float64(v)
			objective += w[j] * w[j] / 2
		}
		objective += float64(bias[k]) * float64(bias[k]) / 2
		for i := range x.Rows {
			m := lineartest.Margin(x, i, w, float64(bias[k]))
			if k == 0 || m > best[i] {
				best[i], answer[i] = m, class
			}
			if y[i] != class {
				m = -m
			}
			slack := max(0, 1-m)
			if set.Loss != linear.Hinge {
				slack *= slack
			}
			scale := set.C
			if weight != nil {
				scale *= float64(weight[i])
			}
			objective += scale * slack
		}
	}
	for i := range y {
		if answer[i] == y[i] {
			right++
		}
	}
	return objective, right
}

// alone trains on one machine to high precision.
func alone(t *testing.T, x *sparse.Matrix, y []int32, weight []float32, set cocoa.SVM, classes int) ([][]float32, []float32) {
	t.Helper()
	svm := linear.SVM{Loss: set.Loss, C: []float64{set.C}, Epsilon: 1e-6, MaxIterations: 100_000}
	all, err := lineartest.Solutions(func(each func(linear.Solution) error) error {
		return svm.OneVsRest(t.Context(), x, y, weight, classes, 2, each)
	})
	if err != nil {
		t.Fatal(err)
	}
	var columns [][]float32
	var bias []float32
	for _, s := range all {
		columns, bias = append(columns, s.Weight), append(bias, s.Bias)
	}
	return columns, bias
}

// TestSVM_Train holds every division of rows to the objective and the answers of
// one machine, and the gap it reports to what it promises.
func TestSVM_Train(t *testing.T) {
	x, y := lineartest.Zipf(1200, 1500, 5, 3)
	some := make([]float32, x.Rows)
	for i := range some {
		some[i] = float32(i%4) / 2 // a quarter of the rows weighs nothing
	}
	balanced := linear.SquareRootBalanced(y, some, 5)
	tests := []struct {
		name   string
		weight []float32
		at     [][]int // where each division into shards cuts
	}{
		{"rows alike", nil, [][]int{nil, {600}, {300, 600, 900}, {150, 300, 450, 600, 750, 900, 1050}, {1, 20, 1000}}},
		{"weighted", some, [][]int{{300, 600, 900}}},
		{"balanced classes", balanced, [][]int{{300, 600, 900}}},
	}
	problems := linear.Problems(5)
	for _, loss := range []linear.Loss{linear.Hinge, linear.SquaredHinge} {
		set := cocoa.SVM{Loss: loss, C: 1, Seed: 7}
		for _, tc := range tests {
			columns, bias := alone(t, x, y, tc.weight, set, 5)
			want, wantRight := primal(x, y, tc.weight, set, columns, bias, problems)
			for _, at := range tc.at {
				t.Run(fmt.Sprint(loss, ", ", tc.name, ", cut at ", at), func(t *testing.T) {
					got, err := set.Train(t.Context(), cut(x, y, tc.weight, at...), 5, 2)
					if err != nil {
						t.Fatal(err)
					}
					objective, right := primal(x, y, tc.weight, set, got.Columns, got.Bias, problems)
					if !(objective <= want*(1+1e-3)) || objective < want*(1-1e-5) {
						t.Errorf("objective %v, want %v to a thousandth", objective, want)
					}
					// A tenth of a point of 1200 rows.
					if math.Abs(float64(right-wantRight)) > 1.2 {
						t.Errorf("%d rows right, want %d", right, wantRight)
					}
					if g := got.Weights.Gap(); !(g <= 1e-3) || !lineartest.Near(got.Weights.Primal(), objective, 1e-5) {
						t.Errorf("gap %v at %v, want at most 1e-3 at %v", g, got.Weights.Primal(), objective)
					}
					t.Logf("%d rounds, %d bytes, gap %.2g", got.Weights.Rounds, got.Moved, got.Weights.Gap())
				})
			}
		}
	}
}

// TestSVM_laws runs the suite of all learners on rows in two shards.
func TestSVM_laws(t *testing.T) {
	for _, loss := range []linear.Loss{linear.Hinge, linear.SquaredHinge} {
		t.Run(string(loss), func(t *testing.T) {
			set := cocoa.SVM{Loss: loss, Tolerance: 1e-6, Rounds: 2000, Sweeps: 50}
			lineartest.Run(t, lineartest.Learner{Classes: 3, Tolerance: 3e-3, Fit: func(ctx context.Context, x *sparse.Matrix, y []float64, weight []float32, workers int) ([]lineartest.Output, error) {
				return fit(ctx, set, x, y, weight, workers)
			}})
		})
	}
}

// fit trains on two shards, or one when there are few rows or odd ones.
func fit(ctx context.Context, set cocoa.SVM, x *sparse.Matrix, y []float64, weight []float32, workers int) ([]lineartest.Output, error) {
	class := make([]int32, len(y))
	for i, v := range y {
		class[i] = int32(v)
	}
	shards := []cocoa.Rows{{X: x, Y: class, Weight: weight}}
	if len(y) > 100 {
		shards = even(x, class, weight, 2)
	}
	got, err := set.Train(ctx, shards, 3, workers)
	if err != nil {
		return nil, err
	}
	var out []lineartest.Output
	for k, column := range got.Columns {
		o := lineartest.Output{Bias: float64(got.Bias[k]), Objective: got.Weights.Problems[k].Dual}
		for _, w := range column {
			o.Weight = append(o.Weight, float64(w))
		}
		out = append(out, o)
	}
	return out, nil
}
