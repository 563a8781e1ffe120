package ridge_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/lineartest"
	"godwit/shared/ml/linear/ridge"
	"godwit/shared/ml/sparse"
)

// fit returns copies of the solutions along the path.
func fit(t testing.TB, r ridge.Regression, x *sparse.Matrix, y []float64, weight []float32) []ridge.Solution {
	t.Helper()
	var all []ridge.Solution
	err := r.Fit(t.Context(), x, y, weight, 2, func(s ridge.Solution) error {
		s.Weight = slices.Clone(s.Weight)
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatalf("Fit() = %v", err)
	}
	return all
}

// solvers are the two preconditioners.
var solvers = map[string]int{"factored": 1000, "diagonal": -1}

// objective computes what Regression documents.
func objective(x *sparse.Matrix, y []float64, weight []float32, s ridge.Solution) float64 {
	sum := 0.0
	for _, w := range s.Weight {
		sum += s.Alpha * w * w
	}
	for i, v := range y {
		d := v - lineartest.Margin(x, i, s.Weight, s.Intercept)
		if weight != nil {
			d *= math.Sqrt(float64(weight[i]))
		}
		sum += d * d
	}
	return sum
}

// TestRegression_scikitLearn compares with Ridge(solver="sparse_cg",
// tol=1e-12) of scikit-learn 1.2.1.
func TestRegression_scikitLearn(t *testing.T) {
	x, _ := lineartest.Zipf(400, 300, 2, 1)
	y := lineartest.Targets(x, 1)
	thirds := make([]float32, len(y))
	for i := range thirds {
		thirds[i] = 1 + float32(i%3)/2
	}
	tests := []struct {
		alpha                         float64
		noIntercept                   bool
		weight                        []float32
		objective, intercept, weight0 float64
	}{
		{.01, false, nil, 18.87528379, 10.20557081, -3.045921726},
		{.01, true, nil, 104.7531356, 0, 1.302613433},
		{1, false, nil, 438.15975, 9.773464773, -2.679847056},
		{1, true, nil, 1907.323331, 0, 2.342619973},
		{100, false, nil, 1245.998998, 9.259046439, -0.3839522834},
		{100, true, nil, 21298.58006, 0, 4.056534385},
		{1, false, thirds, 531.8890724, 9.814167918, -2.715812048},
	}
	for name, direct := range solvers {
		for _, tc := range tests {
			t.Run(fmt.Sprintf("%s alpha=%v intercept=%v weighted=%v", name, tc.alpha, !tc.noIntercept, tc.weight != nil), func(t *testing.T) {
				r := ridge.Regression{Alpha: []float64{tc.alpha}, NoIntercept: tc.noIntercept, Direct: direct}
				s := fit(t, r, x, y, tc.weight)[0]
				if !lineartest.Near(s.Objective, tc.objective, 1e-8) || !s.Converged {
					t.Errorf("objective %v, converged %v, want %v", s.Objective, s.Converged, tc.objective)
				}
				if math.Abs(s.Intercept-tc.intercept) > 1e-4 || math.Abs(s.Weight[0]-tc.weight0) > 1e-4 {
					t.Errorf("intercept %v, first weight %v, want %v, %v", s.Intercept, s.Weight[0], tc.intercept, tc.weight0)
				}
				if got := objective(x, y, tc.weight, s); !lineartest.Near(s.Objective, got, 1e-9) {
					t.Errorf("reported objective %v, but the weights have %v", s.Objective, got)
				}
				if direct > 0 && s.Iterations > 3 {
					t.Errorf("%d steps with the factor, want at most 3", s.Iterations)
				}
			})
		}
	}
}

// TestRegression_stationary checks the minimum by central differences.
func TestRegression_stationary(t *testing.T) {
	const h = 1e-4
	x, _ := lineartest.Zipf(200, 150, 2, 2)
	y := lineartest.Targets(x, 2)
	random := rand.New(rand.NewPCG(3, 0))
	for name, direct := range solvers {
		s := fit(t, ridge.Regression{Direct: direct, Epsilon: 1e-20}, x, y, nil)[0]
		for range 50 {
			place := &s.Intercept
			if j := random.IntN(x.Cols + 1); j < x.Cols {
				place = &s.Weight[j]
			}
			at := func(by float64) float64 {
				before := *place
				*place += by
				defer func() { *place = before }()
				return objective(x, y, nil, s)
			}
			if slope := (at(h) - at(-h)) / (2 * h); math.Abs(slope) > 1e-5 {
				t.Errorf("%s: slope %v along a weight, want 0", name, slope)
			}
		}
	}
}

func TestRegression_laws(t *testing.T) {
	for name, direct := range solvers {
		t.Run(name, func(t *testing.T) {
			r := ridge.Regression{Direct: direct}
			lineartest.Run(t, lineartest.Learner{Fit: func(ctx context.Context, x *sparse.Matrix, y []float64, weight []float32, workers int) ([]lineartest.Output, error) {
				var out []lineartest.Output
				err := r.Fit(ctx, x, y, weight, workers, func(s ridge.Solution) error {
					out = append(out, lineartest.Output{Weight: slices.Clone(s.Weight), Bias: s.Intercept, Objective: s.Objective})
					return nil
				})
				return out, err
			}})
		})
	}
}

// TestRegression_exact has targets on a line: without a penalty the line is found.
func TestRegression_exact(t *testing.T) {
	// Columns of very different size and far from 0, one constant, one twice
	// another: an intercept and a penalty-free fit must not mind.
	x := &sparse.Matrix{Rows: 6, Cols: 4, Start: []int64{0}}
	var y []float64
	for i := range x.Rows {
		year, tiny := float32(2000+i*i), float32(i%3)*1e-4
		x.Index = append(x.Index, 0, 1, 2, 3)
		x.Value = append(x.Value, year, tiny, 7, 2*tiny)
		x.Start = append(x.Start, int64(len(x.Index)))
		y = append(y, 3*float64(year)+1e5*float64(tiny)-12)
	}
	for name, direct := range solvers {
		s := fit(t, ridge.Regression{Alpha: []float64{0}, Direct: direct}, x, y, nil)[0]
		for i, want := range y {
			if got := lineartest.Margin(x, i, s.Weight, s.Intercept); math.Abs(got-want) > 1e-6 {
				t.Errorf("%s: row %d is predicted %v, want %v", name, i, got, want)
			}
		}
		if math.Abs(s.Weight[0]-3) > 1e-6 || !s.Converged {
			t.Errorf("%s: weight of the year %v, converged %v, want 3", name, s.Weight[0], s.Converged)
		}
	}
}

// TestRegression_path shows that the path changes where a solution starts, not
// where it ends.
func TestRegression_path(t *testing.T) {
	x, _ := lineartest.Zipf(150, 60, 2, 6)
	y := lineartest.Targets(x, 6)
	alphas := []float64{100, 10, 1, .1, 5}
	for name, direct := range solvers {
		for k, s := range fit(t, ridge.Regression{Alpha: alphas, Direct: direct}, x, y, nil) {
			alone := fit(t, ridge.Regression{Alpha: alphas[k : k+1], Direct: direct}, x, y, nil)[0]
			if s.Step != k || s.Alpha != alphas[k] || !lineartest.Near(s.Objective, alone.Objective, 1e-9) {
				t.Errorf("%s: solution %d is step %d, alpha %v, objective %v, want %v", name, k, s.Step, s.Alpha, s.Objective, alone.Objective)
			}
		}
	}
}

func TestRegression_refuses(t *testing.T) {
	x := &sparse.Matrix{Rows: 1, Cols: 1, Start: []int64{0, 1}, Index: []int32{0}, Value: []float32{1}}
	tests := []struct {
		name string
		r    ridge.Regression
		y    []float64
	}{
		{"alpha negative", ridge.Regression{Alpha: []float64{-1}}, []float64{1}},
		{"alpha not a number", ridge.Regression{Alpha: []float64{math.NaN()}}, []float64{1}},
		{"alpha infinite", ridge.Regression{Alpha: []float64{math.Inf(1)}}, []float64{1}},
		{"epsilon negative", ridge.Regression{Epsilon: -1}, []float64{1}},
		{"iterations negative", ridge.Regression{MaxIterations: -1}, []float64{1}},
		{"target not a number", ridge.Regression{}, []float64{math.NaN()}},
		{"target too great to square", ridge.Regression{}, []float64{1e200}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.r.Fit(t.Context(), x, tc.y, nil, 1, nil)
			if _, ok := errors.AsType[*linear.InputError](err); !ok {
				t.Errorf("Fit() = %v, want an InputError", err)
			}
		})
	}
	stop := errors.New("enough")
	err := ridge.Regression{}.Fit(t.Context(), x, []float64{1}, nil, 1, func(ridge.Solution) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("Fit() = %v, want the error of each", err)
	}
}

func ExampleRegression_Fit() {
	// Rooms and rent: 100 a room and 200 for the flat.
	x := &sparse.Matrix{Rows: 3, Cols: 1, Start: []int64{0, 1, 2, 3}, Index: []int32{0, 0, 0}, Value: []float32{1, 2, 4}}
	rent := []float64{300, 400, 600}
	err := ridge.Regression{Alpha: []float64{0}}.Fit(context.Background(), x, rent, nil, 1, func(s ridge.Solution) error {
		fmt.Printf("%.0f a room and %.0f\n", s.Weight[0], s.Intercept)
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: 100 a room and 200
}

func BenchmarkRegression(b *testing.B) {
	for _, size := range []struct{ rows, columns int }{{2_000, 200}, {10_000, 20_000}} {
		b.Run(fmt.Sprintf("%dx%d", size.rows, size.columns), func(b *testing.B) {
			x, _ := lineartest.Zipf(size.rows, size.columns, 2, 1)
			y := lineartest.Targets(x, 1)
			b.ReportAllocs()
			for b.Loop() {
				fit(b, ridge.Regression{}, x, y, nil)
			}
		})
	}
}
