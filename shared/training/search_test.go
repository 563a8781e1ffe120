package training_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"godwit/shared/training"
)

func TestSearch_Grid(t *testing.T) {
	// The rare class has a fifteenth of the rows of the others.
	rare := func(data string) string {
		var kept []string
		n := 0
		for _, line := range strings.Split(strings.TrimSpace(data), "\n") {
			if strings.HasPrefix(line, "refund,") {
				if n++; n%15 != 0 {
					continue
				}
			}
			kept = append(kept, line)
		}
		return strings.Join(kept, "\n")
	}
	for _, tc := range []struct {
		name, data, settings string
		wantMetric           string
		want                 []string // learner, balance, least documents and C of candidates that must be there
		wantNot              []string
	}{
		{"auto", csv(150, 1), "", "accuracy", []string{"svm//0/1", "svm//0/3", "svm//2/1", "logistic//0/10"}, []string{"svm/sqrt/0/1"}},
		{"classes of uneven size", rare(csv(750, 1)), "", "macro_f1", []string{"svm//0/1", "svm/sqrt/0/1"}, nil},
		{"without class weights", rare(csv(750, 1)), `{"params":{"class_weight":"none"}}`, "macro_f1", []string{"svm//0/1"}, []string{"svm/sqrt/0/1"}},
		{"with them", csv(150, 1), `{"params":{"class_weight":"sqrt"}}`, "accuracy", []string{"svm/sqrt/0/1"}, []string{"svm//0/1"}},
		{"one learner", csv(150, 1), `{"algorithm":"logistic-regression"}`, "accuracy", []string{"logistic//0/10"}, []string{"svm//0/1"}},
		{"a floor", csv(150, 1), `{"params":{"min_docs":3,"learner":"svm"}}`, "accuracy", []string{"svm//3/1"}, []string{"svm//2/1", "svm//0/1", "logistic//0/10"}},
		{"a path", csv(150, 1), `{"params":{"c":[3,0.5]}}`, "accuracy", []string{"svm//0/0.5", "svm//0/3"}, []string{"svm//0/1", "svm//2/3"}},
		{"a budget for nothing but the first", csv(150, 1), `{"search":{"budget":1}}`, "accuracy", []string{"svm//0/1"}, []string{"svm//0/3", "svm//2/1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 2)
			report := stored[training.Report](t, h, h.trained(t, tc.data, tc.settings).ReportKey)
			var got []string
			for _, s := range report.Search {
				got = append(got, fmt.Sprintf("%s/%s/%d/%g", s.Learner, s.Balance, s.MinDocs, s.C))
			}
			for _, w := range tc.want {
				if !slices.Contains(got, w) {
					t.Errorf("candidates %v, want %s among them", got, w)
				}
			}
			for _, w := range tc.wantNot {
				if slices.Contains(got, w) {
					t.Errorf("candidates %v, want %s not among them", got, w)
				}
			}
			if report.Metric != tc.wantMetric {
				t.Errorf("metric = %s, want %s", report.Metric, tc.wantMetric)
			}
		})
	}
}

// Hash bits are the caller's and every candidate's.
func TestSearch_hashBits(t *testing.T) {
	h := newHouse(t, 1)
	v := h.trained(t, csv(300, 1), `{"params":{"hash_bits":14}}`)
	for _, s := range stored[training.Report](t, h, v.ReportKey).Search {
		if s.HashBits != 14 || s.Terms == 0 || s.Terms > 2<<14 {
			t.Errorf("candidate %+v, want 14 hash bits", s)
		}
	}
}

// The value of a candidate is the metric of all out-of-fold predictions, which
// for macro-F1 is not the mean of the folds.
func TestSearch_MacroF1IsPooled(t *testing.T) {
	h := newHouse(t, 1)
	report := stored[training.Report](t, h, h.trained(t, csv(300, 2), `{"metric":"macro_f1","params":{"features":["word"],"c":[1]}}`).ReportKey)
	s := report.Search[0]
	if len(s.Folds) != 5 || math.Abs(s.Value-s.Mean) > .02 || s.Value == s.Mean {
		t.Errorf("value %v, mean of folds %v: %v, want them close and not equal", s.Value, s.Mean, s.Folds)
	}
}

func TestSearch_Halving(t *testing.T) {
	h := newHouse(t, 2)
	report := stored[training.Report](t, h, h.trained(t, csv(600, 3), `{"search":{"strategy":"halving","folds":3}}`).ReportKey)
	shares := map[float64]int{}
	for _, s := range report.Search {
		shares[s.Share]++
	}
	// 2 recipes, which the Chinese third of the rows leaves distinct, x 5 costs.
	if shares[1] < 1 || shares[1] > 2 || shares[1./3] < 3 || len(report.Search) < 8 {
		t.Errorf("candidates by share of rows: %v, want few on all rows and many on a part", shares)
	}
	if v := report.Test.Accuracy; v < .8 {
		t.Errorf("accuracy = %v, want at least .8", v)
	}
	full := report.Work
	half := newHouse(t, 2)
	settings := fmt.Sprintf(`{"search":{"strategy":"halving","folds":3,"budget":%g}}`, full/2)
	if got := stored[training.Report](t, half, half.trained(t, csv(600, 3), settings).ReportKey).Work; got > full/2*1.01 {
		t.Errorf("work = %v, want within the budget of %v", got, full/2)
	}
}
