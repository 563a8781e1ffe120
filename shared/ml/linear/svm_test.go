package linear_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/lineartest"
	"godwit/shared/ml/sparse"
)

// train runs OneVsRest and returns the solutions with their weights copied,
// by class and then by step.
func train(t testing.TB, s linear.SVM, x *sparse.Matrix, y []int32, weight []float32, classes, workers int) []linear.Solution {
	t.Helper()
	var mu sync.Mutex
	var all []linear.Solution
	err := s.OneVsRest(t.Context(), x, y, weight, classes, workers, func(s linear.Solution) error {
		s.Weight = slices.Clone(s.Weight)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatalf("OneVsRest() = %v", err)
	}
	slices.SortStableFunc(all, func(a, b linear.Solution) int { return a.Class - b.Class })
	return all
}

// margin returns the signed margin of row i.
func margin(x *sparse.Matrix, y []int32, i int, s linear.Solution) float64 {
	sum := float64(s.Bias)
	index, value := x.Row(i)
	for k, j := range index {
		sum += float64(s.Weight[j]) * float64(value[k])
	}
	if int(y[i]) != s.Class {
		return -sum
	}
	return sum
}

// primal returns the objective that SVM documents, for Bias 1 (or none, when
// the solution's bias is 0).
func primal(x *sparse.Matrix, y []int32, weight []float32, loss linear.Loss, s linear.Solution) float64 {
	sum := float64(s.Bias) * float64(s.Bias) / 2
	for _, w := range s.Weight {
		sum += float64(w) * float64(w) / 2
	}
	for i := range x.Rows {
		l := max(0, 1-margin(x, y, i, s))
		if loss == linear.SquaredHinge {
			l *= l
		}
		if weight != nil {
			l *= float64(weight[i])
		}
		sum += s.C * l
	}
	return sum
}

// TestOneVsRest_liblinear compares the objective with that of LIBLINEAR 2.3.0
// (train() of its C library, bias 1, epsilon 1e-5) on the same matrices.
func TestOneVsRest_liblinear(t *testing.T) {
	tests := []struct {
		classes int
		loss    linear.Loss
		c       float64
		want    []float64
	}{
		{2, linear.SquaredHinge, .1, []float64{24.1484333}},
		{2, linear.SquaredHinge, 1, []float64{114.103203}},
		{2, linear.SquaredHinge, 10, []float64{296.713736}},
		{2, linear.Hinge, .1, []float64{29.2767171}},
		{2, linear.Hinge, 1, []float64{145.14404}},
		{2, linear.Hinge, 10, []float64{386.847015}},
		{4, linear.SquaredHinge, .1, []float64{21.7038605, 19.0547963, 19.3757696, 19.7923841}},
		{4, linear.SquaredHinge, 1, []float64{96.3059829, 80.1097671, 88.9482657, 89.1586482}},
		{4, linear.SquaredHinge, 10, []float64{219.654036, 171.432407, 206.675544, 200.490285}},
		{4, linear.Hinge, .1, []float64{22.5405568, 18.1709028, 18.0951201, 18.2167139}},
		{4, linear.Hinge, 1, []float64{123.6227, 103.986785, 111.554288, 113.126844}},
		{4, linear.Hinge, 10, []float64{271.03586, 207.319127, 253.102502, 247.347159}},
	}
	for _, tc := range tests {
		for _, plain := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d classes %s C=%v plain=%v", tc.classes, tc.loss, tc.c, plain), func(t *testing.T) {
				x, y := lineartest.Zipf(400, 300, tc.classes, 1)
				svm := linear.SVM{Loss: tc.loss, C: []float64{tc.c}, Epsilon: 1e-3, NoShrinking: plain, MaxIterations: 20_000}
				got := train(t, svm, x, y, nil, tc.classes, 2)
				if len(got) != len(tc.want) {
					t.Fatalf("%d solutions, want %d", len(got), len(tc.want))
				}
				for k, s := range got {
					p := primal(x, y, nil, tc.loss, s)
					if !lineartest.Near(s.Objective, tc.want[k], 1e-4) || !s.Converged {
						t.Errorf("class %d: dual objective %v, converged %v, want %v", s.Class, s.Objective, s.Converged, tc.want[k])
					}
					// The stopping rule bounds the dual's gradient; the duality
					// gap grows with C: LIBLINEAR's own at this epsilon is up
					// to 2.5e-4 for the hinge at C=10.
					if s.Objective > p*(1+1e-6) || !lineartest.Near(s.Objective, p, 2e-4*max(1, tc.c)) {
						t.Errorf("class %d: dual objective %v, want just below the primal %v", s.Class, s.Objective, p)
					}
				}
			})
		}
	}
}

// TestOneVsRest_stationary checks the optimality condition of the squared
// hinge, which is differentiable: moving any weight changes nothing to first
// order. Central differences need no formula of the gradient.
func TestOneVsRest_stationary(t *testing.T) {
	x, y := lineartest.Zipf(300, 200, 3, 2)
	random := rand.New(rand.NewPCG(3, 0))
	for _, s := range train(t, linear.SVM{Epsilon: 1e-6, MaxIterations: 20_000}, x, y, nil, 3, 1) {
		at := func(j int, by float32) float64 {
			moved := s
			if j == x.Cols {
				moved.Bias += by
				return primal(x, y, nil, linear.SquaredHinge, moved)
			}
			moved.Weight = slices.Clone(s.Weight)
			moved.Weight[j] += by
			return primal(x, y, nil, linear.SquaredHinge, moved)
		}
		const h = 1e-3
		for range 50 {
			j := random.IntN(x.Cols + 1)
			if slope := (at(j, h) - at(j, -h)) / (2 * h); math.Abs(slope) > 1e-4 {
				t.Errorf("class %d: slope %v along weight %d of the objective, want 0", s.Class, slope, j)
			}
		}
	}
}

// TestOneVsRest_folding shows that columns of one row, which the solver does
// not store, get their weights: under both losses w[j] of a column with value
// v in row i alone is v times what any other such column of the row has.
func TestOneVsRest_folding(t *testing.T) {
	x := &sparse.Matrix{
		Rows: 2, Cols: 4,
		Start: []int64{0, 3, 5},
		Index: []int32{0, 1, 2, 0, 3},
		Value: []float32{1, .5, 2, 1, 1},
	}
	for _, loss := range []linear.Loss{linear.Hinge, linear.SquaredHinge} {
		s := train(t, linear.SVM{Loss: loss, Epsilon: 1e-9}, x, []int32{1, 0}, nil, 2, 1)[0]
		if s.Weight[1] <= 0 || !lineartest.Near(float64(s.Weight[2]), 4*float64(s.Weight[1]), 1e-6) || s.Weight[3] >= 0 {
			t.Errorf("%s: weights %v, want [1] > 0, [2] four times as much, [3] < 0", loss, s.Weight)
		}
	}
}

// same fails unless two trainings agree in every objective and weight, up to
// what the stopping tolerance leaves open.
func same(t *testing.T, what string, a, b []linear.Solution) {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("%s: %d solutions and %d", what, len(a), len(b))
	}
	for k := range a {
		if !lineartest.Near(a[k].Objective, b[k].Objective, 1e-6) || math.Abs(float64(a[k].Bias-b[k].Bias)) > 1e-3 {
			t.Errorf("%s: class %d has objective %v, bias %v, want %v, %v", what, a[k].Class, a[k].Objective, a[k].Bias, b[k].Objective, b[k].Bias)
		}
		for j := range a[k].Weight {
			if math.Abs(float64(a[k].Weight[j]-b[k].Weight[j])) > 1e-3 {
				t.Fatalf("%s: class %d weight %d = %v, want %v", what, a[k].Class, j, a[k].Weight[j], b[k].Weight[j])
			}
		}
	}
}

func TestOneVsRest_invariance(t *testing.T) {
	const classes = 3
	x, y := lineartest.Zipf(150, 120, classes, 4)
	precise := linear.SVM{Epsilon: 1e-6, MaxIterations: 100_000}
	want := train(t, precise, x, y, nil, classes, 1)
	random := rand.New(rand.NewPCG(5, 0))

	t.Run("row order", func(t *testing.T) {
		xp, yp := lineartest.Rows(x, y, random.Perm(x.Rows))
		same(t, "permuted rows", train(t, precise, xp, yp, nil, classes, 1), want)
	})
	t.Run("seed", func(t *testing.T) {
		other := precise
		other.Seed = 99
		same(t, "seed 99", train(t, other, x, y, nil, classes, 1), want)
	})
	t.Run("no shrinking", func(t *testing.T) {
		plain := precise
		plain.NoShrinking = true
		same(t, "no shrinking", train(t, plain, x, y, nil, classes, 1), want)
	})
	t.Run("class numbers", func(t *testing.T) {
		turned := make([]int32, len(y))
		for i := range y {
			turned[i] = (y[i] + 1) % classes
		}
		got := train(t, precise, x, turned, nil, classes, 1)
		same(t, "turned classes", []linear.Solution{got[1], got[2], got[0]}, want)
	})
	for _, loss := range []linear.Loss{linear.Hinge, linear.SquaredHinge} {
		t.Run("weights are copies under "+string(loss), func(t *testing.T) {
			s := precise
			s.Loss = loss
			var pick []int
			weight := make([]float32, x.Rows)
			for i := range weight {
				weight[i] = float32(random.IntN(4))
				for range int(weight[i]) {
					pick = append(pick, i)
				}
			}
			xp, yp := lineartest.Rows(x, y, pick)
			copies, weighted := train(t, s, xp, yp, nil, classes, 1), train(t, s, x, y, weight, classes, 1)
			for k := range copies {
				if !lineartest.Near(weighted[k].Objective, copies[k].Objective, 1e-6) {
					t.Errorf("class %d: objective %v by weights, want %v by copies", k, weighted[k].Objective, copies[k].Objective)
				}
			}
		})
	}
}

// TestOneVsRest_path shows that warm starts along C change where a solution
// starts, not where it ends, and save sweeps.
func TestOneVsRest_path(t *testing.T) {
	x, y := lineartest.Zipf(400, 300, 3, 6)
	cs := []float64{.1, .3, 1, 3}
	for _, loss := range []linear.Loss{linear.Hinge, linear.SquaredHinge} {
		svm := linear.SVM{Loss: loss, C: cs, Epsilon: 1e-3, MaxIterations: 20_000}
		path := train(t, svm, x, y, nil, 3, 2)
		warm, cold := 0, 0
		for k, s := range path {
			if s.Class != k/len(cs) || s.Step != k%len(cs) || s.C != cs[s.Step] {
				t.Fatalf("solution %d is class %d step %d C %v, want the steps in order", k, s.Class, s.Step, s.C)
			}
			svm.C = []float64{s.C}
			alone := train(t, svm, x, y, nil, 3, 1)[s.Class]
			if !lineartest.Near(s.Objective, alone.Objective, 1e-4) {
				t.Errorf("%s class %d C=%v: objective %v on the path, %v alone", loss, s.Class, s.C, s.Objective, alone.Objective)
			}
			warm, cold = warm+s.Iterations, cold+alone.Iterations
		}
		if loss == linear.SquaredHinge && warm >= cold {
			t.Errorf("%s: %d sweeps along the path, %d alone, want fewer", loss, warm, cold)
		}
	}
}

func TestOneVsRest_deterministic(t *testing.T) {
	x, y := lineartest.Zipf(300, 200, 7, 8)
	xBefore := &sparse.Matrix{Start: slices.Clone(x.Start), Index: slices.Clone(x.Index), Value: slices.Clone(x.Value)}
	weight := make([]float32, x.Rows)
	for i := range weight {
		weight[i] = 1 + float32(i%3)/2
	}
	yBefore, weightBefore := slices.Clone(y), slices.Clone(weight)
	svm := linear.SVM{C: []float64{.5, 2}, Seed: 1}
	want := train(t, svm, x, y, weight, 7, 1)
	for workers := 2; workers <= 4; workers++ {
		got := train(t, svm, x, y, weight, 7, workers)
		for k := range want {
			if !slices.Equal(got[k].Weight, want[k].Weight) || got[k].Bias != want[k].Bias || got[k].Objective != want[k].Objective {
				t.Errorf("%d workers: class %d step %d differs from one worker", workers, want[k].Class, want[k].Step)
			}
		}
	}
	if !slices.Equal(x.Start, xBefore.Start) || !slices.Equal(x.Index, xBefore.Index) || !slices.Equal(x.Value, xBefore.Value) ||
		!slices.Equal(y, yBefore) || !slices.Equal(weight, weightBefore) {
		t.Error("training changed its inputs")
	}
}

func TestOneVsRest_allocations(t *testing.T) {
	const few, many = 3, 53
	x, y := lineartest.Zipf(200, 100, few, 9)
	allocations := func(classes int) float64 {
		return testing.AllocsPerRun(3, func() {
			_ = linear.SVM{}.OneVsRest(t.Context(), x, y, nil, classes, 1, func(linear.Solution) error { return nil })
		})
	}
	if perClass := (allocations(many) - allocations(few)) / (many - few); perClass > .1 {
		t.Errorf("%v allocations a class, want none", perClass)
	}
}

func ExampleSVM_OneVsRest() {
	// Columns: "card", "lost", "rate". Class 0 is cards, class 1 exchange.
	x := &sparse.Matrix{
		Rows: 4, Cols: 3,
		Start: []int64{0, 2, 3, 4, 6},
		Index: []int32{0, 1, 0, 2, 1, 2},
		Value: []float32{.7, .7, 1, 1, .3, .95},
	}
	y := []int32{0, 0, 1, 1}
	svm := linear.SVM{Loss: linear.SquaredHinge, C: []float64{1}, Epsilon: .001}
	err := svm.OneVsRest(context.Background(), x, y, nil, 2, 1, func(s linear.Solution) error {
		fmt.Printf("class %d: card %.2f, lost %.2f, rate %.2f\n", s.Class, s.Weight[0], s.Weight[1], s.Weight[2])
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// scikit-learn 1.2.1, LinearSVC(C=1): -0.769, -0.216, 0.868.
	// Output: class 1: card -0.77, lost -0.22, rate 0.87
}

func TestOneVsRest_eachError(t *testing.T) {
	x, y := lineartest.Zipf(100, 80, 5, 10)
	stop := errors.New("enough")
	calls := 0
	err := linear.SVM{}.OneVsRest(t.Context(), x, y, nil, 5, 1, func(s linear.Solution) error {
		calls++
		if s.Class == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || calls != 3 {
		t.Errorf("OneVsRest() = %v after %d calls, want the error of the third", err, calls)
	}
}

func TestOneVsRest_cancelled(t *testing.T) {
	x, y := lineartest.Zipf(100, 80, 5, 10)
	ctx, cancel := context.WithCancel(t.Context())
	err := linear.SVM{}.OneVsRest(ctx, x, y, nil, 5, 2, func(linear.Solution) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("OneVsRest() = %v, want context.Canceled", err)
	}
}
