package metric_test

import (
	"math"
	"slices"
	"testing"

	"godwit/shared/ml/metric"
)

// rounded returns the sample's probabilities in eighths, which makes ties.
func rounded(prob []float32) []float32 {
	out := make([]float32, len(prob))
	for i, p := range prob {
		out[i] = float32(math.RoundToEven(float64(p)*8) / 8)
	}
	return out
}

// TestRanking_scikitLearn compares with roc_auc_score and
// average_precision_score of scikit-learn 1.2.1, of each class that occurs
// against the rest, averaged.
func TestRanking_scikitLearn(t *testing.T) {
	truth, prob := sample()
	tests := []struct {
		name      string
		got, want float64
	}{
		{"AUC", metric.MacroAUC(truth, prob, 5), 0.8308505257665266},
		{"AUC of ties", metric.MacroAUC(truth, rounded(prob), 5), 0.8253569445122546},
		{"average precision", metric.MacroAveragePrecision(truth, prob, 5), 0.7025124567905625},
		{"average precision of ties", metric.MacroAveragePrecision(truth, rounded(prob), 5), 0.7062996852661595},
	}
	for _, tc := range tests {
		if !closeTo(tc.got, tc.want) {
			t.Errorf("%s = %v, want %v", tc.name, tc.got, tc.want)
		}
	}
}

func TestAUC(t *testing.T) {
	tests := []struct {
		name     string
		positive []bool
		score    []float32
		auc, ap  float64
	}{
		{"perfect", []bool{false, true, true}, []float32{.1, .8, .9}, 1, 1},
		{"reversed", []bool{true, false}, []float32{.1, .9}, 0, .5},
		{"all tied", []bool{true, false, true, false}, []float32{1, 1, 1, 1}, .5, .5},
		{"one tie", []bool{true, true, false}, []float32{.9, .5, .5}, .75, 5.0 / 6},
		{"no negative", []bool{true}, []float32{1}, math.NaN(), 1},
		{"no positive", []bool{false}, []float32{1}, math.NaN(), math.NaN()},
		{"no rows", nil, nil, math.NaN(), math.NaN()},
	}
	for _, tc := range tests {
		if got := metric.AUC(tc.positive, tc.score); !closeTo(got, tc.auc) {
			t.Errorf("%s: AUC = %v, want %v", tc.name, got, tc.auc)
		}
		if got := metric.AveragePrecision(tc.positive, tc.score); !closeTo(got, tc.ap) {
			t.Errorf("%s: AveragePrecision = %v, want %v", tc.name, got, tc.ap)
		}
	}
	if got := metric.MacroAUC([]int32{1, 1}, []float32{0, 1, 0, 1}, 2); !math.IsNaN(got) {
		t.Errorf("MacroAUC of one class = %v, want NaN", got)
	}
}

// TestPRCurve compares with precision_recall_curve of scikit-learn 1.2.1, which
// goes the other way and also gives thresholds after recall 1.
func TestPRCurve(t *testing.T) {
	truth, prob := sample()
	prob = rounded(prob)
	var positive []bool
	var score []float32
	for i, c := range truth {
		positive, score = append(positive, c == 2), append(score, prob[i*5+2])
	}
	full := []metric.PRPoint{
		{.75, 1, 1.0 / 22}, {.625, 1, 2.0 / 22}, {.5, 1, 10.0 / 22}, {.375, 16.0 / 17, 16.0 / 22},
		{.25, 18.0 / 31, 18.0 / 22}, {.125, 19.0 / 48, 19.0 / 22}, {0, 22.0 / 60, 1},
	}
	tests := []struct {
		points int
		want   []metric.PRPoint
	}{
		// Of 1,000 steps no two points share one.
		{1001, full},
		{5, []metric.PRPoint{full[0], full[2], full[3], full[4], full[6]}},
		{2, []metric.PRPoint{full[0], full[6]}},
		{0, []metric.PRPoint{full[0], full[6]}},
	}
	for _, tc := range tests {
		if got := metric.PRCurve(positive, score, tc.points); !slices.Equal(got, tc.want) {
			t.Errorf("PRCurve(%d points) = %v, want %v", tc.points, got, tc.want)
		}
	}
	early := []metric.PRPoint{{.9, 1, .5}, {.8, 1, 1}}
	if got := metric.PRCurve([]bool{true, true, false}, []float32{.9, .8, .1}, 9); !slices.EqualFunc(got, early, func(a, b metric.PRPoint) bool {
		return a.Recall == b.Recall && a.Precision == b.Precision
	}) {
		t.Errorf("PRCurve of what is found before the end = %v, want it to end where recall is 1: %v", got, early)
	}
	if got := metric.PRCurve([]bool{false}, []float32{1}, 9); got != nil {
		t.Errorf("PRCurve without a positive row = %v, want nil", got)
	}
}

func BenchmarkAUC(b *testing.B) {
	positive, score := make([]bool, 10_000), make([]float32, 10_000)
	for i := range score {
		positive[i], score[i] = i%7 == 0, float32(i*7919%10_007)
	}
	b.ReportAllocs()
	for b.Loop() {
		metric.AUC(positive, score)
	}
}
