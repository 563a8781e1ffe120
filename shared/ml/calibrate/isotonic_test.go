package calibrate_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"godwit/shared/ml/calibrate"
)

// TestIsotonic compares with sklearn.isotonic.IsotonicRegression(
// out_of_bounds="clip") of scikit-learn 1.2.1: the knots are its X_thresholds_
// and y_thresholds_, the values its predict.
func TestIsotonic(t *testing.T) {
	tests := []struct {
		name  string
		x, y  []float32
		knots calibrate.Steps
		at    []float32
		want  []float32
	}{
		{
			"hits and misses, two at one place",
			[]float32{.1, .4, .2, .9, .35, .8, .4, .6, .65, .05, .3, .95},
			[]float32{0, 1, 0, 1, 1, 1, 0, 0, 1, 0, 0, 1},
			calibrate.Steps{X: []float32{.05, .3, .35, .6, .65, .95}, Y: []float32{0, 0, .5, .5, 1, 1}},
			[]float32{0, .1, .15, .2, .33, .375, .5, .62, .7, .85, 1},
			[]float32{0, 0, 0, 0, .3, .5, .5, .7, 1, 1, 1},
		},
		{
			"pooled backwards",
			[]float32{5, 3, 1, 4, 2}, []float32{.1, .9, .3, .2, .8},
			calibrate.Steps{X: []float32{1, 2, 5}, Y: []float32{.3, .5, .5}},
			[]float32{0, 1, 1.5, 3, 9}, []float32{.3, .3, .4, .5, .5},
		},
		{"one point", []float32{3}, []float32{.25}, calibrate.Steps{X: []float32{3}, Y: []float32{.25}}, []float32{2, 3, 4}, []float32{.25, .25, .25}},
		{"none", nil, nil, calibrate.Steps{}, []float32{.5}, []float32{0}},
	}
	near := func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-6 }
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := calibrate.Isotonic(tc.x, tc.y)
			if !slices.EqualFunc(s.X, tc.knots.X, near) || !slices.EqualFunc(s.Y, tc.knots.Y, near) {
				t.Errorf("Isotonic() = %v, want %v", s, tc.knots)
			}
			for i, x := range tc.at {
				if got := s.At(x); !near(got, tc.want[i]) {
					t.Errorf("At(%v) = %v, want %v", x, got, tc.want[i])
				}
			}
		})
	}
}

// TestIsotonic_isTheProjection holds what defines the fit: it does not fall,
// leaves the mean as it is, is no worse than the constant, does not depend on the
// order of the points, and is its own fit.
func TestIsotonic_isTheProjection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "n")
		x := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 30), func(i int) float32 { return float32(i) / 8 }), n, n).Draw(t, "x")
		y := rapid.SliceOfN(rapid.Float32Range(0, 1), n, n).Draw(t, "y")
		s := calibrate.Isotonic(x, y)
		var sum, fit, constant, squares float64
		for _, v := range y {
			sum += float64(v)
		}
		again := make([]float32, n)
		for i := range x {
			again[i] = s.At(x[i])
			fit += float64(again[i])
			squares += math.Pow(float64(again[i]-y[i]), 2)
			constant += math.Pow(sum/float64(n)-float64(y[i]), 2)
		}
		if math.Abs(fit-sum) > 1e-4 {
			t.Errorf("sum of fitted values %v, want %v", fit, sum)
		}
		if squares > constant+1e-4 {
			t.Errorf("sum of squares %v, that of the mean is %v", squares, constant)
		}
		last := float32(-1)
		for v := float32(-.5); v < 4.5; v += .03 {
			if got := s.At(v); got < last-1e-6 {
				t.Fatalf("falls to %v at %v from %v", got, v, last)
			} else {
				last = got
			}
		}
		slices.Reverse(x)
		slices.Reverse(y)
		if turned := calibrate.Isotonic(x, y); !slices.Equal(turned.X, s.X) || !slices.Equal(turned.Y, s.Y) {
			t.Errorf("in other order %v, want %v", turned, s)
		}
		slices.Reverse(x)
		for i, v := range x {
			if got := calibrate.Isotonic(x, again).At(v); math.Abs(float64(got-again[i])) > 1e-5 {
				t.Errorf("fit of the fit at %v is %v, want %v", v, got, again[i])
			}
		}
	})
}
