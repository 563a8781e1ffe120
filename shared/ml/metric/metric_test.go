package metric_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/metric"
)

// closeTo reports whether got is want within a relative 1e-12; float32 inputs
// are exact in both libraries, only the order of sums differs.
func closeTo(got, want float64) bool {
	return math.Abs(got-want) <= 1e-12*max(1, math.Abs(want)) || got != got && want != want
}

// sample makes 60 rows of 5 classes from integers, so that the script that
// made the expected numbers could make the same: uneven classes, one that
// never occurs but is predicted, certain rows right and wrong.
func sample() (truth []int32, prob []float32) {
	const rows, classes = 60, 5
	for i := range rows {
		class := (i*i*7 + i*3) % 11 % 4
		var raw [classes]int
		for c := range raw {
			raw[c] = 1 + (i*37+c*101+i*c*13)%97
		}
		if i%3 != 0 {
			raw[class] += 150
		}
		if i%10 == 0 {
			raw = [classes]int{}
			raw[(class+i/10%2)%classes] = 1
		}
		sum := 0
		for _, v := range raw {
			sum += v
		}
		for _, v := range raw {
			prob = append(prob, float32(v)/float32(sum))
		}
		truth = append(truth, int32(class))
	}
	return truth, prob
}

// TestClassify_scikitLearn compares with scikit-learn 1.2.1: log_loss with
// eps="auto", accuracy_score, precision_recall_fscore_support with
// zero_division=0, confusion_matrix; the ECE with numpy by its definition.
func TestClassify_scikitLearn(t *testing.T) {
	truth, prob := sample()
	labels := []string{"a", "b", "c", "d", "never"}
	r, err := metric.Classify(truth, prob, labels)
	if err != nil {
		t.Fatal(err)
	}
	checks := []struct {
		name      string
		got, want float64
	}{
		{"loss", r.Loss, 1.8398613777496686},
		{"accuracy", r.Accuracy, 0.6833333333333333},
		{"macro precision", r.Macro.Precision, 0.5946455505279035},
		{"macro recall", r.Macro.Recall, 0.5431818181818182},
		{"macro f1", r.Macro.F1, 0.562032170727823},
		{"micro f1", r.Micro.F1, 0.6833333333333333},
		{"weighted precision", r.Weighted.Precision, 0.7870852187028657},
		{"weighted recall", r.Weighted.Recall, 0.6833333333333333},
		{"weighted f1", r.Weighted.F1, 0.7251473164516643},
		{"class c precision", r.Classes[2].Precision, 0.9411764705882353},
		{"class b recall", r.Classes[1].Recall, 0.6363636363636364},
		{"class d f1", r.Classes[3].F1, 0.6666666666666667},
		{"class never f1", r.Classes[4].F1, 0},
		{"ece", r.ECE, 0.36705096860726666},
		{"baseline", r.Baseline, 22.0 / 60},
	}
	for _, c := range checks {
		// The loss is summed in float32 by numpy.
		if !closeTo(c.got, c.want) && !(c.name == "loss" && math.Abs(c.got-c.want) < 1e-6) {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
	want := [][]int{{10, 3, 1, 1, 1}, {1, 7, 0, 2, 1}, {1, 0, 16, 2, 3}, {0, 2, 0, 8, 1}, {0, 0, 0, 0, 0}}
	if !reflect.DeepEqual(r.Confusion, want) {
		t.Errorf("Confusion = %v, want %v", r.Confusion, want)
	}
	if c := r.Classes[2]; c.Label != "c" || c.Support != 22 || c.Predicted != 17 {
		t.Errorf("class c = %+v, want 22 rows, 17 predicted", c)
	}
	if c := r.Classes[4]; c.RecallInterval != (metric.Interval{Low: 0, High: 1}) || c.PrecisionInterval.Low != 0 {
		t.Errorf("class never = %+v, want the whole interval for its recall", c)
	}
}

// TestClassify_absentClass shows that a class without truth or prediction
// does not pull the macro average down, as in scikit-learn.
func TestClassify_absentClass(t *testing.T) {
	prob := []float32{1, 0, 0, 0, 1, 0}
	r, err := metric.Classify([]int32{0, 1}, prob, []string{"a", "b", "absent"})
	if err != nil || r.Macro.F1 != 1 {
		t.Errorf("Macro = %+v (%v), want 1", r.Macro, err)
	}
	if r.ECE != 0 || r.Loss > 1e-6 {
		t.Errorf("ECE %v, loss %v of certain and right rows, want about 0", r.ECE, r.Loss)
	}
}

func TestClassify_loss(t *testing.T) {
	tests := []struct {
		name string
		prob []float32
		want float64
	}{
		{"certain and wrong is clipped", []float32{0, 1}, -math.Log(0x1p-23)},
		{"even", []float32{.5, .5}, math.Ln2},
		{"a quarter", []float32{.25, .75}, math.Log(4)},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r, err := metric.Classify([]int32{0}, tc.prob, []string{"a", "b"})
			if err != nil || !closeTo(r.Loss, tc.want) {
				t.Errorf("Loss = %v (%v), want %v", r.Loss, err, tc.want)
			}
		})
	}
}

func TestClassify_refuses(t *testing.T) {
	nan := float32(math.NaN())
	ab := []string{"a", "b"}
	tests := []struct {
		name    string
		truth   []int32
		prob    []float32
		labels  []string
		wantRow int
	}{
		{"no rows", nil, nil, ab, -1},
		{"no classes", []int32{0}, nil, nil, -1},
		{"probabilities missing", []int32{0, 1}, []float32{1, 0}, ab, -1},
		{"half a row", []int32{0}, []float32{1, 0, 1}, ab, -1},
		{"class too great", []int32{0, 2}, []float32{1, 0, 1, 0}, ab, 1},
		{"class negative", []int32{-1}, []float32{1, 0}, ab, 0},
		{"negative", []int32{0}, []float32{1.5, -.5}, ab, 0},
		{"not a number", []int32{0}, []float32{nan, 1}, ab, 0},
		{"infinite", []int32{0}, []float32{float32(math.Inf(1)), 0}, ab, 0},
		{"sum is not 1", []int32{0, 0}, []float32{1, 0, .5, .4}, ab, 1},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := metric.Classify(tc.truth, tc.prob, tc.labels)
			input, ok := errors.AsType[*metric.InputError](err)
			if !ok || input.Row != tc.wantRow || !strings.HasPrefix(err.Error(), "metric: ") {
				t.Errorf("Classify() = %v, want an InputError in row %d", err, tc.wantRow)
			}
		})
	}
}

// TestWilson compares with scipy 1.10.1, binomtest(k, n).proportion_ci(method="wilson").
func TestWilson(t *testing.T) {
	tests := []struct {
		successes, trials int
		low, high         float64
	}{
		{0, 10, 0, 0.27753279986288926},
		{10, 10, 0.7224672001371109, 1},
		{5, 10, 0.236593090512564, 0.7634069094874361},
		{894, 1000, 0.8733895811764341, 0.9115949331369484},
		{0, 0, 0, 1},
	}
	for _, tc := range tests {
		got := metric.Wilson(tc.successes, tc.trials)
		if !closeTo(got.Low, tc.low) || !closeTo(got.High, tc.high) {
			t.Errorf("Wilson(%d, %d) = %v, want %v to %v", tc.successes, tc.trials, got, tc.low, tc.high)
		}
		if got.Low < 0 || got.High > 1 {
			t.Errorf("Wilson(%d, %d) = %v leaves [0, 1]", tc.successes, tc.trials, got)
		}
	}
}

func TestScores_agreeWithReport(t *testing.T) {
	truth, prob := sample()
	predicted := make([]int32, len(truth))
	for i := range truth {
		row := prob[i*5 : i*5+5]
		predicted[i] = int32(slices.Index(row, slices.Max(row)))
	}
	if got := metric.Accuracy(truth, predicted); !closeTo(got, 0.6833333333333333) {
		t.Errorf("Accuracy = %v, want that of the report", got)
	}
	if got := metric.MacroF1(truth, predicted, 5); !closeTo(got, 0.562032170727823) {
		t.Errorf("MacroF1 = %v, want that of the report", got)
	}
	if a, f := metric.Accuracy(nil, nil), metric.MacroF1(nil, nil, 3); a != 0 || f != 0 {
		t.Errorf("of no rows: Accuracy %v, MacroF1 %v, want 0", a, f)
	}
}

// TestRegression compares with scikit-learn 1.2.1: mean_squared_error,
// mean_absolute_error, r2_score.
func TestRegression(t *testing.T) {
	truth, predicted := []float64{3, -.5, 2, 7, 4.25}, []float64{2.5, 0, 2, 8, -1}
	tests := []struct {
		name      string
		got, want float64
	}{
		{"MSE", metric.MSE(truth, predicted), 5.8125},
		{"RMSE", metric.RMSE(truth, predicted), 2.4109126902482387},
		{"MAE", metric.MAE(truth, predicted), 1.45},
		{"R2", metric.R2(truth, predicted), 0.05333876221498379},
		{"R2 of a constant, exact", metric.R2([]float64{2, 2}, []float64{2, 2}), 1},
		{"R2 of a constant, not exact", metric.R2([]float64{2, 2}, []float64{2, 3}), 0},
		{"R2 of one row", metric.R2([]float64{2}, []float64{2}), math.NaN()},
		{"MSE of no row", metric.MSE(nil, nil), math.NaN()},
	}
	for _, tc := range tests {
		if !closeTo(tc.got, tc.want) {
			t.Errorf("%s = %v, want %v", tc.name, tc.got, tc.want)
		}
	}
}

func TestSameLength_panics(t *testing.T) {
	defer func() {
		if r := fmt.Sprint(recover()); r != "metric: 1 true values, 2 predicted" {
			t.Errorf("panic %q, want both lengths", r)
		}
	}()
	metric.MAE([]float64{1}, []float64{1, 2})
}

func TestReport_JSON(t *testing.T) {
	r, err := metric.Classify([]int32{0, 1}, []float32{.9, .1, .2, .8}, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{`"accuracy_low":`, `"macro":{"precision":1,"recall":1,"f1":1}`, `{"label":"a","precision":1,`, `"confusion":[[1,0],[0,1]]`} {
		if !strings.Contains(string(data), key) {
			t.Errorf("JSON %s lacks %s", data, key)
		}
	}
	headline := r.Headline()
	for key, want := range map[string]float64{"accuracy": 1, "f1": 1, "macro_f1": 1, "micro_f1": 1, "weighted_f1": 1, "rows": 2, "loss": r.Loss, "ece": r.ECE} {
		if got, ok := headline[key]; !ok || got != want {
			t.Errorf("Headline()[%q] = %v %v, want %v", key, got, ok, want)
		}
	}
}

func ExampleClassify() {
	truth := []int32{0, 0, 1, 1}
	prob := []float32{
		.9, .1,
		.8, .2,
		.6, .4, // wrong
		.3, .7,
	}
	report, err := metric.Classify(truth, prob, []string{"ham", "spam"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("accuracy %.2f, macro F1 %.3f\n", report.Accuracy, report.Macro.F1)
	for _, c := range report.Classes {
		fmt.Printf("%s: precision %.2f, recall %.2f\n", c.Label, c.Precision, c.Recall)
	}
	// Output:
	// accuracy 0.75, macro F1 0.733
	// ham: precision 0.67, recall 1.00
	// spam: precision 1.00, recall 0.50
}

func BenchmarkClassify(b *testing.B) {
	const rows, classes = 3000, 77
	truth, prob, labels := make([]int32, rows), make([]float32, rows*classes), make([]string, classes)
	for i := range truth {
		truth[i] = int32(i % classes)
		prob[i*classes+(i*7)%classes] = 1
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := metric.Classify(truth, prob, labels); err != nil {
			b.Fatal(err)
		}
	}
}
