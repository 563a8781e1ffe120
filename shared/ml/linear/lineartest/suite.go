package lineartest

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/sparse"
)

// Output is one trained vector of weights: a class, or a regression's only one.
type Output struct {
	Weight    []float64 // one per column
	Bias      float64   // what to add to Weight.x
	Objective float64   // what the learner minimises, or a bound of it
}

// Learner is a learner under test. Fit trains to high precision and returns
// the outputs in order: one for each class (for two classes maybe one), or one
// for numbers, y holding the class or number of each row.
type Learner struct {
	Fit func(ctx context.Context, x *sparse.Matrix, y []float64, weight []float32, workers int) ([]Output, error)
	// Classes is how many classes Fit takes, 0 for a regression.
	Classes int
	// Tolerance is how far weights of equal problems may differ, default 1e-3.
	Tolerance float64
}

// Run holds a learner to the laws of all of them: row order and copies of
// rows do not matter, classes are only names, inputs stay as they were, the
// number of workers changes no bit, odd inputs end well, and an ended context
// ends training.
func Run(t *testing.T, l Learner) {
	if l.Tolerance == 0 {
		l.Tolerance = 1e-3
	}
	x, y := l.data()
	t.Run("row order", func(t *testing.T) { l.rowOrder(t, x, y) })
	t.Run("weights are copies", func(t *testing.T) { l.copies(t, x, y) })
	t.Run("class names", func(t *testing.T) { l.classNames(t, x, y) })
	t.Run("workers", func(t *testing.T) { l.workers(t, x, y) })
	t.Run("odd inputs", l.oddInputs)
	t.Run("refuses", l.refuses)
	t.Run("context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := l.Fit(ctx, x, y, nil, 2); !errors.Is(err, context.Canceled) {
			t.Errorf("Fit() with an ended context = %v, want context.Canceled", err)
		}
	})
}

// data returns the matrix of the laws and its labels or targets.
func (l Learner) data() (*sparse.Matrix, []float64) {
	x, class := Zipf(150, 120, max(l.Classes, 2), 4)
	if l.Classes == 0 {
		return x, Targets(x, 4)
	}
	y := make([]float64, len(class))
	for i, c := range class {
		y[i] = float64(c)
	}
	return x, y
}

func (l Learner) fit(t *testing.T, x *sparse.Matrix, y []float64, weight []float32, workers int) []Output {
	t.Helper()
	out, err := l.Fit(t.Context(), x, y, weight, workers)
	if err != nil {
		t.Fatalf("Fit() = %v", err)
	}
	return out
}

// same compares objectives, weights and biases.
func (l Learner) same(t *testing.T, what string, got, want []Output) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d outputs, want %d", what, len(got), len(want))
	}
	for k, w := range want {
		if !Near(got[k].Objective, w.Objective, 1e-5) {
			t.Errorf("%s: output %d has objective %v, want %v", what, k, got[k].Objective, w.Objective)
		}
		if !(math.Abs(got[k].Bias-w.Bias) <= l.Tolerance) {
			t.Errorf("%s: output %d has bias %v, want %v", what, k, got[k].Bias, w.Bias)
		}
		for j := range w.Weight {
			if !(math.Abs(got[k].Weight[j]-w.Weight[j]) <= l.Tolerance) {
				t.Fatalf("%s: output %d has weight %v for column %d, want %v", what, k, got[k].Weight[j], j, w.Weight[j])
			}
		}
	}
}

func (l Learner) rowOrder(t *testing.T, x *sparse.Matrix, y []float64) {
	turned, of := Rows(x, y, rand.New(rand.NewPCG(5, 0)).Perm(x.Rows))
	l.same(t, "rows in another order", l.fit(t, turned, of, nil, 1), l.fit(t, x, y, nil, 1))
}

func (l Learner) copies(t *testing.T, x *sparse.Matrix, y []float64) {
	random := rand.New(rand.NewPCG(6, 0))
	var pick []int
	weight := make([]float32, x.Rows)
	for i := range weight {
		weight[i] = float32(random.IntN(4))
		for range int(weight[i]) {
			pick = append(pick, i)
		}
	}
	copied, of := Rows(x, y, pick)
	l.same(t, "weighted rows", l.fit(t, x, y, weight, 1), l.fit(t, copied, of, nil, 1))
}

func (l Learner) classNames(t *testing.T, x *sparse.Matrix, y []float64) {
	if l.Classes < 3 {
		return // a regression, or one output for class 1
	}
	turned := make([]float64, len(y))
	for i, class := range y {
		turned[i] = float64((int(class) + 1) % l.Classes)
	}
	got := l.fit(t, x, turned, nil, 1)
	got = append(got[1:len(got):len(got)], got[0])
	l.same(t, "classes renamed", got, l.fit(t, x, y, nil, 1))
}

func (l Learner) workers(t *testing.T, x *sparse.Matrix, y []float64) {
	before := &sparse.Matrix{Start: slices.Clone(x.Start), Index: slices.Clone(x.Index), Value: slices.Clone(x.Value)}
	weight := make([]float32, x.Rows)
	for i := range weight {
		weight[i] = 1 + float32(i%3)/2
	}
	yBefore, weightBefore := slices.Clone(y), slices.Clone(weight)
	want := l.fit(t, x, y, weight, 1)
	for workers := 2; workers <= 4; workers++ {
		for k, got := range l.fit(t, x, y, weight, workers) {
			if !slices.Equal(got.Weight, want[k].Weight) || got.Bias != want[k].Bias || got.Objective != want[k].Objective {
				t.Errorf("%d workers: output %d differs from that of one worker", workers, k)
			}
		}
	}
	if !slices.Equal(x.Start, before.Start) || !slices.Equal(x.Index, before.Index) || !slices.Equal(x.Value, before.Value) ||
		!slices.Equal(y, yBefore) || !slices.Equal(weight, weightBefore) {
		t.Error("training changed its inputs")
	}
}

// oddInputs must give finite weights.
func (l Learner) oddInputs(t *testing.T) {
	two := &sparse.Matrix{Rows: 2, Cols: 2, Start: []int64{0, 1, 2}, Index: []int32{0, 1}, Value: []float32{1, 2}}
	alike := &sparse.Matrix{Rows: 4, Cols: 2, Start: []int64{0, 1, 2, 3, 4}, Index: []int32{1, 1, 1, 1}, Value: []float32{1, 1, 1, 1}}
	tests := []struct {
		name   string
		x      *sparse.Matrix
		y      []float64
		weight []float32
	}{
		{"one row", &sparse.Matrix{Rows: 1, Cols: 1, Start: []int64{0, 1}, Index: []int32{0}, Value: []float32{2}}, []float64{1}, nil},
		{"one class, or one number", two, []float64{1, 1}, nil},
		{"one row of weight", two, []float64{0, 1}, []float32{0, 2}},
		{"all rows alike", alike, []float64{0, 1, 1, 1}, nil},
		{"empty rows", &sparse.Matrix{Rows: 3, Cols: 2, Start: []int64{0, 0, 1, 1}, Index: []int32{1}, Value: []float32{1}}, []float64{0, 1, 0}, nil},
		{"no columns", &sparse.Matrix{Rows: 3, Start: []int64{0, 0, 0, 0}}, []float64{0, 1, 1}, nil},
		{"a stored zero", &sparse.Matrix{Rows: 2, Cols: 1, Start: []int64{0, 1, 2}, Index: []int32{0, 0}, Value: []float32{0, 0}}, []float64{0, 1}, nil},
		{"large and small values", &sparse.Matrix{Rows: 3, Cols: 2, Start: []int64{0, 2, 4, 6}, Index: []int32{0, 1, 0, 1, 0, 1}, Value: []float32{1e6, 1e-6, -1e6, 2e-6, 5e5, -1e-6}}, []float64{0, 1, 1}, nil},
		{"a vanishing weight", two, []float64{0, 1}, []float32{1e-30, 1}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			for k, out := range l.fit(t, tc.x, tc.y, tc.weight, 2) {
				numbers := append([]float64{out.Bias, out.Objective}, out.Weight...)
				for _, v := range numbers {
					if v-v != 0 { // NaN or infinite
						t.Fatalf("output %d = %+v, want finite numbers", k, out)
					}
				}
				if len(out.Weight) != tc.x.Cols {
					t.Errorf("output %d has %d weights, want %d", k, len(out.Weight), tc.x.Cols)
				}
			}
		})
	}
}

// refuses what cannot be trained, with an error that says so.
func (l Learner) refuses(t *testing.T) {
	x := &sparse.Matrix{Rows: 2, Cols: 1, Start: []int64{0, 1, 2}, Index: []int32{0, 0}, Value: []float32{1, 2}}
	nan := float32(math.NaN())
	tests := []struct {
		name   string
		x      *sparse.Matrix
		y      []float64
		weight []float32
	}{
		{"no rows", &sparse.Matrix{Start: []int64{0}}, nil, nil},
		{"labels missing", x, []float64{0}, nil},
		{"weights missing", x, []float64{0, 1}, []float32{1}},
		{"weight negative", x, []float64{0, 1}, []float32{1, -1}},
		{"weight not a number", x, []float64{0, 1}, []float32{1, nan}},
		{"weights all zero", x, []float64{0, 1}, []float32{0, 0}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := l.Fit(t.Context(), tc.x, tc.y, tc.weight, 1)
			if _, ok := errors.AsType[*linear.InputError](err); !ok {
				t.Errorf("Fit() = %v, want an InputError", err)
			}
		})
	}
	broken := &sparse.Matrix{Rows: 1, Cols: 1, Start: []int64{0, 1}, Index: []int32{5}, Value: []float32{1}}
	if _, err := l.Fit(t.Context(), broken, []float64{0}, nil, 1); err == nil {
		t.Error("Fit() of a broken matrix = nil, want an error")
	} else if _, ok := errors.AsType[*sparse.ShapeError](err); !ok {
		t.Errorf("Fit() of a broken matrix = %v, want a ShapeError", err)
	}
}
