package linear_test

import (
	"errors"
	"math"
	"testing"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/lineartest"
	"godwit/shared/ml/sparse"
)

// TestOneVsRest_edges has data so small or odd that the optimum is known.
func TestOneVsRest_edges(t *testing.T) {
	one := &sparse.Matrix{Rows: 1, Cols: 1, Start: []int64{0, 1}, Index: []int32{0}, Value: []float32{2}}
	empty := &sparse.Matrix{Rows: 2, Cols: 0, Start: []int64{0, 0, 0}}
	zero := &sparse.Matrix{Rows: 1, Cols: 1, Start: []int64{0, 1}, Index: []int32{0}, Value: []float32{0}}
	tests := []struct {
		name       string
		svm        linear.SVM
		x          *sparse.Matrix
		y          []int32
		classes    int
		weight     []float32 // expected, of the last solution
		bias       float64
		objectives []float64
	}{
		// One row of norm 5 with the bias: w = alpha*(2, 1), alpha = 1/(5 + 1/(2C)).
		{"one row, squared hinge", linear.SVM{}, one, []int32{0}, 1, []float32{2 / 5.5}, 1 / 5.5, []float64{.5 / 5.5}},
		// The hinge reaches margin 1 exactly: alpha = 1/5.
		{"one row, hinge", linear.SVM{Loss: linear.Hinge}, one, []int32{0}, 1, []float32{.4}, .2, []float64{.1}},
		// ... unless C bounds alpha before.
		{"one row, hinge, bound", linear.SVM{Loss: linear.Hinge, C: []float64{.1}}, one, []int32{0}, 1, []float32{.2}, .1, []float64{.1 - .025}},
		{"one row, no bias", linear.SVM{Loss: linear.Hinge, Bias: -1}, one, []int32{0}, 1, []float32{.5}, 0, []float64{.125}},
		// A bias feature of 2 makes the norm 8; the solution's bias is value times weight.
		{"one row, bias 2", linear.SVM{Loss: linear.Hinge, Bias: 2}, one, []int32{0}, 1, []float32{.25}, .5, []float64{1.0 / 16}},
		{"two classes are one problem", linear.SVM{Loss: linear.Hinge}, one, []int32{1}, 2, []float32{.4}, .2, []float64{.1}},
		{"a class without rows", linear.SVM{Loss: linear.Hinge}, one, []int32{0}, 3, []float32{-.4}, -.2, []float64{.1, .1, .1}},
		// Nothing to learn from: every row pays its full hinge.
		{"rows without columns or bias, hinge", linear.SVM{Loss: linear.Hinge, Bias: -1}, empty, []int32{0, 1}, 2, nil, 0, []float64{2}},
		{"rows without columns or bias, squared", linear.SVM{Bias: -1}, empty, []int32{0, 1}, 2, nil, 0, []float64{2}},
		{"rows without columns cancel in the bias", linear.SVM{}, empty, []int32{0, 1}, 2, nil, 0, []float64{2}},
		{"a stored zero", linear.SVM{Loss: linear.Hinge}, zero, []int32{0}, 1, []float32{0}, 1, []float64{.5}},
		{"huge C", linear.SVM{C: []float64{1e12}}, one, []int32{0}, 1, []float32{.4}, .2, []float64{.1}},
		{"tiny C", linear.SVM{C: []float64{1e-12}}, one, []int32{0}, 1, []float32{0}, 0, []float64{1e-12}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			tc.svm.Epsilon = 1e-9
			got := train(t, tc.svm, tc.x, tc.y, nil, tc.classes, 2)
			if len(got) != len(tc.objectives) {
				t.Fatalf("%d solutions, want %d", len(got), len(tc.objectives))
			}
			for k, want := range tc.objectives {
				if math.Abs(got[k].Objective-want) > 1e-7 || !got[k].Converged {
					t.Errorf("class %d: objective %v, converged %v, want %v", got[k].Class, got[k].Objective, got[k].Converged, want)
				}
			}
			last := got[len(got)-1]
			if math.Abs(float64(last.Bias)-tc.bias) > 1e-6 || len(last.Weight) != len(tc.weight) {
				t.Fatalf("bias %v, %d weights, want %v, %d", last.Bias, len(last.Weight), tc.bias, len(tc.weight))
			}
			for j, want := range tc.weight {
				if math.Abs(float64(last.Weight[j]-want)) > 1e-6 {
					t.Errorf("weight %d = %v, want %v", j, last.Weight[j], want)
				}
			}
		})
	}
}

// TestOneVsRest_hugeC separates separable rows: the hard margin.
func TestOneVsRest_hugeC(t *testing.T) {
	x, y := lineartest.Zipf(200, 100, 3, 11)
	for _, loss := range []linear.Loss{linear.Hinge, linear.SquaredHinge} {
		svm := linear.SVM{Loss: loss, C: []float64{1e6}, Epsilon: 1e-3, MaxIterations: 100_000}
		for _, s := range train(t, svm, x, y, nil, 3, 2) {
			if !s.Converged {
				t.Errorf("%s class %d: no end within %d sweeps", loss, s.Class, s.Iterations)
			}
			for i := range x.Rows {
				if m := margin(x, y, i, s); m < .99 {
					t.Fatalf("%s class %d: row %d has margin %v, want 1: it is separable by its own word", loss, s.Class, i, m)
				}
			}
		}
	}
}

func TestOneVsRest_maxIterations(t *testing.T) {
	x, y := lineartest.Zipf(200, 100, 3, 12)
	for _, most := range []int{1, 2, 5} {
		for _, s := range train(t, linear.SVM{Epsilon: 1e-12, MaxIterations: most}, x, y, nil, 3, 1) {
			if s.Iterations != most || s.Converged {
				t.Errorf("%d sweeps, converged %v, want %d and not", s.Iterations, s.Converged, most)
			}
		}
	}
}

func TestOneVsRest_refuses(t *testing.T) {
	x := &sparse.Matrix{Rows: 2, Cols: 1, Start: []int64{0, 1, 2}, Index: []int32{0, 0}, Value: []float32{1, 2}}
	y := []int32{0, 1}
	nan := math.NaN()
	tests := []struct {
		name    string
		svm     linear.SVM
		x       *sparse.Matrix
		y       []int32
		weight  []float32
		classes int
	}{
		{"loss unknown", linear.SVM{Loss: "logistic"}, x, y, nil, 2},
		{"C zero", linear.SVM{C: []float64{0}}, x, y, nil, 2},
		{"C not a number", linear.SVM{C: []float64{nan}}, x, y, nil, 2},
		{"C infinite", linear.SVM{C: []float64{math.Inf(1)}}, x, y, nil, 2},
		{"C falls", linear.SVM{C: []float64{1, .5}}, x, y, nil, 2},
		{"C repeats", linear.SVM{C: []float64{1, 1}}, x, y, nil, 2},
		{"epsilon negative", linear.SVM{Epsilon: -1}, x, y, nil, 2},
		{"epsilon not a number", linear.SVM{Epsilon: nan}, x, y, nil, 2},
		{"iterations negative", linear.SVM{MaxIterations: -1}, x, y, nil, 2},
		{"bias infinite", linear.SVM{Bias: math.Inf(1)}, x, y, nil, 2},
		{"no rows", linear.SVM{}, &sparse.Matrix{Start: []int64{0}}, nil, nil, 2},
		{"labels missing", linear.SVM{}, x, y[:1], nil, 2},
		{"class too great", linear.SVM{}, x, y, nil, 1},
		{"class negative", linear.SVM{}, x, []int32{0, -1}, nil, 2},
		{"no classes", linear.SVM{}, x, y, nil, 0},
		{"weights missing", linear.SVM{}, x, y, []float32{1}, 2},
		{"weight negative", linear.SVM{}, x, y, []float32{1, -1}, 2},
		{"weight not a number", linear.SVM{}, x, y, []float32{1, float32(nan)}, 2},
		{"weights all zero", linear.SVM{}, x, y, []float32{0, 0}, 2},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.svm.OneVsRest(t.Context(), tc.x, tc.y, tc.weight, tc.classes, 1, func(linear.Solution) error {
				t.Error("a solution of input that cannot be trained")
				return nil
			})
			if _, ok := errors.AsType[*linear.InputError](err); !ok {
				t.Errorf("OneVsRest() = %v, want an InputError", err)
			}
		})
	}
	broken := &sparse.Matrix{Rows: 1, Cols: 1, Start: []int64{0, 1}, Index: []int32{5}, Value: []float32{1}}
	err := linear.SVM{}.OneVsRest(t.Context(), broken, []int32{0}, nil, 1, 1, nil)
	if _, ok := errors.AsType[*sparse.ShapeError](err); !ok {
		t.Errorf("OneVsRest() of a broken matrix = %v, want a ShapeError", err)
	}
}
