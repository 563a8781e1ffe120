package sgd_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"testing"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/lineartest"
	"godwit/shared/ml/linear/logistic"
	"godwit/shared/ml/linear/ridge"
	"godwit/shared/ml/linear/sgd"
	"godwit/shared/ml/sparse"
)

// numbers returns classes as targets.
func numbers(y []int32) []float64 {
	out := make([]float64, len(y))
	for i, c := range y {
		out[i] = float64(c)
	}
	return out
}

func fit(t testing.TB, s sgd.Settings, train, validation sgd.Source) *sgd.Model {
	t.Helper()
	m, err := sgd.Fit(t.Context(), s, train, validation)
	if err != nil {
		t.Fatalf("Fit() = %v", err)
	}
	return m
}

// logObjective computes what Settings documents for Log and one output.
func logObjective(x *sparse.Matrix, y []int32, l2 float64, m *sgd.Model) float64 {
	sum, z := 0.0, make([]float64, 1)
	for i := range x.Rows {
		index, value := x.Row(i)
		m.Margins(index, value, z)
		sum += math.Log1p(math.Exp(z[0])) - z[0]*float64(y[i])
	}
	sum /= float64(x.Rows)
	for _, w := range m.Weight {
		sum += l2 / 2 * w * w
	}
	return sum
}

// TestFit_optimum lets every method and schedule run long and compares with
// the minimum that the exact solver finds.
func TestFit_optimum(t *testing.T) {
	const l2 = .01
	x, y := lineartest.Zipf(200, 100, 2, 1)
	var want float64
	exact := logistic.Regression{C: []float64{1 / (l2 * 200)}, Epsilon: 1e-10}
	if err := exact.OneVsRest(t.Context(), x, y, nil, 2, 1, func(s linear.Solution) error {
		want = s.Objective * l2
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	source := sgd.FromMatrix(x, numbers(y), nil, 1)
	tests := []struct {
		name string
		s    sgd.Settings
	}{
		{"descent, inverse", sgd.Settings{Rate: 2, Power: .5}},
		{"descent, cosine", sgd.Settings{Rate: 1, Schedule: sgd.Cosine}},
		{"descent, constant, averaged", sgd.Settings{Rate: 1, Schedule: sgd.Constant, Average: true}},
		{"descent, whole batches", sgd.Settings{Rate: 2, Schedule: sgd.Constant, Batch: 200, Epochs: 2000}},
		{"descent, one row a step", sgd.Settings{Rate: .5, Schedule: sgd.Cosine, Batch: 1}},
		{"descent, penalty, averaged", sgd.Settings{Rate: 1, Schedule: sgd.Penalty, Power: .75, Batch: 1, Average: true}},
		{"adam, cosine", sgd.Settings{Method: sgd.Adam, Schedule: sgd.Cosine, Rate: .05}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			tc.s.Columns, tc.s.Classes, tc.s.L2 = x.Cols, 2, l2
			if tc.s.Epochs == 0 {
				tc.s.Epochs = 300
			}
			got := logObjective(x, y, l2, fit(t, tc.s, source, nil))
			if got < want-1e-6 || got > want*1.01 {
				t.Errorf("objective %v, want %v to 1 %%", got, want)
			}
		})
	}
}

// TestFit_squared compares with ridge regression.
func TestFit_squared(t *testing.T) {
	const l2 = .01
	x, _ := lineartest.Zipf(200, 60, 2, 1)
	y := lineartest.Targets(x, 1)
	s := sgd.Settings{Columns: x.Cols, Loss: sgd.Squared, Schedule: sgd.Cosine, Rate: .5, Epochs: 400, L2: l2}
	m := fit(t, s, sgd.FromMatrix(x, y, nil, 1), nil)
	err := ridge.Regression{Alpha: []float64{l2 * 200}}.Fit(t.Context(), x, y, nil, 1, func(want ridge.Solution) error {
		for j, w := range want.Weight {
			if math.Abs(m.Weight[j]-w) > .02 {
				t.Fatalf("weight %d = %v, want %v", j, m.Weight[j], w)
			}
		}
		if math.Abs(m.Bias[0]-want.Intercept) > .02 {
			t.Errorf("intercept %v, want %v", m.Bias[0], want.Intercept)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFit_gradient takes one step over all rows from zero, which must be the
// rate times the slope of the loss as central differences see it.
func TestFit_gradient(t *testing.T) {
	const h, rate = 1e-4, 1e-3
	x, y := lineartest.Zipf(50, 40, 3, 3)
	targets := numbers(y)
	for _, loss := range []sgd.Loss{sgd.Log, sgd.Hinge, sgd.SquaredHinge, sgd.Squared} {
		s := sgd.Settings{Columns: x.Cols, Classes: 3, Loss: loss, Schedule: sgd.Constant, Rate: rate, Batch: 50, Epochs: 1}
		m := fit(t, s, sgd.FromMatrix(x, targets, nil, 1), nil)
		at := func(k, j int, by float64) float64 {
			sum := 0.0
			for i := range x.Rows {
				z := 0.0
				index, value := x.Row(i)
				for n, c := range index {
					if int(c) == j {
						z = by * float64(value[n])
					}
				}
				sign := -1.0
				if int(y[i]) == k {
					sign = 1
				}
				switch loss {
				case sgd.Log:
					sum += math.Log1p(math.Exp(-sign * z))
				case sgd.Hinge:
					sum += max(0, 1-sign*z)
				case sgd.SquaredHinge:
					sum += max(0, 1-sign*z) * max(0, 1-sign*z)
				default:
					sum += (z - targets[i]) * (z - targets[i]) / 2
				}
			}
			return sum / float64(x.Rows)
		}
		for j := range x.Cols {
			for k := range m.Outputs {
				slope := (at(k, j, h) - at(k, j, -h)) / (2 * h)
				if got := -m.Weight[j*m.Outputs+k] / rate; math.Abs(got-slope) > 1e-6 {
					t.Fatalf("%s: slope of column %d, output %d = %v, want %v", loss, j, k, got, slope)
				}
			}
		}
	}
}

// TestFit_average compares the lazily kept average with one of snapshots: a
// source of a single batch makes an epoch a step.
func TestFit_average(t *testing.T) {
	x, y := lineartest.Zipf(20, 30, 2, 3)
	source := sgd.FromMatrix(x, numbers(y), nil, 1)
	for _, l2 := range []float64{0, .5} {
		s := sgd.Settings{Columns: x.Cols, Classes: 2, Schedule: sgd.Constant, Rate: 1, Batch: 20, L2: l2}
		const epochs = 40 // at L2 .5 the common factor passes its bound
		want := make([]float64, x.Cols)
		for e := 2; e <= epochs; e++ {
			s.Epochs = e
			for j, w := range fit(t, s, source, nil).Weight {
				want[j] += w / (epochs - 1)
			}
		}
		s.Average = true
		for j, w := range fit(t, s, source, nil).Weight {
			if math.Abs(w-want[j]) > 1e-9 {
				t.Fatalf("L2=%v: average of column %d = %v, want %v", l2, j, w, want[j])
			}
		}
	}
}

// TestFit_lazy shows that skipping the columns a batch does not have changes
// nothing: a column that every row has, with a zero, is never skipped.
func TestFit_lazy(t *testing.T) {
	skipped := &sparse.Matrix{Rows: 4, Cols: 2, Start: []int64{0, 1, 2, 3, 4}, Index: []int32{0, 1, 0, 1}, Value: []float32{1, 2, -1, 1}}
	whole := &sparse.Matrix{Rows: 4, Cols: 2, Start: []int64{0, 2, 4, 6, 8}, Index: []int32{0, 1, 0, 1, 0, 1, 0, 1}, Value: []float32{1, 0, 0, 2, -1, 0, 0, 1}}
	y := []float64{0, 1, 1, 0}
	s := sgd.Settings{Columns: 2, Classes: 2, Batch: 1, Epochs: 30, L2: .1, Average: true}
	want := fit(t, s, sgd.FromMatrix(whole, y, nil, 1), nil)
	got := fit(t, s, sgd.FromMatrix(skipped, y, nil, 1), nil)
	for j, w := range want.Weight {
		if math.Abs(got.Weight[j]-w) > 1e-12 {
			t.Errorf("weight %d = %v, want %v", j, got.Weight[j], w)
		}
	}
}

// TestFit_earlyStopping learns noise: the validation loss must turn.
func TestFit_earlyStopping(t *testing.T) {
	x, y := lineartest.Zipf(300, 80, 3, 5)
	train, trainY := lineartest.Rows(x, y, seq(0, 200))
	valid, validY := lineartest.Rows(x, y, seq(200, 300))
	s := sgd.Settings{Columns: x.Cols, Classes: 3, Schedule: sgd.Constant, Rate: 5, Epochs: 200}
	m := fit(t, s, sgd.FromMatrix(train, numbers(trainY), nil, 1), sgd.FromMatrix(valid, numbers(validY), nil, 1))
	if len(m.History) == 200 || len(m.History) != m.Best+1+3 {
		t.Errorf("%d epochs, the best %d, want the end 3 after the best", len(m.History), m.Best)
	}
	for e, h := range m.History {
		if h.Validation < m.History[m.Best].Validation*(1-1e-4) || h.Rows != 200 {
			t.Errorf("epoch %d: %+v, want none clearly below the best %v", e, h, m.History[m.Best].Validation)
		}
	}
	// The weights are those of a run that ends with the best epoch.
	s.Epochs = m.Best + 1
	if alone := fit(t, s, sgd.FromMatrix(train, numbers(trainY), nil, 1), nil); !slices.Equal(alone.Weight, m.Weight) {
		t.Error("the weights are not those of the best epoch")
	}
}

func seq(low, high int) (out []int) {
	for i := low; i < high; i++ {
		out = append(out, i)
	}
	return out
}

// TestFit_classes learns separable classes by every loss and method.
func TestFit_classes(t *testing.T) {
	x, y := lineartest.Zipf(600, 100, 4, 6)
	for _, loss := range []sgd.Loss{sgd.Log, sgd.Hinge, sgd.SquaredHinge} {
		for _, method := range []sgd.Method{sgd.Descent, sgd.Adam} {
			s := sgd.Settings{Columns: x.Cols, Classes: 4, Loss: loss, Method: method, Schedule: sgd.Cosine, Rate: 10, Epochs: 60}
			switch {
			case method == sgd.Adam:
				s.Rate = .05
			case loss == sgd.SquaredHinge:
				s.Rate = 1 // it bends, and a longer step would overshoot
			}
			m := fit(t, s, sgd.FromMatrix(x, numbers(y), nil, 1), nil)
			right, z := 0, make([]float64, 4)
			for i := range x.Rows {
				index, value := x.Row(i)
				m.Margins(index, value, z)
				if slices.Index(z, slices.Max(z)) == int(y[i]) {
					right++
				}
			}
			if right < 570 {
				t.Errorf("%s by %s: %d of 600 right, want nearly all", loss, method, right)
			}
		}
	}
}

func TestFit_deterministic(t *testing.T) {
	x, y := lineartest.Zipf(100, 80, 3, 7)
	weight := make([]float32, x.Rows)
	for i := range weight {
		weight[i] = float32(i % 3)
	}
	s := sgd.Settings{Columns: x.Cols, Classes: 3, Method: sgd.Adam, L2: 1e-3, Average: true, Epochs: 3}
	before := slices.Clone(x.Value)
	a := fit(t, s, sgd.FromMatrix(x, numbers(y), weight, 1), nil)
	b := fit(t, s, sgd.FromMatrix(x, numbers(y), weight, 1), nil)
	other := fit(t, s, sgd.FromMatrix(x, numbers(y), weight, 2), nil)
	if !slices.Equal(a.Weight, b.Weight) || !slices.Equal(a.Bias, b.Bias) {
		t.Error("the same settings and seed give other weights")
	}
	if slices.Equal(a.Weight, other.Weight) {
		t.Error("another seed gives the same weights: the rows are not shuffled")
	}
	if !slices.Equal(x.Value, before) {
		t.Error("training changed its input")
	}
}

func TestFit_refuses(t *testing.T) {
	one := sgd.Row{Index: []int32{0}, Value: []float32{1}, Target: 1, Weight: 1}
	rows := func(rows ...sgd.Row) sgd.Source {
		return func(int) iter.Seq2[sgd.Row, error] {
			return func(yield func(sgd.Row, error) bool) {
				for _, r := range rows {
					if !yield(r, nil) {
						return
					}
				}
			}
		}
	}
	with := func(change func(*sgd.Row)) sgd.Source {
		r := one
		change(&r)
		return rows(one, r)
	}
	ok := sgd.Settings{Columns: 1, Classes: 2}
	nan := math.NaN()
	tests := []struct {
		name  string
		s     sgd.Settings
		train sgd.Source
	}{
		{"loss unknown", sgd.Settings{Columns: 1, Classes: 2, Loss: "huber"}, rows(one)},
		{"method unknown", sgd.Settings{Columns: 1, Classes: 2, Method: "lbfgs"}, rows(one)},
		{"schedule unknown", sgd.Settings{Columns: 1, Classes: 2, Schedule: "step"}, rows(one)},
		{"columns negative", sgd.Settings{Columns: -1, Classes: 2}, rows(one)},
		{"one class", sgd.Settings{Columns: 1, Classes: 1}, rows(one)},
		{"rate negative", sgd.Settings{Columns: 1, Classes: 2, Rate: -1}, rows(one)},
		{"rate not a number", sgd.Settings{Columns: 1, Classes: 2, Rate: nan}, rows(one)},
		{"L2 turns weights round", sgd.Settings{Columns: 1, Classes: 2, Rate: 1, L2: 1}, rows(one)},
		{"batch negative", sgd.Settings{Columns: 1, Classes: 2, Batch: -1}, rows(one)},
		{"no rows", ok, rows()},
		{"no weight", ok, rows(sgd.Row{})},
		{"column too great", ok, with(func(r *sgd.Row) { r.Index = []int32{1} })},
		{"column negative", ok, with(func(r *sgd.Row) { r.Index = []int32{-1} })},
		{"values missing", ok, with(func(r *sgd.Row) { r.Value = nil })},
		{"value infinite", ok, with(func(r *sgd.Row) { r.Value = []float32{float32(math.Inf(1))} })},
		{"class too great", ok, with(func(r *sgd.Row) { r.Target = 2 })},
		{"class between two", ok, with(func(r *sgd.Row) { r.Target = .5 })},
		{"class not a number", ok, with(func(r *sgd.Row) { r.Target = nan })},
		{"target infinite", sgd.Settings{Columns: 1, Loss: sgd.Squared}, with(func(r *sgd.Row) { r.Target = math.Inf(1) })},
		{"weight negative", ok, with(func(r *sgd.Row) { r.Weight = -1 })},
		{"diverges", sgd.Settings{Columns: 1, Loss: sgd.Squared, Rate: 1e6, Schedule: sgd.Constant, Epochs: 100}, with(func(r *sgd.Row) { r.Value = []float32{1e6} })},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := sgd.Fit(t.Context(), tc.s, tc.train, nil)
			if _, ok := errors.AsType[*linear.InputError](err); !ok {
				t.Errorf("Fit() = %v, want an InputError", err)
			}
		})
	}
	lost := errors.New("lost")
	broken := func(int) iter.Seq2[sgd.Row, error] {
		return func(yield func(sgd.Row, error) bool) { yield(sgd.Row{}, lost) }
	}
	if _, err := sgd.Fit(t.Context(), ok, broken, nil); !errors.Is(err, lost) {
		t.Errorf("Fit() = %v, want the source's error", err)
	}
	if _, err := sgd.Fit(t.Context(), ok, rows(one), broken); !errors.Is(err, lost) {
		t.Errorf("Fit() = %v, want the validation source's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sgd.Fit(ctx, ok, rows(one), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Fit() = %v, want context.Canceled", err)
	}
}

// TestFit_allocations shows that rows cost none.
func TestFit_allocations(t *testing.T) {
	x, y := lineartest.Zipf(400, 100, 3, 8)
	few, fewY := lineartest.Rows(x, numbers(y), seq(0, 50))
	s := sgd.Settings{Columns: x.Cols, Classes: 3, Epochs: 2}
	count := func(x *sparse.Matrix, y []float64) float64 {
		source := sgd.FromMatrix(x, y, nil, 1)
		return testing.AllocsPerRun(3, func() { _, _ = sgd.Fit(t.Context(), s, source, nil) })
	}
	if more := count(x, numbers(y)) - count(few, fewY); more > 10 {
		t.Errorf("350 rows more cost %v allocations, want none but growing a list", more)
	}
}

func ExampleFit() {
	// Rows come one at a time, from a file or a network as well as from here.
	train := func(epoch int) iter.Seq2[sgd.Row, error] {
		return func(yield func(sgd.Row, error) bool) {
			for i := range 1000 {
				x := float32((i*37+epoch)%100) / 100
				row := sgd.Row{Index: []int32{0}, Value: []float32{x}, Target: 3*float64(x) - 1, Weight: 1}
				if !yield(row, nil) {
					return
				}
			}
		}
	}
	m, err := sgd.Fit(context.Background(), sgd.Settings{Columns: 1, Loss: sgd.Squared, Rate: .5}, train, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("y = %.1fx %+.1f\n", m.Weight[0], m.Bias[0])
	// Output: y = 3.0x -1.0
}

func BenchmarkFit(b *testing.B) {
	x, y := lineartest.Zipf(10_000, 20_000, 20, 1)
	for _, method := range []sgd.Method{sgd.Descent, sgd.Adam} {
		b.Run(string(method), func(b *testing.B) {
			source := sgd.FromMatrix(x, numbers(y), nil, 1)
			b.ReportAllocs()
			for b.Loop() {
				fit(b, sgd.Settings{Columns: x.Cols, Classes: 20, Method: method, Epochs: 1}, source, nil)
			}
		})
	}
}
