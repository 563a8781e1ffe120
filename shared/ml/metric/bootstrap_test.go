package metric_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"godwit/shared/ml/metric"
)

// TestPairedBootstrap holds the interval to the normal one, which it must come
// near for a mean of many rows: mean +- 1.96 standard errors.
func TestPairedBootstrap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	diff := make([]float64, 2000)
	sum, squares := 0.0, 0.0
	for i := range diff {
		diff[i] = float64(random.IntN(3) - 1)
		sum += diff[i]
	}
	n := float64(len(diff))
	for _, d := range diff {
		squares += (d - sum/n) * (d - sum/n)
	}
	half := 1.96 * math.Sqrt(squares/n/n)
	low, high := metric.PairedBootstrap(diff, metric.Resamples, 1)
	if math.Abs(low-(sum/n-half)) > half/8 || math.Abs(high-(sum/n+half)) > half/8 {
		t.Errorf("PairedBootstrap() = %v to %v, want about %v to %v", low, high, sum/n-half, sum/n+half)
	}
	if l, h := metric.PairedBootstrap(diff, metric.Resamples, 1); l != low || h != high {
		t.Errorf("again: %v to %v, want the same %v to %v", l, h, low, high)
	}
	if l, h := metric.PairedBootstrap(diff, metric.Resamples, 2); l == low && h == high {
		t.Error("another seed gives the same resamples")
	}
}

func TestPairedBootstrap_edges(t *testing.T) {
	tests := []struct {
		name      string
		diff      []float64
		resamples int
		low, high float64
	}{
		{"no rows", nil, 100, 0, 0},
		{"no resamples", []float64{1}, 0, 0, 0},
		{"one row", []float64{.5}, 10, .5, .5},
		{"rows alike", []float64{1, 1, 1}, 10, 1, 1},
		{"one resample", []float64{2, 2}, 1, 2, 2},
	}
	for _, tc := range tests {
		if low, high := metric.PairedBootstrap(tc.diff, tc.resamples, 1); low != tc.low || high != tc.high {
			t.Errorf("%s: %v to %v, want %v to %v", tc.name, low, high, tc.low, tc.high)
		}
	}
}

func TestDifferences(t *testing.T) {
	truth, prob := sample()
	good, bad := make([]int32, len(truth)), make([]int32, len(truth))
	for i := range truth {
		good[i] = truth[i]
		if i%5 == 0 {
			good[i] = (truth[i] + 1) % 4
		}
		for c := range int32(5) {
			if prob[i*5+int(c)] > prob[i*5+int(bad[i])] {
				bad[i] = c
			}
		}
	}
	accuracy := metric.AccuracyDifference(truth, good, bad, 500, 1)
	macro := metric.MacroF1Difference(truth, good, bad, 5, 500, 1)
	for name, d := range map[string]metric.Difference{"accuracy": accuracy, "macro F1": macro} {
		if !(d.Low < d.Mean && d.Mean < d.High) || d.High-d.Low > .6 {
			t.Errorf("%s: %+v, want the mean inside a narrow interval", name, d)
		}
	}
	if want := .8 - 0.6833333333333333; !closeTo(accuracy.Mean, want) {
		t.Errorf("accuracy differs by %v, want %v", accuracy.Mean, want)
	}
	turned := metric.MacroF1Difference(truth, bad, good, 5, 500, 1)
	if turned.Mean != -macro.Mean || turned.Low != -macro.High || turned.High != -macro.Low {
		t.Errorf("turned round: %+v, want the negative of %+v", turned, macro)
	}
	if same := metric.AccuracyDifference(truth, good, good, 500, 1); same != (metric.Difference{}) {
		t.Errorf("of equal predictions: %+v, want 0", same)
	}
	interval := metric.MacroF1Interval(truth, bad, 5, 500, 1)
	if f := metric.MacroF1(truth, bad, 5); !(interval.Low < f && f < interval.High) || interval.Low < 0 || interval.High > 1 {
		t.Errorf("MacroF1Interval() = %v, want it round %v within [0, 1]", interval, f)
	}
}

func TestRegress(t *testing.T) {
	truth, predicted := []float64{3, -.5, 2, 7, 4.25}, []float64{2.5, 0, 2, 8, -1}
	r, err := metric.Regress(truth, predicted, 500, 1)
	if err != nil {
		t.Fatal(err)
	}
	// scikit-learn 1.2.1, as TestRegression; the baseline by hand.
	for name, c := range map[string][2]float64{
		"MSE": {r.MSE, 5.8125}, "MAE": {r.MAE, 1.45}, "R2": {r.R2, 0.05333876221498379}, "baseline": {r.Baseline, math.Sqrt(6.14)},
	} {
		if !closeTo(c[0], c[1]) {
			t.Errorf("%s = %v, want %v", name, c[0], c[1])
		}
	}
	for name, c := range map[string]struct {
		in    metric.Interval
		value float64
	}{"RMSE": {r.RMSEInterval, r.RMSE}, "MAE": {r.MAEInterval, r.MAE}, "R2": {r.R2Interval, r.R2}} {
		if !(c.in.Low <= c.value && c.value <= c.in.High) {
			t.Errorf("%s interval %v, want it round %v", name, c.in, c.value)
		}
	}
	if h := r.Headline(); h["rmse"] != r.RMSE || h["rows"] != 5 {
		t.Errorf("Headline() = %v", h)
	}
}

func TestRegress_edges(t *testing.T) {
	tests := []struct {
		name             string
		truth, predicted []float64
		wantRow          int // of the error, -2 for none
	}{
		{"constant and exact", []float64{2, 2}, []float64{2, 2}, -2},
		{"constant and wrong", []float64{2, 2}, []float64{3, 3}, -2},
		{"far from 0", []float64{1e9 + 1, 1e9 + 2}, []float64{1e9 + 1, 1e9 + 2}, -2},
		{"one row", []float64{1}, []float64{1}, -1},
		{"lengths differ", []float64{1, 2}, []float64{1, 2, 3}, -1},
		{"not a number", []float64{1, 2}, []float64{1, math.NaN()}, 1},
		{"infinite", []float64{math.Inf(1), 2}, []float64{1, 2}, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r, err := metric.Regress(tc.truth, tc.predicted, 50, 1)
			if tc.wantRow != -2 {
				if input, ok := errors.AsType[*metric.InputError](err); !ok || input.Row != tc.wantRow {
					t.Errorf("Regress() = %v, want an InputError in row %d", err, tc.wantRow)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for name, v := range r.Headline() {
				if v-v != 0 {
					t.Errorf("%s = %v, want a finite number", name, v)
				}
			}
		})
	}
}

func ExamplePairedBootstrap() {
	// 100 rows: the first model is right on 12 the second misses, and wrong on 2.
	diff := make([]float64, 100)
	for i := range 12 {
		diff[i] = 1
	}
	diff[98], diff[99] = -1, -1
	low, high := metric.PairedBootstrap(diff, metric.Resamples, 1)
	fmt.Println("better:", low > 0, "worse:", high < 0)
	// Output: better: true worse: false
}

func BenchmarkMacroF1Interval(b *testing.B) {
	truth, predicted := make([]int32, 3080), make([]int32, 3080)
	for i := range truth {
		truth[i], predicted[i] = int32(i%77), int32((i+i/9%2)%77)
	}
	b.ReportAllocs()
	for b.Loop() {
		metric.MacroF1Interval(truth, predicted, 77, metric.Resamples, 1)
	}
}
