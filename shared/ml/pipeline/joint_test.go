package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/logistic"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

// crossEntropy is the mean of -ln of the softmax probability of each truth.
func crossEntropy(margins []float32, y []int32, classes int) float64 {
	sum := 0.0
	for i, class := range y {
		z := margins[i*classes : (i+1)*classes]
		total := 0.0
		for _, v := range z {
			total += math.Exp(float64(v) - float64(z[class]))
		}
		sum += math.Log(total)
	}
	return sum / float64(len(y))
}

// A multinomial trial minimises what the library minimises on the same matrix,
// at every cost of its path: the softmax of its margins has the loss that
// follows from the library's objective and weights.
func TestMargins_multinomial(t *testing.T) {
	path := []float64{.3, 3, 30}
	for _, classes := range []int{2, 3, 4} {
		docs, y := documents(160, classes, 5)
		d := data(t, docs, y, classes)
		s := pipeline.Settings{Recipe: text.Word(), Learner: pipeline.Logistic, Multinomial: true, Epsilon: 1e-9}
		got, err := pipeline.Margins(t.Context(), d, rows(160), rows(160), s, path, 2)
		if err != nil {
			t.Fatalf("Margins = %v", err)
		}
		x := d.Corpus.Matrix(d.Corpus.Vocabulary(rows(160), text.Word()), rows(160))
		objective, size := make([]float64, len(path)), make([]float64, len(path))
		err = logistic.Regression{C: path, Epsilon: 1e-9}.Multinomial(t.Context(), x, y, nil, classes, 1, func(sol linear.Solution) error {
			objective[sol.Step] = sol.Objective
			for _, w := range sol.Weight {
				size[sol.Step] += float64(w) * float64(w) / 2
			}
			return nil
		})
		if err != nil {
			t.Fatalf("Multinomial = %v", err)
		}
		for step, c := range path {
			value := size[step] + c*160*crossEntropy(got[step], y, classes)
			if math.Abs(value-objective[step]) > 1e-4*objective[step] {
				t.Errorf("%d classes, C %v: objective %v, want the library's %v to 1e-4", classes, c, value, objective[step])
			}
		}
	}
}

// The L1 penalty of two classes may fall on either of them: what the one problem
// says is their difference all the same.
func TestMargins_multinomialSparse(t *testing.T) {
	docs, y := documents(120, 2, 6)
	d := data(t, docs, y, 2)
	s := pipeline.Settings{Recipe: text.Word(), Learner: pipeline.Logistic, Multinomial: true, L1Ratio: 1, Epsilon: 1e-8}
	got, err := pipeline.Margins(t.Context(), d, rows(120), rows(120), s, []float64{5}, 1)
	if err != nil {
		t.Fatalf("Margins = %v", err)
	}
	x := d.Corpus.Matrix(d.Corpus.Vocabulary(rows(120), text.Word()), rows(120))
	want := make([]float32, 240)
	err = logistic.Regression{C: []float64{5}, L1Ratio: 1, Epsilon: 1e-8}.Multinomial(t.Context(), x, y, nil, 2, 1, func(sol linear.Solution) error {
		for i := range x.Rows {
			z := float64(sol.Bias)
			index, value := x.Row(i)
			for k, j := range index {
				z += float64(sol.Weight[j]) * float64(value[k])
			}
			want[2*i+sol.Class] = float32(z)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("Multinomial = %v", err)
	}
	if a, b := crossEntropy(got[0], y, 2), crossEntropy(want, y, 2); math.Abs(a-b) > 1e-5 {
		t.Errorf("loss %v, want %v", a, b)
	}
}

// What a fit leaves in its file says how it was made, and a model of it is as
// good as one trained class by class.
func TestFit_solvers(t *testing.T) {
	docs, y := documents(400, 4, 7)
	d := data(t, docs, y, 4)
	train, held := rows(400)[:300], rows(400)[300:]
	right := func(s pipeline.Settings) float64 {
		m, err := pipeline.Fit(t.Context(), d, train, s, 2, nil)
		if err != nil {
			t.Fatalf("Fit(%+v) = %v", s, err)
		}
		again, err := pipeline.Decode(encode(t, m))
		if err != nil {
			t.Fatalf("Decode = %v", err)
		}
		told := again.Manifest().Settings
		if told.Multinomial != s.Multinomial || told.Descent.Method != s.Descent.Method {
			t.Errorf("settings read back = %+v, want %+v", told, s)
		}
		if want := map[string]string{pipeline.SVM: pipeline.LinearSVM, pipeline.Logistic: pipeline.LogisticRegression}[told.Learner]; again.Algorithm() != want {
			t.Errorf("algorithm %q, want %q", again.Algorithm(), want)
		}
		n := 0.0
		for _, i := range held {
			if best(again.Margins(&pipeline.Scratch{}, docs[i])) == int(y[i]) {
				n++
			}
		}
		return n / float64(len(held))
	}
	sgd, adam := pipeline.Descent{Method: pipeline.MethodSGD}, pipeline.Descent{Method: pipeline.MethodAdam, Batch: 4}
	for _, tc := range []struct{ own, other pipeline.Settings }{
		{pipeline.Settings{Recipe: text.Word()}, pipeline.Settings{Recipe: text.Word(), Descent: sgd}},
		{pipeline.Settings{Recipe: text.Word()}, pipeline.Settings{Recipe: text.Word(), Descent: adam}},
		{pipeline.Settings{Recipe: text.Word(), Loss: linear.Hinge}, pipeline.Settings{Recipe: text.Word(), Loss: linear.Hinge, Descent: sgd}},
		{pipeline.Settings{Recipe: text.Word(), HashBits: 14}, pipeline.Settings{Recipe: text.Word(), HashBits: 14, Descent: sgd, Balance: pipeline.BalanceSqrt}},
		{pipeline.Settings{Recipe: text.Word(), Learner: pipeline.Logistic, C: 10}, pipeline.Settings{Recipe: text.Word(), Learner: pipeline.Logistic, C: 10, Descent: sgd}},
		{pipeline.Settings{Recipe: text.Word(), Learner: pipeline.Logistic, C: 10}, pipeline.Settings{Recipe: text.Word(), Learner: pipeline.Logistic, C: 10, Multinomial: true}},
	} {
		if got, want := right(tc.other), right(tc.own); got < want-.02 {
			t.Errorf("%+v: accuracy %v, its own solver's is %v", tc.other, got, want)
		}
	}
}

// Descent predicts numbers in their own unit, near what ridge regression does.
func TestTableMargins_descent(t *testing.T) {
	d := rents(400, 0, 1, 4)
	train, held := rows(400)[:300], rows(400)[300:]
	off := func(s pipeline.TableSettings) float64 {
		m, err := pipeline.TableMargins(t.Context(), d, train, held, s, []float64{1}, 2)
		if err != nil {
			t.Fatalf("TableMargins = %v", err)
		}
		sum := 0.0
		for k, i := range held {
			e := float64(m[0][k]) - d.Values[i]
			sum += e * e
		}
		return math.Sqrt(sum / float64(len(held)))
	}
	want := off(pipeline.TableSettings{})
	for _, method := range []string{pipeline.MethodSGD, pipeline.MethodAdam} {
		got := off(pipeline.TableSettings{Descent: pipeline.Descent{Method: method, Epochs: 60}})
		if got > want*1.1 {
			t.Errorf("%s: root mean square error %v, ridge has %v", method, got, want)
		}
	}
}

// Equal rows, seed and groups give equal bits on any number of goroutines, and
// groups are what says which rows end the training.
func TestMargins_descentIsDeterministic(t *testing.T) {
	docs, y := documents(200, 3, 8)
	d := data(t, docs, y, 3)
	run := func(d pipeline.Data, workers int, seed uint64) []float32 {
		s := pipeline.Settings{Recipe: text.Word(), Seed: seed, Descent: pipeline.Descent{Method: pipeline.MethodSGD}}
		m, err := pipeline.Margins(t.Context(), d, rows(200), rows(200), s, []float64{1}, workers)
		if err != nil {
			t.Fatalf("Margins = %v", err)
		}
		return m[0]
	}
	want := run(d, 1, 1)
	if !slices.Equal(run(d, 4, 1), want) {
		t.Error("four goroutines give other margins than one")
	}
	if slices.Equal(run(d, 1, 2), want) {
		t.Error("another seed gives the same margins: rows are not shuffled")
	}
	one := d
	one.Group = make([]uint64, 200) // all alike: none can be kept apart
	if slices.Equal(run(one, 1, 1), want) {
		t.Error("groups do not matter")
	}
}

// manyTerms is a text of 2,000 terms.
func manyTerms() string {
	var b strings.Builder
	for n := range 2000 {
		fmt.Fprintf(&b, " term%d", n)
	}
	return b.String()
}

func TestSettings_solversRefused(t *testing.T) {
	docs, y := documents(60, 3, 9)
	few := data(t, docs, y, 3)
	for i := range docs {
		docs[i] += manyTerms()
	}
	many := data(t, docs, y, 3)
	for c := 3; c < 1<<16; c++ {
		many.Labels = append(many.Labels, fmt.Sprintf("class_%05d", c))
	}
	sgd := pipeline.Descent{Method: pipeline.MethodSGD}
	short := few
	short.Group = make([]uint64, 3)
	for _, tc := range []struct {
		name string
		d    pipeline.Data
		s    pipeline.Settings
		want error
	}{
		{"multinomial svm", few, pipeline.Settings{Multinomial: true}, pipeline.ErrInvalid},
		{"multinomial by descent", few, pipeline.Settings{Learner: pipeline.Logistic, Multinomial: true, Descent: sgd}, pipeline.ErrInvalid},
		{"descent with L1", few, pipeline.Settings{Learner: pipeline.Logistic, L1Ratio: .5, Descent: sgd}, pipeline.ErrInvalid},
		{"unknown method", few, pipeline.Settings{Descent: pipeline.Descent{Method: "lbfgs"}}, pipeline.ErrInvalid},
		{"epochs without a method", few, pipeline.Settings{Descent: pipeline.Descent{Epochs: 3}}, pipeline.ErrInvalid},
		{"batch below zero", few, pipeline.Settings{Descent: pipeline.Descent{Method: pipeline.MethodSGD, Batch: -1}}, pipeline.ErrInvalid},
		{"groups of other rows", short, pipeline.Settings{}, pipeline.ErrInvalid},
		{"too many weights for descent", many, pipeline.Settings{Descent: sgd, HashBits: 12}, pipeline.ErrMemory},
		{"too many weights for the softmax", many, pipeline.Settings{Learner: pipeline.Logistic, Multinomial: true}, pipeline.ErrMemory},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.s.Recipe = text.Union()
			if _, err := pipeline.Fit(t.Context(), tc.d, rows(60), tc.s, 1, nil); !errors.Is(err, tc.want) {
				t.Errorf("Fit = %v, want %v", err, tc.want)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pipeline.Fit(ctx, few, rows(60), pipeline.Settings{Recipe: text.Word(), Descent: sgd}, 1, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Fit = %v, want the context's end", err)
	}
}
