package ops

import (
	"math"

	"godwit/shared/ml/onnx"
)

// transform is what turns scores into the numbers a model answers.
type transform string

// The transforms of ai.onnx.ml.
const (
	noTransform transform = "NONE"
	softmaxOf   transform = "SOFTMAX"
	softmaxZero transform = "SOFTMAX_ZERO" // of the scores that are not 0
	logisticOf  transform = "LOGISTIC"
	probitOf    transform = "PROBIT"
)

// transformOf reads the transform of a node.
func transformOf(n *onnx.Node) (transform, error) {
	t := transform(textOf(n, "post_transform", string(noTransform)))
	switch t {
	case noTransform, softmaxOf, softmaxZero, logisticOf, probitOf:
		return t, nil
	}
	return t, onnx.Errorf(onnx.Unsupported, "post_transform %q", string(t))
}

// apply transforms the scores of one row in place.
func (t transform) apply(scores []float32) {
	switch t {
	case softmaxOf:
		softmax(scores, scores, 0, len(scores), 1, false)
	case softmaxZero:
		var kept []float32
		for _, s := range scores {
			if s != 0 {
				kept = append(kept, s)
			}
		}
		softmax(kept, kept, 0, len(kept), 1, false)
		for i, s := range scores {
			if s != 0 {
				scores[i], kept = kept[0], kept[1:]
			}
		}
	case logisticOf:
		for i, s := range scores {
			scores[i] = sigmoid(s)
		}
	case probitOf:
		for i, s := range scores {
			scores[i] = float32(math.Sqrt2 * math.Erfinv(2*float64(s)-1))
		}
	}
}

// labels are the classes of a classifier: strings or whole numbers.
type labels struct {
	texts []string
	ints  []int64
}

// labelsOf reads the labels, whose attribute of whole numbers has several
// names.
func labelsOf(n *onnx.Node, ints string) (labels, error) {
	l := labels{list(n, "classlabels_strings").Strings, list(n, ints).Ints}
	if len(l.texts) > 0 {
		l.ints = nil
	}
	if l.len() == 0 {
		return l, onnx.Errorf(onnx.Unsupported, "a classifier without labels")
	}
	return l, nil
}

// len returns how many classes there are.
func (l labels) len() int { return max(len(l.texts), len(l.ints)) }

// tensor returns the labels at places.
func (l labels) tensor(r *Run, places []int) (*onnx.Tensor, error) {
	t := onnx.OfInts(l.ints)
	if l.texts != nil {
		t = onnx.OfStrings(l.texts)
	}
	return r.pick(t, []int{len(places)}, places, nil)
}

// answers returns labels and scores, the two outputs of a classifier.
func (l labels) answers(r *Run, places []int, scores *onnx.Tensor) ([]*onnx.Tensor, error) {
	t, err := l.tensor(r, places)
	if err != nil {
		return nil, err
	}
	return []*onnx.Tensor{t, scores}, nil
}

// first returns the place of the largest score, the first of equals.
func first(scores []float32) int {
	best := 0
	for i, s := range scores {
		if s > scores[best] {
			best = i
		}
	}
	return best
}

// table returns the input of a traditional operator as rows of single
// precision; one axis is one row.
func table(r *Run, t *onnx.Tensor) (x []float32, rows, columns int, err error) {
	f, err := r.asFloats(t)
	if err != nil {
		return nil, 0, 0, err
	}
	switch len(t.Dims) {
	case 1:
		return f.Floats, 1, t.Dims[0], nil
	case 2:
		return f.Floats, t.Dims[0], t.Dims[1], nil
	}
	return nil, 0, 0, badInput("axes %v, want rows and columns", t.Dims)
}

// affine is a set of linear functions: coefficients [outputs, columns] and
// intercepts.
type affine struct {
	weight, intercept []float32
	outputs           int
}

// run returns rows x outputs of X·Wᵀ + b.
func (a affine) run(r *Run, t *onnx.Tensor) (*onnx.Tensor, error) {
	x, rows, columns, err := table(r, t)
	if err != nil {
		return nil, err
	}
	if len(a.weight) != a.outputs*columns {
		return nil, badInput("%d columns; %d weights make %d outputs", columns, len(a.weight), a.outputs)
	}
	out, err := r.floats(rows, a.outputs)
	if err != nil {
		return nil, err
	}
	w, err := flipped(r, onnx.OfFloats(a.weight, a.outputs, columns))
	if err != nil {
		return nil, err
	}
	for i := range out.Floats {
		if a.intercept != nil {
			out.Floats[i] = a.intercept[i%a.outputs]
		}
	}
	return out, r.product(out.Floats, x, w.Floats, rows, columns, a.outputs)
}

// makeLinearRegressor computes a linear function for each target.
func makeLinearRegressor(n *onnx.Node, _ int64) (Kernel, error) {
	t, err := transformOf(n)
	if err != nil {
		return nil, err
	}
	targets := intOf(n, "targets", 1)
	a := affine{list(n, "coefficients").Floats, list(n, "intercepts").Floats, int(targets)}
	if targets < 1 || targets > int64(len(a.weight)) || a.intercept != nil && len(a.intercept) != a.outputs {
		return nil, onnx.Errorf(onnx.Corrupt, "%d targets, %d coefficients, %d intercepts", targets, len(a.weight), len(a.intercept))
	}
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		out, err := a.run(r, in[0])
		if err != nil {
			return nil, err
		}
		for i := 0; i < out.Len(); i += a.outputs {
			t.apply(out.Floats[i : i+a.outputs])
		}
		return one(out, nil)
	}, nil
}

// makeLinearClassifier has a score for each intercept. Of two labels with one
// score the second is meant when it is above 0.
func makeLinearClassifier(n *onnx.Node, _ int64) (Kernel, error) {
	t, err := transformOf(n)
	if err != nil {
		return nil, err
	}
	l, err := labelsOf(n, "classlabels_ints")
	if err != nil {
		return nil, err
	}
	a := affine{list(n, "coefficients").Floats, list(n, "intercepts").Floats, 0}
	if a.outputs = len(a.intercept); a.outputs == 0 {
		a.outputs = l.len()
	}
	if len(a.weight)%a.outputs != 0 || l.len() != a.outputs && !(l.len() == 2 && a.outputs == 1) {
		return nil, onnx.Errorf(onnx.Unsupported, "%d coefficients and %d intercepts for %d labels", len(a.weight), len(a.intercept), l.len())
	}
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		scores, err := a.run(r, in[0])
		if err != nil {
			return nil, err
		}
		rows := scores.Dims[0]
		places, err := r.index(rows)
		if err != nil {
			return nil, err
		}
		if a.outputs == 1 && l.len() == 2 {
			return binary(r, l, places, scores, t)
		}
		for i := range rows {
			row := scores.Floats[i*a.outputs : (i+1)*a.outputs]
			places[i] = first(row)
			t.apply(row)
		}
		return l.answers(r, places, scores)
	}, nil
}

// binary answers for two labels of which only the second has a score.
func binary(r *Run, l labels, places []int, scores *onnx.Tensor, t transform) ([]*onnx.Tensor, error) {
	out, err := r.floats(len(places), 2)
	if err != nil {
		return nil, err
	}
	for i, s := range scores.Floats {
		if s > 0 {
			places[i] = 1
		}
		pair := out.Floats[2*i : 2*i+2]
		t.second(pair, s, false)
	}
	return l.answers(r, places, out)
}

// second writes the scores of two classes of which only the second has one:
// its complement to 1 when shares says that scores are shares of 1, else what
// speaks as much against the first.
func (t transform) second(pair []float32, s float32, shares bool) {
	switch {
	case t == logisticOf:
		pair[0], pair[1] = sigmoid(-s), sigmoid(s)
	case shares:
		pair[0], pair[1] = 1-s, s
	default:
		pair[0], pair[1] = -s, s
	}
}
