package monitor_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"godwit/shared/monitor"
)

// TestAccuracy: probabilities from exact fractions of binomial coefficients
// (Python's math.comb), to a relative 1e-9.
func TestAccuracy(t *testing.T) {
	for _, tc := range []struct {
		name           string
		correct, rows  int64
		tested         float64
		testRows       int64
		p              float64
		verdict        monitor.Verdict
		low, high, acc float64
	}{
		{"no feedback", 0, 0, .9, 1000, 1, monitor.Unknown, 0, 1, 0},
		{"nothing measured", 5, 10, 0, 0, 1, monitor.Unknown, .2365930905, .7634069095, .5},
		{"too little to tell", 8, 10, .9, 1000, .26756030021625304, monitor.Unknown, .4901624715, .9433178485, .8},
		{"worse", 70, 100, .9, 1000, 1.8800524577841323e-07, monitor.Worse, .6041515, .7810511, .7},
		{"within chance", 85, 100, .9, 1000, .08691691297600002, monitor.NotWorse, .7671541, .9069386, .85},
		{"five of five wrong is enough", 0, 5, 1, 1000, 1.1821667482904644e-13, monitor.Worse, 0, .4344825, 0},
		{"better", 5, 5, .9, 1000, 1, monitor.Unknown, .5655175, 1, 1},
		{"far better", 10_000, 10_000, .5, 10_000, 1, monitor.NotWorse, .9996160, 1, 1},
		{"far better than nothing right", 4000, 4096, 0, 100_000, 1, monitor.NotWorse, .9714613, .9807708, .9765625},
		{"far worse", 0, 10_000, .9, 10_000, 0, monitor.Worse, 0, .0003840, 0},
		{"many rows", 850, 1000, .9, 10000, 1.6648128453022214e-06, monitor.Worse, .8265429, .8707934, .85},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := monitor.Accuracy(tc.correct, tc.rows, tc.tested, tc.testRows)
			if math.Abs(got.P-tc.p) > 1e-9*tc.p || got.Verdict != tc.verdict || got.Accuracy != tc.acc || got.Rows != tc.rows {
				t.Errorf("Accuracy = %+v, want %v with p %v, %s", got, tc.acc, tc.p, tc.verdict)
			}
			// The intervals are metric.Wilson's, which its own test holds against scipy.
			if math.Abs(got.Interval.Low-tc.low) > 1e-3 || math.Abs(got.Interval.High-tc.high) > 1e-3 {
				t.Errorf("interval = %+v, want %v to %v", got.Interval, tc.low, tc.high)
			}
		})
	}
}

// More right answers never look worse, and a probability is one.
func TestAccuracy_properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.Int64Range(1, 100_000).Draw(t, "rows")
		correct := rapid.Int64Range(0, rows).Draw(t, "correct")
		tested := rapid.Float64Range(0, 1).Draw(t, "tested")
		testRows := rapid.Int64Range(1, 100_000).Draw(t, "test rows")
		got := monitor.Accuracy(correct, rows, tested, testRows)
		if !(got.P >= 0 && got.P <= 1) {
			t.Fatalf("p = %v", got.P)
		}
		if correct < rows {
			if more := monitor.Accuracy(correct+1, rows, tested, testRows); more.P < got.P*(1-1e-12) {
				t.Fatalf("p = %v for one more than %v", more.P, got.P)
			}
		}
	})
}

// TestDeviation: by hand from the sums.
func TestDeviation(t *testing.T) {
	// 50 deviations of 1 and 50 of 3: mean square 5, of the fourth powers 41.
	sums := monitor.Tally{Rows: 100, Absolute: 200, Squared: 500, Fourth: 4100}
	half := 1.959963984540054 * 4 / 10 // the deviation of the squares is sqrt(41-25)
	for _, tc := range []struct {
		name    string
		t       monitor.Tally
		high    float64
		verdict monitor.Verdict
	}{
		{"worse", sums, 2, monitor.Worse},
		{"the intervals meet", sums, 2.1, monitor.NotWorse},
		{"nothing measured", sums, 0, monitor.Unknown},
		{"few rows", monitor.Tally{Rows: 2, Absolute: 4, Squared: 10, Fourth: 82}, .1, monitor.Unknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := monitor.Deviation(tc.t, tc.high)
			if got.Verdict != tc.verdict || got.MAE != 2 || math.Abs(got.RMSE-math.Sqrt(5)) > 1e-15 {
				t.Errorf("Deviation = %+v, want 2, sqrt(5), %s", got, tc.verdict)
			}
			if tc.t.Rows == 100 && (math.Abs(got.Interval.Low-math.Sqrt(5-half)) > 1e-12 || math.Abs(got.Interval.High-math.Sqrt(5+half)) > 1e-12) {
				t.Errorf("interval = %+v, want the roots of 5 -+ %v", got.Interval, half)
			}
		})
	}
	if got := monitor.Deviation(monitor.Tally{}, 1); got != (monitor.LiveError{Verdict: monitor.Unknown}) {
		t.Errorf("Deviation of nothing = %+v", got)
	}
	if got := monitor.Deviation(monitor.Tally{Rows: 40, Absolute: -1e-20, Squared: -1e-20}, 1); got.RMSE != 0 || got.Verdict != monitor.NotWorse {
		t.Errorf("Deviation of sums a little below zero = %+v, want 0", got)
	}
}
