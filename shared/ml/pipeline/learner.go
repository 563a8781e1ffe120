package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/logistic"
	"godwit/shared/ml/sparse"
)

// The learners of Settings and TableSettings, and the names of the algorithms
// they are.
const (
	SVM      = "svm"
	Logistic = "logistic"
	Ridge    = "ridge" // of tables with numbers to predict

	LinearSVM          = "linear-svm"
	LogisticRegression = "logistic-regression"
	RidgeRegression    = "ridge-regression"
)

// The algorithms of package network, which are their own learners.
const (
	CNN = "cnn" // a convolutional network, of images
	RNN = "rnn" // a recurrent network, of texts
)

// BalanceSqrt lets rows of rare classes count more, see
// linear.SquareRootBalanced.
const BalanceSqrt = "sqrt"

// algorithms names the algorithm of each learner.
var algorithms = map[string]string{SVM: LinearSVM, Logistic: LogisticRegression, Ridge: RidgeRegression}

// learner is how weights are found, apart from the cost of errors.
type learner struct {
	kind    string      // SVM, Logistic or Ridge
	loss    linear.Loss // of SVM only
	epsilon float64     // stopping tolerance, in the solver's own measure
	seed    uint64      // of the order of rows
	l1      float64     // share of L1 in the penalty, in [0, 1]; of Logistic only
	balance string      // BalanceSqrt or ""
	joint   bool        // all classes at one time, by the softmax
	descent Descent     // in place of the solver, if on
}

// withDefaults fills the zero fields.
func (l learner) withDefaults() learner {
	l.kind = cmp.Or(l.kind, SVM)
	switch l.kind {
	case SVM:
		l.loss = cmp.Or(l.loss, linear.SquaredHinge)
		l.epsilon = cmp.Or(l.epsilon, .1)
	case Logistic:
		l.epsilon = cmp.Or(l.epsilon, 1e-4)
	case Ridge:
		l.epsilon = cmp.Or(l.epsilon, 1e-10)
	}
	l.descent = l.descent.withDefaults()
	return l
}

// check reports a learner that there is not, or settings of another one.
func (l learner) check() error {
	loss := l.loss == "" // whether it is one of the learner's: only an SVM has a choice
	if l.kind == SVM {
		loss = l.loss == linear.Hinge || l.loss == linear.SquaredHinge
	}
	switch {
	case algorithms[l.kind] == "" || !loss:
		return fmt.Errorf("%w: learner %q with loss %q", ErrInvalid, l.kind, l.loss)
	case !(l.epsilon > 0) || math.IsInf(l.epsilon, 0):
		return fmt.Errorf("%w: epsilon %v", ErrInvalid, l.epsilon)
	case !(l.l1 >= 0 && l.l1 <= 1) || l.l1 > 0 && l.kind != Logistic:
		return fmt.Errorf("%w: learner %q with an L1 share of %v", ErrInvalid, l.kind, l.l1)
	case l.balance != "" && (l.balance != BalanceSqrt || l.kind == Ridge):
		return fmt.Errorf("%w: learner %q with balance %q", ErrInvalid, l.kind, l.balance)
	case l.joint && (l.kind != Logistic || l.descent.on()):
		return fmt.Errorf("%w: learner %q, descent %q: only logistic regression by its own solver is multinomial", ErrInvalid, l.kind, l.descent.Method)
	case l.descent.on() && l.l1 > 0:
		return fmt.Errorf("%w: descent has no L1 penalty", ErrInvalid)
	}
	return l.descent.check()
}

// checkCost reports costs that are not positive and finite.
func checkCost(path ...float64) error {
	for _, c := range path {
		if !(c > 0) || math.IsInf(c, 0) {
			return fmt.Errorf("%w: C %v", ErrInvalid, c)
		}
	}
	return nil
}

// checkPath reports a path of costs that is empty or does not rise.
func checkPath(path []float64) error {
	if len(path) == 0 || !slices.IsSorted(path) {
		return fmt.Errorf("%w: path of costs %v", ErrInvalid, path)
	}
	return checkCost(path...)
}

// lesson is what a classifier learns from.
type lesson struct {
	x       *sparse.Matrix // of the training rows alone
	y       []int32        // class of each, in [0, classes)
	weight  []float32      // nil means 1 for all
	classes int
}

// weights returns the weights of the rows, balanced if that is asked for.
func (l learner) weights(r lesson) []float32 {
	if l.balance == BalanceSqrt {
		return linear.SquareRootBalanced(r.y, r.weight, r.classes)
	}
	return r.weight
}

// train trains the classes of a block against the rest, or together, along a
// path of costs, and calls each as linear.SVM.OneVsRest does.
func (l learner) train(ctx context.Context, r lesson, path []float64, block linear.Range, workers int, each func(linear.Solution) error) error {
	if l.joint {
		return l.multinomial(ctx, r, path, block, workers, each)
	}
	weight := l.weights(r)
	if l.kind == Logistic {
		s := logistic.Regression{C: path, L1Ratio: l.l1, Epsilon: l.epsilon, Classes: block}
		return s.OneVsRest(ctx, r.x, r.y, weight, r.classes, workers, each)
	}
	// Bias 1 is that of LIBLINEAR's -B 1 and of scikit-learn's intercept_scaling.
	s := linear.SVM{Loss: l.loss, C: path, Epsilon: l.epsilon, Bias: 1, Seed: l.seed, Classes: block}
	return s.OneVsRest(ctx, r.x, r.y, weight, r.classes, workers, each)
}

// dot returns bias plus the product of a row and weights.
func dot[W float32 | float64](x *sparse.Matrix, row int, weight []W, bias float64) float64 {
	index, value := x.Row(row)
	for k, j := range index {
		bias += float64(value[k]) * float64(weight[j])
	}
	return bias
}
