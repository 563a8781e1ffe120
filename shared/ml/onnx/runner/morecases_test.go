package runner_test

import (
	"math"

	"godwit/shared/ml/onnx"
)

func activationCases() []peerCase {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	x := f([]float32{-2.5, -1, -.1, 0, .3, 1, 2.7, 80}, 2, 4)
	inside := f([]float32{-1, -.5, 0, .25, .75}, 5)
	odd := f([]float32{nan, inf, -inf, 1}, 4)
	cases := []peerCase{
		of("elu", "Elu", floatOut, tensors{x}, onnx.Number("alpha", .5)),
		of("celu", "Celu", floatOut, tensors{x}, onnx.Number("alpha", 2)),
		of("selu with its own scale", "Selu", floatOut, tensors{x}, onnx.Number("alpha", 2), onnx.Number("gamma", 3)),
		of("thresholded relu", "ThresholdedRelu", floatOut, tensors{x}, onnx.Number("alpha", .3)),
		of("hard sigmoid", "HardSigmoid", floatOut, tensors{x}, onnx.Number("alpha", .25), onnx.Number("beta", .4)),
		of("prelu", "PRelu", floatOut, tensors{x, f([]float32{.1, .2, .3, .4}, 4)}),
		of("gelu", "Gelu", floatOut, tensors{x}).as(20),
		of("gelu by a tanh", "Gelu", floatOut, tensors{x}, onnx.Text("approximate", "tanh")).as(20),
		of("mish", "Mish", floatOut, tensors{x}).as(18),
		of("acosh", "Acosh", floatOut, tensors{f([]float32{1, 1.5, 20}, 3)}),
		of("round to even", "Round", floatOut, tensors{f([]float32{-1.5, -.5, .5, 1.5, 2.5, 1.2}, 6)}),
		of("sign of whole numbers", "Sign", intOut, tensors{n(-4, 0, 9)}),
		of("rest", "Mod", intOut, tensors{n(7, -7, 7, -7, 6), n(3, 3, -3, -3, 3)}),
		of("rest of a cut division", "Mod", intOut, tensors{n(7, -7, 7, -7), n(3, 3, -3, -3)}, onnx.Int("fmod", 1)),
		of("rest of fractions", "Mod", floatOut, tensors{f([]float32{5.5, -5.5}, 2), f([]float32{2}, 1)}, onnx.Int("fmod", 1)),
		of("infinite", "IsInf", boolOut, tensors{odd}),
		of("infinite above", "IsInf", boolOut, tensors{odd}, onnx.Int("detect_negative", 0)),
		of("cast like", "CastLike", intOut, tensors{x, n(1)}),
	}
	for _, operator := range []string{"Elu", "Celu", "Selu", "HardSigmoid", "HardSwish", "Softsign", "Sin", "Cos", "Tan", "Atan", "Sinh", "Cosh", "Asinh", "Sign"} {
		cases = append(cases, of(operator+" by default", operator, floatOut, tensors{f([]float32{-2.5, -1, -.1, 0, .3, 1, 2.7, 8}, 2, 4)}))
	}
	for _, operator := range []string{"Asin", "Acos", "Atanh"} {
		cases = append(cases, of(operator, operator, floatOut, tensors{inside}))
	}
	return cases
}

func arrangeCases() []peerCase {
	x := ramp(2, 3, 4)
	scalar := func(v int64) *onnx.Tensor { return &onnx.Tensor{Type: onnx.Int64, Ints: []int64{v}} }
	return []peerCase{
		of("tile", "Tile", floatOut, tensors{ramp(2, 3), n(2, 3)}),
		of("tile of names", "Tile", stringOut, tensors{s("a", "b"), n(2)}),
		of("size", "Size", intOut, tensors{x}),
		of("upper triangle", "Trilu", floatOut, tensors{ramp(2, 3, 4)}),
		of("lower triangle and more", "Trilu", floatOut, tensors{ramp(4, 3), scalar(1)}, onnx.Int("upper", 0)),
		of("gather elements", "GatherElements", floatOut, tensors{x, onnx.OfInts([]int64{0, -1, 2, 1, 1, 0, 0, 2}, 2, 2, 2)}, onnx.Int("axis", 1)),
		of("one hot", "OneHot", floatOut, tensors{onnx.OfInts([]int64{1, -1, 7, 0}, 2, 2), scalar(3), f([]float32{-1, 5}, 2)}, onnx.Int("axis", 1)),
		of("one hot at the end", "OneHot", intOut, tensors{n(2, 0), scalar(3), n(0, 1)}),
		of("range", "Range", intOut, tensors{scalar(10), scalar(1), scalar(-4)}),
		of("range of fractions", "Range", floatOut, tensors{onnx.Scalar(.5), onnx.Scalar(2), onnx.Scalar(.4)}),
		of("empty range", "Range", intOut, tensors{scalar(1), scalar(1), scalar(1)}),
		of("pad with the edge", "Pad", floatOut, tensors{ramp(2, 3), n(1, 2, 0, 1)}, onnx.Text("mode", "edge")),
		of("pad by reflection", "Pad", floatOut, tensors{ramp(3, 4), n(1, 3, 2, 1)}, onnx.Text("mode", "reflect")),
		of("pad around", "Pad", floatOut, tensors{ramp(2, 3), n(1, 2, 0, 1)}, onnx.Text("mode", "wrap")).as(19),
	}
}

func normCases() []peerCase {
	image := ramp(2, 4, 3, 2)
	return []peerCase{
		of("layer norm", "LayerNormalization", floatOut, tensors{ramp(2, 3, 4), ramp(4), above(ramp(4), 2)}),
		of("layer norm of two axes", "LayerNormalization", floatOut, tensors{ramp(2, 3, 4), ramp(3, 4)}, onnx.Int("axis", 1), onnx.Number("epsilon", .01)),
		of("instance norm", "InstanceNormalization", floatOut, tensors{image, ramp(4), above(ramp(4), 1)}),
		of("group norm", "GroupNormalization", floatOut, tensors{image, ramp(4), above(ramp(4), 1)}, onnx.Int("num_groups", 2)).as(21),
		of("group norm of version 18", "GroupNormalization", floatOut, tensors{image, ramp(2), above(ramp(2), 1)}, onnx.Int("num_groups", 2), onnx.Number("epsilon", .1)).as(18),
	}
}

// machineCases are support vector machines beyond those of learntCases, and what
// came before LabelEncoder had keys.
func machineCases() []peerCase {
	rows := f([]float32{.3, -1, 2, .5, -.7, .1, 0, 0, 1.5, -2}, 5, 2)
	answer := []onnx.Port{stringOut, floatOut}
	value := []onnx.Port{floatOut}
	two := []onnx.Attribute{twoLabels, onnx.IntList("vectors_per_class", 2, 1), onnx.NumberList("support_vectors", 1, 0, 0, 1, -1, .5), onnx.NumberList("coefficients", .5, .4, -.9), onnx.NumberList("rho", .1), onnx.Text("kernel_type", "RBF"), onnx.NumberList("kernel_params", .5, 0, 3), onnx.NumberList("prob_a", -1.5), onnx.NumberList("prob_b", .2)}
	three := []onnx.Attribute{textLabels, onnx.IntList("vectors_per_class", 1, 2, 1), onnx.NumberList("support_vectors", 1, 0, 0, 1, -1, .5, .3, -1), onnx.NumberList("coefficients", .5, -.4, .6, -.7, .2, .3, -.1, .8), onnx.NumberList("rho", .1, -.2, .3), onnx.NumberList("prob_a", -1.5, -2, -.7), onnx.NumberList("prob_b", .2, -.1, 0), onnx.Text("kernel_type", "LINEAR"), onnx.NumberList("kernel_params", 0, 0, 0)}
	vectors := []onnx.Attribute{onnx.NumberList("support_vectors", 1, 0, 0, 1, -1, .5), onnx.NumberList("coefficients", .5, -.4, .6), onnx.NumberList("rho", .3), onnx.NumberList("kernel_params", .5, 1, 2), onnx.Int("n_supports", 3)}
	cases := []peerCase{
		learnt("svm with probabilities of two", "SVMClassifier", answer, tensors{rows}, two...),
		learnt("svm with probabilities", "SVMClassifier", answer, tensors{rows}, three...),
		learnt("linear svm regressor", "SVMRegressor", value, tensors{rows}, onnx.NumberList("coefficients", 1, -2), onnx.NumberList("rho", .5), onnx.Text("kernel_type", "LINEAR"), onnx.NumberList("kernel_params", 0, 0, 0)),
		learnt("one class svm", "SVMRegressor", value, tensors{rows}, with(vectors, []onnx.Attribute{onnx.Text("kernel_type", "RBF"), onnx.Int("one_class", 1)})...),
		learnt("names to categories", "CategoryMapper", []onnx.Port{intOut}, tensors{s("b", "x", "a")}, onnx.TextList("cats_strings", "a", "b"), onnx.IntList("cats_int64s", 5, 6), onnx.Int("default_int64", 9)),
		learnt("categories to names", "CategoryMapper", []onnx.Port{stringOut}, tensors{n(6, 7)}, onnx.TextList("cats_strings", "a", "b"), onnx.IntList("cats_int64s", 5, 6)),
	}
	for _, kernel := range []string{"LINEAR", "POLY", "RBF", "SIGMOID"} {
		cases = append(cases, learnt("svm regressor "+kernel, "SVMRegressor", value, tensors{rows}, with(vectors, []onnx.Attribute{onnx.Text("kernel_type", kernel)})...))
	}
	classes := onnx.TextList("classes_strings", "a", "b", "c")
	for _, c := range []peerCase{
		learnt("names to places", "LabelEncoder", []onnx.Port{intOut}, tensors{s("c", "x", "a")}, classes),
		learnt("places to names", "LabelEncoder", []onnx.Port{stringOut}, tensors{n(2, 7, 0)}, classes, onnx.Text("default_string", "?")),
	} {
		c.learnt = 1
		cases = append(cases, c)
	}
	return cases
}
